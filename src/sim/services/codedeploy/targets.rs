//! The targets of a deployment: what it deploys to, with the lifecycle of each.

use jiff::Timestamp;

use super::render::text;
use crate::sim::error::ApiError;
use crate::sim::scenario;
use crate::sim::value::{Value, list, map};
use crate::sim::world::World;
use crate::sim::world::codedeploy::{Diagnostics, EventStatus, LifecycleEvent, SetInfo};
use crate::sim::world::fleet::{InstanceTarget, WorkEvent};
use crate::sim::world::keys::DeploymentKey;

/// A `DeploymentTarget`.
pub(super) fn target(world: &World, key: DeploymentKey, id: &str) -> Value {
    let Some(deployment) = world.deploy.deployment(key) else { return Value::Null };
    let Some(progress) = &deployment.progress else { return Value::Null };
    let place = &world.names.place;
    let arn = format!(
        "arn:aws:codedeploy:{}:{}:deploymenttarget/{}/{id}",
        place.region, place.account, deployment.id,
    );
    if let Some(target) = world.find_instance_target(key, id) {
        return instance(target, (&deployment.id, id, arn));
    }
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

/// An instance of a deployment, with its lifecycle.
fn instance(target: &InstanceTarget, (deployment, id, arn): (&str, &str, String)) -> Value {
    let entry = |entry: &WorkEvent| {
        let times = (entry.started, entry.ended);
        event(entry.work.word(), entry.status, times, entry.diagnostics.as_ref())
    };
    let target = map([
        ("deploymentId", deployment.into()),
        ("targetId", id.into()),
        ("targetArn", arn.into()),
        ("status", target.status.word().into()),
        ("lastUpdatedAt", target.updated.into()),
        ("lifecycleEvents", list(target.events.iter().map(entry))),
        ("instanceLabel", target.label.word().into()),
    ]);
    map([("deploymentTargetType", "InstanceTarget".into()), ("instanceTarget", target)])
}

/// The ids of the instances of a deployment that pass the filters.
pub(super) fn instance_ids(
    world: &World,
    key: DeploymentKey,
    filters: &Value,
) -> Result<Vec<String>, ApiError> {
    const NAMES: [&str; 2] = ["TargetStatus", "ServerInstanceLabel"];
    if let Value::Map(given) = filters
        && let Some((unknown, _)) = given.iter().find(|(name, _)| !NAMES.contains(&name.as_str()))
    {
        let message = format!("The target filter name {unknown} is not valid.");
        return Err(ApiError::client("InvalidTargetFilterNameException", message));
    }
    let passes = |name: &str, word: &str| {
        let wanted = filters.texts(name);
        wanted.is_empty() || wanted.contains(&word)
    };
    let targets = world.fleet.iter().flat_map(|fleet| {
        fleet
            .targets_of(key)
            .filter_map(|(_, target)| Some((target, fleet.instance(target.instance)?)))
    });
    let wanted = targets.filter(|(target, _)| {
        passes("TargetStatus", target.status.word())
            && passes("ServerInstanceLabel", target.label.word())
    });
    Ok(wanted.map(|(_, instance)| instance.id.clone()).collect())
}

fn lifecycle_event(entry: &LifecycleEvent) -> Value {
    let times = (entry.started, entry.ended);
    event(entry.event.word(), entry.status, times, entry.diagnostics.as_ref())
}

fn event(
    name: &str,
    status: EventStatus,
    (started, ended): (Option<Timestamp>, Option<Timestamp>),
    diagnostics: Option<&Diagnostics>,
) -> Value {
    let diagnostics = diagnostics.map(|found| {
        map([
            ("errorCode", found.code),
            ("scriptName", found.script.as_str()),
            ("message", found.message.as_str()),
            ("logTail", found.log_tail.as_str()),
        ]
        .map(text))
    });
    map([
        ("lifecycleEventName", name.into()),
        ("diagnostics", diagnostics.into()),
        ("startTime", started.into()),
        ("endTime", ended.into()),
        ("status", status.word().into()),
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
