//! What is kept → the metrics of both sides.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::{
    CustomSeries, FinePoint, FineSeries, LatencyBasis, LatencyEdge, Metrics, Point, Side,
    SideMetrics, Slower,
};

use super::Subject;
use super::kept::{Answer, Kept};
use super::latency::{Counting, Way};
use super::measured::{Measured, REFUSED};
use super::query::{Strictness, count_id, custom_id, fine_id, id, source};
use super::span::{Span, moment};

/// Both sides over `span`.
pub(super) fn metrics(
    kept: &Kept,
    subject: &Subject,
    counting: &Counting,
    span: Span,
    newest: &BTreeMap<String, Answer>,
) -> Metrics {
    let Subject { custom, .. } = subject;
    let side = |side| self::side(kept, (&subject.measured, counting), side, span);
    Metrics {
        start: moment(span.start),
        blue: side(Side::Blue),
        green: side(Side::Green),
        custom: custom
            .iter()
            .enumerate()
            .map(|(index, (name, own))| CustomSeries {
                name: name.clone(),
                unit: own.unit.clone(),
                blue: kept.points(&custom_id(Side::Blue, index), span),
                green: kept.points(&custom_id(Side::Green, index), span),
                fine: fine(newest, index, own.period),
            })
            .collect(),
        balancer_errors: balancer_errors(kept, &subject.measured, span),
        latency: match counting {
            Counting::Works(_, edges) => LatencyBasis::Counted { edges: edges.clone() },
            Counting::Impossible(why) => LatencyBasis::Percentiles { why: (*why).to_owned() },
            Counting::Undecided | Counting::Trial(..) => {
                LatencyBasis::Percentiles { why: "blue's history is not complete yet".to_owned() }
            }
        },
        source: source(subject, counting),
    }
}

/// What the load balancers answered by themselves.
fn balancer_errors(kept: &Kept, measured: &Measured, span: Span) -> Vec<Point> {
    let balancers = measured.balancers();
    let each = balancers.iter().map(|(id, _)| kept.points(id, span));
    each.reduce(|sum, more| plus(&sum, &more))
        .unwrap_or_else(|| vec![Point::Absent; span.minutes()])
}

/// The newest numbers of the metric that a person added as the `index`-th; nothing where none came.
fn fine(
    newest: &BTreeMap<String, Answer>,
    index: usize,
    period_seconds: u32,
) -> Option<FineSeries> {
    let numbers = |side| -> Vec<FinePoint> {
        let answer = newest.get(&fine_id(side, index));
        let numbers = answer.into_iter().flat_map(Answer::numbers);
        numbers
            .filter_map(|(at, value)| {
                Some(FinePoint { at: Timestamp::from_second(at).ok()?, value })
            })
            .collect()
    };
    let (blue, green) = (numbers(Side::Blue), numbers(Side::Green));
    let some = !blue.is_empty() || !green.is_empty();
    some.then_some(FineSeries { period_seconds, blue, green })
}

fn side(
    kept: &Kept,
    (measured, counting): (&Measured, &Counting),
    side: Side,
    span: Span,
) -> SideMetrics {
    let get = |name: &str| kept.points(&id(side, name), span);
    let answered = get("requests");
    let has = |name| measured.at(side).is_none_or(|origin| origin.has(name));
    let refused = if has(REFUSED) { get(REFUSED) } else { vec![Point::Absent; answered.len()] };
    // A refused connection never becomes a counted request: it is one more of both.
    let requests = plus(&answered, &refused);
    let errors = plus(&get("e5xx"), &refused);
    // Only a load balancer that counted requests can be silent about their latency by mistake.
    let latency = |name| beside(get(name), &answered);
    let (timed, slower) = match counting {
        Counting::Works(way, edges) => {
            let timed = beside(get("timed"), &answered);
            let slower = |edge| slower(kept, (*way, edge), side, &timed, span);
            let slower = edges.iter().map(slower).collect();
            (timed, slower)
        }
        Counting::Undecided | Counting::Trial(..) | Counting::Impossible(_) => Default::default(),
    };
    SideMetrics {
        errors,
        client_errors: get("e4xx"),
        p50: latency("p50"),
        p90: latency("p90"),
        p99: latency("p99"),
        timed,
        slower,
        requests,
    }
}

/// How many of the timed requests were slower than one edge.
fn slower(
    kept: &Kept,
    (way, edge): (Way, &LatencyEdge),
    side: Side,
    timed: &[Point],
    span: Span,
) -> Slower {
    let count = |strictness: Strictness| {
        let within = kept.points(&count_id(side, edge, strictness), span);
        timed.iter().zip(&within).map(|(timed, within)| beyond(way, *timed, *within)).collect()
    };
    let asked = |strictness| Strictness::of(side).contains(&strictness);
    Slower {
        edge: count(Strictness::Edge),
        ignored: count(Strictness::Ignored),
        accepted: if asked(Strictness::Accepted) {
            count(Strictness::Accepted)
        } else {
            Vec::new()
        },
    }
}

/// Timed requests that were not within. In a complete answer no count beside timed requests is a
/// count of none: all were slower.
fn beyond(way: Way, timed: Point, within: Point) -> Point {
    let slow = |timed: f64, within: f64| (timed - way.count(within, timed)).clamp(0.0, timed);
    match (timed, within) {
        (Point::Unknown, _) | (_, Point::Unknown) => Point::Unknown,
        (Point::Absent, _) => Point::Absent,
        (Point::Value(timed), Point::Value(within)) => Point::Value(slow(timed, within)),
        (Point::Value(timed), Point::Absent) => Point::Value(timed),
        (Point::Value(timed), Point::Pending(within)) => {
            Point::Pending(within.map(|within| slow(timed, within)))
        }
        (Point::Pending(timed), within) => {
            let both = timed.zip(within.number());
            Point::Pending(both.map(|(timed, within)| slow(timed, within)))
        }
    }
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

/// A series of latencies beside the requests they belong to: no latency beside counted requests is
/// not "no latency", nobody knows it.
pub(super) fn beside(latency: Vec<Point>, requests: &[Point]) -> Vec<Point> {
    let both = latency.into_iter().zip(requests);
    both.map(|both| match both {
        (Point::Absent, Point::Value(_)) => Point::Unknown,
        (latency, _) => latency,
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_connections_are_requests_that_failed() {
        let sum = plus(
            &[Point::Value(100.0), Point::Absent, Point::Unknown],
            &[Point::Value(3.0), Point::Value(2.0), Point::Value(1.0)],
        );
        assert_eq!(sum, [Point::Value(103.0), Point::Value(2.0), Point::Unknown]);
    }

    #[test]
    fn who_was_not_within_was_slower_and_what_is_not_known_stays_so() {
        use Point::{Absent, Pending, Unknown, Value};
        for (timed, within, slow) in [
            (Value(200.0), Value(180.0), Value(20.0)),
            (Value(200.0), Value(201.0), Value(0.0)),
            (Value(200.0), Absent, Value(200.0)),
            (Value(200.0), Unknown, Unknown),
            (Unknown, Value(1.0), Unknown),
            (Absent, Absent, Absent),
            (Pending(Some(50.0)), Pending(Some(20.0)), Pending(Some(30.0))),
            (Pending(None), Pending(None), Pending(None)),
        ] {
            assert_eq!(beyond(Way::TrimmedCount, timed, within), slow, "{timed:?} {within:?}");
        }
        let share = beyond(Way::PercentileRank, Value(200.0), Value(90.0));
        assert_eq!(share, Value(20.0));
    }

    #[test]
    fn a_latency_is_only_missing_where_there_was_no_request() {
        let requests = [Point::Value(5.0), Point::Absent];
        let latency = beside(vec![Point::Absent, Point::Absent], &requests);
        assert_eq!(latency, [Point::Unknown, Point::Absent]);
    }
}
