use super::*;
use crate::sim::scenario::Routing;
use crate::sim::world::codedeploy::schedule;
use crate::sim::world::orders::NewDeployment;

#[test]
fn a_canary_goes_through_all_its_phases() {
    let mut story = Story::of("canary");
    assert_eq!(story.status(), Status::Created);
    assert!(story.deployment().progress.is_none(), "no target before the start");
    assert_eq!(story.listener(), weights(100, 0));

    story.at(2);
    assert_eq!(story.status(), Status::Queued);
    story.at(4);
    assert_eq!((story.status(), story.target()), (Status::InProgress, "InProgress"));
    story.at(20);
    assert_eq!(story.split(), [("Blue", "PRIMARY", 100.0), ("Green", "ACTIVE", 0.0)]);
    assert_eq!(story.sets()[1].pending, 4);

    story.until_event(Lifecycle::AllowTraffic);
    let shift = story.seconds();
    assert!((110..150).contains(&shift), "first shift at {shift}");
    assert_eq!(story.split(), [("Blue", "PRIMARY", 90.0), ("Green", "ACTIVE", 10.0)]);
    assert_eq!(story.listener(), weights(90, 10));
    assert_eq!(story.sets()[1].running, 4);

    story.at(shift + 298);
    assert_eq!(story.listener(), weights(90, 10));
    story.at(shift + 300);
    assert_eq!(story.split(), [("Blue", "ACTIVE", 0.0), ("Green", "PRIMARY", 100.0)]);

    story.until_bake();
    assert_eq!((story.status(), story.target()), (Status::InProgress, "Succeeded"));
    let bake = story.seconds();
    story.at(bake + 3590);
    assert!(story.deployment().bakes());
    story.at(bake + 3605);
    assert_eq!(story.split(), [("Blue", "DRAINING", 0.0), ("Green", "PRIMARY", 100.0)]);
    assert_eq!((story.status(), story.target()), (Status::InProgress, "Succeeded"));
    story.at(bake + 3660);
    assert_eq!(story.status(), Status::Succeeded);
    assert_eq!(story.split(), [("Green", "PRIMARY", 100.0)]);
    assert_eq!(story.listener(), weights(0, 100));
    assert_eq!(story.world.deploy.last_successful, Some(story.rollout));
}

#[test]
fn the_test_listener_moves_before_production() {
    let mut story = Story::of("canary");
    let test = |story: &Story| story.world.listeners()[1].forward().unwrap().weights.clone();
    let before = test(&story);
    story.until_event(Lifecycle::AfterAllowTestTraffic);
    assert_ne!(test(&story), before);
    assert_eq!(story.listener(), weights(100, 0));
}

#[test]
fn a_linear_rollout_adds_a_tenth_a_minute() {
    let mut story = Story::of("linear");
    story.until_event(Lifecycle::AllowTraffic);
    let shift = story.seconds();
    for step in 0..10_i64 {
        story.at(shift + step * 60 + 1);
        let green = 10 * (step as u32 + 1);
        assert_eq!(story.listener(), weights(100 - green, green), "step {step}");
    }
    story.until_bake();
    assert!((shift + 540..shift + 550).contains(&story.seconds()));
}

#[test]
fn all_at_once_shifts_in_one_step() {
    let mut story = Story::of("all-at-once");
    story.until_event(Lifecycle::AllowTraffic);
    assert_eq!(story.listener(), weights(0, 100));
    story.until_bake();
}

#[test]
fn the_schedules_of_all_routings() {
    let shares = |routing| -> Vec<(i64, u8)> {
        schedule(routing).into_iter().map(|(wait, share)| (wait.as_mins(), share)).collect()
    };
    assert_eq!(shares(Routing::AllAtOnce), [(0, 100)]);
    assert_eq!(shares(Routing::Canary { percent: 10, minutes: 5 }), [(0, 10), (5, 100)]);
    let linear = Routing::Linear { percent: 30, minutes: 2 };
    assert_eq!(shares(linear), [(0, 30), (2, 60), (4, 90), (6, 100)]);
}

#[test]
fn an_approval_waits_and_goes_on_when_continued() {
    let mut story = Story::of("approval");
    story.until(300, |story| story.status() == Status::Ready);
    assert_eq!(story.target(), "Ready");
    story.at(1000);
    assert_eq!((story.status(), story.listener()), (Status::Ready, weights(100, 0)));
    story.resume(Wait::Ready);
    assert_eq!(story.status(), Status::InProgress);
    story.until_event(Lifecycle::AllowTraffic);
    assert_eq!(story.listener(), weights(90, 10));
    story.until_bake();
}

#[test]
fn an_approval_that_nobody_gives_stops_the_rollout_and_leaves_traffic_alone() {
    let mut story = Story::of("approval");
    story.until(300, |story| story.status() == Status::Ready);
    let ready = story.seconds();
    story.at(ready + 3595);
    assert_eq!(story.status(), Status::Ready);
    story.at(ready + 3601);
    assert_eq!((story.status(), story.listener()), (Status::Stopped, weights(100, 0)));
    story.at(ready + 4000);
    assert_eq!(story.rollback(), None);
}

#[test]
fn finishing_early_terminates_blue() {
    let mut story = Story::of("canary");
    story.until_bake();
    let bake = story.seconds();
    story.resume(Wait::Termination);
    assert_eq!(story.split(), [("Blue", "DRAINING", 0.0), ("Green", "PRIMARY", 100.0)]);
    story.at(bake + 60);
    assert_eq!(story.status(), Status::Succeeded);
}

#[test]
fn the_finished_scenario_is_over_at_its_start() {
    let scenario = Scenario::named("finished").unwrap();
    let world = World::new(scenario, SEED, start());
    assert_eq!(world.deploy.deployments.last().unwrap().status, Status::Succeeded);
    assert_eq!(world.ecs.live_sets().count(), 1);
}

#[test]
fn after_a_success_the_groups_swap_roles_and_the_next_rollout_shifts_back() {
    let mut story = Story::of("canary");
    story.until_bake().resume(Wait::Termination);
    story.until(100, |story| story.status() == Status::Succeeded);
    let previous = story.deployment().previous.unwrap();
    let first_green = story.sets()[0].target_group.clone();
    story
        .world
        .create_deployment(NewDeployment {
            revision: previous,
            config: None,
            description: None,
            auto_rollback: None,
            alarm_override: None,
        })
        .unwrap();
    story.rollout = story.latest();
    story.until_event(Lifecycle::AllowTraffic);
    assert_eq!(story.sets()[0].target_group, first_green, "the old green is the new blue");
    assert_eq!(story.listener(), weights(10, 90));
    assert_eq!(story.deployment().revision, previous);
}

#[test]
fn the_history_was_played_to_its_end() {
    let story = Story::of("canary");
    let past: Vec<_> = story.world.deploy.deployments.iter().take(2).collect();
    assert!(past.iter().all(|deployment| deployment.status == Status::Succeeded));
    assert_eq!(story.deployment().previous, Some(past[1].revision));
    assert_eq!(story.world.deploy.last_successful, Some(DeploymentKey(1)));
}

#[test]
fn a_hook_that_fails_rolls_back_with_its_diagnostics() {
    let mut story = Story::of("hook-failure");
    story.until(300, |story| story.status() == Status::Failed);
    assert_eq!(story.error(), "HOOK_EXECUTION_FAILURE");
    let progress = story.deployment().progress.as_ref().unwrap();
    let hook = progress
        .events
        .iter()
        .find(|entry| entry.event == Lifecycle::AfterAllowTestTraffic)
        .unwrap();
    assert_eq!(hook.status.word(), "Failed");
    assert!(hook.diagnostics.as_ref().unwrap().message.contains("3 of 41"));
    story.until(6, |story| story.rollback().is_some());
    assert_eq!(story.listener(), weights(100, 0));
    story.at(story.seconds() + 60);
    assert_eq!(story.world.ecs.live_sets().count(), 1, "green is removed");
}

#[test]
fn a_hook_that_succeeds_only_takes_its_time() {
    let mut story = Story::with("hook-failure", |scenario| {
        for hook in scenario.green.hooks.values_mut() {
            hook.outcome = crate::sim::scenario::HookOutcome::Succeed;
        }
    });
    story.until_event(Lifecycle::AfterAllowTestTraffic);
    let began = story.seconds();
    story.until_event(Lifecycle::AllowTraffic);
    assert!((25..30).contains(&(story.seconds() - began)));
}

#[test]
fn a_failure_without_auto_rollback_leaves_green_running() {
    let mut story = Story::with("hook-failure", |scenario| {
        scenario.rollout.auto_rollback.clear();
    });
    story.until(300, |story| story.status() == Status::Failed);
    story.at(story.seconds() + 60);
    assert_eq!((story.rollback(), story.world.ecs.live_sets().count()), (None, 2));
    assert_eq!(story.listener(), weights(100, 0));
}

#[test]
fn a_hook_that_never_answers_fails_after_an_hour() {
    let mut story = Story::with("hook-failure", |scenario| {
        for hook in scenario.green.hooks.values_mut() {
            hook.outcome = crate::sim::scenario::HookOutcome::Hang;
        }
    });
    story.until_event(Lifecycle::AfterAllowTestTraffic);
    let began = story.seconds();
    story.at(began + 3590);
    assert_eq!(story.status(), Status::InProgress);
    story.at(began + 3601);
    assert_eq!((story.status(), story.error()), (Status::Failed, "TIMEOUT"));
}
