//! The `List...` operations.

use jiff::Timestamp;

use super::super::page::page;
use super::errors::{application, deployment, group, invalid_token, refuse};
use crate::sim::error::ApiError;
use crate::sim::value::{Value, list, map};
use crate::sim::world::World;
use crate::sim::world::codedeploy::Deployment;

const STATUSES: [&str; 8] =
    ["Created", "Queued", "InProgress", "Baking", "Succeeded", "Failed", "Stopped", "Ready"];

pub(super) fn list_applications(world: &World, input: &Value) -> Result<Value, ApiError> {
    let ours = world.in_code_deploy().then(|| world.names.place.application.clone());
    names(ours.into_iter().collect(), "applications", input, world)
}

pub(super) fn list_deployment_groups(world: &World, input: &Value) -> Result<Value, ApiError> {
    application(world, input)?;
    let place = &world.names.place;
    let (groups, next) = page(vec![place.group.clone()], input, world.page_size, invalid_token)?;
    Ok(map([
        ("applicationName", place.application.as_str().into()),
        ("deploymentGroups", list(groups)),
        ("nextToken", next.into()),
    ]))
}

pub(super) fn list_deployment_configs(world: &World, input: &Value) -> Result<Value, ApiError> {
    let all = world.deploy.configs.iter().map(|config| config.name.clone()).collect();
    names(all, "deploymentConfigsList", input, world)
}

pub(super) fn list_deployment_targets(world: &World, input: &Value) -> Result<Value, ApiError> {
    let (_, deployment) = deployment(world, input)?;
    started(deployment)?;
    names(vec![world.names.deployment_target()], "targetIds", input, world)
}

pub(super) fn list_deployments(world: &World, input: &Value) -> Result<Value, ApiError> {
    if input.has("applicationName") || input.has("deploymentGroupName") {
        application(world, input)?;
        group(world, input)?;
    }
    let statuses = input.texts("includeOnlyStatuses");
    if let Some(unknown) = statuses.iter().find(|status| !STATUSES.contains(status)) {
        return Err(refuse(
            "InvalidDeploymentStatusException",
            format!("The specified deployment status {unknown} does not exist."),
        ));
    }
    let range = input.get("createTimeRange");
    let (from, to) = (range.time("start"), range.time("end"));
    if from.is_some_and(|from| to.is_some_and(|to| from > to)) {
        return Err(refuse(
            "InvalidTimeRangeException",
            "The start of the time range is later than its end.",
        ));
    }
    let within = |at: Timestamp| from.is_none_or(|from| at >= from) && to.is_none_or(|to| at <= to);
    let wanted = |deployment: &&Deployment| {
        (statuses.is_empty() || statuses.contains(&deployment.status.word()))
            && within(deployment.created)
    };
    let newest_first = world.deploy.deployments.iter().rev();
    let ids = newest_first.filter(wanted).map(|deployment| deployment.id.clone()).collect();
    names(ids, "deployments", input, world)
}

/// Refuses to tell the targets of a deployment that has none yet.
pub(super) fn started(deployment: &Deployment) -> Result<(), ApiError> {
    if deployment.progress.is_some() && deployment.started.is_some() {
        return Ok(());
    }
    Err(refuse(
        "DeploymentNotStartedException",
        format!("The deployment {} has not started.", deployment.id),
    ))
}

fn names(
    all: Vec<String>,
    member: &'static str,
    input: &Value,
    world: &World,
) -> Result<Value, ApiError> {
    let (items, next) = page(all, input, world.page_size, invalid_token)?;
    Ok(map([(member, list(items)), ("nextToken", next.into())]))
}
