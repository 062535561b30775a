//! The way back, always there: may I, can I, to what, how fast, until when.

use crate::app::{State, select};
use crate::ui::format::{age, clean, due, left, span};
use crate::ui::pen::Pen;
use crate::ui::theme::Role;
use unicode_width::UnicodeWidthStr;

/// Draws the line.
pub(crate) fn draw(pen: &mut Pen<'_>, state: &State) {
    let strip = select::strip(state);
    let x = pen.left(1, 0, "roll back", Role::Dim) + 2;
    let (word, role) = match &strip.can {
        select::Can::Ready => ("READY", Role::Good),
        select::Can::Risky => ("RISKY", Role::Warning),
        select::Can::Slow => ("SLOW", Role::Warning),
        select::Can::Needless => ("NOT NEEDED", Role::Dim),
        select::Can::GoingBack => ("ON ITS WAY", Role::Strong),
        select::Can::Done => ("DONE", Role::Good),
        select::Can::Not(_) => ("NOT NOW", Role::Dim),
    };
    // What was true of old data is no promise.
    let (doubt, role) = if rests_on_old_data(state) { ("?", Role::Stale) } else { ("", role) };
    let x = pen.left(x, 0, &format!("{word}{doubt}"), role) + 3;
    let end = until(pen, state, &strip);
    let room = end.saturating_sub(x + 2);
    let long = texts(state, &strip, true);
    let offered = matches!(strip.can, select::Can::Ready | select::Can::Risky | select::Can::Slow);
    let untried = (offered && strip.may == select::May::Unknown)
        .then(|| [long.as_slice(), &["permission not tried yet".to_owned()]].concat());
    let short = texts(state, &strip, false);
    let texts: Vec<_> = untried.into_iter().chain([long, short]).collect();
    pen.cut(x, 0, room, &widest(&texts, usize::from(room)), Role::Text);
}

fn rests_on_old_data(state: &State) -> bool {
    let rollout = state.cockpit().and_then(|cockpit| cockpit.snapshot.rollout());
    rollout.is_some_and(|rollout| !rollout.phase.is_over()) && !select::is_live(state)
}

/// The first way to say it that fits; else the last without its end: what matters less gives way
/// whole.
fn widest(texts: &[Vec<String>], room: usize) -> String {
    let whole = texts.iter().map(|parts| parts.join(", ")).find(|text| text.width() <= room);
    whole.unwrap_or_else(|| {
        let mut parts = texts.last().cloned().unwrap_or_default();
        while parts.len() > 1 && parts.join(", ").width() > room {
            parts.pop();
        }
        parts.join(", ")
    })
}

/// What can be said, the most important first, in many words or in few.
fn texts(state: &State, strip: &select::RollbackStrip, long: bool) -> Vec<String> {
    let mut parts = Vec::new();
    if let select::May::Missing(permission) = &strip.may {
        parts.push(format!("no permission for {}", clean(permission)));
    }
    match &strip.can {
        select::Can::Not(why) => parts.push(clean(&why.to_string()).into_owned()),
        select::Can::Needless => parts.push("all traffic is on blue".to_owned()),
        select::Can::Done
        | select::Can::Risky
        | select::Can::Ready
        | select::Can::GoingBack
        | select::Can::Slow => {}
    }
    let arrived = strip.can == select::Can::Done;
    let way = if arrived { "back on" } else { "to" };
    let to = strip.to.as_deref().map(|to| format!("{way} {}", clean(to)));
    let goes = !matches!(strip.can, select::Can::Not(_) | select::Can::Needless);
    parts.extend(to.filter(|_| goes));
    // Whoever counts on it has to know that it may not last.
    parts.extend(strip.kept.iter().map(|one| format!("{} may take it back", clean(&one.tool))));
    if arrived {
        parts.extend(restored(state));
    }
    if matches!(strip.can, select::Can::Ready | select::Can::Risky | select::Can::GoingBack) {
        parts.extend(health(strip, long));
    }
    match strip.speed {
        Some(select::Speed::Seconds) => parts.push("back in seconds".to_owned()),
        Some(select::Speed::Within(lag)) => {
            parts.push(format!("clients follow within {}", age(lag)));
        }
        Some(select::Speed::Minutes) if strip.tasks.is_none() => {
            parts.push("by a new deployment, takes minutes".to_owned());
        }
        Some(select::Speed::Minutes) => parts.push("tasks have to start, takes minutes".to_owned()),
        None => {}
    }
    parts
}

/// How long the traffic took to come back.
fn restored(state: &State) -> Option<String> {
    let steps = select::steps(state)?;
    let restored = steps.list.iter().find(|step| step.kind == select::StepKind::Restored)?;
    match restored.state {
        select::StepState::Done { after: Some(after) } => {
            Some(format!("{} to restored traffic", span(after)))
        }
        select::StepState::Done { after: None }
        | select::StepState::Pending
        | select::StepState::Running
        | select::StepState::Failed => None,
    }
}

/// How blue is. A blue without fault is one number: as many as there should be.
fn health(strip: &select::RollbackStrip, long: bool) -> Vec<String> {
    let tasks = strip.tasks.map(|tasks| (tasks.running, tasks.desired));
    match (tasks, strip.targets) {
        (Some((running, desired)), Some((healthy, all)))
            if long && running == desired && healthy == all && all == running as usize =>
        {
            vec![format!("{running} of {desired} tasks healthy")]
        }
        (Some((running, desired)), Some((healthy, all))) if long => {
            vec![format!("{running} of {desired} tasks"), format!("{healthy} of {all} healthy")]
        }
        (Some((running, desired)), Some((healthy, all))) if running == desired => {
            vec![format!("{healthy}/{all} healthy")]
        }
        (Some((running, desired)), Some((healthy, all))) => {
            vec![format!("{running}/{desired} tasks"), format!("{healthy}/{all} healthy")]
        }
        (Some((running, desired)), None) => {
            vec![format!("{running} of {desired} tasks"), "health not known".to_owned()]
        }
        (None, Some((healthy, all))) => vec![format!("{healthy} of {all} healthy")],
        (None, None) => vec!["tasks and health not known".to_owned()],
    }
}

/// Draws until when it is possible, at the right end; the column it begins at.
fn until(pen: &mut Pen<'_>, state: &State, strip: &select::RollbackStrip) -> u16 {
    let end = pen.width().saturating_sub(1);
    let Some(until) = &strip.until else { return end };
    let at = due(until, &pen.theme().zone);
    let long = format!("possible until {at} ({} left)", left(until, state.now));
    let text = if pen.width() >= 100 { long } else { format!("until {at}") };
    pen.right(end, 0, &text, Role::Text)
}
