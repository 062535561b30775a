//! AWS Elastic Beanstalk: environments, their health and events, the swap and the abort.

mod events;
mod health;
mod settings;

use super::{Service, unknown_operation};
use crate::sim::error::ApiError;
use crate::sim::value::{Value, list, map};
use crate::sim::world::World;
use crate::sim::world::beanstalk::{Beanstalk, Environment};

/// The operations that are simulated.
pub const OPERATIONS: &[&str] = &[
    "AbortEnvironmentUpdate",
    "DescribeApplications",
    "DescribeConfigurationSettings",
    "DescribeEnvironmentHealth",
    "DescribeEnvironments",
    "DescribeEvents",
    "DescribeInstancesHealth",
    "SwapEnvironmentCNAMEs",
];

/// Carries out an operation.
pub(crate) fn handle(world: &mut World, operation: &str, input: &Value) -> Result<Value, ApiError> {
    match operation {
        "AbortEnvironmentUpdate" => abort(world, input),
        "DescribeApplications" => Ok(settings::applications(world, input)),
        "DescribeConfigurationSettings" => settings::configuration(world, input),
        "DescribeEnvironmentHealth" => health::environment(world, input),
        "DescribeEnvironments" => environments(world, input),
        "DescribeEvents" => events::describe(world, input),
        "DescribeInstancesHealth" => health::instances(world, input),
        "SwapEnvironmentCNAMEs" => swap(world, input),
        _ => Err(unknown_operation(Service::Beanstalk, operation)),
    }
}

fn environments(world: &World, input: &Value) -> Result<Value, ApiError> {
    let (names, ids) = (input.texts("EnvironmentNames"), input.texts("EnvironmentIds"));
    let wanted = |environment: &&Environment| {
        (names.is_empty() || names.contains(&environment.name.as_str()))
            && (ids.is_empty() || ids.contains(&environment.id.as_str()))
            && of_application(world, input)
            && input
                .text("VersionLabel")
                .is_none_or(|label| label == world.version_label(environment.release))
    };
    let all = world.beanstalk.iter().flat_map(|one| &one.environments);
    let found = all.filter(wanted).map(|environment| described(world, environment)).collect();
    let (found, next) = page(found, (input.text("NextToken"), input.int("MaxRecords")))?;
    Ok(map([("Environments", found), ("NextToken", next.into())]))
}

/// An `EnvironmentDescription`.
fn described(world: &World, environment: &Environment) -> Value {
    let (health, _) = world.environment_health(environment);
    // Nobody judges an environment that is being changed.
    let at_rest = environment.status == crate::sim::world::beanstalk::Status::Ready;
    let tier = map([("Name", "WebServer"), ("Type", "Standard"), ("Version", "1.0")]
        .map(|(name, value)| (name, Value::from(value))));
    map([
        ("EnvironmentName", environment.name.as_str().into()),
        ("EnvironmentId", environment.id.as_str().into()),
        ("ApplicationName", world.names.place.application.as_str().into()),
        ("VersionLabel", world.version_label(environment.release).into()),
        ("SolutionStackName", settings::STACK.into()),
        ("EndpointURL", environment.endpoint.as_str().into()),
        ("CNAME", environment.cname.as_str().into()),
        ("DateCreated", environment.created.into()),
        ("DateUpdated", environment.updated.into()),
        ("Status", environment.status.word().into()),
        ("AbortableOperationInProgress", environment.is_abortable().into()),
        ("Health", if at_rest { health.color() } else { "Grey" }.into()),
        ("HealthStatus", health.word().into()),
        ("Tier", tier),
        ("EnvironmentLinks", list::<Value>([])),
        ("EnvironmentArn", arn(world, &format!("environment/{{}}/{}", environment.name)).into()),
    ])
}

/// An ARN whose `{}` is the application.
fn arn(world: &World, rest: &str) -> String {
    let place = &world.names.place;
    let rest = rest.replace("{}", &place.application);
    format!("arn:aws:elasticbeanstalk:{}:{}:{rest}", place.region, place.account)
}

fn swap(world: &mut World, input: &Value) -> Result<Value, ApiError> {
    let one =
        find(world, (input.text("SourceEnvironmentName"), input.text("SourceEnvironmentId")))?;
    let names = (input.text("DestinationEnvironmentName"), input.text("DestinationEnvironmentId"));
    let other = find(world, names)?;
    world.swap_cnames((one, other))?;
    Ok(Value::Null)
}

fn abort(world: &mut World, input: &Value) -> Result<Value, ApiError> {
    let index = find(world, named(input))?;
    world.abort_update(index)?;
    Ok(Value::Null)
}

/// Name and id by which the request means an environment.
fn named(input: &Value) -> (Option<&str>, Option<&str>) {
    (input.text("EnvironmentName"), input.text("EnvironmentId"))
}

fn find(world: &World, (name, id): (Option<&str>, Option<&str>)) -> Result<usize, ApiError> {
    if name.is_none() && id.is_none() {
        return Err(invalid("You must specify an environment name or an environment ID."));
    }
    let found = world.beanstalk.as_ref().and_then(|all: &Beanstalk| all.find(name, id));
    found.ok_or_else(|| {
        let (kind, which) = match (name, id) {
            (Some(name), _) => ("EnvironmentName", name),
            (None, id) => ("EnvironmentId", id.unwrap_or_default()),
        };
        invalid(&format!("No Environment found for {kind} = '{which}'."))
    })
}

/// The environment that the request names.
fn environment<'w>(world: &'w World, input: &Value) -> Result<&'w Environment, ApiError> {
    let index = find(world, named(input))?;
    let all = world.beanstalk.as_ref().map(|all| &all.environments);
    all.and_then(|all| all.get(index)).ok_or_else(|| invalid("No Environment found."))
}

/// Whether the request means the application, or any.
fn of_application(world: &World, input: &Value) -> bool {
    input.text("ApplicationName").is_none_or(|name| name == world.names.place.application)
}

/// One page of items; a token is the number of items before it.
fn page(
    items: Vec<Value>,
    (token, size): (Option<&str>, Option<i64>),
) -> Result<(Value, Option<String>), ApiError> {
    const MOST: usize = 1000;
    let size = match size {
        None => MOST,
        Some(size) => usize::try_from(size)
            .ok()
            .filter(|size| (1..=MOST).contains(size))
            .ok_or_else(|| invalid("MaxRecords must be between 1 and 1000."))?,
    };
    let first = match token {
        None => 0,
        Some(token) => {
            let first = token.parse().ok().filter(|first| *first < items.len());
            first.ok_or_else(|| invalid("The NextToken is not valid."))?
        }
    };
    let next = first.saturating_add(size);
    let token = (next < items.len()).then(|| next.to_string());
    Ok((Value::List(items.into_iter().skip(first).take(size).collect()), token))
}

fn invalid(message: &str) -> ApiError {
    ApiError::client("InvalidParameterValue", message)
}
