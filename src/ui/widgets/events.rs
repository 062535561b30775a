//! What happened, newest first.

use crate::app::{State, select};
use crate::domain::{EventKind, Side, TimelineEvent};
use crate::ui::format::{clean, clock};
use crate::ui::pen::Pen;
use crate::ui::theme::Role;

/// The first row to show of `len` so that the last page is full.
pub(crate) fn first_row(scroll: usize, len: usize, rows: u16) -> usize {
    scroll.min(len.saturating_sub(usize::from(rows)))
}

/// Fills the pen with events from the row `scroll` on; whether there were any.
pub(crate) fn list(pen: &mut Pen<'_>, state: &State, scroll: usize) -> bool {
    let events = select::timeline(state);
    let top = first_row(scroll, events.len(), pen.height());
    for (y, event) in (0..pen.height()).zip(events.iter().skip(top)) {
        row(pen, y, event);
    }
    !events.is_empty()
}

fn row(pen: &mut Pen<'_>, y: u16, event: &TimelineEvent) {
    let time = clock(event.at, &pen.theme().zone);
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
    let x = match event.side {
        Some(Side::Blue) => pen.left(23, y, "blue: ", Role::Blue),
        Some(Side::Green) => pen.left(23, y, "green: ", Role::Green),
        None => 23,
    };
    pen.cut(x, y, pen.width().saturating_sub(x + 1), &clean(&event.text), role);
}
