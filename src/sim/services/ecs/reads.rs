//! Clusters, services, task sets and task definitions.

use super::super::page::page;
use super::{
    check_cluster, invalid, invalid_token, is_cluster, is_service, missing, page_size, render,
    short,
};
use crate::sim::error::ApiError;
use crate::sim::value::{Value, list, map};
use crate::sim::world::World;

/// Most services in one request.
const SERVICES: usize = 10;

pub(super) fn list_clusters(world: &World, input: &Value) -> Result<Value, ApiError> {
    let size = page_size(input, 100)?;
    let ours = world.has_service().then(|| world.names.cluster());
    let (arns, next) = page(ours.into_iter().collect(), input, size, invalid_token)?;
    Ok(map([("clusterArns", list(arns)), ("nextToken", next.into())]))
}

pub(super) fn describe_clusters(world: &World, input: &Value) -> Value {
    let mut names = input.texts("clusters");
    if names.is_empty() {
        names.push("default");
    }
    let place = &world.names.place;
    let ours = |name: &&&str| is_cluster(world, name);
    let known = names.iter().filter(ours).map(|_| render::cluster(world));
    let unknown = names.iter().filter(|name| !ours(name)).map(|name| {
        let (region, account) = (&place.region, &place.account);
        missing(format!("arn:aws:ecs:{region}:{account}:cluster/{}", short(name)))
    });
    map([("clusters", list(known)), ("failures", list(unknown))])
}

pub(super) fn list_services(world: &World, input: &Value) -> Result<Value, ApiError> {
    check_cluster(world, input)?;
    let size = page_size(input, 10)?;
    let (arns, next) = page(vec![world.names.service()], input, size, invalid_token)?;
    Ok(map([("serviceArns", list(arns)), ("nextToken", next.into())]))
}

pub(super) fn describe_services(world: &World, input: &Value) -> Result<Value, ApiError> {
    check_cluster(world, input)?;
    let names = input.texts("services");
    if names.is_empty() {
        return Err(invalid("Services cannot be empty."));
    }
    if names.len() > SERVICES {
        return Err(invalid(format!("Services can have at most {SERVICES} entries.")));
    }
    let known = names.iter().filter(|name| is_service(world, name));
    let unknown = names.iter().filter(|name| !is_service(world, name)).map(|name| {
        let place = &world.names.place;
        let (region, account, cluster) = (&place.region, &place.account, &place.cluster);
        missing(format!("arn:aws:ecs:{region}:{account}:service/{cluster}/{}", short(name)))
    });
    Ok(map([
        ("services", list(known.map(|_| render::service(world)))),
        ("failures", list(unknown)),
    ]))
}

pub(super) fn describe_task_sets(world: &World, input: &Value) -> Result<Value, ApiError> {
    check_cluster(world, input)?;
    let service = input.text("service").ok_or_else(|| invalid("Service cannot be empty."))?;
    if !is_service(world, service) {
        return Err(ApiError::client("ServiceNotFoundException", "Service not found."));
    }
    let wanted = input.texts("taskSets");
    let mean = |id: &str| wanted.iter().any(|name| *name == id || name.ends_with(id));
    let sets = || world.ecs.live_sets();
    let shown = sets().filter(|(_, set)| wanted.is_empty() || mean(&set.id));
    let unknown = wanted
        .iter()
        .filter(|name| !sets().any(|(_, set)| **name == set.id || name.ends_with(&set.id)));
    Ok(map([
        ("taskSets", list(shown.map(|(key, set)| render::task_set(world, key, set)))),
        ("failures", list(unknown.map(|name| missing(world.names.task_set(name))))),
    ]))
}

pub(super) fn describe_task_definition(world: &World, input: &Value) -> Result<Value, ApiError> {
    let name = input.text("taskDefinition").unwrap_or_default();
    let unable = || ApiError::client("ClientException", "Unable to describe task definition.");
    let known = world.find_definition(name).filter(|_| world.has_service());
    let key = known.ok_or_else(unable)?;
    let definition = render::task_definition(world, key).ok_or_else(unable)?;
    Ok(map([("taskDefinition", definition), ("tags", Value::List(Vec::new()))]))
}
