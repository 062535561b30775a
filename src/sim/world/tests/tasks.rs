use super::*;
use crate::sim::scenario::{Crash, CrashWhen};
use crate::sim::world::ecs::TaskStatus;

fn messages(story: &Story) -> Vec<String> {
    story.world.ecs.events.iter().map(|event| event.message.clone()).collect()
}

#[test]
fn crashing_tasks_never_get_steady_and_the_rollout_fails_after_an_hour() {
    let mut story = Story::of("crashloop");
    story.at(900);
    assert_eq!(story.deployment().in_progress(), Some(Lifecycle::Install));
    let dead = story.world.ecs.tasks.iter().find(|task| task.exit_code == Some(1)).unwrap();
    assert_eq!(dead.status, TaskStatus::Stopped);
    assert_eq!(dead.stop.as_ref().unwrap().code, "EssentialContainerExited");
    assert!(messages(&story).iter().any(|line| line.contains("is unable to consistently start")));
    assert_eq!(story.listener(), weights(100, 0));
    story.at(3700);
    assert_eq!((story.status(), story.error()), (Status::Failed, "TIMEOUT"));
    story.at(3800);
    assert!(story.rollback().is_some());
    assert_eq!(story.world.ecs.live_sets().count(), 1);
}

#[test]
fn unhealthy_tasks_are_replaced_and_never_get_traffic() {
    let mut story = Story::of("stuck");
    story.at(200);
    let green = story.world.target_groups()[1].arn.clone();
    let targets = story.world.targets(&green).unwrap();
    assert!(targets.iter().all(|target| target.state == "unhealthy"), "{targets:?}");
    assert_eq!(targets[0].reason, Some("Target.ResponseCodeMismatch"));
    story.at(600);
    assert!(messages(&story).iter().any(|line| line.contains("is unhealthy in (target-group")));
    let replaced = |task: &&crate::sim::world::ecs::Task| {
        task.stop.as_ref().is_some_and(|stop| stop.reason.contains("failed ELB health checks"))
    };
    assert!(story.world.ecs.tasks.iter().any(|task| replaced(&task)));
    story.at(3700);
    assert_eq!(story.status(), Status::Failed);
}

#[test]
fn a_target_walks_from_registering_to_healthy_and_drains_away() {
    let mut story = Story::of("canary");
    let green = story.world.target_groups()[1].arn.clone();
    let states = |story: &Story| -> Vec<&'static str> {
        let targets = story.world.targets(&green).unwrap();
        targets.iter().map(|target| target.state).collect()
    };
    assert!(states(&story).is_empty());
    story.until(120, |story| states(story).contains(&"initial"));
    story.until(120, |story| states(story) == ["healthy"; 4]);
    story.until_event(Lifecycle::AllowTraffic);
    story.stop(true);
    story.until(60, |story| states(story) == ["draining"; 4]);
    story.until(60, |story| states(story).is_empty());
}

#[test]
fn a_task_climbs_the_ladder() {
    let mut story = Story::of("canary");
    let mut seen = Vec::new();
    for second in 0..150 {
        story.at(second);
        let newest = story.world.ecs.tasks.last().unwrap().status;
        if second > 5 && seen.last() != Some(&newest) {
            seen.push(newest);
        }
    }
    let ladder = [
        TaskStatus::Provisioning,
        TaskStatus::Pending,
        TaskStatus::Activating,
        TaskStatus::Running,
    ];
    assert_eq!(seen, ladder);
}

#[test]
fn tasks_that_die_under_traffic_cause_connection_errors_that_no_target_counts() {
    let mut story = Story::with("out-of-memory", |scenario| {
        scenario.green.crash.as_mut().unwrap().after = SignedDuration::from_secs(60);
    });
    story.until_event(Lifecycle::AllowTraffic);
    story.at(story.seconds() + 900);
    let green = story.world.target_groups()[1].arn.clone();
    let balancer = story.world.load_balancers()[0].arn.clone();
    let minutes = (4..14).filter_map(|back| {
        let at = after(story.world.now(), SignedDuration::from_mins(-back));
        Some((story.world.minute(&green, at)?, story.world.lb_minute(&balancer, at)?))
    });
    let (mut unconnected, mut bad_gateways) = (0, 0);
    for (minute, whole) in minutes {
        unconnected += minute.connection_errors;
        bad_gateways += whole.elb_502;
    }
    assert!(unconnected > 50, "{unconnected}");
    assert_eq!(unconnected, bad_gateways);
    let killed = story.world.ecs.tasks.iter().filter(|task| task.exit_code == Some(137));
    assert!(killed.count() > 2);
}

#[test]
fn a_task_that_never_starts_has_no_exit_code() {
    let mut story = Story::with("crashloop", |scenario| {
        scenario.green.crash = Some(Crash {
            when: CrashWhen::Starting,
            after: SignedDuration::from_secs(1),
            exit_code: None,
            reason: Some("CannotPullContainerError: image not found".to_owned()),
        });
    });
    story.at(120);
    let task =
        story.world.ecs.tasks.iter().find(|task| task.stopped.is_some_and(|at| at > start()));
    let task = task.unwrap();
    assert_eq!((task.exit_code, task.started), (None, None));
    assert_eq!(task.stop.as_ref().unwrap().code, "TaskFailedToStart");
}

#[test]
fn stopped_tasks_stay_visible_for_an_hour() {
    let mut story = Story::of("canary");
    story.until_event(Lifecycle::AllowTraffic);
    story.stop(true);
    story.at(story.seconds() + 120);
    let stopped = |story: &Story| {
        let tasks = story.world.ecs.visible_tasks(story.world.now());
        tasks.filter(|task| task.status == TaskStatus::Stopped).count()
    };
    assert_eq!(stopped(&story), 4);
    story.at(story.seconds() + 3600);
    assert_eq!(stopped(&story), 0);
}

#[test]
fn a_group_in_no_rule_is_unused() {
    let mut story = Story::with("canary", |scenario| {
        scenario.history.clear();
        scenario.rollout.test_listener = false;
    });
    assert_eq!(story.listener(), [("checkout-a".to_owned(), 1)]);
    story.at(110);
    let green = story.world.target_groups()[1].arn.clone();
    let states = |story: &Story| {
        let targets = story.world.targets(&green).unwrap();
        targets.iter().map(|target| (target.state, target.reason)).collect::<Vec<_>>()
    };
    assert_eq!(states(&story), [("unused", Some("Target.NotInUse")); 4]);
    story.until_event(Lifecycle::AllowTraffic);
    assert_eq!(states(&story), [("healthy", None); 4]);
}
