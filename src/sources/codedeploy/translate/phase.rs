//! Where a CodeDeploy deployment stands.

use aws_sdk_codedeploy::types::{
    DeploymentStatus, LifecycleEvent, LifecycleEventStatus, TargetStatus,
};

use crate::domain::Phase;

use super::super::destination::{Destination, Platform};
use super::super::raw::Deployment;
use super::sides::Sides;

/// The lifecycle event of this name.
pub(crate) fn event<'a>(target: Option<&'a Destination>, name: &str) -> Option<&'a LifecycleEvent> {
    target?.lifecycle_events().iter().find(|event| event.lifecycle_event_name() == Some(name))
}

fn runs(target: Option<&Destination>, name: &str) -> bool {
    event(target, name).and_then(LifecycleEvent::status) == Some(&LifecycleEventStatus::InProgress)
}

/// The phase. Terminal states first, then the waits, then the lifecycle events from the last to the
/// first: the API has no word for most of them.
pub(crate) fn phase(deployment: &Deployment, sides: &Sides) -> Phase {
    let target = deployment.destination();
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
    if deployment.target.value().is_none() {
        // Only its target knows how far it is; to guess would put the traffic somewhere.
        return Phase::Other(status.as_str().to_owned());
    }
    let done = target.and_then(Destination::status) == Some(&TargetStatus::Succeeded);
    if done && deployment.platform() == Platform::Function {
        return Phase::AfterShift;
    }
    if done {
        // The deployment goes on after its target is done: that is the wait before blue goes.
        let gone = sides.named && sides.blue.codedeploy.is_none();
        return if sides.blue.is_leaving() || gone { Phase::Finishing } else { Phase::Baking };
    }
    let order = [
        ("AfterAllowTraffic", Phase::AfterShift),
        ("AllowTraffic", Phase::Shifting),
        ("BeforeAllowTraffic", Phase::BeforeShift),
        ("AfterAllowTestTraffic", Phase::Validating),
        ("AllowTestTraffic", Phase::Validating),
        ("AfterInstall", Phase::Validating),
        ("Install", Phase::Preparing),
        ("BeforeInstall", Phase::Preparing),
    ];
    if let Some((_, phase)) = order.iter().find(|(name, _)| runs(target, name)) {
        return phase.clone();
    }
    between(target, deployment.platform())
}

/// Between two events nothing runs: the last one that ended says where it is.
fn between(target: Option<&Destination>, platform: Platform) -> Phase {
    let ended = |name| {
        event(target, name).and_then(LifecycleEvent::status).is_some_and(|status| {
            matches!(status, LifecycleEventStatus::Succeeded | LifecycleEventStatus::Skipped)
        })
    };
    if ended("AllowTraffic") {
        Phase::AfterShift
    } else if ended("BeforeAllowTraffic") {
        Phase::Shifting
    } else if ended("Install") {
        Phase::Validating
    } else {
        match (target, platform) {
            (None, _) => Phase::Queued,
            (Some(_), Platform::Service | Platform::Instances) => Phase::Preparing,
            (Some(_), Platform::Function) => Phase::BeforeShift,
        }
    }
}
