//! What was measured on each side, minute by minute, with gaps as gaps.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{CustomSeries, MeasuredShare, Side, Split, Weight};

/// One minute of one metric.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Default)]
#[serde(tag = "state", content = "value", rename_all = "snake_case")]
pub enum Point {
    /// The source could not say; not the same as nothing.
    #[default]
    Unknown,
    /// The minute is too young: what is there will still change. Shown faint, never judged.
    Pending(Option<f64>),
    /// The source says that there is nothing: no requests, so no rate and no latency.
    Absent,
    /// A settled value.
    Value(f64),
}

impl Point {
    /// The settled value.
    pub fn settled(self) -> Option<f64> {
        match self {
            Point::Value(value) => Some(value),
            Point::Unknown | Point::Pending(_) | Point::Absent => None,
        }
    }

    /// A settled count; no requests is zero of them.
    pub fn count(self) -> Option<f64> {
        match self {
            Point::Value(value) => Some(value),
            Point::Absent => Some(0.0),
            Point::Unknown | Point::Pending(_) => None,
        }
    }

    /// Whether nothing more will come for the minute: a value, nothing to measure, or unknown.
    pub fn is_closed(self) -> bool {
        !matches!(self, Point::Pending(_))
    }

    /// Any number that can be drawn, settled or not.
    pub fn number(self) -> Option<f64> {
        match self {
            Point::Value(value) | Point::Pending(Some(value)) => Some(value),
            Point::Unknown | Point::Pending(None) | Point::Absent => None,
        }
    }
}

/// The metrics of one side. All series have one entry a minute and the same length.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct SideMetrics {
    /// Requests in the minute; [`Point::Absent`] when none came.
    pub requests: Vec<Point>,
    /// Answers with 5xx of the side's targets plus connections they refused.
    pub errors: Vec<Point>,
    /// Answers with 4xx.
    pub client_errors: Vec<Point>,
    /// Median latency in seconds.
    pub p50: Vec<Point>,
    /// 90th percentile of the latency in seconds.
    pub p90: Vec<Point>,
    /// 99th percentile of the latency in seconds.
    pub p99: Vec<Point>,
    /// Requests whose latency was measured; empty where they are not counted.
    pub timed: Vec<Point>,
    /// How many of these were slower than each edge of [`LatencyBasis::Counted`], in its order.
    pub slower: Vec<Slower>,
}

/// Requests that were slower than an edge, and than the edge and what is tolerated beyond it.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct Slower {
    /// Slower than the edge.
    pub edge: Vec<Point>,
    /// Slower than the edge and the slowdown that is ignored.
    pub ignored: Vec<Point>,
    /// Slower than the edge and the slowdown that is accepted; empty for blue, nobody asks for it.
    pub accepted: Vec<Point>,
}

/// The percentiles that are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantile {
    /// The median.
    P50,
    /// The 90th percentile.
    P90,
    /// The 99th percentile.
    P99,
}

impl Quantile {
    /// All of them, from the fastest.
    pub const ALL: [Quantile; 3] = [Quantile::P50, Quantile::P90, Quantile::P99];

    /// As it is called in the config file and in the output.
    pub fn name(self) -> &'static str {
        match self {
            Quantile::P50 => "p50",
            Quantile::P90 => "p90",
            Quantile::P99 => "p99",
        }
    }
}

/// A latency that requests are counted above, fixed for the whole rollout. All in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LatencyEdge {
    /// The percentile of blue before the rollout that it is.
    pub quantile: Quantile,
    /// The edge.
    pub edge: f64,
    /// The edge and the slowdown that is ignored.
    pub ignored: f64,
    /// The edge and the slowdown that is accepted.
    pub accepted: f64,
}

/// How the latencies of both sides are compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum LatencyBasis {
    /// By the requests that were slower than these edges.
    Counted {
        /// From the fastest.
        edges: Vec<LatencyEdge>,
    },
    /// By the percentiles themselves, which says less.
    Percentiles {
        /// Why nothing is counted.
        why: String,
    },
}

impl LatencyBasis {
    /// The edges that requests are counted above.
    pub fn edges(&self) -> &[LatencyEdge] {
        match self {
            LatencyBasis::Counted { edges } => edges,
            LatencyBasis::Percentiles { .. } => &[],
        }
    }
}

impl SideMetrics {
    /// The percentile `quantile` in seconds.
    pub fn percentile(&self, quantile: Quantile) -> &[Point] {
        match quantile {
            Quantile::P50 => &self.p50,
            Quantile::P90 => &self.p90,
            Quantile::P99 => &self.p99,
        }
    }
}

/// A series of one side that is drawn and compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricKind {
    /// Requests a second.
    Requests,
    /// Share of requests that failed, in percent.
    ErrorRate,
    /// Median latency in seconds.
    P50,
    /// 90th percentile in seconds.
    P90,
    /// 99th percentile in seconds.
    P99,
}

impl MetricKind {
    /// All of them, in the order of the screen.
    pub const ALL: [MetricKind; 5] = [
        MetricKind::Requests,
        MetricKind::ErrorRate,
        MetricKind::P50,
        MetricKind::P90,
        MetricKind::P99,
    ];
}

impl SideMetrics {
    /// The series of `kind`, in its unit; rates are made here from the counts.
    pub fn series(&self, kind: MetricKind) -> Vec<Point> {
        match kind {
            MetricKind::Requests => {
                self.requests.iter().map(|point| scaled(*point, 1.0 / 60.0)).collect()
            }
            MetricKind::ErrorRate => self
                .requests
                .iter()
                .zip(&self.errors)
                .map(|(requests, errors)| rate(*requests, *errors))
                .collect(),
            MetricKind::P50 => self.p50.clone(),
            MetricKind::P90 => self.p90.clone(),
            MetricKind::P99 => self.p99.clone(),
        }
    }
}

/// The point in another unit.
fn scaled(point: Point, factor: f64) -> Point {
    match point {
        Point::Value(value) => Point::Value(value * factor),
        Point::Pending(value) => Point::Pending(value.map(|value| value * factor)),
        Point::Unknown => Point::Unknown,
        Point::Absent => Point::Absent,
    }
}

/// Errors in percent of the requests, under the three-valued rule: no requests is no rate, a
/// missing error count with requests present is no error, and unknown stays unknown.
fn rate(requests: Point, errors: Point) -> Point {
    match (requests, errors) {
        (Point::Unknown, _) | (_, Point::Unknown) => Point::Unknown,
        (Point::Absent, _) => Point::Absent,
        (Point::Pending(None), _) => Point::Pending(None),
        (Point::Pending(Some(n)), errors) => {
            Point::Pending((n > 0.0).then(|| percent(errors.number().unwrap_or(0.0), n)))
        }
        (Point::Value(n), _) if n <= 0.0 => Point::Absent,
        (Point::Value(n), Point::Pending(x)) => Point::Pending(Some(percent(x.unwrap_or(0.0), n))),
        (Point::Value(n), errors) => Point::Value(percent(errors.number().unwrap_or(0.0), n)),
    }
}

/// Errors can be counted in a later minute than their requests: never more than all.
fn percent(errors: f64, requests: f64) -> f64 {
    (100.0 * errors / requests).clamp(0.0, 100.0)
}

/// Both sides over the same minutes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Metrics {
    /// Start of the first minute.
    pub start: Timestamp,
    /// Blue's series.
    pub blue: SideMetrics,
    /// Green's series.
    pub green: SideMetrics,
    /// What else was asked for, by name.
    pub custom: Vec<CustomSeries>,
    /// 5xx answers the load balancer gave by itself: of no side, shown as a shared warning.
    pub balancer_errors: Vec<Point>,
    /// How the latencies are compared.
    pub latency: LatencyBasis,
    /// From where the numbers come: namespace, dimensions and statistics, for the person who asks.
    pub source: String,
}

impl Metrics {
    /// How many minutes there are.
    pub fn minutes(&self) -> usize {
        self.blue.requests.len().max(self.green.requests.len())
    }

    /// When minute `index` begins.
    pub fn minute(&self, index: usize) -> Timestamp {
        let offset = SignedDuration::from_mins(i64::try_from(index).unwrap_or(i64::MAX / 120));
        self.start.saturating_add(offset).unwrap_or(self.start)
    }

    /// The metrics of one side.
    pub fn side(&self, side: Side) -> &SideMetrics {
        match side {
            Side::Blue => &self.blue,
            Side::Green => &self.green,
        }
    }

    /// A metric that is none of the usual ones.
    pub fn custom(&self, name: &str) -> Option<&CustomSeries> {
        self.custom.iter().find(|series| series.name == name)
    }

    /// The share of requests each side really got in the last `minutes` settled minutes.
    ///
    /// A minute counts when neither side is unknown or unsettled; a side without requests counts
    /// as zero. Nothing when no such minute had a request.
    pub fn measured_share(&self, minutes: u32) -> Option<MeasuredShare> {
        let mut counted = 0;
        let (mut blue, mut green) = (0.0, 0.0);
        for (b, g) in self.blue.requests.iter().zip(&self.green.requests).rev() {
            let (Some(b), Some(g)) = (b.count(), g.count()) else { continue };
            counted += 1;
            blue += b;
            green += g;
            if counted == minutes {
                break;
            }
        }
        let weight = Weight::ratio(green, blue + green)?;
        Some(MeasuredShare {
            split: Split { green: weight },
            requests: blue + green,
            minutes: counted,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(requests: &[Point], errors: &[Point]) -> SideMetrics {
        SideMetrics { requests: requests.into(), errors: errors.into(), ..SideMetrics::default() }
    }

    #[test]
    fn no_requests_is_no_rate_and_no_errors_is_a_rate_of_zero() {
        let metrics = side(
            &[Point::Value(200.0), Point::Value(200.0), Point::Absent, Point::Unknown],
            &[Point::Value(3.0), Point::Absent, Point::Absent, Point::Value(1.0)],
        );
        assert_eq!(
            metrics.series(MetricKind::ErrorRate),
            [Point::Value(1.5), Point::Value(0.0), Point::Absent, Point::Unknown]
        );
    }

    #[test]
    fn a_minute_that_is_not_closed_is_never_a_settled_rate() {
        let metrics = side(&[Point::Pending(Some(50.0))], &[Point::Absent]);
        assert_eq!(metrics.series(MetricKind::ErrorRate), [Point::Pending(Some(0.0))]);
    }

    #[test]
    fn the_measured_share_leaves_out_what_is_not_known() {
        let metrics = Metrics {
            start: Timestamp::UNIX_EPOCH,
            blue: side(
                &[Point::Value(900.0), Point::Value(90.0), Point::Unknown, Point::Pending(None)],
                &[],
            ),
            green: side(
                &[Point::Absent, Point::Value(10.0), Point::Value(50.0), Point::Value(1.0)],
                &[],
            ),
            custom: Vec::new(),
            balancer_errors: Vec::new(),
            latency: LatencyBasis::Percentiles { why: String::new() },
            source: String::new(),
        };
        let one = metrics.measured_share(1).unwrap();
        assert_eq!(one.split.green, Weight::percent(10.0).unwrap());
        assert_eq!(metrics.measured_share(5).unwrap().minutes, 2);
    }
}
