//! How a service deployment ends before its time, and the way back to the revision before.

use jiff::SignedDuration;

use super::{HookStatus, Monitor, Rollback, ServiceDeployment, ServiceStep, Status};
use crate::sim::scenario::Stage;
use crate::sim::world::World;
use crate::sim::world::alarms::AlarmState;
use crate::sim::world::keys::{ServiceDeploymentKey, SetKey};
use crate::sim::world::names::Door;
use crate::sim::world::rules::Weights;

/// How long after blue has its traffic back green's tasks begin to stop.
const SETTLE: SignedDuration = SignedDuration::from_secs(4);
/// Bounds of the number of dead tasks at which the circuit breaker opens.
const BREAKER: (u32, u32) = (3, 200);

impl World {
    /// How many dead tasks open the circuit breaker: half of the desired ones, within bounds.
    pub(crate) fn breaker_threshold(&self) -> u32 {
        self.names.place.desired.div_ceil(2).clamp(BREAKER.0, BREAKER.1)
    }

    /// The guards that are up.
    pub(super) fn alarms_up(&self) -> Vec<String> {
        self.alarms
            .iter()
            .filter(|alarm| alarm.state == AlarmState::Alarm && alarm.rule.guards)
            .map(|alarm| alarm.rule.name.clone())
            .collect()
    }

    /// Ends a running service deployment one of whose alarms is up.
    pub(in crate::sim::world) fn stop_guarded_service(&mut self) {
        let running = self.native.as_ref().and_then(super::Native::running);
        let Some(key) = running else { return };
        let open = |one: &ServiceDeployment| {
            one.status == Status::InProgress && one.stage != Some(Stage::CleanUp)
        };
        if self.service_deployment(key).is_some_and(open) && !self.alarms_up().is_empty() {
            self.alarms_end(key);
        }
    }

    pub(super) fn alarms_end(&mut self, key: ServiceDeploymentKey) {
        let names = self.alarms_up();
        let reason = format!("Service deployment failed because of alarms: {}.", names.join(", "));
        self.change_service_deployment(key, |one| {
            one.alarms = Monitor::Triggered;
            one.triggered = names;
        });
        self.end_by_monitor(key, reason);
    }

    /// The scheduler's word that a task of a set has died.
    pub(in crate::sim::world) fn task_is_lost(&mut self, set: SetKey) {
        let running = self.native.as_ref().and_then(super::Native::running);
        let Some(key) = running else { return };
        let Some(deployment) = self.service_deployment(key) else { return };
        let scaled = self.standing_set(deployment.goal()) == Some(set)
            && deployment.stage == Some(Stage::ScaleUp);
        let back = deployment.status == Status::RollbackInProgress;
        if !scaled || !(back || deployment.status == Status::InProgress) {
            return;
        }
        self.change_service_deployment(key, |one| one.failures = one.failures.saturating_add(1));
        let open = self.service_deployment(key).is_some_and(|one| {
            one.failures >= self.breaker_threshold() && one.breaker != Monitor::Disabled
        });
        if !open {
            return;
        }
        let id = self.ecs.set(set).map(|set| set.id.clone()).unwrap_or_default();
        self.say(None, &format!("(deployment {id}) deployment failed: tasks failed to start."));
        if back {
            self.close_service_deployment(key, Status::RollbackFailed);
            return;
        }
        self.change_service_deployment(key, |one| one.breaker = Monitor::Triggered);
        let reason = "Service deployment failed because the circuit breaker was triggered.";
        self.end_by_monitor(key, reason.to_owned());
    }

    /// What a breaker or an alarm does: back, or, when that is not configured, no further.
    fn end_by_monitor(&mut self, key: ServiceDeploymentKey, reason: String) {
        if self.native.as_ref().is_some_and(|native| native.config.roll_back) {
            self.begin_rollback(key, reason);
        } else {
            self.begin_stop_of_service(key, reason);
        }
    }

    /// Freezes a deployment where it is.
    pub(super) fn begin_stop_of_service(&mut self, key: ServiceDeploymentKey, reason: String) {
        self.freeze(key, Status::StopRequested, reason);
        self.plan_service_step(key, self.scenario.timing.stop, ServiceStep::Stop);
    }

    /// Freezes a deployment; it turns back a little later.
    pub(super) fn begin_rollback(&mut self, key: ServiceDeploymentKey, reason: String) {
        self.freeze(key, Status::RollbackRequested, reason);
        self.plan_service_step(key, self.scenario.timing.stop, ServiceStep::RollBack);
    }

    fn freeze(&mut self, key: ServiceDeploymentKey, status: Status, reason: String) {
        self.change_service_deployment(key, |one| {
            one.plan += 1;
            one.status = status;
            one.reason = Some(reason);
            for run in one.hooks.iter_mut().filter(|run| run.status.is_open()) {
                run.status = HookStatus::Failed;
            }
        });
    }

    /// The way back: what serves again, and from where it gets its tasks.
    pub(super) fn roll_back(&mut self, key: ServiceDeploymentKey) {
        let now = self.now;
        let Some(deployment) = self.service_deployment(key) else { return };
        let Some(revision) = deployment.sources.first().copied() else { return };
        let reason = deployment.reason.clone().unwrap_or_default();
        self.change_service_deployment(key, |one| {
            one.status = Status::RollbackInProgress;
            one.started = one.started.or(Some(now));
            one.failures = 0;
            one.rollback = Some(Rollback { reason, started: now, revision });
        });
        if let Some(set) = self.standing_set(revision) {
            let id = self.ecs.set(set).map(|set| set.id.clone()).unwrap_or_default();
            self.say(None, &format!("rolling back to (deployment {id})."));
        }
        let rolling = self.native.as_ref().is_some_and(super::Native::is_rolling);
        if rolling || self.standing_set(revision).is_none() {
            self.enter_stage(key, Stage::ScaleUp);
        } else {
            self.shift_back(key);
        }
    }

    /// Gives the revision that served before all traffic, at once.
    pub(super) fn shift_back(&mut self, key: ServiceDeploymentKey) {
        let Some(deployment) = self.service_deployment(key) else { return };
        let (goal, target) = (deployment.goal(), deployment.target);
        if let Some(pool) = self.pool_of(goal) {
            self.elb.route(Door::Production, Weights::split(pool, 100));
            self.elb.route(Door::Test, Weights::split(pool, 100));
        }
        self.set_primary(goal, Some(target));
        self.reflow();
        self.change_service_deployment(key, |one| one.stage = Some(Stage::ProductionTrafficShift));
        self.plan_service_step(key, self.scenario.timing.shift, ServiceStep::Report);
        self.plan_service_step(key, SETTLE, ServiceStep::CleanUp);
    }

    /// The end of a deployment: its final state, and its revisions as they are now.
    pub(super) fn close_service_deployment(&mut self, key: ServiceDeploymentKey, status: Status) {
        let now = self.now;
        let sides = self.sides(key);
        self.change_service_deployment(key, |one| {
            one.plan += 1;
            one.status = status;
            one.last = Some(sides);
            one.finished = Some(now);
            one.stopped = (status == Status::Stopped).then_some(now).or(one.stopped);
            one.breaker.complete();
            one.alarms.complete();
        });
    }
}
