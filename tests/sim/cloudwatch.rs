//! CloudWatch: CBOR, statistics, pages, metric math, alarms.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::error::ProvideErrorMetadata;
use aws_sdk_cloudwatch::operation::get_metric_data::builders::GetMetricDataFluentBuilder;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{
    Dimension, Metric, MetricDataQuery, MetricStat, ScanBy, StateValue, StatusCode,
};

use super::Running;

fn dimension(name: &str, value: &str) -> Dimension {
    Dimension::builder().name(name).value(value).build()
}

impl Running {
    /// The dimensions of the target group that has all traffic at first, as its users derive them.
    fn blue(&self) -> Vec<Dimension> {
        let (balancer, group) = self.simulator.with_world(|world| {
            (world.load_balancers()[0].arn.clone(), world.target_groups()[0].arn.clone())
        });
        let balancer = balancer.split_once("loadbalancer/").unwrap().1;
        let group = group.split_once("targetgroup/").unwrap().1;
        vec![
            dimension("LoadBalancer", balancer),
            dimension("TargetGroup", &format!("targetgroup/{group}")),
        ]
    }

    /// A request for the hour before this moment.
    fn hour(&self) -> GetMetricDataFluentBuilder {
        let now = self.simulator.clock().now().as_second();
        let (start, end) = (DateTime::from_secs(now - 3600), DateTime::from_secs(now));
        self.cloudwatch().get_metric_data().start_time(start).end_time(end)
    }
}

fn metric(id: &str, name: &str, stat: &str, dimensions: &[Dimension]) -> MetricDataQuery {
    let metric = Metric::builder().namespace("AWS/ApplicationELB").metric_name(name);
    let metric = metric.set_dimensions(Some(dimensions.to_vec())).build();
    let stat = MetricStat::builder().metric(metric).period(60).stat(stat).build();
    MetricDataQuery::builder().id(id).metric_stat(stat).build()
}

fn math(id: &str, expression: &str) -> MetricDataQuery {
    MetricDataQuery::builder().id(id).expression(expression).build()
}

/// Values by id and second, from all pages.
async fn series(request: GetMetricDataFluentBuilder) -> BTreeMap<String, BTreeMap<i64, f64>> {
    let mut all = BTreeMap::<String, BTreeMap<i64, f64>>::new();
    let mut pages = request.into_paginator().send();
    while let Some(page) = pages.next().await {
        for result in page.unwrap().metric_data_results() {
            let points = result.timestamps().iter().map(DateTime::secs);
            let series = all.entry(result.id().unwrap().to_owned()).or_default();
            series.extend(points.zip(result.values().iter().copied()));
        }
    }
    all
}

#[tokio::test]
async fn the_minutes_of_a_group_agree_with_each_other() {
    let sim = Running::scenario("canary", 0).await;
    let blue = sim.blue();
    let request = sim
        .hour()
        .metric_data_queries(metric("requests", "RequestCount", "Sum", &blue))
        .metric_data_queries(metric("good", "HTTPCode_Target_2XX_Count", "Sum", &blue))
        .metric_data_queries(metric("p50", "TargetResponseTime", "p50", &blue))
        .metric_data_queries(metric("p99", "TargetResponseTime", "p99", &blue))
        .metric_data_queries(metric("within", "TargetResponseTime", "PR(:0.05)", &blue))
        .metric_data_queries(metric("fast", "TargetResponseTime", "TC(:0.05)", &blue))
        .metric_data_queries(metric("hosts", "HealthyHostCount", "Minimum", &blue))
        .metric_data_queries(math("failed", "100 * (requests - good) / requests"))
        .metric_data_queries(math("total", "SUM([requests, FILL(good, 0)])"));
    let all = series(request).await;
    let requests = &all["requests"];
    // The newest minutes are still on their way.
    assert!((50..=60).contains(&requests.len()), "{} minutes", requests.len());
    for (at, requests) in requests {
        assert_eq!(at % 60, 0);
        assert!(all["p50"][at] < all["p99"][at]);
        let failed = 100.0 * (requests - all["good"][at]) / requests;
        assert!((all["failed"][at] - failed).abs() < 1e-9);
        assert!((0.0..=100.0).contains(&all["within"][at]));
        assert!(all["fast"][at] <= *requests);
        assert_eq!(all["total"][at], requests + all["good"][at]);
        assert!(all["hosts"][at] >= 1.0);
    }
}

#[tokio::test]
async fn what_nobody_published_is_empty_and_complete() {
    let sim = Running::scenario("canary", 30).await;
    let blue = sim.blue();
    let request = sim
        .hour()
        .metric_data_queries(metric("group_only", "RequestCount", "Sum", &blue[1..]))
        .metric_data_queries(metric("elb_code", "HTTPCode_ELB_5XX_Count", "Sum", &blue))
        .metric_data_queries(metric("unknown", "NoSuchMetric", "Sum", &blue))
        .metric_data_queries(metric("whole", "RequestCount", "Sum", &blue[..1]));
    let results = request.send().await.unwrap().metric_data_results.unwrap();
    for result in &results {
        assert_eq!(result.status_code(), Some(&StatusCode::Complete));
        assert_eq!(result.values().is_empty(), result.id() != Some("whole"), "{result:?}");
    }
}

#[tokio::test]
async fn pages_of_either_order_join_to_the_whole() {
    let sim = Running::scenario("canary", 0).await;
    let blue = sim.blue();
    let request = || {
        sim.hour()
            .metric_data_queries(metric("a", "RequestCount", "Sum", &blue))
            .metric_data_queries(metric("b", "TargetResponseTime", "Average", &blue))
    };
    let whole = series(request()).await;
    for order in [ScanBy::TimestampAscending, ScanBy::TimestampDescending] {
        let paged = request().scan_by(order.clone()).max_datapoints(14);
        let first = paged.clone().send().await.unwrap();
        assert!(first.next_token().is_some());
        let times = first.metric_data_results()[0].timestamps().to_vec();
        assert!(times.len() > 1);
        assert_eq!(times.is_sorted(), order == ScanBy::TimestampAscending);
        for result in first.metric_data_results() {
            assert_eq!(result.status_code(), Some(&StatusCode::PartialData));
            assert_eq!(result.values().len(), result.timestamps().len());
        }
        assert_eq!(series(paged).await, whole, "{order:?}");
    }
    let error = request().next_token("t7").send().await.unwrap_err();
    assert!(error.into_service_error().is_invalid_next_token());
}

#[tokio::test]
async fn longer_periods_hold_the_sum_of_their_minutes() {
    let sim = Running::scenario("canary", 0).await;
    let blue = sim.blue();
    let mut coarse = metric("coarse", "RequestCount", "Sum", &blue);
    coarse.metric_stat.as_mut().unwrap().period = Some(300);
    let fine = metric("fine", "RequestCount", "Sum", &blue);
    let all = series(sim.hour().metric_data_queries(fine).metric_data_queries(coarse)).await;
    for (start, sum) in &all["coarse"] {
        let minutes = all["fine"].range(start..&(start + 300)).map(|(_, value)| value);
        assert_eq!(*sum, minutes.sum::<f64>());
    }
    assert_eq!(all["coarse"].len(), 12);
}

#[tokio::test]
async fn wrong_queries_are_refused_in_words() {
    let sim = Running::scenario("canary", 10).await;
    let blue = sim.blue();
    let good = || metric("a", "RequestCount", "Sum", &blue);
    let mut period = good();
    period.metric_stat.as_mut().unwrap().period = Some(90);
    for (queries, said) in [
        (vec![], "MetricDataQueries is required"),
        (vec![good(), good()], "not unique"),
        (vec![metric("A", "RequestCount", "Sum", &blue)], "expected pattern"),
        (vec![metric("a", "RequestCount", "sum", &blue)], "'sum' for parameter Stat"),
        (vec![period], "multiple of 60"),
        (vec![MetricDataQuery::builder().id("a").build()], "either MetricStat or Expression"),
        (vec![good(), math("e", "a / b")], "there is no query b"),
        (vec![math("e", "e + 1")], "refers to itself"),
        (vec![good(), math("e", "ANOMALY_DETECTION_BAND(a)")], "not simulated"),
        (vec![math("e", "1 + 1")], "no time series"),
        (vec![good(); 501], "size greater than 500"),
    ] {
        let error = sim.hour().set_metric_data_queries(Some(queries)).send().await.unwrap_err();
        assert_eq!(error.code(), Some("ValidationError"), "{said}");
        let message = error.into_service_error().message().unwrap_or_default().to_owned();
        assert!(message.contains(said), "{message}");
    }
}

#[tokio::test]
async fn a_span_of_a_thousand_years_answers_what_is_kept() {
    let sim = Running::scenario("canary", 10).await;
    let blue = sim.blue();
    let request = sim
        .hour()
        .metric_data_queries(metric("a", "RequestCount", "Sum", &blue))
        .start_time(DateTime::from_secs(-10_000_000_000))
        .end_time(DateTime::from_secs(30_000_000_000))
        .max_datapoints(3);
    let answer = request.send().await.unwrap();
    assert!(answer.metric_data_results()[0].values().len() <= 3);
    assert!(answer.next_token().is_some());
}

#[tokio::test]
async fn metrics_can_be_listed_and_filtered() {
    let sim = Running::scenario("canary", 0).await;
    let blue = sim.blue();
    let list = sim.cloudwatch().list_metrics().namespace("AWS/ApplicationELB");
    let all = list.clone().send().await.unwrap();
    let filtered = list.metric_name("RequestCount").send().await.unwrap();
    assert_eq!(filtered.metrics().len(), 3);
    assert!(all.metrics().len() > filtered.metrics().len());
    let mine = |metric: &&Metric| blue.iter().all(|one| metric.dimensions().contains(one));
    assert_eq!(filtered.metrics().iter().filter(mine).count(), 1);
}

#[tokio::test]
async fn alarms_are_found_by_name_prefix_and_state() {
    let sim = Running::scenario("alarm", 0).await;
    let describe = || sim.cloudwatch().describe_alarms();
    let all = describe().send().await.unwrap().metric_alarms.unwrap();
    let name = all[0].alarm_name().unwrap();
    assert!(all[0].state_updated_timestamp().is_some() && all[0].threshold().is_some());
    let by_name = describe().alarm_names(name).alarm_names("none").send().await.unwrap();
    assert_eq!(by_name.metric_alarms(), &all[..1]);
    let by_prefix = describe().alarm_name_prefix(&name[..3]).send().await.unwrap();
    assert!(by_prefix.metric_alarms().contains(&all[0]));
    let firing = describe().state_value(StateValue::Alarm).send().await.unwrap();
    assert!(firing.metric_alarms().is_empty());
    sim.pass(60);
    let fired = describe().alarm_names(name).send().await.unwrap();
    assert!(
        fired.metric_alarms()[0].state_transitioned_timestamp()
            > all[0].state_transitioned_timestamp()
    );
    let error = describe().max_records(101).send().await.unwrap_err();
    assert_eq!(error.code(), Some("ValidationError"));
    let error = describe().next_token("9").send().await.unwrap_err();
    assert!(error.into_service_error().is_invalid_next_token());
}
