//! How the world's objects look in replies; member names as in the service model.

use crate::sim::scenario::{RollbackOn, Routing};
use crate::sim::value::{Value, list, map};
use crate::sim::world::World;
use crate::sim::world::codedeploy::{
    AutoRollback, Config, Deployment, Least, Pace, Platform, Revision, RollbackInfo, Status,
    TargetStatus,
};
use crate::sim::world::keys::{DeploymentKey, Pool};
use crate::sim::world::names::Door;

/// A `DeploymentInfo`.
pub(super) fn deployment(world: &World, key: DeploymentKey) -> Value {
    let Some(deployment) = world.deploy.deployment(key) else { return Value::Null };
    let place = &world.names.place;
    let at =
        |revision| world.deploy.revision(revision).map(|revision| location(world, revision, None));
    let error = deployment
        .error
        .as_ref()
        .map(|error| map([("code", error.code), ("message", error.message.as_str())].map(text)));
    map([
        ("applicationName", place.application.as_str().into()),
        ("deploymentGroupName", place.group.as_str().into()),
        ("deploymentConfigName", deployment.config.as_str().into()),
        ("deploymentId", deployment.id.as_str().into()),
        ("previousRevision", deployment.previous.and_then(at).into()),
        ("revision", at(deployment.revision).into()),
        ("status", deployment.status.word().into()),
        ("errorInformation", error.into()),
        ("createTime", deployment.created.into()),
        ("startTime", deployment.started.into()),
        ("completeTime", deployment.completed.into()),
        ("deploymentOverview", overview(world, key)),
        ("description", deployment.description.clone().into()),
        ("creator", deployment.creator.word().into()),
        ("ignoreApplicationStopFailures", false.into()),
        ("autoRollbackConfiguration", auto_rollback(&deployment.auto_rollback)),
        ("updateOutdatedInstancesOnly", false.into()),
        ("rollbackInfo", rollback_info(world, &deployment.rollback)),
        ("deploymentStyle", style()),
        // Stays false through the termination wait of an ECS deployment, as with AWS.
        (
            "instanceTerminationWaitTimeStarted",
            (world.fleet.is_some() && deployment.has_baked()).into(),
        ),
        ("targetInstances", target_instances(world, deployment).into()),
        ("blueGreenDeploymentConfiguration", blue_green(world)),
        ("loadBalancerInfo", load_balancer_info(world)),
        ("fileExistsBehavior", "DISALLOW".into()),
        ("deploymentStatusMessages", Value::List(Vec::new())),
        ("computePlatform", world.platform().word().into()),
        ("overrideAlarmConfiguration", alarm_override(deployment)),
    ])
}

pub(super) fn text((key, value): (&'static str, &str)) -> (&'static str, Value) {
    (key, value.into())
}

/// How many targets have which status; of a service or a function there is one.
fn overview(world: &World, key: DeploymentKey) -> Value {
    let Some(deployment) = world.deploy.deployment(key) else { return Value::Null };
    let state = match (deployment.status, deployment.progress.as_ref()) {
        (Status::Created | Status::Queued, _) | (_, None) => TargetStatus::Pending,
        (_, Some(progress)) => progress.status,
    };
    let count = |status: TargetStatus| {
        let count = match &world.fleet {
            None => usize::from(status == state),
            Some(_) => world.instance_count(key, status),
        };
        (status.word(), (count as i64).into())
    };
    map(TargetStatus::ALL.map(count))
}

/// The group that a deployment to instances creates.
fn target_instances(world: &World, deployment: &Deployment) -> Option<Value> {
    let group = world.fleet.as_ref()?.group(deployment.green()?)?;
    Some(map([
        ("tagFilters", Value::List(Vec::new())),
        ("autoScalingGroups", list([group.name.as_str()])),
    ]))
}

fn rollback_info(world: &World, info: &RollbackInfo) -> Value {
    let id = |key: Option<DeploymentKey>| {
        key.and_then(|key| world.deploy.deployment(key)).map(|deployment| deployment.id.clone())
    };
    if *info == RollbackInfo::default() {
        return Value::Null;
    }
    map([
        ("rollbackDeploymentId", id(info.rollback).into()),
        ("rollbackTriggeringDeploymentId", id(info.trigger).into()),
        ("rollbackMessage", info.message.clone().into()),
    ])
}

fn auto_rollback(config: &AutoRollback) -> Value {
    let events = config.events.iter().map(|event| rollback_word(*event));
    map([("enabled", config.enabled.into()), ("events", list(events))])
}

fn rollback_word(event: RollbackOn) -> &'static str {
    match event {
        RollbackOn::Failure => "DEPLOYMENT_FAILURE",
        RollbackOn::Alarm => "DEPLOYMENT_STOP_ON_ALARM",
        RollbackOn::Request => "DEPLOYMENT_STOP_ON_REQUEST",
    }
}

/// The event that a word of the API means.
pub(super) fn rollback_event(word: &str) -> Option<RollbackOn> {
    [RollbackOn::Failure, RollbackOn::Alarm, RollbackOn::Request]
        .into_iter()
        .find(|event| rollback_word(*event) == word)
}

fn style() -> Value {
    map([("deploymentType", "BLUE_GREEN"), ("deploymentOption", "WITH_TRAFFIC_CONTROL")].map(text))
}

/// The two waits; a function has neither.
fn blue_green(world: &World) -> Value {
    if world.platform() == Platform::Lambda {
        return Value::Null;
    }
    let rollout = &world.scenario.rollout;
    let ready = match rollout.approval_wait {
        Some(wait) => map([
            ("actionOnTimeout", "STOP_DEPLOYMENT".into()),
            ("waitTimeInMinutes", wait.as_mins().into()),
        ]),
        None => map([
            ("actionOnTimeout", "CONTINUE_DEPLOYMENT".into()),
            ("waitTimeInMinutes", 0_i64.into()),
        ]),
    };
    let terminate = map([
        ("action", "TERMINATE".into()),
        ("terminationWaitTimeInMinutes", rollout.termination_wait.as_mins().into()),
    ]);
    let copy = map([("action", "COPY_AUTO_SCALING_GROUP")].map(text));
    map([
        ("terminateBlueInstancesOnDeploymentSuccess", terminate),
        ("deploymentReadyOption", ready),
        ("greenFleetProvisioningOption", world.fleet.is_some().then_some(copy).into()),
    ])
}

fn load_balancer_info(world: &World) -> Value {
    if world.platform() == Platform::Lambda {
        return Value::Null;
    }
    let group = |pool| map([("name", world.names.target_group_name(pool))].map(text));
    if world.platform() == Platform::Server {
        return map([("targetGroupInfoList", list([group(Pool::A)]))]);
    }
    let route = |door| map([("listenerArns", list([world.names.listener(door)]))]);
    let test = world.scenario.rollout.test_listener.then(|| route(Door::Test));
    let pair = map([
        ("targetGroups", list(Pool::ALL.map(group))),
        ("prodTrafficRoute", route(Door::Production)),
        ("testTrafficRoute", test.into()),
    ]);
    map([("targetGroupPairInfoList", list([pair]))])
}

fn alarm_override(deployment: &Deployment) -> Value {
    let Some(names) = &deployment.alarm_override else { return Value::Null };
    alarms(!names.is_empty(), names.iter().map(String::as_str))
}

fn alarms<'a>(enabled: bool, names: impl Iterator<Item = &'a str>) -> Value {
    let alarm = |name| map([("name", name)].map(text));
    map([
        ("enabled", enabled.into()),
        ("ignorePollAlarmFailure", false.into()),
        ("alarms", list(names.map(alarm))),
    ])
}

/// A `DeploymentGroupInfo`.
pub(super) fn group(world: &World) -> Value {
    let place = &world.names.place;
    let rollout = &world.scenario.rollout;
    let guards = world.alarms().iter().filter(|alarm| alarm.rule.guards);
    let guards: Vec<&str> = guards.map(|alarm| alarm.rule.name.as_str()).collect();
    let by_user = world.deploy.deployments.last();
    let successful = world.deploy.last_successful.and_then(|key| world.deploy.deployment(key));
    let target_revision = by_user.and_then(|last| world.deploy.revision(last.revision));
    let role = match world.platform() {
        Platform::Ecs => "codedeploy-ecs",
        Platform::Lambda => "codedeploy-lambda",
        Platform::Server => "codedeploy-ec2",
    };
    let service =
        map([("serviceName", place.service.as_str()), ("clusterName", place.cluster.as_str())]
            .map(text));
    map([
        ("applicationName", place.application.as_str().into()),
        ("deploymentGroupId", world.group_id().into()),
        ("deploymentGroupName", place.group.as_str().into()),
        ("deploymentConfigName", rollout.config.as_str().into()),
        ("serviceRoleArn", world.names.role(role).into()),
        ("targetRevision", target_revision.map(|found| location(world, found, None)).into()),
        ("triggerConfigurations", Value::List(Vec::new())),
        ("alarmConfiguration", alarms(!guards.is_empty(), guards.into_iter())),
        (
            "autoRollbackConfiguration",
            auto_rollback(&AutoRollback {
                enabled: !rollout.auto_rollback.is_empty(),
                events: rollout.auto_rollback.clone(),
            }),
        ),
        ("deploymentStyle", style()),
        ("outdatedInstancesStrategy", "UPDATE".into()),
        ("blueGreenDeploymentConfiguration", blue_green(world)),
        ("loadBalancerInfo", load_balancer_info(world)),
        ("lastSuccessfulDeployment", successful.map(last).into()),
        ("lastAttemptedDeployment", by_user.map(last).into()),
        ("computePlatform", world.platform().word().into()),
        ("autoScalingGroups", auto_scaling_groups(world).into()),
        ("ecsServices", (world.platform() == Platform::Ecs).then(|| list([service])).into()),
        ("terminationHookEnabled", false.into()),
    ])
}

/// The group of instances that serves, with the hook by which CodeDeploy hears of new ones.
fn auto_scaling_groups(world: &World) -> Option<Value> {
    let fleet = world.fleet.as_ref()?;
    let name = fleet.group(fleet.primary)?.name.as_str();
    let hook = format!("CodeDeploy-managed-automatic-launch-deployment-hook-{name}");
    Some(list([map([("name", Value::from(name)), ("hook", hook.into())])]))
}

fn last(deployment: &Deployment) -> Value {
    map([
        ("deploymentId", deployment.id.as_str().into()),
        ("status", deployment.status.word().into()),
        ("endTime", deployment.completed.into()),
        ("createTime", deployment.created.into()),
    ])
}

/// A `DeploymentConfigInfo`.
pub(super) fn config(config: &Config) -> Value {
    let shares = |percent_name, interval_name, percent: u8, minutes: u32| {
        map([(percent_name, i64::from(percent).into()), (interval_name, i64::from(minutes).into())])
    };
    let routing = |routing| match routing {
        Routing::AllAtOnce => map([("type", "AllAtOnce".into())]),
        Routing::Canary { percent, minutes } => map([
            ("type", "TimeBasedCanary".into()),
            ("timeBasedCanary", shares("canaryPercentage", "canaryInterval", percent, minutes)),
        ]),
        Routing::Linear { percent, minutes } => map([
            ("type", "TimeBasedLinear".into()),
            ("timeBasedLinear", shares("linearPercentage", "linearInterval", percent, minutes)),
        ]),
    };
    let least = |least| {
        let (kind, value) = match least {
            Least::Hosts(count) => ("HOST_COUNT", count),
            Least::Percent(percent) => ("FLEET_PERCENT", percent),
        };
        map([("type", kind.into()), ("value", (value as i64).into())])
    };
    let (healthy, shares) = match config.pace {
        Pace::Shares(shares) => (None, Some(routing(shares))),
        Pace::Healthy(hosts) => (Some(least(hosts)), None),
    };
    map([
        ("deploymentConfigId", config.id.as_str().into()),
        ("deploymentConfigName", config.name.as_str().into()),
        ("createTime", config.created.into()),
        ("computePlatform", config.platform.word().into()),
        ("minimumHealthyHosts", healthy.into()),
        ("trafficRoutingConfig", shares.into()),
    ])
}

/// An `ApplicationInfo`.
pub(super) fn application(world: &World) -> Value {
    map([
        ("applicationId", world.application_id().into()),
        ("applicationName", world.names.place.application.as_str().into()),
        ("createTime", world.deploy.created.into()),
        ("linkedToGitHub", false.into()),
        ("computePlatform", world.platform().word().into()),
    ])
}

/// A `RevisionLocation`; deployments tell only the hash, revisions also the content.
pub(super) fn location(world: &World, revision: &Revision, content: Option<&str>) -> Value {
    if world.fleet.is_some() {
        let bucket = format!("{}-releases", world.names.place.application);
        let place = [
            ("bucket", bucket.as_str()),
            ("key", &revision.content),
            ("bundleType", "zip"),
            ("eTag", revision.sha256.get(..32).unwrap_or_default()),
        ];
        return map([("revisionType", "S3".into()), ("s3Location", map(place.map(text)))]);
    }
    let body = map([("content", content.into()), ("sha256", revision.sha256.as_str().into())]);
    map([("revisionType", "AppSpecContent".into()), ("appSpecContent", body)])
}

/// A `GenericRevisionInfo`.
pub(super) fn revision(world: &World, revision: &Revision) -> Value {
    let used = revision.last_used.map(|_| list([world.names.place.group.as_str()]));
    map([
        ("deploymentGroups", used.unwrap_or(Value::List(Vec::new()))),
        ("firstUsedTime", revision.first_used.into()),
        ("lastUsedTime", revision.last_used.into()),
        ("registerTime", revision.registered.into()),
    ])
}
