//! What a cluster's Prometheus counted is compared like what CloudWatch counted.

use std::time::Instant;

use cutover::app::verdict::judge;
use cutover::domain::{Fact, FaultKind, LatencyBasis, MetricKind, Source};
use cutover::stats::{Config, Verdict};
use jiff::SignedDuration;

use super::Story;
use super::prometheus::Counter;

const BLUE: [&str; 2] = ["app-55c8cd864b-cvpr5", "app-55c8cd864b-hgddw"];
const GREEN: &str = "app-996f685f-88bpt";
/// The share of requests within 50, 100, 250, 500 ms, a second, and ever.
const FAST: [f64; 6] = [0.2, 0.6, 0.92, 0.99, 0.998, 1.0];
const SLOW: [f64; 6] = [0.1, 0.3, 0.6, 0.85, 0.98, 1.0];

/// A canary that has stood at a quarter for `minutes`, while `green` counts.
async fn paused(minutes: i64, green: impl Fn(Counter) -> Counter) -> Story {
    let story = Story::playing("canary-nginx-success", 2_500).await;
    let start = story.start.as_second();
    let counter = |pod: &str, from| Counter {
        pod: pod.to_owned(),
        from,
        to: None,
        requests: 600.0,
        failing: 0.004,
        within: FAST,
    };
    let mut counters: Vec<Counter> = BLUE.iter().map(|pod| counter(pod, start - 20_000)).collect();
    counters.push(green(counter(GREEN, start)));
    story.server.measure(counters);
    let now = story.start + SignedDuration::from_mins(minutes);
    *story.time.0.lock().unwrap() = (now, Instant::now());
    story
}

#[tokio::test]
async fn a_green_that_fails_and_is_slow_is_found_out_from_counters() {
    let mut story = paused(25, |green| Counter { failing: 0.03, within: SLOW, ..green }).await;
    let seen = story.until(|seen| seen.metrics.value().is_some()).await;
    let metrics = seen.metrics.value().unwrap();

    let settled = metrics.minutes() - 5;
    let number =
        |side: &cutover::domain::SideMetrics, kind| side.series(kind)[settled].settled().unwrap();
    assert!((number(&metrics.blue, MetricKind::Requests) - 20.0).abs() < 1e-6, "two pods");
    assert!((number(&metrics.green, MetricKind::ErrorRate) - 3.0).abs() < 1e-6);
    assert!((number(&metrics.blue, MetricKind::P50) - 0.084).abs() < 0.001);
    assert!(number(&metrics.green, MetricKind::P99) > 1.0 - 1e-6, "as far as the buckets tell");
    let share = metrics.measured_share(3).unwrap().split.green.get();
    assert!((share - 100.0 / 3.0).abs() < 1e-6);

    let LatencyBasis::Counted { edges } = &metrics.latency else { panic!("{:?}", metrics.latency) };
    assert_eq!(edges.len(), 3, "blue's history is in Prometheus");
    let judgement = judge(&seen, &Config::default()).unwrap();
    assert_eq!(judgement.assessment.verdict, Verdict::Worse);
    assert!(seen.readings[&Source::Prometheus].fault.is_none());
}

#[tokio::test]
async fn only_what_is_new_is_asked_for_again() {
    let mut story = paused(25, |green| green).await;
    let seen = story.until(|seen| seen.metrics.value().is_some()).await;
    let first = seen.metrics.at();
    let seen = story.until(|seen| seen.metrics.at() > first).await;
    let from = story.server.measured_from();
    assert_eq!(from.len(), 6, "requests, errors and buckets, twice");
    assert!(from[3] - from[0] >= 140 * 60, "the history was asked for once: {from:?}");
    let metrics = seen.metrics.value().unwrap();
    let known = metrics.blue.requests.iter().filter(|point| point.settled().is_some()).count();
    assert!(known > 140, "and is still there: {known}");
    assert_ne!(judge(&seen, &Config::default()).unwrap().assessment.verdict, Verdict::Worse);
}

#[tokio::test]
async fn a_prometheus_that_refuses_or_knows_nothing_says_so_and_the_rest_lives() {
    let mut story = paused(5, |green| green).await;
    story.server.measure(Vec::new());
    let seen = story.until(|seen| seen.metrics.fault().is_some()).await;
    let fault = seen.metrics.fault().unwrap();
    assert_eq!(fault.kind, FaultKind::Absent);
    assert!(fault.message.contains("counts no requests"), "{fault}");
    assert!(matches!(seen.rollout, Fact::Known { .. }));

    story.server.fail("GET /api/v1/namespaces/monitoring/services/prometheus:9090/proxy", 403);
    let denied = |seen: &cutover::domain::Snapshot| {
        seen.metrics.fault().is_some_and(|fault| {
            fault.kind == FaultKind::Denied { permission: "get services/proxy".into() }
        })
    };
    story.until(denied).await;
}
