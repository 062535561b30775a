//! What is kept → the metrics of both sides.

use crate::domain::{
    LatencyBasis, LatencyEdge, Metrics, Point, Prometheus, Quantile, Side, SideMetrics, Slower,
};
use crate::stats::{HistogramBucket, slower_than};

use super::super::query::id;
use super::super::span::{Span, moment};
use super::super::translate::beside;
use super::{Counter, Reader, histogram};

/// Both sides over `span`.
pub(super) fn metrics(reader: &Reader, counters: &[Counter], span: Span) -> Metrics {
    let minutes = usize::try_from(span.end - span.start).unwrap_or(0);
    Metrics {
        start: moment(span.start),
        blue: side(reader, Side::Blue, span),
        green: side(reader, Side::Green, span),
        custom: Vec::new(),
        // A load balancer in front of the pods is not asked.
        balancer_errors: vec![Point::Absent; minutes],
        latency: match &reader.edges {
            _ if counters.iter().any(|one| one.prometheus.latency.is_none()) => {
                percentiles("no latency is configured")
            }
            Some(edges) if edges.is_empty() => {
                percentiles("blue's latencies before the rollout lie beyond the buckets")
            }
            Some(edges) => LatencyBasis::Counted { edges: edges.clone() },
            None => percentiles("blue's history is not complete yet"),
        },
        source: sources(reader, counters),
    }
}

fn percentiles(why: &str) -> LatencyBasis {
    LatencyBasis::Percentiles { why: why.to_owned() }
}

/// Where the numbers come from, and why some do not.
fn sources(reader: &Reader, counters: &[Counter]) -> String {
    let mut all: Vec<String> = counters
        .iter()
        .map(|counter| match counter.sides[..] {
            [side] => format!("{}: {}", side.word(), source(&counter.prometheus)),
            _ => source(&counter.prometheus),
        })
        .collect();
    all.extend(reader.trouble.as_ref().map(ToString::to_string));
    all.join("; ")
}

fn source(prometheus: &Prometheus) -> String {
    let Prometheus { address, requests, errors, latency, .. } = prometheus;
    let latency = latency.as_deref().unwrap_or("none");
    format!("Prometheus {address}: requests {requests}, errors {errors}, latency {latency}")
}

fn side(reader: &Reader, side: Side, span: Span) -> SideMetrics {
    let get = |name: &str| reader.kept.points(&id(side, name), span);
    let requests = get("requests");
    let timed = beside(get("timed"), &requests);
    // A number of each minute's histogram, as settled as its count.
    let each = |of: &dyn Fn(&[HistogramBucket], f64) -> Option<f64>| -> Vec<Point> {
        let minutes = (span.start..).zip(&timed);
        let number = |minute, timed| of(&at_most(reader, side, minute), timed);
        minutes
            .map(|(minute, point)| match point {
                Point::Value(timed) => number(minute, *timed).map_or(Point::Absent, Point::Value),
                Point::Pending(timed) => {
                    Point::Pending(timed.and_then(|timed| number(minute, timed)))
                }
                Point::Absent => Point::Absent,
                Point::Unknown => Point::Unknown,
            })
            .collect()
    };
    let percentile =
        |quantile| each(&|buckets, timed| histogram::percentile(quantile, buckets, timed));
    let slower = |edge: &LatencyEdge| {
        let beyond = |x: f64| each(&|buckets, timed| Some(slower_than(x, buckets, timed)));
        Slower {
            edge: beyond(edge.edge),
            ignored: beyond(edge.ignored),
            accepted: match side {
                Side::Blue => Vec::new(),
                Side::Green => beyond(edge.accepted),
            },
        }
    };
    SideMetrics {
        errors: get("errors"),
        client_errors: vec![Point::Unknown; requests.len()],
        p50: percentile(Quantile::P50),
        p90: percentile(Quantile::P90),
        p99: percentile(Quantile::P99),
        slower: reader.edges.iter().flatten().map(slower).collect(),
        timed: timed.clone(),
        requests,
    }
}

/// The buckets of a minute and the requests that were timed in it.
pub(super) fn buckets(
    reader: &Reader,
    side: Side,
    minute: i64,
) -> Option<(Vec<HistogramBucket>, f64)> {
    let timed = reader.kept.cell(&id(side, "timed"), minute).value()?;
    Some((at_most(reader, side, minute), timed))
}

fn at_most(reader: &Reader, side: Side, minute: i64) -> Vec<HistogramBucket> {
    let mut at_most: f64 = 0.0;
    let bucket = |bound: &super::Bound| {
        let cell = reader.kept.cell(&id(side, &bound.name()), minute);
        // A bucket holds what the ones below it hold, also where one was not counted.
        at_most = at_most.max(cell.value().unwrap_or(0.0));
        HistogramBucket { bound: bound.0, at_most }
    };
    reader.bounds.iter().map(bucket).collect()
}
