//! What is measured on both sides, minute by minute.

use cutover::domain::{Metrics, Phase, Point, Quantile, Side, Snapshot};
use cutover::sources::{Account, Backend, Wish};
use cutover::stats::Config;
use jiff::Timestamp;

use super::Bench;

const GROUP: &str = "codedeploy:shop/checkout";

fn metrics(picture: &Snapshot) -> &Metrics {
    picture.metrics.fresh().unwrap()
}

#[tokio::test]
async fn the_newest_minutes_are_left_alone_for_as_long_as_the_config_says() {
    for (text, young) in [("", 3), ("settle-seconds = 60", 1), ("settle-seconds = 600", 10)] {
        let config: Config = toml::from_str(text).unwrap();
        let mut bench = Bench::judged("canary", GROUP, config).await;
        let picture = bench.look().await;
        let requests = &metrics(&picture).blue.requests;
        let pending = requests.iter().rev().take_while(|point| !point.is_closed()).count();
        assert_eq!(pending, young, "{text}");
        // A minute that is delivered later than it is taken for settled has no point yet.
        let settled = requests[requests.len() - 1 - young.max(3)];
        assert!(matches!(settled, Point::Value(_)), "{text}");
    }
}

/// The GetMetricData calls since the `before`-th: first minute asked for and queries, by arrival.
fn asked(bench: &Bench, before: usize) -> Vec<(Timestamp, usize)> {
    let calls = bench.simulator.calls();
    let calls = calls.iter().filter(|call| call.operation == "GetMetricData").skip(before);
    let asked = calls.map(|call| {
        (call.input.time("StartTime").unwrap(), call.input.list("MetricDataQueries").len())
    });
    asked.collect()
}

#[tokio::test]
async fn latencies_are_counted_above_blue_s_own_percentiles_from_before_the_rollout() {
    let mut bench = Bench::group("latency").await;
    bench.reach(&Phase::Shifting).await;
    bench.pass(240);
    let picture = bench.look().await;
    let edges = metrics(&picture).latency.edges().to_vec();
    assert_eq!(edges.iter().map(|edge| edge.quantile).collect::<Vec<_>>(), Quantile::ALL);
    for edge in &edges {
        let mut before: Vec<f64> = metrics(&picture)
            .blue
            .percentile(edge.quantile)
            .iter()
            .take(100)
            .filter_map(|point| point.settled())
            .collect();
        before.sort_by(f64::total_cmp);
        let median = before[before.len() / 2];
        assert!((edge.edge / median - 1.0).abs() < 0.1, "{edge:?}, but the median is {median}");
        assert!((edge.ignored / edge.edge - 1.05).abs() < 1e-3, "{edge:?}");
        assert!((edge.accepted / edge.edge - 1.25).abs() < 1e-3, "{edge:?}");
    }
    bench.pass(900);
    let picture = bench.look().await;
    let now = metrics(&picture);
    assert_eq!(now.latency.edges(), edges, "they stay for the whole rollout");
    let index = (0..now.minutes())
        .rev()
        .find(|index| now.green.timed.get(*index).is_some_and(|n| n.settled() > Some(100.0)))
        .unwrap();
    let share = |side: Side| {
        let side = now.side(side);
        side.slower[2].edge[index].settled().unwrap() / side.timed[index].settled().unwrap()
    };
    assert!(share(Side::Blue) < 0.03, "{}", share(Side::Blue));
    assert!(share(Side::Green) > 2.0 * share(Side::Blue), "{}", share(Side::Green));
}

#[tokio::test]
async fn the_edges_come_out_the_same_when_the_program_is_started_again() {
    let mut bench = Bench::group("latency").await;
    bench.pass(300);
    let edges = metrics(&bench.look().await).latency.edges().to_vec();
    assert_eq!(edges.len(), 3);
    for seconds in [200, 3333] {
        bench.pass(seconds);
        bench.watch = bench.aws.watch(&bench.target);
        assert_eq!(metrics(&bench.look().await).latency.edges(), edges);
    }
}

#[tokio::test]
async fn what_is_known_is_not_asked_for_again_and_reads_as_if_it_were() {
    let mut bench = Bench::group("errors").await;
    bench.pass(400);
    bench.look().await;
    let first = asked(&bench, 0);
    assert_eq!(first[0].1, 15, "{first:?}");
    assert_eq!(first.iter().filter(|call| call.1 == 17).count(), 1, "counts, with the edges known");
    let mut picture = bench.look().await;
    for _ in 0..7 {
        bench.pass(90);
        let before = bench.arrived("GetMetricData");
        picture = bench.look().await;
        let asked = asked(&bench, before);
        assert_eq!(asked.len(), 1, "one call for all series");
        let minutes = picture.taken.duration_since(asked[0].0).as_mins();
        assert!(minutes <= 7, "{minutes} minutes asked for");
    }
    bench.watch = bench.aws.watch(&bench.target);
    let afresh = bench.look().await;
    assert_eq!(metrics(&picture), metrics(&afresh));
}

#[tokio::test]
async fn what_failed_to_come_is_asked_for_as_soon_as_it_can_be_had() {
    let mut bench = Bench::group("errors").await;
    bench.pass(400);
    bench.look().await;
    bench.fault("cloudwatch.GetMetricData=throttle");
    for _ in 0..5 {
        bench.pass(120);
        let picture = bench.look().await;
        assert!(picture.metrics.fault().is_some());
    }
    bench.simulator.clear_faults();
    bench.pass(60);
    let picture = bench.look().await;
    let settled = &metrics(&picture).blue.requests;
    let gaps = settled.iter().filter(|point| **point == Point::Unknown).count();
    assert_eq!(gaps, 0, "{settled:?}");
}

#[tokio::test]
async fn a_metric_of_one_s_own_is_measured_on_both_sides_and_judged() {
    let config = "[metrics.p95]\nnamespace = 'AWS/ApplicationELB'\nmetric = 'TargetResponseTime'\n\
        statistic = 'p95'\nunit = 's'\nrole = 'critical'\nweight = 5\n\
        dimensions = { LoadBalancer = '$load-balancer', TargetGroup = '$target-group' }\n\
        [metrics.queue]\nnamespace = 'Shop'\nmetric = 'QueueLength'\n\
        dimensions = { Revision = '$task-definition' }";
    let config: Config = toml::from_str(config).unwrap();
    let mut bench = Bench::judged("latency", GROUP, config.clone()).await;
    bench.reach(&Phase::Shifting).await;
    bench.pass(840);
    let picture = bench.look().await;
    let asked = bench.simulator.calls();
    let queries = asked.iter().rev().find(|call| call.operation == "GetMetricData").unwrap();
    let asked = queries.input.list("MetricDataQueries").iter();
    let asked = asked.map(|query| query.get("MetricStat").get("Metric"));
    let own = asked.filter(|metric| metric.text("Namespace") == Some("Shop"));
    let mut revisions: Vec<&str> =
        own.filter_map(|metric| metric.list("Dimensions")[0].text("Value")).collect();
    revisions.sort_unstable();
    assert_eq!(revisions, ["checkout:41", "checkout:42"], "each side by what it runs");

    let metrics = metrics(&picture);
    let p95 = metrics.custom("p95").unwrap();
    let last = |series: &[Point]| series.iter().rev().find_map(|point| point.settled()).unwrap();
    assert!(last(p95.side(Side::Green)) > 0.0 && last(p95.side(Side::Blue)) > 0.0);
    let nothing = metrics.custom("queue").unwrap();
    assert!(nothing.blue.iter().all(|point| point.settled().is_none()), "nobody measures it");

    let judgement = cutover::app::verdict::judge(&picture, &config).unwrap();
    let names = judgement.assessment.metrics.iter().map(|metric| metric.name.as_str());
    assert!(names.eq(["errors", "p50", "p90", "p99", "client_errors", "p95", "queue"]));
    let p95 = &judgement.assessment.metrics[5];
    assert!(p95.gauge_ratio.is_some(), "{p95:?}");
}

#[tokio::test]
async fn an_expression_is_computed_of_each_sides_own_and_needs_no_finer_period() {
    let own = |metric: &str| {
        format!(
            "{{ namespace = 'AWS/ApplicationELB', metric = '{metric}', statistic = 'Sum', \
             dimensions = {{ LoadBalancer = '$load-balancer', TargetGroup = '$target-group' }} }}"
        )
    };
    let config = format!(
        "[metrics.good]\nexpression = '100 * FILL(fine, 0) / all'\nunit = '%'\nperiod = 10\n\
         worse = 'lower'\nof.fine = {}\nof.all = {}",
        own("HTTPCode_Target_2XX_Count"),
        own("RequestCount")
    );
    let config: Config = toml::from_str(&config).unwrap();
    let mut bench = Bench::judged("errors", GROUP, config.clone()).await;
    bench.reach(&Phase::Shifting).await;
    bench.pass(840);
    let picture = bench.look().await;
    let good = metrics(&picture).custom("good").unwrap();
    let last = |side| good.side(side).iter().rev().find_map(|point| point.settled()).unwrap();
    let (blue, green) = (last(Side::Blue), last(Side::Green));
    assert!(green < blue && blue <= 100.0 && green > 50.0, "{blue} {green}");
    // Load balancers have nothing finer than a minute: the minute's number stays.
    assert_eq!(good.fine, None);
    let judgement = cutover::app::verdict::judge(&picture, &config).unwrap();
    assert!(judgement.assessment.metrics[5].gauge_ratio.is_some());
}

#[tokio::test]
async fn a_mistake_in_what_a_person_added_leaves_everything_else_as_it_is() {
    let config = "[metrics.wrong]\nexpression = 'NO_SUCH_FUNCTION(all)'\n\
         of.all = { namespace = 'AWS/ApplicationELB', metric = 'RequestCount' }";
    let mut bench = Bench::judged("errors", GROUP, toml::from_str(config).unwrap()).await;
    let picture = bench.reach(&Phase::Shifting).await;
    let seen = metrics(&picture);
    assert!(seen.blue.requests.iter().any(|point| point.settled().is_some()));
    let wrong = seen.custom("wrong").unwrap();
    assert!(wrong.blue.iter().all(|point| point.number().is_none()), "{wrong:?}");
    assert!(seen.source.contains("what was added: "), "{}", seen.source);
}

#[tokio::test]
async fn a_deployment_asked_for_by_its_id_is_judged_as_its_group_is() {
    let mut bench = Bench::group("canary").await;
    let picture = bench.look().await;
    assert_eq!(picture.configured(), &picture.target);
    let id = super::rollout(&picture).id.as_str().parse().unwrap();
    let picture = bench.aws.watch(&id).observe_whole(Wish { window: 30, all: true }).await;
    assert_eq!(
        (picture.target.to_string(), picture.configured().to_string()),
        (id.to_string(), GROUP.into())
    );
}
