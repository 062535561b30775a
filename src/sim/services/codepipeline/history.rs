//! Executions of the pipeline and of its actions, newest first.

use super::super::page::page;
use super::describe::{VERSION, configuration, error_details, kind};
use super::{execution, invalid_token, page_size, pipeline as named, stage};
use crate::sim::error::ApiError;
use crate::sim::value::{Value, list, map};
use crate::sim::world::World;
use crate::sim::world::pipeline::{Action, Execution, Pipeline, Run};

/// Answers ListPipelineExecutions.
pub(super) fn executions(world: &World, input: &Value) -> Result<Value, ApiError> {
    let pipeline = named(world, input.text("pipelineName"))?;
    let succeeded = match input.get("filter").get("succeededInStage") {
        Value::Null => None,
        filter => Some(stage(filter)?),
    };
    let newest_first = pipeline.executions.iter().rev();
    let wanted = newest_first.filter(|one| succeeded.is_none_or(|action| one.succeeded_in(action)));
    let all = wanted.map(|one| summary(world, pipeline, one)).collect();
    let (found, next) = page(all, input, page_size(input)?, invalid_token)?;
    Ok(map([("pipelineExecutionSummaries", list(found)), ("nextToken", next.into())]))
}

fn summary(world: &World, pipeline: &Pipeline, execution: &Execution) -> Value {
    let tag = world.releases.get(execution.release.0).map_or("", |release| release.tag.as_str());
    // A connection to a repository puts the message into JSON.
    let message = format!(r#"{{"ProviderType":"GitHub","CommitMessage":"release {tag}"}}"#);
    let source = map([
        ("actionName", Action::Source.word().into()),
        ("revisionId", execution.commit.as_str().into()),
        ("revisionSummary", message.into()),
    ]);
    let target = execution.rolls_back_to.and_then(|index| pipeline.executions.get(index));
    let (kind, trigger) = match target {
        None => ("STANDARD", "WebhookV2"),
        Some(_) => ("ROLLBACK", "ManualRollback"),
    };
    let rollback =
        target.map(|one| map([("rollbackTargetPipelineExecutionId", one.id.as_str().into())]));
    let stop = execution.stopped.as_ref().map(|reason| map([("reason", reason.as_str().into())]));
    map([
        ("pipelineExecutionId", execution.id.as_str().into()),
        ("status", execution.status.word().into()),
        ("startTime", execution.started.into()),
        ("lastUpdateTime", execution.updated.into()),
        ("sourceRevisions", list([source])),
        ("trigger", map([("triggerType", trigger.into())])),
        ("stopTrigger", stop.into()),
        ("executionMode", "SUPERSEDED".into()),
        ("executionType", kind.into()),
        ("rollbackMetadata", rollback.into()),
    ])
}

/// Answers ListActionExecutions.
pub(super) fn actions(world: &World, input: &Value) -> Result<Value, ApiError> {
    let name = input.text("pipelineName");
    let pipeline = named(world, name)?;
    let only = match input.get("filter") {
        filter if filter.has("pipelineExecutionId") => {
            Some(execution(world, name, "pipelineExecutionId", filter)?)
        }
        _ => None,
    };
    let newest_first = pipeline.executions.iter().enumerate().rev();
    let wanted = newest_first.filter(|(index, _)| only.is_none_or(|only| only == *index));
    let all = wanted
        .flat_map(|(_, one)| one.runs.iter().rev().map(move |run| (one, run)))
        .map(|(one, run)| detail(world, one, run))
        .collect();
    let (found, next) = page(all, input, page_size(input)?, invalid_token)?;
    Ok(map([("actionExecutionDetails", list(found)), ("nextToken", next.into())]))
}

fn detail(world: &World, execution: &Execution, run: &Run) -> Value {
    let given = map([
        ("actionTypeId", kind(run.action)),
        ("configuration", configuration(world, run.action)),
        ("region", world.names.place.region.as_str().into()),
    ]);
    let result = map([
        ("externalExecutionId", run.external.clone().into()),
        ("externalExecutionSummary", run.summary.clone().into()),
        ("errorDetails", error_details(run)),
    ]);
    map([
        ("pipelineExecutionId", execution.id.as_str().into()),
        ("actionExecutionId", run.id.as_str().into()),
        ("pipelineVersion", VERSION.into()),
        ("stageName", run.action.stage().into()),
        ("actionName", run.action.word().into()),
        ("startTime", run.started.into()),
        ("lastUpdateTime", run.updated.into()),
        ("updatedBy", run.by.clone().into()),
        ("status", run.status.word().into()),
        ("input", given),
        ("output", map([("executionResult", result)])),
    ])
}
