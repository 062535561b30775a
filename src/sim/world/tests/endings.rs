use super::*;
use crate::sim::world::codedeploy::Creator;
use crate::sim::world::orders::NewDeployment;

fn code<T: std::fmt::Debug>(result: Result<T, crate::sim::error::ApiError>) -> String {
    result.unwrap_err().code
}

fn assert_rolled_back(story: &mut Story, ordered: i64) {
    story.until(3, |story| story.status() == Status::Stopped);
    assert_eq!(story.error(), "MANUAL_STOP");
    assert_eq!(story.rollback(), None, "it appears later");
    story.until(6, |story| story.rollback().is_some());
    let rollback = story.rollback().unwrap();
    story.until(5, |story| story.listener() == weights(100, 0));
    assert!(story.seconds() - ordered <= 12, "blue is back within seconds");
    story.until(30, |story| {
        story.world.deploy.deployment(rollback).unwrap().status == Status::Succeeded
    });
    let undone = story.world.deploy.deployment(rollback).unwrap();
    assert_eq!(undone.creator, Creator::Rollback);
    assert_eq!(undone.rollback.trigger, Some(story.rollout));
    assert_eq!(story.deployment().rollback.rollback, Some(rollback));
    story.at(story.seconds() + 90);
    let live: Vec<_> = story.world.ecs.live_sets().map(|(_, set)| set.status.word()).collect();
    assert_eq!(live, ["PRIMARY"]);
}

#[test]
fn stop_with_rollback_restores_blue_in_every_phase() {
    for event in [
        Lifecycle::Install,
        Lifecycle::AfterInstall,
        Lifecycle::AllowTestTraffic,
        Lifecycle::BeforeAllowTraffic,
        Lifecycle::AllowTraffic,
        Lifecycle::AfterAllowTraffic,
    ] {
        let mut story = Story::of("canary");
        story.until_event(event);
        let ordered = story.seconds();
        assert_eq!(story.stop(true), StopAnswer::Pending, "{event:?}");
        assert_eq!(story.stop(true), StopAnswer::Pending, "asked twice");
        assert_rolled_back(&mut story, ordered);
        assert_eq!(story.stop(true), StopAnswer::Succeeded, "asked after the end");
    }
}

#[test]
fn stop_with_rollback_is_as_fast_during_the_bake() {
    let mut story = Story::of("canary");
    story.until_bake();
    story.at(story.seconds() + 1300);
    let ordered = story.seconds();
    assert_eq!(story.stop(true), StopAnswer::Pending);
    assert_rolled_back(&mut story, ordered);
}

#[test]
fn stop_with_rollback_while_waiting_for_approval() {
    let mut story = Story::of("approval");
    story.until(300, |story| story.status() == Status::Ready);
    let ordered = story.seconds();
    story.stop(true);
    assert_rolled_back(&mut story, ordered);
}

#[test]
fn a_stop_before_the_start_has_nothing_to_roll_back() {
    let mut story = Story::of("canary");
    assert_eq!(story.stop(true), StopAnswer::Succeeded);
    assert_eq!(story.status(), Status::Stopped);
    assert!(story.deployment().rollback.message.is_some());
    story.at(300);
    assert_eq!((story.status(), story.rollback()), (Status::Stopped, None));
    assert_eq!(story.listener(), weights(100, 0));
}

#[test]
fn a_bare_stop_leaves_the_split_and_both_sets() {
    let mut story = Story::of("canary");
    story.until_event(Lifecycle::AllowTraffic);
    story.stop(false);
    story.at(story.seconds() + 600);
    assert_eq!(story.status(), Status::Stopped);
    assert_eq!(story.listener(), weights(90, 10));
    assert_eq!(story.world.ecs.live_sets().count(), 2);
    assert_eq!(story.rollback(), None);
}

#[test]
fn a_rollout_after_a_bare_stop_clears_what_was_left() {
    let mut story = Story::of("canary");
    story.until_event(Lifecycle::AllowTraffic);
    story.stop(false);
    story.at(story.seconds() + 10);
    let revision = story.deployment().revision;
    story.world.create_deployment(new(revision)).unwrap();
    story.rollout = story.latest();
    story.at(story.seconds() + 5);
    assert_eq!(story.listener(), weights(100, 0));
    story.until_event(Lifecycle::AllowTraffic);
    assert_eq!(story.listener(), weights(90, 10));
    assert_eq!(story.world.ecs.live_sets().count(), 2);
}

fn new(revision: crate::sim::world::codedeploy::RevisionKey) -> NewDeployment {
    NewDeployment {
        revision,
        config: None,
        description: None,
        auto_rollback: None,
        alarm_override: None,
    }
}

#[test]
fn a_busy_group_refuses_a_second_rollout_also_while_a_rollback_is_coming() {
    let busy = "DeploymentLimitExceededException";
    let mut story = Story::of("canary");
    let revision = story.deployment().revision;
    assert_eq!(code(story.world.create_deployment(new(revision))), busy);
    story.until_event(Lifecycle::AllowTraffic);
    story.stop(true);
    story.until(4, |story| story.status() == Status::Stopped);
    assert_eq!(story.rollback(), None);
    assert_eq!(code(story.world.create_deployment(new(revision))), busy);
    story.at(story.seconds() + 60);
    assert!(story.world.create_deployment(new(revision)).is_ok());
}

#[test]
fn the_wrong_states_are_refused() {
    let mut story = Story::of("canary");
    let key = story.rollout;
    let not_ready = "DeploymentIsNotInReadyStateException";
    let completed = "DeploymentAlreadyCompletedException";
    assert_eq!(code(story.world.continue_deployment(key, Wait::Ready)), not_ready);
    let early = story.world.continue_deployment(key, Wait::Termination);
    assert_eq!(code(early), "InvalidDeploymentStatusException");

    story.until_bake();
    assert_eq!(code(story.world.continue_deployment(key, Wait::Ready)), not_ready);
    story.resume(Wait::Termination);
    let again = story.world.continue_deployment(key, Wait::Termination);
    assert_eq!(code(again), "InvalidDeploymentStatusException");
    assert_eq!(code(story.world.stop_deployment(key, Some(true))), completed, "blue is going");

    story.until(100, |story| story.status() == Status::Succeeded);
    assert_eq!(code(story.world.stop_deployment(key, Some(true))), completed);
    assert_eq!(code(story.world.continue_deployment(key, Wait::Ready)), completed);
    assert_eq!(code(story.world.continue_deployment(key, Wait::Termination)), completed);
}

#[test]
fn a_stop_that_leaves_the_choice_follows_the_configuration() {
    for (events, expected) in
        [(vec![], false), (vec![crate::sim::scenario::RollbackOn::Request], true)]
    {
        let mut story = Story::with("canary", |scenario| scenario.rollout.auto_rollback = events);
        story.until_event(Lifecycle::AllowTraffic);
        story.world.stop_deployment(story.rollout, None).unwrap();
        story.at(story.seconds() + 30);
        assert_eq!(story.rollback().is_some(), expected);
    }
}
