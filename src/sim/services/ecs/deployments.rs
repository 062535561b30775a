//! Service deployments and revisions: lists, descriptions, and what people ask of them.

use super::super::page::page;
use super::native::{brief, is_status, service_deployment, service_revision};
use super::{check_cluster, invalid, invalid_token, is_service, missing, page_size, render};
use crate::sim::error::ApiError;
use crate::sim::value::{Value, map};
use crate::sim::world::World;
use crate::sim::world::keys::ServiceDeploymentKey;
use crate::sim::world::native::{Answer, Native, StopType};

/// Most ARNs in one request.
const ARNS: usize = 20;
/// Items on a page when none are asked for.
const PAGE: usize = 20;
/// The members of `UpdateService` that mean something here.
const UPDATES: [&str; 4] = ["cluster", "service", "taskDefinition", "forceNewDeployment"];

pub(super) fn list_service_deployments(world: &World, input: &Value) -> Result<Value, ApiError> {
    check_cluster(world, input)?;
    check_service(world, input)?;
    let statuses = input.texts("status");
    if let Some(unknown) = statuses.iter().find(|status| !is_status(status)) {
        return Err(invalid(format!("Unknown service deployment status {unknown}.")));
    }
    let range = input.get("createdAt");
    let (after, before) = (range.time("after"), range.time("before"));
    let native = world.native.as_ref();
    let newest_first = native.into_iter().flat_map(|native| native.deployments.iter().rev());
    let wanted = newest_first.filter(|one| {
        (statuses.is_empty() || statuses.contains(&one.status.word()))
            && after.is_none_or(|after| one.created >= after)
            && before.is_none_or(|before| one.created <= before)
    });
    let briefs = wanted.filter_map(|one| native.map(|native| brief(world, native, one))).collect();
    let (briefs, next) = page(briefs, input, page_size(input, PAGE)?, invalid_token)?;
    Ok(map([("serviceDeployments", Value::List(briefs)), ("nextToken", next.into())]))
}

pub(super) fn describe_service_deployments(
    world: &World,
    input: &Value,
) -> Result<Value, ApiError> {
    let describe = |native: &Native, arn: &str| {
        let key = find(world, native, arn)?;
        service_deployment(world, native, key)
    };
    described(world, input, ("serviceDeploymentArns", "serviceDeployments"), describe)
}

pub(super) fn describe_service_revisions(world: &World, input: &Value) -> Result<Value, ApiError> {
    let describe = |native: &Native, arn: &str| {
        let mut all = native.revisions.iter();
        let one = all.find(|one| world.names.service_revision(&one.id) == arn)?;
        Some(service_revision(world, native, one))
    };
    described(world, input, ("serviceRevisionArns", "serviceRevisions"), describe)
}

/// What the ARNs of a request name, and a failure for every one that names nothing.
fn described(
    world: &World,
    input: &Value,
    (member, reply): (&'static str, &'static str),
    describe: impl Fn(&Native, &str) -> Option<Value>,
) -> Result<Value, ApiError> {
    let arns = input.texts(member);
    if arns.is_empty() || arns.len() > ARNS {
        return Err(invalid(format!("{member} must have 1 to {ARNS} entries.")));
    }
    if let Some(name) = arns.iter().find(|name| !name.starts_with("arn:")) {
        return Err(invalid(format!("{name} is not an ARN.")));
    }
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for arn in arns {
        match world.native.as_ref().and_then(|native| describe(native, arn)) {
            Some(value) => found.push(value),
            None => failures.push(missing(arn.to_owned())),
        }
    }
    Ok(map([(reply, Value::List(found)), ("failures", Value::List(failures))]))
}

pub(super) fn stop_service_deployment(world: &mut World, input: &Value) -> Result<Value, ApiError> {
    let (key, arn) = named(world, input)?;
    let how = match input.text("stopType") {
        None | Some("ROLLBACK") => StopType::Rollback,
        Some("ABORT") => StopType::Abort,
        Some(other) => return Err(invalid(format!("Unknown stop type {other}."))),
    };
    world.stop_service_deployment(key, how)?;
    Ok(map([("serviceDeploymentArn", arn.into())]))
}

pub(super) fn continue_service_deployment(
    world: &mut World,
    input: &Value,
) -> Result<Value, ApiError> {
    let (key, arn) = named(world, input)?;
    let hook = input.text("hookId").unwrap_or_default();
    if hook.is_empty() {
        return Err(invalid("hookId cannot be empty."));
    }
    let answer = match input.text("action") {
        None | Some("CONTINUE") => Answer::Continue,
        Some("ROLLBACK") => Answer::Rollback,
        Some(other) => return Err(invalid(format!("Unknown action {other}."))),
    };
    world.continue_service_deployment(key, hook, answer)?;
    Ok(map([("serviceDeploymentArn", arn.into())]))
}

pub(super) fn update_service(world: &mut World, input: &Value) -> Result<Value, ApiError> {
    check_cluster(world, input)?;
    check_service(world, input)?;
    if let Value::Map(members) = input
        && let Some((other, _)) = members.iter().find(|(key, _)| !UPDATES.contains(&key.as_str()))
    {
        return Err(invalid(format!("{other} cannot be changed in the simulator.")));
    }
    let unable = || ApiError::client("ClientException", "TaskDefinition not found.");
    let asked = input.text("taskDefinition");
    let asked = asked.map(|name| world.find_definition(name).ok_or_else(unable)).transpose()?;
    let Some(native) = &world.native else {
        return Err(invalid(
            "Unable to update task definition on services with a CODE_DEPLOY deployment controller. \
             Use AWS CodeDeploy to trigger a new deployment.",
        ));
    };
    let present = native.revision(native.wanted()).map(|revision| revision.release);
    let forced = input.bool("forceNewDeployment").unwrap_or(false);
    if let Some(release) = asked.or(present)
        && (forced || Some(release) != present)
    {
        world.deploy_service(release);
    }
    Ok(map([("service", render::service(world))]))
}

fn check_service(world: &World, input: &Value) -> Result<(), ApiError> {
    let name = input.text("service").unwrap_or_default();
    if name.is_empty() {
        return Err(invalid("Service cannot be empty."));
    }
    if !is_service(world, name) {
        return Err(ApiError::client("ServiceNotFoundException", "Service not found."));
    }
    Ok(())
}

/// The service deployment that a request is about, and its ARN.
fn named(world: &World, input: &Value) -> Result<(ServiceDeploymentKey, String), ApiError> {
    let arn = input.text("serviceDeploymentArn").unwrap_or_default();
    if !arn.starts_with("arn:") {
        return Err(invalid("serviceDeploymentArn must be an ARN."));
    }
    let key = world.native.as_ref().and_then(|native| find(world, native, arn));
    let unknown = || {
        ApiError::client(
            "ServiceDeploymentNotFoundException",
            format!("The service deployment {arn} was not found."),
        )
    };
    Ok((key.ok_or_else(unknown)?, arn.to_owned()))
}

fn find(world: &World, native: &Native, arn: &str) -> Option<ServiceDeploymentKey> {
    let mut all = native.deployments.iter();
    all.position(|one| world.names.service_deployment(&one.id) == arn).map(ServiceDeploymentKey)
}
