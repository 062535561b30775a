//! Elastic Beanstalk: two environments that swap their names, and one that splits its traffic.

use cutover::domain::{
    FaultKind, ListenerSplit, Means, NextStep, Refusal, RolloutKind, ShareOf, Side, Source, Split,
    StageKind, StageState, Strength,
};

use super::*;

async fn pair() -> (Bench, Snapshot) {
    let mut bench = Bench::target("beanstalk", "beanstalk:shop").await;
    let picture = bench.until(|seen| seen.phase == Phase::Held).await;
    (bench, picture)
}

fn split(picture: &Snapshot) -> Option<Split> {
    rollout(picture).traffic.planned.fresh().copied()
}

/// Orders, and looks until the names have been swapped.
async fn swap(bench: &mut Bench, seen: &Snapshot, action: Action, goal: Split) -> Snapshot {
    let order = bench.order(seen, action);
    assert_eq!(order.expected.means, Means::SwapNames);
    assert!(matches!(bench.carry_out(&order).await, Ok(Progress::Accepted { .. })));
    bench
        .until(|seen| seen.phase == Phase::Held && seen.traffic.planned.fresh() == Some(&goal))
        .await
}

#[tokio::test]
async fn two_environments_are_two_sides_and_requests_say_who_serves() {
    let (_, picture) = pair().await;
    let seen = rollout(&picture);
    assert_eq!((seen.traffic.of, split(&picture)), (ShareOf::Answers, Some(Split::ALL_BLUE)));
    assert!(!seen.sides_are_guessed);
    assert_eq!(seen.id.as_str(), "shop.eu-west-1.elasticbeanstalk.com");
    for (side, name) in [(Side::Blue, "shop-blue:1.8.2"), (Side::Green, "shop-green:1.9.0")] {
        let environment = seen.side(side);
        assert_eq!(environment.revision.fresh().unwrap().name, name);
        assert_eq!(environment.tasks.fresh().unwrap().running, 4);
        assert_eq!(environment.task_list.fresh().unwrap()[0].status, "Ok");
    }
    assert_eq!(possible(&picture), [Action::Continue]);
    let refused = |action| permit(&picture, action, &Policy::default()).unwrap_err();
    assert_eq!(refused(Action::RollBack), Refusal::AlreadyThere);
    for (action, word) in [(Action::Stop, "one step"), (Action::Finish, "environments stay")] {
        assert!(matches!(refused(action), Refusal::NoSuchCall(why) if why.contains(word)));
    }
    let permit = permit(&picture, Action::Continue, &Policy::default()).unwrap();
    assert_eq!(permit.strength, Strength::Key);
    assert_eq!(
        permit.call.cli(None),
        "aws elasticbeanstalk swap-environment-cnames --source-environment-name shop-blue \
         --destination-environment-name shop-green"
    );
    assert!(
        picture.readings.keys().all(|source| matches!(source, Source::Sts | Source::Beanstalk))
    );
}

#[tokio::test]
async fn a_swap_leads_everything_to_green_and_another_one_back() {
    let (mut bench, seen) = pair().await;
    let over = swap(&mut bench, &seen, Action::Continue, Split::ALL_GREEN).await;
    let after = rollout(&over);
    assert_eq!(after.traffic.listener.fresh(), Some(&ListenerSplit::Split(Split::ALL_GREEN)));
    assert_eq!(after.blue.revision.fresh().unwrap().name, "shop-blue:1.8.2", "the sides stay");
    assert_eq!(after.stages.last().unwrap().kind, StageKind::Shift(Split::ALL_GREEN));
    assert_eq!(after.stages.last().unwrap().state, StageState::Done);
    assert_eq!(possible(&over), [Action::RollBack]);
    let told = over.events.iter().find(|event| event.text.contains("Completed swapping"));
    assert!(told.is_some(), "{:?}", over.events);
    let back = swap(&mut bench, &over, Action::RollBack, Split::ALL_BLUE).await;
    assert_eq!(rollout(&back).blue.revision.fresh().unwrap().name, "shop-blue:1.8.2");
    assert_eq!(possible(&back), [Action::Continue]);
    assert_eq!(bench.arrived("SwapEnvironmentCNAMEs"), 2);
}

#[tokio::test]
async fn clients_follow_late_and_the_picture_says_until_when() {
    let (mut bench, seen) = pair().await;
    let order = bench.order(&seen, Action::Continue);
    bench.carry_out(&order).await.unwrap();
    let mut arrives = false;
    for _ in 0..20 {
        let picture = bench.look().await;
        let next = rollout(&picture).next.clone();
        arrives |= next.is_some_and(|next| next.step == NextStep::Arrive && !next.due.exact);
        bench.pass(10);
    }
    assert!(arrives);
}

#[tokio::test]
async fn who_starts_after_a_swap_finds_the_same_sides() {
    for back in [false, true] {
        let (mut bench, seen) = pair().await;
        let mut last = swap(&mut bench, &seen, Action::Continue, Split::ALL_GREEN).await;
        if back {
            last = swap(&mut bench, &last, Action::RollBack, Split::ALL_BLUE).await;
        }
        bench.pass(600);
        let mut again = bench.aws.watch(&bench.target);
        let picture = again.observe_whole(Wish { window: 15, all: true }).await;
        assert_eq!(split(&picture), split(&last), "back: {back}");
        let name = &rollout(&picture).blue.revision.fresh().unwrap().name;
        assert_eq!(name, "shop-blue:1.8.2", "back: {back}");
    }
}

#[tokio::test]
async fn an_environment_that_is_being_updated_swaps_nothing() {
    let (mut bench, seen) = pair().await;
    let order = bench.order(&seen, Action::Continue);
    // Somebody else is faster.
    assert!(matches!(bench.aws.send(&order).await, Progress::Accepted { .. }));
    let busy = bench.look().await;
    let refused = permit(&busy, Action::Continue, &Policy::default()).unwrap_err();
    assert!(matches!(&refused, Refusal::NoSuchCall(why) if why.contains("Ready")), "{refused}");
    assert!(matches!(bench.carry_out(&order).await, Err(Change::NoLongerPossible(_))));
    let Progress::Refused { fault } = bench.aws.send(&order).await else { panic!("not refused") };
    assert!(fault.message.contains("Must be Ready"), "{fault}");
    assert_eq!(bench.arrived("SwapEnvironmentCNAMEs"), 2, "the second one was the test's own");
}

#[tokio::test]
async fn a_swap_that_somebody_else_made_voids_the_same_order() {
    let (mut bench, seen) = pair().await;
    let order = bench.order(&seen, Action::Continue);
    let there = swap(&mut bench, &seen, Action::Continue, Split::ALL_GREEN).await;
    let again = bench.carry_out(&order).await;
    assert_eq!(again, Err(Change::NoLongerPossible(Refusal::AlreadyThere)));
    assert_eq!(split(&there), Some(Split::ALL_GREEN));
    assert_eq!(bench.arrived("SwapEnvironmentCNAMEs"), 1);
}

#[tokio::test]
async fn a_swap_whose_answer_was_lost_is_found_out_by_reading() {
    for (fault, done) in [("drop-after*1", true), ("drop-before*1", false)] {
        let (bench, seen) = pair().await;
        let order = bench.order(&seen, Action::Continue);
        bench.fault(&format!("elasticbeanstalk.SwapEnvironmentCNAMEs={fault}"));
        let Ok(Progress::Unknown { fault: lost }) = bench.carry_out(&order).await else {
            panic!("{fault}: somebody is sure")
        };
        bench.pass(120);
        let found = bench.aws.reconcile(&order, lost).await;
        assert_eq!(matches!(found, Progress::Accepted { .. }), done, "{fault}: {found:?}");
        assert_eq!(bench.arrived("SwapEnvironmentCNAMEs"), 1);
    }
}

#[tokio::test]
async fn an_application_or_environment_that_is_not_there_is_said_so() {
    for (target, words) in [
        ("beanstalk:none", "no application none"),
        ("beanstalk:shop-red@shop", "no environment shop-red; there is shop-blue, shop-green"),
    ] {
        let mut bench = Bench::target("beanstalk", target).await;
        let picture = bench.look().await;
        let fault = picture.rollout.fault().unwrap();
        assert_eq!(fault.kind, FaultKind::NotFound);
        assert!(fault.message.contains(words), "{}", fault.message);
    }
    let mut bench = Bench::target("beanstalk", "beanstalk:shop-green@shop").await;
    let picture = bench.look().await;
    assert_eq!(rollout(&picture).blue.revision.fresh().unwrap().name, "shop-green:1.9.0");
    assert_eq!(split(&picture), Some(Split::ALL_GREEN), "who is named blue need not serve");
}

#[tokio::test]
async fn a_split_shows_both_versions_and_an_abort_leads_everything_back() {
    let mut bench = Bench::target("beanstalk-split", "beanstalk:shop").await;
    let picture = bench.until(|seen| seen.phase == Phase::Shifting).await;
    let seen = rollout(&picture);
    assert_eq!((planned(&picture), seen.traffic.of), (Some(20.0), ShareOf::Requests));
    for (side, name) in [(Side::Blue, "shop:1.8.2"), (Side::Green, "shop:1.9.0")] {
        let environment = seen.side(side);
        assert_eq!(environment.revision.fresh().unwrap().name, name);
        assert_eq!(environment.tasks.fresh().unwrap().desired, 4);
    }
    for _ in 0..8 {
        bench.pass(30);
        bench.look().await;
    }
    let picture = bench.look().await;
    let metrics = picture.metrics.fresh().unwrap();
    let share = metrics.measured_share(3).unwrap().split.green.get();
    assert!((12.0..28.0).contains(&share), "{share}");
    assert_eq!(possible(&picture), [Action::RollBack]);
    let order = bench.order(&picture, Action::RollBack);
    assert!(order.call.cli(None).starts_with("aws elasticbeanstalk abort-environment-update"));
    assert!(matches!(bench.carry_out(&order).await, Ok(Progress::Accepted { .. })));
    let back = bench.until(|seen| seen.phase == Phase::Succeeded).await;
    let seen = rollout(&back);
    assert_eq!(seen.kind, RolloutKind::Rollback { undoes: None });
    assert_eq!(seen.traffic.listener.fresh(), Some(&ListenerSplit::Split(Split::ALL_BLUE)));
    assert_eq!(bench.arrived("AbortEnvironmentUpdate"), 1);
    let again = bench.carry_out(&order).await;
    assert!(again.is_err(), "{again:?}");
}

#[tokio::test]
async fn a_split_that_is_let_run_ends_on_green() {
    let mut bench = Bench::target("beanstalk-split", "beanstalk:shop").await;
    bench.until(|seen| seen.phase == Phase::Shifting).await;
    let picture = bench.until(|seen| seen.phase == Phase::Succeeded).await;
    assert_eq!(rollout(&picture).kind, RolloutKind::Rollout);
    assert_eq!(planned(&picture), Some(100.0));
    assert_eq!(possible(&picture), []);
}
