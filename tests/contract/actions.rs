//! What becomes of orders, whatever happens on the way.

use cutover::domain::{FaultKind, Refusal, RolloutId};

use super::*;

/// A rollout at 10 %, with an order to roll back.
async fn at_ten_percent() -> (Bench, Order) {
    let mut bench = Bench::group("canary").await;
    let picture = bench.reach(&Phase::Shifting).await;
    let order = bench.order(&picture, Action::RollBack);
    (bench, order)
}

#[tokio::test]
async fn each_action_does_what_it_says() {
    let mut bench = Bench::group("approval").await;
    let picture = bench.reach(&Phase::AwaitingApproval).await;
    let order = bench.order(&picture, Action::Continue);
    assert!(matches!(bench.carry_out(&order).await, Ok(Progress::Accepted { .. })));
    let picture = bench.reach(&Phase::Baking).await;
    let order = bench.order(&picture, Action::Finish);
    assert!(matches!(bench.carry_out(&order).await, Ok(Progress::Accepted { .. })));
    bench.reach(&Phase::Succeeded).await;
    assert_eq!(bench.arrived("ContinueDeployment"), 2);
}

#[tokio::test]
async fn a_stop_leaves_the_traffic_where_it_is() {
    let (mut bench, _) = at_ten_percent().await;
    let picture = bench.look().await;
    let order = bench.order(&picture, Action::Stop);
    assert!(matches!(bench.carry_out(&order).await, Ok(Progress::Accepted { .. })));
    let stopped = bench.reach(&Phase::Stopped).await;
    assert_eq!(planned(&stopped), Some(10.0));
    assert_eq!(rollout(&stopped).end_reason.as_ref().unwrap().code, "MANUAL_STOP");
}

#[tokio::test]
async fn a_finished_rollout_is_undone_by_a_deployment_that_carries_the_order() {
    let mut bench = Bench::group("finished").await;
    let picture = bench.look().await;
    let order = bench.order(&picture, Action::RollBack);
    let Ok(Progress::Accepted { rollout: Some(id), .. }) = bench.carry_out(&order).await else {
        panic!("not taken")
    };
    let next = bench.until(|seen| seen.id == id).await;
    let said = rollout(&next).description.clone().unwrap();
    assert!(said.contains(order.id.as_str()), "{said}");
}

#[tokio::test]
async fn an_order_on_a_world_that_has_moved_on_sends_nothing() {
    let mut bench = Bench::group("approval").await;
    let seen = bench.reach(&Phase::AwaitingApproval).await;
    let (stop, onward) = (bench.order(&seen, Action::Stop), bench.order(&seen, Action::Continue));
    bench.aws.send(&onward).await;
    bench.pass(30);
    assert!(matches!(bench.carry_out(&stop).await, Err(Change::Phase { .. })));
    let again = bench.carry_out(&onward).await;
    assert_eq!(again, Err(Change::NoLongerPossible(Refusal::NoGate)));
    assert_eq!((bench.arrived("StopDeployment"), bench.arrived("ContinueDeployment")), (0, 1));
}

#[tokio::test]
async fn a_deployment_that_somebody_else_began_is_not_run_over() {
    let mut bench = Bench::group("finished").await;
    let picture = bench.look().await;
    let order = bench.order(&picture, Action::RollBack);
    let Progress::Accepted { rollout: Some(theirs), .. } = bench.aws.send(&order).await else {
        panic!("not taken")
    };
    assert_eq!(bench.carry_out(&order).await, Err(Change::Rollout(theirs)));
    assert_eq!(bench.arrived("CreateDeployment"), 1);
}

#[tokio::test]
async fn a_refusal_names_its_reason_and_nothing_happens() {
    let denied = FaultKind::Denied { permission: "codedeploy:StopDeployment".into() };
    for (fault, kind) in [("deny", denied), ("throttle", FaultKind::Throttled)] {
        let (mut bench, order) = at_ten_percent().await;
        bench.fault(&format!("codedeploy.StopDeployment={fault}"));
        let Ok(Progress::Refused { fault }) = bench.carry_out(&order).await else {
            panic!("{fault}: not refused")
        };
        assert_eq!(fault.kind, kind);
        assert_eq!(bench.arrived("StopDeployment"), 1, "no second try");
        bench.pass(30);
        assert_eq!(rollout(&bench.look().await).phase, Phase::Shifting);
    }
}

#[tokio::test]
async fn a_service_that_no_longer_allows_it_says_so() {
    let (bench, order) = at_ten_percent().await;
    bench.pass(3 * 3600);
    let Progress::Refused { fault } = bench.aws.send(&order).await else { panic!("not refused") };
    let code = "DeploymentAlreadyCompletedException".to_owned();
    assert_eq!(fault.kind, FaultKind::Rejected { code });
}

#[tokio::test]
async fn a_hook_that_was_answered_meanwhile_is_not_answered_again() {
    let target = Scenario::named("ecs-canary").unwrap().target(7);
    let mut bench = Bench::target("ecs-canary", &target).await;
    let picture = bench.until(|rollout| rollout.gate.is_some()).await;
    let order = bench.order(&picture, Action::Continue);
    let first = bench.carry_out(&order).await;
    assert!(matches!(first, Ok(Progress::Accepted { .. })), "{first:?}");
    bench.pass(5);
    let phase = rollout(&bench.look().await).phase.clone();
    // Whoever reads before they send finds the gate open; whoever does not is refused by ECS.
    let again = bench.carry_out(&order).await;
    let open = Change::NoLongerPossible(Refusal::NoGate);
    assert_eq!(again, Err(open));
    let Progress::Refused { fault } = bench.aws.send(&order).await else { panic!("not refused") };
    assert!(fault.to_string().contains("hook"), "{fault}");
    assert_eq!(rollout(&bench.look().await).phase, phase);
}

#[tokio::test]
async fn a_lost_answer_is_found_out_by_reading_and_never_sent_twice() {
    for (fault, done) in [("drop-after*1", true), ("drop-before*1", false), ("error*1", false)] {
        let (bench, order) = at_ten_percent().await;
        bench.fault(&format!("codedeploy.StopDeployment={fault}"));
        let Ok(Progress::Unknown { fault: lost }) = bench.carry_out(&order).await else {
            panic!("{fault}: somebody is sure")
        };
        bench.pass(10);
        let found = bench.aws.reconcile(&order, lost).await;
        assert_eq!(matches!(found, Progress::Accepted { .. }), done, "{fault}: {found:?}");
        assert_eq!(matches!(found, Progress::Unknown { .. }), !done, "{fault}: {found:?}");
        assert_eq!(bench.arrived("StopDeployment"), 1);
    }
}

#[tokio::test]
async fn a_deployment_whose_answer_was_lost_is_found_by_the_order_it_carries() {
    for target in ["codedeploy:shop/checkout", "ecs:prod/checkout"] {
        let mut bench = Bench::target("finished", target).await;
        let picture = bench.look().await;
        let order = bench.order(&picture, Action::RollBack);
        bench.fault("codedeploy.CreateDeployment=drop-after*1");
        let Ok(Progress::Unknown { fault }) = bench.carry_out(&order).await else {
            panic!("somebody is sure")
        };
        let found = bench.aws.reconcile(&order, fault).await;
        let Progress::Accepted { rollout: Some(id), .. } = found else { panic!("{found:?}") };
        assert_ne!(id, rollout(&picture).id, "{target}");
        assert_eq!(bench.arrived("CreateDeployment"), 1);
    }
}

#[tokio::test]
async fn looking_only_sends_nothing() {
    let (bench, order) = at_ten_percent().await;
    let looking = connect(&bench.simulator, bench.address, true).await;
    assert!(matches!(looking.send(&order).await, Progress::Refused { .. }));
    assert_eq!(bench.arrived("StopDeployment"), 0);
}

#[tokio::test]
async fn an_order_does_not_wait_for_a_reading_that_hangs() {
    let (bench, order) = at_ten_percent().await;
    bench.fault("cloudwatch=no-answer");
    bench.fault("elbv2=no-answer");
    let mut watch = bench.aws.watch(&bench.target);
    let hanging = tokio::spawn(async move {
        watch.observe_whole(Wish { window: 15, all: true }).await;
    });
    assert!(matches!(bench.carry_out(&order).await, Ok(Progress::Accepted { .. })));
    assert!(!hanging.is_finished());
    hanging.abort();
}

#[tokio::test]
async fn an_order_for_a_rollout_that_does_not_exist_is_void() {
    let (bench, mut order) = at_ten_percent().await;
    order.expected.rollout = RolloutId::new("d-000000000");
    assert!(bench.carry_out(&order).await.is_err());
    assert_eq!(bench.arrived("StopDeployment"), 0);
}
