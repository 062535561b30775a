//! When the traffic is planned to shift, and when waits end. Only a pausing hook has a deadline of
//! its own; everything else counts from what was seen and is an estimate.

use aws_sdk_ecs::types as ecs;
use aws_sdk_ecs::types::DeploymentConfiguration;
use jiff::{SignedDuration, Timestamp};

use crate::domain::{Due, Next, NextStep, Phase};
use crate::sources::routing::{Routing, SAME, after, increment, steps};
use crate::sources::time::{later, moment};

use super::super::raw::Control;
use super::super::seen::Seen;
use super::phase::paused;

/// How the traffic is shifted; nothing for a rolling update. ECS leaves out what is not configured,
/// and means its defaults.
pub(crate) fn routing(control: &Control) -> Option<Routing> {
    let config = control.deployment.deployment_configuration();
    match control.strategy() {
        "BLUE_GREEN" => Some(Routing::AllAtOnce),
        "CANARY" => {
            let canary = config.and_then(DeploymentConfiguration::canary_configuration);
            Some(Routing::Canary {
                percent: canary.and_then(ecs::CanaryConfiguration::canary_percent).unwrap_or(5.0),
                every: minutes(
                    canary
                        .and_then(ecs::CanaryConfiguration::canary_bake_time_in_minutes)
                        .unwrap_or(10),
                ),
            })
        }
        "LINEAR" => {
            let linear = config.and_then(DeploymentConfiguration::linear_configuration);
            Some(Routing::Linear {
                percent: linear.and_then(ecs::LinearConfiguration::step_percent).unwrap_or(10.0),
                every: minutes(
                    linear
                        .and_then(ecs::LinearConfiguration::step_bake_time_in_minutes)
                        .unwrap_or(6),
                ),
            })
        }
        _ => None,
    }
}

/// How long both revisions run after the shift.
pub(crate) fn bake(control: &Control) -> Option<SignedDuration> {
    control.deployment.deployment_configuration()?.bake_time_in_minutes().map(minutes)
}

/// A span in the API's minutes.
pub(crate) fn minutes(minutes: i32) -> SignedDuration {
    SignedDuration::from_mins(i64::from(minutes.max(0)))
}

/// The end of the bake.
fn bake_end(control: &Control, seen: Option<&Seen>) -> Option<Due> {
    Some(Due::estimate(later(seen?.entered("BAKE_TIME")?, bake(control)?)))
}

/// When the rollback stops being instant: the end of the bake, from wherever the rollout is now.
/// Hooks on the way may make it later, never earlier.
pub(crate) fn instant_rollback_until(
    control: &Control,
    seen: Option<&Seen>,
    phase: &Phase,
) -> Option<Due> {
    match phase {
        Phase::Baking => bake_end(control, seen),
        Phase::AfterShift => {
            let shifted = seen?.reached(100.0)?;
            Some(Due::estimate(later(shifted, bake(control)?)))
        }
        Phase::Shifting => {
            let (share, since) = *seen?.shares.last()?;
            let steps = steps(routing(control)?);
            let last = steps.last()?.0;
            let offset = steps.iter().rev().find(|(_, percent)| *percent <= share + SAME)?.0;
            let shifted = later(since, last.saturating_sub(offset));
            Some(Due::estimate(later(shifted, bake(control)?)))
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
    control: &Control,
    seen: Option<&Seen>,
    phase: &Phase,
    now: Timestamp,
) -> Option<Next> {
    match phase {
        Phase::AwaitingApproval => unanswered(control),
        Phase::Shifting => shift(control, seen?, now),
        Phase::Baking => Some(Next { step: NextStep::RemoveBlue, due: bake_end(control, seen)? }),
        Phase::Queued
        | Phase::Preparing
        | Phase::Validating
        | Phase::BeforeShift
        | Phase::AfterShift
        | Phase::Finishing
        | Phase::Held
        | Phase::Succeeded
        | Phase::Failed
        | Phase::Stopped
        | Phase::Other(_) => None,
    }
}

/// What a pausing hook does when nobody answers, at the moment that ECS itself names.
fn unanswered(control: &Control) -> Option<Next> {
    let hook = paused(control)?;
    let step = match hook.timeout_action()?.as_str() {
        "CONTINUE" => NextStep::ContinueUnapproved,
        "ROLLBACK" => NextStep::RollBackUnapproved,
        _ => return None,
    };
    let at = moment(hook.expires_at())?;
    Some(Next { step, due: Due { at, latest: None, exact: true } })
}

/// The next step, from the moment at which the present one was seen; the first one comes with its
/// stage.
fn shift(control: &Control, seen: &Seen, now: Timestamp) -> Option<Next> {
    let routing = routing(control)?;
    let share = seen.shares.last().map_or(0.0, |(share, _)| *share);
    let (_, percent) = after(routing, share)?;
    let held = match routing {
        Routing::Canary { every, .. } | Routing::Linear { every, .. } if share > 0.0 => every,
        Routing::Canary { .. } | Routing::Linear { .. } | Routing::AllAtOnce => {
            SignedDuration::ZERO
        }
    };
    let since = if share > 0.0 {
        seen.shares.last().map(|(_, at)| *at)
    } else {
        seen.entered("PRODUCTION_TRAFFIC_SHIFT")
    };
    increment(percent, later(since?, held), now)
}
