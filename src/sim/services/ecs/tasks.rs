//! `ListTasks` and `DescribeTasks`.

use super::super::page::page;
use super::{check_cluster, invalid, invalid_token, is_service, missing, page_size, render, short};
use crate::sim::error::ApiError;
use crate::sim::value::{Value, list, map};
use crate::sim::world::World;
use crate::sim::world::ecs::{Task, TaskStatus};

/// Most tasks in one request.
const TASKS: usize = 100;
/// Filters that cannot be combined with `startedBy`.
const FILTERS: [&str; 6] =
    ["serviceName", "family", "containerInstance", "launchType", "desiredStatus", "daemonName"];

pub(super) fn list_tasks(world: &World, input: &Value) -> Result<Value, ApiError> {
    check_cluster(world, input)?;
    let started_by = input.text("startedBy");
    if started_by.is_some() && FILTERS.iter().any(|filter| input.has(filter)) {
        return Err(invalid("startedBy must be the only filter."));
    }
    if input.text("serviceName").is_some_and(|name| !is_service(world, name)) {
        return Err(ApiError::client("ServiceNotFoundException", "Service not found."));
    }
    let status = input.text("desiredStatus").unwrap_or("RUNNING");
    if !["RUNNING", "PENDING", "STOPPED"].contains(&status) {
        return Err(invalid(format!("Unknown desired status {status}.")));
    }
    let elsewhere = input.text("family").is_some_and(|family| family != world.names.place.service)
        || input.text("launchType").is_some_and(|kind| kind != "FARGATE")
        || input.has("containerInstance")
        || input.has("daemonName");
    let wanted = |task: &&Task| {
        let set = world.ecs.set(task.set);
        !elsewhere
            && started_by.is_none_or(|id| set.is_some_and(|set| set.id == id))
            && desired_status(task) == status
    };
    let arns = world.ecs.visible_tasks(world.now()).filter(wanted);
    let arns = arns.map(|task| world.names.task(&task.id)).collect();
    let (arns, next) = page(arns, input, page_size(input, TASKS)?, invalid_token)?;
    Ok(map([("taskArns", list(arns)), ("nextToken", next.into())]))
}

/// What the scheduler wants of a task; a task that starts is wanted running already.
pub(super) fn desired_status(task: &Task) -> &'static str {
    if task.wanted() { "RUNNING" } else { TaskStatus::Stopped.word() }
}

pub(super) fn describe_tasks(world: &World, input: &Value) -> Result<Value, ApiError> {
    check_cluster(world, input)?;
    let names = input.texts("tasks");
    if names.is_empty() {
        return Err(invalid("Tasks cannot be empty."));
    }
    if names.len() > TASKS {
        return Err(invalid(format!("Tasks can have at most {TASKS} entries.")));
    }
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for name in names {
        let id = short(name);
        match world.ecs.visible_tasks(world.now()).find(|task| task.id == id) {
            Some(task) => found.push(render::task(world, task)),
            None => failures.push(missing(world.names.task(id))),
        }
    }
    Ok(map([("tasks", Value::List(found)), ("failures", Value::List(failures))]))
}
