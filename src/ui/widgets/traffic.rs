//! The traffic in one place: asked for, held by the listener, measured.

use unicode_width::UnicodeWidthStr;

use crate::app::{State, select};
use crate::domain::{FaultKind, ListenerSplit, ShareOf, Split};
use crate::ui::format::{age, clean, share};
use crate::ui::pen::Pen;
use crate::ui::theme::Role;

/// Three lines, or one where there is little room.
pub(crate) fn draw(pen: &mut Pen<'_>, state: &State) {
    let truth = select::traffic(state);
    let listener = match &truth.listener {
        Some(ListenerSplit::Split(split)) => Some(*split),
        Some(ListenerSplit::Mixed(_) | ListenerSplit::Elsewhere) | None => None,
    };
    if pen.height() == 1 {
        return condensed(pen, &truth, listener, state);
    }
    pen.left(1, 0, "traffic", Role::Dim);
    let note = note(&truth, state);
    let test = truth.test.filter(|test| test.green.get() > 0.0);
    let test = test.map(|test| format!("test traffic {} %", share(test.green.get())));
    let (first, what) = match (truth.of, &truth.listener) {
        (ShareOf::Answers, _) => ("records", "share of the answers, not of requests".to_owned()),
        (ShareOf::Tasks, _) => ("tasks", "no weights: each running task takes its turn".to_owned()),
        (ShareOf::Instances, _) => {
            ("instances", "no weights: each registered instance takes its turn".to_owned())
        }
        (ShareOf::Requests, Some(ListenerSplit::Mixed(_))) => {
            ("asked for", "its rules disagree".to_owned())
        }
        (ShareOf::Requests, Some(ListenerSplit::Elsewhere)) => {
            ("asked for", "it forwards to neither side".to_owned())
        }
        (ShareOf::Requests, Some(ListenerSplit::Split(_))) => {
            ("asked for", test.unwrap_or_default())
        }
        (ShareOf::Requests, None) => {
            ("asked for", test.or_else(|| not_there(state)).unwrap_or_default())
        }
    };
    let measured = truth.measured.map(|measured| measured.split);
    // The bars end at one column, as far right as the longest word allows.
    let beside = |split: Option<Split>, word: &str| split.map_or(0, |_| word.width());
    let word = beside(listener, &what).max(beside(measured, &note)).max(16);
    let room = 10 + u16::try_from(word).unwrap_or(u16::MAX - 10);
    row(pen, 0, room, (first, truth.planned), None);
    let second = if truth.of == ShareOf::Answers { "answers" } else { "listener" };
    row(pen, 1, room, (second, listener), Some(&what));
    row(pen, 2, room, ("requests", measured), Some(&note));
}

/// Why the listener has no split, where that is no failure.
fn not_there(state: &State) -> Option<String> {
    let rollout = state.cockpit()?.snapshot.rollout()?;
    let fault = rollout.traffic.listener.fault()?;
    (fault.kind == FaultKind::Absent).then(|| clean(&fault.brief()).into_owned())
}

/// One of the three: the label, blue's share, the bar, and in the `room` behind it green's share
/// and a word; without a word the sides are named.
fn row(pen: &mut Pen<'_>, y: u16, room: u16, what: (&str, Option<Split>), word: Option<&str>) {
    let (label, split) = what;
    pen.left(10, y, label, Role::Dim);
    let bar_start = 34;
    let bar_end = pen.width().saturating_sub(room).max(bar_start);
    let Some(split) = split else {
        let text = word.filter(|word| !word.is_empty()).unwrap_or("not known");
        pen.left(22, y, "?", Role::Dim);
        pen.cut(bar_start, y, pen.width().saturating_sub(bar_start), text, Role::Dim);
        return;
    };
    if word.is_none() {
        pen.left(21, y, "blue", Role::Blue);
    }
    pen.right(bar_start - 1, y, &format!("{} %", share(split.blue().get())), Role::Text);
    bar(&mut pen.part(bar_start, y, bar_end - bar_start, 1), split);
    let x = pen.left(bar_end + 1, y, &format!("{:>5} %", share(split.green.get())), Role::Text);
    match word {
        None => pen.left(x + 2, y, "green", Role::Green),
        Some(word) => pen.cut(x + 2, y, pen.width().saturating_sub(x + 2), word, Role::Dim),
    };
}

/// Blue's part full, green's part light: they differ without colour too.
fn bar(pen: &mut Pen<'_>, split: Split) {
    let width = pen.width();
    let mut green = (split.green.get() / 100.0 * f64::from(width)).round() as u16;
    // A share that is there is seen, on both sides.
    if split.green.get() > 0.0 {
        green = green.max(1);
    }
    if split.blue().get() > 0.0 {
        green = green.min(width.saturating_sub(1));
    }
    let glyphs = pen.glyphs();
    let x = pen.repeat(0, 0, glyphs.full, width - green.min(width), Role::Blue);
    pen.repeat(x, 0, glyphs.empty, green, Role::Green);
}

fn note(truth: &select::TrafficTruth, state: &State) -> String {
    match truth.agreement {
        select::Agreement::StillMoving => "still moving".to_owned(),
        select::Agreement::NotConverged { since: Some(at) } => {
            format!("not converged, {}", age(state.now.duration_since(at)))
        }
        select::Agreement::NotConverged { since: None } => "not converged".to_owned(),
        select::Agreement::Sticky => "sticky sessions".to_owned(),
        select::Agreement::OffPlan { fitting: (low, high) } => {
            format!("not {} to {} % as planned", share(low.get()), share(high.get()))
        }
        select::Agreement::Agree | select::Agreement::Unknown => {
            truth.measured.map_or(String::new(), |m| format!("over {} min", m.minutes))
        }
    }
}

fn condensed(
    pen: &mut Pen<'_>,
    truth: &select::TrafficTruth,
    listener: Option<Split>,
    state: &State,
) {
    let mut x = pen.left(1, 0, "traffic  ", Role::Dim);
    let Some(split) = listener.or(truth.planned) else {
        pen.left(x, 0, "? not known", Role::Dim);
        return;
    };
    x = pen.left(x, 0, "blue ", Role::Blue);
    x = pen.left(x, 0, &format!("{} % ", share(split.blue().get())), Role::Text);
    let measured = truth.measured.map_or("requests ?".to_owned(), |measured| {
        format!("requests {} %", share(measured.split.green.get()))
    });
    let word = match truth.agreement {
        select::Agreement::Agree | select::Agreement::Unknown => measured,
        _ => note(truth, state),
    };
    let end = pen.right(pen.width().saturating_sub(1), 0, &word, Role::Dim);
    let green = format!(" {} % green", share(split.green.get()));
    let cells = u16::try_from(green.chars().count()).unwrap_or(0);
    let bar_end = end.saturating_sub(cells + 2);
    bar(&mut pen.part(x, 0, bar_end.saturating_sub(x), 1), split);
    pen.left(bar_end, 0, &green, Role::Green);
}
