//! A pipeline in front of the service: source, build, a person's approval, and the deployment.
//! What people ask of it is in `orders`.

mod orders;

use jiff::{SignedDuration, Timestamp};

use super::World;
use super::codedeploy::{RevisionKey, Status as DeploymentStatus};
use super::keys::{DeploymentKey, ReleaseKey};
use super::orders::NewDeployment;
use super::queue::Event;
use super::time::after;
use crate::sim::scenario;

/// How long the sources take to be fetched.
const SOURCE: SignedDuration = SignedDuration::from_secs(8);
/// How long the build takes.
const BUILD: SignedDuration = SignedDuration::from_secs(95);
/// How long an operator of the story thinks before approving.
const APPROVAL: SignedDuration = SignedDuration::from_secs(90);
/// How long an approval waits for a person.
const PATIENCE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The state of the pipeline.
#[derive(Debug, Clone)]
pub(crate) struct Pipeline {
    pub(crate) config: scenario::Pipeline,
    pub(crate) created: Timestamp,
    /// Oldest first.
    pub(crate) executions: Vec<Execution>,
}

/// One run of the pipeline, or of one of its stages when it rolls back.
#[derive(Debug, Clone)]
pub(crate) struct Execution {
    pub(crate) id: String,
    pub(crate) release: ReleaseKey,
    pub(crate) commit: String,
    pub(crate) status: Status,
    pub(crate) started: Timestamp,
    pub(crate) updated: Timestamp,
    /// The execution whose revision it brings back.
    pub(crate) rolls_back_to: Option<usize>,
    /// Why a person stopped it.
    pub(crate) stopped: Option<String>,
    /// In the order in which they began.
    pub(crate) runs: Vec<Run>,
    /// Steps planned under an older number are void.
    plan: u32,
}

/// An action at work.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) action: Action,
    pub(crate) id: String,
    pub(crate) status: RunStatus,
    pub(crate) started: Timestamp,
    pub(crate) updated: Timestamp,
    /// What answers an approval.
    pub(crate) token: Option<String>,
    /// The id of the build or the deployment.
    pub(crate) external: Option<String>,
    /// A person's words, or what went wrong.
    pub(crate) summary: Option<String>,
    /// Who answered, where a person did.
    pub(crate) by: Option<String>,
}

/// The actions, each in a stage of its own, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Source,
    Build,
    Approve,
    Deploy,
}

impl Action {
    pub(crate) const ALL: [Self; 4] = [Self::Source, Self::Build, Self::Approve, Self::Deploy];

    /// Its name.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Source => "Source",
            Self::Build => "Build",
            Self::Approve => "Approve",
            Self::Deploy => "Deploy",
        }
    }

    /// The name of its stage.
    pub(crate) fn stage(self) -> &'static str {
        match self {
            Self::Source => "Source",
            Self::Build => "Build",
            Self::Approve => "Approval",
            Self::Deploy => "Production",
        }
    }

    fn next(self) -> Option<Self> {
        let place = Self::ALL.iter().position(|action| *action == self)?;
        Self::ALL.get(place + 1).copied()
    }
}

/// Status of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    InProgress,
    Stopping,
    Stopped,
    Succeeded,
    Failed,
}

impl Status {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::InProgress => "InProgress",
            Self::Stopping => "Stopping",
            Self::Stopped => "Stopped",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
        }
    }

    fn is_open(self) -> bool {
        matches!(self, Self::InProgress | Self::Stopping)
    }
}

/// Status of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RunStatus {
    InProgress,
    Succeeded,
    Failed,
    Abandoned,
}

impl RunStatus {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::InProgress => "InProgress",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Abandoned => "Abandoned",
        }
    }
}

/// The next step of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PipelineStep {
    /// What runs is done.
    Done,
    /// Somebody answers the approval.
    Answer { approves: bool },
    /// Nobody answered it.
    Expires,
}

impl Pipeline {
    pub(super) fn new(config: scenario::Pipeline, created: Timestamp) -> Self {
        Self { config, created, executions: Vec::new() }
    }

    /// The newest run of an action, with the number of its execution.
    pub(crate) fn latest(&self, action: Action) -> Option<(usize, &Run)> {
        let runs = self
            .executions
            .iter()
            .enumerate()
            .flat_map(|(index, execution)| execution.runs.iter().map(move |run| (index, run)));
        runs.filter(|(_, run)| run.action == action)
            .max_by_key(|(index, run)| (run.started, *index))
    }

    pub(crate) fn find(&self, id: &str) -> Option<usize> {
        self.executions.iter().position(|execution| execution.id == id)
    }
}

impl Execution {
    /// Whether an action came to a good end in it.
    pub(crate) fn succeeded_in(&self, action: Action) -> bool {
        self.runs.iter().any(|run| run.action == action && run.status == RunStatus::Succeeded)
    }
}

impl World {
    /// Starts the pipeline for a release of the story.
    pub(super) fn start_pipeline(&mut self, release: ReleaseKey) {
        if let Some(index) = self.add_execution(release, None) {
            self.begin_action(index, Action::Source);
        }
    }

    fn add_execution(&mut self, release: ReleaseKey, to: Option<usize>) -> Option<usize> {
        let (now, seed) = (self.now, self.seed);
        let pipeline = self.pipeline.as_mut()?;
        let index = pipeline.executions.len();
        pipeline.executions.push(Execution {
            id: seed.uuid("execution", index),
            release,
            commit: seed.hex("commit", release.0 as u64, 40),
            status: Status::InProgress,
            started: now,
            updated: now,
            rolls_back_to: to,
            stopped: None,
            runs: Vec::new(),
            plan: 0,
        });
        Some(index)
    }

    fn begin_action(&mut self, index: usize, action: Action) {
        let (now, seed) = (self.now, self.seed);
        let number = index * Action::ALL.len() + action as usize;
        let token = (action == Action::Approve).then(|| seed.uuid("approval", index));
        let external = match action {
            Action::Build => Some(format!("checkout-build:{}", seed.uuid("build", index))),
            Action::Source | Action::Approve | Action::Deploy => None,
        };
        self.change_execution(index, |execution| {
            execution.runs.push(Run {
                action,
                id: seed.uuid("action", number),
                status: RunStatus::InProgress,
                started: now,
                updated: now,
                token,
                external,
                summary: None,
                by: None,
            });
        });
        match action {
            Action::Source => self.plan_execution(index, SOURCE, PipelineStep::Done),
            Action::Build => self.plan_execution(index, BUILD, PipelineStep::Done),
            Action::Approve => self.ask(index),
            Action::Deploy => self.deploy(index),
        }
    }

    /// Waits for a person; those of the story come by themselves.
    fn ask(&mut self, index: usize) {
        let Some(pipeline) = &self.pipeline else { return };
        let past = index < self.scenario.history.len();
        let answer = match (past, pipeline.config.answered) {
            (true, _) => Some((APPROVAL, true)),
            (false, answered) => answered.map(|one| (one.after, one.approves)),
        };
        if let Some((wait, approves)) = answer {
            self.plan_execution(index, wait, PipelineStep::Answer { approves });
        }
        self.plan_execution(index, PATIENCE, PipelineStep::Expires);
    }

    fn deploy(&mut self, index: usize) {
        let Some(release) = self.execution(index).map(|execution| execution.release) else {
            return;
        };
        let known = self.deploy.revisions.iter().position(|known| known.release == release);
        let Some(revision) = known.map(RevisionKey) else { return };
        let created = self.create_deployment(NewDeployment {
            revision,
            config: None,
            description: None,
            auto_rollback: None,
            alarm_override: None,
        });
        match created {
            Ok(id) => self.change_run(index, |run| run.external = Some(id)),
            Err(error) => self.end_action(index, RunStatus::Failed, Some(error.message)),
        }
    }

    /// What a step of an execution does, unless its plan was replaced in the meantime.
    pub(super) fn on_pipeline(&mut self, index: usize, (plan, step): (u32, PipelineStep)) {
        if self.execution(index).is_none_or(|execution| execution.plan != plan) {
            return;
        }
        match step {
            PipelineStep::Done => self.end_action(index, RunStatus::Succeeded, None),
            PipelineStep::Answer { approves } => {
                let by = self.names.role("release-manager");
                let words = if approves { "approved" } else { "not today" };
                self.answer_approval(index, approves, (words, by));
            }
            PipelineStep::Expires => {
                let words = "The approval action has expired.".to_owned();
                self.end_action(index, RunStatus::Failed, Some(words));
            }
        }
    }

    fn answer_approval(&mut self, index: usize, approves: bool, (words, by): (&str, String)) {
        self.change_run(index, |run| run.by = Some(by));
        let status = if approves { RunStatus::Succeeded } else { RunStatus::Failed };
        self.end_action(index, status, Some(words.to_owned()));
    }

    /// The action in progress ends; so does the execution, or the next action begins.
    fn end_action(&mut self, index: usize, status: RunStatus, summary: Option<String>) {
        let now = self.now;
        self.change_run(index, |run| {
            (run.status, run.summary, run.updated) = (status, summary, now);
        });
        self.change_execution(index, |execution| execution.plan += 1);
        let Some(execution) = self.execution(index) else { return };
        let Some(action) = execution.runs.last().map(|run| run.action) else { return };
        let next = action.next();
        let end = match (execution.status, status) {
            (Status::Stopping, _) | (_, RunStatus::Abandoned) => Status::Stopped,
            (_, RunStatus::Succeeded) if next.is_none() => Status::Succeeded,
            (_, RunStatus::Succeeded | RunStatus::InProgress) => Status::InProgress,
            (_, RunStatus::Failed) => Status::Failed,
        };
        self.change_execution(index, |execution| execution.status = end);
        if let (Status::InProgress, Some(next)) = (end, next) {
            self.begin_action(index, next);
        }
    }

    /// A deployment has ended: the pipeline that waits for it goes on.
    pub(super) fn pipeline_hears(&mut self, key: DeploymentKey) {
        let Some(deployment) = self.deploy.deployment(key) else { return };
        let (id, status) = (deployment.id.clone(), deployment.status);
        let error = deployment.error.as_ref().map(|error| error.message.clone());
        let waits = |execution: &Execution| {
            execution.status.is_open()
                && execution.runs.last().is_some_and(|run| {
                    run.external.as_deref() == Some(&id) && run.status == RunStatus::InProgress
                })
        };
        let mut executions = self.pipeline.iter().flat_map(|pipeline| &pipeline.executions);
        let Some(index) = executions.position(waits) else { return };
        if status == DeploymentStatus::Succeeded {
            let words = "Deployment Succeeded".to_owned();
            self.end_action(index, RunStatus::Succeeded, Some(words));
        } else {
            self.end_action(index, RunStatus::Failed, error);
        }
    }

    fn execution(&self, index: usize) -> Option<&Execution> {
        self.pipeline.as_ref()?.executions.get(index)
    }

    fn change_execution(&mut self, index: usize, change: impl FnOnce(&mut Execution)) {
        let now = self.now;
        let pipeline = self.pipeline.as_mut();
        if let Some(one) = pipeline.and_then(|pipeline| pipeline.executions.get_mut(index)) {
            change(one);
            one.updated = now;
        }
    }

    /// Changes the newest run of an execution.
    fn change_run(&mut self, index: usize, change: impl FnOnce(&mut Run)) {
        self.change_execution(index, |execution| {
            if let Some(run) = execution.runs.last_mut() {
                change(run);
            }
        });
    }

    fn plan_execution(&mut self, index: usize, wait: SignedDuration, step: PipelineStep) {
        let Some(execution) = self.execution(index) else { return };
        let event = Event::Pipeline { execution: index, plan: execution.plan, step };
        self.queue.plan(after(self.now, wait), event);
    }
}
