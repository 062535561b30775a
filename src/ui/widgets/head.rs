//! The phase in words, and what comes next by itself.

use crate::app::measured;
use crate::app::{Cockpit, State, select};
use crate::domain::{
    GuardState, ListenerSplit, Phase, Rollout, RolloutKind, ShareOf, Stage, StageKind, StageState,
};
use crate::ui::format::{age, clean, moment, span};
use crate::ui::pen::Pen;
use crate::ui::theme::Role;
use crate::ui::words;
use unicode_width::UnicodeWidthStr;

/// Draws the line.
pub(crate) fn draw(pen: &mut Pen<'_>, state: &State, cockpit: &Cockpit) {
    let Some(rollout) = cockpit.snapshot.rollout() else {
        return nothing(pen, cockpit);
    };
    let live = select::is_live(state);
    let end = pen.width().saturating_sub(1);
    let right = match &cockpit.ramp {
        Some(ramp) => words::ramp(ramp, state.now),
        None => next(pen, state, rollout, live).unwrap_or_default(),
    };
    let start = pen.right(end, 0, &right, if live { Role::Text } else { Role::Stale });
    let doubt = if live { "" } else { "?" };
    let (word, role) = match &cockpit.ramp {
        Some(_) => ("RAMP".to_owned(), Role::Warning),
        None => (words::phase(rollout), role(rollout, live)),
    };
    let x = pen.left(1, 0, &format!("{word}{doubt}"), role);
    let room = start.saturating_sub(x + 5);
    let sentence = sentence(state, rollout, live, usize::from(room));
    let strong = select::just_changed(state);
    pen.cut(x + 3, 0, room, &sentence, if strong { Role::Strong } else { Role::Text });
}

fn role(rollout: &Rollout, live: bool) -> Role {
    if !live {
        return Role::Stale;
    }
    match rollout.phase {
        Phase::Failed => Role::Danger,
        Phase::Stopped | Phase::AwaitingApproval => Role::Warning,
        Phase::Succeeded => Role::Good,
        _ => Role::Strong,
    }
}

/// Where the traffic is and why it ended, in as many words as there is room for.
fn sentence(state: &State, rollout: &Rollout, live: bool, room: usize) -> String {
    let truth = select::traffic(state);
    let held = match &truth.listener {
        Some(ListenerSplit::Split(split)) => Some(*split),
        Some(ListenerSplit::Mixed(_) | ListenerSplit::Elsewhere) | None => None,
    };
    let split = held.or(truth.planned);
    let long = match truth.of {
        ShareOf::Requests => words::traffic(split, live),
        ShareOf::Tasks => words::capacity(split),
        ShareOf::Instances => words::instances(split),
        ShareOf::Answers => words::answers(split),
    };
    let short = || words::traffic_short(split);
    let routes = words::routes(&rollout.traffic.routes);
    let [long, short] = [long, short()].map(|text| match &routes {
        Some(routes) => format!("{text}, {routes}"),
        None => text,
    });
    let traffic = if long.width() <= room { long } else { short };
    let Some(reason) = &rollout.end_reason else { return traffic };
    let (code, message) = (clean(&reason.code), clean(&reason.message));
    let short = words::traffic_short(split);
    if code.is_empty() {
        let whole = format!("{traffic}; {message}");
        return if whole.width() <= room { whole } else { format!("{short}; {message}") };
    }
    let whole_of = |analysis: &String| [&traffic, &short].map(|text| format!("{text}; {analysis}"));
    let analyses = broken(state);
    // Where hardly anything fits, the traffic has its line below.
    let least = analyses.last().cloned();
    let told = analyses.iter().flat_map(whole_of).chain(least).find(|text| text.width() <= room);
    if let Some(told) = told {
        return told;
    }
    let whole = if says(&message, &code) {
        format!("{traffic}; {message}")
    } else {
        format!("{traffic}; {code} {message}")
    };
    // The code is what a person searches for: it stays when the sentence with it does not fit.
    if whole.width() <= room { whole } else { format!("{short}; {code}") }
}

/// Whether a sentence begins with the words that a code is made of: `RolloutAborted`.
fn says(message: &str, code: &str) -> bool {
    let mut letters = message.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase);
    code.chars().flat_map(char::to_lowercase).all(|wanted| letters.next() == Some(wanted))
}

/// The analysis that ended the rollout, and by how much: worth more than the word for its end. In as
/// many words as may be had, then in fewer.
fn broken(state: &State) -> Vec<String> {
    let guards = state.cockpit().and_then(|cockpit| cockpit.snapshot.guards.value());
    let mut firing = guards.into_iter().flatten().filter(|guard| guard.state == GuardState::Alarm);
    let analysis = firing.find_map(|guard| Some((guard, guard.measured.as_ref()?)));
    let Some((guard, measured)) = analysis else { return Vec::new() };
    // The place of the analysis is on the rail.
    let name = guard.name.split(" (").next().unwrap_or(&guard.name);
    let name = clean(&format!("{name} {}", measured::state(measured))).into_owned();
    let told = measured::told(measured).unwrap_or_default();
    let with = |parts: usize| match told.get(..parts) {
        Some([]) | None => name.clone(),
        Some(parts) => format!("{name}: {}", clean(&parts.join(", "))),
    };
    (0..=told.len()).rev().map(with).collect()
}

fn next(pen: &Pen<'_>, state: &State, rollout: &Rollout, live: bool) -> Option<String> {
    if rollout.paused {
        return Some("paused by hand".to_owned());
    }
    if let Some(next) = &rollout.next {
        return Some(words::next(next, state.now, live));
    }
    if let Some(measuring) = measuring(state, rollout).filter(|_| live) {
        return Some(measuring);
    }
    if rollout.phase.is_over() {
        let ended = rollout.ended?;
        let ago = age(state.now.duration_since(ended));
        return Some(if pen.width() < 100 {
            format!("ended {ago} ago")
        } else {
            format!("ended {}, {ago} ago", moment(ended, state.now, &pen.theme().zone))
        });
    }
    if rollout.kind == RolloutKind::Rollout {
        let comes = |stage: &Stage| {
            matches!(stage.kind, StageKind::Shift(_)) && stage.state == StageState::Pending
        };
        let timed = |stage: &Stage| stage.state == StageState::Running && stage.planned.is_some();
        let late = rollout.phase == Phase::Shifting
            && rollout.stages.iter().any(comes)
            && rollout.stages.iter().any(timed);
        return late.then(|| "the next shift is late".to_owned());
    }
    let steps = select::steps(state).filter(|steps| !steps.outcome.is_final())?;
    let since = span(state.now.duration_since(steps.since?));
    Some(if steps.ours { format!("{since} since the key") } else { format!("begun {since} ago") })
}

/// How far the analysis is that the rollout waits for.
fn measuring(state: &State, rollout: &Rollout) -> Option<String> {
    if rollout.phase.is_over() || rollout.gate.is_some() {
        return None;
    }
    let guards = state.cockpit()?.snapshot.guards.value()?;
    let running = guards.iter().filter_map(|guard| guard.measured.as_ref()).find(|measured| {
        !measured.dry_run && measured.planned.is_some() && measured.next.is_some()
    })?;
    let (done, planned) = (running.done, running.planned?);
    let wait = running.next?.duration_since(state.now);
    let when = if wait.is_positive() { format!(" in {}", span(wait)) } else { " now".to_owned() };
    Some(format!("next: measurement {} of {planned}{when}", (done + 1).min(planned)))
}

/// Before anything is known, and when there never was anything.
fn nothing(pen: &mut Pen<'_>, cockpit: &Cockpit) {
    let facts = &cockpit.snapshot.rollout;
    let width = pen.width().saturating_sub(2);
    match (facts.value(), facts.fault()) {
        (Some(_), _) => {
            let text = "no rollout is on record here; waiting for one to begin";
            pen.cut(1, 0, width, text, Role::Strong);
        }
        (None, Some(fault)) => {
            let hint = fault.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
            let x = pen.left(1, 0, "CANNOT READ IT", Role::Danger);
            let text = format!("{}{}", clean(&fault.to_string()), clean(&hint));
            pen.cut(x + 3, 0, width.saturating_sub(x + 2), &text, Role::Text);
        }
        (None, None) => {
            pen.left(1, 0, "asking AWS", Role::Dim);
        }
    }
}
