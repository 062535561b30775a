//! The first line: what this is, in whose name, and how old the data is.

use crate::app::{Cockpit, State, select};
use crate::domain::{Rollout, RolloutKind};
use crate::ui::format::{account, age, clean};
use crate::ui::pen::{Pen, fit};
use crate::ui::theme::Role;
use crate::ui::words;
use jiff::SignedDuration;
use unicode_width::UnicodeWidthStr;

/// Draws the line; parts of less weight give way from the right.
pub(crate) fn draw(pen: &mut Pen<'_>, state: &State, cockpit: &Cockpit) {
    let right = freshness(pen, state, cockpit);
    let room = right.saturating_sub(2);
    let mut parts: Vec<(String, Role)> = Vec::new();
    let mark = match (&state.settings.demo, state.settings.read_only) {
        (Some(demo), _) => format!("cutover demo {}", clean(&demo.scenario)),
        (None, true) => "cutover read-only".to_owned(),
        (None, false) => "cutover".to_owned(),
    };
    parts.push((mark, Role::Dim));
    match cockpit.snapshot.rollout() {
        Some(rollout) => {
            let name = if rollout.name.is_empty() { "?" } else { &rollout.name };
            parts.push((clean(name).into_owned(), Role::Title));
            parts.push((id(rollout), Role::Text));
        }
        None => parts.push((clean(&cockpit.snapshot.target.to_string()).into_owned(), Role::Title)),
    }
    let identity = cockpit.snapshot.identity.value();
    let region = identity.map_or("", |identity| identity.region.as_str());
    // Where changes would land matters more than the scenario's name.
    if width(&parts) + region.width() >= usize::from(room) {
        parts[0].0 = match (&state.settings.demo, state.settings.read_only) {
            (Some(_), _) => "demo".to_owned(),
            (None, true) => "read-only".to_owned(),
            (None, false) => "cutover".to_owned(),
        };
    }
    let mut optional: Vec<(String, Role)> = Vec::new();
    if let Some(rollout) = cockpit.snapshot.rollout().filter(|r| r.kind == RolloutKind::Rollout) {
        optional.push((words::plan(rollout), Role::Text));
    }
    if let Some(identity) = identity {
        optional.push((clean(identity.name()).into_owned(), Role::Text));
        optional.push((account(&identity.account), Role::Text));
    }
    parts.extend(fitting(&parts, optional, usize::from(room), region.width() + 2));
    let mut x = 1;
    // A name may be cut; a Region is there or not, like a number.
    if !region.is_empty() && width(&parts) + region.width() < usize::from(room) {
        parts.push((clean(region).into_owned(), Role::Text));
    }
    for (text, role) in parts {
        let left = room.saturating_sub(x);
        if left < 3 {
            break;
        }
        x = pen.left(x, 0, &fit(&text, usize::from(left), pen.glyphs().ellipsis), role) + 2;
    }
}

/// The rollout's own name, with that of what it undoes where it does not tell that itself.
fn id(rollout: &Rollout) -> String {
    let own = clean(rollout.id.as_str());
    match &rollout.kind {
        RolloutKind::Rollback { .. } if rollout.is_abort() => own.into_owned(),
        RolloutKind::Rollback { undoes: Some(undone) } => {
            format!("{own} undoes {}", clean(undone.as_str()))
        }
        RolloutKind::Rollback { undoes: None } => format!("{own} rollback"),
        RolloutKind::Rollout => own.into_owned(),
    }
}

/// The columns of parts, each with the gap behind it.
fn width(parts: &[(String, Role)]) -> usize {
    parts.iter().map(|(text, _)| text.width() + 2).sum()
}

/// The optional parts that fit whole.
fn fitting(
    parts: &[(String, Role)],
    optional: Vec<(String, Role)>,
    room: usize,
    reserved: usize,
) -> Vec<(String, Role)> {
    let mut left = room.saturating_sub(width(parts) + reserved);
    let mut kept = Vec::new();
    // The account matters more than the plan: it is offered the room first.
    let mut order: Vec<usize> = (0..optional.len()).rev().collect();
    let mut keep = vec![false; optional.len()];
    order.sort_by_key(|index| usize::from(*index == 0 && optional.len() > 1));
    for index in order {
        let width = optional[index].0.width() + 2;
        if width <= left {
            left -= width;
            keep[index] = true;
        }
    }
    for (part, keep) in optional.into_iter().zip(keep) {
        if keep {
            kept.push(part);
        }
    }
    kept
}

/// Draws the age at the right end; the column it begins at.
fn freshness(pen: &mut Pen<'_>, state: &State, cockpit: &Cockpit) -> u16 {
    let end = pen.width().saturating_sub(1);
    if cockpit.rests {
        return pen.right(end, 0, "not asking", Role::Warning);
    }
    let sources = select::staleness(state);
    let old = sources
        .iter()
        .filter(|source| source.state != select::Freshness::Fresh)
        .filter(|source| source.age.is_some() || source.fault.is_some())
        .max_by_key(|source| source.age);
    if let Some(old) = old {
        let why = match (old.age, &old.fault) {
            (Some(since), _) => format!("{} {} old !", old.source.word(), age(since)),
            (None, Some(fault)) => format!("{}: {} !", old.source.word(), clean(&fault.brief())),
            (None, None) => format!("{} !", old.source.word()),
        };
        return pen.right(end, 0, &why, Role::Danger);
    }
    match cockpit.snapshot.rollout.at().map(|at| state.now.duration_since(at)) {
        Some(since) => {
            let text = format!("data {} {}", age(since), pen.glyphs().fresh);
            pen.right(end, 0, &text, Role::Good)
        }
        None => pen.right(end, 0, "asking…", Role::Dim),
    }
}

/// Which sources do not answer, why, and when they are asked again; the most important first.
///
/// The first line has room for one age; this stands at the right end of the line below it.
pub(crate) fn trouble(state: &State) -> Vec<String> {
    let failing = select::staleness(state).into_iter().filter_map(|source| {
        let why = source.fault?.brief();
        let next = source.next.map(|at| at.duration_since(state.now));
        let next = next.filter(SignedDuration::is_positive);
        let again = next.map(|wait| format!(", again in {}", age(wait))).unwrap_or_default();
        Some(format!("{}: {}{again}", source.source.word(), clean(&why)))
    });
    failing.collect()
}
