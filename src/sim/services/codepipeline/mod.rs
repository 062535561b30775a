//! AWS CodePipeline: the pipeline, where its executions stand, and a person's answers.

mod describe;
mod history;

use super::{Service, unknown_operation};
use crate::sim::error::ApiError;
use crate::sim::value::{Value, map};
use crate::sim::world::World;
use crate::sim::world::pipeline::{Action, Pipeline};

/// The operations that are simulated.
pub const OPERATIONS: &[&str] = &[
    "GetPipeline",
    "GetPipelineState",
    "ListActionExecutions",
    "ListPipelineExecutions",
    "ListPipelines",
    "PutApprovalResult",
    "RollbackStage",
    "StopPipelineExecution",
];

/// Carries out an operation.
pub(crate) fn handle(world: &mut World, operation: &str, input: &Value) -> Result<Value, ApiError> {
    match operation {
        "GetPipeline" => describe::pipeline(world, input),
        "GetPipelineState" => describe::state(world, input),
        "ListActionExecutions" => history::actions(world, input),
        "ListPipelineExecutions" => history::executions(world, input),
        "ListPipelines" => describe::list_all(world, input),
        "PutApprovalResult" => put_approval_result(world, input),
        "RollbackStage" => rollback_stage(world, input),
        "StopPipelineExecution" => stop_pipeline_execution(world, input),
        _ => Err(unknown_operation(Service::CodePipeline, operation)),
    }
}

fn put_approval_result(world: &mut World, input: &Value) -> Result<Value, ApiError> {
    pipeline(world, input.text("pipelineName"))?;
    let action = stage(input)?;
    if input.text("actionName") != Some(action.word()) || action != Action::Approve {
        let message = "The stage has no approval action with this name.";
        return Err(refuse("ActionNotFoundException", message));
    }
    let result = input.get("result");
    let approves = match result.text("status") {
        Some("Approved") => true,
        Some("Rejected") => false,
        _ => return Err(invalid("The status of an approval is Approved or Rejected.")),
    };
    let summary = result.text("summary").unwrap_or_default().to_owned();
    let by = super::sts::caller_arn(world);
    let token = input.text("token").unwrap_or_default();
    let at = world.put_approval(token, approves, (&summary, by))?;
    Ok(map([("approvedAt", at.into())]))
}

fn rollback_stage(world: &mut World, input: &Value) -> Result<Value, ApiError> {
    let target = execution(world, input.text("pipelineName"), "targetPipelineExecutionId", input)?;
    if stage(input)? != Action::Deploy {
        let message = "The stage cannot be rolled back: it deploys nothing.";
        return Err(refuse("UnableToRollbackStageException", message));
    }
    let id = world.roll_back_stage(target)?;
    Ok(map([("pipelineExecutionId", id.into())]))
}

fn stop_pipeline_execution(world: &mut World, input: &Value) -> Result<Value, ApiError> {
    let index = execution(world, input.text("pipelineName"), "pipelineExecutionId", input)?;
    let abandon = input.bool("abandon").unwrap_or(false);
    let reason = input.text("reason").unwrap_or_default().to_owned();
    world.stop_pipeline(index, (abandon, &reason))?;
    let id = input.text("pipelineExecutionId").unwrap_or_default();
    Ok(map([("pipelineExecutionId", id.into())]))
}

/// The pipeline with this name.
fn pipeline<'w>(world: &'w World, name: Option<&str>) -> Result<&'w Pipeline, ApiError> {
    let name = name.unwrap_or_default();
    let ours = |pipeline: &&Pipeline| pipeline.config.name == name;
    world.pipeline.as_ref().filter(ours).ok_or_else(|| {
        let message = format!(
            "Account '{}' does not have a pipeline with name '{name}'",
            world.names.place.account
        );
        refuse("PipelineNotFoundException", &message)
    })
}

/// The execution that a member of the request names.
fn execution(
    world: &World,
    name: Option<&str>,
    member: &str,
    input: &Value,
) -> Result<usize, ApiError> {
    let id = input.text(member).unwrap_or_default();
    pipeline(world, name)?.find(id).ok_or_else(|| {
        let message = format!("The pipeline execution {id} does not exist.");
        refuse("PipelineExecutionNotFoundException", &message)
    })
}

/// The action of the stage that the request names.
fn stage(input: &Value) -> Result<Action, ApiError> {
    let name = input.text("stageName").unwrap_or_default();
    Action::ALL.into_iter().find(|action| action.stage() == name).ok_or_else(|| {
        let message = format!("The pipeline has no stage with name '{name}'");
        refuse("StageNotFoundException", &message)
    })
}

fn refuse(code: &str, message: &str) -> ApiError {
    ApiError::client(code, message)
}

fn invalid(message: &str) -> ApiError {
    refuse("ValidationException", message)
}

fn invalid_token() -> ApiError {
    refuse("InvalidNextTokenException", "The next token is not valid.")
}

/// How many items the request wants on a page, 1-100.
fn page_size(input: &Value) -> Result<usize, ApiError> {
    match input.int("maxResults") {
        None => Ok(100),
        Some(size @ 1..=100) => Ok(size as usize),
        Some(_) => Err(invalid("maxResults must be between 1 and 100.")),
    }
}
