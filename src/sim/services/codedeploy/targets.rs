//! The targets of a deployment: what it deploys to, with the lifecycle of each.

use super::render::text;
use crate::sim::scenario;
use crate::sim::value::{Value, list, map};
use crate::sim::world::World;
use crate::sim::world::codedeploy::{LifecycleEvent, SetInfo};
use crate::sim::world::keys::DeploymentKey;

/// A `DeploymentTarget`.
pub(super) fn target(world: &World, key: DeploymentKey) -> Value {
    let Some(deployment) = world.deploy.deployment(key) else { return Value::Null };
    let Some(progress) = &deployment.progress else { return Value::Null };
    let place = &world.names.place;
    let id = world.deployment_target();
    let arn = format!(
        "arn:aws:codedeploy:{}:{}:deploymenttarget/{}/{id}",
        place.region, place.account, deployment.id,
    );
    let infos = world.set_infos(key);
    let (kind, member, own) = match &world.lambda {
        None => ("ECSTarget", "ecsTarget", ("taskSetsInfo", list(infos.iter().map(task_set)))),
        Some(lambda) => {
            let info = function_info(&lambda.config, &infos);
            ("LambdaTarget", "lambdaTarget", ("lambdaFunctionInfo", info))
        }
    };
    let target = map([
        ("deploymentId", deployment.id.as_str().into()),
        ("targetId", id.into()),
        ("targetArn", arn.into()),
        ("lastUpdatedAt", progress.updated.into()),
        ("lifecycleEvents", list(progress.events.iter().map(lifecycle_event))),
        ("status", progress.status.word().into()),
        own,
    ]);
    map([("deploymentTargetType", kind.into()), (member, target)])
}

/// A `LambdaFunctionInfo`: from which version to which one, and how far.
fn function_info(config: &scenario::Lambda, infos: &[SetInfo]) -> Value {
    let version = |info: Option<&SetInfo>| info.map(|info| info.id.clone());
    map([
        ("functionName", config.function.as_str().into()),
        ("functionAlias", config.alias.as_str().into()),
        ("currentVersion", version(infos.first()).into()),
        ("targetVersion", version(infos.get(1)).into()),
        ("targetVersionWeight", infos.get(1).map(|info| info.weight / 100.0).into()),
    ])
}

fn lifecycle_event(entry: &LifecycleEvent) -> Value {
    let diagnostics = entry.diagnostics.as_ref().map(|found| {
        map([
            ("errorCode", found.code),
            ("scriptName", found.script.as_str()),
            ("message", found.message.as_str()),
            ("logTail", ""),
        ]
        .map(text))
    });
    map([
        ("lifecycleEventName", entry.event.word().into()),
        ("diagnostics", diagnostics.into()),
        ("startTime", entry.started.into()),
        ("endTime", entry.ended.into()),
        ("status", entry.status.word().into()),
    ])
}

fn task_set(set: &SetInfo) -> Value {
    map([
        // The service model spells it so.
        ("identifer", set.id.as_str().into()),
        ("desiredCount", i64::from(set.desired).into()),
        ("pendingCount", i64::from(set.pending).into()),
        ("runningCount", i64::from(set.running).into()),
        ("status", set.status.into()),
        ("trafficWeight", set.weight.into()),
        ("targetGroup", map([("name", set.target_group.as_str())].map(text))),
        ("taskSetLabel", set.label.into()),
    ])
}
