//! What happened, newest first.

use jiff::Timestamp;

use crate::app::{State, select};
use crate::domain::{EventKind, Side, TimelineEvent};
use crate::ui::format::{clean, moment};
use crate::ui::pen::Pen;
use crate::ui::theme::Role;

/// Fills the pen with events from the row `scroll` on; whether there were any.
pub(crate) fn list(pen: &mut Pen<'_>, state: &State, scroll: usize) -> bool {
    let events = select::timeline(state);
    let top = pen.first_row(scroll, events.len());
    for (y, event) in (0..pen.height()).zip(events.iter().skip(top)) {
        row(pen, y, event, state.now);
    }
    !events.is_empty()
}

fn row(pen: &mut Pen<'_>, y: u16, event: &TimelineEvent, now: Timestamp) {
    let time = moment(event.at, now, &pen.theme().zone);
    pen.left(3, y, &time, Role::Dim);
    let role = match event.kind {
        EventKind::Task | EventKind::Source => Role::Warning,
        EventKind::You | EventKind::Verdict => Role::Strong,
        EventKind::Deploy
        | EventKind::Hook
        | EventKind::Targets
        | EventKind::Service
        | EventKind::Alarm
        | EventKind::Traffic => Role::Text,
    };
    pen.left(13, y, event.kind.word(), Role::Dim);
    // Most sentences begin with their side; the others get it in front.
    let word = event.side.map_or("", Side::word);
    let text = event.text.strip_prefix(word).filter(|_| event.side.is_some());
    let x = match (event.side, text) {
        (Some(side), Some(_)) => pen.left(23, y, word, side_role(side)),
        (Some(side), None) => pen.left(23, y, &format!("{word}: "), side_role(side)),
        (None, _) => 23,
    };
    let text = text.unwrap_or(&event.text);
    pen.cut(x, y, pen.width().saturating_sub(x + 1), &clean(text), role);
}

fn side_role(side: Side) -> Role {
    match side {
        Side::Blue => Role::Blue,
        Side::Green => Role::Green,
    }
}
