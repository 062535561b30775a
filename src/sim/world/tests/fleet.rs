//! Instances: installed one after the other, rerouted, baked, terminated; and what fails on one.

use super::*;
use crate::sim::world::codedeploy::{EventStatus, TargetStatus};
use crate::sim::world::fleet::{InstanceTarget, Label, Work};
use crate::sim::world::time::before;

fn targets(story: &Story, label: Label) -> Vec<&InstanceTarget> {
    let fleet = story.world.fleet.as_ref().unwrap();
    let all = fleet.targets_of(story.rollout).map(|(_, target)| target);
    all.filter(|target| target.label == label).collect()
}

fn count(story: &Story, label: Label, status: TargetStatus) -> usize {
    targets(story, label).iter().filter(|target| target.status == status).count()
}

/// Healthy targets of the one target group.
fn healthy(story: &Story) -> usize {
    let arn = story.world.target_groups()[0].arn.clone();
    let targets = story.world.targets(&arn).unwrap();
    targets.iter().filter(|target| target.state == "healthy").count()
}

#[test]
fn green_is_installed_by_halves_and_waits_then_takes_the_traffic_by_halves() {
    let mut story = Story::of("ec2");
    story.until(200, |story| count(story, Label::Green, TargetStatus::InProgress) > 0);
    assert_eq!(count(&story, Label::Green, TargetStatus::InProgress), 2);
    assert_eq!(count(&story, Label::Green, TargetStatus::Pending), 2);
    story.until(300, |story| story.status() == Status::Ready);
    assert_eq!(count(&story, Label::Green, TargetStatus::Ready), 4);
    assert_eq!(healthy(&story), 4);
    story.resume(Wait::Ready);
    story.until(200, |story| count(story, Label::Green, TargetStatus::Succeeded) == 2);
    assert_eq!(healthy(&story), 6);
    story.until(200, |story| story.deployment().bakes());
    assert_eq!(healthy(&story), 4);
    assert!(story.deployment().has_baked());
    story.resume(Wait::Termination);
    story.until(100, |story| story.status() == Status::Succeeded);
    let fleet = story.world.fleet.as_ref().unwrap();
    let alive: Vec<&str> =
        fleet.groups.iter().filter(|one| !one.gone).map(|one| one.name.as_str()).collect();
    assert_eq!(alive, [format!("CodeDeploy_checkout_{}", story.deployment().id)]);
}

#[test]
fn traffic_follows_the_healthy_instances() {
    let mut story = Story::of("ec2");
    story.until(500, |story| story.status() == Status::Ready);
    story.resume(Wait::Ready);
    story.until(200, |story| count(story, Label::Green, TargetStatus::Succeeded) == 2);
    story.stop(false);
    let at = story.seconds();
    story.at(at + 600);
    let minute = before(story.world.now(), SignedDuration::from_mins(5));
    let [blue, green] = {
        let fleet = story.world.fleet.as_ref().unwrap();
        let progress = story.deployment().progress.as_ref().unwrap();
        [progress.blue, progress.green.unwrap()].map(|key| fleet.group(key).unwrap().pool)
    };
    let requests = |pool| story.world.pool_minute(pool, minute).unwrap().requests as f64;
    let share = requests(green) / (requests(green) + requests(blue));
    assert!((0.31..0.36).contains(&share), "{share}");
    let arn = story.world.target_groups()[0].arn.clone();
    let whole = story.world.minute(&arn, minute).unwrap().requests as f64;
    assert!((whole - requests(blue) - requests(green)).abs() < 0.5);
    assert!((story.world.hosts(&arn, minute).unwrap().healthy.max - 6.0).abs() < 1e-9);
}

#[test]
fn the_way_back_registers_blue_before_green_leaves() {
    let mut story = Story::of("ec2");
    story.until(500, |story| story.status() == Status::Ready);
    story.resume(Wait::Ready);
    story.until(400, |story| story.deployment().bakes());
    story.stop(true);
    story.until(60, |story| story.rollback().is_some());
    let rollback = story.rollback().unwrap();
    story.until(300, |story| {
        story.world.deploy.deployment(rollback).unwrap().status == Status::Succeeded
    });
    assert_eq!(healthy(&story), 4);
    let at = story.seconds();
    let minutes = (1..6).map(|back| before(story.world.now(), SignedDuration::from_mins(back)));
    let arn = story.world.target_groups()[0].arn.clone();
    let least: Vec<f64> =
        minutes.filter_map(|minute| Some(story.world.hosts(&arn, minute)?.healthy.min)).collect();
    assert!(!least.is_empty() && least.iter().all(|hosts| *hosts >= 4.0), "{at}: {least:?}");
    let fleet = story.world.fleet.as_ref().unwrap();
    assert_eq!(fleet.primary, story.deployment().progress.as_ref().unwrap().blue);
}

#[test]
fn a_script_that_fails_on_one_instance_ends_a_deployment_that_bears_no_failure() {
    let mut story = Story::of("ec2-validate-fails");
    story.until(400, |story| story.status() == Status::Failed);
    assert_eq!(story.error(), "HEALTH_CONSTRAINTS");
    let greens = targets(&story, Label::Green);
    let statuses: Vec<TargetStatus> = greens.iter().map(|target| target.status).collect();
    assert_eq!(
        statuses,
        [TargetStatus::Skipped, TargetStatus::Failed, TargetStatus::Skipped, TargetStatus::Skipped]
    );
    let failed = greens[1].events.iter().find(|one| one.status == EventStatus::Failed).unwrap();
    assert_eq!(failed.work, Work::ValidateService);
    assert!(failed.diagnostics.as_ref().unwrap().log_tail.contains("Connection refused"));
    assert_eq!(healthy(&story), 4);
    let at = story.seconds();
    story.at(at + 60);
    let rollback = story.world.deploy.deployment(story.rollback().unwrap()).unwrap();
    assert_eq!(rollback.status, Status::Succeeded);
}
