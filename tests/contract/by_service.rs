//! What a load balancer counts by Service is the version's that the Service led to: the metrics of a
//! Rollout behind an ALB, minute by minute against what the simulated groups have counted.

use cutover::app::verdict::judge;
use cutover::domain::{Fact, FaultKind, LatencyBasis, MetricKind, Metrics, Point, Side, Source};
use cutover::sim::services::Service;
use cutover::stats::Verdict;

use super::argo::Cluster;
use super::*;

const GROUPS: [&str; 2] = ["k8s-shop-checkout-a1c0ffee01", "k8s-shop-checkout-b2c0ffee02"];

const EVERYTHING: Wish = Wish { window: 15, all: true };

/// The scenario with more said about its load balancer.
fn scenario(alb: &str) -> Scenario {
    let text = include_str!("../../assets/scenarios/argo-alb.toml");
    Scenario::parse(&text.replace("[argo.alb]\n", &format!("[argo.alb]\n{alb}\n"))).unwrap()
}

/// What each of the two groups has counted in a minute.
fn counted(cluster: &Cluster, minute: Timestamp) -> [Option<f64>; 2] {
    cluster.simulator.with_world(|world| {
        let groups = world.target_groups();
        GROUPS.map(|name| {
            let arn = &groups.iter().find(|group| group.name == name).unwrap().arn;
            Some(world.minute(arn, minute)?.requests as f64)
        })
    })
}

/// Who has a settled minute, as the metrics say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    First,
    Second,
    Neither,
    Nobody,
}

/// For each settled minute since a moment: which group's count each side has. A count that is no
/// group's is a mistake.
#[track_caller]
fn owners(cluster: &Cluster, metrics: &Metrics, since: Timestamp) -> Vec<(Timestamp, [Who; 2])> {
    let of = |index: usize, minute: Timestamp| {
        let [first, second] = counted(cluster, minute);
        [Side::Blue, Side::Green].map(|side| match metrics.side(side).requests[index] {
            Point::Value(value) if Some(value) == first => Who::First,
            Point::Value(value) if Some(value) == second => Who::Second,
            Point::Value(value) => panic!("{value} at {minute}: {first:?} {second:?}"),
            Point::Absent => Who::Neither,
            Point::Unknown => Who::Nobody,
            Point::Pending(_) => panic!("not settled"),
        })
    };
    let settled = |index: &usize| metrics.blue.requests[*index].is_closed();
    let minutes = (0..metrics.minutes()).filter(settled).map(|i| (i, metrics.minute(i)));
    minutes.filter(|(_, at)| *at >= since).map(|(i, at)| (at, of(i, at))).collect()
}

/// The pairs without those that repeat the one before.
fn course(owners: &[(Timestamp, [Who; 2])]) -> Vec<[Who; 2]> {
    let mut course: Vec<[Who; 2]> = owners.iter().map(|(_, who)| *who).collect();
    course.dedup();
    course
}

/// The picture of somebody who goes on watching, with the counts of this moment: what the Services are
/// known to have led to by then.
async fn watched(cluster: &Cluster, watch: &mut Watch) -> Snapshot {
    let now = cluster.simulator.clock().now();
    let is_new = |metrics: &Metrics| {
        now.duration_since(metrics.minute(metrics.minutes())) < SignedDuration::from_mins(1)
    };
    let looking = async {
        loop {
            let picture = watch.observe_whole(EVERYTHING).await;
            assert_eq!(picture.metrics.fault(), None);
            if picture.metrics.value().is_some_and(is_new) {
                return picture;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), looking).await.unwrap()
}

fn began(picture: &Snapshot) -> Timestamp {
    rollout(picture).created.unwrap()
}

#[tokio::test]
async fn both_sides_of_a_canary_behind_an_alb_come_from_cloudwatch_without_any_configuration() {
    let cluster = Cluster::of("argo-alb").await;
    let first = cluster.look().await;
    cluster.pass(25 * 60);
    let seen = cluster.look().await;
    let metrics = seen.metrics.value().unwrap();
    let LatencyBasis::Counted { edges } = &metrics.latency else { panic!("{:?}", metrics.latency) };
    assert_eq!(edges.len(), 3, "blue's history is the stable group's");
    let share = metrics.measured_share(3).unwrap().split.green.get();
    assert!((share - 30.0).abs() < 3.0, "{share}");
    let from = began(&first) + SignedDuration::from_mins(3);
    assert_eq!(course(&owners(&cluster, metrics, from)), [[Who::First, Who::Second]]);
    let newest = metrics.minutes() - 5;
    let rate = metrics.green.series(MetricKind::ErrorRate)[newest].settled().unwrap();
    assert!(rate > 1.0, "{rate}");
    assert_eq!(judge(&seen, &Config::default()).unwrap().assessment.verdict, Verdict::Worse);

    let source = &metrics.source;
    assert!(source.starts_with("AWS/ApplicationELB of app/k8s-shop-checkout-"), "{source}");
    assert!(source.contains("checkout-stable targetgroup/k8s-shop-checkout-a1"), "{source}");
    assert!(source.contains("checkout-canary targetgroup/k8s-shop-checkout-b2"), "{source}");
    assert!(seen.readings[&Source::Metrics].fault.is_none());
    assert!(!seen.readings.contains_key(&Source::Prometheus));
}

#[tokio::test]
async fn at_the_promotion_the_stable_group_goes_over_to_green_and_no_minute_is_mixed() {
    let cluster = Cluster::of("argo-alb").await;
    let (began, promoted, seen) = promoted(&cluster).await;
    let all = owners(&cluster, seen.metrics.value().unwrap(), began + SignedDuration::from_mins(3));
    assert_eq!(
        course(&all),
        [[Who::First, Who::Second], [Who::Nobody, Who::Nobody], [Who::Neither, Who::First],],
        "{all:?}"
    );
    for (minute, who) in &all {
        let end = *minute + SignedDuration::from_mins(1);
        assert!(*who != [Who::First, Who::Second] || end <= promoted, "{minute} {who:?}");
        assert!(who[1] != Who::First || *minute > promoted, "{minute} {who:?}");
    }

    // Who comes now knows where the Services have led since, and claims nothing about before.
    let late = cluster.look().await;
    let late = owners(&cluster, late.metrics.value().unwrap(), began);
    assert!(late.iter().all(|(_, who)| who[0] != Who::First && who[0] != Who::Second));
    assert_eq!(late.last().unwrap().1, [Who::Neither, Who::First]);
    assert!(late.iter().all(|(minute, who)| who[1] != Who::First || *minute > promoted));
}

/// Watches a story from its beginning until minutes after the promotion: when it began, when it was
/// promoted, and what is seen then.
async fn promoted(cluster: &Cluster) -> (Timestamp, Timestamp, Snapshot) {
    let mut watch = cluster.looking.watch(&cluster.target);
    let began = began(&watched(cluster, &mut watch).await);
    let waiting = cluster.reach(&Phase::AwaitingApproval).await;
    cluster.order(&waiting, Action::Continue).await;
    let blue = cluster.stable();
    while cluster.stable() == blue {
        cluster.pass(20);
        watched(cluster, &mut watch).await;
    }
    let promoted = cluster.simulator.clock().now();
    cluster.pass(12 * 60);
    (began, promoted, watched(cluster, &mut watch).await)
}

#[tokio::test]
async fn services_that_take_turns_lead_to_their_versions_for_good() {
    // What the controller has verified is by role, and the roles change hands: it is not believed.
    let cluster = Cluster::playing(scenario("takes_turns = true\nverifies = true")).await;
    let (began, _, seen) = promoted(&cluster).await;
    let all = owners(&cluster, seen.metrics.value().unwrap(), began + SignedDuration::from_mins(3));
    let now_stable = cluster.status("canary")["stablePingPong"].clone();
    let (old, new) =
        if now_stable == "pong" { (Who::First, Who::Second) } else { (Who::Second, Who::First) };
    let course = course(&all);
    assert_eq!(course.first(), Some(&[old, new]));
    // No Service moves at the promotion: blue's has no requests any more, green's goes on.
    assert_eq!(course.last(), Some(&[Who::Neither, new]));
    assert!(course.iter().all(|who| *who == [old, new] || *who == [Who::Neither, new]));
}

#[tokio::test]
async fn after_an_abort_the_canary_group_is_green_s_no_longer() {
    let cluster = Cluster::of("argo-alb").await;
    let mut watch = cluster.looking.watch(&cluster.target);
    let began = began(&watched(&cluster, &mut watch).await);
    let waiting = cluster.reach(&Phase::AwaitingApproval).await;
    watched(&cluster, &mut watch).await;
    let at = cluster.simulator.clock().now();
    cluster.order(&waiting, Action::RollBack).await;
    cluster.pass(12 * 60);
    let seen = watched(&cluster, &mut watch).await;
    let all = owners(&cluster, seen.metrics.value().unwrap(), began + SignedDuration::from_mins(3));
    let of_green = all.iter().filter(|(_, who)| who[1] != Who::Neither && who[1] != Who::Nobody);
    assert!(of_green.clone().count() > 5);
    assert!(of_green.map(|(minute, _)| *minute).max().unwrap() < at);
    let not_blue_s = all.iter().filter(|(_, who)| who[0] != Who::First);
    assert!((1..=2).contains(&not_blue_s.clone().count()), "the canary Service was led to it");
    assert!(not_blue_s.clone().all(|(_, who)| *who == [Who::Nobody, Who::Nobody]));
    assert_eq!(all.last().unwrap().1, [Who::First, Who::Neither]);
}

#[tokio::test]
async fn what_the_controller_has_verified_needs_no_binding_and_no_question_to_the_load_balancer() {
    let cluster = Cluster::playing(scenario("verifies = true")).await;
    cluster.pass(10 * 60);
    let seen = cluster.look().await;
    let verified = cluster.status("albs")[0]["canaryTargetGroup"]["fullName"].clone();
    assert!(!verified.as_str().unwrap().starts_with("targetgroup/"), "as the controller spells it");
    let newest = owners(&cluster, seen.metrics.value().unwrap(), began(&seen)).pop().unwrap();
    assert_eq!(newest.1, [Who::First, Who::Second]);
    let calls = cluster.simulator.calls();
    assert!(calls.iter().any(|call| call.service == Service::CloudWatch));
    assert!(calls.iter().all(|call| call.service != Service::Elb));
}

#[tokio::test]
async fn the_active_service_of_a_blue_green_is_blue_s_until_it_is_moved() {
    let text = include_str!("../../assets/scenarios/argo-bluegreen.toml");
    let place = "load_balancer = \"k8s-shop-checkout-6f0b1d2c3a\"\ntarget_groups = \
                 [\"k8s-shop-checkout-a1c0ffee01\", \"k8s-shop-checkout-b2c0ffee02\"]";
    let text =
        text.replace("[traffic]\n", &format!("[argo.alb]\n\n[place]\n{place}\n\n[traffic]\n"));
    let cluster = Cluster::playing(Scenario::parse(&text).unwrap()).await;
    let mut watch = cluster.looking.watch(&cluster.target);
    let began = began(&watched(&cluster, &mut watch).await);
    let waiting = cluster.reach(&Phase::AwaitingApproval).await;
    cluster.pass(5 * 60);
    watched(&cluster, &mut watch).await;
    cluster.order(&waiting, Action::Continue).await;
    cluster.pass(1);
    watched(&cluster, &mut watch).await;
    cluster.pass(9 * 60);
    let seen = watched(&cluster, &mut watch).await;
    let all = owners(&cluster, seen.metrics.value().unwrap(), began);
    assert_eq!(
        course(&all),
        [[Who::First, Who::Neither], [Who::Nobody, Who::Nobody], [Who::Neither, Who::First]]
    );
}

#[tokio::test]
async fn a_cluster_without_bindings_or_one_that_hides_them_is_no_trouble_and_says_what_would_help()
{
    let absent = |seen: &Snapshot| match &seen.metrics {
        Fact::Unknown { fault } if fault.kind == FaultKind::Absent => fault.message.clone(),
        other => panic!("{other:?}"),
    };
    // Nobody has said where the Prometheus of these is.
    for (scenario, what) in [
        ("argo-bluegreen", "the cluster knows no TargetGroupBinding"),
        ("argo-canary", "only an ALB is found without one"),
    ] {
        let cluster = Cluster::of(scenario).await;
        let seen = cluster.through(&cluster.glancing).await;
        let why = absent(&seen);
        assert!(why.starts_with("no Prometheus is configured") && why.contains(what), "{why}");
        assert!(seen.readings.values().all(|reading| reading.fault.is_none()));
        assert!(!seen.readings.contains_key(&Source::Metrics));
        let calls = cluster.simulator.calls();
        assert!(calls.iter().all(|call| call.service == Service::Kubernetes), "AWS is not asked");
    }

    let cluster = Cluster::of("argo-alb").await;
    let mut watch = cluster.looking.watch(&cluster.target);
    let counted = watched(&cluster, &mut watch).await.metrics;
    cluster.simulator.set_fault("kubernetes.list=deny".parse().unwrap());
    let denied = async {
        loop {
            cluster.pass(60);
            let seen = watch.observe_whole(EVERYTHING).await;
            if seen.metrics.fault().is_some() {
                return seen;
            }
        }
    };
    let seen = tokio::time::timeout(Duration::from_secs(20), denied).await.unwrap();
    assert_eq!(seen.readings[&Source::Metrics].fault, None, "no trouble of a source");
    let fault = seen.metrics.fault().unwrap();
    assert!(fault.message.contains("cutover rbac prints the rule"), "{fault}");
    assert!(seen.metrics.at() >= counted.at(), "what was counted stays");
    cluster.simulator.clear_faults();
    let again = async {
        while watch.observe_whole(EVERYTHING).await.metrics.fault().is_some() {
            cluster.pass(60);
        }
    };
    tokio::time::timeout(Duration::from_secs(20), again).await.unwrap();
}

const NGINX: &str = "address = \"monitoring/prometheus:9090\"\npreset = \"nginx\"";

#[tokio::test]
async fn an_ingress_of_nginx_counts_what_the_pods_count_and_no_minute_is_mixed() {
    let cluster = Cluster::of("argo-canary").await;
    let by_ingress = cluster.counting(NGINX).await;
    let mut watch = by_ingress.watch(&cluster.target);
    let began = began(&watched(&cluster, &mut watch).await);
    let waiting = cluster.reach(&Phase::AwaitingApproval).await;
    cluster.pass(6 * 60);
    let seen = watched(&cluster, &mut watch).await;
    assert!(seen.metrics.value().unwrap().source.contains("canary=~"));
    cluster.order(&waiting, Action::Continue).await;
    let blue = cluster.stable();
    while cluster.stable() == blue {
        cluster.pass(20);
        watched(&cluster, &mut watch).await;
    }
    let promoted = cluster.simulator.clock().now();
    cluster.pass(9 * 60);
    let seen = watched(&cluster, &mut watch).await;
    let truth = cluster.look().await;
    let (counted, truth) = (seen.metrics.value().unwrap(), truth.metrics.value().unwrap());
    let (mut compared, mut after, mut odd) = (0, 0, 0);
    for index in 0..counted.minutes() {
        let minute = counted.minute(index);
        let Some(other) = (0..truth.minutes()).find(|other| truth.minute(*other) == minute) else {
            continue;
        };
        for side in [Side::Blue, Side::Green] {
            let of = |metrics: &Metrics, index: usize| metrics.side(side).requests[index].settled();
            if let Some((counted, truth)) = of(counted, index).zip(of(truth, other)) {
                // Of a pod that comes or goes in a minute nobody knows what it counted in it, so what
                // the pods are known to have counted is less for once.
                if (counted - truth).abs() > 0.12 * truth.max(50.0) {
                    assert!(counted > truth, "{side:?} at {minute}: {counted} instead of {truth}");
                    odd += 1;
                }
                compared += usize::from(minute >= began);
                after += usize::from(minute > promoted && side == Side::Green);
            }
        }
    }
    assert!(compared > 30 && after > 3 && odd <= 6, "{compared} {after} {odd}");
    assert!(matches!(counted.latency, LatencyBasis::Counted { .. }), "{:?}", counted.latency);
}

#[tokio::test]
async fn a_rollout_that_nginx_does_not_lead_to_says_so() {
    let cluster = Cluster::of("argo-alb").await;
    let by_ingress = cluster.counting(NGINX).await;
    let seen = cluster.through(&by_ingress).await;
    let Fact::Unknown { fault } = &seen.metrics else { panic!("{:?}", seen.metrics) };
    assert_eq!(fault.kind, FaultKind::Absent);
    assert!(fault.message.contains("needs trafficRouting.nginx"), "{fault}");
    let calls = cluster.simulator.calls();
    assert!(calls.iter().all(|call| call.service == Service::Kubernetes), "AWS is not asked");
}
