//! A function that CodeDeploy shifts by its alias.

use cutover::domain::{
    Fact, FaultKind, ListenerSplit, Metrics, Refusal, RolloutKind, Side, Source, Split, StageKind,
    StageState, is_ready,
};

use super::*;

async fn bench() -> Bench {
    Bench::group("lambda-canary").await
}

/// A shift at 10 %, as it looks some minutes later.
async fn at_ten_percent() -> (Bench, Snapshot) {
    let mut bench = bench().await;
    bench.until(|seen| seen.traffic.planned.value().is_some_and(|s| s.green.get() > 5.0)).await;
    bench.pass(240);
    let picture = bench.look().await;
    (bench, picture)
}

fn metrics(picture: &Snapshot) -> &Metrics {
    picture.metrics.fresh().unwrap()
}

#[tokio::test]
async fn a_function_goes_through_its_phases_to_the_end() {
    let mut bench = bench().await;
    let mut phases: Vec<Phase> = Vec::new();
    for _ in 0..600 {
        let phase = rollout(&bench.look().await).phase.clone();
        if phases.last() != Some(&phase) {
            phases.push(phase.clone());
        }
        if phase == Phase::Succeeded {
            break;
        }
        bench.pass(3);
    }
    assert!(phases.ends_with(&[Phase::Succeeded]), "{phases:?}");
    assert!(phases.contains(&Phase::Shifting), "{phases:?}");
    assert!(!phases.contains(&Phase::Baking) && !phases.contains(&Phase::Preparing), "{phases:?}");
    let picture = bench.look().await;
    let seen = rollout(&picture);
    assert_eq!(planned(&picture), Some(100.0));
    assert!(seen.stages.iter().all(|stage| stage.state == StageState::Done), "{:?}", seen.stages);
    let shifts = seen.stages.iter().filter(|stage| matches!(stage.kind, StageKind::Shift(_)));
    assert_eq!(shifts.count(), 2);
}

#[tokio::test]
async fn the_alias_says_who_gets_what_and_nobody_asks_for_tasks() {
    let (bench, picture) = at_ten_percent().await;
    let seen = rollout(&picture);
    assert_eq!(seen.phase, Phase::Shifting);
    assert_eq!(seen.name, "checkout");
    assert_eq!(planned(&picture), Some(10.0));
    let Some(ListenerSplit::Split(held)) = seen.traffic.listener.fresh() else {
        panic!("{:?}", seen.traffic.listener)
    };
    assert!((held.green.get() - 10.0).abs() < 0.01);
    for (side, name) in [(Side::Blue, "checkout:41"), (Side::Green, "checkout:42")] {
        let environment = seen.side(side);
        let revision = environment.revision.fresh().unwrap();
        assert_eq!(revision.name, name);
        assert!(revision.arn.starts_with("arn:aws:lambda:") && revision.arn.ends_with(name));
        let Fact::Unknown { fault } = &environment.tasks else { panic!("{:?}", environment.tasks) };
        assert_eq!(
            (&fault.kind, fault.brief()),
            (&FaultKind::Absent, "a function has no tasks".into())
        );
        assert!(is_ready(environment));
    }
    assert!(seen.next.is_some() && seen.instant_rollback_until.is_some());
    for service in ["ecs", "elasticloadbalancing"] {
        assert!(
            bench.simulator.calls().iter().all(|call| call.service.name() != service),
            "{service}"
        );
    }
    assert!(picture.readings.contains_key(&Source::Lambda));
    assert!(!picture.readings.contains_key(&Source::Ecs), "{:?}", picture.readings);
}

#[tokio::test]
async fn both_versions_are_measured_by_their_number() {
    let (mut bench, _) = at_ten_percent().await;
    bench.pass(240);
    let picture = bench.look().await;
    let now = metrics(&picture);
    let share = now.measured_share(3).unwrap().split.green.get();
    assert!((8.0..12.0).contains(&share), "{share}");
    let median = |side: Side| now.side(side).p50.iter().find_map(|point| point.settled()).unwrap();
    for side in [Side::Blue, Side::Green] {
        assert!((0.005..5.0).contains(&median(side)), "in seconds, not {}", median(side));
    }
    let edges = now.latency.edges();
    assert_eq!(edges.len(), 3, "{:?}", now.latency);
    let index = (0..now.minutes()).rev().find(|at| now.green.timed[*at].settled().is_some());
    let slower = |at: usize| now.green.slower[0].edge[at].settled().unwrap();
    let index = index.unwrap();
    let half = slower(index) / now.green.timed[index].settled().unwrap();
    assert!((0.3..0.7).contains(&half), "half of them are slower than the median, not {half}");
}

#[tokio::test]
async fn a_function_that_fails_shows_it() {
    let mut bench = Bench::group("lambda-errors").await;
    bench.until(|seen| seen.traffic.planned.value().is_some_and(|s| s.green.get() > 5.0)).await;
    bench.pass(900);
    let picture = bench.look().await;
    let rate = |side: Side| {
        let side = metrics(&picture).side(side);
        let sum = |points: &[cutover::domain::Point]| {
            points.iter().rev().take(10).filter_map(|point| point.settled()).sum::<f64>()
        };
        sum(&side.errors) / sum(&side.requests)
    };
    assert!(rate(Side::Green) > 3.0 * rate(Side::Blue), "{}", rate(Side::Green));
}

#[tokio::test]
async fn the_way_back_resets_the_alias_from_wherever_the_shift_is() {
    for minutes in [0, 2, 6] {
        let mut bench = bench().await;
        bench.reach(&Phase::Shifting).await;
        bench.pass(60 * minutes);
        let seen = bench.look().await;
        assert_eq!(possible(&seen), [Action::RollBack, Action::Stop], "after {minutes} min");
        let order = bench.order(&seen, Action::RollBack);
        assert_eq!(order.call.operation, "StopDeployment");
        assert!(matches!(bench.carry_out(&order).await, Ok(Progress::Accepted { .. })));
        let undone = rollout(&seen).id.clone();
        let after = bench.until(|seen| seen.id != undone && seen.phase == Phase::Succeeded).await;
        let back = rollout(&after);
        assert_eq!(back.kind, RolloutKind::Rollback { undoes: Some(undone) });
        assert_eq!(back.traffic.listener.fresh(), Some(&ListenerSplit::Split(Split::ALL_BLUE)));
        assert_eq!(back.stages.len(), 1, "{:?}", back.stages);
        let name = |side: Side| back.side(side).revision.value().unwrap().name.clone();
        assert_eq!(
            (name(Side::Blue), name(Side::Green)),
            ("checkout:41".into(), "checkout:42".into())
        );
        assert_eq!(bench.arrived("StopDeployment"), 1);
    }
}

#[tokio::test]
async fn a_function_that_is_through_goes_back_by_a_deployment_of_the_version_before() {
    let mut bench = bench().await;
    let picture = bench.reach(&Phase::Succeeded).await;
    let order = bench.order(&picture, Action::RollBack);
    assert_eq!(order.call.operation, "CreateDeployment");
    let Ok(Progress::Accepted { rollout: Some(id), .. }) = bench.carry_out(&order).await else {
        panic!("not taken")
    };
    let next = bench.until(|seen| seen.id == id && seen.phase == Phase::Succeeded).await;
    assert_eq!(rollout(&next).green.revision.value().unwrap().name, "checkout:41");
    assert_eq!(planned(&next), Some(100.0));
}

#[tokio::test]
async fn what_a_function_does_not_have_is_refused_with_the_reason() {
    let (bench, picture) = at_ten_percent().await;
    for (action, word) in [(Action::Continue, "gate"), (Action::Finish, "bake")] {
        let refused = permit(&picture, action, &Policy::default()).unwrap_err();
        assert!(matches!(&refused, Refusal::NoSuchCall(why) if why.contains(word)), "{refused}");
    }
    assert_eq!(bench.arrived("ContinueDeployment"), 0);
}

#[tokio::test]
async fn an_alias_that_somebody_else_has_moved_voids_a_stop() {
    let (mut bench, picture) = at_ten_percent().await;
    let order = bench.order(&picture, Action::Stop);
    bench.pass(900);
    let refused = bench.carry_out(&order).await;
    assert!(refused.is_err(), "{refused:?}");
    assert_eq!(bench.arrived("StopDeployment"), 0);
    let later = bench.look().await;
    assert_eq!(planned(&later), Some(100.0));
}

#[tokio::test]
async fn an_alias_that_cannot_be_read_is_unknown_and_holds_up_no_way_back() {
    let mut bench = bench().await;
    bench.fault("lambda=deny");
    let picture = bench.reach(&Phase::Shifting).await;
    let denied = FaultKind::Denied { permission: "lambda:GetAlias".into() };
    assert_eq!(rollout(&picture).traffic.planned.fault().unwrap().kind, denied);
    assert_eq!(planned(&picture), None);
    let order = bench.order(&picture, Action::RollBack);
    assert!(matches!(bench.carry_out(&order).await, Ok(Progress::Accepted { .. })));
}
