//! Amazon ECS: the cluster, its service, task sets, tasks and task definitions, and the service's
//! own deployments.

mod deployments;
mod native;
mod reads;
mod render;
mod tasks;

#[cfg(test)]
mod tests;

use crate::sim::error::ApiError;
use crate::sim::value::Value;
use crate::sim::world::World;

/// The operations that are simulated.
pub const OPERATIONS: &[&str] = &[
    "ContinueServiceDeployment",
    "DescribeClusters",
    "DescribeServiceDeployments",
    "DescribeServiceRevisions",
    "DescribeServices",
    "DescribeTaskDefinition",
    "DescribeTaskSets",
    "DescribeTasks",
    "ListClusters",
    "ListServiceDeployments",
    "ListServices",
    "ListTasks",
    "StopServiceDeployment",
    "UpdateService",
];

/// Carries out an operation.
pub(crate) fn handle(world: &mut World, operation: &str, input: &Value) -> Result<Value, ApiError> {
    match operation {
        "ContinueServiceDeployment" => deployments::continue_service_deployment(world, input),
        "DescribeClusters" => Ok(reads::describe_clusters(world, input)),
        "DescribeServiceDeployments" => deployments::describe_service_deployments(world, input),
        "DescribeServiceRevisions" => deployments::describe_service_revisions(world, input),
        "DescribeServices" => reads::describe_services(world, input),
        "DescribeTaskDefinition" => reads::describe_task_definition(world, input),
        "DescribeTaskSets" => reads::describe_task_sets(world, input),
        "DescribeTasks" => tasks::describe_tasks(world, input),
        "ListClusters" => reads::list_clusters(world, input),
        "ListServiceDeployments" => deployments::list_service_deployments(world, input),
        "ListServices" => reads::list_services(world, input),
        "ListTasks" => tasks::list_tasks(world, input),
        "StopServiceDeployment" => deployments::stop_service_deployment(world, input),
        "UpdateService" => deployments::update_service(world, input),
        _ => Err(super::unknown_operation(super::Service::Ecs, operation)),
    }
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidParameterException", message)
}

fn invalid_token() -> ApiError {
    invalid("Invalid token in request.")
}

/// The last segment of an ARN, or the name itself.
fn short(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Refuses a request for another cluster; absent means the cluster called `default`.
fn check_cluster(world: &World, input: &Value) -> Result<(), ApiError> {
    let name = input.text("cluster").unwrap_or("default");
    if is_cluster(world, name) {
        return Ok(());
    }
    Err(ApiError::client("ClusterNotFoundException", "Cluster not found."))
}

/// Whether a name or ARN means the cluster.
fn is_cluster(world: &World, name: &str) -> bool {
    world.has_service() && (name == world.names.place.cluster || name == world.names.cluster())
}

/// Whether a name or ARN means the service.
fn is_service(world: &World, name: &str) -> bool {
    world.has_service() && (name == world.names.place.service || name == world.names.service())
}

/// How many items the request wants on a page, 1-100.
fn page_size(input: &Value, usual: usize) -> Result<usize, ApiError> {
    match input.int("maxResults") {
        None => Ok(usual),
        Some(count @ 1..=100) => Ok(count as usize),
        Some(_) => Err(invalid("maxResults must be between 1 and 100.")),
    }
}

/// A `Failure` for something that does not exist.
fn missing(arn: String) -> Value {
    crate::sim::value::map([("arn", arn.into()), ("reason", "MISSING".into())])
}
