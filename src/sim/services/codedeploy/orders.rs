//! The operations that change something.

use super::errors::{application, deployment, group, refuse};
use super::reads::{registered, revision_body, unknown_config};
use super::render;
use crate::sim::error::ApiError;
use crate::sim::value::{Value, map};
use crate::sim::world::World;
use crate::sim::world::codedeploy::{AutoRollback, RevisionKey};
use crate::sim::world::orders::{NewDeployment, StopAnswer, Wait};

/// Longest description of a deployment.
const DESCRIPTION: usize = 256;
/// Most alarms of a deployment.
const ALARMS: usize = 10;

pub(super) fn stop_deployment(world: &mut World, input: &Value) -> Result<Value, ApiError> {
    let (key, _) = deployment(world, input)?;
    let (status, message) = match world.stop_deployment(key, input.bool("autoRollbackEnabled"))? {
        StopAnswer::Pending => {
            ("Pending", "A request to stop the deployment has been sent; events are finishing.")
        }
        StopAnswer::Succeeded => ("Succeeded", "No more lifecycle events are running."),
    };
    Ok(map([("status", status), ("statusMessage", message)].map(text)))
}

fn text((key, value): (&'static str, &'static str)) -> (&'static str, Value) {
    (key, value.into())
}

pub(super) fn continue_deployment(world: &mut World, input: &Value) -> Result<Value, ApiError> {
    let (key, _) = deployment(world, input)?;
    let wait = match input.text("deploymentWaitType") {
        None | Some("READY_WAIT") => Wait::Ready,
        Some("TERMINATION_WAIT") => Wait::Termination,
        Some(other) => {
            return Err(refuse(
                "InvalidDeploymentWaitTypeException",
                format!("The wait type {other} is invalid."),
            ));
        }
    };
    world.continue_deployment(key, wait)?;
    Ok(Value::Map(Vec::new()))
}

pub(super) fn create_deployment(world: &mut World, input: &Value) -> Result<Value, ApiError> {
    application(world, input)?;
    group(world, input)?;
    let description = input.text("description").map(str::to_owned);
    if description.as_ref().is_some_and(|text| text.chars().count() > DESCRIPTION) {
        return Err(refuse("DescriptionTooLongException", "The description is too long."));
    }
    let config = input.text("deploymentConfigName").map(str::to_owned);
    if let Some(name) = config.as_deref().filter(|name| world.deploy.config(name).is_none()) {
        return Err(unknown_config(name));
    }
    let auto_rollback = auto_rollback(input.get("autoRollbackConfiguration"))?;
    let alarm_override = alarm_override(input.get("overrideAlarmConfiguration"))?;
    let revision = revision(world, input.get("revision"))?;
    let id = world.create_deployment(NewDeployment {
        revision,
        config,
        description,
        auto_rollback,
        alarm_override,
    })?;
    Ok(map([("deploymentId", id)].map(|(key, id)| (key, id.into()))))
}

fn auto_rollback(input: &Value) -> Result<Option<AutoRollback>, ApiError> {
    if *input == Value::Null {
        return Ok(None);
    }
    let event = |word: &&str| {
        render::rollback_event(word).ok_or_else(|| {
            refuse(
                "InvalidAutoRollbackConfigException",
                format!("The automatic rollback event {word} does not exist."),
            )
        })
    };
    let events = input.texts("events").iter().map(event).collect::<Result<_, _>>()?;
    Ok(Some(AutoRollback { enabled: input.bool("enabled").unwrap_or(false), events }))
}

fn alarm_override(input: &Value) -> Result<Option<Vec<String>>, ApiError> {
    if *input == Value::Null {
        return Ok(None);
    }
    let alarms = input.list("alarms");
    if alarms.len() > ALARMS {
        return Err(refuse("AlarmsLimitExceededException", "The maximum number of alarms is 10."));
    }
    if !input.bool("enabled").unwrap_or(false) {
        return Ok(Some(Vec::new()));
    }
    let names = alarms.iter().map(|alarm| alarm.text("name").map(str::to_owned));
    let names: Option<Vec<String>> = names.collect();
    names.map(Some).ok_or_else(|| refuse("InvalidAlarmConfigException", "An alarm has no name."))
}

/// The revision of the request: a registered one by its hash, or new content.
fn revision(world: &mut World, location: &Value) -> Result<RevisionKey, ApiError> {
    let known = registered(world, location)?;
    let Some(content) = revision_body(location)?.text("content") else {
        return known.ok_or_else(|| {
            refuse("RevisionDoesNotExistException", "The named revision does not exist.")
        });
    };
    world.register_revision(content).ok_or_else(|| {
        refuse(
            "InvalidRevisionException",
            "The AppSpec does not name a task definition that exists.",
        )
    })
}
