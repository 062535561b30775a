//! What was measured on both sides, over the same minutes and on the same scale.

use jiff::{SignedDuration, Timestamp};

use crate::domain::{MetricKind, Metrics, Point, RolloutKind, Side, Split, StageKind};

use super::super::Cockpit;

/// One metric of both sides.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Which, and so in which unit.
    pub kind: MetricKind,
    /// Blue's points, one a minute, oldest first.
    pub blue: Vec<Point>,
    /// Green's points over the same minutes.
    pub green: Vec<Point>,
    /// The top of the scale of both; it begins at zero.
    pub top: f64,
}

impl Row {
    /// The points of one side.
    pub fn side(&self, side: Side) -> &[Point] {
        match side {
            Side::Blue => &self.blue,
            Side::Green => &self.green,
        }
    }

    /// The newest point of a side that is settled: a value, nothing to measure, or unknown.
    pub fn latest(&self, side: Side) -> Point {
        let closed = |point: &&Point| point.is_closed();
        self.side(side).iter().rev().find(closed).copied().unwrap_or(Point::Unknown)
    }
}

/// A moment at which the split changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShiftMark {
    /// The minute it fell into, counted from the chart's start.
    pub minute: usize,
    /// The split from then on.
    pub split: Split,
}

/// All metrics of the chosen window.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// Start of the first minute.
    pub start: Timestamp,
    /// How many minutes: the chosen window, whether or not all of it was measured.
    pub minutes: usize,
    /// One row for each metric, in the order of the screen.
    pub rows: Vec<Row>,
    /// When the split changed, oldest first.
    pub shifts: Vec<ShiftMark>,
}

/// What was measured in the chosen window; nothing before the first answer.
pub fn chart(cockpit: &Cockpit) -> Option<Chart> {
    let metrics = cockpit.snapshot.metrics.value()?;
    let minutes = cockpit.window as usize;
    let start = start(metrics, minutes);
    let rows = MetricKind::ALL.map(|kind| {
        let blue = last(metrics.side(Side::Blue).series(kind), metrics.minutes(), minutes);
        let green = last(metrics.side(Side::Green).series(kind), metrics.minutes(), minutes);
        let top = top(kind, blue.iter().chain(&green));
        Row { kind, blue, green, top }
    });
    let shifts = shifts(cockpit, start, minutes);
    Some(Chart { start, minutes, rows: rows.into(), shifts })
}

/// When the window of `minutes` begins that ends with the last minute of `metrics`.
fn start(metrics: &Metrics, minutes: usize) -> Timestamp {
    let before = metrics.minutes() as i64 - minutes as i64;
    metrics.start.saturating_add(SignedDuration::from_mins(before)).unwrap_or(metrics.start)
}

/// The last `minutes` of a series of `whole` minutes; what was not measured is unknown.
fn last(mut series: Vec<Point>, whole: usize, minutes: usize) -> Vec<Point> {
    series.resize(whole, Point::Unknown);
    if whole >= minutes {
        return series.split_off(whole - minutes);
    }
    let mut padded = vec![Point::Unknown; minutes - whole];
    padded.append(&mut series);
    padded
}

/// The common top of the scale: the next round number at or above everything that is drawn.
fn top<'a>(kind: MetricKind, points: impl Iterator<Item = &'a Point>) -> f64 {
    let most = points.filter_map(|point| point.number()).fold(0.0, f64::max);
    // Below these a scale would blow up noise.
    let least = match kind {
        MetricKind::Requests | MetricKind::ErrorRate => 1.0,
        MetricKind::P50 | MetricKind::P90 | MetricKind::P99 => 0.01,
    };
    let wanted = if most.is_finite() { most.max(least) } else { least };
    let power = 10_f64.powf(wanted.log10().floor());
    let round = [1.0, 1.5, 2.0, 2.5, 4.0, 5.0, 7.5].into_iter().map(|digit| digit * power);
    round.into_iter().find(|top| *top >= wanted).unwrap_or(10.0 * power)
}

/// When the split changed in the window: by the rollout, and before it by the one that it undoes.
fn shifts(cockpit: &Cockpit, start: Timestamp, minutes: usize) -> Vec<ShiftMark> {
    let rollouts = || cockpit.undone.as_deref().into_iter().chain(cockpit.snapshot.rollout());
    // A rollback that was joined in the middle may have found any split.
    let begun = rollouts().any(|rollout| rollout.kind == RolloutKind::Rollout);
    let mut held = begun.then_some(Split::ALL_BLUE);
    let mut marks: Vec<ShiftMark> = Vec::new();
    for stage in rollouts().flat_map(|rollout| &rollout.stages) {
        let split = match stage.kind {
            StageKind::Shift(split) => split,
            StageKind::Restore => Split::ALL_BLUE,
            _ => continue,
        };
        let Some(at) = stage.started.filter(|_| held != Some(split)) else { continue };
        held = Some(split);
        let minute = usize::try_from(at.duration_since(start).as_secs().div_euclid(60));
        if let Some(minute) = minute.ok().filter(|minute| *minute < minutes) {
            marks.push(ShiftMark { minute, split });
        }
    }
    marks
}
