//! AWS CodeDeploy: deployments, their targets, groups, configurations and revisions.

mod errors;
mod lists;
mod orders;
mod reads;
mod render;
mod targets;

#[cfg(test)]
mod tests;

use crate::sim::error::ApiError;
use crate::sim::value::Value;
use crate::sim::world::World;

/// The operations that are simulated.
pub const OPERATIONS: &[&str] = &[
    "BatchGetApplicationRevisions",
    "BatchGetApplications",
    "BatchGetDeploymentGroups",
    "BatchGetDeploymentTargets",
    "BatchGetDeployments",
    "ContinueDeployment",
    "CreateDeployment",
    "GetApplication",
    "GetApplicationRevision",
    "GetDeployment",
    "GetDeploymentConfig",
    "GetDeploymentGroup",
    "GetDeploymentTarget",
    "ListApplications",
    "ListDeploymentConfigs",
    "ListDeploymentGroups",
    "ListDeploymentTargets",
    "ListDeployments",
    "StopDeployment",
];

/// Carries out an operation.
pub(crate) fn handle(world: &mut World, operation: &str, input: &Value) -> Result<Value, ApiError> {
    match operation {
        "BatchGetApplicationRevisions" => reads::batch_get_application_revisions(world, input),
        "BatchGetApplications" => reads::batch_get_applications(world, input),
        "BatchGetDeploymentGroups" => reads::batch_get_deployment_groups(world, input),
        "BatchGetDeploymentTargets" => reads::batch_get_deployment_targets(world, input),
        "BatchGetDeployments" => reads::batch_get_deployments(world, input),
        "ContinueDeployment" => orders::continue_deployment(world, input),
        "CreateDeployment" => orders::create_deployment(world, input),
        "GetApplication" => reads::get_application(world, input),
        "GetApplicationRevision" => reads::get_application_revision(world, input),
        "GetDeployment" => reads::get_deployment(world, input),
        "GetDeploymentConfig" => reads::get_deployment_config(world, input),
        "GetDeploymentGroup" => reads::get_deployment_group(world, input),
        "GetDeploymentTarget" => reads::get_deployment_target(world, input),
        "ListApplications" => lists::list_applications(world, input),
        "ListDeploymentConfigs" => lists::list_deployment_configs(world, input),
        "ListDeploymentGroups" => lists::list_deployment_groups(world, input),
        "ListDeploymentTargets" => lists::list_deployment_targets(world, input),
        "ListDeployments" => lists::list_deployments(world, input),
        "StopDeployment" => orders::stop_deployment(world, input),
        _ => Err(super::unknown_operation(super::Service::CodeDeploy, operation)),
    }
}
