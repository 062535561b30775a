//! What the tasks of a side write, the newest row at the bottom.

use unicode_width::UnicodeWidthStr;

use crate::app::log::{NoLog, source};
use crate::app::{Cockpit, Log};
use crate::domain::{Fact, LogLine, LogPlace, Side};
use crate::ui::format::{clean, moment};
use crate::ui::pen::{Pen, wrap};
use crate::ui::theme::Role;

/// Columns of the time, and of the end of a task's id.
const TIME: u16 = 9;
const TASK: u16 = 6;
/// Where a row's text begins.
const TEXT: u16 = 1 + TIME + 1 + TASK + 1;

/// Draws the log of a side, and what is missing in it.
pub(crate) fn draw(pen: &mut Pen<'_>, cockpit: &Cockpit) {
    let Some(log) = cockpit.log.as_deref() else { return };
    frame(pen, cockpit, log);
    let (width, height) = (pen.width().saturating_sub(2), pen.height().saturating_sub(2));
    let mut inner = pen.part(1, 1, width, height);
    match log.lines.value() {
        Some(lines) if !lines.is_empty() => rows(&mut inner, cockpit, (log, lines)),
        _ => {
            let (text, role) = nothing(cockpit, log);
            for (y, text) in (0..height).zip(wrap(&text, usize::from(width.saturating_sub(2)))) {
                inner.left(1, y, &text, role);
            }
        }
    }
}

fn frame(pen: &mut Pen<'_>, cockpit: &Cockpit, log: &Log) {
    let (word, side) = match log.side {
        Side::Blue => (" BLUE ", Role::Blue),
        Side::Green => (" GREEN ", Role::Green),
    };
    let place = source(&cockpit.snapshot, log.side).ok();
    let place = place.map(|(place, _)| format!("log of {} ", clean(&place.to_string())));
    let left = [(word, side), (place.as_deref().unwrap_or("log "), Role::Title)];
    let (note, role) = note(cockpit, log);
    pen.frame(&left, &[(&note, role)], Role::Focus);
}

/// Why the newest rows may not be what is seen.
fn note(cockpit: &Cockpit, log: &Log) -> (String, Role) {
    if let Fact::Stale { fault, .. } = &log.lines {
        return (format!(" {} ", clean(&fault.brief())), Role::Warning);
    }
    if cockpit.scroll > 0 {
        let rows = if cockpit.scroll == 1 { "row" } else { "rows" };
        return (format!(" {} newer {rows} below ", cockpit.scroll), Role::Dim);
    }
    let left_out = log.left_out.as_deref().map(|what| format!(" {} ", clean(what)));
    (left_out.unwrap_or_default(), Role::Warning)
}

/// The rows that fit, the last of them as far above the newest as was scrolled.
fn rows(pen: &mut Pen<'_>, cockpit: &Cockpit, (log, lines): (&Log, &[LogLine])) {
    let height = usize::from(pen.height());
    let room = usize::from(pen.width().saturating_sub(TEXT + 1));
    let texts = |line: &LogLine| -> Vec<String> {
        let text = clean(&line.text).into_owned();
        if log.whole && text.width() > room { wrap(&text, room) } else { vec![text] }
    };
    let tall = |line: &LogLine| texts(line).len();
    pen.stops_at(lines.len().saturating_sub(fitting(lines.iter().map(tall), height)));
    let last = lines.len().saturating_sub(cockpit.scroll).max(1);
    let shown = fitting(lines[..last].iter().rev().map(tall), height);
    let mut y = 0;
    for line in &lines[last - shown..last] {
        let time = moment(line.at, cockpit.snapshot.taken, &pen.theme().zone);
        pen.left(1, y, &time, Role::Dim);
        pen.cut(2 + TIME, y, TASK, &clean(end(&line.task)), Role::Dim);
        let role = if is_alarming(&line.text) { Role::Warning } else { Role::Text };
        for text in texts(line) {
            pen.cut(TEXT, y, pen.width().saturating_sub(TEXT + 1), &text, role);
            y += 1;
        }
    }
}

/// The end of a task's id, which tells it from the others: that of a pod is what its name ends on.
fn end(task: &str) -> &str {
    let end = task.char_indices().rev().nth(usize::from(TASK) - 1).map_or(0, |(at, _)| at);
    let end = task.get(end..).unwrap_or(task);
    end.rsplit('-').next().unwrap_or(end)
}

/// How many of the lines, each of so many rows, fit into so many rows; at least one.
fn fitting(tall: impl Iterator<Item = usize>, rows: usize) -> usize {
    let mut left = rows;
    let fits = |tall: &usize| {
        let fits = left.checked_sub(*tall);
        left = fits.unwrap_or(left);
        fits.is_some()
    };
    tall.take_while(fits).count().max(1)
}

/// Whether a line says that something went wrong, by the word that loggers begin it with.
fn is_alarming(text: &str) -> bool {
    const WORDS: [&str; 6] = ["error", "fatal", "critical", "panic", "exception", "traceback"];
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).take(12);
    let mut words = words.map(str::to_ascii_lowercase);
    words.any(|word| WORDS.iter().any(|alarming| word.ends_with(alarming)))
}

/// Why there is no row, as far as that is known.
fn nothing(cockpit: &Cockpit, log: &Log) -> (String, Role) {
    let side = log.side.word();
    let place = match source(&cockpit.snapshot, log.side) {
        Ok((place, _)) => place,
        Err(NoLog::NoTasks) => return (format!("{side} has no tasks"), Role::Dim),
        Err(NoLog::NotKnownYet) => {
            return (format!("it is not known yet where {side} writes"), Role::Dim);
        }
        Err(NoLog::Unreadable(fault)) => return (clean(&fault.message).into_owned(), Role::Dim),
    };
    match (&log.lines, place) {
        (Fact::Unknown { fault }, _) => (clean(&fault.to_string()).into_owned(), Role::Warning),
        (Fact::Unasked, LogPlace::Group { .. }) => ("asking CloudWatch Logs".into(), Role::Dim),
        (Fact::Unasked, LogPlace::Pods { .. }) => ("asking the cluster".into(), Role::Dim),
        (Fact::Known { .. } | Fact::Stale { .. }, LogPlace::Group { .. }) => {
            (format!("{side} has written nothing in the last three hours"), Role::Dim)
        }
        (Fact::Known { .. } | Fact::Stale { .. }, LogPlace::Pods { .. }) => {
            (format!("{side} has written nothing"), Role::Dim)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_wrong_is_found_by_the_word_of_the_logger() {
        for (text, alarming) in [
            ("ERROR POST /orders 500", true),
            ("2026-03-02 12:00:00,123 [main] ERROR c.e.Shop - no stock", true),
            ("{\"level\":\"error\",\"msg\":\"no stock\"}", true),
            ("java.lang.NullPointerException: x", true),
            ("thread 'main' panicked at src/main.rs:3", false),
            ("Traceback (most recent call last):", true),
            ("INFO 120 requests answered, 0 errors", false),
            ("GET /terrors 200", false),
        ] {
            assert_eq!(is_alarming(text), alarming, "{text}");
        }
    }

    #[test]
    fn whole_lines_fit_and_one_that_is_too_tall_is_begun() {
        assert_eq!(fitting([1, 1, 1].into_iter(), 2), 2);
        assert_eq!(fitting([2, 2, 1].into_iter(), 3), 1);
        assert_eq!(fitting([9].into_iter(), 3), 1);
    }
}
