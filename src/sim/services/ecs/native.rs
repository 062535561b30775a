//! How a service looks that ECS deploys itself; member names as in the service model.

#[cfg(test)]
mod tests;

use super::render::{LAUNCH_TYPE, PLATFORM, count, definition_arn, network};
use crate::sim::scenario::{Asks, LifecycleHook, Strategy};
use crate::sim::value::{Value, list, map};
use crate::sim::world::World;
use crate::sim::world::ecs::{SetStatus, TaskSet};
use crate::sim::world::keys::{Pool, ServiceDeploymentKey, ServiceRevisionKey, SetKey};
use crate::sim::world::names::Door;
use crate::sim::world::native::{
    HookRun, Native, ServiceDeployment, ServiceRevision, Side, Status,
};

/// The members of a `Service` that deploys itself.
pub(super) fn service_members(world: &World, native: &Native) -> Vec<(&'static str, Value)> {
    let wanted = native.revision(native.wanted());
    let definition = wanted.and_then(|revision| definition_arn(world, revision.release));
    let running = native.running().and_then(|key| native.deployment(key));
    // The newest first, as the service lists them.
    let sets: Vec<(SetKey, &TaskSet)> = world.ecs.live_sets().collect();
    let deployments = sets.iter().rev().map(|(key, set)| deployment(world, native, *key, set));
    let current = sets.iter().rev().filter_map(|(key, set)| {
        let revision = native.revision(native.revision_of(*key)?)?;
        let counts = world.ecs.counts(*key);
        Some(map([
            ("arn", world.names.service_revision(&revision.id).into()),
            ("requestedTaskCount", count(set.desired)),
            ("runningTaskCount", count(counts.running)),
            ("pendingTaskCount", count(counts.pending)),
        ]))
    });
    vec![
        ("deploymentController", map([("type", "ECS".into())])),
        ("loadBalancers", load_balancers(world, native)),
        ("taskDefinition", definition.into()),
        ("taskSets", Value::List(Vec::new())),
        ("deployments", list(deployments)),
        ("deploymentConfiguration", configuration(world, native)),
        (
            "currentServiceDeployment",
            running.map(|one| world.names.service_deployment(&one.id)).into(),
        ),
        ("currentServiceRevisions", list(current)),
    ]
}

/// A `Deployment` of the service: what it calls the tasks of one revision.
fn deployment(world: &World, native: &Native, key: SetKey, set: &TaskSet) -> Value {
    let counts = world.ecs.counts(key);
    let revision = native.revision_of(key);
    let newest = native.wanted();
    let status = if revision == Some(newest) { "PRIMARY" } else { "ACTIVE" };
    let (state, reason) = rollout_state(native, revision, set);
    map([
        ("id", set.id.as_str().into()),
        ("status", status.into()),
        ("taskDefinition", definition_arn(world, set.release).into()),
        ("desiredCount", count(set.desired)),
        ("pendingCount", count(counts.pending)),
        ("runningCount", count(counts.running)),
        ("failedTasks", count(set.failures)),
        ("createdAt", set.created.into()),
        ("updatedAt", set.updated.into()),
        ("launchType", LAUNCH_TYPE.into()),
        ("platformVersion", PLATFORM.into()),
        ("networkConfiguration", network(world)),
        ("rolloutState", state.into()),
        ("rolloutStateReason", format!("ECS deployment {} {reason}", set.id).into()),
    ])
}

fn rollout_state(
    native: &Native,
    revision: Option<ServiceRevisionKey>,
    set: &TaskSet,
) -> (&'static str, &'static str) {
    let last = native.deployments.last();
    let (target, goal) = (last.map(|one| one.target), last.map(ServiceDeployment::goal));
    let over = last.is_none_or(|one| one.status.is_over());
    if revision == target && target != goal {
        ("FAILED", "failed.")
    } else if revision == goal && !over {
        ("IN_PROGRESS", "in progress.")
    } else if set.status == SetStatus::Active && over {
        ("FAILED", "was stopped.")
    } else {
        ("COMPLETED", "completed.")
    }
}

/// The load balancers as the service was configured: they do not follow the traffic.
fn load_balancers(world: &World, native: &Native) -> Value {
    let place = &world.names.place;
    let rule = |door| Value::from(world.names.rule(door));
    let test = world.scenario.rollout.test_listener.then(|| rule(Door::Test));
    let advanced = (!native.is_rolling()).then(|| {
        map([
            ("alternateTargetGroupArn", world.names.target_group(Pool::B).into()),
            ("productionListenerRule", rule(Door::Production)),
            ("testListenerRule", test.into()),
            ("roleArn", world.names.role("ecs-load-balancers").into()),
        ])
    });
    list([map([
        ("targetGroupArn", world.names.target_group(Pool::A).into()),
        ("containerName", place.service.as_str().into()),
        ("containerPort", i64::from(place.port).into()),
        ("advancedConfiguration", advanced.into()),
    ])])
}

/// A `DeploymentConfiguration`.
fn configuration(world: &World, native: &Native) -> Value {
    let config = &native.config;
    let (canary, linear) = match config.strategy {
        Strategy::Rolling | Strategy::BlueGreen => (Value::Null, Value::Null),
        Strategy::Canary { percent, bake } => {
            let canary = map([
                ("canaryPercent", f64::from(percent).into()),
                ("canaryBakeTimeInMinutes", bake.as_mins().into()),
            ]);
            (canary, Value::Null)
        }
        Strategy::Linear { percent, bake } => {
            let linear = map([
                ("stepPercent", f64::from(percent).into()),
                ("stepBakeTimeInMinutes", bake.as_mins().into()),
            ]);
            (Value::Null, linear)
        }
    };
    let breaker = map([
        ("enable", config.circuit_breaker.into()),
        ("rollback", (config.circuit_breaker && config.roll_back).into()),
    ]);
    let guards = guards(world);
    let alarms = map([
        ("alarmNames", list(guards.iter().copied())),
        ("enable", (!guards.is_empty()).into()),
        ("rollback", (!guards.is_empty() && config.roll_back).into()),
    ]);
    map([
        ("strategy", config.strategy.word().into()),
        ("bakeTimeInMinutes", config.bake.as_mins().into()),
        ("canaryConfiguration", canary),
        ("linearConfiguration", linear),
        ("maximumPercent", count(config.maximum)),
        ("minimumHealthyPercent", count(config.minimum_healthy)),
        ("deploymentCircuitBreaker", breaker),
        ("alarms", alarms),
        ("lifecycleHooks", list(config.hooks.iter().map(|one| hook(world, one)))),
    ])
}

fn guards(world: &World) -> Vec<&str> {
    let guards = world.alarms().iter().filter(|alarm| alarm.rule.guards);
    guards.map(|alarm| alarm.rule.name.as_str()).collect()
}

/// A `DeploymentLifecycleHook`.
fn hook(world: &World, hook: &LifecycleHook) -> Value {
    let (kind, function) = target(world, hook);
    let role = function.as_ref().map(|_| world.names.role("ecs-hooks"));
    let timeout = map([
        ("timeoutInMinutes", hook.timeout.as_mins().into()),
        ("action", hook.on_timeout.word().into()),
    ]);
    map([
        ("targetType", kind.into()),
        ("hookTargetArn", function.into()),
        ("roleArn", role.into()),
        ("lifecycleStages", list(hook.stages.iter().map(|stage| stage.word()))),
        ("timeoutConfiguration", timeout),
    ])
}

fn target(world: &World, hook: &LifecycleHook) -> (&'static str, Option<String>) {
    match &hook.asks {
        Asks::Person => ("PAUSE", None),
        Asks::Function { name, .. } => ("AWS_LAMBDA", Some(world.names.function(name))),
    }
}

/// A `ServiceDeploymentBrief`.
pub(super) fn brief(world: &World, native: &Native, one: &ServiceDeployment) -> Value {
    let target = native.revision(one.target).map(|revision| &revision.id);
    map([
        ("serviceDeploymentArn", world.names.service_deployment(&one.id).into()),
        ("serviceArn", world.names.service().into()),
        ("clusterArn", world.names.cluster().into()),
        ("createdAt", one.created.into()),
        ("startedAt", one.started.into()),
        ("finishedAt", one.finished.into()),
        ("targetServiceRevisionArn", target.map(|id| world.names.service_revision(id)).into()),
        ("status", one.status.word().into()),
        ("statusReason", one.reason.as_deref().into()),
    ])
}

/// A `ServiceDeployment`.
pub(super) fn service_deployment(
    world: &World,
    native: &Native,
    key: ServiceDeploymentKey,
) -> Option<Value> {
    let one = native.deployment(key)?;
    let sides = world.sides(key);
    let (target, sources) = sides.split_last()?;
    let sources = sources.iter().map(|side| summary(world, native, side));
    // Stages are those of a shift from one target group to another.
    let stage =
        if native.is_rolling() { None } else { one.stage.map(crate::sim::scenario::Stage::word) };
    let hooks = one.hooks.iter().map(|run| hook_detail(world, native, run));
    let rollback = one.rollback.as_ref().map(|rollback| {
        let revision = native.revision(rollback.revision).map(|revision| &revision.id);
        map([
            ("reason", rollback.reason.as_str().into()),
            ("startedAt", rollback.started.into()),
            ("serviceRevisionArn", revision.map(|id| world.names.service_revision(id)).into()),
        ])
    });
    let breaker = map([
        ("status", one.breaker.word().into()),
        ("failureCount", count(one.failures)),
        ("threshold", count(world.breaker_threshold())),
    ]);
    let alarms = map([
        ("status", one.alarms.word().into()),
        ("alarmNames", list(guards(world))),
        ("triggeredAlarmNames", list(one.triggered.iter().map(String::as_str))),
    ]);
    Some(map([
        ("serviceDeploymentArn", world.names.service_deployment(&one.id).into()),
        ("serviceArn", world.names.service().into()),
        ("clusterArn", world.names.cluster().into()),
        ("createdAt", one.created.into()),
        ("startedAt", one.started.into()),
        ("finishedAt", one.finished.into()),
        ("stoppedAt", one.stopped.into()),
        ("updatedAt", one.updated.into()),
        ("sourceServiceRevisions", list(sources)),
        ("targetServiceRevision", summary(world, native, target)),
        ("status", one.status.word().into()),
        ("statusReason", one.reason.as_deref().into()),
        ("lifecycleStage", stage.into()),
        ("lifecycleHookDetails", list(hooks)),
        ("deploymentConfiguration", configuration(world, native)),
        ("rollback", rollback.into()),
        ("deploymentCircuitBreaker", breaker),
        ("alarms", alarms),
    ]))
}

/// A `ServiceRevisionSummary`; rolling deployments ask for no shares.
fn summary(world: &World, native: &Native, side: &Side) -> Value {
    let id = native.revision(side.revision).map(|revision| &revision.id);
    let share = |share: f64| (!native.is_rolling()).then_some(share);
    map([
        ("arn", id.map(|id| world.names.service_revision(id)).into()),
        ("requestedTaskCount", count(side.requested)),
        ("runningTaskCount", count(side.running)),
        ("pendingTaskCount", count(side.pending)),
        ("requestedTestTrafficWeight", share(side.test).into()),
        ("requestedProductionTrafficWeight", share(side.production).into()),
    ])
}

/// A `DeploymentLifecycleHookDetail`.
fn hook_detail(world: &World, native: &Native, run: &HookRun) -> Value {
    let hook = native.config.hooks.get(run.hook);
    let (kind, function) = hook.map(|hook| target(world, hook)).unzip();
    map([
        ("hookId", run.id.as_str().into()),
        ("targetType", kind.into()),
        ("targetArn", function.flatten().into()),
        ("status", run.status.word().into()),
        ("expiresAt", run.expires.into()),
        ("timeoutAction", hook.map(|hook| hook.on_timeout.word()).into()),
    ])
}

/// A `ServiceRevision`.
pub(super) fn service_revision(world: &World, native: &Native, one: &ServiceRevision) -> Value {
    let place = &world.names.place;
    let active = one.set.and_then(|set| world.ecs.set(set)).filter(|set| !set.gone);
    let resolved = active.map(|_| {
        let balancer = map([
            ("targetGroupArn", world.names.target_group(one.pool).into()),
            ("productionListenerRule", world.names.rule(Door::Production).into()),
        ]);
        map([("loadBalancers", list([balancer]))])
    });
    let release = world.releases.get(one.release.0);
    let digest = world.ecs.definitions.get(one.release.0).map(|known| known.digest.as_str());
    let image = map([
        ("containerName", place.service.as_str().into()),
        ("image", release.map(|release| world.names.image(&release.tag)).into()),
        ("imageDigest", digest.into()),
    ]);
    map([
        ("serviceRevisionArn", world.names.service_revision(&one.id).into()),
        ("serviceArn", world.names.service().into()),
        ("clusterArn", world.names.cluster().into()),
        ("taskDefinition", definition_arn(world, one.release).into()),
        ("launchType", LAUNCH_TYPE.into()),
        ("platformVersion", PLATFORM.into()),
        ("platformFamily", "Linux".into()),
        ("loadBalancers", load_balancers(world, native)),
        ("networkConfiguration", network(world)),
        ("containerImages", list([image])),
        ("guardDutyEnabled", false.into()),
        ("createdAt", one.created.into()),
        ("resolvedConfiguration", resolved.into()),
    ])
}

/// Whether a text is a status of a service deployment.
pub(super) fn is_status(word: &str) -> bool {
    Status::ALL.iter().any(|status| status.word() == word)
}
