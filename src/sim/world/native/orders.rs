//! What people can ask of service deployments, and the refusals of the wrong states.

use jiff::SignedDuration;

use super::{
    HookStatus, Monitor, Requested, ServiceDeployment, ServiceRevision, ServiceStep, Status,
};
use crate::sim::error::ApiError;
use crate::sim::world::World;
use crate::sim::world::keys::{Pool, ReleaseKey, ServiceDeploymentKey, ServiceRevisionKey};
use crate::sim::world::names::Door;
use crate::sim::world::queue::Event;
use crate::sim::world::time::after;

/// How a deployment is to be stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StopType {
    /// Everything stays as it is.
    Abort,
    /// Back to the revision before.
    Rollback,
}

/// The answer to a hook that asks a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Continue,
    Rollback,
}

impl World {
    /// Rolls a task definition out; replaces a deployment that still runs.
    pub(crate) fn deploy_service(&mut self, release: ReleaseKey) -> Option<ServiceDeploymentKey> {
        let now = self.now;
        let running = self.native.as_ref()?.running();
        if let Some(running) = running {
            let reason = "Replaced by a new service deployment.".to_owned();
            self.change_service_deployment(running, |one| one.reason = Some(reason));
            self.close_service_deployment(running, Status::Stopped);
        }
        let sources = self.active_revisions();
        let serving = *sources.first()?;
        let guarded = self.alarms.iter().any(|alarm| alarm.rule.guards);
        let pool = self.pool_of(serving)?;
        let native = self.native.as_mut()?;
        let target = ServiceRevisionKey(native.revisions.len());
        let key = ServiceDeploymentKey(native.deployments.len());
        native.revisions.push(ServiceRevision {
            id: self.seed.digits("service revision", target.0, 19),
            release,
            pool: if native.is_rolling() { pool } else { pool.other() },
            created: now,
            set: None,
        });
        let monitor = |on| if on { Monitor::Monitoring } else { Monitor::Disabled };
        native.deployments.push(ServiceDeployment {
            id: self.seed.word("service deployment", key.0, 21),
            status: Status::Pending,
            reason: None,
            stage: None,
            sources,
            target,
            created: now,
            started: None,
            updated: now,
            stopped: None,
            finished: None,
            requested: Requested::default(),
            hooks: Vec::new(),
            failures: 0,
            breaker: monitor(native.config.circuit_breaker),
            alarms: monitor(guarded),
            triggered: Vec::new(),
            rollback: None,
            last: None,
            step: 0,
            plan: 0,
        });
        self.plan_service_step(key, self.scenario.timing.queued, ServiceStep::Start);
        Some(key)
    }

    /// The revisions that have tasks to stay, the one with the most production traffic first.
    fn active_revisions(&self) -> Vec<ServiceRevisionKey> {
        let Some(native) = &self.native else { return Vec::new() };
        let keys = (0..native.revisions.len()).map(ServiceRevisionKey);
        let mut active: Vec<(ServiceRevisionKey, Pool)> = keys
            .filter(|key| self.standing_set(*key).is_some())
            .filter_map(|key| Some((key, native.revision(key)?.pool)))
            .collect();
        // Stable: of two revisions with the same share the older one serves.
        active.sort_by(|(_, one), (_, other)| {
            let share = |pool: &Pool| self.elb.share(Door::Production, *pool);
            share(other).total_cmp(&share(one))
        });
        active.into_iter().map(|(key, _)| key).collect()
    }

    /// Stops a service deployment.
    pub(crate) fn stop_service_deployment(
        &mut self,
        key: ServiceDeploymentKey,
        how: StopType,
    ) -> Result<(), ApiError> {
        let Some(deployment) = self.service_deployment(key) else { return Err(not_found()) };
        match deployment.status {
            Status::Pending | Status::InProgress => {}
            // It is on its way already.
            Status::StopRequested | Status::RollbackRequested | Status::RollbackInProgress => {
                return Ok(());
            }
            Status::Successful
            | Status::Stopped
            | Status::RollbackSuccessful
            | Status::RollbackFailed => {
                let message = format!(
                    "The service deployment is in the state {} and cannot be stopped.",
                    deployment.status.word()
                );
                return Err(ApiError::client("ConflictException", message));
            }
        }
        let now = self.now;
        match how {
            StopType::Rollback => {
                let reason = "Service deployment rolled back because of a user request.";
                self.begin_rollback(key, reason.to_owned());
            }
            StopType::Abort => {
                let reason = "Service deployment stopped because of a user request.";
                self.begin_stop_of_service(key, reason.to_owned());
            }
        }
        self.change_service_deployment(key, |one| one.stopped = Some(now));
        Ok(())
    }

    /// Answers a hook that waits for a person.
    pub(crate) fn continue_service_deployment(
        &mut self,
        key: ServiceDeploymentKey,
        hook: &str,
        answer: Answer,
    ) -> Result<(), ApiError> {
        let Some(deployment) = self.service_deployment(key) else { return Err(not_found()) };
        let run = deployment.hooks.iter().position(|run| run.id == hook);
        let Some(run) = run else {
            return Err(invalid(format!("The hook {hook} does not exist in this deployment.")));
        };
        let waits = deployment.hooks.get(run).map(|run| run.status);
        if deployment.status != Status::InProgress || waits != Some(HookStatus::AwaitingAction) {
            return Err(invalid(format!("The hook {hook} does not wait for an action.")));
        }
        let status = match answer {
            Answer::Continue => HookStatus::Succeeded,
            Answer::Rollback => HookStatus::Failed,
        };
        self.hook_ends(key, run, status);
        Ok(())
    }

    /// Rolls the `n`-th release of the story out; tries again while an earlier one is under way.
    pub(in crate::sim::world) fn deploy_service_from_story(&mut self, index: usize) {
        if self.native.as_ref().is_some_and(|native| native.running().is_some()) {
            let retry = after(self.now, SignedDuration::from_mins(1));
            self.queue.plan(retry, Event::Create(index));
            return;
        }
        self.deploy_service(ReleaseKey(index + 1));
    }
}

fn not_found() -> ApiError {
    ApiError::client("ServiceDeploymentNotFoundException", "The service deployment was not found.")
}

fn invalid(message: String) -> ApiError {
    ApiError::client("InvalidParameterException", message)
}
