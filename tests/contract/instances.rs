//! Instances that CodeDeploy replaces: counts instead of weights.

use cutover::domain::{
    Gate, NextStep, Refusal, RolloutKind, ShareOf, Side, Split, StageKind, StageState,
};

use super::*;

async fn bench() -> Bench {
    Bench::group("ec2").await
}

/// From the approval on, the order that goes on.
async fn go_on(bench: &mut Bench) {
    let picture = bench.reach(&Phase::AwaitingApproval).await;
    let order = bench.order(&picture, Action::Continue);
    assert!(order.call.cli(None).contains("continue-deployment"), "{}", order.call.cli(None));
    assert!(matches!(bench.carry_out(&order).await, Ok(Progress::Accepted { .. })));
}

#[tokio::test]
async fn a_copy_of_the_group_takes_over_and_both_gates_are_answered() {
    let mut bench = bench().await;
    let picture = bench.reach(&Phase::AwaitingApproval).await;
    let seen = rollout(&picture);
    assert_eq!((seen.traffic.of, planned(&picture)), (ShareOf::Instances, Some(0.0)));
    assert_eq!(seen.gate, Some(Gate::Approval));
    assert_eq!(seen.next.as_ref().unwrap().step, NextStep::StopUnapproved);
    for (side, name) in [(Side::Blue, "checkout/1.8.2.zip"), (Side::Green, "checkout/1.9.0.zip")] {
        let environment = seen.side(side);
        assert_eq!(environment.revision.fresh().unwrap().name, name);
        let tasks = environment.tasks.fresh().unwrap();
        assert_eq!((tasks.running, tasks.desired), (4, 4), "{side:?}");
        assert_eq!(environment.task_list.fresh().unwrap().len(), 4, "{side:?}");
    }
    let healthy =
        |picture: &Snapshot, side| rollout(picture).side(side).targets.fresh().unwrap().healthy();
    assert_eq!((healthy(&picture, Side::Blue), healthy(&picture, Side::Green)), (4, 0));
    go_on(&mut bench).await;
    let mut shares: Vec<f64> = Vec::new();
    let baking = loop {
        let picture = bench.look().await;
        shares.extend(planned(&picture).filter(|share| shares.last() != Some(share)));
        if rollout(&picture).phase == Phase::Baking {
            break picture;
        }
        bench.pass(2);
    };
    assert!(shares.is_sorted() && shares.last() == Some(&100.0), "{shares:?}");
    assert!(shares.iter().any(|share| *share > 0.0 && *share < 100.0), "{shares:?}");
    assert_eq!((healthy(&baking, Side::Blue), healthy(&baking, Side::Green)), (0, 4));
    assert_eq!(rollout(&baking).gate, Some(Gate::Bake));
    assert!(rollout(&baking).instant_rollback_until.is_some());
    let order = bench.order(&baking, Action::Finish);
    assert!(matches!(bench.carry_out(&order).await, Ok(Progress::Accepted { .. })));
    let picture = bench.reach(&Phase::Succeeded).await;
    let stages = &rollout(&picture).stages;
    assert!(stages.iter().all(|stage| stage.state == StageState::Done), "{stages:?}");
    assert_eq!(rollout(&picture).blue.tasks.fresh().unwrap().running, 0);
    assert_eq!(bench.arrived("ContinueDeployment"), 2);
}

#[tokio::test]
async fn the_way_back_gives_the_old_instances_their_requests_again_from_every_stage() {
    let stages = [Phase::Preparing, Phase::AwaitingApproval, Phase::Shifting, Phase::Baking];
    for stage in stages {
        let mut bench = bench().await;
        if matches!(stage, Phase::Shifting | Phase::Baking) {
            go_on(&mut bench).await;
        }
        let picture = bench.until_by(2, |seen| seen.phase == stage).await;
        assert!(possible(&picture).contains(&Action::RollBack), "{stage:?}");
        let order = bench.order(&picture, Action::RollBack);
        assert!(
            matches!(bench.carry_out(&order).await, Ok(Progress::Accepted { .. })),
            "{stage:?}"
        );
        let undone = rollout(&picture).id.clone();
        let after = bench.until(|seen| seen.id != undone && seen.phase == Phase::Succeeded).await;
        let back = rollout(&after);
        assert_eq!(back.kind, RolloutKind::Rollback { undoes: Some(undone) }, "{stage:?}");
        assert_eq!(back.traffic.planned.fresh(), Some(&Split::ALL_BLUE), "{stage:?}");
        assert_eq!(back.stages[0].kind, StageKind::Restore);
        assert_eq!(back.stages[0].state, StageState::Done, "{stage:?}");
        assert_eq!(back.blue.revision.value().unwrap().name, "checkout/1.8.2.zip", "{stage:?}");
        assert_eq!(bench.arrived("StopDeployment"), 1);
    }
}

#[tokio::test]
async fn an_instance_that_fails_shows_the_end_of_its_log() {
    let mut bench = Bench::group("ec2-validate-fails").await;
    let picture = bench.until_by(5, |seen| {
        seen.green.task_list.value().is_some_and(|list| list.iter().any(|t| t.exit_code.is_some()))
    });
    let picture = picture.await;
    let seen = rollout(&picture);
    let failed = seen.green.task_list.fresh().unwrap()[0].clone();
    assert!(failed.status.contains("ValidateService"), "{failed:?}");
    let reason = failed.reason.unwrap();
    assert!(reason.contains("scripts/validate.sh") && reason.contains("Connection refused"));
    assert!(!reason.contains('\n'), "{reason}");
    let told = picture.events.iter().find(|event| event.text.contains("Connection refused"));
    assert_eq!(told.unwrap().side, Some(Side::Green));
    let picture = bench.until(|seen| seen.phase == Phase::Succeeded).await;
    assert!(matches!(rollout(&picture).kind, RolloutKind::Rollback { .. }));
}

#[tokio::test]
async fn one_target_group_is_measured_for_the_side_that_had_all_requests() {
    let mut bench = bench().await;
    go_on(&mut bench).await;
    bench.reach(&Phase::Baking).await;
    bench.pass(900);
    let picture = bench.look().await;
    let metrics = picture.metrics.fresh().unwrap();
    let counted = |side: Side| {
        let requests = &metrics.side(side).requests;
        requests.iter().map(|point| point.settled().is_some()).collect::<Vec<_>>()
    };
    let (blue, green) = (counted(Side::Blue), counted(Side::Green));
    assert!(blue.iter().zip(&green).all(|(blue, green)| !(*blue && *green)), "never both");
    assert!(blue.iter().filter(|counted| **counted).count() > 60, "blue before");
    assert!(green.iter().filter(|counted| **counted).count() > 5, "green after");
    assert!((metrics.measured_share(3).unwrap().split.green.get() - 100.0).abs() < 0.01);
    assert!(metrics.source.contains("both sides are in this group"), "{}", metrics.source);
}

#[tokio::test]
async fn what_waits_nowhere_is_refused_and_nobody_asks_for_tasks() {
    let mut bench = bench().await;
    let picture = bench.reach(&Phase::Preparing).await;
    let refused = |action| permit(&picture, action, &Policy::default()).unwrap_err();
    assert_eq!(refused(Action::Continue), Refusal::NoGate);
    assert_eq!(refused(Action::Finish), Refusal::NoBake);
    let services = ["ecs", "lambda"];
    let asked = bench.simulator.calls();
    assert!(asked.iter().all(|call| !services.contains(&call.service.name())));
}
