//! A service deployment on its way forward, one stage after the other.

use jiff::SignedDuration;

use super::{Requested, ServiceStep, Status};
use crate::sim::scenario::Stage;
use crate::sim::world::World;
use crate::sim::world::ecs::SetStatus;
use crate::sim::world::keys::{Pool, ServiceDeploymentKey, ServiceRevisionKey, SetKey};
use crate::sim::world::names::Door;
use crate::sim::world::rules::Weights;

impl World {
    pub(super) fn start_service_deployment(&mut self, key: ServiceDeploymentKey) {
        let now = self.now;
        self.change_service_deployment(key, |one| {
            one.status = Status::InProgress;
            one.started = Some(now);
        });
        if !self.alarms_up().is_empty() {
            self.plan_service_step(key, SignedDuration::from_secs(1), ServiceStep::AlarmEnds);
            return;
        }
        let Some(native) = &self.native else { return };
        if native.is_rolling() {
            self.enter_stage(key, Stage::ScaleUp);
            return;
        }
        let leftovers = self.service_deployment(key).is_some_and(|one| one.sources.len() > 1);
        let first = if leftovers { Stage::ReconcileService } else { Stage::PreScaleUp };
        self.enter_stage(key, first);
    }

    pub(super) fn enter_stage(&mut self, key: ServiceDeploymentKey, stage: Stage) {
        self.change_service_deployment(key, |one| one.stage = Some(stage));
        let timing = self.scenario.timing;
        let wait = match stage {
            Stage::ReconcileService => {
                self.remove_leftovers(key);
                timing.shift
            }
            Stage::PreScaleUp
            | Stage::PostScaleUp
            | Stage::PostTestTrafficShift
            | Stage::PreProductionTrafficShift
            | Stage::PostProductionTrafficShift => timing.no_hook,
            Stage::ScaleUp => return self.scale_up(key),
            Stage::TestTrafficShift => {
                self.shift_test(key);
                timing.test_shift
            }
            Stage::ProductionTrafficShift => self.shift_production(key).max(timing.shift),
            Stage::BakeTime => self.bake(),
            Stage::CleanUp => return self.clean_up(key),
        };
        self.plan_service_step(key, wait, ServiceStep::WorkDone);
    }

    /// The stage after the present one: LINEAR and CANARY shift again and again.
    pub(super) fn leave_stage(&mut self, key: ServiceDeploymentKey) {
        let Some(deployment) = self.service_deployment(key) else { return };
        let (stage, step) = (deployment.stage, deployment.step);
        let steps = self.native.as_ref().map_or(0, |one| one.config.strategy.steps().len());
        let next = match stage {
            Some(Stage::ProductionTrafficShift) if step + 1 < steps => {
                self.change_service_deployment(key, |one| one.step += 1);
                Some(Stage::PreProductionTrafficShift)
            }
            // On the way back there is nothing to test and nobody to ask.
            Some(Stage::ScaleUp) if deployment.rollback.is_some() => return self.shift_back(key),
            stage => stage.and_then(Stage::next),
        };
        if let Some(next) = next {
            self.enter_stage(key, next);
        }
    }

    pub(super) fn bake(&self) -> SignedDuration {
        self.native.as_ref().map_or(SignedDuration::ZERO, |native| native.config.bake)
    }

    /// Starts the tasks of the revision that the deployment moves to.
    fn scale_up(&mut self, key: ServiceDeploymentKey) {
        let Some(goal) = self.service_deployment(key).map(super::ServiceDeployment::goal) else {
            return;
        };
        if self.native.as_ref().is_some_and(super::Native::is_rolling) {
            self.roll(key);
        } else if self.standing_set(goal).is_none() {
            self.start_revision(goal, self.names.place.desired);
        }
    }

    /// Adds tasks for a revision that has none.
    pub(super) fn start_revision(&mut self, key: ServiceRevisionKey, tasks: u32) -> Option<SetKey> {
        let revision = self.native.as_ref()?.revision(key)?;
        let (release, pool) = (revision.release, revision.pool);
        let set = self.add_tasks(release, pool, tasks);
        let revision = self.native.as_mut()?.revisions.get_mut(key.0)?;
        revision.set = Some(set);
        Some(set)
    }

    /// The scheduler's word that a task of a set has become healthy.
    pub(in crate::sim::world) fn task_is_healthy(&mut self, set: SetKey) {
        let Some(native) = &self.native else { return };
        let Some(key) = native.running() else { return };
        if native.is_rolling() {
            self.roll(key);
            return;
        }
        let goal = native.deployment(key).map(super::ServiceDeployment::goal);
        let scaling = native.deployment(key).and_then(|one| one.stage) == Some(Stage::ScaleUp);
        let steady = self.ecs.set(set).is_some_and(|set| set.steady);
        if scaling && steady && goal.and_then(|goal| self.standing_set(goal)) == Some(set) {
            self.change_service_deployment(key, |one| one.breaker.complete());
            self.plan_service_step(key, self.scenario.timing.steady, ServiceStep::WorkDone);
        }
    }

    /// Gives all traffic to the revision that serves, and removes the others that an earlier
    /// deployment left, so that the other target group is free.
    fn remove_leftovers(&mut self, key: ServiceDeploymentKey) {
        let Some((serving, others)) =
            self.service_deployment(key).and_then(|one| one.sources.split_first())
        else {
            return;
        };
        let (serving, others) = (*serving, others.to_vec());
        if let Some(pool) = self.pool_of(serving) {
            self.elb.route(Door::Production, Weights::split(pool, 100));
            self.reflow();
        }
        for other in others {
            if let Some(set) = self.standing_set(other) {
                self.drain_set(set);
            }
        }
    }

    pub(super) fn pool_of(&self, revision: ServiceRevisionKey) -> Option<Pool> {
        self.native.as_ref()?.revision(revision).map(|revision| revision.pool)
    }

    fn shift_test(&mut self, key: ServiceDeploymentKey) {
        let target = self.service_deployment(key).map(|one| one.target);
        let pool = target.and_then(|target| self.pool_of(target));
        if let (Some(_), Some(pool)) = (self.elb.behind(Door::Test), pool) {
            self.elb.route(Door::Test, Weights::split(pool, 100));
            self.plan_service_step(key, self.scenario.timing.shift, ServiceStep::Report);
        }
    }

    /// Moves production traffic by one step; how long to stay there.
    fn shift_production(&mut self, key: ServiceDeploymentKey) -> SignedDuration {
        let Some(native) = &self.native else { return SignedDuration::ZERO };
        let Some(deployment) = native.deployment(key) else { return SignedDuration::ZERO };
        let steps = native.config.strategy.steps();
        let (share, wait) = steps.get(deployment.step).copied().unwrap_or_default();
        let (serving, target) = (deployment.sources.first().copied(), deployment.target);
        if let Some(pool) = self.pool_of(target) {
            self.elb.route(Door::Production, Weights::split(pool, share));
        }
        if share >= 100 {
            self.set_primary(target, serving);
        }
        self.reflow();
        if let Some(set) = self.standing_set(target) {
            self.doom(set);
        }
        self.plan_service_step(key, self.scenario.timing.shift, ServiceStep::Report);
        wait
    }

    /// Writes down who serves production traffic from now on.
    pub(super) fn set_primary(
        &mut self,
        primary: ServiceRevisionKey,
        other: Option<ServiceRevisionKey>,
    ) {
        if let Some(set) = other.and_then(|other| self.standing_set(other)) {
            self.set_status(set, SetStatus::Active);
        }
        if let Some(set) = self.standing_set(primary) {
            self.set_status(set, SetStatus::Primary);
        }
    }

    /// The API catches up with the listeners.
    pub(super) fn report_weights(&mut self, key: ServiceDeploymentKey) {
        let target = self.service_deployment(key).map(|one| one.target);
        let Some(pool) = target.and_then(|target| self.pool_of(target)) else { return };
        let percent = |door| (self.elb.share(door, pool) * 100.0).round() as u8;
        let (production, test) = (percent(Door::Production), percent(Door::Test));
        self.change_service_deployment(key, |one| one.requested = Requested { production, test });
    }

    /// Stops the tasks of every revision but the one that the deployment moved to.
    fn clean_up(&mut self, key: ServiceDeploymentKey) {
        let others = self.others(key);
        if others.is_empty() {
            self.plan_service_step(key, self.scenario.timing.shift, ServiceStep::Finish);
        }
        for set in others {
            self.drain_set(set);
        }
    }

    /// Sets that exist beside the one that a deployment moves to.
    pub(super) fn others(&self, key: ServiceDeploymentKey) -> Vec<SetKey> {
        let goal = self.service_deployment(key).map(super::ServiceDeployment::goal);
        let goal = goal.and_then(|goal| self.standing_set(goal));
        self.ecs.live_sets().map(|(set, _)| set).filter(|set| Some(*set) != goal).collect()
    }

    /// A set's last task has stopped; ends the deployment that waited for it.
    pub(in crate::sim::world) fn service_set_is_gone(&mut self) {
        let Some(native) = &self.native else { return };
        let Some(key) = native.running() else { return };
        if native.is_rolling() {
            self.roll(key);
            return;
        }
        let cleaning = native.deployment(key).and_then(|one| one.stage) == Some(Stage::CleanUp);
        if cleaning && self.others(key).is_empty() {
            self.plan_service_step(key, self.scenario.timing.shift, ServiceStep::Finish);
        }
    }

    pub(super) fn finish_service_deployment(&mut self, key: ServiceDeploymentKey) {
        let Some(deployment) = self.service_deployment(key) else { return };
        let (back, goal) = (deployment.rollback.is_some(), deployment.goal());
        self.set_primary(goal, None);
        if let Some(id) = self.standing_set(goal).and_then(|set| self.ecs.set(set)).map(|s| &s.id) {
            let line = format!("(deployment {id}) deployment completed.");
            self.say(None, &line);
        }
        let status = if back { Status::RollbackSuccessful } else { Status::Successful };
        self.close_service_deployment(key, status);
    }
}
