//! Enhanced health of environments and of their instances.

use super::{environment as named_environment, page};
use crate::sim::error::ApiError;
use crate::sim::value::{Value, list, map};
use crate::sim::world::beanstalk::{Environment, Health, SPAN, Server};
use crate::sim::world::{Minute, World};

/// Answers DescribeEnvironmentHealth.
pub(super) fn environment(world: &World, input: &Value) -> Result<Value, ApiError> {
    let environment = named_environment(world, input)?;
    let (health, causes) = world.environment_health(environment);
    let requests = world.environment_requests(environment);
    let asked = input.texts("AttributeNames");
    let wanted = |name: &str| asked.contains(&"All") || asked.contains(&name);
    let members = [
        ("HealthStatus", health.word().into()),
        ("Status", environment.status.word().into()),
        ("Color", health.color().into()),
        ("Causes", list(causes)),
        ("ApplicationMetrics", metrics(&requests)),
        ("InstancesHealth", counts(world, environment)),
        ("RefreshedAt", world.now().into()),
    ];
    let shown = members.into_iter().filter(|(name, _)| wanted(name));
    let name = ("EnvironmentName".to_owned(), Value::from(environment.name.as_str()));
    let shown = shown.map(|(name, value)| (name.to_owned(), value));
    Ok(Value::Map(std::iter::once(name).chain(shown).collect()))
}

/// How many instances are in which state.
fn counts(world: &World, environment: &Environment) -> Value {
    let servers = environment.servers.iter();
    let states: Vec<Health> =
        servers.map(|server| world.server_health(environment, server).0).collect();
    let count = |name: &'static str| {
        let here = states.iter().filter(|state| state.word() == name);
        (name, (here.count() as i64).into())
    };
    map(["NoData", "Unknown", "Pending", "Ok", "Info", "Warning", "Degraded", "Severe"].map(count))
}

/// Answers DescribeInstancesHealth.
pub(super) fn instances(world: &World, input: &Value) -> Result<Value, ApiError> {
    const SIZE: i64 = 50;
    let environment = named_environment(world, input)?;
    let all = environment.servers.iter();
    let all = all.map(|server| instance(world, environment, server)).collect();
    let (found, next) = page(all, (input.text("NextToken"), Some(SIZE)))?;
    Ok(map([
        ("InstanceHealthList", found),
        ("RefreshedAt", world.now().into()),
        ("NextToken", next.into()),
    ]))
}

fn instance(world: &World, environment: &Environment, server: &Server) -> Value {
    let (health, causes) = world.server_health(environment, server);
    let status = if server.in_progress { "In Progress" } else { "Deployed" };
    let deployment = map([
        ("VersionLabel", world.version_label(server.release).into()),
        ("DeploymentId", i64::from(server.deployment).into()),
        ("Status", status.into()),
        ("DeploymentTime", server.deployed.into()),
    ]);
    map([
        ("InstanceId", server.id.as_str().into()),
        ("HealthStatus", health.word().into()),
        ("Color", health.color().into()),
        ("Causes", list(causes)),
        ("LaunchedAt", server.launched.into()),
        ("ApplicationMetrics", metrics(&world.server_requests(environment, server))),
        ("Deployment", deployment),
        ("AvailabilityZone", world.zone(server.zone).into()),
        ("InstanceType", "m7g.large".into()),
    ])
}

/// The `ApplicationMetrics` of some seconds: requests a second, whole percentages, seconds.
fn metrics(requests: &Minute) -> Value {
    let all = requests.requests.max(1);
    let percent = |name, count: u64| (name, (((count * 100 + all / 2) / all) as i64).into());
    let codes = map([
        percent("Status2xx", requests.c2xx),
        percent("Status3xx", requests.c3xx),
        percent("Status4xx", requests.c4xx),
        percent("Status5xx", requests.c5xx),
    ]);
    // The mean of the requests that are slower than so many of a hundred, not a percentile.
    let slowest = |name, percent: f64| {
        let count = requests.latency.count();
        let from = ((count as f64 * percent / 100.0) as u64).min(count.saturating_sub(1));
        let kept = count.saturating_sub(from);
        let mean = (kept > 0).then(|| requests.latency.sum_of_ranks(from, count) / kept as f64);
        (name, mean.map(|mean| (mean * 1000.0).round() / 1000.0).into())
    };
    let latency = map([
        slowest("P999", 99.9),
        slowest("P99", 99.0),
        slowest("P95", 95.0),
        slowest("P90", 90.0),
        slowest("P85", 85.0),
        slowest("P75", 75.0),
        slowest("P50", 50.0),
        slowest("P10", 10.0),
    ]);
    map([
        ("Duration", SPAN.into()),
        ("RequestCount", ((requests.requests / SPAN.unsigned_abs()) as i64).into()),
        ("StatusCodes", codes),
        ("Latency", latency),
    ])
}
