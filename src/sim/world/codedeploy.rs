//! Deployments: the group, its revisions and configurations, and the state of every deployment.

use jiff::{SignedDuration, Timestamp};

use super::keys::{DeploymentKey, ReleaseKey, SetKey};
use crate::sim::scenario::{Lifecycle, RollbackOn, Routing};

/// The state of the deployment group.
#[derive(Debug, Clone)]
pub(crate) struct CodeDeploy {
    pub(crate) created: Timestamp,
    pub(crate) deployments: Vec<Deployment>,
    pub(crate) revisions: Vec<Revision>,
    pub(crate) configs: Vec<Config>,
    pub(crate) last_successful: Option<DeploymentKey>,
}

/// A registered AppSpec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Revision {
    pub(crate) sha256: String,
    /// The AppSpec, or for instances the key of the bundle.
    pub(crate) content: String,
    pub(crate) release: ReleaseKey,
    pub(crate) registered: Timestamp,
    pub(crate) first_used: Option<Timestamp>,
    pub(crate) last_used: Option<Timestamp>,
}

/// A revision in [`CodeDeploy::revisions`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RevisionKey(pub(crate) usize);

/// A deployment configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Config {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) platform: Platform,
    pub(crate) pace: Pace,
    pub(crate) created: Timestamp,
}

/// What CodeDeploy deploys to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Platform {
    /// A service of ECS.
    Ecs,
    /// A function.
    Lambda,
    /// Instances.
    Server,
}

impl Platform {
    /// The word of the API.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ecs => "ECS",
            Self::Lambda => "Lambda",
            Self::Server => "Server",
        }
    }

    /// What the names of its predefined configurations begin with.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Ecs => "CodeDeployDefault.ECS",
            Self::Lambda => "CodeDeployDefault.Lambda",
            Self::Server => "CodeDeployDefault.",
        }
    }
}

/// How fast a configuration goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Shares of the traffic over time.
    Shares(Routing),
    /// Instances that must stay healthy.
    Healthy(Least),
}

/// The fewest healthy instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Least {
    Hosts(usize),
    Percent(usize),
}

impl Least {
    /// How many of so many instances that is.
    pub(crate) fn of(self, instances: usize) -> usize {
        match self {
            Self::Hosts(count) => count.min(instances),
            Self::Percent(percent) => (instances * percent).div_ceil(100),
        }
    }
}

const AT_ONCE: Pace = Pace::Shares(Routing::AllAtOnce);

const fn canary(minutes: u32) -> Pace {
    Pace::Shares(Routing::Canary { percent: 10, minutes })
}

const fn linear(minutes: u32) -> Pace {
    Pace::Shares(Routing::Linear { percent: 10, minutes })
}

/// The predefined configurations: the platform's prefix and these.
pub(crate) const PREDEFINED: [(Platform, &str, Pace); 17] = [
    (Platform::Ecs, "AllAtOnce", AT_ONCE),
    (Platform::Ecs, "Canary10Percent5Minutes", canary(5)),
    (Platform::Ecs, "Canary10Percent15Minutes", canary(15)),
    (Platform::Ecs, "Linear10PercentEvery1Minutes", linear(1)),
    (Platform::Ecs, "Linear10PercentEvery3Minutes", linear(3)),
    (Platform::Lambda, "AllAtOnce", AT_ONCE),
    (Platform::Lambda, "Canary10Percent5Minutes", canary(5)),
    (Platform::Lambda, "Canary10Percent10Minutes", canary(10)),
    (Platform::Lambda, "Canary10Percent15Minutes", canary(15)),
    (Platform::Lambda, "Canary10Percent30Minutes", canary(30)),
    (Platform::Lambda, "Linear10PercentEvery1Minute", linear(1)),
    (Platform::Lambda, "Linear10PercentEvery2Minutes", linear(2)),
    (Platform::Lambda, "Linear10PercentEvery3Minutes", linear(3)),
    (Platform::Lambda, "Linear10PercentEvery10Minutes", linear(10)),
    (Platform::Server, "AllAtOnce", Pace::Healthy(Least::Hosts(0))),
    (Platform::Server, "HalfAtATime", Pace::Healthy(Least::Percent(50))),
    (Platform::Server, "OneAtATime", Pace::Healthy(Least::Percent(99))),
];

/// When green gets which share of traffic, counted from the start of AllowTraffic.
pub(crate) fn schedule(routing: Routing) -> Vec<(SignedDuration, u8)> {
    let minutes = |count: u32| SignedDuration::from_mins(i64::from(count));
    match routing {
        Routing::AllAtOnce => vec![(SignedDuration::ZERO, 100)],
        Routing::Canary { percent, minutes: wait } => {
            vec![(SignedDuration::ZERO, percent), (minutes(wait), 100)]
        }
        Routing::Linear { percent, minutes: wait } => {
            let percent = u32::from(percent.max(1));
            let steps = 100_u32.div_ceil(percent);
            let share = |step: u32| (step + 1).saturating_mul(percent).min(100) as u8;
            (0..steps).map(|step| (minutes(wait.saturating_mul(step)), share(step))).collect()
        }
    }
}

/// A deployment.
#[derive(Debug, Clone)]
pub(crate) struct Deployment {
    pub(crate) id: String,
    pub(crate) creator: Creator,
    pub(crate) status: Status,
    pub(crate) description: Option<String>,
    pub(crate) config: String,
    pub(crate) revision: RevisionKey,
    pub(crate) previous: Option<RevisionKey>,
    pub(crate) created: Timestamp,
    pub(crate) started: Option<Timestamp>,
    pub(crate) completed: Option<Timestamp>,
    pub(crate) error: Option<Failure>,
    pub(crate) rollback: RollbackInfo,
    pub(crate) auto_rollback: AutoRollback,
    /// The names that replace the group's alarms; empty: none at all.
    pub(crate) alarm_override: Option<Vec<String>>,
    /// Steps planned under an older number are void.
    pub(crate) plan: u32,
    pub(crate) stopping: Option<Stopping>,
    pub(crate) progress: Option<Progress>,
}

/// What exists from the start of a deployment on.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    pub(crate) status: TargetStatus,
    pub(crate) events: Vec<LifecycleEvent>,
    pub(crate) updated: Timestamp,
    /// What served before: a task set, a version of the function, a group of instances.
    pub(crate) blue: SetKey,
    /// What replaces it, once it exists.
    pub(crate) green: Option<SetKey>,
    /// Blue has been told to stop: nothing can be undone any more.
    pub(crate) terminating: bool,
    /// The task sets as they were at the end.
    pub(crate) last_sets: Option<Vec<SetInfo>>,
}

/// A task set, or a version of the function, as a deployment reports it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SetInfo {
    pub(crate) id: String,
    pub(crate) label: &'static str,
    pub(crate) status: &'static str,
    pub(crate) weight: f64,
    pub(crate) desired: u32,
    pub(crate) pending: u32,
    pub(crate) running: u32,
    pub(crate) target_group: String,
}

/// One entry of the lifecycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LifecycleEvent {
    pub(crate) event: Lifecycle,
    pub(crate) status: EventStatus,
    pub(crate) started: Option<Timestamp>,
    pub(crate) ended: Option<Timestamp>,
    pub(crate) diagnostics: Option<Diagnostics>,
}

/// What a failed hook left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Diagnostics {
    pub(crate) code: &'static str,
    pub(crate) script: String,
    pub(crate) message: String,
    /// The end of the script's log.
    pub(crate) log_tail: String,
}

/// `errorInformation`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

/// `rollbackInfo`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct RollbackInfo {
    pub(crate) rollback: Option<DeploymentKey>,
    pub(crate) trigger: Option<DeploymentKey>,
    pub(crate) message: Option<String>,
    /// A rollback deployment will appear.
    pub(crate) coming: bool,
}

/// `autoRollbackConfiguration`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AutoRollback {
    pub(crate) enabled: bool,
    pub(crate) events: Vec<RollbackOn>,
}

impl AutoRollback {
    pub(crate) fn on(&self, event: RollbackOn) -> bool {
        self.enabled && self.events.contains(&event)
    }
}

/// A stop that has been accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stopping {
    pub(crate) cause: Failure,
    pub(crate) roll_back: bool,
}

/// Who created a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Creator {
    User,
    Rollback,
}

impl Creator {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Rollback => "codeDeployRollback",
        }
    }
}

/// Status of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Created,
    Queued,
    InProgress,
    Ready,
    Succeeded,
    Failed,
    Stopped,
}

impl Status {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Created => "Created",
            Self::Queued => "Queued",
            Self::InProgress => "InProgress",
            Self::Ready => "Ready",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Stopped => "Stopped",
        }
    }

    pub(crate) fn is_over(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Stopped)
    }
}

/// Status of the deployment's one target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TargetStatus {
    Pending,
    InProgress,
    Ready,
    Succeeded,
    Failed,
    Skipped,
}

impl TargetStatus {
    pub(crate) const ALL: [Self; 6] = [
        Self::Pending,
        Self::InProgress,
        Self::Succeeded,
        Self::Failed,
        Self::Skipped,
        Self::Ready,
    ];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::InProgress => "InProgress",
            Self::Ready => "Ready",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Skipped => "Skipped",
        }
    }
}

/// Status of a lifecycle event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventStatus {
    Pending,
    InProgress,
    Succeeded,
    Failed,
    Skipped,
}

impl EventStatus {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::InProgress => "InProgress",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Skipped => "Skipped",
        }
    }
}

impl CodeDeploy {
    pub(crate) fn deployment(&self, key: DeploymentKey) -> Option<&Deployment> {
        self.deployments.get(key.0)
    }

    pub(crate) fn find(&self, id: &str) -> Option<DeploymentKey> {
        self.deployments.iter().position(|deployment| deployment.id == id).map(DeploymentKey)
    }

    pub(crate) fn revision(&self, key: RevisionKey) -> Option<&Revision> {
        self.revisions.get(key.0)
    }

    pub(crate) fn config(&self, name: &str) -> Option<&Config> {
        self.configs.iter().find(|config| config.name == name)
    }

    /// The deployment that keeps the group busy: running, or stopped with its rollback to come.
    pub(crate) fn busy(&self) -> Option<DeploymentKey> {
        let running =
            |deployment: &Deployment| !deployment.status.is_over() || deployment.rollback.coming;
        self.deployments.iter().rposition(running).map(DeploymentKey)
    }
}
