//! A service whose deployments are ECS's own: revisions, service deployments and their state.
//!
//! | file | what |
//! |---|---|
//! | `forward` | a deployment from stage to stage |
//! | `hooks` | who is asked at a stage, and the answers |
//! | `back` | failures, stops and the way back |
//! | `rolling` | task by task in one target group |
//! | `orders` | what people ask |
//!
//! A task set stands for the tasks of a revision; its id is the `ecs-svc/...` that the API calls a
//! deployment of the service.

mod back;
mod forward;
mod hooks;
mod orders;
mod rolling;

use jiff::{SignedDuration, Timestamp};

pub(crate) use self::orders::{Answer, StopType};

use super::World;
use super::ecs::SetStatus;
use super::keys::{Pool, ReleaseKey, ServiceDeploymentKey, ServiceRevisionKey, SetKey};
use super::queue::Event;
use super::time::after;
use crate::sim::scenario::{self, Stage, Strategy};

/// The state of a service that ECS deploys itself.
#[derive(Debug, Clone)]
pub(crate) struct Native {
    pub(crate) config: scenario::Native,
    pub(crate) revisions: Vec<ServiceRevision>,
    pub(crate) deployments: Vec<ServiceDeployment>,
}

/// What the service was at a moment: a task definition and where its tasks are registered.
#[derive(Debug, Clone)]
pub(crate) struct ServiceRevision {
    pub(crate) id: String,
    pub(crate) release: ReleaseKey,
    pub(crate) pool: Pool,
    pub(crate) created: Timestamp,
    /// Its newest tasks; absent before they are started for the first time.
    pub(crate) set: Option<SetKey>,
}

/// A service deployment.
#[derive(Debug, Clone)]
pub(crate) struct ServiceDeployment {
    pub(crate) id: String,
    pub(crate) status: Status,
    pub(crate) reason: Option<String>,
    /// Absent before it starts.
    pub(crate) stage: Option<Stage>,
    /// The revisions that were active at its start, the one that serves first.
    pub(crate) sources: Vec<ServiceRevisionKey>,
    pub(crate) target: ServiceRevisionKey,
    pub(crate) created: Timestamp,
    pub(crate) started: Option<Timestamp>,
    pub(crate) updated: Timestamp,
    pub(crate) stopped: Option<Timestamp>,
    pub(crate) finished: Option<Timestamp>,
    pub(crate) requested: Requested,
    pub(crate) hooks: Vec<HookRun>,
    /// Tasks of the target that died while it was scaled up.
    pub(crate) failures: u32,
    pub(crate) breaker: Monitor,
    pub(crate) alarms: Monitor,
    /// The alarms that ended it.
    pub(crate) triggered: Vec<String>,
    pub(crate) rollback: Option<Rollback>,
    /// Its revisions as they were at its end.
    pub(crate) last: Option<Vec<Side>>,
    /// Which step of the shift it is at.
    step: usize,
    /// Steps planned under an older number are void.
    plan: u32,
}

/// The shares that ECS says it asked the load balancer for, in per cent for the target; they lag
/// behind the listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Requested {
    pub(crate) production: u8,
    pub(crate) test: u8,
}

/// A hook at work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HookRun {
    pub(crate) id: String,
    /// Position among the configured hooks.
    pub(crate) hook: usize,
    pub(crate) status: HookStatus,
    pub(crate) expires: Timestamp,
}

/// Where a rolled back deployment goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rollback {
    pub(crate) reason: String,
    pub(crate) started: Timestamp,
    pub(crate) revision: ServiceRevisionKey,
}

/// A revision as a deployment reports it; shares in per cent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Side {
    pub(crate) revision: ServiceRevisionKey,
    pub(crate) requested: u32,
    pub(crate) running: u32,
    pub(crate) pending: u32,
    pub(crate) production: f64,
    pub(crate) test: f64,
}

/// Status of a service deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Pending,
    InProgress,
    Successful,
    StopRequested,
    Stopped,
    RollbackRequested,
    RollbackInProgress,
    RollbackSuccessful,
    RollbackFailed,
}

impl Status {
    pub(crate) const ALL: [Self; 9] = [
        Self::Pending,
        Self::InProgress,
        Self::Successful,
        Self::StopRequested,
        Self::Stopped,
        Self::RollbackRequested,
        Self::RollbackInProgress,
        Self::RollbackSuccessful,
        Self::RollbackFailed,
    ];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::InProgress => "IN_PROGRESS",
            Self::Successful => "SUCCESSFUL",
            Self::StopRequested => "STOP_REQUESTED",
            Self::Stopped => "STOPPED",
            Self::RollbackRequested => "ROLLBACK_REQUESTED",
            Self::RollbackInProgress => "ROLLBACK_IN_PROGRESS",
            Self::RollbackSuccessful => "ROLLBACK_SUCCESSFUL",
            Self::RollbackFailed => "ROLLBACK_FAILED",
        }
    }

    pub(crate) fn is_over(self) -> bool {
        match self {
            Self::Successful | Self::Stopped | Self::RollbackSuccessful | Self::RollbackFailed => {
                true
            }
            Self::Pending
            | Self::InProgress
            | Self::StopRequested
            | Self::RollbackRequested
            | Self::RollbackInProgress => false,
        }
    }
}

/// Status of a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HookStatus {
    AwaitingAction,
    InProgress,
    Succeeded,
    Failed,
    TimedOut,
}

impl HookStatus {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::AwaitingAction => "AWAITING_ACTION",
            Self::InProgress => "IN_PROGRESS",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
        }
    }

    fn is_open(self) -> bool {
        matches!(self, Self::AwaitingAction | Self::InProgress)
    }
}

/// Status of what may end a deployment by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Monitor {
    Disabled,
    Monitoring,
    Complete,
    Triggered,
}

impl Monitor {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Disabled => "DISABLED",
            Self::Monitoring => "MONITORING",
            Self::Complete => "MONITORING_COMPLETE",
            Self::Triggered => "TRIGGERED",
        }
    }

    fn complete(&mut self) {
        if *self == Self::Monitoring {
            *self = Self::Complete;
        }
    }
}

/// The next step of a service deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServiceStep {
    /// From pending to in progress.
    Start,
    /// What the stage itself does is done; its hooks are next.
    WorkDone,
    /// The shares asked for show in the API.
    Report,
    /// The `run`-th hook comes to an end.
    HookEnds { run: usize, status: HookStatus },
    /// An alarm that was up at the start ends it.
    AlarmEnds,
    /// From requested to under way: back to the revision that served before.
    RollBack,
    /// A stop without rollback has come to rest.
    Stop,
    /// Blue has its traffic back: green's tasks stop.
    CleanUp,
    /// Everything is done.
    Finish,
}

impl Native {
    pub(crate) fn deployment(&self, key: ServiceDeploymentKey) -> Option<&ServiceDeployment> {
        self.deployments.get(key.0)
    }

    pub(crate) fn revision(&self, key: ServiceRevisionKey) -> Option<&ServiceRevision> {
        self.revisions.get(key.0)
    }

    /// The deployment that is not over.
    pub(crate) fn running(&self) -> Option<ServiceDeploymentKey> {
        self.deployments.iter().rposition(|one| !one.status.is_over()).map(ServiceDeploymentKey)
    }

    /// The revision that the service is meant to run.
    pub(crate) fn wanted(&self) -> ServiceRevisionKey {
        self.deployments.last().map_or(ServiceRevisionKey(0), ServiceDeployment::goal)
    }

    /// The revision whose tasks these are.
    pub(crate) fn revision_of(&self, set: SetKey) -> Option<ServiceRevisionKey> {
        self.revisions.iter().rposition(|one| one.set == Some(set)).map(ServiceRevisionKey)
    }

    pub(crate) fn is_rolling(&self) -> bool {
        self.config.strategy == Strategy::Rolling
    }
}

impl ServiceDeployment {
    /// The revision that it moves to: its target, or on the way back the one before.
    pub(crate) fn goal(&self) -> ServiceRevisionKey {
        self.rollback.as_ref().map_or(self.target, |rollback| rollback.revision)
    }
}

impl World {
    pub(super) fn service_deployment(
        &self,
        key: ServiceDeploymentKey,
    ) -> Option<&ServiceDeployment> {
        self.native.as_ref()?.deployment(key)
    }

    /// The tasks of a revision, unless they are going away.
    pub(super) fn standing_set(&self, revision: ServiceRevisionKey) -> Option<SetKey> {
        let key = self.native.as_ref()?.revision(revision)?.set?;
        let set = self.ecs.set(key)?;
        (!set.gone && set.status != SetStatus::Draining).then_some(key)
    }

    /// A service deployment goes on, unless its plan was replaced in the meantime.
    pub(super) fn on_service_step(
        &mut self,
        key: ServiceDeploymentKey,
        (plan, step): (u32, ServiceStep),
    ) {
        if self.service_deployment(key).is_none_or(|deployment| deployment.plan != plan) {
            return;
        }
        match step {
            ServiceStep::Start => self.start_service_deployment(key),
            ServiceStep::WorkDone => self.call_hooks(key),
            ServiceStep::Report => self.report_weights(key),
            ServiceStep::HookEnds { run, status } => self.hook_ends(key, run, status),
            ServiceStep::AlarmEnds => self.alarms_end(key),
            ServiceStep::RollBack => self.roll_back(key),
            ServiceStep::Stop => self.close_service_deployment(key, Status::Stopped),
            ServiceStep::CleanUp => self.enter_stage(key, Stage::CleanUp),
            ServiceStep::Finish => self.finish_service_deployment(key),
        }
    }

    fn plan_service_step(
        &mut self,
        key: ServiceDeploymentKey,
        wait: SignedDuration,
        step: ServiceStep,
    ) {
        let Some(deployment) = self.service_deployment(key) else { return };
        let event = Event::Service { deployment: key, plan: deployment.plan, step };
        self.queue.plan(after(self.now, wait), event);
    }

    fn change_service_deployment(
        &mut self,
        key: ServiceDeploymentKey,
        change: impl FnOnce(&mut ServiceDeployment),
    ) {
        let now = self.now;
        let native = self.native.as_mut();
        if let Some(one) = native.and_then(|native| native.deployments.get_mut(key.0)) {
            change(one);
            one.updated = now;
        }
    }

    /// The revisions of a deployment, sources first: as they are, or as they were at its end.
    pub(crate) fn sides(&self, key: ServiceDeploymentKey) -> Vec<Side> {
        let Some(deployment) = self.service_deployment(key) else { return Vec::new() };
        if let Some(last) = &deployment.last {
            return last.clone();
        }
        let Requested { production, test } = deployment.requested;
        let serving = deployment.sources.first();
        let side = |revision: ServiceRevisionKey| {
            let (production, test) = if revision == deployment.target {
                (production, test)
            } else if Some(&revision) == serving {
                // Before the first test shift nobody has test traffic.
                (100 - production, 0)
            } else {
                (0, 0)
            };
            let set = self.native.as_ref().and_then(|native| native.revision(revision)?.set);
            let counts = set.map(|set| self.ecs.counts(set)).unwrap_or_default();
            Side {
                revision,
                requested: set.and_then(|set| self.ecs.set(set)).map_or(0, |set| set.desired),
                running: counts.running,
                pending: counts.pending,
                production: f64::from(production),
                test: f64::from(test),
            }
        };
        deployment.sources.iter().copied().chain([deployment.target]).map(side).collect()
    }
}
