//! Weights before two clusters: each side with what runs it, its own age and its own failure.

use cutover::config::PrometheusTable;
use cutover::domain::{
    EventKind, Fact, FaultKind, Percent, Point, Runs, Side, SideSettings, Sides, Source,
    StandingWord, Strength, is_ready,
};
use cutover::sim::world::PROMETHEUS;
use serde_json::json;

use super::*;
use crate::harness::keyboard::Desk;

const SEED: u64 = 7;
const BLUE: &str = "argo:eks-blue/shop/checkout";
const GREEN: &str = "argo:eks-green/shop/checkout";

/// Weighted records before both clusters, with what a person says that runs blue and green.
async fn bench(blue: &str, green: &str) -> Bench {
    behind("clusters", blue, green).await
}

/// The weights of a scenario, with what a person says that runs blue and green.
async fn behind(scenario: &str, blue: &str, green: &str) -> Bench {
    let target: Target = Scenario::named(scenario).unwrap().target(SEED).parse().unwrap();
    let mut bench = Box::pin(Bench::target(scenario, &target.to_string())).await;
    let said = [blue, green].map(|text| SideSettings {
        origin: None,
        runs: Some(text.parse().unwrap()),
        prometheus: Some(PrometheusTable::usual(PROMETHEUS).unwrap().0),
    });
    let options = AwsOptions {
        seed: SEED,
        sides: Sides::new(Default::default(), [(target.clone(), said)]),
        ..AwsOptions::simulated(
            Loopback::new(bench.address, "eu-west-1").unwrap(),
            Arc::new(Standing(bench.simulator.clock().clone())),
        )
    };
    bench.aws = Box::pin(cutover::sources::connect(options)).await.unwrap();
    bench.watch = bench.aws.watch(&target);
    let seen = Box::pin(bench.look()).await;
    let order = bench.order(&seen, shift(10));
    let progress = Box::pin(bench.carry_out(&order)).await;
    assert!(matches!(progress, Ok(Progress::Accepted { .. })), "{progress:?}");
    bench.pass(2);
    bench
}

fn runs(picture: &Snapshot, side: Side) -> &Runs {
    rollout(picture).side(side).runs.as_ref().unwrap()
}

fn shift(green: u8) -> Action {
    Action::Shift(Percent::new(green).unwrap())
}

fn strength(picture: &Snapshot, action: Action) -> Strength {
    permit(picture, action, &Policy::default()).unwrap().strength
}

#[track_caller]
fn is_fine(picture: &Snapshot, side: Side) {
    let (own, runs) = (rollout(picture).side(side), runs(picture, side));
    assert_eq!(runs.standing.fresh().unwrap().word, StandingWord::Healthy, "{side:?}");
    assert_eq!(own.tasks.fresh().unwrap().running, 4, "{side:?}");
    assert!(is_ready(own), "{side:?}: {own:?}");
}

#[tokio::test]
async fn each_side_shows_what_its_cluster_runs() {
    let mut bench = bench(BLUE, GREEN).await;
    let picture = bench.look().await;
    for (side, source, tag) in
        [(Side::Blue, Source::BlueCluster, "1.8.2"), (Side::Green, Source::GreenCluster, "1.9.0")]
    {
        is_fine(&picture, side);
        let own = rollout(&picture).side(side);
        let revision = own.revision.fresh().unwrap();
        assert!(revision.name.starts_with("revision 1 ("), "{}", revision.name);
        assert_eq!(revision.images[0].tag.as_deref(), Some(tag));
        let behind = runs(&picture, side).behind.as_deref().unwrap();
        assert!(behind.starts_with(&format!("{} -> shop-{0}-", side.word())), "{behind}");
        // The health is the load balancer's, of the same pods.
        assert_eq!(own.targets.fresh().unwrap().healthy(), 4);
        assert!(own.target_group.is_some());
        assert!(own.task_list.fresh().unwrap().iter().all(|task| task.status == "Running"));
        assert_eq!(picture.readings[&source].fault, None);
        assert!(picture.readings[&source].at.is_some());
    }
    assert_eq!(planned(&picture), Some(10.0));
    let json = serde_json::to_value(&picture).unwrap();
    assert_eq!(json["rollout"]["value"]["green"]["runs"]["workload"], GREEN);
    assert!(json["readings"]["green_cluster"]["at"].is_string());
}

#[tokio::test]
async fn a_cluster_out_of_reach_makes_its_own_side_old_and_nothing_else() {
    let mut bench = bench(BLUE, GREEN).await;
    bench.look().await;
    bench.fault("kubernetes/eks-green=drop-before");
    let picture = bench.until(|seen| seen.green.tasks.fresh().is_none()).await;
    let green = &rollout(&picture).green;
    assert_eq!(green.tasks.value().unwrap().running, 4, "what was known stays, as old");
    let Fact::Stale { at, fault, .. } = &runs(&picture, Side::Green).standing else {
        panic!("{:?}", runs(&picture, Side::Green));
    };
    assert!(*at < picture.taken);
    assert_eq!(fault.kind, FaultKind::Offline);
    assert!(green.targets.fresh().is_some(), "the load balancer still sees its pods");
    assert!(picture.readings[&Source::GreenCluster].fault.is_some());
    is_fine(&picture, Side::Blue);
    assert_eq!(picture.readings[&Source::BlueCluster].fault, None);
    assert!(rollout(&picture).traffic.planned.fresh().is_some());
    // More for the side that nobody sees takes more than a key; the way back takes no more than ever.
    assert_eq!(strength(&picture, shift(50)), Strength::TypedName);
    assert_eq!(strength(&picture, Action::RollBack), Strength::Key);

    bench.simulator.clear_faults();
    let picture = bench.until(|seen| seen.green.tasks.fresh().is_some()).await;
    let picture = match rollout(&picture).green.task_list.fresh() {
        Some(_) => picture,
        None => bench.until(|seen| seen.green.task_list.fresh().is_some()).await,
    };
    is_fine(&picture, Side::Green);
    assert_eq!(strength(&picture, shift(50)), Strength::Key);
}

/// The newest settled minutes of a side's requests.
fn counted(picture: &Snapshot, side: Side) -> Vec<Point> {
    let requests = &picture.metrics.value().unwrap().side(side).requests;
    requests[requests.len() - 6..requests.len() - 3].to_vec()
}

#[tokio::test]
async fn each_side_is_counted_by_its_own_prometheus_and_one_that_fails_hides_nothing_of_the_other()
{
    let mut bench = bench(BLUE, GREEN).await;
    bench.pass(1200);
    bench.watch = bench.aws.watch(&bench.target);
    let picture = bench.look().await;
    let known = |points: &[Point]| points.iter().all(|point| point.count() > Some(100.0));
    let [blue, green] = [Side::Blue, Side::Green].map(|side| counted(&picture, side));
    assert!(known(&blue) && known(&green), "{blue:?} {green:?}");
    let share = green[0].count().unwrap() / (blue[0].count().unwrap() + green[0].count().unwrap());
    assert!((0.05..0.15).contains(&share), "{share}");
    assert_eq!(picture.readings[&Source::Prometheus].fault, None);
    assert_eq!(bench.arrived("GetMetricData"), 0, "CloudWatch is asked for nothing");

    bench.fault("prometheus/eks-green=error:503");
    bench.pass(600);
    let mut picture = bench.look().await;
    for _ in 0..20 {
        if picture.readings[&Source::Prometheus].fault.is_some() {
            break;
        }
        bench.pass(10);
        picture = bench.look().await;
    }
    assert!(picture.metrics.fresh().is_some());
    assert!(known(&counted(&picture, Side::Blue)));
    assert!(counted(&picture, Side::Green).iter().all(|point| *point == Point::Unknown));
    let why = picture.readings[&Source::Prometheus].fault.as_ref().unwrap();
    assert!(picture.metrics.value().unwrap().source.contains(&why.to_string()));
}

#[tokio::test]
async fn the_way_back_needs_no_cluster_at_all() {
    let mut bench = bench(BLUE, GREEN).await;
    let seen = bench.look().await;
    let order = bench.order(&seen, Action::RollBack);
    assert_eq!(order.expected.blue_running, Some(4));
    bench.fault("kubernetes=no-answer");
    let progress = bench.carry_out(&order).await;
    assert!(matches!(progress, Ok(Progress::Accepted { .. })), "{progress:?}");
    let sent = bench.simulator.calls();
    assert!(sent.iter().all(|call| !["patch", "update"].contains(&call.operation.as_str())));
}

#[tokio::test]
async fn a_side_whose_cluster_never_answered_is_unknown_with_the_reason() {
    let mut bench = bench(BLUE, GREEN).await;
    for (fault, kind) in [
        ("drop-before", FaultKind::Offline),
        ("expired", FaultKind::CredentialsExpired),
        ("error:503", FaultKind::Server),
        ("deny", FaultKind::Denied { permission: "list rollouts".to_owned() }),
    ] {
        bench.simulator.clear_faults();
        bench.fault(&format!("kubernetes/eks-green={fault}"));
        bench.watch = bench.aws.watch(&bench.target);
        let picture = bench.look().await;
        let green = &rollout(&picture).green;
        assert_eq!(green.tasks.value(), None, "{fault}");
        let why = runs(&picture, Side::Green).standing.fault().unwrap();
        assert_eq!(why.kind, kind, "{why}");
        let name = &green.revision.value().unwrap().name;
        assert!(name.starts_with("green -> shop-green-"), "what leads there is known: {name}");
        is_fine(&picture, Side::Blue);
        assert!(picture.identity.fresh().is_some(), "{fault}: that is AWS's");
    }
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    for (green, said) in [
        ("argo:eks-green/shop/chekout", "there is no Rollout chekout in namespace shop"),
        ("argo:eks-green/store/checkout", "there is no Rollout checkout in namespace store"),
        ("deployment:eks-green/shop/checkout", "there is no Deployment checkout in namespace shop"),
        ("argo:eks-gren/shop/checkout", "this cluster knows no rollouts"),
    ] {
        let mut bench = bench(BLUE, green).await;
        let picture = bench.look().await;
        let why = runs(&picture, Side::Green).standing.fault().unwrap();
        assert_eq!(why.kind, FaultKind::NotFound);
        assert!(why.message.contains(said), "{green}: {why}");
        is_fine(&picture, Side::Blue);
    }
}

fn standing(seen: &Rollout) -> Option<cutover::domain::Standing> {
    seen.green.runs.as_ref()?.standing.fresh().cloned()
}

/// The picture once green's workload is asked for an image that nobody has.
async fn updating(bench: &mut Bench) -> Snapshot {
    bench.look().await;
    let image = json!({"spec": {"template": {"spec": {"containers": [
        {"name": "checkout", "image": "shop/checkout:nowhere"}]}}}});
    bench.simulator.with_world(|world| world.patch_workload("eks-green", &image));
    bench.until(|seen| standing(seen).is_some_and(|one| one.update.is_some())).await
}

#[tokio::test]
async fn an_update_within_a_side_is_told_and_its_end_too() {
    let mut bench = bench(BLUE, GREEN).await;
    let picture = updating(&mut bench).await;
    let seen = standing(rollout(&picture)).unwrap();
    assert!(seen.update.as_deref().unwrap().starts_with("revision 2 ("), "{seen:?}");
    // What serves is what it was.
    let green = &rollout(&picture).green;
    assert!(green.revision.fresh().unwrap().name.starts_with("revision 1 ("));
    assert_eq!(green.tasks.fresh().unwrap().running, 4);
    is_fine(&picture, Side::Blue);

    let degraded =
        |seen: &Rollout| standing(seen).is_some_and(|one| one.word == StandingWord::Degraded);
    let picture = bench.until_by(60, degraded).await;
    let seen = standing(rollout(&picture)).unwrap();
    assert!(seen.message.starts_with("ProgressDeadlineExceeded"), "{seen:?}");
    assert!(seen.update.is_none(), "nothing is on its way any more");
    let told = picture
        .events
        .iter()
        .any(|event| event.kind == EventKind::Deploy && event.side == Some(Side::Green));
    assert!(told, "{:?}", picture.events);
}

/// A rule of one load balancer before both clusters, of which the one in the making runs a Deployment.
async fn one_balancer() -> Bench {
    behind("clusters-alb", BLUE, "deployment:eks-green/shop/checkout").await
}

/// What the dialog says before a key's order, in one line.
fn question(picture: &Snapshot, key: &str) -> String {
    let mut desk = Desk::watching(picture.clone());
    desk.presses(key);
    let lines = cutover::ui::question(&desk.state).unwrap();
    lines.join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn gives(bench: &mut Bench, action: Action) -> Snapshot {
    let seen = bench.look().await;
    let order = bench.order(&seen, action);
    let progress = bench.carry_out(&order).await;
    assert!(matches!(progress, Ok(Progress::Accepted { .. })), "{progress:?}");
    bench.pass(2);
    bench.look().await
}

#[tokio::test]
async fn a_rule_before_both_clusters_is_shifted_and_led_back() {
    let mut bench = one_balancer().await;
    let picture = bench.look().await;
    for side in [Side::Blue, Side::Green] {
        is_fine(&picture, side);
        let own = rollout(&picture).side(side);
        assert_eq!(own.revision.fresh().unwrap().images[0].tag.as_deref(), Some("1.8.2"));
        assert_eq!(own.targets.fresh().unwrap().healthy(), 4, "as the load balancer sees them");
    }
    assert_eq!(runs(&picture, Side::Green).behind.as_deref(), Some("checkout-b"));
    let said = question(&picture, "+");
    assert!(said.contains("Both run 1.8.2: blue in 4 tasks, green in 4 tasks."), "{said}");
    assert!(!said.contains('!'), "{said}");
    assert_eq!(strength(&picture, shift(50)), Strength::Key);

    let before = bench.arrived("ModifyRule");
    let half = gives(&mut bench, shift(50)).await;
    assert_eq!((planned(&half), bench.arrived("ModifyRule")), (Some(50.0), before + 1));
    let back = gives(&mut bench, Action::RollBack).await;
    assert_eq!((planned(&back), bench.arrived("ModifyRule")), (Some(0.0), before + 2));
    is_fine(&back, Side::Green);
    let sent = bench.simulator.calls();
    assert!(sent.iter().all(|call| !["patch", "update"].contains(&call.operation.as_str())));
}

#[tokio::test]
async fn behind_a_rule_too_a_cluster_out_of_reach_leaves_the_other_side_live() {
    let mut bench = one_balancer().await;
    bench.look().await;
    bench.fault("kubernetes/eks-green=drop-before");
    let picture = bench.until(|seen| seen.green.tasks.fresh().is_none()).await;
    assert_eq!(rollout(&picture).green.tasks.value().unwrap().running, 4);
    assert!(rollout(&picture).green.targets.fresh().is_some(), "the load balancer still sees them");
    is_fine(&picture, Side::Blue);
    assert!(rollout(&picture).traffic.planned.fresh().is_some());
    let said = question(&picture, "+");
    assert!(said.contains("! Green's cluster cannot be read: what is known of it is"), "{said}");
    assert_eq!(strength(&picture, shift(50)), Strength::TypedName);
    let back = gives(&mut bench, Action::RollBack).await;
    assert_eq!(planned(&back), Some(0.0));
}

#[tokio::test]
async fn more_for_a_deployment_that_is_not_what_was_asked_for_takes_the_name() {
    let mut bench = one_balancer().await;
    let picture = updating(&mut bench).await;
    // What serves serves on, so its tasks alone would take any share.
    assert!(is_ready(&rollout(&picture).green), "{:?}", rollout(&picture).green);
    let said = question(&picture, "+");
    let told = "! Green's Deployment is in the middle of an update to revision 2 (";
    assert!(said.contains(told), "{said}");
    assert_eq!(strength(&picture, shift(50)), Strength::TypedName);
    assert_eq!(strength(&picture, Action::RollBack), Strength::Key);
}

#[tokio::test]
async fn more_than_a_side_has_tasks_for_takes_the_name_and_the_number_is_said() {
    let mut bench = one_balancer().await;
    bench.look().await;
    let fewer = json!({"spec": {"replicas": 2}});
    bench.simulator.with_world(|world| world.patch_workload("eks-green", &fewer));
    let small = |seen: &Rollout| {
        let settled = seen.green.runs.as_ref().is_some_and(|runs| {
            runs.standing.fresh().is_some_and(|one| one.word == StandingWord::Healthy)
        });
        settled && seen.green.tasks.fresh().is_some_and(|tasks| tasks.desired == 2)
    };
    bench.until(small).await;
    bench.pass(240);
    bench.watch = bench.aws.watch(&bench.target);
    let picture = bench.until(small).await;
    assert!(is_ready(&rollout(&picture).green));
    assert_eq!(strength(&picture, shift(50)), Strength::Key, "two of four are half");
    assert_eq!(strength(&picture, shift(51)), Strength::TypedName);
    let said = question(&picture, "A");
    let told = "! Green has 2 tasks for what takes 4 by the number of blue's.";
    assert!(said.contains(told) && said.contains("green in 2 tasks"), "{said}");
    // All requests of both sides, divided by the tasks that are to answer them.
    let each = said.split("blue's tasks and ").nth(1).unwrap().split(' ').next().unwrap();
    let each: f64 = each.parse().unwrap();
    let per_second = |side: Side| {
        let points = &picture.metrics.value().unwrap().side(side).requests;
        points.iter().rev().find_map(|point| point.count()).unwrap_or_default()
    };
    let all = per_second(Side::Blue) + per_second(Side::Green);
    assert!(all > 0.0 && (each - all / 60.0 / 2.0).abs() < 2.0, "{each} of {all}: {said}");
}
