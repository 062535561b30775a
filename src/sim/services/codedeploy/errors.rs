//! The refusals that many operations share: absent, malformed and unknown names.

use crate::sim::error::ApiError;
use crate::sim::value::Value;
use crate::sim::world::World;
use crate::sim::world::codedeploy::Deployment;
use crate::sim::world::keys::DeploymentKey;

pub(super) fn refuse(code: &str, message: impl Into<String>) -> ApiError {
    ApiError::client(code, message)
}

pub(super) fn invalid_token() -> ApiError {
    refuse("InvalidNextTokenException", "The next token was specified in an invalid format.")
}

/// The deployment that the request names.
pub(super) fn deployment<'w>(
    world: &'w World,
    input: &Value,
) -> Result<(DeploymentKey, &'w Deployment), ApiError> {
    let id = input.text("deploymentId").unwrap_or_default();
    if id.is_empty() {
        return Err(refuse(
            "DeploymentIdRequiredException",
            "At least one deployment ID must be specified.",
        ));
    }
    check_deployment_id(id)?;
    let key = world.deploy.find(id);
    key.and_then(|key| Some((key, world.deploy.deployment(key)?))).ok_or_else(|| {
        refuse("DeploymentDoesNotExistException", format!("The deployment {id} could not be found"))
    })
}

/// Deployment ids are `d-` and nine letters or digits.
pub(super) fn check_deployment_id(id: &str) -> Result<(), ApiError> {
    let right = id.strip_prefix("d-").is_some_and(|rest| {
        rest.len() == 9
            && rest.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    });
    if right {
        return Ok(());
    }
    Err(refuse(
        "InvalidDeploymentIdException",
        format!("Specified DeploymentId is not valid: {id}"),
    ))
}

/// Refuses a request that names no application or an unknown one.
pub(super) fn application(world: &World, input: &Value) -> Result<(), ApiError> {
    let name = input.text("applicationName").unwrap_or_default();
    if name.is_empty() {
        return Err(refuse("ApplicationNameRequiredException", "Application name is required."));
    }
    if name != world.names.place.application || !world.in_code_deploy() {
        return Err(refuse(
            "ApplicationDoesNotExistException",
            format!("No application found for name: {name}"),
        ));
    }
    Ok(())
}

/// Refuses a request that names no deployment group or an unknown one.
pub(super) fn group(world: &World, input: &Value) -> Result<(), ApiError> {
    let name = input.text("deploymentGroupName").unwrap_or_default();
    if name.is_empty() {
        return Err(refuse(
            "DeploymentGroupNameRequiredException",
            "Deployment Group name is required.",
        ));
    }
    if name != world.names.place.group {
        return Err(refuse(
            "DeploymentGroupDoesNotExistException",
            format!("No Deployment Group found for name: {name}"),
        ));
    }
    Ok(())
}

/// Refuses a batch that is too long.
pub(super) fn batch(items: usize, most: usize, code: &str) -> Result<(), ApiError> {
    if items <= most {
        return Ok(());
    }
    Err(refuse(code, format!("The batch of {items} items exceeds the maximum of {most}.")))
}
