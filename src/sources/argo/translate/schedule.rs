//! What happens by itself next, and until when the way back takes seconds.

use jiff::{SignedDuration, Timestamp};

use crate::domain::{Due, Next, NextStep, Phase, Split, Stage, StageKind, StageState};

use super::phase::pause_ends;
use super::view::View;

/// How long the controller waits for progress where the Rollout says nothing.
const PROGRESS_DEADLINE: i64 = 600;

/// What happens by itself next.
pub(crate) fn next(view: &View<'_>, phase: &Phase, stages: &[Stage]) -> Option<Next> {
    if *phase == Phase::Baking {
        let at = view.set(&view.blue)?.scale_down_at()?;
        let due = Due { at, latest: None, exact: true };
        return Some(Next { step: NextStep::RemoveBlue, due });
    }
    if *phase == Phase::Finishing && view.rollout.status.abort {
        let at = view.set(&view.green)?.scale_down_at()?;
        let due = Due { at, latest: None, exact: true };
        return Some(Next { step: NextStep::RemoveGreen, due });
    }
    if *phase == Phase::Preparing && !view.rollout.spec.paused {
        return Some(Next { step: NextStep::GiveUp, due: Due::estimate(given_up_at(view)?) });
    }
    // A frozen rollout's timers run on, but nothing comes of them.
    let pause = view.rollout.status.pause_conditions.first()?;
    if view.rollout.spec.paused {
        return None;
    }
    let due = Due::estimate(pause_ends(view, pause)?);
    let step = match phase {
        Phase::AwaitingApproval => NextStep::ContinueUnapproved,
        _ => NextStep::Shift(next_split(stages)?),
    };
    Some(Next { step, due })
}

/// When the controller gives up an update that makes no progress. Every pod that becomes ready is
/// progress and moves that on.
fn given_up_at(view: &View<'_>) -> Option<Timestamp> {
    let conditions = &view.rollout.status.conditions;
    let progressing = conditions.iter().find(|condition| condition.kind == "Progressing")?;
    let deadline = view.rollout.spec.progress_deadline_seconds.unwrap_or(PROGRESS_DEADLINE);
    progressing.last_update_time?.checked_add(SignedDuration::from_secs(deadline)).ok()
}

/// The split of the stage after the one that runs, unless something else comes in between.
fn next_split(stages: &[Stage]) -> Option<Split> {
    let at = stages.iter().position(|stage| stage.state == StageState::Running)?;
    match stages.get(at + 1)?.kind {
        StageKind::Shift(split) => Some(split),
        StageKind::Restore => Some(Split::ALL_BLUE),
        _ => None,
    }
}

/// Until when asking for the old version again moves the Service at once: the controller skips
/// pauses and analyses only for a version that waits for its end with all its pods.
pub(crate) fn instant_rollback_until(view: &View<'_>, phase: &Phase) -> Option<Due> {
    let switches = view.rollout.spec.strategy.blue_green.is_some();
    if *phase != Phase::Baking || !switches {
        return None;
    }
    let old = view.set(&view.blue).filter(|set| set.is_full(view.rollout.spec.replicas()))?;
    Some(Due { at: old.scale_down_at()?, latest: None, exact: true })
}
