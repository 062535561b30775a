use super::*;
use crate::sim::scenario::RollbackOn;
use crate::sim::world::AlarmState;
use crate::sim::world::orders::NewDeployment;

#[test]
fn an_alarm_stops_the_rollout_and_rolls_it_back() {
    let mut story = Story::of("alarm");
    story.until_event(Lifecycle::AllowTraffic);
    let shift = story.seconds();
    story.until(800, |story| story.status() == Status::Stopped);
    assert_eq!(story.error(), "ALARM_ACTIVE");
    assert!(story.seconds() - shift > 120, "data needs minutes to arrive");
    let alarm = story.world.alarms()[0].clone();
    assert_eq!(alarm.state, AlarmState::Alarm);
    assert!(alarm.reason.starts_with("Threshold Crossed: "), "{}", alarm.reason);
    story.until(10, |story| story.rollback().is_some());
    story.until(10, |story| story.listener() == weights(100, 0));
    story.until(1200, |story| story.world.alarms()[0].state == AlarmState::Ok);
}

#[test]
fn an_alarm_without_auto_rollback_leaves_traffic_where_it_was() {
    let mut story = Story::with("alarm", |scenario| {
        scenario.rollout.auto_rollback = vec![RollbackOn::Failure];
    });
    story.until_event(Lifecycle::AllowTraffic);
    story.until(800, |story| story.status() == Status::Stopped);
    story.at(story.seconds() + 60);
    assert_eq!((story.rollback(), story.listener()), (None, weights(90, 10)));
}

#[test]
fn an_alarm_that_the_group_does_not_guard_stops_nothing() {
    let mut story = Story::with("alarm", |scenario| {
        for alarm in &mut scenario.alarms {
            alarm.guards = false;
        }
    });
    story.until_event(Lifecycle::AllowTraffic);
    story.until(800, |story| story.world.alarms()[0].state == AlarmState::Alarm);
    story.at(story.seconds() + 30);
    assert_eq!(story.status(), Status::InProgress);
}

#[test]
fn an_alarm_that_is_up_stops_a_new_rollout_unless_it_is_overridden() {
    let mut story = Story::of("alarm");
    story.until(1200, |story| story.status() == Status::Stopped);
    story.at(story.seconds() + 40);
    assert_eq!(story.world.alarms()[0].state, AlarmState::Alarm);
    let new = NewDeployment {
        revision: story.deployment().revision,
        config: None,
        description: None,
        auto_rollback: None,
        alarm_override: None,
    };
    story.world.create_deployment(new.clone()).unwrap();
    story.rollout = story.latest();
    story.at(story.seconds() + 10);
    assert_eq!((story.status(), story.error()), (Status::Stopped, "ALARM_ACTIVE"));
    story.world.create_deployment(NewDeployment { alarm_override: Some(vec![]), ..new }).unwrap();
    story.rollout = story.latest();
    story.at(story.seconds() + 60);
    assert_eq!(story.status(), Status::InProgress);
}

#[test]
fn a_healthy_rollout_raises_no_alarm() {
    for name in ["canary", "linear", "aa", "all-at-once", "low-traffic", "ab"] {
        let mut story = Story::of(name);
        for _ in 0..40 {
            story.at(story.seconds() + 60);
            let up = story.world.alarms().iter().any(|alarm| alarm.state == AlarmState::Alarm);
            assert!(!up, "{name}: {:?}", story.world.alarms());
        }
    }
}
