//! What the statistics say about a picture: its settled minutes, replayed through the judge.
//!
//! The judge is deterministic and cheap, so every new picture is judged from its first minute: a
//! point that came late or was revised then counts as it should, and nothing has to be kept.

use jiff::{SignedDuration, Timestamp};

use crate::domain::{
    CustomSeries, LatencyEdge, Metrics, Point, Rollout, RolloutKind, Side, SideMetrics, Snapshot,
    Split, StageKind, StageState,
};
use crate::stats::{
    Assessment, Basis, Bucket, BucketLength, Config, Counts, CustomMetric, Growth, Judge, Margin,
    MetricSpec, Probability, Quantile, Role, Sample, Sides, SplitAssessment, SplitCheck, Tally,
};

/// A verdict with the minutes it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// How often "worse" may be wrong: where the line is that decides.
    pub alpha: Probability,
    /// What "no worse" promises that any harm is below.
    pub accepted: Accepted,
    /// What is concluded after the last settled minute.
    pub assessment: Assessment,
    /// The latencies that requests were counted above; none where percentiles were compared.
    pub edges: Vec<LatencyEdge>,
    /// Whether the traffic is divided as planned, where that could be checked.
    pub split: Option<SplitAssessment>,
    /// The first minute that was compared.
    pub from: Timestamp,
    /// The evidence after each minute: log of the odds that green is worse.
    pub log_e: Vec<f64>,
    /// What each minute was used for, from the first that was compared.
    pub uses: Vec<Use>,
    /// Minutes of blue's history before green had traffic.
    pub history: usize,
    /// When the verdict "worse" fell: the end of the minute that decided.
    pub worse_at: Option<Timestamp>,
}

impl Judgement {
    /// The latency that requests were counted above for the metric of this name.
    pub fn edge(&self, name: &str) -> Option<&LatencyEdge> {
        self.edges.iter().find(|edge| edge.quantile.name() == name)
    }
}

/// How much harm may be promoted, of what has to be safe.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Accepted {
    /// Of the errors; nothing where they need not be safe.
    pub errors: Option<Margin>,
    /// Of the latencies, the least and the most; nothing where none needs to be safe.
    pub latency: Option<(Growth, Growth)>,
}

impl Accepted {
    fn of(config: &Config) -> Self {
        let critical = |role: Option<Role>| role.unwrap_or(Role::Critical) == Role::Critical;
        let errors = critical(config.errors.role);
        let latencies = Quantile::ALL.into_iter().map(|quantile| config.latency(quantile));
        let mut growth: Vec<Growth> = latencies
            .filter(|latency| critical(latency.role))
            .map(|latency| latency.growth().1)
            .collect();
        growth.sort_by(|a, b| a.get().total_cmp(&b.get()));
        Self {
            errors: errors.then(|| config.errors.accept.unwrap_or(Margin::ACCEPT)),
            latency: growth.first().copied().zip(growth.last().copied()),
        }
    }
}

/// What a minute was used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Green was compared with blue on this basis.
    Compared(Basis),
    /// Green was warming up: only a disaster counted.
    WarmUp,
    /// There was nothing to compare.
    Nothing,
}

/// How often a split that is as planned may be called another one, a rollout long.
const SPLIT_ALPHA: Probability = Probability::ONE_PERCENT;

/// Judges the newest picture.
///
/// Nothing when there are no metrics or no rollout to judge, and nothing for a rollback: green then
/// loses its traffic, and what was known about it was known before.
pub fn judge(snapshot: &Snapshot, config: &Config) -> Option<Judgement> {
    let metrics = snapshot.metrics.value()?;
    let rollout = snapshot.rollout()?;
    let is_judged = rollout.kind == RolloutKind::Rollout;
    is_judged.then(|| replay(metrics, rollout, metrics.minutes(), config))
}

/// Judges the rollout that the newest picture's rollback undoes: its last minutes settle only while
/// the rollback runs.
pub fn judge_undone(snapshot: &Snapshot, undone: &Rollout, config: &Config) -> Option<Judgement> {
    let metrics = snapshot.metrics.value()?;
    let rollback = snapshot.rollout()?;
    let turned = rollback.stages.iter().find(|stage| stage.kind == StageKind::Restore);
    // A rollout that was turned round in place began before what it undoes ended.
    let in_place = rollback.id == undone.id;
    let until = if in_place { turned?.started? } else { rollback.created? };
    let whole = |index: &usize| metrics.minute(index + 1) <= until;
    let minutes = (0..metrics.minutes()).take_while(whole).count();
    Some(replay(metrics, undone, minutes, config))
}

/// Judges the first `minutes` of the metrics, from the rollout's first minute with traffic on green.
fn replay(metrics: &Metrics, rollout: &Rollout, minutes: usize, config: &Config) -> Judgement {
    let created = rollout.created.unwrap_or(metrics.start);
    let own = (0..minutes).find(|i| metrics.minute(*i) >= created).unwrap_or(minutes);
    // Before the rollout the group that is green now may have been the one that served.
    let first = (own..minutes).find(|i| has_requests(&metrics.green, *i)).unwrap_or(minutes);
    let end = (first..minutes).rev().find(|i| is_settled(metrics, *i)).map_or(first, |i| i + 1);

    let specs = specs(config, metrics, first);
    let history = (0..first).filter(|i| has_requests(&metrics.blue, *i)).count();
    let mut judge = Judge::new(config, BucketLength::MINUTE, specs);
    let mut check = SplitCheck::new(SPLIT_ALPHA, BucketLength::MINUTE);
    let mut log_e = Vec::with_capacity(end - first);
    let mut uses = Vec::with_capacity(end - first);
    let mut split = None;
    for index in first..end {
        let planned = planned_at(rollout, metrics.minute(index));
        let before = judge.assessment();
        let after = judge.push(&bucket(config, metrics, planned, index));
        uses.push(used_for(&before, &after));
        log_e.push(after.log_e);
        split = check.push(planned, rollout.traffic.sticky, requests(metrics, index)).or(split);
    }
    let assessment = judge.assessment();
    let worse_at = assessment.worse_since.map(|bucket| metrics.minute(first + bucket as usize + 1));
    let from = metrics.minute(first);
    let edges = metrics.latency.edges().to_vec();
    Judgement {
        alpha: config.alpha,
        accepted: Accepted::of(config),
        assessment,
        edges,
        split,
        from,
        log_e,
        uses,
        history,
        worse_at,
    }
}

/// What the minute between two assessments was used for.
fn used_for(before: &Assessment, after: &Assessment) -> Use {
    if after.judged > before.judged {
        Use::Compared(after.basis)
    } else if after.warm_up_left < before.warm_up_left {
        Use::WarmUp
    } else {
        Use::Nothing
    }
}

fn point(series: &[Point], index: usize) -> Point {
    series.get(index).copied().unwrap_or_default()
}

fn has_requests(side: &SideMetrics, index: usize) -> bool {
    point(&side.requests, index).settled().is_some_and(|requests| requests > 0.0)
}

/// Whether a minute is old enough: neither side will change any more.
fn is_settled(metrics: &Metrics, index: usize) -> bool {
    [Side::Blue, Side::Green]
        .iter()
        .all(|side| point(&metrics.side(*side).requests, index).is_closed())
}

/// The metrics that are judged, with blue's history: the minutes before green had traffic.
fn specs(config: &Config, metrics: &Metrics, first: usize) -> Vec<MetricSpec> {
    let blue = &metrics.blue;
    let errors = (0..first).map(|i| errors(blue, i).map(Tally::plain)).collect();
    let client_errors = (0..first).map(|i| client_errors(blue, i)).collect();
    let mut specs = vec![MetricSpec::errors(config, errors)];
    for quantile in Quantile::ALL {
        specs.push(if let Some(edge) = edge(metrics, quantile) {
            let history = (0..first).map(|i| slower(blue, edge, i).map(Tally::plain)).collect();
            MetricSpec::slower(config, quantile, history)
        } else {
            let history = (0..first).map(|i| percentile(blue, quantile, i)).collect();
            MetricSpec::percentile(config, quantile, history)
        });
    }
    specs.push(MetricSpec::client_errors(config, client_errors));
    for (own, series) in custom(config, metrics) {
        let history = (0..first).map(|i| point(&series.blue, i).settled()).collect();
        specs.push(own.spec(&series.name, history));
    }
    specs
}

/// The metrics that a person added and that were asked for.
fn custom<'a>(
    config: &'a Config,
    metrics: &'a Metrics,
) -> impl Iterator<Item = (&'a CustomMetric, &'a CustomSeries)> {
    let series = metrics.custom.iter();
    series.filter_map(|series| Some((config.metrics.get(&series.name)?, series)))
}

/// One minute of all metrics, in the order of [`specs`].
fn bucket(config: &Config, metrics: &Metrics, planned: Option<Split>, index: usize) -> Bucket {
    let (blue, green) = (&metrics.blue, &metrics.green);
    let mut samples =
        vec![Sample::Counts(Sides { blue: errors(blue, index), green: errors(green, index) })];
    for quantile in Quantile::ALL {
        samples.push(match edge(metrics, quantile) {
            Some(edge) => Sample::Counts(Sides {
                blue: slower(blue, edge, index),
                green: slower(green, edge, index),
            }),
            None => Sample::Gauge(Sides {
                blue: percentile(blue, quantile, index),
                green: percentile(green, quantile, index),
            }),
        });
    }
    let plain =
        |side| client_errors(side, index).and_then(|c| Tally::errors(c.bad(), c.requests()));
    samples.push(Sample::Counts(Sides { blue: plain(blue), green: plain(green) }));
    for (own, series) in custom(config, metrics) {
        let harm = |side| point(series.side(side), index).settled().map(|value| own.harm(value));
        samples.push(Sample::Gauge(Sides { blue: harm(Side::Blue), green: harm(Side::Green) }));
    }
    Bucket { planned, samples }
}

/// Where the counts above the edge of `quantile` are, if requests are counted above it.
fn edge(metrics: &Metrics, quantile: Quantile) -> Option<usize> {
    metrics.latency.edges().iter().position(|edge| edge.quantile == quantile)
}

/// Requests of a settled minute that were slower than an edge, and than what is tolerated.
fn slower(side: &SideMetrics, edge: usize, index: usize) -> Option<Tally> {
    let timed = point(&side.timed, index).settled()?;
    let counts = side.slower.get(edge)?;
    let [edge, ignored] = [&counts.edge, &counts.ignored].map(|series| point(series, index));
    // Blue's third is not asked for, and nobody looks at it.
    let accepted = match counts.accepted.get(index) {
        Some(accepted) => accepted.settled()?,
        None => ignored.settled()?,
    };
    Tally::slower([edge.settled()?, ignored.settled()?, accepted], timed)
}

/// Failed requests of a settled minute. No error count beside a request count is no error.
fn errors(side: &SideMetrics, index: usize) -> Option<Tally> {
    let requests = point(&side.requests, index).settled()?;
    match point(&side.errors, index) {
        Point::Value(errors) => Tally::errors(errors, requests),
        Point::Absent => Tally::errors(0.0, requests),
        Point::Unknown | Point::Pending(_) => None,
    }
}

/// Requests answered with 4xx in a settled minute.
fn client_errors(side: &SideMetrics, index: usize) -> Option<Counts> {
    let requests = point(&side.requests, index).settled()?;
    match point(&side.client_errors, index) {
        Point::Value(errors) => Counts::new(errors, requests),
        Point::Absent => Counts::new(0.0, requests),
        Point::Unknown | Point::Pending(_) => None,
    }
}

/// A percentile of a settled minute, where enough requests stand behind it.
fn percentile(side: &SideMetrics, quantile: Quantile, index: usize) -> Option<f64> {
    let requests = point(&side.requests, index).settled()?;
    let level = point(side.percentile(quantile), index).settled()?;
    (requests >= quantile.fewest_requests()).then_some(level)
}

/// The requests of both sides, where known; none is a measurement too.
fn requests(metrics: &Metrics, index: usize) -> Sides<f64> {
    let count = |side: &SideMetrics| match point(&side.requests, index) {
        Point::Value(requests) => Some(requests),
        Point::Absent => Some(0.0),
        Point::Unknown | Point::Pending(_) => None,
    };
    Sides { blue: count(&metrics.blue), green: count(&metrics.green) }
}

/// The split that was asked for during the whole minute, from the stages that had begun.
///
/// A minute in which the split changed belongs to neither and has none.
fn planned_at(rollout: &Rollout, minute: Timestamp) -> Option<Split> {
    let end = minute.saturating_add(SignedDuration::from_mins(1)).unwrap_or(minute);
    let begun = |by: Timestamp| {
        rollout.stages.iter().rev().find_map(|stage| match (&stage.kind, stage.started) {
            (StageKind::Shift(split), Some(at))
                if at <= by && stage.state != StageState::Skipped =>
            {
                Some(*split)
            }
            _ => None,
        })
    };
    let (at_start, at_end) = (begun(minute), begun(end));
    if at_start == at_end { at_start } else { None }
}
