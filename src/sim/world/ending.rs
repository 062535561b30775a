//! How a deployment ends before its time, and the rollback that may follow as a deployment of its own.

use jiff::SignedDuration;

use super::World;
use super::codedeploy::{
    Creator, Deployment, Diagnostics, EventStatus, Failure, Progress, RollbackInfo, Status,
    Stopping, TargetStatus,
};
use super::ecs::SetStatus;
use super::keys::DeploymentKey;
use super::names::Door;
use super::queue::Step;
use super::rollout::lifecycle;
use super::rules::Weights;
use super::time::seconds;
use crate::sim::scenario::{Lifecycle, RollbackOn};

/// How a rollback deployment spends its few seconds.
const ROLLBACK_STARTS: SignedDuration = SignedDuration::from_millis(800);
const ROLLBACK_SHIFTS: SignedDuration = SignedDuration::from_millis(1_200);
const ROLLBACK_FINISHES: SignedDuration = SignedDuration::from_secs(4);

impl World {
    pub(super) fn hook_fails(&mut self, key: DeploymentKey, event: Lifecycle) {
        let release = self.deployed_release(key).and_then(|key| self.releases.get(key.0));
        let Some(hook) = release.and_then(|release| release.hooks.get(&event)) else { return };
        let diagnostics = Diagnostics {
            code: "ScriptFailed",
            script: hook.function.clone(),
            message: hook.message.clone(),
        };
        self.fail_event(key, event, Some(diagnostics));
        self.fail(
            key,
            Failure {
                code: "HOOK_EXECUTION_FAILURE",
                message: format!(
                    "The deployment failed because a validation test failed in the {} lifecycle \
                     event hook.",
                    event.word()
                ),
            },
        );
    }

    pub(super) fn hook_times_out(&mut self, key: DeploymentKey, event: Lifecycle) {
        let release = self.deployed_release(key).and_then(|key| self.releases.get(key.0));
        let Some(hook) = release.and_then(|release| release.hooks.get(&event)) else { return };
        let diagnostics = Diagnostics {
            code: "ScriptTimedOut",
            script: hook.function.clone(),
            message: "The function did not report a status within 3600 seconds.".to_owned(),
        };
        self.fail_event(key, event, Some(diagnostics));
        let message = format!(
            "The deployment timed out because the {} lifecycle event hook did not report a status \
             within one hour.",
            event.word()
        );
        self.fail(key, Failure { code: "TIMEOUT", message });
    }

    pub(super) fn install_times_out(&mut self, key: DeploymentKey) {
        let installing = self.deploy.deployment(key).and_then(Deployment::in_progress);
        if installing != Some(Lifecycle::Install) {
            return;
        }
        self.fail_event(key, Lifecycle::Install, None);
        let message = "The deployment timed out while waiting for the replacement task set to \
                       become healthy. This time out period is 60 minutes."
            .to_owned();
        self.fail(key, Failure { code: "TIMEOUT", message });
    }

    pub(super) fn ready_expires(&mut self, key: DeploymentKey) {
        self.replan(key);
        let message = "The deployment was stopped because traffic was not rerouted to the \
                       replacement task set before the wait time expired."
            .to_owned();
        self.close(key, Status::Stopped, Some(Failure { code: "TIMEOUT", message }));
    }

    pub(super) fn alarm_stops(&mut self, key: DeploymentKey) {
        let names = self.guards_in_alarm(key).join(", ");
        let cause = Failure {
            code: "ALARM_ACTIVE",
            message: format!(
                "One or more alarms have been activated according to the Amazon CloudWatch metrics \
                 you selected, and the affected deployments have been stopped. Activated alarms: \
                 <{names}>"
            ),
        };
        let roll_back = self
            .deploy
            .deployment(key)
            .is_some_and(|deployment| deployment.auto_rollback.on(RollbackOn::Alarm));
        self.begin_stop(key, Stopping { cause, roll_back });
    }

    /// Freezes a deployment; it comes to rest a little later.
    pub(super) fn begin_stop(&mut self, key: DeploymentKey, stopping: Stopping) {
        self.replan(key);
        self.change(key, |deployment| deployment.stopping = Some(stopping));
        self.plan_step(key, self.scenario.timing.stop, Step::Stopped);
    }

    /// A stopped deployment has come to rest.
    pub(super) fn come_to_rest(&mut self, key: DeploymentKey) {
        let Some(stopping) = self.deploy.deployment(key).and_then(|d| d.stopping.clone()) else {
            return;
        };
        self.close(key, Status::Stopped, Some(stopping.cause));
        if stopping.roll_back {
            self.plan_rollback(key);
        }
    }

    fn fail(&mut self, key: DeploymentKey, failure: Failure) {
        self.replan(key);
        self.close(key, Status::Failed, Some(failure));
        let rolls_back = self
            .deploy
            .deployment(key)
            .is_some_and(|deployment| deployment.auto_rollback.on(RollbackOn::Failure));
        if rolls_back {
            self.plan_rollback(key);
        }
    }

    fn fail_event(&mut self, key: DeploymentKey, event: Lifecycle, why: Option<Diagnostics>) {
        let now = self.now;
        self.change_event(key, event, |entry| {
            entry.status = EventStatus::Failed;
            entry.ended = Some(now);
            entry.diagnostics = why;
        });
    }

    /// The end of a deployment: final states, and its task sets as they are now.
    pub(super) fn close(&mut self, key: DeploymentKey, status: Status, error: Option<Failure>) {
        let now = self.now;
        let sets = self.set_infos(key);
        self.change_progress(key, |progress| {
            progress.last_sets = Some(sets);
            progress.status = match status {
                Status::Succeeded => TargetStatus::Succeeded,
                Status::Failed => TargetStatus::Failed,
                Status::Created
                | Status::Queued
                | Status::InProgress
                | Status::Ready
                | Status::Stopped => TargetStatus::Skipped,
            };
            for entry in &mut progress.events {
                if matches!(entry.status, EventStatus::Pending | EventStatus::InProgress) {
                    entry.ended = entry.started.map(|_| now);
                    entry.status = EventStatus::Skipped;
                }
            }
        });
        self.change(key, |deployment| {
            deployment.status = status;
            deployment.completed = Some(now);
            deployment.error = error;
        });
    }

    /// Plans the rollback deployment, when there is something to roll back.
    fn plan_rollback(&mut self, key: DeploymentKey) {
        let Some(deployment) = self.deploy.deployment(key) else { return };
        let obstacle = match (deployment.creator, deployment.green()) {
            (Creator::Rollback, _) => Some("it is a rollback itself"),
            (Creator::User, None) => Some("no replacement task set was created"),
            (Creator::User, Some(_)) => None,
        };
        if let Some(obstacle) = obstacle {
            let message = format!("The deployment was not rolled back: {obstacle}.");
            self.change(key, |deployment| deployment.rollback.message = Some(message));
            return;
        }
        let [low, high] = self.scenario.timing.rollback.map(|span| span.as_secs_f64());
        let wait = self.seed.between("rollback", key.0 as u64, (low, high));
        self.change(key, |deployment| deployment.rollback.coming = true);
        self.plan_step(key, seconds(wait), Step::CreateRollback);
    }

    /// The rollback deployment appears, linked with the one that it undoes.
    pub(super) fn create_rollback(&mut self, trigger: DeploymentKey) {
        let Some(stopped) = self.deploy.deployment(trigger).cloned() else { return };
        let Some(progress) = stopped.progress.clone() else { return };
        let key = DeploymentKey(self.deploy.deployments.len());
        let message = |what: &str| Some(format!("Deployment {} {what}", stopped.id));
        let mut events = lifecycle(EventStatus::Skipped);
        for entry in events.iter_mut().filter(|entry| entry.event == Lifecycle::AllowTraffic) {
            entry.status = EventStatus::Pending;
        }
        self.deploy.deployments.push(Deployment {
            id: self.seed.deployment_id(key.0),
            creator: Creator::Rollback,
            status: Status::Created,
            description: Some(format!("Rollback of deployment {}", stopped.id)),
            revision: stopped.previous.unwrap_or(stopped.revision),
            created: self.now,
            started: None,
            completed: None,
            error: None,
            rollback: RollbackInfo {
                trigger: Some(trigger),
                message: message("triggered this rollback."),
                ..RollbackInfo::default()
            },
            plan: 0,
            stopping: None,
            progress: Some(Progress { events, last_sets: None, updated: self.now, ..progress }),
            ..stopped.clone()
        });
        self.change(trigger, |deployment| {
            deployment.rollback.coming = false;
            deployment.rollback.rollback = Some(key);
            deployment.rollback.message = message("is being rolled back.");
        });
        self.plan_step(key, ROLLBACK_STARTS, Step::RollbackStart);
    }

    pub(super) fn rollback_start(&mut self, key: DeploymentKey) {
        let now = self.now;
        self.set_state(key, Status::InProgress, TargetStatus::InProgress);
        self.change(key, |deployment| deployment.started = Some(now));
        self.change_event(key, Lifecycle::AllowTraffic, |entry| {
            entry.status = EventStatus::InProgress;
            entry.started = Some(now);
        });
        self.plan_step(key, ROLLBACK_SHIFTS, Step::RollbackShift);
    }

    /// Blue, which never stopped running, gets everything back.
    pub(super) fn rollback_shift(&mut self, key: DeploymentKey) {
        let Some(progress) = self.deploy.deployment(key).and_then(|d| d.progress.as_ref()) else {
            return;
        };
        let (blue, green) = (progress.blue, progress.green);
        let Some(pool) = self.ecs.set(blue).map(|set| set.pool) else { return };
        self.elb.route(Door::Production, Weights::split(pool, 100));
        self.elb.route(Door::Test, Weights::split(pool, 100));
        if let Some(green) = green {
            self.set_status(green, SetStatus::Active);
        }
        self.set_status(blue, SetStatus::Primary);
        self.change_progress(key, |_| ());
        self.reflow();
        self.plan_step(key, ROLLBACK_FINISHES, Step::RollbackFinish);
    }

    /// Blue is restored: the rollback has succeeded, green's tasks stop by themselves.
    pub(super) fn rollback_finish(&mut self, key: DeploymentKey) {
        let now = self.now;
        let green = self.deploy.deployment(key).and_then(Deployment::green);
        self.change_event(key, Lifecycle::AllowTraffic, |entry| {
            entry.status = EventStatus::Succeeded;
            entry.ended = Some(now);
        });
        if let Some(green) = green {
            self.drain_set(green);
        }
        self.deploy.last_successful = Some(key);
        self.close(key, Status::Succeeded, None);
    }
}
