//! How the cluster's objects look in replies; member names as in the service model.

use super::native;
use super::tasks::desired_status;
use crate::sim::value::{Value, list, map};
use crate::sim::world::World;
use crate::sim::world::ecs::{Counts, Task, TaskSet, TaskStatus};
use crate::sim::world::elb::Health;
use crate::sim::world::keys::{ReleaseKey, SetKey};

pub(super) const LAUNCH_TYPE: &str = "FARGATE";
pub(super) const PLATFORM: &str = "1.4.0";
const CPU: &str = "512";
const MEMORY: &str = "1024";
/// Subnets of the service, one a zone.
const ZONES: usize = 3;

fn text((key, value): (&'static str, &str)) -> (&'static str, Value) {
    (key, value.into())
}

pub(super) fn count(number: u32) -> Value {
    i64::from(number).into()
}

/// A `Cluster`.
pub(super) fn cluster(world: &World) -> Value {
    let sum = total(world);
    map([
        ("clusterArn", world.names.cluster().into()),
        ("clusterName", world.names.place.cluster.as_str().into()),
        ("status", "ACTIVE".into()),
        ("registeredContainerInstancesCount", count(0)),
        ("runningTasksCount", count(sum.running)),
        ("pendingTasksCount", count(sum.pending)),
        ("activeServicesCount", count(1)),
    ])
}

fn total(world: &World) -> Counts {
    world.ecs.live_sets().map(|(key, _)| world.ecs.counts(key)).fold(
        Counts::default(),
        |sum, set| Counts {
            pending: sum.pending + set.pending,
            running: sum.running + set.running,
            ..sum
        },
    )
}

/// A `Service`: what depends on who deploys it, and the rest.
pub(super) fn service(world: &World) -> Value {
    let sum = total(world);
    let events = world.ecs.events.iter().map(|event| {
        map([
            ("id", event.id.as_str().into()),
            ("createdAt", event.at.into()),
            ("message", event.message.as_str().into()),
        ])
    });
    let common = [
        ("serviceArn", world.names.service().into()),
        ("serviceName", world.names.place.service.as_str().into()),
        ("clusterArn", world.names.cluster().into()),
        ("serviceRegistries", Value::List(Vec::new())),
        ("status", "ACTIVE".into()),
        ("desiredCount", count(world.names.place.desired)),
        ("runningCount", count(sum.running)),
        ("pendingCount", count(sum.pending)),
        ("launchType", LAUNCH_TYPE.into()),
        ("platformVersion", PLATFORM.into()),
        ("events", list(events)),
        ("createdAt", world.ecs.created.into()),
        ("networkConfiguration", network(world)),
        ("healthCheckGracePeriodSeconds", 60_i64.into()),
        ("schedulingStrategy", "REPLICA".into()),
        ("enableECSManagedTags", false.into()),
        ("propagateTags", "NONE".into()),
        ("enableExecuteCommand", false.into()),
    ];
    let own = world
        .native
        .as_ref()
        .map_or_else(|| by_code_deploy(world), |service| native::service_members(world, service));
    let own = own.into_iter().filter(|(_, value)| *value != Value::Null);
    let all = common.into_iter().chain(own);
    Value::Map(all.map(|(key, value)| (key.to_owned(), value)).collect())
}

/// The members of a `Service` whose deployments are in CodeDeploy's hands.
fn by_code_deploy(world: &World) -> Vec<(&'static str, Value)> {
    let primary = world.ecs.primary().and_then(|key| world.ecs.set(key));
    let sets = world.ecs.live_sets().map(|(key, set)| task_set(world, key, set));
    vec![
        ("loadBalancers", primary.map(|set| load_balancers(world, set)).into()),
        ("taskDefinition", primary.and_then(|set| definition_arn(world, set.release)).into()),
        ("deployments", Value::List(Vec::new())),
        ("taskSets", list(sets)),
        ("deploymentController", map([("type", "CODE_DEPLOY")].map(text))),
    ]
}

fn load_balancers(world: &World, set: &TaskSet) -> Value {
    list([map([
        ("targetGroupArn", world.names.target_group(set.pool).into()),
        ("containerName", world.names.place.service.as_str().into()),
        ("containerPort", i64::from(world.names.place.port).into()),
    ])])
}

pub(super) fn network(world: &World) -> Value {
    let vpc = map([
        ("subnets", list((0..ZONES).map(|zone| world.names.subnet(zone)))),
        ("securityGroups", list([world.names.security_group()])),
        ("assignPublicIp", "DISABLED".into()),
    ]);
    map([("awsvpcConfiguration", vpc)])
}

/// A `TaskSet`.
pub(super) fn task_set(world: &World, key: SetKey, set: &TaskSet) -> Value {
    let counts = world.ecs.counts(key);
    let steady = if set.steady { "STEADY_STATE" } else { "STABILIZING" };
    map([
        ("id", set.id.as_str().into()),
        ("taskSetArn", world.names.task_set(&set.id).into()),
        ("serviceArn", world.names.service().into()),
        ("clusterArn", world.names.cluster().into()),
        ("startedBy", "CODE_DEPLOY".into()),
        ("externalId", set.external_id.as_str().into()),
        ("status", set.status.word().into()),
        ("taskDefinition", definition_arn(world, set.release).into()),
        ("computedDesiredCount", count(set.desired)),
        ("pendingCount", count(counts.pending)),
        ("runningCount", count(counts.running)),
        ("createdAt", set.created.into()),
        ("updatedAt", set.updated.into()),
        ("launchType", LAUNCH_TYPE.into()),
        ("platformVersion", PLATFORM.into()),
        ("networkConfiguration", network(world)),
        ("loadBalancers", load_balancers(world, set)),
        ("serviceRegistries", Value::List(Vec::new())),
        ("scale", map([("value", 100.0.into()), ("unit", "PERCENT".into())])),
        ("stabilityStatus", steady.into()),
        ("stabilityStatusAt", set.steady_changed.into()),
    ])
}

pub(super) fn definition_arn(world: &World, release: ReleaseKey) -> Option<String> {
    let definition = world.ecs.definitions.get(release.0)?;
    Some(world.names.task_definition(definition.revision))
}

/// A `TaskDefinition`.
pub(super) fn task_definition(world: &World, key: ReleaseKey) -> Option<Value> {
    let definition = world.ecs.definitions.get(key.0)?;
    let release = world.releases.get(key.0)?;
    let place = &world.names.place;
    let environment = release
        .env
        .iter()
        .map(|(name, value)| map([("name", name.as_str()), ("value", value.as_str())].map(text)));
    let port = i64::from(place.port);
    let ports = map([
        ("containerPort", port.into()),
        ("hostPort", port.into()),
        ("protocol", "tcp".into()),
    ]);
    let container = map([
        ("name", place.service.as_str().into()),
        ("image", world.names.image(&release.tag).into()),
        ("cpu", 0_i64.into()),
        ("portMappings", list([ports])),
        ("essential", true.into()),
        ("environment", list(environment)),
        ("healthCheck", health_check(place.port)),
        ("logConfiguration", logs(world)),
    ]);
    Some(map([
        ("taskDefinitionArn", world.names.task_definition(definition.revision).into()),
        ("containerDefinitions", list([container])),
        ("family", place.service.as_str().into()),
        ("taskRoleArn", world.names.role(&format!("{}-task", place.service)).into()),
        ("executionRoleArn", world.names.role("ecs-execution").into()),
        ("networkMode", "awsvpc".into()),
        ("revision", (definition.revision as i64).into()),
        ("volumes", Value::List(Vec::new())),
        ("status", "ACTIVE".into()),
        ("requiresCompatibilities", list([LAUNCH_TYPE])),
        ("cpu", CPU.into()),
        ("memory", MEMORY.into()),
        ("registeredAt", definition.registered.into()),
        ("registeredBy", world.names.role("deploy-pipeline").into()),
    ]))
}

fn health_check(port: u16) -> Value {
    let command = format!("curl -fs http://localhost:{port}/health || exit 1");
    map([
        ("command", list(["CMD-SHELL".to_owned(), command])),
        ("interval", 10_i64.into()),
        ("timeout", 5_i64.into()),
        ("retries", 3_i64.into()),
    ])
}

fn logs(world: &World) -> Value {
    let place = &world.names.place;
    let group = format!("/ecs/{}/{}", place.cluster, place.service);
    let options = map([
        ("awslogs-group", group.as_str()),
        ("awslogs-region", place.region.as_str()),
        ("awslogs-stream-prefix", "ecs"),
    ]
    .map(text));
    map([("logDriver", "awslogs".into()), ("options", options)])
}

/// A `Task`.
pub(super) fn task(world: &World, task: &Task) -> Value {
    let set = world.ecs.set(task.set);
    let definition = set.and_then(|set| definition_arn(world, set.release));
    let interface = format!("{}-eni", task.id.get(..20).unwrap_or_default());
    let stop = task.stop.as_ref();
    map([
        ("attachments", list([attachment(world, task, &interface)])),
        ("availabilityZone", world.zone(task.zone).into()),
        ("clusterArn", world.names.cluster().into()),
        ("connectivity", task.started.map(|_| "CONNECTED").into()),
        ("containers", list([container(world, task, &interface)])),
        ("cpu", CPU.into()),
        ("createdAt", task.created.into()),
        ("desiredStatus", desired_status(task).into()),
        ("group", format!("service:{}", world.names.place.service).into()),
        ("healthStatus", health(task).into()),
        ("lastStatus", task.status.word().into()),
        ("launchType", LAUNCH_TYPE.into()),
        ("memory", MEMORY.into()),
        ("platformVersion", PLATFORM.into()),
        ("startedAt", task.started.into()),
        ("startedBy", set.map(|set| set.id.as_str()).into()),
        ("stopCode", stop.map(|stop| stop.code).into()),
        ("stoppedAt", task.stopped.into()),
        ("stoppedReason", stop.map(|stop| stop.reason.as_str()).into()),
        ("stoppingAt", task.stopping.into()),
        ("taskArn", world.names.task(&task.id).into()),
        ("taskDefinitionArn", definition.into()),
        ("version", i64::from(task.status as u8).into()),
    ])
}

/// The container's own health check asks for the same page as the load balancer.
fn health(task: &Task) -> &'static str {
    match task.health {
        Some(Health::Healthy) if !task.dead => "HEALTHY",
        Some(Health::Unhealthy(_)) => "UNHEALTHY",
        Some(Health::Healthy | Health::Registering | Health::Checking | Health::Draining)
        | None => "UNKNOWN",
    }
}

fn attachment(world: &World, task: &Task, interface: &str) -> Value {
    let detail =
        |(name, value): (&'static str, &str)| map([("name", name), ("value", value)].map(text));
    let subnet = world.names.subnet(task.zone);
    let status = match task.status {
        TaskStatus::Provisioning => "PRECREATED",
        TaskStatus::Pending
        | TaskStatus::Activating
        | TaskStatus::Running
        | TaskStatus::Deactivating
        | TaskStatus::Stopping => "ATTACHED",
        TaskStatus::Stopped => "DELETED",
    };
    let details = [("subnetId", subnet.as_str()), ("privateIPv4Address", &task.address)];
    map([
        ("id", interface.into()),
        ("type", "ElasticNetworkInterface".into()),
        ("status", status.into()),
        ("details", list(details.map(detail))),
    ])
}

fn container(world: &World, task: &Task, interface: &str) -> Value {
    let place = &world.names.place;
    let release = world.ecs.set(task.set).map(|set| set.release);
    let tag = release.and_then(|key| world.releases.get(key.0)).map(|release| &release.tag);
    let digest = release.and_then(|key| world.ecs.definitions.get(key.0));
    // The digest is known once the image has been pulled.
    let digest = digest.filter(|_| task.started.is_some() || task.status == TaskStatus::Activating);
    let status = match task.status {
        TaskStatus::Provisioning | TaskStatus::Pending | TaskStatus::Activating => "PENDING",
        TaskStatus::Running => "RUNNING",
        TaskStatus::Deactivating if !task.dead => "RUNNING",
        TaskStatus::Deactivating | TaskStatus::Stopping | TaskStatus::Stopped => "STOPPED",
    };
    let network =
        map([("attachmentId", interface), ("privateIpv4Address", &task.address)].map(text));
    let exit = task.exit_code.filter(|_| status == "STOPPED");
    map([
        ("name", place.service.as_str().into()),
        ("image", tag.map(|tag| world.names.image(tag)).into()),
        ("imageDigest", digest.map(|definition| definition.digest.as_str()).into()),
        ("taskArn", world.names.task(&task.id).into()),
        ("lastStatus", status.into()),
        ("exitCode", exit.map(i64::from).into()),
        ("reason", task.reason.as_deref().into()),
        ("healthStatus", health(task).into()),
        ("networkInterfaces", list([network])),
        ("networkBindings", Value::List(Vec::new())),
        ("cpu", "0".into()),
    ])
}
