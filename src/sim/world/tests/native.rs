//! Service deployments of ECS itself, from stage to stage and back.

use super::{SEED, start};
use crate::sim::scenario::{Asks, HookOutcome, OnTimeout, Scenario, Stage, Strategy};
use crate::sim::world::World;
use crate::sim::world::ecs::SetStatus;
use crate::sim::world::keys::{ReleaseKey, ServiceDeploymentKey};
use crate::sim::world::names::Door;
use crate::sim::world::native::{
    Answer, HookStatus, Monitor, Native, ServiceDeployment, Status, StopType,
};
use crate::sim::world::time::after;
use jiff::SignedDuration;

/// A world and the service deployment under test, driven by seconds since it was created.
struct Story {
    world: World,
    key: ServiceDeploymentKey,
}

impl Story {
    fn of(name: &str) -> Self {
        Self::with(name, |_| ())
    }

    fn with(name: &str, change: impl FnOnce(&mut Scenario)) -> Self {
        let mut scenario = Scenario::named(name).unwrap();
        scenario.start_at = SignedDuration::ZERO;
        change(&mut scenario);
        let world = World::new(scenario, SEED, start());
        let key = ServiceDeploymentKey(world.native.as_ref().unwrap().deployments.len() - 1);
        Self { world, key }
    }

    fn native(&self) -> &Native {
        self.world.native.as_ref().unwrap()
    }

    fn deployment(&self) -> &ServiceDeployment {
        self.native().deployment(self.key).unwrap()
    }

    fn seconds(&self) -> i64 {
        self.world.now().duration_since(start()).as_secs()
    }

    fn pass(&mut self, seconds: i64) -> &mut Self {
        let to = after(self.world.now(), SignedDuration::from_secs(seconds));
        self.world.advance(to);
        self
    }

    /// Lets time pass, second by second, until something holds; fails after `most` seconds.
    fn until(&mut self, most: i64, holds: impl Fn(&Self) -> bool) -> &mut Self {
        let limit = self.seconds() + most;
        while !holds(self) {
            assert!(self.seconds() < limit, "never held: {:#?}", self.deployment());
            self.pass(1);
        }
        self
    }

    fn until_stage(&mut self, stage: Stage) -> &mut Self {
        self.until(4000, |story| story.deployment().stage == Some(stage))
    }

    fn until_status(&mut self, status: Status) -> &mut Self {
        self.until(4000, |story| story.deployment().status == status)
    }

    /// The share of production traffic that the listener gives the target, in per cent.
    fn share(&self) -> f64 {
        let pool = self.native().revision(self.deployment().target).unwrap().pool;
        self.world.elb.share(Door::Production, pool) * 100.0
    }

    /// Production and test share that ECS reports for the target.
    fn reported(&self) -> (f64, f64) {
        let target = *self.world.sides(self.key).last().unwrap();
        (target.production, target.test)
    }

    fn answer(&mut self, answer: Answer) {
        let hook = self.deployment().hooks.last().unwrap().id.clone();
        self.world.continue_service_deployment(self.key, &hook, answer).unwrap();
    }

    /// The stages in the order in which they are entered, from now to the end.
    fn stages(&mut self) -> Vec<(Stage, f64)> {
        let mut seen: Vec<(Stage, f64)> = Vec::new();
        while !self.deployment().status.is_over() {
            let here = self.deployment().stage.map(|stage| (stage, self.share()));
            if let Some(here) = here.filter(|here| seen.last() != Some(here)) {
                seen.push(here);
            }
            assert!(self.seconds() < 9000, "never over: {:#?}", self.deployment());
            self.pass(1);
        }
        seen
    }
}

#[test]
fn a_canary_repeats_its_shift_stages_and_ends_with_one_revision() {
    let mut story = Story::with("ecs-canary", |scenario| {
        scenario.native.as_mut().unwrap().hooks.clear();
    });
    assert_eq!(story.deployment().status, Status::Pending);
    let stages = story.stages();
    let expected = [
        (Stage::PreScaleUp, 0.0),
        (Stage::ScaleUp, 0.0),
        (Stage::PostScaleUp, 0.0),
        (Stage::TestTrafficShift, 0.0),
        (Stage::PostTestTrafficShift, 0.0),
        (Stage::PreProductionTrafficShift, 0.0),
        (Stage::ProductionTrafficShift, 5.0),
        (Stage::PreProductionTrafficShift, 5.0),
        (Stage::ProductionTrafficShift, 100.0),
        (Stage::PostProductionTrafficShift, 100.0),
        (Stage::BakeTime, 100.0),
        (Stage::CleanUp, 100.0),
    ];
    assert_eq!(stages, expected);
    assert_eq!(story.deployment().status, Status::Successful);
    assert_eq!(story.world.ecs.live_sets().count(), 1);
    assert_eq!(story.deployment().breaker, Monitor::Complete);
    assert!((1300..1500).contains(&story.seconds()), "{}", story.seconds());
}

#[test]
fn a_linear_deployment_adds_its_step_until_all_is_shifted() {
    let mut story = Story::of("ecs-linear");
    let stages = story.stages();
    let shifts = stages.iter().filter(|(stage, _)| *stage == Stage::ProductionTrafficShift);
    let shares: Vec<f64> = shifts.map(|(_, share)| *share).collect();
    assert_eq!(shares, [20.0, 40.0, 60.0, 80.0, 100.0]);
}

#[test]
fn what_ecs_reports_lags_behind_the_listener() {
    let mut story = Story::of("ecs-bluegreen");
    story.until_stage(Stage::TestTrafficShift);
    assert_eq!(story.reported(), (0.0, 0.0));
    story.until_stage(Stage::PostTestTrafficShift);
    assert_eq!(story.reported(), (0.0, 100.0));
    story.until_stage(Stage::ProductionTrafficShift);
    assert_eq!((story.share(), story.reported().0), (100.0, 0.0));
    story.until_stage(Stage::BakeTime);
    assert_eq!(story.reported(), (100.0, 100.0));
    assert_eq!(story.world.sides(story.key)[0].production, 0.0);
}

#[test]
fn a_pause_waits_for_a_person_and_for_its_own_hook_only() {
    let mut story = Story::of("ecs-canary");
    story.until_stage(Stage::PostTestTrafficShift).pass(600);
    let run = story.deployment().hooks[0].clone();
    assert_eq!(run.status, HookStatus::AwaitingAction);
    assert_eq!(story.share(), 0.0);
    let wrong = story.world.continue_service_deployment(story.key, "x", Answer::Continue);
    assert_eq!(wrong.unwrap_err().code, "InvalidParameterException");
    story.answer(Answer::Continue);
    story.until_stage(Stage::ProductionTrafficShift);
    let stale = story.world.continue_service_deployment(story.key, &run.id, Answer::Rollback);
    assert_eq!(stale.unwrap_err().code, "InvalidParameterException");
    assert_eq!((story.share(), story.deployment().status), (5.0, Status::InProgress));
}

#[test]
fn a_rejected_pause_rolls_back_without_having_moved_traffic() {
    let mut story = Story::of("ecs-canary");
    story.until_stage(Stage::PostTestTrafficShift).pass(10);
    story.answer(Answer::Rollback);
    assert_eq!(story.deployment().status, Status::RollbackRequested);
    story.until_status(Status::RollbackInProgress);
    assert_eq!(story.deployment().rollback.as_ref().unwrap().revision.0, 2);
    story.until_status(Status::RollbackSuccessful);
    assert_eq!((story.share(), story.world.ecs.live_sets().count()), (0.0, 1));
}

#[test]
fn a_pause_that_nobody_answers_does_what_it_was_told() {
    for (action, status) in [
        (OnTimeout::Rollback, Status::RollbackRequested),
        (OnTimeout::Continue, Status::InProgress),
    ] {
        let mut story = Story::with("ecs-canary", |scenario| {
            scenario.native.as_mut().unwrap().hooks[0].on_timeout = action;
        });
        story.until_stage(Stage::PostTestTrafficShift).pass(3599);
        assert_eq!(story.deployment().hooks[0].status, HookStatus::AwaitingAction);
        story.until(5, |story| story.deployment().hooks[0].status == HookStatus::TimedOut);
        assert_eq!(story.deployment().status, status, "{action:?}");
    }
}

#[test]
fn a_stop_rolls_back_from_every_stage() {
    let stages = Stage::ALL.into_iter().filter(|stage| *stage != Stage::ReconcileService);
    for stage in stages {
        let mut story = Story::of("ecs-linear");
        story.until_stage(stage);
        story.world.stop_service_deployment(story.key, StopType::Rollback).unwrap();
        story.world.stop_service_deployment(story.key, StopType::Rollback).unwrap();
        story.until_status(Status::RollbackSuccessful);
        assert_eq!(story.share(), 0.0, "{stage:?}");
        let primary = story.world.ecs.primary().unwrap();
        assert_eq!(story.native().revision_of(primary).unwrap().0, 2, "{stage:?}");
        let late = story.world.stop_service_deployment(story.key, StopType::Rollback);
        assert_eq!(late.unwrap_err().code, "ConflictException", "{stage:?}");
    }
}

#[test]
fn an_alarm_rolls_back_and_is_named() {
    let mut story = Story::of("ecs-alarm");
    story.until_status(Status::RollbackSuccessful);
    assert_eq!(story.deployment().alarms, Monitor::Triggered);
    assert_eq!(story.deployment().triggered, ["checkout-5xx"]);
    assert_eq!(story.share(), 0.0);
}

#[test]
fn without_rollback_an_alarm_leaves_traffic_where_it_is() {
    let mut story = Story::with("ecs-alarm", |scenario| {
        scenario.native.as_mut().unwrap().roll_back = false;
    });
    story.until_status(Status::Stopped);
    assert_eq!((story.share(), story.world.ecs.live_sets().count()), (10.0, 2));

    story.world.alarms.clear();
    story.key = story.world.deploy_service(ReleaseKey(2)).unwrap();
    assert_eq!(story.deployment().sources.len(), 2);
    story.until_stage(Stage::ReconcileService);
    assert_eq!(story.world.ecs.live_sets().filter(|(_, set)| draining(set.status)).count(), 1);
}

fn draining(status: SetStatus) -> bool {
    status == SetStatus::Draining
}

#[test]
fn the_breaker_opens_after_half_of_the_tasks_and_the_old_ones_stay() {
    let mut story = Story::of("ecs-breaker");
    assert_eq!(story.world.breaker_threshold(), 4);
    story.until_status(Status::RollbackRequested);
    assert_eq!((story.deployment().failures, story.deployment().breaker), (4, Monitor::Triggered));
    story.until_status(Status::RollbackSuccessful);
    let (key, set) = story.world.ecs.live_sets().next().unwrap();
    assert_eq!(set.release, ReleaseKey(2));
    assert_eq!(story.world.ecs.counts(key).healthy, 8);
    assert_eq!(story.world.ecs.live_sets().count(), 1);
    let said = |what: &str| story.world.ecs.events.iter().any(|line| line.message.contains(what));
    assert!(said("deployment failed: tasks failed to start."));
    assert!(!said("taskSet"));
}

#[test]
fn a_rollback_to_a_release_that_no_longer_starts_fails() {
    let mut story = Story::with("ecs-bluegreen", |scenario| {
        scenario.native.as_mut().unwrap().bake = SignedDuration::ZERO;
        scenario.history.clear();
        scenario.blue.crash = Scenario::named("ecs-breaker").unwrap().green.crash;
    });
    story.until_stage(Stage::CleanUp);
    story.world.stop_service_deployment(story.key, StopType::Rollback).unwrap();
    story.until_status(Status::RollbackFailed);
}

#[test]
fn a_hook_that_fails_or_never_answers_rolls_back_and_a_good_one_does_not() {
    let mut story = Story::of("ecs-hook-failure");
    story.until_status(Status::RollbackSuccessful);
    assert_eq!(story.deployment().hooks[0].status, HookStatus::Failed);
    assert!(story.deployment().reason.as_ref().unwrap().contains("POST_TEST_TRAFFIC_SHIFT"));
    for (wanted, end) in
        [(HookOutcome::Succeed, HookStatus::Succeeded), (HookOutcome::Hang, HookStatus::TimedOut)]
    {
        let mut story = Story::with("ecs-hook-failure", |scenario| {
            let hook = &mut scenario.native.as_mut().unwrap().hooks[0];
            hook.timeout = SignedDuration::from_mins(10);
            if let Asks::Function { outcome, .. } = &mut hook.asks {
                *outcome = wanted;
            }
        });
        story.until(900, |story| story.deployment().hooks.iter().any(|run| run.status == end));
    }
}

#[test]
fn rolling_keeps_within_its_bounds_and_moves_no_weight() {
    let mut story = Story::of("ecs-rolling");
    let mut mixed = false;
    while !story.deployment().status.is_over() {
        let counts: Vec<_> =
            story.world.ecs.live_sets().map(|(key, _)| story.world.ecs.counts(key)).collect();
        let wanted = story.world.ecs.tasks.iter().filter(|task| task.wanted()).count();
        let healthy: u32 = counts.iter().map(|one| one.healthy).sum();
        assert!(wanted <= 10, "{wanted} tasks");
        assert!(healthy >= 8, "{healthy} healthy");
        mixed |= counts.iter().filter(|one| one.healthy > 0).count() == 2;
        assert_eq!(story.share(), 100.0);
        assert!(story.seconds() < 3000);
        story.pass(1);
    }
    assert!(mixed);
    assert_eq!(story.deployment().status, Status::Successful);
    assert_eq!(story.world.ecs.live_sets().count(), 1);
}

#[test]
fn a_rolling_deployment_rolls_back_half_way() {
    let mut story = Story::of("ecs-rolling");
    story.pass(260);
    assert_eq!(story.world.ecs.live_sets().count(), 2);
    story.world.stop_service_deployment(story.key, StopType::Rollback).unwrap();
    story.until_status(Status::RollbackSuccessful);
    let (key, set) = story.world.ecs.live_sets().next().unwrap();
    assert_eq!((set.release, story.world.ecs.counts(key).healthy), (ReleaseKey(2), 8));
}

#[test]
fn a_newer_deployment_replaces_a_running_one_and_the_groups_swap() {
    let mut story = Story::of("ecs-bluegreen");
    let pool = |story: &Story| story.native().revision(story.deployment().target).unwrap().pool;
    story.until_stage(Stage::BakeTime);
    let (old, first) = (story.key, pool(&story));
    story.key = story.world.deploy_service(ReleaseKey(2)).unwrap();
    assert_eq!(story.native().deployment(old).unwrap().status, Status::Stopped);
    assert_ne!(pool(&story), first);
    let stages = story.stages();
    assert_eq!(stages[0].0, Stage::ReconcileService);
    assert_eq!((story.deployment().status, story.share()), (Status::Successful, 100.0));
    assert_eq!(story.world.ecs.live_sets().count(), 1);
}

#[test]
fn steps_end_with_everything() {
    let bake = SignedDuration::from_mins(1);
    let shares = |strategy: Strategy| -> Vec<u8> {
        strategy.steps().into_iter().map(|(share, _)| share).collect()
    };
    assert_eq!(shares(Strategy::Linear { percent: 30, bake }), [30, 60, 90, 100]);
    assert_eq!(shares(Strategy::Linear { percent: 50, bake }), [50, 100]);
    assert_eq!(shares(Strategy::Canary { percent: 5, bake }), [5, 100]);
    assert_eq!(shares(Strategy::BlueGreen), [100]);
}
