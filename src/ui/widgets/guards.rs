//! The alarms and analyses that guard the rollout, in one line or, expanded, with all that is known
//! of each.

use jiff::Timestamp;
use unicode_width::UnicodeWidthStr;

use crate::app::measured::brief;
use crate::app::{Cockpit, State};
use crate::domain::{Guard, GuardState, Pipeline};
use crate::ui::format::{clean, moment};
use crate::ui::line::Line;
use crate::ui::pen::Pen;
use crate::ui::theme::{Glyphs, Role, Theme};
use crate::ui::words;

use super::analysis;

/// How a guard stands: its mark, its word, its look.
fn standing(guard: &Guard, glyphs: Glyphs) -> (char, String, Role) {
    if let Some(measured) = &guard.measured {
        return analysis::word(guard, measured, glyphs);
    }
    let (mark, word, role) = alarm(guard.state, glyphs);
    (mark, word.to_owned(), role)
}

/// What stands before them, and over them.
fn names(cockpit: &Cockpit) -> (&'static str, &'static str) {
    let list = cockpit.snapshot.guards.value().map_or(&[][..], Vec::as_slice);
    match list.iter().filter(|guard| guard.measured.is_some()).count() {
        0 => ("alarms", " alarms that guard the rollout "),
        all if all == list.len() => ("analysis", " analyses that guard the rollout "),
        _ => ("guards", " alarms and analyses that guard the rollout "),
    }
}

/// The heading of them all.
pub(crate) fn title(cockpit: &Cockpit) -> &'static str {
    names(cockpit).1
}

fn alarm(state: GuardState, glyphs: Glyphs) -> (char, &'static str, Role) {
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
    let guards = &cockpit.snapshot.guards;
    let x = pen.left(1, 0, names(cockpit).0, Role::Dim) + 2;
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
    let room = usize::from(pen.width().saturating_sub(x + 1));
    let glyphs = pen.glyphs();
    // As much of each as there is room for on all of them.
    let told = |much: Much| sorted.iter().map(|guard| Told::new(guard, much, glyphs)).collect();
    let levels = [Much::All, Much::Value, Much::Word].map(|much| -> Vec<Told> { told(much) });
    let fits = |all: &&Vec<Told>| all.iter().map(Told::cells).sum::<usize>() <= room + GAP;
    let [_, _, words] = &levels;
    row(pen, x, levels.iter().find(fits).unwrap_or(words));
}

/// Between two guards in the line.
const GAP: usize = 3;

/// How much of a guard is told in the line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Much {
    Word,
    Value,
    All,
}

/// A guard in the line: pieces of text with their looks.
struct Told(Vec<(String, Role)>);

impl Told {
    fn new(guard: &Guard, much: Much, glyphs: Glyphs) -> Self {
        let (mark, word, role) = standing(guard, glyphs);
        let name = clean(&guard.name);
        let mut pieces =
            vec![(format!("{mark} "), role), (format!("{name} "), Role::Text), (word, role)];
        let Some(measured) = &guard.measured else { return Self(pieces) };
        if much != Much::Word
            && let Some(text) = brief(measured)
        {
            pieces.push((format!("  {}", clean(&text)), Role::Text));
        }
        if much == Much::All && measured.measurements.len() > 1 {
            pieces.push(("  ".to_owned(), Role::Text));
            let bars = analysis::short(measured, glyphs).into_iter();
            pieces.extend(bars.map(|(glyph, role)| (glyph.to_string(), role)));
        }
        Self(pieces)
    }

    fn cells(&self) -> usize {
        self.0.iter().map(|(text, _)| text.width()).sum::<usize>() + GAP
    }
}

/// One after the other, as many as fit.
fn row(pen: &mut Pen<'_>, mut x: u16, all: &[Told]) {
    for (index, told) in all.iter().enumerate() {
        let room = usize::from(pen.width().saturating_sub(x + 1));
        let more = all.len() - index;
        if told.cells() > (room + GAP).saturating_sub(if more > 1 { 10 } else { 0 }) {
            let room = pen.width().saturating_sub(x + 1);
            pen.cut(x, 0, room, &format!("and {more} more"), Role::Dim);
            return;
        }
        for (text, role) in &told.0 {
            x = pen.left(x, 0, text, *role);
        }
        x += 3;
    }
}

/// Each with everything that is known of it.
pub(crate) fn list(pen: &mut Pen<'_>, state: &State, cockpit: &Cockpit) {
    let Some(list) = cockpit.snapshot.guards.value().filter(|list| !list.is_empty()) else {
        return line(pen, cockpit);
    };
    let lines: Vec<Line> =
        list.iter().flat_map(|guard| lines(guard, pen.width(), state.now, pen.theme())).collect();
    Line::draw_from(&lines, pen, cockpit.scroll);
}

fn lines(guard: &Guard, width: u16, now: Timestamp, theme: &Theme) -> Vec<Line> {
    if let Some(measured) = &guard.measured {
        let mut lines = analysis::lines(guard, measured, width, now, theme);
        lines.push(Line::default());
        return lines;
    }
    let (mark, word, role) = standing(guard, theme.glyphs);
    let since = guard.since.map(|at| format!(" since {}", moment(at, now, &theme.zone)));
    let text = format!("{mark} {} {word}{}", clean(&guard.name), since.unwrap_or_default());
    let reason = clean(guard.reason.as_deref().unwrap_or_default()).into_owned();
    let mut line = Line::default();
    line.left(1, &text, role);
    let end = width.saturating_sub(1);
    let start = 3 + u16::try_from(text.width()).unwrap_or(u16::MAX);
    if usize::from(start) + reason.width() <= usize::from(end) {
        line.left(start, &reason, Role::Dim);
        return vec![line];
    }
    let reason = Line::wrapped(3, end, &reason, Role::Dim);
    std::iter::once(line).chain(reason).collect()
}
