//! The way back, always there: may I, can I, to what, how fast, until when.

use crate::app::{State, select};
use crate::ui::format::{clean, due, left, span};
use crate::ui::pen::Pen;
use crate::ui::theme::Role;
use unicode_width::UnicodeWidthStr;

/// Draws the line.
pub(crate) fn draw(pen: &mut Pen<'_>, state: &State) {
    let strip = select::strip(state);
    let mut x = pen.left(1, 0, "roll back", Role::Dim) + 2;
    let (word, role) = match &strip.can {
        select::Can::Ready => ("READY", Role::Good),
        select::Can::Risky => ("RISKY", Role::Warning),
        select::Can::Slow => ("SLOW", Role::Warning),
        select::Can::GoingBack => ("ON ITS WAY", Role::Strong),
        select::Can::Done => ("DONE", Role::Good),
        select::Can::Not(_) => ("NOT NOW", Role::Dim),
    };
    x = pen.left(x, 0, word, role) + 3;
    let end = until(pen, state, &strip);
    let room = end.saturating_sub(x + 2);
    let mut parts = parts(state, &strip);
    // What matters less gives way whole; the first part is cut only when nothing else is left.
    while parts.len() > 1 && parts.join(", ").width() > usize::from(room) {
        parts.pop();
    }
    pen.cut(x, 0, room, &parts.join(", "), Role::Text);
}

/// What can be said, the most important first.
fn parts(state: &State, strip: &select::RollbackStrip) -> Vec<String> {
    let mut parts = Vec::new();
    if let select::May::Missing(permission) = &strip.may {
        parts.push(format!("no permission for {}", clean(permission)));
    }
    match &strip.can {
        select::Can::Not(why) => parts.push(clean(&why.to_string()).into_owned()),
        select::Can::Done => {
            if let Some(steps) = select::steps(state) {
                let restored = steps.list.iter().find(|s| s.kind == select::StepKind::Restored);
                if let Some(select::StepState::Done { after: Some(after) }) =
                    restored.map(|step| step.state)
                {
                    parts.push(format!("{} to restored traffic", span(after)));
                }
            }
        }
        select::Can::Ready | select::Can::Risky | select::Can::Slow | select::Can::GoingBack => {}
    }
    let to = strip.to.as_deref().map(|to| format!("to {}", clean(to)));
    if let Some(to) = to.filter(|_| !matches!(strip.can, select::Can::Not(_))) {
        parts.push(to);
    }
    if matches!(strip.can, select::Can::Ready | select::Can::Risky | select::Can::GoingBack) {
        if let Some(tasks) = strip.tasks {
            parts.push(format!("{} of {} tasks", tasks.running, tasks.desired));
        }
        match strip.targets {
            Some((healthy, all)) => parts.push(format!("{healthy} of {all} targets healthy")),
            None => parts.push("target health not known".to_owned()),
        }
    }
    match strip.speed {
        Some(select::Speed::Seconds) => parts.push("back in seconds".to_owned()),
        Some(select::Speed::Minutes) => {
            parts.push("a new deployment, takes minutes".to_owned());
        }
        None => {}
    }
    let offered = matches!(strip.can, select::Can::Ready | select::Can::Risky | select::Can::Slow);
    if offered && strip.may == select::May::Unknown {
        parts.push("permission not tried yet".to_owned());
    }
    parts
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
