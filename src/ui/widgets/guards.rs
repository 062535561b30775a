//! The alarms that guard the rollout, in one line or, expanded, one a line.

use crate::app::Cockpit;
use crate::domain::{Guard, GuardState, Pipeline};
use crate::ui::format::{clean, moment};
use crate::ui::pen::Pen;
use crate::ui::theme::{Glyphs, Role};
use crate::ui::words;
use unicode_width::UnicodeWidthStr;

fn words(state: GuardState, glyphs: Glyphs) -> (char, &'static str, Role) {
    match state {
        GuardState::Ok => (glyphs.done, "OK", Role::Good),
        GuardState::Alarm => ('!', "ALARM", Role::Danger),
        GuardState::InsufficientData => ('?', "not enough data", Role::Dim),
        GuardState::Missing => (glyphs.failed, "does not exist", Role::Warning),
    }
}

/// One line; those that fire come first. At its end stands the pipeline around the rollout.
pub(crate) fn line(pen: &mut Pen<'_>, cockpit: &Cockpit) {
    let width = pen.width();
    let text = cockpit.snapshot.pipeline.value().and_then(Option::as_ref).map(pipeline);
    let text = text.filter(|text| text.width() + 40 < usize::from(width)).unwrap_or_default();
    let end = pen.right(width.saturating_sub(1), 0, &text, Role::Dim);
    let room = if text.is_empty() { width } else { end };
    alarms(&mut pen.part(0, 0, room, 1), cockpit);
}

/// A pipeline in a few words: its name, what it delivers, and whether it waits.
fn pipeline(pipeline: &Pipeline) -> String {
    let waits = pipeline.approval.as_ref();
    let run = waits.and_then(|waits| waits.run.as_ref()).or(pipeline.run.as_ref());
    let source = run.and_then(|run| run.source.as_ref()).map(|source| {
        let id: String = source.id.chars().take(7).collect();
        let title = source.message.as_deref().and_then(|text| text.lines().next()).unwrap_or("");
        let title: String = title.chars().take(40).collect();
        format!(", {id} {title}")
    });
    let waits = waits.map(|approval| format!(", {} waits", approval.action)).unwrap_or_default();
    let text = format!("pipeline {}{}{waits}", pipeline.name, source.unwrap_or_default());
    clean(&text).trim_end().to_owned()
}

fn alarms(pen: &mut Pen<'_>, cockpit: &Cockpit) {
    let mut x = pen.left(1, 0, "alarms", Role::Dim) + 2;
    let guards = &cockpit.snapshot.guards;
    let Some(list) = guards.value() else {
        let text = match guards.fault() {
            Some(fault) => format!("? {}", clean(&fault.brief())),
            None => words::asking(cockpit).to_owned(),
        };
        pen.cut(x, 0, pen.width().saturating_sub(x + 1), &text, Role::Dim);
        return;
    };
    if list.is_empty() {
        let text = match cockpit.snapshot.rollout() {
            Some(_) => "none guards this rollout",
            None => "none without a rollout",
        };
        pen.left(x, 0, text, Role::Dim);
        return;
    }
    let mut sorted: Vec<&Guard> = list.iter().collect();
    sorted.sort_by_key(|guard| guard.state != GuardState::Alarm);
    for (index, guard) in sorted.iter().enumerate() {
        let (mark, word, role) = words(guard.state, pen.glyphs());
        let name = clean(&guard.name);
        let cells = name.width() + word.width() + 3;
        let room = usize::from(pen.width().saturating_sub(x + 1));
        let more = sorted.len() - index;
        if cells > room.saturating_sub(if more > 1 { 10 } else { 0 }) {
            pen.cut(
                x,
                0,
                pen.width().saturating_sub(x + 1),
                &format!("and {more} more"),
                Role::Dim,
            );
            return;
        }
        x = pen.left(x, 0, &format!("{mark} "), role);
        x = pen.left(x, 0, &format!("{name} "), Role::Text);
        x = pen.left(x, 0, word, role) + 3;
    }
}

/// Each alarm with its reason.
pub(crate) fn list(pen: &mut Pen<'_>, cockpit: &Cockpit) -> usize {
    let Some(list) = cockpit.snapshot.guards.value() else {
        line(pen, cockpit);
        return 1;
    };
    let top = pen.first_row(cockpit.scroll, list.len());
    for (y, guard) in (0..pen.height()).zip(list.iter().skip(top)) {
        let (mark, word, role) = words(guard.state, pen.glyphs());
        let since =
            |at| format!(" since {}", moment(at, cockpit.snapshot.taken, &pen.theme().zone));
        let since = guard.since.map(since);
        let x = pen.left(1, y, &format!("{mark} {} ", clean(&guard.name)), role);
        let x = pen.left(x, y, &format!("{word}{}", since.unwrap_or_default()), role);
        let reason = guard.reason.as_deref().unwrap_or_default();
        pen.cut(x + 2, y, pen.width().saturating_sub(x + 3), &clean(reason), Role::Dim);
    }
    list.len()
}
