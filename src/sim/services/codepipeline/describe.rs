//! The pipeline's structure, and the state of each stage.

use super::super::page::page;
use super::{invalid_token, page_size, pipeline as named};
use crate::sim::error::ApiError;
use crate::sim::value::{Value, list, map};
use crate::sim::world::World;
use crate::sim::world::pipeline::{Action, Pipeline, Run, RunStatus};

/// The version of the pipeline's structure.
pub(super) const VERSION: i64 = 4;

/// Answers ListPipelines.
pub(super) fn list_all(world: &World, input: &Value) -> Result<Value, ApiError> {
    let summary = |pipeline: &Pipeline| {
        map([
            ("name", pipeline.config.name.as_str().into()),
            ("version", VERSION.into()),
            ("pipelineType", "V2".into()),
            ("executionMode", "SUPERSEDED".into()),
            ("created", pipeline.created.into()),
            ("updated", pipeline.created.into()),
        ])
    };
    let all = world.pipeline.iter().map(summary).collect();
    let (all, next) = page(all, input, page_size(input)?, invalid_token)?;
    Ok(map([("pipelines", list(all)), ("nextToken", next.into())]))
}

/// Answers GetPipeline.
pub(super) fn pipeline(world: &World, input: &Value) -> Result<Value, ApiError> {
    let pipeline = named(world, input.text("name"))?;
    let place = &world.names.place;
    let store = map([
        ("type", "S3".into()),
        ("location", format!("{}-artifacts", place.application).into()),
    ]);
    let stages = Action::ALL.map(|action| {
        map([("name", action.stage().into()), ("actions", list([declaration(world, action)]))])
    });
    let structure = map([
        ("name", pipeline.config.name.as_str().into()),
        ("roleArn", world.names.role("pipeline").into()),
        ("artifactStore", store),
        ("stages", list(stages)),
        ("version", VERSION.into()),
        ("executionMode", "SUPERSEDED".into()),
        ("pipelineType", "V2".into()),
    ]);
    let name = &pipeline.config.name;
    let arn = format!("arn:aws:codepipeline:{}:{}:{name}", place.region, place.account);
    let metadata = map([
        ("pipelineArn", arn.into()),
        ("created", pipeline.created.into()),
        ("updated", pipeline.created.into()),
    ]);
    Ok(map([("pipeline", structure), ("metadata", metadata)]))
}

fn declaration(world: &World, action: Action) -> Value {
    let (needs, gives) = match action {
        Action::Source => (None, Some("SourceOutput")),
        Action::Build => (Some("SourceOutput"), Some("BuildOutput")),
        Action::Approve => (None, None),
        Action::Deploy => (Some("BuildOutput"), None),
    };
    let artifacts = |name: Option<&str>| list(name.map(|name| map([("name", Value::from(name))])));
    map([
        ("name", action.word().into()),
        ("actionTypeId", kind(action)),
        ("runOrder", 1_i64.into()),
        ("configuration", configuration(world, action)),
        ("outputArtifacts", artifacts(gives)),
        ("inputArtifacts", artifacts(needs)),
        ("region", world.names.place.region.as_str().into()),
    ])
}

/// An `ActionTypeId`.
pub(super) fn kind(action: Action) -> Value {
    let (category, provider) = match action {
        Action::Source => ("Source", "CodeStarSourceConnection"),
        Action::Build => ("Build", "CodeBuild"),
        Action::Approve => ("Approval", "Manual"),
        Action::Deploy => ("Deploy", "CodeDeployToECS"),
    };
    map([("category", category), ("owner", "AWS"), ("provider", provider), ("version", "1")]
        .map(|(name, value)| (name, Value::from(value))))
}

/// What an action is told.
pub(super) fn configuration(world: &World, action: Action) -> Value {
    let place = &world.names.place;
    let pairs: &[(&str, &str)] = match action {
        Action::Source => &[("FullRepositoryId", "example/checkout"), ("BranchName", "main")],
        Action::Build => &[("ProjectName", "checkout-build")],
        Action::Approve => &[("CustomData", "Look at the release notes before you approve.")],
        Action::Deploy => &[
            ("ApplicationName", &place.application),
            ("DeploymentGroupName", &place.group),
            ("AppSpecTemplateArtifact", "BuildOutput"),
            ("TaskDefinitionTemplateArtifact", "BuildOutput"),
        ],
    };
    Value::Map(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect())
}

/// Answers GetPipelineState.
pub(super) fn state(world: &World, input: &Value) -> Result<Value, ApiError> {
    let pipeline = named(world, input.text("name"))?;
    Ok(map([
        ("pipelineName", pipeline.config.name.as_str().into()),
        ("pipelineVersion", VERSION.into()),
        ("stageStates", list(Action::ALL.map(|action| stage(pipeline, action)))),
        ("created", pipeline.created.into()),
        ("updated", pipeline.created.into()),
    ]))
}

fn stage(pipeline: &Pipeline, action: Action) -> Value {
    let latest = pipeline.latest(action);
    let execution = latest.and_then(|(index, run)| Some((pipeline.executions.get(index)?, run)));
    let latest_execution = execution.map(|(execution, run)| {
        let kind = if execution.rolls_back_to.is_some() { "ROLLBACK" } else { "STANDARD" };
        let status = match run.status {
            RunStatus::Abandoned => "Stopped",
            status => status.word(),
        };
        map([
            ("pipelineExecutionId", execution.id.as_str().into()),
            ("status", status.into()),
            ("type", kind.into()),
        ])
    });
    let revision = execution.filter(|_| action == Action::Source).map(|(execution, _)| {
        map([
            ("revisionId", execution.commit.as_str().into()),
            ("revisionChangeId", execution.commit.as_str().into()),
            ("created", execution.started.into()),
        ])
    });
    let action_state = map([
        ("actionName", action.word().into()),
        ("currentRevision", revision.into()),
        ("latestExecution", execution.map(|(_, run)| action_execution(run)).into()),
    ]);
    let inbound = (action != Action::Source).then(|| map([("enabled", true.into())]));
    map([
        ("stageName", action.stage().into()),
        ("inboundTransitionState", inbound.into()),
        ("actionStates", list([action_state])),
        ("latestExecution", latest_execution.into()),
    ])
}

fn action_execution(run: &Run) -> Value {
    // Only an approval that waits has a token.
    let token = run.token.clone().filter(|_| run.status == RunStatus::InProgress);
    let failed = run.status == RunStatus::Failed && run.action != Action::Approve;
    map([
        ("actionExecutionId", run.id.as_str().into()),
        ("status", run.status.word().into()),
        ("summary", run.summary.clone().filter(|_| !failed).into()),
        ("lastStatusChange", run.updated.into()),
        ("token", token.into()),
        ("lastUpdatedBy", run.by.clone().into()),
        ("externalExecutionId", run.external.clone().into()),
        ("errorDetails", error_details(run)),
    ])
}

/// Why an action failed.
pub(super) fn error_details(run: &Run) -> Value {
    if run.status != RunStatus::Failed || run.action == Action::Approve {
        return Value::Null;
    }
    map([("code", "JobFailed".into()), ("message", run.summary.clone().into())])
}
