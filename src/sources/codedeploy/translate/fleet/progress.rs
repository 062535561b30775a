//! How far a deployment to instances is: its phase, its stages, its waits and its timeline.

use aws_sdk_codedeploy::types::{
    DeploymentStatus, InstanceTarget, LifecycleEvent, LifecycleEventStatus,
};
use jiff::Timestamp;

use crate::domain::{
    Due, EventKind, Next, NextStep, Phase, Side, Split, Stage, StageKind, StageState, TimelineEvent,
};
use crate::sources::time::{later, moment};
use crate::sources::timeline::entry;

use super::super::super::fleet::Fleet;
use super::super::super::raw::{Deployment, Raw};
use super::super::schedule::{approval, bake, terminates};
use super::super::stages::close;
use super::{Overview, event, has_done, is_up, told, why};

/// The phase: what the deployment says, then what its instances do.
pub(crate) fn phase(raw: &Raw, deployment: &Deployment) -> Phase {
    let Some(status) = deployment.info.status() else {
        return Phase::Other("without a status".to_owned());
    };
    match status {
        DeploymentStatus::Succeeded => return Phase::Succeeded,
        DeploymentStatus::Failed => return Phase::Failed,
        DeploymentStatus::Stopped => return Phase::Stopped,
        DeploymentStatus::Ready => return Phase::AwaitingApproval,
        DeploymentStatus::Created | DeploymentStatus::Queued => return Phase::Queued,
        DeploymentStatus::InProgress | DeploymentStatus::Baking => {}
        other => return Phase::Other(other.as_str().to_owned()),
    }
    // For instances, unlike for ECS, this says what it says.
    if deployment.info.instance_termination_wait_time_started() {
        return Phase::Baking;
    }
    let Some(fleet) = raw.fleet.value() else {
        return Phase::Other(status.as_str().to_owned());
    };
    let began = |name: &str| {
        fleet.told.iter().any(|one| event(one, name).is_some_and(|e| e.start_time().is_some()))
    };
    let overview = Overview::of(deployment);
    if deployment.is_in_place() {
        let any = overview.busy > 0 || overview.done > 0;
        return if any { Phase::Shifting } else { Phase::Preparing };
    }
    let moves = ["BeforeAllowTraffic", "AllowTraffic", "BeforeBlockTraffic"];
    if moves.into_iter().any(began) { Phase::Shifting } else { Phase::Preparing }
}

/// The first or last moment of an event over the instances of a side.
fn starts<'a>(fleet: &'a Fleet, side: Side, names: &'a [&'a str]) -> Option<Timestamp> {
    let of = |one: &InstanceTarget| {
        names.iter().filter_map(|name| moment(event(one, name)?.start_time())).min()
    };
    told(fleet, side).filter_map(of).min()
}

fn ends<'a>(fleet: &'a Fleet, side: Side, names: &'a [&'a str]) -> Option<Timestamp> {
    let of = |one: &InstanceTarget| {
        names.iter().filter_map(|name| moment(event(one, name)?.end_time())).max()
    };
    told(fleet, side).filter_map(of).max()
}

/// The steps by which an instance gets what is new.
const INSTALL: [&str; 7] = [
    "ApplicationStop",
    "DownloadBundle",
    "BeforeInstall",
    "Install",
    "AfterInstall",
    "ApplicationStart",
    "ValidateService",
];
const ALLOW: [&str; 3] = ["BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic"];
const BLOCK: [&str; 3] = ["BeforeBlockTraffic", "BlockTraffic", "AfterBlockTraffic"];

/// From when to when the requests moved from one side to the other.
pub(super) fn moved(raw: &Raw, deployment: &Deployment) -> Option<(Timestamp, Option<Timestamp>)> {
    let fleet = raw.fleet.value()?;
    if deployment.is_in_place() {
        let first = fleet.told.iter().flat_map(InstanceTarget::lifecycle_events);
        let first = first.filter_map(|event| moment(event.start_time())).min()?;
        return Some((first, moment(deployment.info.complete_time())));
    }
    let start = starts(fleet, Side::Green, &ALLOW)?;
    let over = matches!(phase(raw, deployment), Phase::Baking | Phase::Succeeded);
    Some((start, ends(fleet, Side::Blue, &BLOCK).filter(|_| over)))
}

/// The end of the bake: an estimate, since the API does not give it.
fn bake_end(raw: &Raw, deployment: &Deployment) -> Option<Due> {
    let (_, moved) = moved(raw, deployment)?;
    Some(Due::estimate(later(moved?, bake(&deployment.info)?)))
}

/// When the rollback stops being quick: the old instances are terminated.
pub(crate) fn instant_rollback_until(
    raw: &Raw,
    deployment: &Deployment,
    phase: &Phase,
) -> Option<Due> {
    bake_end(raw, deployment).filter(|_| *phase == Phase::Baking)
}

/// What happens by itself next.
pub(crate) fn next(raw: &Raw, deployment: &Deployment, phase: &Phase) -> Option<Next> {
    match phase {
        Phase::AwaitingApproval => {
            let since = ends(raw.fleet.value()?, Side::Green, &INSTALL)?;
            let due = Due::estimate(later(since, approval(&deployment.info)?));
            Some(Next { step: NextStep::StopUnapproved, due })
        }
        Phase::Baking => Some(Next { step: NextStep::RemoveBlue, due: bake_end(raw, deployment)? }),
        _ => None,
    }
}

/// The stages of a rollout that brings something new.
pub(crate) fn rollout(raw: &Raw, deployment: &Deployment, phase: &Phase) -> Vec<Stage> {
    let mut stages = if deployment.is_in_place() {
        vec![in_place(raw, deployment, phase)]
    } else {
        side_by_side(raw, deployment, phase)
    };
    if phase.is_over() {
        close(&mut stages);
    }
    stages
}

fn in_place(raw: &Raw, deployment: &Deployment, phase: &Phase) -> Stage {
    let overview = Overview::of(deployment);
    let state = match phase {
        Phase::Succeeded => StageState::Done,
        Phase::Failed => StageState::Failed,
        Phase::Shifting => StageState::Running,
        _ => StageState::Pending,
    };
    Stage {
        state,
        started: moved(raw, deployment).map(|(start, _)| start),
        ended: moment(deployment.info.complete_time()),
        step: Some(format!("{} of {}", overview.done, overview.all)),
        note: raw.fleet.value().and_then(first_failure),
        ..Stage::pending(StageKind::Other("replace in place".to_owned()))
    }
}

fn side_by_side(raw: &Raw, deployment: &Deployment, phase: &Phase) -> Vec<Stage> {
    let at = |state: fn(&Phase) -> StageState| state(phase);
    let mut stages = vec![install(raw, phase)];
    if let Some(wait) = approval(&deployment.info) {
        let state = at(|phase| match phase {
            Phase::AwaitingApproval => StageState::Running,
            Phase::Queued | Phase::Preparing | Phase::Failed | Phase::Stopped => {
                StageState::Pending
            }
            _ => StageState::Done,
        });
        stages.push(Stage { state, planned: Some(wait), ..Stage::pending(StageKind::Approval) });
    }
    let moved = moved(raw, deployment);
    let ended = moved.and_then(|(_, end)| end);
    let state = match (phase, moved) {
        (Phase::Shifting, _) => StageState::Running,
        (Phase::Baking | Phase::Succeeded, _) => StageState::Done,
        (Phase::Failed, Some(_)) => StageState::Failed,
        (_, _) => StageState::Pending,
    };
    stages.push(Stage {
        state,
        started: moved.map(|(start, _)| start),
        ended,
        ..Stage::pending(StageKind::Shift(Split::ALL_GREEN))
    });
    if terminates(&deployment.info) {
        let state = at(|phase| match phase {
            Phase::Baking => StageState::Running,
            Phase::Succeeded => StageState::Done,
            _ => StageState::Pending,
        });
        let planned = bake(&deployment.info);
        stages.push(Stage { state, started: ended, planned, ..Stage::pending(StageKind::Bake) });
        let state = at(|phase| match phase {
            Phase::Succeeded => StageState::Done,
            _ => StageState::Pending,
        });
        stages.push(Stage { state, ..Stage::pending(StageKind::RemoveBlue) });
    }
    stages
}

/// The new instances get what is new; how many have it stands with the step.
fn install(raw: &Raw, phase: &Phase) -> Stage {
    let mut stage = Stage::pending(StageKind::GreenTasks);
    let Some(fleet) = raw.fleet.value() else { return stage };
    let all = fleet.green.len();
    let up = told(fleet, Side::Green).filter(|one| is_up(one) || has_done(one, "ValidateService"));
    stage.started = starts(fleet, Side::Green, &INSTALL);
    stage.note = first_failure(fleet);
    stage.state = match phase {
        Phase::Failed if stage.note.is_some() => StageState::Failed,
        Phase::Queued => StageState::Pending,
        Phase::Preparing | Phase::Failed | Phase::Stopped => StageState::Running,
        _ => StageState::Done,
    };
    if stage.state == StageState::Done {
        stage.ended = ends(fleet, Side::Green, &INSTALL);
    } else if told(fleet, Side::Green).count() == all && all > 0 {
        stage.step = Some(format!("{} of {all}", up.count()));
    }
    stage
}

/// The stages of a rollback: the old instances get their requests back.
pub(crate) fn rollback(raw: &Raw, phase: &Phase, restored: bool) -> Vec<Stage> {
    let state = match phase {
        _ if restored => StageState::Done,
        Phase::Succeeded => StageState::Done,
        Phase::Failed => StageState::Failed,
        Phase::Stopped => StageState::Skipped,
        _ => StageState::Running,
    };
    let fleet = raw.fleet.value();
    let started = fleet.and_then(|fleet| starts(fleet, Side::Blue, &ALLOW));
    vec![Stage { state, started, ..Stage::pending(StageKind::Restore) }]
}

/// Why the first instance failed.
fn first_failure(fleet: &Fleet) -> Option<String> {
    fleet.told.iter().chain(fleet.failed.iter().flatten()).find_map(|one| failed(one).and_then(why))
}

fn failed(instance: &InstanceTarget) -> Option<&LifecycleEvent> {
    let events = instance.lifecycle_events().iter();
    events.into_iter().find(|event| event.status() == Some(&LifecycleEventStatus::Failed))
}

/// The steps of instances that failed, and those that moved an instance's traffic.
pub(crate) fn events(raw: &Raw, events: &mut Vec<TimelineEvent>) {
    let Some(fleet) = raw.fleet.value() else { return };
    for side in [Side::Blue, Side::Green] {
        let failed = fleet.failed.iter().flatten().filter(|_| side == Side::Green);
        for one in told(fleet, side).chain(failed) {
            let id = one.target_id().unwrap_or("?");
            events.extend(one.lifecycle_events().iter().filter_map(|event| {
                let told = told_of(id, event)?;
                Some(TimelineEvent { side: Some(side), ..told })
            }));
        }
    }
}

fn told_of(id: &str, event: &LifecycleEvent) -> Option<TimelineEvent> {
    let (name, status) = (event.lifecycle_event_name()?, event.status()?);
    let at = moment(event.end_time()).or(moment(event.start_time()))?;
    let (kind, text) = match (status, name) {
        (LifecycleEventStatus::Failed, _) => {
            let why = why(event).map(|why| format!(": {why}")).unwrap_or_default();
            (EventKind::Hook, format!("{id} {name} failed{why}"))
        }
        (LifecycleEventStatus::Succeeded, "AllowTraffic") => {
            (EventKind::Targets, format!("{id} is registered"))
        }
        (LifecycleEventStatus::Succeeded, "BlockTraffic") => {
            (EventKind::Targets, format!("{id} is deregistered"))
        }
        _ => return None,
    };
    Some(entry(at, kind, text, format!("{id} {name} {}", status.as_str())))
}
