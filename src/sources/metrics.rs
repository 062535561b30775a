//! What CloudWatch measured on both target groups, minute by minute.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::{
    Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy, StatusCode,
};
use jiff::{SignedDuration, Timestamp};

use crate::domain::{Fault, FaultKind, Metrics, Point, SideMetrics};

use super::aws::Aws;
use super::error::fault;
use super::time::{earlier, later, sdk_time};

const OPERATION: &str = "cloudwatch:GetMetricData";
const NAMESPACE: &str = "AWS/ApplicationELB";
/// Pages of one answer; more is a server that repeats itself.
const PAGES: usize = 20;

/// Which groups behind which load balancer, as CloudWatch's dimensions name them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Groups {
    /// `app/NAME/HEX`.
    pub(crate) load_balancer: String,
    /// Blue's `targetgroup/NAME/HEX`.
    pub(crate) blue: String,
    /// Green's.
    pub(crate) green: String,
}

/// From when to when, in whole minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// Start of the first minute.
    pub(crate) start: Timestamp,
    /// How many minutes.
    pub(crate) minutes: usize,
    /// Minutes that end after this moment may still change.
    pub(crate) settled_until: Timestamp,
}

impl Span {
    /// The last `minutes` minutes up to now, the one that runs not among them.
    ///
    /// What is younger than `settle` is not settled: load balancers deliver late.
    pub(crate) fn last(minutes: usize, now: Timestamp, settle: SignedDuration) -> Self {
        let end = now.as_second().div_euclid(60) * 60;
        let start = end - 60 * i64::try_from(minutes).unwrap_or(0);
        Self {
            start: Timestamp::from_second(start).unwrap_or(Timestamp::UNIX_EPOCH),
            minutes,
            settled_until: earlier(now, settle),
        }
    }

    fn end(self) -> Timestamp {
        later(self.start, SignedDuration::from_mins(i64::try_from(self.minutes).unwrap_or(0)))
    }

    /// The position of the minute that begins at `second`.
    fn index(self, second: i64) -> Option<usize> {
        let offset = second.checked_sub(self.start.as_second())?;
        usize::try_from(offset.div_euclid(60)).ok().filter(|index| *index < self.minutes)
    }

    fn is_settled(self, index: usize) -> bool {
        let minutes = i64::try_from(index).unwrap_or(i64::MAX / 120) + 1;
        later(self.start, SignedDuration::from_mins(minutes)) <= self.settled_until
    }
}

/// One series that is asked for: its id, metric and statistic.
const SERIES: [(&str, &str, &str); 7] = [
    ("requests", "RequestCount", "Sum"),
    ("e5xx", "HTTPCode_Target_5XX_Count", "Sum"),
    ("e4xx", "HTTPCode_Target_4XX_Count", "Sum"),
    ("connection", "TargetConnectionErrorCount", "Sum"),
    ("p50", "TargetResponseTime", "p50"),
    ("p90", "TargetResponseTime", "p90"),
    ("p99", "TargetResponseTime", "p99"),
];
const BALANCER: &str = "balancer_5xx";

/// Asks for both sides in one call a page.
pub(crate) async fn sample(aws: &Aws, groups: &Groups, span: Span) -> Result<Metrics, Fault> {
    let mut answers: BTreeMap<String, Answer> = BTreeMap::new();
    let mut token = None;
    for _ in 0..PAGES {
        let answer = aws
            .reads()
            .cloudwatch
            .get_metric_data()
            .set_metric_data_queries(Some(queries(groups)))
            .start_time(sdk_time(span.start))
            .end_time(sdk_time(span.end()))
            .scan_by(ScanBy::TimestampAscending)
            .set_next_token(token)
            .send()
            .await
            .map_err(|error| fault(OPERATION, &error))?;
        for result in answer.metric_data_results() {
            answers.entry(result.id().unwrap_or_default().to_owned()).or_default().add(result);
        }
        token = answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() {
            return Ok(Metrics {
                start: span.start,
                blue: side(&answers, "blue", span),
                green: side(&answers, "green", span),
                balancer_errors: series(answers.get(BALANCER), span),
                source: format!(
                    "{NAMESPACE} of {}: blue {}, green {}; RequestCount, 5xx, 4xx and connection \
                     errors as Sum, TargetResponseTime as p50, p90, p99; period 60 s",
                    groups.load_balancer, groups.blue, groups.green
                ),
            });
        }
    }
    Err(Fault::new(FaultKind::Garbled, OPERATION, "the answer has no last page"))
}

/// What came for one id, over all pages.
#[derive(Default)]
struct Answer {
    values: Vec<(i64, f64)>,
    complete: bool,
}

impl Answer {
    /// With pages the last status counts: `PartialData` until all of it is there.
    fn add(&mut self, result: &MetricDataResult) {
        self.complete = result.status_code() == Some(&StatusCode::Complete);
        let times = result.timestamps().iter().map(aws_smithy_types::DateTime::secs);
        self.values.extend(times.zip(result.values().iter().copied()));
    }
}

fn queries(groups: &Groups) -> Vec<MetricDataQuery> {
    let dimension = |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
    let query = |id: String, metric: &str, statistic: &str, group: Option<&str>| {
        let metric = Metric::builder()
            .namespace(NAMESPACE)
            .metric_name(metric)
            .dimensions(dimension("LoadBalancer", &groups.load_balancer));
        let metric = match group {
            Some(group) => metric.dimensions(dimension("TargetGroup", group)),
            None => metric,
        };
        let stat = MetricStat::builder().metric(metric.build()).period(60).stat(statistic).build();
        MetricDataQuery::builder().id(id).metric_stat(stat).build()
    };
    let mut queries = Vec::with_capacity(2 * SERIES.len() + 1);
    for (side, group) in [("blue", &groups.blue), ("green", &groups.green)] {
        for (name, metric, statistic) in SERIES {
            queries.push(query(format!("{side}_{name}"), metric, statistic, Some(group)));
        }
    }
    queries.push(query(BALANCER.to_owned(), "HTTPCode_ELB_5XX_Count", "Sum", None));
    queries
}

fn side(answers: &BTreeMap<String, Answer>, side: &str, span: Span) -> SideMetrics {
    let get = |name: &str| series(answers.get(&format!("{side}_{name}")), span);
    let (answered, refused) = (get("requests"), get("connection"));
    // A refused connection never becomes a counted request: it is one more of both.
    let requests = plus(&answered, &refused);
    let errors = plus(&get("e5xx"), &refused);
    // Only a load balancer that counted requests can be silent about their latency by mistake.
    let latency = |name| {
        get(name).into_iter().zip(&answered).map(|(p, n)| latency(p, *n)).collect::<Vec<Point>>()
    };
    SideMetrics {
        errors,
        client_errors: get("e4xx"),
        p50: latency("p50"),
        p90: latency("p90"),
        p99: latency("p99"),
        requests,
    }
}

/// The points of one series: what was not answered is unknown, what is not in a complete answer is
/// absent, and what is too young is pending.
fn series(answer: Option<&Answer>, span: Span) -> Vec<Point> {
    let Some(answer) = answer else { return vec![Point::Unknown; span.minutes] };
    let missing = if answer.complete { Point::Absent } else { Point::Unknown };
    let mut points: Vec<Point> = (0..span.minutes)
        .map(|index| if span.is_settled(index) { missing } else { Point::Pending(None) })
        .collect();
    for (second, value) in &answer.values {
        let Some(index) = span.index(*second) else { continue };
        points[index] = match (value.is_finite(), span.is_settled(index)) {
            (false, _) => Point::Unknown,
            (true, true) => Point::Value(*value),
            (true, false) => Point::Pending(Some(*value)),
        };
    }
    points
}

/// The sum of two counts of the same minute; what is absent adds nothing.
fn plus(a: &[Point], b: &[Point]) -> Vec<Point> {
    a.iter()
        .zip(b)
        .map(|(a, b)| match (*a, *b) {
            (Point::Unknown, _) | (_, Point::Unknown) => Point::Unknown,
            (Point::Absent, other) | (other, Point::Absent) => other,
            (Point::Pending(a), Point::Pending(b)) => match (a, b) {
                (None, other) | (other, None) => Point::Pending(other),
                (Some(a), Some(b)) => Point::Pending(Some(a + b)),
            },
            (Point::Pending(a), Point::Value(b)) | (Point::Value(b), Point::Pending(a)) => {
                Point::Pending(Some(a.unwrap_or(0.0) + b))
            }
            (Point::Value(a), Point::Value(b)) => Point::Value(a + b),
        })
        .collect()
}

/// No latency beside counted requests is not "no latency": nobody knows it.
fn latency(point: Point, requests: Point) -> Point {
    match (point, requests) {
        (Point::Absent, Point::Value(_)) => Point::Unknown,
        (point, _) => point,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span() -> Span {
        let now = Timestamp::from_second(1_760_000_430).unwrap();
        Span::last(5, now, SignedDuration::from_secs(180))
    }

    fn answer(values: &[(usize, f64)], complete: bool) -> Answer {
        let start = span().start.as_second();
        let values = values.iter().map(|(i, value)| (start + 60 * *i as i64, *value)).collect();
        Answer { values, complete }
    }

    #[test]
    fn the_running_minute_is_left_out_and_young_ones_are_pending() {
        let span = span();
        assert_eq!(span.start.as_second() % 60, 0);
        let points = series(Some(&answer(&[(0, 1.0), (4, 9.0)], true)), span);
        assert_eq!(points[0], Point::Value(1.0));
        assert_eq!(points[1], Point::Absent);
        assert_eq!(points[3], Point::Pending(None));
        assert_eq!(points[4], Point::Pending(Some(9.0)));
    }

    #[test]
    fn only_a_complete_answer_can_say_that_there_is_nothing() {
        let span = span();
        assert_eq!(series(Some(&answer(&[], false)), span)[0], Point::Unknown);
        assert_eq!(series(None, span)[0], Point::Unknown);
    }

    #[test]
    fn a_point_outside_the_span_or_not_a_number_is_no_value() {
        let span = span();
        let far = Answer { values: vec![(0, 1.0), (i64::MIN, 2.0)], complete: true };
        assert_eq!(series(Some(&far), span)[0], Point::Absent);
        assert_eq!(series(Some(&answer(&[(0, f64::NAN)], true)), span)[0], Point::Unknown);
    }

    #[test]
    fn refused_connections_are_requests_that_failed() {
        let sum = plus(
            &[Point::Value(100.0), Point::Absent, Point::Unknown],
            &[Point::Value(3.0), Point::Value(2.0), Point::Value(1.0)],
        );
        assert_eq!(sum, [Point::Value(103.0), Point::Value(2.0), Point::Unknown]);
    }
}
