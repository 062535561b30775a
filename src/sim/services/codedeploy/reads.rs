//! The `Get...` and `BatchGet...` operations.

use super::errors::{application, batch, check_deployment_id, deployment, group, refuse};
use super::lists::started;
use super::{render, targets};
use crate::sim::error::ApiError;
use crate::sim::value::{Value, list, map};
use crate::sim::world::World;
use crate::sim::world::codedeploy::{Platform, Revision, RevisionKey};
use crate::sim::world::keys::DeploymentKey;

/// Most deployments, targets or revisions in one request.
const BATCH: usize = 25;
/// Most groups or applications in one request.
const NAMES: usize = 100;

pub(super) fn get_deployment(world: &World, input: &Value) -> Result<Value, ApiError> {
    let (key, _) = deployment(world, input)?;
    Ok(map([("deploymentInfo", render::deployment(world, key))]))
}

pub(super) fn batch_get_deployments(world: &World, input: &Value) -> Result<Value, ApiError> {
    let ids = input.texts("deploymentIds");
    if ids.is_empty() {
        return Err(refuse(
            "DeploymentIdRequiredException",
            "At least one deployment ID must be specified.",
        ));
    }
    batch(ids.len(), BATCH, "BatchLimitExceededException")?;
    ids.iter().try_for_each(|id| check_deployment_id(id))?;
    let known = ids.iter().filter_map(|id| world.deploy.find(id));
    Ok(map([("deploymentsInfo", list(known.map(|key| render::deployment(world, key))))]))
}

pub(super) fn get_deployment_group(world: &World, input: &Value) -> Result<Value, ApiError> {
    application(world, input)?;
    group(world, input)?;
    Ok(map([("deploymentGroupInfo", render::group(world))]))
}

pub(super) fn batch_get_deployment_groups(world: &World, input: &Value) -> Result<Value, ApiError> {
    application(world, input)?;
    let names = input.texts("deploymentGroupNames");
    if names.is_empty() {
        return Err(refuse(
            "DeploymentGroupNameRequiredException",
            "At least one deployment group name must be specified.",
        ));
    }
    batch(names.len(), NAMES, "BatchLimitExceededException")?;
    let place = &world.names.place;
    let (known, unknown): (Vec<&str>, Vec<&str>) =
        names.iter().partition(|name| **name == place.group);
    let error = (!unknown.is_empty())
        .then(|| format!("No Deployment Group found for name: {}", unknown.join(", ")));
    Ok(map([
        ("deploymentGroupsInfo", list(known.iter().map(|_| render::group(world)))),
        ("errorMessage", error.into()),
    ]))
}

pub(super) fn get_deployment_config(world: &World, input: &Value) -> Result<Value, ApiError> {
    let name = input.text("deploymentConfigName").unwrap_or_default();
    if name.is_empty() {
        return Err(refuse(
            "DeploymentConfigNameRequiredException",
            "Deployment Config name is required.",
        ));
    }
    let config = world.deploy.config(name).ok_or_else(|| unknown_config(name))?;
    Ok(map([("deploymentConfigInfo", render::config(config))]))
}

pub(super) fn unknown_config(name: &str) -> ApiError {
    refuse(
        "DeploymentConfigDoesNotExistException",
        format!("No Deployment Configuration found for name: {name}"),
    )
}

pub(super) fn batch_get_deployment_targets(
    world: &World,
    input: &Value,
) -> Result<Value, ApiError> {
    let (key, deployment) = deployment(world, input)?;
    let ids = input.texts("targetIds");
    if ids.is_empty() {
        return Err(target_required());
    }
    batch(ids.len(), BATCH, "DeploymentTargetListSizeExceededException")?;
    started(deployment)?;
    ids.iter().try_for_each(|id| check_target(world, key, id))?;
    Ok(map([("deploymentTargets", list(ids.iter().map(|id| targets::target(world, key, id))))]))
}

pub(super) fn get_deployment_target(world: &World, input: &Value) -> Result<Value, ApiError> {
    let (key, deployment) = deployment(world, input)?;
    let id = input.text("targetId").unwrap_or_default();
    if id.is_empty() {
        return Err(target_required());
    }
    started(deployment)?;
    check_target(world, key, id)?;
    Ok(map([("deploymentTarget", targets::target(world, key, id))]))
}

fn target_required() -> ApiError {
    refuse("DeploymentTargetIdRequiredException", "A deployment target ID was not provided.")
}

fn check_target(world: &World, key: DeploymentKey, id: &str) -> Result<(), ApiError> {
    let known = match &world.fleet {
        None => id == world.deployment_target(),
        Some(_) => world.find_instance_target(key, id).is_some(),
    };
    if known {
        return Ok(());
    }
    if id.contains(':') || world.platform() != Platform::Ecs {
        return Err(refuse(
            "DeploymentTargetDoesNotExistException",
            format!("The provided target ID {id} does not belong to the attempted deployment."),
        ));
    }
    Err(refuse("InvalidDeploymentTargetIdException", format!("The target ID {id} is not valid.")))
}

pub(super) fn get_application(world: &World, input: &Value) -> Result<Value, ApiError> {
    application(world, input)?;
    Ok(map([("application", render::application(world))]))
}

pub(super) fn batch_get_applications(world: &World, input: &Value) -> Result<Value, ApiError> {
    let names = input.texts("applicationNames");
    if names.is_empty() {
        return Err(refuse(
            "ApplicationNameRequiredException",
            "At least one application name must be specified.",
        ));
    }
    batch(names.len(), NAMES, "BatchLimitExceededException")?;
    let known = names.iter().filter(|name| **name == world.names.place.application);
    Ok(map([("applicationsInfo", list(known.map(|_| render::application(world))))]))
}

pub(super) fn get_application_revision(world: &World, input: &Value) -> Result<Value, ApiError> {
    application(world, input)?;
    let location = input.get("revision");
    let revision = find_revision(world, location)?;
    Ok(map([
        ("applicationName", world.names.place.application.as_str().into()),
        ("revision", render::location(world, revision, Some(&revision.content))),
        ("revisionInfo", render::revision(world, revision)),
    ]))
}

pub(super) fn batch_get_application_revisions(
    world: &World,
    input: &Value,
) -> Result<Value, ApiError> {
    application(world, input)?;
    let locations = input.list("revisions");
    if locations.is_empty() {
        return Err(refuse("RevisionRequiredException", "The revision ID was not specified."));
    }
    batch(locations.len(), BATCH, "BatchLimitExceededException")?;
    let known = locations.iter().filter_map(|location| find_revision(world, location).ok());
    let revisions = known.map(|revision| {
        map([
            ("revisionLocation", render::location(world, revision, Some(&revision.content))),
            ("genericRevisionInfo", render::revision(world, revision)),
        ])
    });
    Ok(map([
        ("applicationName", world.names.place.application.as_str().into()),
        ("revisions", list(revisions)),
    ]))
}

/// The registered revision that a location means.
fn find_revision<'w>(world: &'w World, location: &Value) -> Result<&'w Revision, ApiError> {
    let key = registered(world, location)?.ok_or_else(|| {
        refuse("RevisionDoesNotExistException", "The named revision does not exist.")
    })?;
    world.deploy.revision(key).ok_or_else(|| {
        refuse("RevisionDoesNotExistException", "The named revision does not exist.")
    })
}

/// The key of a location's revision, by its hash; `None` when it is not registered.
pub(super) fn registered(world: &World, location: &Value) -> Result<Option<RevisionKey>, ApiError> {
    if *location == Value::Null {
        return Err(refuse("RevisionRequiredException", "The revision ID was not specified."));
    }
    let body = revision_body(location)?;
    if let Some(bundle) = body.text("key").filter(|_| world.fleet.is_some()) {
        let known = world.deploy.revisions.iter().position(|known| known.content == bundle);
        return Ok(known.map(RevisionKey));
    }
    let Some(hash) = body.text("sha256") else {
        return Ok(None);
    };
    Ok(world.deploy.revisions.iter().position(|known| known.sha256 == hash).map(RevisionKey))
}

/// The member of a location that its type names.
pub(super) fn revision_body(location: &Value) -> Result<&Value, ApiError> {
    match location.text("revisionType") {
        Some("AppSpecContent") => Ok(location.get("appSpecContent")),
        Some("String") => Ok(location.get("string")),
        Some("S3") => Ok(location.get("s3Location")),
        Some("GitHub") => Ok(&Value::Null),
        _ => Err(refuse(
            "InvalidRevisionException",
            "The revision was specified in an invalid format.",
        )),
    }
}
