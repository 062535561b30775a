//! Whether green is worse: words first, then the numbers, then the evidence.

use crate::app::verdict::Judgement;
use crate::app::{Cockpit, State, select};
use crate::domain::{MetricKind, RolloutKind, Side, Source};
use crate::stats::{Assessment, Basis, Counts, Eta, MetricAssessment, RatioEstimate, Verdict};
use crate::ui::format::{clean, millis, minute, percent};
use crate::ui::pen::Pen;
use crate::ui::theme::Role;
use unicode_width::UnicodeWidthStr;

/// Draws one line, or two where the pen has them.
pub(crate) fn draw(pen: &mut Pen<'_>, state: &State, cockpit: &Cockpit) {
    let x = pen.left(1, 0, "verdict", Role::Dim) + 2;
    let Some(judgement) = &cockpit.verdict else {
        return absent(pen, x, cockpit);
    };
    let assessment = &judgement.assessment;
    let past = cockpit.snapshot.rollout().is_some_and(|r| r.kind != RolloutKind::Rollout);
    let (word, role) = words(assessment.verdict, past);
    // Numbers that stopped coming in prove nothing about now, except that green was worse.
    let doubtful = is_old(state) && assessment.verdict != Verdict::Worse;
    let (doubt, role) = if doubtful { ("?", Role::Stale) } else { ("", role) };
    let x = pen.left(x, 0, &format!("{word}{doubt}"), role) + 3;
    let parts = numbers(cockpit, assessment);
    let end = pen.width().saturating_sub(1);
    let right = when(judgement, &pen.theme().zone);
    // The moment of the decision gives way to the numbers it rests on.
    let needed = usize::from(x) + parts.concat().width() + 2 + right.width();
    let crowded = needed > usize::from(end) && assessment.verdict == Verdict::Worse;
    let end = if crowded { end } else { pen.right(end, 0, &right, Role::Text) };
    say(pen, x, end.saturating_sub(x + 2), parts);
    if pen.height() < 2 {
        return;
    }
    let end = match assessment.verdict {
        // There is no evidence to show where there is nothing to compare.
        Verdict::NoData | Verdict::CannotCompareSideBySide => 10,
        Verdict::Worse | Verdict::NoWorse | Verdict::Better | Verdict::Undecided => {
            let line = state.settings.verdict.alpha.decision_line();
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

fn words(verdict: Verdict, past: bool) -> (&'static str, Role) {
    match (verdict, past) {
        (Verdict::Worse, false) => ("GREEN IS WORSE", Role::Danger),
        (Verdict::Worse, true) => ("GREEN WAS WORSE", Role::Strong),
        (Verdict::NoWorse, _) => ("NO WORSE", Role::Good),
        (Verdict::Better, _) => ("GREEN IS BETTER", Role::Good),
        (Verdict::Undecided, _) => ("UNDECIDED", Role::Strong),
        (Verdict::NoData, _) => ("NO DATA", Role::Dim),
        (Verdict::CannotCompareSideBySide, _) => ("CANNOT COMPARE", Role::Warning),
    }
}

/// The metric that matters most now: the one that is blamed, else the errors.
fn leading(assessment: &Assessment) -> Option<&MetricAssessment> {
    let blamed = assessment.blamed().filter(|_| assessment.verdict == Verdict::Worse);
    blamed.or_else(|| assessment.metrics.first())
}

/// The numbers in words, the most important first; each part goes on where the one before ends.
fn numbers(cockpit: &Cockpit, assessment: &Assessment) -> Vec<String> {
    match assessment.verdict {
        Verdict::NoData => {
            return vec!["green has no settled minute with requests yet".to_owned()];
        }
        Verdict::CannotCompareSideBySide => {
            return vec!["blue has no traffic and too short a history".to_owned()];
        }
        Verdict::Worse | Verdict::NoWorse | Verdict::Better | Verdict::Undecided => {}
    }
    let Some(metric) = leading(assessment) else { return Vec::new() };
    let latency = latency(cockpit, &metric.name);
    let has_p99 = latency.is_some();
    let warming_up = assessment.warm_up_left > 0 && assessment.verdict == Verdict::Undecided;
    let bound = bound(metric, assessment);
    let before_after = assessment.basis == Basis::BeforeAfter;
    if let Some(bound) = bound.filter(|_| before_after) {
        // The rates would be those of all minutes, the bound is that of the minutes both had.
        let text = format!("{} at least {:.1} times blue's", clean(&metric.name), bound.low);
        return vec![text, " while side by side".to_owned()];
    }
    let mut parts = Vec::new();
    match (metric.green, metric.blue, latency) {
        (Some(green), Some(blue), _) => parts.push(format!(
            "{} {} % against {} %",
            clean(&metric.name),
            share(green),
            share(blue)
        )),
        (_, _, Some(latency)) => parts.push(latency),
        (_, _, None) if warming_up => return vec!["green is warming up".to_owned()],
        (_, _, None) => parts.push(format!("{} were not compared yet", clean(&metric.name))),
    }
    // The bound that holds stands before the estimate.
    if let Some(bound) = bound {
        parts.push(format!(", at least {:.1} times", bound.low));
        parts.push(format!(", about {:.1}", bound.value));
    } else if before_after {
        parts.push("; before and after, not side by side".to_owned());
    } else if let Some(ratio) = metric.gauge_ratio {
        parts.push(format!(": {ratio:.2} times"));
    }
    if warming_up {
        parts.push("; green is warming up".to_owned());
    }
    let p99 = self::latency(cockpit, "p99").filter(|_| !has_p99);
    parts.extend(p99.map(|p99| format!(", {p99}")));
    parts
}

/// How many times as bad green is for sure, once it is called worse.
fn bound<'a>(metric: &'a MetricAssessment, assessment: &Assessment) -> Option<&'a RatioEstimate> {
    let worse = assessment.verdict == Verdict::Worse;
    metric.ratio.as_ref().filter(|ratio| worse && ratio.low > 1.0)
}

/// Bad requests in percent of all.
fn share(counts: Counts) -> String {
    percent(100.0 * counts.bad() / counts.requests())
}

/// A latency of both sides in their newest settled minute.
fn latency(cockpit: &Cockpit, name: &str) -> Option<String> {
    let kind = match name {
        "p50" => MetricKind::P50,
        "p90" => MetricKind::P90,
        "p99" => MetricKind::P99,
        _ => return None,
    };
    let chart = select::chart(cockpit)?;
    let row = chart.rows.iter().find(|row| row.kind == kind)?;
    let (green, blue) = (row.latest(Side::Green).settled()?, row.latest(Side::Blue).settled()?);
    Some(format!("{name} {} ms against {} ms", millis(green), millis(blue)))
}

/// When it was decided, or how long it still takes.
fn when(judgement: &Judgement, zone: &jiff::tz::TimeZone) -> String {
    let assessment = &judgement.assessment;
    if let Some(at) = judgement.worse_at {
        return format!("decided {}", minute(at, zone));
    }
    match (assessment.verdict, assessment.eta) {
        (Verdict::NoData | Verdict::CannotCompareSideBySide, _)
        | (_, Eta::Decided | Eta::TooEarly) => String::new(),
        (_, Eta::Buckets(1)) => "about 1 more minute".to_owned(),
        (_, Eta::Buckets(minutes)) if minutes > 240 => "no decision soon".to_owned(),
        (_, Eta::Buckets(minutes)) => format!("about {minutes} more minutes"),
        (_, Eta::LittleTraffic(_)) => "little traffic: any minute may decide".to_owned(),
        (_, Eta::NotAtThisTraffic) => "no decision at this traffic".to_owned(),
    }
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

/// The odds that green is worse, as `12.0 : 1` or `1 : 2.1`.
pub(crate) fn odds(odds: f64) -> String {
    if odds >= 9999.0 {
        ">9999 : 1".to_owned()
    } else if odds >= 1.0 {
        format!("{odds:.1} : 1")
    } else if odds > 0.0001 {
        format!("1 : {:.1}", 1.0 / odds)
    } else {
        "1 : >9999".to_owned()
    }
}
