//! Whether green is worse: words first, then the numbers, then the evidence.

use crate::app::verdict::{Accepted, Judgement};
use crate::app::{Cockpit, State, select};
use crate::domain::{RolloutKind, Source};
use crate::stats::Verdict;
use crate::ui::format::{clean, level};
use crate::ui::pen::Pen;
use crate::ui::sentence::{Sentence, odds};
use crate::ui::theme::{Glyphs, Role};
use crate::ui::words;
use unicode_width::UnicodeWidthStr;

/// The fewest minutes of the evidence's history that are worth their room.
const LEAST_HISTORY: u16 = 8;

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
    // The moment of a decision gives way to all the numbers it rests on, a forecast to the first.
    let shown = match assessment.verdict {
        Verdict::Worse => parts.concat().width(),
        Verdict::NoWorse
        | Verdict::Better
        | Verdict::Undecided
        | Verdict::NoData
        | Verdict::CannotCompareSideBySide => parts.first().map_or(0, |part| part.width()),
    };
    let crowded = usize::from(x) + shown + 2 + when.width() > usize::from(end);
    let end = if crowded { end } else { pen.right(end, 0, &when, Role::Text) };
    say(pen, x, end.saturating_sub(x + 2), parts);
    if pen.height() < 2 {
        return;
    }
    match assessment.verdict {
        // There is no evidence to show where there is nothing to compare.
        Verdict::NoData | Verdict::CannotCompareSideBySide => {}
        Verdict::Worse | Verdict::NoWorse | Verdict::Better | Verdict::Undecided => {
            let room = pen.width().saturating_sub(11);
            evidence(&mut pen.part(10, 1, room, 1), judgement);
        }
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
        (Some(_), RolloutKind::Rollout) if rollout.phase.is_over() => "nothing was judged",
        (Some(_), RolloutKind::Rollout) => "nothing to judge yet",
        (None, _) => words::measuring(cockpit),
    };
    pen.cut(x, 0, room, text, Role::Dim);
}

/// The evidence between its two lines and how it came about:
/// `worse ├──█──┼─────┤ no worse  evidence 1 : 2.1, decides at 20 : 1  ▁▁▁▂▃`.
fn evidence(pen: &mut Pen<'_>, judgement: &Judgement) {
    const HALF: u16 = 12;
    let assessment = &judgement.assessment;
    let line = judgement.alpha.decision_line();
    let glyphs = pen.glyphs();
    // What has been proved stays proved.
    let decided = assessment.verdict == Verdict::Worse;
    let worse = if decided { 1.0 } else { (assessment.log_e / line).clamp(0.0, 1.0) };
    let safe = assessment.safe_progress.clamp(0.0, 1.0);
    let mut x = pen.left(0, 0, "worse ", Role::Dim);
    let cells = |share: f64| (share * f64::from(HALF)).round() as u16;
    let (bad, good) = (cells(worse), cells(safe));
    let role = if decided { Role::Danger } else { Role::Warning };
    x = pen.left(x, 0, "├", Role::Border);
    x = pen.repeat(x, 0, glyphs.rule, HALF - bad, Role::Border);
    x = pen.repeat(x, 0, glyphs.full, bad, role);
    x = pen.left(x, 0, "┼", Role::Border);
    x = pen.repeat(x, 0, glyphs.full, good, Role::Good);
    x = pen.repeat(x, 0, glyphs.rule, HALF - good, Role::Border);
    x = pen.left(x, 0, "┤ no worse", Role::Border);
    let now = odds(assessment.odds());
    let text = match assessment.verdict {
        Verdict::NoWorse | Verdict::Better => harm_below(judgement.accepted),
        Verdict::Worse if assessment.log_e < line => {
            format!("evidence {now} now, was above {:.0} : 1", line.exp())
        }
        Verdict::Worse
        | Verdict::Undecided
        | Verdict::NoData
        | Verdict::CannotCompareSideBySide => {
            format!("evidence {now}, decides at {:.0} : 1", line.exp())
        }
    };
    let x = pen.cut(x + 2, 0, pen.width().saturating_sub(x + 2), &text, Role::Dim) + 2;
    let room = pen.width().saturating_sub(x);
    if room >= LEAST_HISTORY {
        let history = history(&judgement.log_e, line, room.into(), glyphs);
        for (x, (glyph, role)) in (x..).zip(history) {
            pen.left(x, 0, &glyph.to_string(), role);
        }
    }
}

/// `harm below 25 % + 0.25 points, latency 25 %`: of the errors first.
fn harm_below(Accepted { errors, latency }: Accepted) -> String {
    let errors = errors.map(|margin| {
        let (more, points) = (100.0 * (margin.ratio() - 1.0), 100.0 * margin.plus());
        format!("{} % + {} points", level(more), level(points))
    });
    let latency = latency.map(|(least, most)| {
        let (least, most) = (level(100.0 * least.get()), level(100.0 * most.get()));
        let range = if least == most { least } else { format!("{least} to {most}") };
        format!("latency {range} %")
    });
    let parts: Vec<String> = [errors, latency].into_iter().flatten().collect();
    if parts.is_empty() {
        return "harm below what is accepted".to_owned();
    }
    format!("harm below {}", parts.join(", "))
}

/// How the evidence came about, one mark for each of the newest minutes; the highest mark is beyond
/// the decision line.
pub(crate) fn history(
    log_e: &[f64],
    line: f64,
    most: usize,
    glyphs: Glyphs,
) -> impl Iterator<Item = (char, Role)> {
    let newest = log_e.iter().skip(log_e.len().saturating_sub(most));
    newest.map(move |log_e| {
        let share = (log_e / line).clamp(0.0, 1.0);
        let height = (share * (glyphs.sparks.len() - 1) as f64).floor() as usize;
        let role = match share {
            share if share >= 1.0 => Role::Danger,
            share if share > 0.0 => Role::Warning,
            _ => Role::Dim,
        };
        (glyphs.sparks[height], role)
    })
}
