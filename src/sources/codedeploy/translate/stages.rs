//! The rail: what is done, what runs, what comes.

use aws_sdk_codedeploy::types::{LifecycleEvent, LifecycleEventStatus};
use jiff::{SignedDuration, Timestamp};

use crate::domain::{Phase, Stage, StageKind, StageState};
use crate::sources::forward::split;
use crate::sources::routing::steps;
use crate::sources::time::{later, moment};

use super::super::destination::{Destination, Platform};
use super::super::raw::Deployment;
use super::phase::event;
use super::schedule::{approval, bake, bake_end, first_shift};

/// A hook that took less time than this did nothing: CodeDeploy passes through all of them.
const NOTHING: SignedDuration = SignedDuration::from_secs(2);

/// The stages of a rollout that brings something new.
pub(crate) fn rollout(deployment: &Deployment, phase: &Phase, share: Option<f64>) -> Vec<Stage> {
    let target = deployment.destination();
    if deployment.platform() == Platform::Function {
        return of_function(deployment, phase, share);
    }
    let mut stages = vec![
        joined(StageKind::Prepare, target, &["BeforeInstall"]),
        joined(StageKind::GreenTasks, target, &["Install", "AfterInstall"]),
    ];
    if has_test_listener(deployment) {
        let events = ["AllowTestTraffic", "AfterAllowTestTraffic"];
        stages.push(joined(StageKind::TestTraffic, target, &events));
    }
    if let Some(wait) = approval(&deployment.info) {
        stages.push(approving(target, phase, wait));
    }
    if took_part(target, "BeforeAllowTraffic") {
        stages.push(joined(StageKind::BeforeShift, target, &["BeforeAllowTraffic"]));
    }
    stages.extend(shifts(deployment, target, phase, share));
    if took_part(target, "AfterAllowTraffic") {
        stages.push(joined(StageKind::AfterShift, target, &["AfterAllowTraffic"]));
    }
    stages.push(baking(deployment, phase));
    stages.push(Stage { state: end(phase), ..Stage::pending(StageKind::RemoveBlue) });
    if phase.is_over() {
        close(&mut stages);
    }
    stages
}

/// The stages of a function: nothing is started before the shift, nothing is removed after it.
fn of_function(deployment: &Deployment, phase: &Phase, share: Option<f64>) -> Vec<Stage> {
    let target = deployment.destination();
    let hook = |kind, name| took_part(target, name).then(|| joined(kind, target, &[name]));
    let before = hook(StageKind::BeforeShift, "BeforeAllowTraffic");
    let after = hook(StageKind::AfterShift, "AfterAllowTraffic");
    let shifts = shifts(deployment, target, phase, share);
    let mut stages: Vec<Stage> = before.into_iter().chain(shifts).chain(after).collect();
    if phase.is_over() {
        close(&mut stages);
    }
    stages
}

/// The stages of a rollback.
pub(crate) fn rollback(deployment: &Deployment, phase: &Phase, restored: bool) -> Vec<Stage> {
    let target = deployment.destination();
    let mut restore = joined(StageKind::Restore, target, &["AllowTraffic"]);
    if restored && restore.state != StageState::Failed {
        restore.state = StageState::Done;
    } else if restore.state == StageState::Pending && !phase.is_over() {
        restore.state = StageState::Running;
    }
    let state = match phase {
        Phase::Succeeded => StageState::Done,
        _ if restored && !phase.is_over() => StageState::Running,
        _ => StageState::Pending,
    };
    let remove = Stage { state, ..Stage::pending(StageKind::RemoveGreen) };
    let removes = deployment.platform() == Platform::Service;
    let mut stages: Vec<Stage> =
        std::iter::once(restore).chain(Some(remove).filter(|_| removes)).collect();
    if phase.is_over() {
        close(&mut stages);
    }
    stages
}

/// Nothing runs or comes in a rollout that is over.
pub(super) fn close(stages: &mut [Stage]) {
    for stage in stages {
        match stage.state {
            StageState::Pending | StageState::Running => stage.state = StageState::Skipped,
            StageState::Done | StageState::Failed | StageState::Skipped => {}
        }
    }
}

fn state(event: &LifecycleEvent) -> StageState {
    match event.status() {
        Some(LifecycleEventStatus::InProgress) => StageState::Running,
        Some(LifecycleEventStatus::Succeeded) => StageState::Done,
        Some(LifecycleEventStatus::Failed) => StageState::Failed,
        Some(LifecycleEventStatus::Skipped) => StageState::Skipped,
        _ => StageState::Pending,
    }
}

/// One stage over some lifecycle events in a row.
fn joined(kind: StageKind, target: Option<&Destination>, names: &[&str]) -> Stage {
    let events: Vec<_> = names.iter().filter_map(|name| event(target, name)).collect();
    let states: Vec<_> = events.iter().map(|event| state(event)).collect();
    let any = |wanted: &StageState| states.contains(wanted);
    let all = |wanted: &StageState| !states.is_empty() && states.iter().all(|s| s == wanted);
    let state = if any(&StageState::Failed) {
        StageState::Failed
    } else if all(&StageState::Skipped) {
        StageState::Skipped
    } else if states.iter().all(|s| matches!(s, StageState::Done | StageState::Skipped))
        && !states.is_empty()
    {
        StageState::Done
    } else if any(&StageState::Running) || any(&StageState::Done) {
        StageState::Running
    } else {
        StageState::Pending
    };
    let active = events.iter().rev().find(|event| event.start_time().is_some());
    let over = matches!(state, StageState::Done | StageState::Failed | StageState::Skipped);
    Stage {
        started: events.iter().find_map(|event| moment(event.start_time())),
        ended: if over { events.iter().rev().find_map(|e| moment(e.end_time())) } else { None },
        step: active.and_then(|event| event.lifecycle_event_name()).map(str::to_owned),
        note: events.iter().find_map(|event| failure(event)),
        state,
        ..Stage::pending(kind)
    }
}

/// What a failed event says about itself.
pub(crate) fn failure(event: &LifecycleEvent) -> Option<String> {
    if event.status() != Some(&LifecycleEventStatus::Failed) {
        return None;
    }
    let said = event.diagnostics()?;
    let text = said.message().or_else(|| said.log_tail()).filter(|text| !text.is_empty());
    text.or_else(|| said.error_code().map(aws_sdk_codedeploy::types::LifecycleErrorCode::as_str))
        .map(str::to_owned)
}

/// Whether a hook was more than passed through.
pub(crate) fn took_part(target: Option<&Destination>, name: &str) -> bool {
    let Some(event) = event(target, name) else { return false };
    let Some(start) = moment(event.start_time()) else { return false };
    match (event.status(), moment(event.end_time())) {
        (Some(LifecycleEventStatus::InProgress | LifecycleEventStatus::Failed), _) => true,
        (_, Some(end)) => end.duration_since(start) >= NOTHING,
        (_, None) => false,
    }
}

fn has_test_listener(deployment: &Deployment) -> bool {
    let pairs = deployment
        .info
        .load_balancer_info()
        .map(aws_sdk_codedeploy::types::LoadBalancerInfo::target_group_pair_info_list);
    pairs.and_then(<[_]>::first).is_some_and(|pair| pair.test_traffic_route().is_some())
}

fn approving(target: Option<&Destination>, phase: &Phase, wait: SignedDuration) -> Stage {
    let passed = event(target, "BeforeAllowTraffic").and_then(|e| moment(e.start_time()));
    let state = match (phase, passed) {
        (Phase::AwaitingApproval, _) => StageState::Running,
        (_, Some(_)) => StageState::Done,
        (_, None) => StageState::Pending,
    };
    Stage { state, ended: passed, planned: Some(wait), ..Stage::pending(StageKind::Approval) }
}

/// One stage for each share that green gets.
fn shifts(
    deployment: &Deployment,
    target: Option<&Destination>,
    phase: &Phase,
    share: Option<f64>,
) -> Vec<Stage> {
    let Some(routing) = deployment.routing.value() else {
        return vec![joined(StageKind::Other("shift".to_owned()), target, &["AllowTraffic"])];
    };
    let start = first_shift(target);
    let steps = steps(*routing);
    let finished = event(target, "AllowTraffic").is_some_and(|e| state(e) == StageState::Done);
    let reached = |percent: f64| finished || share.is_some_and(|share| share + 0.05 >= percent);
    steps
        .iter()
        .enumerate()
        .map(|(index, (offset, percent))| {
            let next = steps.get(index + 1);
            let here = start.is_some() && reached(*percent);
            let left = finished || next.is_some_and(|(_, percent)| reached(*percent));
            let state = match (here, left) {
                (false, _) => StageState::Pending,
                (true, false) if *phase == Phase::Shifting => StageState::Running,
                (true, _) => StageState::Done,
            };
            let at = |offset: SignedDuration| start.map(|start| later(start, offset));
            Stage {
                started: if here { at(*offset) } else { None },
                ended: if left { next.and_then(|(offset, _)| at(*offset)) } else { None },
                planned: next.map(|(until, _)| until.saturating_sub(*offset)),
                state,
                ..Stage::pending(StageKind::Shift(split(*percent)))
            }
        })
        .collect()
}

fn baking(deployment: &Deployment, phase: &Phase) -> Stage {
    let planned = bake(&deployment.info);
    let started: Option<Timestamp> = bake_end(deployment)
        .zip(planned)
        .and_then(|(end, bake)| end.at.saturating_sub(bake).ok())
        .filter(|_| matches!(phase, Phase::Baking | Phase::Finishing | Phase::Succeeded));
    let state = match phase {
        Phase::Baking => StageState::Running,
        Phase::Finishing | Phase::Succeeded => StageState::Done,
        _ => StageState::Pending,
    };
    Stage { state, started, planned, ..Stage::pending(StageKind::Bake) }
}

fn end(phase: &Phase) -> StageState {
    match phase {
        Phase::Finishing => StageState::Running,
        Phase::Succeeded => StageState::Done,
        _ => StageState::Pending,
    }
}
