//! How far an order is, with the seconds since the key.

use jiff::{SignedDuration, Timestamp};

use crate::domain::{
    Action, Means, Phase, Rollout, RolloutId, RolloutKind, ShareOf, Side, StageKind,
};

use super::super::follow::is_on;
use super::super::{Outcome, SeenBy, State, Track};

/// A step on an order's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    /// The call went out.
    Sent,
    /// The control plane took it: not yet the effect.
    Accepted,
    /// The traffic moves.
    Shifting,
    /// The traffic is where the order wanted it, as seen and not as told.
    Restored,
    /// The control plane is done with everything.
    Steady,
}

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    /// Not begun.
    Pending,
    /// Waited for.
    Running,
    /// Done.
    Done {
        /// Since the key; nothing when nobody saw the moment.
        after: Option<SignedDuration>,
    },
    /// It will not be reached.
    Failed,
}

/// One step with its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Which.
    pub kind: StepKind,
    /// How far.
    pub state: StepState,
}

/// An order and how far it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Steps {
    /// What was ordered.
    pub action: Action,
    /// The rollout it was about, when known.
    pub about: Option<RolloutId>,
    /// The rollout it led to.
    pub follows: Option<RolloutId>,
    /// When the key was pressed, or when the control plane made a rollback that was not ordered
    /// here.
    pub since: Option<Timestamp>,
    /// It was ordered here.
    pub ours: bool,
    /// The steps in order.
    pub list: Vec<Step>,
    /// What showed that the traffic arrived.
    pub seen_by: Option<SeenBy>,
    /// How it stands.
    pub outcome: Outcome,
}

/// The newest order, or the rollback that was found on its way without one of ours.
pub fn steps(state: &State) -> Option<Steps> {
    let cockpit = state.cockpit()?;
    if let Some(track) = &cockpit.track {
        return Some(ours(track));
    }
    let rollout = cockpit.snapshot.rollout()?;
    match &rollout.kind {
        RolloutKind::Rollback { undoes } => Some(found(rollout, undoes.clone())),
        RolloutKind::Rollout => None,
    }
}

fn ours(track: &Track) -> Steps {
    let since = track.order.at;
    let after = |at: Option<Timestamp>| {
        at.map(|at| Some(at.duration_since(since).max(SignedDuration::ZERO)))
    };
    let reached = |kind| match kind {
        StepKind::Sent => after(track.sent),
        StepKind::Accepted => after(track.accepted),
        StepKind::Shifting => after(track.shifting),
        StepKind::Restored => after(track.restored.map(|(at, _)| at)),
        StepKind::Steady => after(track.steady),
    };
    Steps {
        action: track.order.action,
        about: Some(track.order.expected.rollout.clone()),
        follows: track.follows.clone(),
        since: Some(since),
        ours: true,
        list: list(kinds_of(track), reached, next_state(&track.outcome)),
        seen_by: track.restored.map(|(_, by)| by),
        outcome: track.outcome.clone(),
    }
}

fn kinds_of(track: &Track) -> &'static [StepKind] {
    match track.order.expected.means {
        Means::SetWeights | Means::SwapNames => {
            &[StepKind::Sent, StepKind::Accepted, StepKind::Restored]
        }
        _ => kinds(track.order.action),
    }
}

fn kinds(action: Action) -> &'static [StepKind] {
    match action {
        Action::RollBack | Action::Undo(_) => &[
            StepKind::Sent,
            StepKind::Accepted,
            StepKind::Shifting,
            StepKind::Restored,
            StepKind::Steady,
        ],
        Action::Continue => &[StepKind::Sent, StepKind::Accepted, StepKind::Shifting],
        Action::Shift(_) => &[StepKind::Sent, StepKind::Accepted, StepKind::Restored],
        Action::Finish | Action::Stop | Action::Restart => {
            &[StepKind::Sent, StepKind::Accepted, StepKind::Steady]
        }
        Action::Pause | Action::Resume | Action::Terminate(_) => {
            &[StepKind::Sent, StepKind::Accepted]
        }
    }
}

/// The state of the first step that is not done.
fn next_state(outcome: &Outcome) -> StepState {
    match outcome {
        Outcome::OnItsWay | Outcome::Unknown(_) => StepState::Running,
        Outcome::Done => StepState::Pending,
        Outcome::Void(_) | Outcome::NotAudited(_) | Outcome::Refused(_) | Outcome::Failed(_) => {
            StepState::Failed
        }
    }
}

/// The steps of `kinds`; a step is also done when one after it is.
fn list(
    kinds: &[StepKind],
    reached: impl Fn(StepKind) -> Option<Option<SignedDuration>>,
    next: StepState,
) -> Vec<Step> {
    let last = kinds.iter().rposition(|kind| reached(*kind).is_some());
    let first_open = last.map_or(0, |last| last + 1);
    let state = |at: usize, kind: StepKind| match reached(kind) {
        Some(after) => StepState::Done { after },
        None if at < first_open => StepState::Done { after: None },
        None if at == first_open => next,
        None => StepState::Pending,
    };
    kinds
        .iter()
        .enumerate()
        .map(|(at, kind)| Step { kind: *kind, state: state(at, *kind) })
        .collect()
}

/// A rollback that somebody else ordered, or this program before it was started again.
fn found(rollout: &Rollout, undoes: Option<RolloutId>) -> Steps {
    let restored = is_on(rollout, Side::Blue);
    // One that was turned round in place is older than its way back.
    let turned = rollout.stages.iter().find(|stage| stage.kind == StageKind::Restore);
    let turned = turned.filter(|_| undoes.is_none()).and_then(|stage| stage.started);
    let since = turned.or(rollout.created);
    let ended = rollout.ended.zip(since).map(|(end, start)| end.duration_since(start));
    let moving = !matches!(rollout.phase, Phase::Queued | Phase::Preparing | Phase::Validating);
    let steady = rollout.phase == Phase::Succeeded;
    let reached = |kind| match kind {
        StepKind::Sent | StepKind::Accepted => Some(None),
        StepKind::Shifting => moving.then_some(None),
        StepKind::Restored => restored.then_some(None),
        StepKind::Steady => (steady && restored).then_some(ended),
    };
    let outcome = match rollout.phase {
        Phase::Succeeded if restored => Outcome::Done,
        Phase::Failed | Phase::Stopped => Outcome::Failed(
            "the rollback failed; next: look where the traffic line says the traffic is".to_owned(),
        ),
        _ => Outcome::OnItsWay,
    };
    Steps {
        action: Action::RollBack,
        about: undoes,
        follows: Some(rollout.id.clone()),
        since,
        ours: false,
        list: list(kinds(Action::RollBack), reached, next_state(&outcome)),
        seen_by: restored.then_some(match rollout.traffic.of {
            ShareOf::Requests => SeenBy::Listener,
            ShareOf::Tasks => SeenBy::Tasks,
            ShareOf::Instances => SeenBy::Instances,
            ShareOf::Answers => SeenBy::Answers,
        }),
        outcome,
    }
}
