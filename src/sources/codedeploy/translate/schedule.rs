//! When the traffic is planned to shift, and when waits end: estimates, all of them.

use aws_sdk_codedeploy::types::{DeploymentInfo, DeploymentReadyAction, EcsTarget};
use jiff::{SignedDuration, Timestamp};

use crate::domain::{Due, Next, NextStep, Phase};
use crate::sources::routing::{after, increment, steps};
use crate::sources::time::{later, moment};

use super::super::raw::{Deployment, Raw};
use super::phase::event;

/// CodeDeploy gives a hook, and green's tasks, an hour.
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// The moment of the first increment.
pub(crate) fn first_shift(target: Option<&EcsTarget>) -> Option<Timestamp> {
    moment(event(target, "AllowTraffic")?.start_time())
}

/// The end of the bake: an estimate, since the API does not give it.
pub(crate) fn bake_end(deployment: &Deployment) -> Option<Due> {
    let target = deployment.target.value().and_then(Option::as_ref);
    let ended = |name| moment(event(target, name)?.end_time());
    let start = ended("AfterAllowTraffic")
        .or_else(|| ended("AllowTraffic"))
        .or_else(|| moment(target?.last_updated_at()))?;
    Some(Due::estimate(later(start, bake(&deployment.info)?)))
}

/// How long blue is kept after the shift.
pub(crate) fn bake(info: &DeploymentInfo) -> Option<SignedDuration> {
    let option = info
        .blue_green_deployment_configuration()?
        .terminate_blue_instances_on_deployment_success()?;
    Some(SignedDuration::from_mins(option.termination_wait_time_in_minutes().max(0).into()))
}

/// How long an approval may take, where one is asked for.
pub(crate) fn approval(info: &DeploymentInfo) -> Option<SignedDuration> {
    let option = info.blue_green_deployment_configuration()?.deployment_ready_option()?;
    let asks = option.action_on_timeout() == Some(&DeploymentReadyAction::StopDeployment);
    asks.then(|| SignedDuration::from_mins(option.wait_time_in_minutes().max(0).into()))
}

/// When the rollback stops being instant: the bake's end, from wherever the rollout is now.
pub(crate) fn instant_rollback_until(deployment: &Deployment, phase: &Phase) -> Option<Due> {
    match phase {
        Phase::Baking | Phase::AfterShift => bake_end(deployment),
        Phase::Shifting => {
            let target = deployment.target.value().and_then(Option::as_ref);
            let (last, _) = *steps(*deployment.routing.value()?).last()?;
            let shifted = later(first_shift(target)?, last);
            Some(Due::estimate(later(shifted, bake(&deployment.info)?)))
        }
        Phase::Queued
        | Phase::Preparing
        | Phase::Validating
        | Phase::AwaitingApproval
        | Phase::BeforeShift
        | Phase::Finishing
        | Phase::Held
        | Phase::Succeeded
        | Phase::Failed
        | Phase::Stopped
        | Phase::Other(_) => None,
    }
}

/// What happens by itself next.
pub(crate) fn next(
    raw: &Raw,
    deployment: &Deployment,
    phase: &Phase,
    now: Timestamp,
) -> Option<Next> {
    let target = deployment.target.value().and_then(Option::as_ref);
    let give_up = |name: &str| {
        let start = moment(event(target, name)?.start_time())?;
        Some(Next { step: NextStep::GiveUp, due: Due::estimate(later(start, HOUR)) })
    };
    match phase {
        Phase::Preparing => give_up("Install").or_else(|| give_up("BeforeInstall")),
        Phase::BeforeShift => give_up("BeforeAllowTraffic"),
        Phase::AfterShift => give_up("AfterAllowTraffic"),
        Phase::AwaitingApproval => unapproved(deployment),
        Phase::Shifting => shift(raw, deployment, now),
        Phase::Baking => Some(Next { step: NextStep::RemoveBlue, due: bake_end(deployment)? }),
        Phase::Queued
        | Phase::Validating
        | Phase::Finishing
        | Phase::Held
        | Phase::Succeeded
        | Phase::Failed
        | Phase::Stopped
        | Phase::Other(_) => None,
    }
}

/// The end of the approval. There is no moment in the API from which it counts: the earliest one
/// is the end of the installation, the latest the end of the last step before the wait.
fn unapproved(deployment: &Deployment) -> Option<Next> {
    let target = deployment.target.value().and_then(Option::as_ref);
    let wait = approval(&deployment.info)?;
    let ended = |name| moment(event(target, name)?.end_time());
    let earliest = ended("Install")?;
    let last = ["AfterAllowTestTraffic", "AllowTestTraffic", "AfterInstall", "Install"]
        .into_iter()
        .find_map(ended)
        .unwrap_or(earliest);
    let due = Due {
        at: later(earliest, wait),
        latest: (last.duration_since(earliest) > SignedDuration::from_mins(1))
            .then(|| later(last, wait)),
        exact: false,
    };
    Some(Next { step: NextStep::StopUnapproved, due })
}

/// The next increment, from the moment at which the present one was seen when that is known.
fn shift(raw: &Raw, deployment: &Deployment, now: Timestamp) -> Option<Next> {
    let target = deployment.target.value().and_then(Option::as_ref);
    let start = first_shift(target)?;
    let share = raw
        .share_seen
        .as_ref()
        .filter(|(id, _, _)| id == deployment.id())
        .map_or(0.0, |(_, share, _)| *share);
    let (offset, percent) = after(*deployment.routing.value()?, share)?;
    increment(percent, later(start, offset), now)
}
