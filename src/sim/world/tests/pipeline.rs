//! A pipeline: who approves, what is deployed then, and what becomes of it.

use super::*;
use crate::sim::world::pipeline::{Action, RunStatus, Status as At};

struct Line {
    world: World,
    began: Timestamp,
}

impl Line {
    fn with(change: impl FnOnce(&mut Scenario)) -> Self {
        let mut scenario = Scenario::named("pipeline").unwrap();
        scenario.start_at = SignedDuration::ZERO;
        change(&mut scenario);
        Self { world: World::new(scenario, SEED, start()), began: start() }
    }

    fn at(&mut self, seconds: i64) -> &mut Self {
        self.world.advance(after(self.began, SignedDuration::from_secs(seconds)));
        self
    }

    /// Status of the newest execution and of the newest run of an action.
    fn state(&self, action: Action) -> (At, RunStatus) {
        let pipeline = self.world.pipeline.as_ref().unwrap();
        (pipeline.executions.last().unwrap().status, pipeline.latest(action).unwrap().1.status)
    }

    fn token(&self) -> String {
        let pipeline = self.world.pipeline.as_ref().unwrap();
        pipeline.latest(Action::Approve).unwrap().1.token.clone().unwrap()
    }

    fn answer(&mut self, approves: bool) -> Result<Timestamp, String> {
        let token = self.token();
        let answered = self.world.put_approval(&token, approves, ("fine", "me".to_owned()));
        answered.map_err(|error| error.code)
    }

    fn deployments(&self) -> usize {
        self.world.deploy.deployments.len()
    }
}

#[test]
fn the_deployment_begins_when_the_approval_is_given() {
    let mut line = Line::with(|_| ());
    line.at(180);
    assert_eq!(line.state(Action::Approve), (At::InProgress, RunStatus::InProgress));
    let before = line.deployments();
    line.answer(true).unwrap();
    assert_eq!(line.deployments(), before + 1);
    assert_eq!(line.state(Action::Deploy), (At::InProgress, RunStatus::InProgress));
    assert_eq!(line.answer(true), Err("ApprovalAlreadyCompletedException".to_owned()));
    line.at(2 * 3600);
    assert_eq!(line.state(Action::Deploy), (At::Succeeded, RunStatus::Succeeded));
}

#[test]
fn a_rejection_ends_the_execution_without_a_deployment() {
    let mut line = Line::with(|_| ());
    line.at(180);
    let before = line.deployments();
    line.answer(false).unwrap();
    line.at(600);
    assert_eq!(line.state(Action::Approve), (At::Failed, RunStatus::Failed));
    assert_eq!(line.deployments(), before);
}

#[test]
fn somebody_else_may_answer_first() {
    let mut line = Line::with(|scenario| {
        let after = SignedDuration::from_mins(5);
        let answered = crate::sim::scenario::Answered { after, approves: true };
        scenario.pipeline.as_mut().unwrap().answered = Some(answered);
    });
    line.at(180);
    let token = line.token();
    line.at(500);
    assert_eq!(line.state(Action::Deploy), (At::InProgress, RunStatus::InProgress));
    let late = line.world.put_approval(&token, false, ("", "me".to_owned())).unwrap_err();
    assert_eq!(late.code, "ApprovalAlreadyCompletedException");
}

#[test]
fn an_approval_that_nobody_gives_fails_after_a_week() {
    let mut line = Line::with(|_| ());
    line.at(7 * 24 * 3600 + 60);
    assert_eq!(line.state(Action::Approve).1, RunStatus::InProgress);
    line.at(7 * 24 * 3600 + 200);
    assert_eq!(line.state(Action::Approve), (At::Failed, RunStatus::Failed));
}

#[test]
fn a_deployment_that_is_stopped_fails_its_action() {
    let mut line = Line::with(|_| ());
    line.at(180).answer(true).unwrap();
    line.at(300);
    let newest = DeploymentKey(line.deployments() - 1);
    line.world.stop_deployment(newest, Some(true)).unwrap();
    line.at(360);
    assert_eq!(line.state(Action::Deploy), (At::Failed, RunStatus::Failed));
}

#[test]
fn an_abandoned_execution_leaves_its_deployment_running() {
    let mut line = Line::with(|_| ());
    line.at(180).answer(true).unwrap();
    line.at(300);
    let newest = line.world.pipeline.as_ref().unwrap().executions.len() - 1;
    line.world.stop_pipeline(newest, (true, "enough")).unwrap();
    assert_eq!(line.state(Action::Deploy), (At::Stopped, RunStatus::Abandoned));
    line.at(2 * 3600);
    assert_eq!(line.world.deploy.deployments.last().unwrap().status, Status::Succeeded);
    assert_eq!(line.state(Action::Deploy).0, At::Stopped);
}

#[test]
fn a_stage_rolls_back_to_an_execution_that_succeeded_in_it() {
    let mut line = Line::with(|_| ());
    line.at(180).answer(true).unwrap();
    let last = line.world.pipeline.as_ref().unwrap().executions.len() - 1;
    let busy = line.world.roll_back_stage(last - 1).unwrap_err();
    assert_eq!(busy.code, "UnableToRollbackStageException");
    line.at(3 * 3600);
    assert!(line.world.roll_back_stage(last).is_err());
    line.world.roll_back_stage(last - 1).unwrap();
    let pipeline = line.world.pipeline.as_ref().unwrap();
    let new = pipeline.executions.last().unwrap();
    assert_eq!(new.rolls_back_to, Some(last - 1));
    assert_eq!(new.runs.len(), 1);
    assert_eq!(new.release, pipeline.executions[last - 1].release);
}
