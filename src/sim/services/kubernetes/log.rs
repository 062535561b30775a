//! What the containers of pods have written: text, a line each, and no end to follow.

use std::fmt::Write;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use super::lists::find;
use super::{not_found, refused};
use crate::sim::error::ApiError;
use crate::sim::value::Value;
use crate::sim::world::World;
use crate::sim::world::argo::{Kind, text};

/// The log of a pod's container.
pub(super) fn get(world: &World, input: &Value) -> Result<Value, ApiError> {
    let name = input.text("name").unwrap_or_default();
    let object = find(world, input, (Kind::Pod, name))?;
    let argo = world.argo.as_ref();
    let pod = argo.and_then(|argo| argo.pods.iter().find(|pod| pod.name == name));
    let pod = pod.ok_or_else(|| not_found(Kind::Pod, name))?;
    let container = container(object, input.text("container").filter(|text| !text.is_empty()))?;
    let started = ["/state/running/startedAt", "/lastState/terminated/startedAt"];
    let status = &object["status"]["containerStatuses"][0];
    let moment = |path: &str| text(status, path).parse::<Timestamp>().ok();
    let died = moment("/lastState/terminated/finishedAt");
    let code = status.pointer("/lastState/terminated/exitCode").and_then(Json::as_i64);
    let last = died.zip(code.and_then(|code| i32::try_from(code).ok()));
    // A container that has died and not been started again is still the one that is read.
    let Some(started) = started.into_iter().find_map(moment).or(died) else {
        let waits = text(status, "/state/waiting/reason");
        let waits = if waits.is_empty() { "ContainerCreating" } else { waits };
        let text =
            format!("container \"{container}\" in pod \"{name}\" is waiting to start: {waits}");
        return Err(refused(400, "BadRequest", text));
    };
    let mut lines = world.pod_lines(pod, (started, last), (from(world, input), Timestamp::MAX));
    if let Some(tail) = input.int("tailLines").and_then(|tail| usize::try_from(tail).ok()) {
        lines.drain(..lines.len().saturating_sub(tail));
    }
    let timed = input.text("timestamps") == Some("true");
    let mut text = String::new();
    for line in lines {
        if timed {
            // Writing to a string cannot fail.
            let _ = write!(text, "{:.9} ", line.at);
        }
        text.push_str(&line.text);
        text.push('\n');
    }
    if let Some(most) = input.int("limitBytes").and_then(|most| usize::try_from(most).ok()) {
        text.truncate(text.floor_char_boundary(most));
    }
    Ok(text.into())
}

/// The container that is asked for, or the only one.
fn container<'a>(pod: &'a Json, named: Option<&str>) -> Result<&'a str, ApiError> {
    let all = pod["spec"]["containers"].as_array().map(Vec::as_slice).unwrap_or_default();
    let names: Vec<&str> = all.iter().map(|container| text(container, "/name")).collect();
    let pod = text(pod, "/metadata/name");
    match (named, names.as_slice()) {
        (None, [only]) => Ok(*only),
        (None, all) => {
            let text = format!(
                "a container name must be specified for pod {pod}, choose one of: [{}]",
                all.join(" ")
            );
            Err(refused(400, "BadRequest", text))
        }
        (Some(named), all) => all.iter().find(|name| **name == named).copied().ok_or_else(|| {
            refused(400, "BadRequest", format!("container {named} is not valid for pod {pod}"))
        }),
    }
}

/// From when on.
fn from(world: &World, input: &Value) -> Timestamp {
    let since = input.text("sinceTime").and_then(|at| at.parse::<Timestamp>().ok());
    let seconds = input.int("sinceSeconds").map(SignedDuration::from_secs);
    let back = seconds.and_then(|span| world.now().checked_sub(span).ok());
    since.or(back).unwrap_or(Timestamp::MIN)
}
