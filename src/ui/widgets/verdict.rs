//! Whether green is worse: words first, then the numbers, then the evidence.

use crate::app::verdict::Judgement;
use crate::app::{Cockpit, State};
use crate::domain::RolloutKind;
use crate::stats::{Assessment, Basis, Eta, MetricAssessment, Verdict};
use crate::ui::format::{clean, minute, percent};
use crate::ui::pen::Pen;
use crate::ui::theme::Role;
use unicode_width::UnicodeWidthStr;

/// Draws one line, or two where the pen has them.
pub(crate) fn draw(pen: &mut Pen<'_>, state: &State, cockpit: &Cockpit) {
    let x = pen.left(1, 0, "verdict", Role::Dim) + 2;
    let Some(judgement) = &cockpit.verdict else {
        let text = absent(cockpit);
        pen.cut(x, 0, pen.width().saturating_sub(x + 1), &text, Role::Dim);
        return;
    };
    let assessment = &judgement.assessment;
    let past = cockpit.snapshot.rollout().is_some_and(|r| r.kind != RolloutKind::Rollout);
    let (word, role) = words(assessment.verdict, past);
    let x = pen.left(x, 0, word, role) + 3;
    let right = when(judgement, &pen.theme().zone.clone());
    let end = pen.right(pen.width().saturating_sub(1), 0, &right, Role::Text);
    let room = end.saturating_sub(x + 2);
    let mut parts = numbers(assessment);
    // What matters less gives way whole.
    while parts.len() > 1 && parts.join("").width() > usize::from(room) {
        parts.pop();
    }
    pen.cut(x, 0, room, &parts.join(""), Role::Text);
    if pen.height() < 2 {
        return;
    }
    let end = 10 + evidence(&mut pen.part(10, 1, pen.width().saturating_sub(11), 1), assessment);
    if let Some(demo) = &state.settings.demo {
        let text = format!("truth: {}", clean(&demo.truth));
        let room = pen.width().saturating_sub(end + 4);
        let cells = u16::try_from(text.chars().count()).unwrap_or(u16::MAX);
        let start = pen.width().saturating_sub(1 + cells.min(room));
        pen.cut(start, 1, room, &text, Role::Dim);
    }
}

/// Why there is no verdict.
fn absent(cockpit: &Cockpit) -> String {
    let metrics = &cockpit.snapshot.metrics;
    if let Some(fault) = metrics.fault() {
        return format!("NO DATA: {}", clean(&fault.brief()));
    }
    match (metrics.value(), cockpit.snapshot.rollout()) {
        (Some(_), Some(rollout)) if rollout.kind != RolloutKind::Rollout => {
            "not judged: green is losing its traffic".to_owned()
        }
        _ => "asking CloudWatch".to_owned(),
    }
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
fn numbers(assessment: &Assessment) -> Vec<String> {
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
    let rate = |bad: f64, all: f64| percent(100.0 * bad / all);
    let mut parts = vec![match (metric.green, metric.blue, metric.gauge_ratio) {
        (Some(green), Some(blue), _) => format!(
            "{} {} % against {} %",
            clean(&metric.name),
            rate(green.bad(), green.requests()),
            rate(blue.bad(), blue.requests())
        ),
        (_, _, Some(ratio)) => format!("{} {ratio:.2} times blue's", clean(&metric.name)),
        _ => clean(&metric.name).into_owned(),
    }];
    let worse = assessment.verdict == Verdict::Worse;
    if let Some(ratio) = metric.ratio.as_ref().filter(|ratio| worse && ratio.low > 1.0) {
        parts.push(format!(": {:.1} times", ratio.value));
        parts.push(format!(", at least {:.1}", ratio.low));
    }
    if assessment.basis == Basis::BeforeAfter {
        parts.push("; before and after, not side by side".to_owned());
    }
    if assessment.warm_up_left > 0 && assessment.verdict == Verdict::Undecided {
        parts.push("; green is warming up".to_owned());
    }
    parts
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
fn evidence(pen: &mut Pen<'_>, assessment: &Assessment) -> u16 {
    const HALF: u16 = 12;
    let line = 20.0_f64.ln();
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
    let odds = assessment.odds();
    let odds = if odds >= 9999.0 {
        ">9999 : 1".to_owned()
    } else if odds >= 1.0 {
        format!("{odds:.1} : 1")
    } else if odds > 0.0001 {
        format!("1 : {:.1}", 1.0 / odds)
    } else {
        "1 : >9999".to_owned()
    };
    pen.left(x + 2, 0, &format!("evidence {odds}, decides at 20 : 1"), Role::Dim)
}
