//! Where an ECS deployment stands.

use aws_sdk_ecs::types as ecs;
use aws_sdk_ecs::types::DeploymentLifecycleHookDetail as Hook;

use crate::domain::Phase;

use super::super::raw::Control;

/// The lifecycle stages in order, as the API spells them. The SDK's enumeration lacks one of them,
/// so that all are compared as text.
pub(crate) const STAGES: [&str; 11] = [
    "RECONCILE_SERVICE",
    "PRE_SCALE_UP",
    "SCALE_UP",
    "POST_SCALE_UP",
    "TEST_TRAFFIC_SHIFT",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRE_PRODUCTION_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
    "BAKE_TIME",
    "CLEAN_UP",
];

/// The hook that waits for a person, if one does. It can be answered only while the deployment goes
/// forward; an answered one may stay in the list.
pub(crate) fn paused(control: &Control) -> Option<&Hook> {
    let hooks = control.deployment.lifecycle_hook_details();
    hooks.iter().filter(|_| control.status() == "IN_PROGRESS").find(|hook| {
        hook.target_type().map(ecs::DeploymentLifecycleHookTargetType::as_str) == Some("PAUSE")
            && hook.status().map(ecs::DeploymentLifecycleHookStatus::as_str)
                == Some("AWAITING_ACTION")
    })
}

/// The phase; `share` is what ECS was asked to give green, in percent.
pub(crate) fn phase(control: &Control, share: Option<f64>) -> Phase {
    match control.status() {
        "" => Phase::Other("without a status".to_owned()),
        "PENDING" => Phase::Queued,
        "IN_PROGRESS" if paused(control).is_some() => Phase::AwaitingApproval,
        "IN_PROGRESS" => forward(control, share),
        "SUCCESSFUL" | "ROLLBACK_SUCCESSFUL" => Phase::Succeeded,
        "STOPPED" => Phase::Stopped,
        "ROLLBACK_FAILED" => Phase::Failed,
        "ROLLBACK_IN_PROGRESS" if share == Some(0.0) => Phase::Finishing,
        "ROLLBACK_REQUESTED" | "ROLLBACK_IN_PROGRESS" => Phase::Shifting,
        other => Phase::Other(other.to_owned()),
    }
}

fn forward(control: &Control, share: Option<f64>) -> Phase {
    match control.stage() {
        // A rolling update has no stages: tasks take over one by one.
        "" if control.strategy() == "ROLLING" => Phase::Shifting,
        "" | "RECONCILE_SERVICE" | "PRE_SCALE_UP" | "SCALE_UP" => Phase::Preparing,
        "POST_SCALE_UP" | "TEST_TRAFFIC_SHIFT" | "POST_TEST_TRAFFIC_SHIFT" => Phase::Validating,
        // It comes again before every step.
        "PRE_PRODUCTION_TRAFFIC_SHIFT" if share.is_none_or(|share| share <= 0.0) => {
            Phase::BeforeShift
        }
        "PRE_PRODUCTION_TRAFFIC_SHIFT" | "PRODUCTION_TRAFFIC_SHIFT" => Phase::Shifting,
        "POST_PRODUCTION_TRAFFIC_SHIFT" => Phase::AfterShift,
        "BAKE_TIME" => Phase::Baking,
        "CLEAN_UP" => Phase::Finishing,
        other => Phase::Other(other.to_owned()),
    }
}
