//! One rollout as seen at one moment, and the picture of everything around it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::{
    Due, Environment, Fact, Fault, Gate, Guard, Keeper, MeasuredShare, Metrics, Next, Offered,
    Phase, Pipeline, RolloutId, Side, Stage, Target, Traffic,
};

/// In whose name and where the program looks and acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// The account, 12 digits; the name of a cluster.
    pub account: String,
    /// The caller's ARN, or the user that a cluster knows.
    pub arn: String,
    /// The Region; the namespace in a cluster.
    pub region: String,
}

impl Identity {
    /// The short name of the caller: role session or user.
    pub fn name(&self) -> &str {
        let path = self.arn.rsplit(':').next().unwrap_or(&self.arn);
        // arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION: the role says more than the session.
        match path.split('/').collect::<Vec<_>>()[..] {
            ["assumed-role", role, ..] => role,
            [.., last] => last,
            [] => path,
        }
    }
}

/// What kind of deployment it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RolloutKind {
    /// Brings a new revision.
    Rollout,
    /// Leads the traffic back from the rollout it undoes.
    Rollback {
        /// The rollout that is undone, when the control plane names it.
        undoes: Option<RolloutId>,
    },
}

/// Why a rollout ended badly, in the control plane's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EndReason {
    /// A code such as `ALARM_ACTIVE`; empty when the control plane gives none.
    pub code: String,
    /// The sentence with it.
    pub message: String,
}

/// The rollback that a stopped or failed rollout led to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RollbackLink {
    /// Its id; absent until the control plane has made it.
    pub id: Option<RolloutId>,
    /// What the control plane says about it.
    pub message: Option<String>,
}

/// A restart of all tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Restart {
    /// Tasks that are older than this are replaced.
    pub asked: Timestamp,
    /// None is left.
    pub done: bool,
}

/// One rollout as seen at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rollout {
    /// The control plane's id.
    pub id: RolloutId,
    /// New revision or way back.
    pub kind: RolloutKind,
    /// What the group deploys, for the title: the service or application name.
    pub name: String,
    /// The configuration's name, e.g. `CodeDeployDefault.ECSCanary10Percent5Minutes`.
    pub configuration: String,
    /// Who started it, as the API spells it: `user`, `codeDeployRollback`, ...
    pub creator: String,
    /// What its creator wrote about it.
    pub description: Option<String>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Where it stands.
    pub phase: Phase,
    /// Its stages in order.
    pub stages: Vec<Stage>,
    /// The person it waits for.
    pub gate: Option<Gate>,
    /// What happens by itself next.
    pub next: Option<Next>,
    /// Until when a rollback takes seconds: afterwards blue is gone.
    pub instant_rollback_until: Option<Due>,
    /// The split.
    pub traffic: Traffic,
    /// What served before.
    pub blue: Environment,
    /// What is new.
    pub green: Environment,
    /// Nobody has said which side is blue, and both have traffic: blue is the one with more.
    pub sides_are_guessed: bool,
    /// Who keeps what it is made from as it is written elsewhere.
    pub keepers: Vec<Keeper>,
    /// A person has paused it: nothing goes on until it is resumed.
    pub paused: bool,
    /// The restart of its tasks that was asked for last.
    pub restart: Option<Restart>,
    /// Why it ended badly.
    pub end_reason: Option<EndReason>,
    /// The rollback it led to.
    pub rollback: Option<RollbackLink>,
    /// What the control plane offers and refuses in this state, one entry for each action.
    pub offers: Vec<Offered>,
}

impl Rollout {
    /// Whether it has the name of what it undoes.
    pub fn is_abort(&self) -> bool {
        match &self.kind {
            RolloutKind::Rollback { undoes: Some(undone) } => {
                self.id.as_str().starts_with(undone.as_str())
            }
            RolloutKind::Rollback { undoes: None } | RolloutKind::Rollout => false,
        }
    }

    /// One of its sides.
    pub fn side(&self, side: Side) -> &Environment {
        match side {
            Side::Blue => &self.blue,
            Side::Green => &self.green,
        }
    }
}

/// Where an entry of the timeline comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A step of the deployment.
    Deploy,
    /// A hook.
    Hook,
    /// Targets changed their health.
    Targets,
    /// A task failed or stopped.
    Task,
    /// What the service says.
    Service,
    /// An alarm changed.
    Alarm,
    /// The split changed.
    Traffic,
    /// A person used a key here.
    You,
    /// The verdict changed.
    Verdict,
    /// A source stopped or began to answer.
    Source,
}

impl EventKind {
    /// The word on the screen.
    pub fn word(self) -> &'static str {
        match self {
            EventKind::Deploy => "deploy",
            EventKind::Hook => "hook",
            EventKind::Targets => "targets",
            EventKind::Task => "task",
            EventKind::Service => "service",
            EventKind::Alarm => "alarm",
            EventKind::Traffic => "traffic",
            EventKind::You => "you",
            EventKind::Verdict => "verdict",
            EventKind::Source => "source",
        }
    }
}

/// One entry of the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TimelineEvent {
    /// When it happened, in AWS time.
    pub at: Timestamp,
    /// Where it comes from.
    pub kind: EventKind,
    /// The side it concerns.
    pub side: Option<Side>,
    /// A sentence; may hold text from outside, so it is escaped where it is shown.
    pub text: String,
    /// Tells it from others of the same moment; the same event always has the same key.
    pub key: String,
}

/// One API that facts come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The identity of the caller.
    Sts,
    /// The deployment.
    CodeDeploy,
    /// Service, task sets, tasks.
    Ecs,
    /// Listener and target health.
    LoadBalancer,
    /// Metrics.
    Metrics,
    /// Alarms.
    Alarms,
    /// A Rollout in a cluster, and what belongs to it.
    Kubernetes,
    /// What blue runs on, where a person has named that.
    BlueCluster,
    /// What green runs on.
    GreenCluster,
    /// Its metrics.
    Prometheus,
    /// Weighted records.
    Route53,
    /// Elastic Beanstalk environments.
    Beanstalk,
    /// A function and its alias.
    Lambda,
    /// The pipeline around the rollout.
    CodePipeline,
}

impl Source {
    /// Its name on the screen.
    pub fn word(self) -> &'static str {
        match self {
            Source::Sts => "STS",
            Source::CodeDeploy => "CodeDeploy",
            Source::Ecs => "ECS",
            Source::LoadBalancer => "ELB",
            Source::Metrics => "CloudWatch",
            Source::Alarms => "alarms",
            Source::Kubernetes => "Kubernetes",
            Source::BlueCluster => "blue's cluster",
            Source::GreenCluster => "green's cluster",
            Source::Prometheus => "Prometheus",
            Source::Route53 => "Route 53",
            Source::Beanstalk => "Beanstalk",
            Source::Lambda => "Lambda",
            Source::CodePipeline => "CodePipeline",
        }
    }
}

/// How fresh one source is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reading {
    /// When it last answered well, in AWS time.
    pub at: Option<Timestamp>,
    /// Why the newest attempt failed.
    pub fault: Option<Fault>,
    /// When it is asked again.
    pub next: Option<Timestamp>,
    /// How often it is asked in this state, in seconds: three missed times make the data old.
    pub period_seconds: f64,
}

/// Everything known about one target at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Snapshot {
    /// What is watched.
    pub target: Target,
    /// The deployment group of a deployment that was asked for by its id.
    pub part_of: Option<Target>,
    /// When the picture was put together, in AWS time.
    pub taken: Timestamp,
    /// In whose name.
    pub identity: Fact<Identity>,
    /// The rollout that runs, or the last one; `Known(None)` when there never was one.
    pub rollout: Fact<Option<Rollout>>,
    /// What serves while no rollout is on record: shown in blue's place.
    pub at_rest: Option<Environment>,
    /// The alarms that guard it.
    pub guards: Fact<Vec<Guard>>,
    /// What was measured.
    pub metrics: Fact<Metrics>,
    /// The pipeline that deploys it; `Known(None)` when there is none.
    pub pipeline: Fact<Option<Pipeline>>,
    /// What happened, newest first.
    pub events: Vec<TimelineEvent>,
    /// How fresh each source is.
    pub readings: BTreeMap<Source, Reading>,
}

/// How many settled minutes the measured share is taken over.
pub const SHARE_MINUTES: u32 = 3;

impl Snapshot {
    /// The target whose settings hold: a deployment has those of its group.
    pub fn configured(&self) -> &Target {
        self.part_of.as_ref().unwrap_or(&self.target)
    }

    /// The picture before anything was asked.
    pub fn unasked(target: Target, taken: Timestamp) -> Self {
        Self {
            target,
            part_of: None,
            taken,
            identity: Fact::Unasked,
            rollout: Fact::Unasked,
            at_rest: None,
            guards: Fact::Unasked,
            metrics: Fact::Unasked,
            pipeline: Fact::Unasked,
            events: Vec::new(),
            readings: BTreeMap::new(),
        }
    }

    /// The rollout, however old the reading.
    pub fn rollout(&self) -> Option<&Rollout> {
        self.rollout.value()?.as_ref()
    }

    /// The share of the requests that each side got lately.
    pub fn measured_share(&self) -> Option<MeasuredShare> {
        self.metrics.value()?.measured_share(SHARE_MINUTES)
    }
}

/// A rollout in the list of those that run in the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RolloutSummary {
    /// What to watch to see it.
    pub target: Target,
    /// The control plane's id.
    pub id: RolloutId,
    /// Application and group, or cluster and service.
    pub name: String,
    /// Its state as the API spells it.
    pub status: String,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// Who started it.
    pub creator: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_named_by_role_or_user() {
        let name = |arn: &str| {
            Identity { account: String::new(), arn: arn.into(), region: String::new() }
                .name()
                .to_owned()
        };
        assert_eq!(name("arn:aws:sts::123456789012:assumed-role/prod-admin/ada"), "prod-admin");
        assert_eq!(name("arn:aws:iam::123456789012:user/ops/ada"), "ada");
        assert_eq!(name("arn:aws:iam::123456789012:root"), "root");
        assert_eq!(name(""), "");
    }
}
