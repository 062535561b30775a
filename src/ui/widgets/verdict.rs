//! Whether green is worse: words first, then the numbers, then the evidence.

use crate::app::{Cockpit, State, select};
use crate::domain::{RolloutKind, Source};
use crate::stats::{Assessment, Verdict};
use crate::ui::format::clean;
use crate::ui::pen::Pen;
use crate::ui::sentence::{Sentence, odds};
use crate::ui::theme::Role;
use unicode_width::UnicodeWidthStr;

/// Draws one line, or two where the pen has them.
pub(crate) fn draw(pen: &mut Pen<'_>, state: &State, cockpit: &Cockpit) {
    let x = pen.left(1, 0, "verdict", Role::Dim) + 2;
    let Some(judgement) = &cockpit.verdict else {
        return absent(pen, x, cockpit);
    };
    let assessment = &judgement.assessment;
    let Sentence { word, role, parts, when } =
        Sentence::new(&cockpit.snapshot, judgement, &pen.theme().zone);
    // Numbers that stopped coming in prove nothing about now, except that green was worse.
    let doubtful = is_old(state) && assessment.verdict != Verdict::Worse;
    let (doubt, role) = if doubtful { ("?", Role::Stale) } else { ("", role) };
    let x = pen.left(x, 0, &format!("{word}{doubt}"), role) + 3;
    let end = pen.width().saturating_sub(1);
    // The moment of the decision gives way to the numbers it rests on.
    let needed = usize::from(x) + parts.concat().width() + 2 + when.width();
    let crowded = needed > usize::from(end) && assessment.verdict == Verdict::Worse;
    let end = if crowded { end } else { pen.right(end, 0, &when, Role::Text) };
    say(pen, x, end.saturating_sub(x + 2), parts);
    if pen.height() < 2 {
        return;
    }
    let end = match assessment.verdict {
        // There is no evidence to show where there is nothing to compare.
        Verdict::NoData | Verdict::CannotCompareSideBySide => 10,
        Verdict::Worse | Verdict::NoWorse | Verdict::Better | Verdict::Undecided => {
            let line = judgement.alpha.decision_line();
            let room = pen.width().saturating_sub(11);
            10 + evidence(&mut pen.part(10, 1, room, 1), assessment, line)
        }
    };
    if let Some(truth) = truth(state) {
        let room = pen.width().saturating_sub(end + 4);
        let cells = u16::try_from(truth.width()).unwrap_or(u16::MAX);
        let start = pen.width().saturating_sub(1 + cells.min(room));
        pen.cut(start, 1, room, &truth, Role::Dim);
    }
}

/// What is true of green in the demo's scenario.
pub(crate) fn truth(state: &State) -> Option<String> {
    let demo = state.settings.demo.as_ref()?;
    Some(format!("truth: {}", clean(&demo.truth)))
}

fn is_old(state: &State) -> bool {
    let sources = select::staleness(state);
    let metrics = sources.iter().find(|source| source.source == Source::Metrics);
    metrics.is_some_and(|metrics| metrics.state != select::Freshness::Fresh)
}

/// Writes as many of `parts` as fit: what matters less gives way whole.
fn say(pen: &mut Pen<'_>, x: u16, room: u16, mut parts: Vec<String>) {
    while parts.len() > 1 && parts.concat().width() > usize::from(room) {
        parts.pop();
    }
    pen.cut(x, 0, room, &parts.concat(), Role::Text);
}

/// Why there is no verdict, and what to do about it.
fn absent(pen: &mut Pen<'_>, x: u16, cockpit: &Cockpit) {
    let room = pen.width().saturating_sub(x + 1);
    let metrics = &cockpit.snapshot.metrics;
    let Some(rollout) = cockpit.snapshot.rollout() else {
        pen.cut(x, 0, room, "nothing to judge", Role::Dim);
        return;
    };
    if let Some(fault) = metrics.fault() {
        let end = pen.left(x, 0, "NO DATA", Role::Warning) + 3;
        let room = pen.width().saturating_sub(end + 1);
        pen.cut(end, 0, room, &clean(&fault.brief()), Role::Text);
        if let Some(hint) = fault.hint().filter(|_| pen.height() > 1) {
            let room = pen.width().saturating_sub(11);
            pen.cut(10, 1, room, &format!("hint: {}", clean(&hint)), Role::Dim);
        }
        return;
    }
    let text = match (metrics.value(), &rollout.kind) {
        (Some(_), RolloutKind::Rollback { .. }) => {
            "not judged: this deployment leads the traffic back"
        }
        (Some(_), RolloutKind::Rollout) => "nothing to judge yet",
        (None, _) => "asking CloudWatch",
    };
    pen.cut(x, 0, room, text, Role::Dim);
}

/// The evidence between its two lines: `worse ├──█──┼─────┤ no worse  evidence 1 : 2.1`; where it
/// ends.
fn evidence(pen: &mut Pen<'_>, assessment: &Assessment, line: f64) -> u16 {
    const HALF: u16 = 12;
    let glyphs = pen.glyphs();
    let worse = (assessment.log_e / line).clamp(0.0, 1.0);
    let safe = assessment.safe_progress.clamp(0.0, 1.0);
    let mut x = pen.left(0, 0, "worse ", Role::Dim);
    let cells = |share: f64| (share * f64::from(HALF)).round() as u16;
    let (bad, good) = (cells(worse), cells(safe));
    let role = if worse >= 1.0 { Role::Danger } else { Role::Warning };
    x = pen.left(x, 0, "├", Role::Border);
    x = pen.repeat(x, 0, glyphs.rule, HALF - bad, Role::Border);
    x = pen.repeat(x, 0, glyphs.full, bad, role);
    x = pen.left(x, 0, "┼", Role::Border);
    x = pen.repeat(x, 0, glyphs.full, good, Role::Good);
    x = pen.repeat(x, 0, glyphs.rule, HALF - good, Role::Border);
    x = pen.left(x, 0, "┤ no worse", Role::Border);
    let text = match assessment.verdict {
        Verdict::NoWorse | Verdict::Better => "any harm is below what is accepted".to_owned(),
        _ => format!("evidence {}, decides at {:.0} : 1", odds(assessment.odds()), line.exp()),
    };
    pen.left(x + 2, 0, &text, Role::Dim)
}
