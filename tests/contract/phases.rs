//! The picture of every phase.

use cutover::domain::{
    EventKind, Gate, GuardState, ListenerSplit, NextStep, RolloutKind, Side, Split, Stage,
    StageKind, StageState, TimelineEvent,
};

use super::*;

#[tokio::test]
async fn a_healthy_rollout_goes_through_every_phase_in_order() {
    let mut bench = Bench::group("approval").await;
    let mut phases: Vec<Phase> = Vec::new();
    let mut opened = false;
    for _ in 0..600 {
        let picture = bench.look().await;
        let phase = rollout(&picture).phase.clone();
        if phases.last() != Some(&phase) {
            phases.push(phase.clone());
        }
        match phase {
            Phase::AwaitingApproval if !opened => {
                opened = true;
                let order = bench.order(&picture, Action::Continue);
                bench.carry_out(&order).await.unwrap();
            }
            Phase::Succeeded => break,
            Phase::Baking => bench.pass(59),
            _ => bench.pass(3),
        }
    }
    let tail = &phases[phases.iter().position(|p| *p == Phase::AwaitingApproval).unwrap()..];
    assert_eq!(tail.first(), Some(&Phase::AwaitingApproval));
    let order = [Phase::Shifting, Phase::Baking, Phase::Finishing, Phase::Succeeded];
    let kept: Vec<&Phase> = tail.iter().filter(|phase| order.contains(phase)).collect();
    assert_eq!(kept, order.iter().collect::<Vec<_>>(), "{phases:?}");
}

#[tokio::test]
async fn a_canary_has_three_truths_about_its_traffic() {
    let mut bench = Bench::group("canary").await;
    bench.reach(&Phase::Shifting).await;
    bench.pass(240);
    let picture = bench.look().await;
    let seen = rollout(&picture);
    assert_eq!(planned(&picture), Some(10.0));
    let Some(ListenerSplit::Split(held)) = seen.traffic.listener.fresh() else {
        panic!("{:?}", seen.traffic.listener)
    };
    assert!((held.green.get() - 10.0).abs() < 0.01);
    assert_eq!(seen.next.as_ref().map(|next| &next.step), Some(&NextStep::Shift(Split::ALL_GREEN)));
    assert_eq!(possible(&picture), [Action::RollBack, Action::Stop]);
    assert_ne!(seen.blue.target_group, seen.green.target_group);
    let running: Vec<_> = seen.stages.iter().filter(|s| s.state == StageState::Running).collect();
    assert!(matches!(running[..], [Stage { kind: StageKind::Shift(_), .. }]), "{running:?}");
    bench.pass(600);
    let picture = bench.look().await;
    assert_eq!(rollout(&picture).phase, Phase::Baking);
    assert_eq!(rollout(&picture).gate, Some(Gate::Bake));
    assert_eq!(possible(&picture), [Action::RollBack, Action::Finish, Action::Stop]);
    assert!(picture.metrics.value().unwrap().minutes() >= 15);
}

#[tokio::test]
async fn both_sides_tell_their_revision_tasks_and_targets() {
    let mut bench = Bench::group("canary").await;
    let picture = bench.reach(&Phase::Shifting).await;
    let seen = rollout(&picture);
    for (side, tag) in [(Side::Blue, "1.8.2"), (Side::Green, "1.9.0")] {
        let environment = seen.side(side);
        let image = &environment.revision.fresh().unwrap().images[0];
        assert_eq!(image.tag.as_deref(), Some(tag));
        assert!(image.digest.as_deref().is_some_and(|digest| digest.starts_with("sha256:")));
        assert_eq!(environment.tasks.fresh().unwrap().running, 4);
        assert_eq!(environment.task_list.fresh().unwrap().len(), 4);
        assert_eq!(environment.targets.fresh().unwrap().healthy(), 4);
    }
}

#[tokio::test]
async fn nobody_approves_and_the_deadline_says_so_before_it_comes() {
    let mut bench = Bench::group("approval").await;
    let picture = bench.reach(&Phase::AwaitingApproval).await;
    let next = rollout(&picture).next.clone().unwrap();
    assert_eq!((next.step, next.due.exact), (NextStep::StopUnapproved, false));
    assert_eq!(planned(&picture), Some(0.0));
    assert!(possible(&picture).contains(&Action::Continue));
    let left = next.due.at.duration_since(picture.taken).as_secs();
    bench.pass(left + 600);
    let picture = bench.look().await;
    assert_eq!(rollout(&picture).phase, Phase::Stopped);
    assert_eq!(rollout(&picture).end_reason.as_ref().unwrap().code, "TIMEOUT");
}

#[tokio::test]
async fn after_the_end_blue_is_gone_and_the_way_back_is_a_new_deployment() {
    let mut bench = Bench::group("finished").await;
    let picture = bench.look().await;
    let seen = rollout(&picture);
    assert_eq!(seen.phase, Phase::Succeeded);
    assert_eq!(seen.blue.tasks.fresh().unwrap().running, 0);
    // The task set is gone; the AppSpec of the revision before still says what it ran.
    let before = seen.blue.revision.fresh().unwrap();
    assert_eq!(
        (before.name.as_str(), before.images[0].tag.as_deref()),
        ("checkout:41", Some("1.8.2"))
    );
    assert_eq!(possible(&picture), [Action::RollBack]);
    let order = bench.order(&picture, Action::RollBack);
    assert_eq!(order.call.operation, "CreateDeployment");
}

#[tokio::test]
async fn tasks_that_die_are_told_with_their_exit_code_and_side() {
    let mut bench = Bench::group("crashloop").await;
    bench.pass(300);
    let picture = bench.look().await;
    let died = picture.events.iter().find(|event| event.kind == EventKind::Task).unwrap();
    assert_eq!(died.side, Some(Side::Green));
    assert!(died.text.contains("exit "), "{}", died.text);
    let list = rollout(&picture).green.task_list.fresh().unwrap();
    assert!(list.iter().any(|task| task.exit_code.is_some_and(|code| code != 0)));
}

#[tokio::test]
async fn a_service_and_a_deployment_lead_to_the_same_rollout_as_their_group() {
    let id = rollout(&Bench::group("canary").await.look().await).id.clone();
    for target in ["ecs:prod/checkout", id.as_str()] {
        let mut bench = Bench::target("canary", target).await;
        assert_eq!(rollout(&bench.look().await).id, id, "{target}");
    }
}

#[tokio::test]
async fn a_rollback_is_followed_and_keeps_the_sides() {
    let mut bench = Bench::group("canary").await;
    let before = bench.reach(&Phase::Shifting).await;
    let order = bench.order(&before, Action::RollBack);
    assert!(matches!(bench.carry_out(&order).await, Ok(Progress::Accepted { .. })));
    let undone = rollout(&before).id.clone();
    let after = bench.until(|seen| seen.id != undone && seen.phase == Phase::Succeeded).await;
    let seen = rollout(&after);
    assert_eq!(seen.kind, RolloutKind::Rollback { undoes: Some(undone) });
    for side in [Side::Blue, Side::Green] {
        let group = |picture: &Snapshot| rollout(picture).side(side).target_group.clone();
        assert_eq!(group(&after), group(&before), "{side:?}");
    }
    let name = |picture: &Snapshot| rollout(picture).blue.revision.value().unwrap().name.clone();
    assert_eq!(name(&after), name(&before));
    assert_eq!(seen.traffic.listener.fresh(), Some(&ListenerSplit::Split(Split::ALL_BLUE)));
}

#[tokio::test]
async fn what_runs_in_the_account_is_listed() {
    let bench = Bench::group("canary").await;
    let listed = bench.aws.list().await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].target, bench.target);
    assert_eq!(listed[0].name, "shop/checkout");
}

#[tokio::test]
async fn an_alarm_that_fires_is_seen_and_its_rollback_is_not_run_over() {
    let mut bench = Bench::group("alarm").await;
    let fires = |picture: &Snapshot| {
        let guards = picture.guards.value().unwrap();
        guards.iter().any(|guard| guard.state == GuardState::Alarm)
    };
    let picture = bench.look().await;
    assert_eq!(picture.guards.value().unwrap().len(), 2);
    assert!(!fires(&picture));
    let picture = bench.end().await;
    let seen = rollout(&picture);
    assert_eq!(seen.end_reason.as_ref().unwrap().code, "ALARM_ACTIVE");
    assert!(fires(&picture));
    // The rollback has not appeared yet, and nobody may deploy into its way.
    assert_eq!(seen.rollback.as_ref().map(|link| &link.id), Some(&None));
    assert_eq!(possible(&picture), []);
    let stopped = seen.id.clone();
    let picture = bench.until(|seen| seen.id != stopped).await;
    assert_eq!(rollout(&picture).kind, RolloutKind::Rollback { undoes: Some(stopped) });
}

#[tokio::test]
async fn a_hook_that_fails_is_named_on_the_rail_and_in_the_timeline() {
    let mut bench = Bench::group("hook-failure").await;
    let picture = bench.end().await;
    let seen = rollout(&picture);
    assert_eq!(seen.phase, Phase::Failed);
    let failed = seen.stages.iter().find(|stage| stage.state == StageState::Failed).unwrap();
    assert_eq!(failed.kind, StageKind::TestTraffic);
    assert!(failed.note.as_ref().unwrap().contains("3 of 41 checks failed"), "{failed:?}");
    let told = |event: &TimelineEvent| {
        event.kind == EventKind::Hook && event.text.contains("3 of 41 checks failed")
    };
    assert!(picture.events.iter().any(told), "{:?}", picture.events);
    assert!(seen.stages.iter().any(|stage| stage.state == StageState::Skipped));
}

#[tokio::test]
async fn the_measured_share_is_that_of_the_weights() {
    let mut bench = Bench::group("canary").await;
    bench.reach(&Phase::Shifting).await;
    bench.pass(295);
    let picture = bench.look().await;
    let metrics = picture.metrics.fresh().unwrap();
    let share = metrics.measured_share(1).unwrap().split.green.get();
    assert!((8.0..12.0).contains(&share), "{share}");
    let lengths = [&metrics.blue.p99, &metrics.green.requests, &metrics.balancer_errors];
    assert!(lengths.iter().all(|series| series.len() == metrics.minutes()));
}
