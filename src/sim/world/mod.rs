//! The world: one rollout and what is around it, in virtual time. At first an ECS service behind a
//! load balancer with its deployment group; worlds of other shapes have a part of their own instead.
//!
//! [`World::advance`] processes planned events in order of time and nothing else changes the world
//! but orders, so the result does not depend on when or how often it is advanced or looked at.
//!
//! | file | what |
//! |---|---|
//! | `queue` | what will happen |
//! | `birth` | how a world begins |
//! | `rollout`, `ending`, `orders` | deployments: forward, their end and rollback, what people ask |
//! | `sets`, `tasks`, `log` | the scheduler, and what it says |
//! | `flow`, `traffic`, `latency` | who gets requests, and their metrics |
//! | `alarms` | metric alarms |
//! | `view`, `balancers` | what can be read |
//! | `rules`, `dns`, `records` | weights that a person sets |
//! | `native` | service deployments of ECS itself |
//! | `lambda` | a function and its alias |
//! | `fleet` | instances in Auto Scaling groups |
//! | `beanstalk` | environments of Elastic Beanstalk |
//! | `pipeline` | a pipeline in front of the service |
//! | `argo` | a cluster with a Rollout and its controller |
//! | `clusters` | two of them behind one weight |
//! | `prometheus` | what is counted of its pods |
//! | `codedeploy`, `ecs`, `elb` | the state, one file a service |

mod alarms;
pub(crate) mod argo;
mod balancers;
pub(crate) mod beanstalk;
mod birth;
mod clusters;
pub(crate) mod codedeploy;
pub(crate) mod dns;
pub(crate) mod ecs;
pub(crate) mod elb;
mod ending;
pub(crate) mod fleet;
mod flow;
pub(crate) mod keys;
pub(crate) mod lambda;
mod latency;
pub(crate) mod lines;
mod log;
pub(crate) mod names;
pub(crate) mod native;
pub(crate) mod orders;
pub(crate) mod pipeline;
pub(crate) mod prometheus;
mod queue;
mod random;
pub(crate) mod records;
mod revisions;
mod rollout;
pub(crate) mod rules;
mod sets;
mod target;
mod tasks;
mod time;
mod traffic;
mod view;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use jiff::Timestamp;

pub use self::alarms::{Alarm, AlarmState};
pub use self::elb::{Hosts, LbMinute, Listener, LoadBalancer, Rule, Spread, Target, TargetGroup};
pub use self::latency::LatencyBins;
pub use self::rules::{Action, Forward};
pub use self::target::PROMETHEUS;
pub use self::traffic::Minute;

use self::argo::Argo;
use self::beanstalk::Beanstalk;
use self::clusters::Clusters;
use self::codedeploy::{CodeDeploy, Platform};
use self::dns::Dns;
use self::ecs::Ecs;
use self::elb::Elb;
use self::fleet::Fleet;
use self::keys::{DeploymentKey, ReleaseKey};
use self::lambda::Lambda;
use self::names::Names;
use self::native::Native;
use self::pipeline::Pipeline;
use self::queue::{Event, Queue};
use self::random::Seed;
use self::traffic::Traffic;
use super::scenario::{Release, Scenario};

/// One account with one service and everything around it.
#[derive(Debug, Clone)]
pub struct World {
    pub(crate) scenario: Scenario,
    pub(crate) names: Names,
    pub(crate) deploy: CodeDeploy,
    pub(crate) ecs: Ecs,
    /// The service as ECS deploys it; absent when CodeDeploy does.
    pub(crate) native: Option<Native>,
    /// The DNS records that lead to the load balancers, where they hold the weights.
    pub(crate) dns: Option<Dns>,
    /// The function that is rolled out; absent in worlds of another shape.
    pub(crate) lambda: Option<Lambda>,
    /// The instances that are replaced; absent in worlds of another shape.
    pub(crate) fleet: Option<Fleet>,
    /// The environments of Elastic Beanstalk; absent in worlds of another shape.
    pub(crate) beanstalk: Option<Beanstalk>,
    /// The cluster with a Rollout; absent in worlds of another shape.
    pub(crate) argo: Option<Argo>,
    /// Where there are two clusters: the one that is not at hand.
    pub(crate) clusters: Option<Clusters>,
    /// What creates the deployments, where it is not the story itself.
    pub(crate) pipeline: Option<Pipeline>,
    /// The codes of multi-factor devices that were used: each is good once.
    pub(crate) spent_codes: BTreeSet<String>,
    /// The Region that is being asked; all of them when nobody has said which.
    pub(crate) asked_in: Option<String>,
    /// The id of the request that is being answered.
    pub(crate) request: String,
    pub(crate) releases: Vec<Release>,
    /// How many items a page of a CodeDeploy list holds.
    pub(crate) page_size: usize,
    elb: Elb,
    traffic: Traffic,
    alarms: Vec<Alarm>,
    seed: Seed,
    queue: Queue,
    now: Timestamp,
}

impl World {
    /// The world of a scenario at the moment `start`; the same arguments give the same world.
    pub fn new(scenario: Scenario, seed: u64, start: Timestamp) -> Self {
        let mut world = birth::world(scenario, Seed(seed), start);
        world.advance(start);
        world
    }

    /// The current moment of virtual time.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Lets time pass until `to`; the past is never changed.
    pub fn advance(&mut self, to: Timestamp) {
        while let Some((at, event)) = self.queue.take_due(to) {
            self.now = at.max(self.now);
            match event {
                Event::Create(index) => self.create_from_story(index),
                Event::Rollout { deployment, plan, step } => {
                    if self.deploy.deployment(deployment).is_some_and(|d| d.plan == plan) {
                        self.on_step(deployment, step);
                    }
                }
                Event::Service { deployment, plan, step } => {
                    self.on_service_step(deployment, (plan, step));
                }
                Event::Task { task, step } => self.on_task(task, step),
                Event::Instance { instance, step } => self.on_instance(instance, step),
                Event::Environment { environment, plan, step } => {
                    self.on_environment(environment, (plan, step));
                }
                Event::Pipeline { execution, plan, step } => {
                    self.on_pipeline(execution, (plan, step));
                }
                Event::Argo(side, step) => self.at_side(side, |world| world.on_argo(step)),
                Event::Replace(set) => self.on_replace(set),
                Event::Answers(change) => self.on_answers(change),
                Event::Alarms => self.on_alarms(),
            }
        }
        self.now = to.max(self.now);
    }

    /// A number that is this world's own: what chance decides outside of it begins here.
    pub(crate) fn dice(&self) -> u64 {
        self.seed.0
    }

    /// The moment of the next thing that happens by itself.
    pub(crate) fn next_event(&self) -> Option<Timestamp> {
        self.queue.next()
    }

    /// Sets how many items a page of a CodeDeploy list holds; AWS chooses it, tests make it small.
    pub fn set_page_size(&mut self, items: usize) {
        self.page_size = items.max(1);
    }

    /// Whether there is an ECS service; of targets behind other weights nobody knows whose they are.
    pub(crate) fn has_service(&self) -> bool {
        self.platform() == Platform::Ecs
            && self.beanstalk.is_none()
            && self.argo.is_none()
            && self.scenario.weighted.is_none()
    }

    /// Whether CodeDeploy rolls out.
    pub(crate) fn has_group(&self) -> bool {
        self.native.is_none()
            && self.beanstalk.is_none()
            && self.argo.is_none()
            && self.scenario.weighted.is_none()
    }

    /// What the deployment group deploys to.
    pub(crate) fn platform(&self) -> Platform {
        match (&self.lambda, &self.fleet) {
            (Some(_), _) => Platform::Lambda,
            (None, Some(_)) => Platform::Server,
            (None, None) => Platform::Ecs,
        }
    }

    /// The release that a deployment brings.
    fn deployed_release(&self, key: DeploymentKey) -> Option<ReleaseKey> {
        let deployment = self.deploy.deployment(key)?;
        self.deploy.revision(deployment.revision).map(|revision| revision.release)
    }
}
