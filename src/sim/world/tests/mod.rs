//! Stories on the world: what is true at which moment.

mod alarms;
mod beanstalk;
mod clock;
mod endings;
mod fleet;
mod lambda;
mod metrics;
#[expect(clippy::float_cmp, reason = "weights are set, not computed")]
mod native;
mod pipeline;
mod rollouts;
mod tasks;
#[expect(clippy::float_cmp, reason = "host counts and shares are set, not computed")]
mod weighted;

use jiff::{SignedDuration, Timestamp};

use super::World;
use super::codedeploy::{Deployment, SetInfo, Status};
use super::keys::DeploymentKey;
use super::orders::{StopAnswer, Wait};
use super::time::after;
use crate::sim::scenario::{Lifecycle, Scenario};

const SEED: u64 = 20;

fn start() -> Timestamp {
    "2026-03-10T14:00:20Z".parse().unwrap()
}

/// A world and the deployment under test, driven by seconds since the rollout was created.
struct Story {
    world: World,
    began: Timestamp,
    rollout: DeploymentKey,
}

impl Story {
    /// The scenario at the moment its rollout is created.
    fn of(name: &str) -> Self {
        Self::with(name, |_| ())
    }

    fn with(name: &str, change: impl FnOnce(&mut Scenario)) -> Self {
        let mut scenario = Scenario::named(name).unwrap();
        scenario.start_at = SignedDuration::ZERO;
        change(&mut scenario);
        let world = World::new(scenario, SEED, start());
        let rollout = DeploymentKey(world.deploy.deployments.len() - 1);
        Self { world, began: start(), rollout }
    }

    /// Lets time pass until `seconds` after the rollout was created.
    fn at(&mut self, seconds: i64) -> &mut Self {
        self.world.advance(after(self.began, SignedDuration::from_secs(seconds)));
        self
    }

    /// Seconds since the rollout was created.
    fn seconds(&self) -> i64 {
        self.world.now().duration_since(self.began).as_secs()
    }

    /// Lets time pass, second by second, until something holds; fails after `most` seconds.
    fn until(&mut self, most: i64, holds: impl Fn(&Self) -> bool) -> &mut Self {
        let limit = self.seconds() + most;
        while !holds(self) {
            assert!(self.seconds() < limit, "never held: {:#?}", self.deployment());
            self.at(self.seconds() + 1);
        }
        self
    }

    fn until_event(&mut self, event: Lifecycle) -> &mut Self {
        self.until(4000, |story| story.deployment().in_progress() == Some(event))
    }

    fn until_bake(&mut self) -> &mut Self {
        self.until(9000, |story| story.deployment().bakes())
    }

    fn deployment(&self) -> &Deployment {
        self.world.deploy.deployment(self.rollout).unwrap()
    }

    fn status(&self) -> Status {
        self.deployment().status
    }

    fn target(&self) -> &'static str {
        self.deployment().progress.as_ref().unwrap().status.word()
    }

    fn error(&self) -> &'static str {
        self.deployment().error.as_ref().map_or("", |error| error.code)
    }

    fn sets(&self) -> Vec<SetInfo> {
        self.world.set_infos(self.rollout)
    }

    /// Label, status and weight of the rollout's task sets.
    fn split(&self) -> Vec<(&'static str, &'static str, f64)> {
        self.sets().iter().map(|set| (set.label, set.status, set.weight)).collect()
    }

    /// Weights of the production listener by target group name.
    fn listener(&self) -> Vec<(String, u32)> {
        let weights = self.world.listeners()[0].forward().unwrap().weights.clone();
        let name = |arn: &str| arn.split('/').nth(1).unwrap().to_owned();
        weights.iter().map(|(arn, weight)| (name(arn), *weight)).collect()
    }

    fn stop(&mut self, roll_back: bool) -> StopAnswer {
        self.world.stop_deployment(self.rollout, Some(roll_back)).unwrap()
    }

    fn resume(&mut self, wait: Wait) {
        self.world.continue_deployment(self.rollout, wait).unwrap();
    }

    /// The rollback deployment of the rollout, once it exists.
    fn rollback(&self) -> Option<DeploymentKey> {
        self.deployment().rollback.rollback
    }

    fn latest(&self) -> DeploymentKey {
        DeploymentKey(self.world.deploy.deployments.len() - 1)
    }
}

fn weights(a: u32, b: u32) -> Vec<(String, u32)> {
    vec![("checkout-a".to_owned(), a), ("checkout-b".to_owned(), b)]
}
