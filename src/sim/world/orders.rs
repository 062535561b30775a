//! What people can ask of deployments, and the refusals of the wrong states.

use jiff::SignedDuration;

use super::World;
use super::codedeploy::{
    AutoRollback, Creator, Deployment, Failure, Platform, RevisionKey, RollbackInfo, Status,
    Stopping, TargetStatus,
};
use super::keys::{DeploymentKey, ReleaseKey};
use super::queue::Step;
use crate::sim::error::ApiError;
use crate::sim::scenario::RollbackOn;

/// What a new deployment is made of.
#[derive(Debug, Clone)]
pub(crate) struct NewDeployment {
    pub(crate) revision: RevisionKey,
    /// Absent: the group's.
    pub(crate) config: Option<String>,
    pub(crate) description: Option<String>,
    /// Absent: the group's.
    pub(crate) auto_rollback: Option<AutoRollback>,
    pub(crate) alarm_override: Option<Vec<String>>,
}

/// The two waits that a person can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Before the shift.
    Ready,
    /// Before blue is terminated.
    Termination,
}

/// The answer to a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StopAnswer {
    /// Some events are still finishing.
    Pending,
    /// The deployment is at rest.
    Succeeded,
}

impl World {
    /// Creates a deployment of the group.
    pub(crate) fn create_deployment(&mut self, new: NewDeployment) -> Result<String, ApiError> {
        if let Some(busy) = self.deploy.busy().and_then(|key| self.deploy.deployment(key)) {
            return Err(ApiError::client(
                "DeploymentLimitExceededException",
                format!(
                    "The Deployment Group '{}' already has an active Deployment '{}'",
                    self.names.place.group, busy.id
                ),
            ));
        }
        let key = DeploymentKey(self.deploy.deployments.len());
        let id = self.seed.deployment_id(key.0);
        let previous = self.deploy.last_successful.and_then(|key| self.deploy.deployment(key));
        let group = AutoRollback {
            enabled: !self.scenario.rollout.auto_rollback.is_empty(),
            events: self.scenario.rollout.auto_rollback.clone(),
        };
        self.deploy.deployments.push(Deployment {
            id: id.clone(),
            creator: Creator::User,
            status: Status::Created,
            description: new.description,
            config: new.config.unwrap_or_else(|| self.scenario.rollout.config.clone()),
            revision: new.revision,
            previous: previous.map(|deployment| deployment.revision),
            created: self.now,
            started: None,
            completed: None,
            error: None,
            rollback: RollbackInfo::default(),
            auto_rollback: new.auto_rollback.unwrap_or(group),
            alarm_override: new.alarm_override,
            plan: 0,
            stopping: None,
            progress: None,
        });
        let queued = self.scenario.timing.queued;
        self.plan_step(key, queued / 3, Step::Queue);
        self.plan_step(key, queued, Step::Start);
        Ok(id)
    }

    /// Stops a deployment; `roll_back` absent: as its auto-rollback configuration says.
    pub(crate) fn stop_deployment(
        &mut self,
        key: DeploymentKey,
        roll_back: Option<bool>,
    ) -> Result<StopAnswer, ApiError> {
        let Some(deployment) = self.deploy.deployment(key) else {
            return Err(ApiError::client("DeploymentDoesNotExistException", "no such deployment"));
        };
        let by_hand = deployment.stopping.as_ref().map(|stop| stop.cause.code) == Some(MANUAL_STOP);
        if by_hand && deployment.status == Status::Stopped {
            return Ok(StopAnswer::Succeeded);
        }
        let terminating = deployment.progress.as_ref().is_some_and(|at| at.terminating);
        if deployment.status.is_over() || terminating {
            return Err(already_completed(deployment));
        }
        if deployment.stopping.is_some() {
            return Ok(StopAnswer::Pending);
        }
        let cause = Failure {
            code: MANUAL_STOP,
            message: "The deployment has been stopped by the user.".to_owned(),
        };
        let roll_back =
            roll_back.unwrap_or_else(|| deployment.auto_rollback.on(RollbackOn::Request));
        let not_started = deployment.started.is_none();
        self.begin_stop(key, Stopping { cause, roll_back });
        if not_started {
            self.replan(key);
            self.come_to_rest(key);
            return Ok(StopAnswer::Succeeded);
        }
        Ok(StopAnswer::Pending)
    }

    /// Ends one of the two waits.
    pub(crate) fn continue_deployment(
        &mut self,
        key: DeploymentKey,
        wait: Wait,
    ) -> Result<(), ApiError> {
        let Some(deployment) = self.deploy.deployment(key) else {
            return Err(ApiError::client("DeploymentDoesNotExistException", "no such deployment"));
        };
        if deployment.status.is_over() {
            return Err(already_completed(deployment));
        }
        if self.platform() == Platform::Lambda {
            return Err(ApiError::client(
                "UnsupportedActionForDeploymentTypeException",
                "A deployment of the Lambda compute platform has no wait to continue from.",
            ));
        }
        let id = &deployment.id;
        let frozen = deployment.stopping.is_some();
        match wait {
            Wait::Ready if deployment.status != Status::Ready || frozen => Err(ApiError::client(
                "DeploymentIsNotInReadyStateException",
                format!("Deployment {id} is not in a Ready state"),
            )),
            Wait::Ready => {
                self.go_on_after_ready(key);
                Ok(())
            }
            Wait::Termination if !deployment.bakes() || frozen => Err(ApiError::client(
                "InvalidDeploymentStatusException",
                format!("Deployment {id} is not waiting for the termination of its original tasks"),
            )),
            Wait::Termination => {
                self.terminate_blue(key);
                Ok(())
            }
        }
    }

    /// Creates the `n`-th rollout of the story, as the pipeline does.
    pub(super) fn create_from_story(&mut self, index: usize) {
        if self.native.is_some() {
            self.deploy_service_from_story(index);
            return;
        }
        let release = ReleaseKey(index + 1);
        if self.pipeline.is_some() {
            self.start_pipeline(release);
            return;
        }
        if self.argo.is_some() {
            self.bring_out(release);
            return;
        }
        if self.beanstalk.is_some() {
            if !self.deploy_version(release) {
                self.create_later(index);
            }
            return;
        }
        let revision = self.deploy.revisions.iter().position(|known| known.release == release);
        let Some(revision) = revision.map(RevisionKey) else { return };
        let tag = self.releases.get(release.0).map_or("", |release| release.tag.as_str());
        let created = self.create_deployment(NewDeployment {
            revision,
            config: None,
            description: Some(format!("release {tag}")),
            auto_rollback: None,
            alarm_override: None,
        });
        if created.is_err() {
            self.create_later(index);
        }
    }

    /// A story that finds its group busy tries again; it cannot lose a rollout.
    fn create_later(&mut self, index: usize) {
        let retry = super::time::after(self.now, SignedDuration::from_mins(1));
        self.queue.plan(retry, super::queue::Event::Create(index));
    }
}

/// The error code of a deployment that a person stopped.
const MANUAL_STOP: &str = "MANUAL_STOP";

impl Deployment {
    /// Whether it waits to terminate blue.
    pub(crate) fn bakes(&self) -> bool {
        let progress = self.progress.as_ref();
        self.status == Status::InProgress
            && progress.is_some_and(|at| at.status == TargetStatus::Succeeded && !at.terminating)
    }
}

impl Deployment {
    /// Whether the wait to terminate blue has begun.
    pub(crate) fn has_baked(&self) -> bool {
        let progress = self.progress.as_ref();
        self.creator == Creator::User
            && progress.is_some_and(|at| at.status == TargetStatus::Succeeded)
    }
}

fn already_completed(deployment: &Deployment) -> ApiError {
    ApiError::client(
        "DeploymentAlreadyCompletedException",
        format!("Deployment {} is already completed", deployment.id),
    )
}
