//! The pipeline around a rollout: what started it, and what waits for a person there.

use jiff::Timestamp;
use serde::Serialize;

/// A commit, or whatever a pipeline's source calls a revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceRevision {
    /// Its id, whole.
    pub id: String,
    /// What was written about it.
    pub message: Option<String>,
    /// Where it can be read.
    pub url: Option<String>,
}

/// One execution of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PipelineRun {
    /// The execution's id.
    pub id: String,
    /// Its state as the API spells it.
    pub status: String,
    /// What it delivers; the first one where there are several sources.
    pub source: Option<SourceRevision>,
    /// What started it, as the API spells it, e.g. `WebhookV2`.
    pub trigger: Option<String>,
    /// When it was started.
    pub started: Option<Timestamp>,
}

/// A manual approval that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PipelineApproval {
    /// The stage that it is in.
    pub stage: String,
    /// The action's name.
    pub action: String,
    /// Since when it waits.
    pub since: Option<Timestamp>,
    /// The execution that waits.
    pub run: Option<PipelineRun>,
    /// What an answer has to carry; an execution that runs beside others has none.
    #[serde(skip)]
    pub token: Option<String>,
}

/// The pipeline that deploys what is watched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pipeline {
    /// Its name.
    pub name: String,
    /// The stage that deploys.
    pub stage: String,
    /// The execution that started the rollout that is shown; nothing when something else did.
    pub run: Option<PipelineRun>,
    /// The approval that waits, before or after the deployment.
    pub approval: Option<PipelineApproval>,
    /// The executions whose revision the stage can be rolled back to, newest first; none while it deploys.
    pub earlier: Vec<PipelineRun>,
}
