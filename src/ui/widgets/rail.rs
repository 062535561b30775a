//! The rail of stages, or the steps of an order on its way.

use crate::app::{Cockpit, Outcome, State, select};
use crate::domain::{Action, StageState};
use crate::ui::format::span;
use crate::ui::pen::Pen;
use crate::ui::theme::{Glyphs, Role};
use crate::ui::words;
use unicode_width::UnicodeWidthStr;

/// One stop on the rail.
struct Stop {
    label: String,
    glyph: char,
    role: Role,
    running: bool,
    done: bool,
}

/// Draws the line: whole if it fits, else as a row of marks and the stage that runs; the column
/// after it.
pub(crate) fn draw(pen: &mut Pen<'_>, state: &State, cockpit: &Cockpit) -> u16 {
    let steps = select::steps(state).filter(keeps_the_rail);
    let stops = match (&cockpit.ramp, steps) {
        (Some(ramp), _) => stages(&words::ramp_stages(ramp), pen.glyphs()),
        (None, Some(steps)) => order(&steps, pen.glyphs()),
        (None, None) => match cockpit.snapshot.rollout() {
            Some(rollout) => stages(&rollout.stages, pen.glyphs()),
            None => return 1,
        },
    };
    let rule = pen.glyphs().rule;
    let wide: usize = stops.iter().map(|stop| stop.label.width() + 2).sum();
    let links = stops.len().saturating_sub(1);
    let room = usize::from(pen.width().saturating_sub(2));
    let link = match room.checked_sub(wide) {
        Some(free) if free >= links * 4 => format!(" {rule}{rule} "),
        Some(free) if free >= links * 2 => "  ".to_owned(),
        _ => return narrow(pen, &stops),
    };
    let mut x = 1;
    for (index, stop) in stops.iter().enumerate() {
        if index > 0 {
            x = pen.left(x, 0, &link, Role::Border);
        }
        x = pen.left(x, 0, &format!("{} ", stop.glyph), stop.role);
        let label = if stop.running { Role::Strong } else { stop.role };
        x = pen.left(x, 0, &stop.label, label);
    }
    x
}

/// An order that is done, or that changed nothing, gives the rail back to the rollout; a way back
/// keeps it to its end.
fn keeps_the_rail(steps: &select::Steps) -> bool {
    match steps.outcome {
        Outcome::OnItsWay | Outcome::Unknown(_) => true,
        Outcome::Done | Outcome::Failed(_) => steps.action == Action::RollBack,
        Outcome::Void(_) | Outcome::NotAudited(_) | Outcome::Refused(_) => false,
    }
}

fn narrow(pen: &mut Pen<'_>, stops: &[Stop]) -> u16 {
    let mut x = 1;
    for stop in stops {
        x = pen.left(x, 0, &stop.glyph.to_string(), stop.role);
    }
    let done = stops.iter().filter(|stop| stop.done).count();
    let current = stops.iter().position(|stop| stop.running);
    let text = match current {
        Some(index) => format!("{} of {}: {}", index + 1, stops.len(), stops[index].label),
        None => format!("{done} of {}", stops.len()),
    };
    let room = pen.width().saturating_sub(x + 3);
    let x = pen.cut(x + 2, 0, room, &text, Role::Text);
    let then = current.and_then(|index| stops.get(index + 1));
    let text = then.map(|stop| format!(", then {}", stop.label)).unwrap_or_default();
    let fits = text.width() < usize::from(pen.width().saturating_sub(x));
    if fits { pen.left(x, 0, &text, Role::Dim) } else { x }
}

fn mark(state: &StageState, glyphs: Glyphs) -> (char, Role) {
    match state {
        StageState::Done => (glyphs.done, Role::Good),
        StageState::Running => (glyphs.running, Role::Strong),
        StageState::Failed => (glyphs.failed, Role::Danger),
        StageState::Skipped => (glyphs.skipped, Role::Dim),
        StageState::Pending => (glyphs.pending, Role::Dim),
    }
}

fn stages(stages: &[crate::domain::Stage], glyphs: Glyphs) -> Vec<Stop> {
    words::rail(stages)
        .into_iter()
        .map(|(label, state)| {
            let (glyph, role) = mark(&state, glyphs);
            let (running, done) = (state == StageState::Running, state == StageState::Done);
            // The word of a stage that is done is plain; its mark alone is coloured.
            let role = if done { Role::Text } else { role };
            Stop { label, glyph, role, running, done }
        })
        .collect()
}

/// The steps that are done, one a line.
pub(crate) fn done(steps: &select::Steps) -> Vec<String> {
    let line = |step: &select::Step| match step.state {
        select::StepState::Done { after } => {
            let after = after.map(|after| format!(" after {}", span(after))).unwrap_or_default();
            Some(format!("{}{after}", name(step.kind, steps)))
        }
        select::StepState::Pending | select::StepState::Running | select::StepState::Failed => None,
    };
    steps.list.iter().filter_map(line).collect()
}

fn name(kind: select::StepKind, steps: &select::Steps) -> &'static str {
    match (kind, steps.action) {
        (select::StepKind::Sent, _) if steps.ours => "ordered",
        (select::StepKind::Sent, _) => "begun",
        (select::StepKind::Accepted, _) => "accepted",
        (select::StepKind::Shifting, Action::RollBack) => "traffic moving",
        (select::StepKind::Shifting, _) => "under way",
        (select::StepKind::Restored, Action::RollBack) => "traffic restored",
        (select::StepKind::Restored, Action::Continue) => "traffic on green",
        (select::StepKind::Restored, Action::Shift(_)) => "traffic moved",
        (select::StepKind::Restored, _) => "seen",
        (select::StepKind::Steady, Action::RollBack) => "green removed",
        (select::StepKind::Steady, Action::Restart) => "all tasks replaced",
        (select::StepKind::Steady, _) => "steady",
    }
}

fn order(steps: &select::Steps, glyphs: Glyphs) -> Vec<Stop> {
    steps
        .list
        .iter()
        .map(|step| {
            let (state, after) = match step.state {
                select::StepState::Pending => (StageState::Pending, None),
                select::StepState::Running => (StageState::Running, None),
                select::StepState::Done { after } => (StageState::Done, after),
                select::StepState::Failed => (StageState::Failed, None),
            };
            let after = after.map(|after| format!(" {}", span(after))).unwrap_or_default();
            let (glyph, role) = mark(&state, glyphs);
            let (running, done) = (state == StageState::Running, state == StageState::Done);
            let role = if done { Role::Text } else { role };
            Stop { label: format!("{}{after}", name(step.kind, steps)), glyph, role, running, done }
        })
        .collect()
}
