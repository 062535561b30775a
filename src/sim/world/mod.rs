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
//! | `traffic`, `latency` | requests and their metrics |
//! | `alarms` | metric alarms |
//! | `view` | what can be read |
//! | `native` | service deployments of ECS itself |
//! | `lambda` | a function and its alias |
//! | `fleet` | instances in Auto Scaling groups |
//! | `beanstalk` | environments of Elastic Beanstalk |
//! | `pipeline` | a pipeline in front of the service |
//! | `codedeploy`, `ecs`, `elb` | the state, one file a service |

mod alarms;
pub(crate) mod beanstalk;
mod birth;
pub(crate) mod codedeploy;
pub(crate) mod ecs;
pub(crate) mod elb;
mod ending;
pub(crate) mod fleet;
pub(crate) mod keys;
pub(crate) mod lambda;
mod latency;
mod log;
pub(crate) mod names;
pub(crate) mod native;
pub(crate) mod orders;
pub(crate) mod pipeline;
mod queue;
mod random;
mod revisions;
mod rollout;
mod sets;
mod tasks;
mod time;
mod traffic;
mod view;

#[cfg(test)]
mod tests;

use jiff::Timestamp;

pub use self::alarms::{Alarm, AlarmState};
pub use self::elb::{
    Forward, Hosts, LbMinute, Listener, LoadBalancer, Rule, Spread, Target, TargetGroup,
};
pub use self::latency::LatencyBins;
pub use self::traffic::Minute;

use self::beanstalk::Beanstalk;
use self::codedeploy::{CodeDeploy, Platform};
use self::ecs::Ecs;
use self::elb::{Elb, Health, HostCount};
use self::fleet::Fleet;
use self::keys::{DeploymentKey, Pool, ReleaseKey};
use self::lambda::Lambda;
use self::names::Names;
use self::native::Native;
use self::pipeline::Pipeline;
use self::queue::{Event, Queue};
use self::random::Seed;
use self::traffic::{Flow, Reach, Traffic};
use super::scenario::{Release, Scenario};

/// One account with one service and everything around it.
#[derive(Debug)]
pub struct World {
    pub(crate) scenario: Scenario,
    pub(crate) names: Names,
    pub(crate) deploy: CodeDeploy,
    pub(crate) ecs: Ecs,
    /// The service as ECS deploys it; absent when CodeDeploy does.
    pub(crate) native: Option<Native>,
    /// The function that is rolled out; absent in worlds of another shape.
    pub(crate) lambda: Option<Lambda>,
    /// The instances that are replaced; absent in worlds of another shape.
    pub(crate) fleet: Option<Fleet>,
    /// The environments of Elastic Beanstalk; absent in worlds of another shape.
    pub(crate) beanstalk: Option<Beanstalk>,
    /// What creates the deployments, where it is not the story itself.
    pub(crate) pipeline: Option<Pipeline>,
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
                Event::Replace(set) => self.on_replace(set),
                Event::Alarms => self.on_alarms(),
            }
        }
        self.now = to.max(self.now);
    }

    /// Sets how many items a page of a CodeDeploy list holds; AWS chooses it, tests make it small.
    pub fn set_page_size(&mut self, items: usize) {
        self.page_size = items.max(1);
    }

    /// Whether there is an ECS service.
    pub(crate) fn has_service(&self) -> bool {
        self.platform() == Platform::Ecs && self.beanstalk.is_none()
    }

    /// Whether CodeDeploy rolls out.
    pub(crate) fn has_group(&self) -> bool {
        self.native.is_none() && self.beanstalk.is_none()
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

    /// Writes down what weights and health now mean for requests and host counts.
    fn reflow(&mut self) {
        let states = Pool::ALL.map(|pool| self.pool_state(pool));
        // Clients cannot stick to a group whose targets are gone.
        let at_once = Pool::ALL.iter().zip(&states).any(|(pool, state)| {
            self.elb.production.share(*pool) <= 0.0 && state.reach == Reach::NoTargets
        });
        for (pool, state) in Pool::ALL.into_iter().zip(states) {
            let share = self.elb.production.share(pool);
            let PoolState { release, reach, healthy, unhealthy } = state;
            self.traffic.note(self.now, pool, Flow { share, release, reach, at_once });
            let count = HostCount { since: self.now, healthy, unhealthy };
            let counts = &mut self.elb.hosts[pool.index()];
            let same = |last: &HostCount| (last.healthy, last.unhealthy) == (healthy, unhealthy);
            if !counts.last().is_some_and(same) {
                counts.push(count);
            }
        }
    }

    fn pool_state(&self, pool: Pool) -> PoolState {
        let mut state =
            PoolState { release: ReleaseKey(0), reach: Reach::NoTargets, healthy: 0, unhealthy: 0 };
        let (mut dead, mut most) = (0, 0);
        for (key, set) in self.ecs.live_sets().filter(|(_, set)| set.pool == pool) {
            let mut serving = 0;
            for (_, task) in self.ecs.tasks_of(key) {
                serving += u32::from(task.health == Some(Health::Healthy));
                state.unhealthy += u32::from(matches!(task.health, Some(Health::Unhealthy(_))));
                dead += u32::from(task.dead && task.health == Some(Health::Healthy));
            }
            // While one group rolls, the release with the most healthy tasks answers for all.
            if serving >= most {
                (most, state.release) = (serving, set.release);
            }
            state.healthy += serving;
        }
        if state.healthy > 0 {
            state.reach = Reach::Served { broken: f64::from(dead) / f64::from(state.healthy) };
        } else if state.unhealthy > 0 {
            // With no healthy target the load balancer fails open and tries all of them.
            state.reach = Reach::Served { broken: 0.0 };
        }
        state
    }
}

/// What the targets of a group are at a moment.
struct PoolState {
    release: ReleaseKey,
    reach: Reach,
    healthy: u32,
    unhealthy: u32,
}
