//! The line that is left on the normal screen.

use std::fmt::Write;

use crate::app::State;
use crate::domain::{Phase, Rollout};

/// What was known last, that leaving has changed nothing, and how to come back; nothing when no
/// rollout was seen.
pub fn farewell(state: &State) -> Option<String> {
    let rollout = state.cockpit()?.snapshot.rollout()?;
    let mut text = where_it_stands(rollout);
    if state.settings.demo.is_some() {
        text.push_str("; it was a rehearsal and ends here");
    } else if rollout.phase == Phase::Held {
        let target = &state.cockpit()?.snapshot.target;
        let ramp = state.cockpit()?.ramp.is_some();
        let ramp = if ramp { " and the ramp has ended with the program" } else { "" };
        let _ = write!(text, "; nothing moves it{ramp}; to come back: cutover {target}");
    } else if rollout.phase.is_over() {
        let _ = write!(text, "; to see it again: cutover {}", rollout.id);
    } else {
        let _ = write!(text, "; it goes on by itself, to come back: cutover {}", rollout.id);
    }
    Some(text)
}

/// Where the rollout stands, in a sentence without its full stop.
pub fn where_it_stands(rollout: &Rollout) -> String {
    let phase = match &rollout.phase {
        Phase::Queued => "is queued",
        Phase::Preparing => "prepares green",
        Phase::Validating => "tests green",
        Phase::AwaitingApproval => "waits for an approval",
        Phase::BeforeShift => "is about to shift traffic",
        Phase::Shifting => "is shifting traffic",
        Phase::AfterShift => "has shifted all traffic",
        Phase::Baking => "bakes",
        Phase::Finishing => "removes blue",
        Phase::Held => "stays as it was set",
        Phase::Succeeded => "succeeded",
        Phase::Failed => "failed",
        Phase::Stopped => "was stopped",
        Phase::Other(state) => state,
    };
    let share = rollout.traffic.planned.value().map(|split| split.green.get());
    let green = share.map(|percent| format!(", green {percent:.0} %")).unwrap_or_default();
    format!("{} {phase}{green}", rollout.id)
}
