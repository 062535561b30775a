//! The verdict in words: the conclusion first, then the numbers it rests on.

use jiff::tz::TimeZone;

use crate::app::verdict::Judgement;
use crate::domain::{Metrics, Point, Quantile, RolloutKind, Side, Snapshot};
use crate::stats::{Assessment, Basis, Counts, Eta, MetricAssessment, RatioEstimate, Verdict};

use super::format::{clean, level, millis, minute, percent};
use super::theme::Role;

/// A verdict as it is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sentence {
    /// The conclusion, loud.
    pub(super) word: &'static str,
    /// How the conclusion looks.
    pub(super) role: Role,
    /// The numbers, the most important first; each part goes on where the one before ends.
    pub(super) parts: Vec<String>,
    /// When it was decided, or how long it still takes; empty when neither can be said.
    pub(super) when: String,
}

impl Sentence {
    /// What is said about `judgement`, made on `snapshot`.
    pub(super) fn new(snapshot: &Snapshot, judgement: &Judgement, zone: &TimeZone) -> Self {
        let assessment = &judgement.assessment;
        let past = snapshot.rollout().is_some_and(|r| r.kind != RolloutKind::Rollout);
        let (word, role) = words(assessment.verdict, past);
        let parts = match assessment.verdict {
            Verdict::NoData => vec![missing(snapshot, judgement)],
            Verdict::CannotCompareSideBySide => {
                vec!["blue has no traffic and too short a history".to_owned()]
            }
            Verdict::Worse | Verdict::NoWorse | Verdict::Better | Verdict::Undecided => {
                numbers(snapshot, judgement)
            }
        };
        Self { word, role, parts, when: when(judgement, is_over(snapshot), zone) }
    }
}

/// The whole sentence, for one line of plain text.
pub fn verdict_sentence(snapshot: &Snapshot, judgement: &Judgement, zone: &TimeZone) -> String {
    let Sentence { word, parts, when, .. } = Sentence::new(snapshot, judgement, zone);
    let numbers = if parts.is_empty() { String::new() } else { format!(": {}", parts.concat()) };
    let when = if when.is_empty() { String::new() } else { format!(" ({when})") };
    format!("{word}{numbers}{when}")
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

/// What there would have to be for a verdict, and is not.
fn missing(snapshot: &Snapshot, judgement: &Judgement) -> String {
    let over = is_over(snapshot);
    let Some(metrics) = snapshot.metrics.value().filter(|_| !judgement.uses.is_empty()) else {
        let never = if over { "green never had" } else { "green has no" };
        let yet = if over { "" } else { " yet" };
        return format!(
            "{never} {}settled minute with requests{yet}",
            if over { "a " } else { "" }
        );
    };
    let silent = |side: Side| {
        let closed = metrics.side(side).requests.iter().rev().skip_while(|p| !p.is_closed());
        closed.take_while(|point| point.settled().is_none()).count()
    };
    let (blue, green) = (silent(Side::Blue), silent(Side::Green));
    let (side, minutes) = if green >= blue { ("green", green) } else { ("blue", blue) };
    format!("no requests of {side} are known for the last {minutes} settled minutes")
}

/// Whether nothing more will happen to what was judged.
fn is_over(snapshot: &Snapshot) -> bool {
    let rollout = snapshot.rollout();
    rollout.is_some_and(|r| r.phase.is_over() || r.kind != RolloutKind::Rollout)
}

fn numbers(snapshot: &Snapshot, judgement: &Judgement) -> Vec<String> {
    let metrics = snapshot.metrics.value();
    let assessment = &judgement.assessment;
    let Some(metric) = leading(assessment) else { return Vec::new() };
    let latency = levels(metrics, &metric.name);
    let has_p99 = quantile(&metric.name).is_some() && latency.is_some();
    let over = is_over(snapshot);
    let warming_up = assessment.warm_up_left > 0 && assessment.verdict == Verdict::Undecided;
    let warming_up = warming_up && !over;
    let bound = bound(metric, assessment);
    let edge = judgement.edge(&metric.name);
    let before_after = assessment.basis == Basis::BeforeAfter;
    if let Some(bound) = bound.filter(|_| before_after) {
        // The rates would be those of all minutes, the bound is that of the minutes both had.
        let what = edge.map_or_else(
            || clean(&metric.name).into_owned(),
            |edge| format!("requests above {} ms", millis(edge.edge)),
        );
        let text = format!("{what} at least {:.1} times blue's", bound.low);
        return vec![text, " while side by side".to_owned()];
    }
    let mut parts = Vec::new();
    let blue = metric.blue.map(|counts| (share(counts), ""));
    let before = metric.baseline.map(|baseline| (percent(100.0 * baseline.rate), " before"));
    let from_counts = latency.is_none();
    match (latency, metric.green, if before_after { before } else { blue }) {
        (Some(latency), _, _) => parts.push(latency),
        (None, Some(green), Some((blue, when))) => {
            let (name, above) = match edge {
                Some(edge) => (String::new(), format!(" above {} ms", millis(edge.edge))),
                None => (format!("{} ", clean(&metric.name)), String::new()),
            };
            parts.push(format!("{name}{} %{above} against {blue} %{when}", share(green)));
        }
        (None, _, _) if warming_up => return vec!["green is warming up".to_owned()],
        (None, _, _) => {
            let yet = if over { "" } else { " yet" };
            parts.push(format!("no minute of {} could be compared{yet}", clean(&metric.name)));
        }
    }
    // The bound that holds stands before the estimate.
    if let Some(bound) = bound {
        // It is the slow requests that are so many times as many, not the latency.
        let edge = edge.filter(|_| !from_counts);
        let many = edge.map(|edge| format!(" as many above {} ms", millis(edge.edge)));
        parts.push(format!(", at least {:.1} times{}", bound.low, many.unwrap_or_default()));
        parts.push(format!(", about {:.1}", bound.value));
    } else if before_after {
        parts.push("; not side by side".to_owned());
    } else if let Some(ratio) = metric.gauge_ratio {
        parts.push(format!(": {ratio:.2} times"));
    }
    if warming_up {
        parts.push("; green is warming up".to_owned());
    }
    let p99 = levels(metrics, "p99").filter(|_| !has_p99);
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

/// The percentile that a metric of this name is.
fn quantile(name: &str) -> Option<Quantile> {
    Quantile::ALL.into_iter().find(|quantile| quantile.name() == name)
}

/// What is no count of one side in its newest settled minute: a latency, or what a person added.
pub(super) fn newest(metrics: &Metrics, name: &str, side: Side) -> Option<String> {
    let last = |series: &[Point]| series.iter().rev().find(|point| point.is_closed())?.settled();
    if let Some(quantile) = quantile(name) {
        let seconds = last(metrics.side(side).percentile(quantile))?;
        return Some(format!("{} ms", millis(seconds)));
    }
    let custom = metrics.custom(name)?;
    let unit = clean(&custom.unit);
    let gap = if unit.is_empty() { "" } else { " " };
    let fine = custom.fine.as_ref().and_then(|fine| fine.newest(side)).map(|point| point.value);
    Some(format!("{}{gap}{unit}", level(fine.or_else(|| last(custom.side(side)))?)))
}

/// The same of both sides.
fn levels(metrics: Option<&Metrics>, name: &str) -> Option<String> {
    let newest = |side: Side| newest(metrics?, name, side);
    let (green, blue) = (newest(Side::Green)?, newest(Side::Blue)?);
    Some(format!("{} {green} against {blue}", clean(name)))
}

/// When it was decided, or how long it still takes.
fn when(judgement: &Judgement, over: bool, zone: &TimeZone) -> String {
    let assessment = &judgement.assessment;
    if let Some(at) = judgement.worse_at {
        return format!("decided {}", minute(at, zone));
    }
    if over {
        return String::new();
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

/// The odds that green is worse, as `12.0 : 1` or `1 : 2.1`.
pub(super) fn odds(odds: f64) -> String {
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
