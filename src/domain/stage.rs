//! How far a rollout is: its phase, its stages in order, and what it waits for.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Split;

/// Where a rollout stands, in the words every control plane is translated into.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Accepted, not started.
    Queued,
    /// Green's tasks are being started.
    Preparing,
    /// Green is tested, with test traffic or a hook, before it gets any request.
    Validating,
    /// A person has to say go before the rollout goes on.
    AwaitingApproval,
    /// The last hook before the shift runs.
    BeforeShift,
    /// Traffic is moving to green.
    Shifting,
    /// All traffic is on green; a hook checks it.
    AfterShift,
    /// All traffic is on green and blue is kept warm.
    Baking,
    /// Blue is being removed.
    Finishing,
    /// The split stays as a person has set it, until a person sets another.
    Held,
    /// Ended well.
    Succeeded,
    /// Ended by a failure.
    Failed,
    /// Ended by a person, an alarm or a time limit.
    Stopped,
    /// A state this program does not know, as the API spells it; treated as in progress.
    Other(String),
}

impl Phase {
    /// Whether nothing more will happen in this rollout.
    pub fn is_over(&self) -> bool {
        matches!(self, Phase::Succeeded | Phase::Failed | Phase::Stopped)
    }
}

/// What a stage is about.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StageKind {
    /// Before anything is installed.
    Prepare,
    /// Green's tasks are started and become healthy.
    GreenTasks,
    /// The test listener points at green.
    TestTraffic,
    /// A person approves the shift.
    Approval,
    /// The hook before the shift.
    BeforeShift,
    /// Green holds this split, for the stage's planned time.
    Shift(Split),
    /// The hook after the shift.
    AfterShift,
    /// A hook that calls this, beside the stages it watches.
    Hook(String),
    /// Blue is kept warm for the stage's planned time.
    Bake,
    /// Blue is removed.
    RemoveBlue,
    /// Traffic is led back to blue: the stage of a rollback.
    Restore,
    /// Green is removed: the end of a rollback.
    RemoveGreen,
    /// A step this program does not know, as the API spells it.
    Other(String),
}

/// How far a stage is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StageState {
    /// Not begun.
    Pending,
    /// Going on.
    Running,
    /// Done.
    Done,
    /// Failed; the text says why, when the API does.
    Failed,
    /// Will not happen in this rollout.
    Skipped,
}

/// One step of the rail.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stage {
    /// What it is about.
    pub kind: StageKind,
    /// How far it is.
    pub state: StageState,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// How long it is planned to last.
    pub planned: Option<SignedDuration>,
    /// The API's own name of the step that runs in it, e.g. `AfterInstall`.
    pub step: Option<String>,
    /// What the API says about a failure.
    pub note: Option<String>,
}

impl Stage {
    /// A stage that has not begun.
    pub fn pending(kind: StageKind) -> Self {
        Self {
            kind,
            state: StageState::Pending,
            started: None,
            ended: None,
            planned: None,
            step: None,
            note: None,
        }
    }
}

/// A moment in the future, as sure as the API lets it be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Due {
    /// The moment, in AWS time; the earliest when there is a range.
    pub at: Timestamp,
    /// The latest moment it can be, when the API leaves that open.
    pub latest: Option<Timestamp>,
    /// Whether the API gave this moment itself; everything else is an estimate and shown as one.
    pub exact: bool,
}

impl Due {
    /// A moment worked out from durations: an estimate.
    pub fn estimate(at: Timestamp) -> Self {
        Self { at, latest: None, exact: false }
    }
}

/// What happens by itself next, when nobody does anything.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NextStep {
    /// The split changes.
    Shift(Split),
    /// Blue is removed: the end of the instant rollback.
    RemoveBlue,
    /// Green is removed: until then it could be tried again at once.
    RemoveGreen,
    /// The rollout is stopped because nobody approved it.
    StopUnapproved,
    /// The rollout is rolled back because nobody approved it.
    RollBackUnapproved,
    /// The rollout goes on although nobody approved it.
    ContinueUnapproved,
    /// The step that runs is given up and the rollout fails.
    GiveUp,
    /// The last client has heard of the split: until then some follow the one of before.
    Arrive,
}

/// The next thing that happens by itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Next {
    /// What happens.
    pub step: NextStep,
    /// When.
    pub due: Due,
}

/// A point at which the rollout waits for a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// Someone has to approve the shift to green.
    Approval,
    /// A hook of the rollout pauses it until someone answers; a rollout can have several.
    Hook {
        /// Which, as the control plane names it.
        id: String,
    },
    /// Both environments are alive; someone may end that early.
    Bake,
}
