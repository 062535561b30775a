//! Where the executions of one pipeline stand.

use std::collections::BTreeMap;

use aws_sdk_codepipeline::operation::get_pipeline_state::GetPipelineStateOutput;
use aws_sdk_codepipeline::types::{
    ActionExecution, ActionExecutionStatus, ExecutionType, PipelineExecutionFilter,
    PipelineExecutionSummary, StageExecution, StageExecutionStatus, StageState,
    SucceededInStageFilter,
};
use jiff::Timestamp;

use crate::domain::{Fault, Pipeline, PipelineApproval, PipelineRun, SourceRevision};
use crate::sources::aws::Aws;
use crate::sources::error::fault;
use crate::sources::time::moment;

use super::index::Place;

/// The newest executions are asked for; one that is older is named without its source.
const NEWEST: i32 = 20;

/// What is known of executions; their source and trigger do not change.
#[derive(Debug, Clone, Default)]
pub(super) struct Runs {
    known: BTreeMap<String, PipelineRun>,
    /// Those that the stage can be rolled back to, and after which end of which execution.
    earlier: Option<(Latest, Vec<PipelineRun>)>,
}

/// The newest execution in a stage, and how it ended.
type Latest = (String, String);

/// As many executions can be chosen from.
const CHOICE: usize = 10;

/// The state of a pipeline.
pub(super) async fn state(aws: &Aws, name: &str) -> Result<GetPipelineStateOutput, Fault> {
    let call = aws.reads().codepipeline.get_pipeline_state().name(name);
    call.send().await.map_err(|error| fault("codepipeline:GetPipelineState", &error))
}

/// The pipeline as it concerns `rollout`.
pub(super) async fn look(
    aws: &Aws,
    place: &Place,
    rollout: Option<&str>,
    runs: &mut Runs,
) -> Result<Pipeline, Fault> {
    let state = state(aws, &place.pipeline).await?;
    let stages = state.stage_states();
    let deploying = stages.iter().find(|stage| stage.stage_name() == Some(&place.stage));
    let started = deploying.and_then(|stage| action(stage, &place.action)).is_some_and(|action| {
        action.external_execution_id().is_some() && action.external_execution_id() == rollout
    });
    let run = deploying.filter(|_| started).and_then(execution);
    let waiting = approval(stages, |stage, action| {
        place.approvals.contains(&(stage.to_owned(), action.to_owned()))
    });
    let wanted: Vec<&str> =
        run.into_iter().chain(waiting.as_ref().and_then(|(_, id)| *id)).collect();
    if wanted.iter().any(|id| !runs.known.contains_key(*id)) {
        let all = executions(aws, &place.pipeline, None).await?;
        runs.known = all.iter().filter_map(self::run).collect();
    }
    let ended = has_ended(stages, &place.stage);
    match &ended {
        None => runs.earlier = None,
        Some(latest) if runs.earlier.as_ref().is_some_and(|(of, _)| of == latest) => {}
        Some(latest) => {
            let found = earlier(aws, (&place.pipeline, &place.stage), latest).await?;
            runs.earlier = Some((latest.clone(), found));
        }
    }
    let status = |stage: Option<&StageState>| {
        let latest = stage.and_then(|stage| stage.latest_execution());
        latest.map_or("?", |latest| latest.status().as_str()).to_owned()
    };
    let known = |id: &str| {
        runs.known.get(id).cloned().unwrap_or_else(|| PipelineRun {
            id: id.to_owned(),
            status: String::new(),
            source: None,
            trigger: None,
            started: None,
        })
    };
    Ok(Pipeline {
        name: place.pipeline.clone(),
        stage: place.stage.clone(),
        run: run.map(|id| PipelineRun { status: status(deploying), ..known(id) }),
        approval: waiting.map(|(approval, id)| PipelineApproval {
            run: id.map(|id| PipelineRun { status: "InProgress".to_owned(), ..known(id) }),
            ..approval
        }),
        earlier: runs.earlier.iter().flat_map(|(_, found)| found.clone()).collect(),
    })
}

/// The newest execution of a stage in which nothing runs.
pub(super) fn has_ended(stages: &[StageState], name: &str) -> Option<Latest> {
    let stage = stages.iter().find(|stage| stage.stage_name() == Some(name))?;
    let latest = stage.latest_execution()?;
    let ended = matches!(
        latest.status(),
        StageExecutionStatus::Succeeded
            | StageExecutionStatus::Failed
            | StageExecutionStatus::Stopped
    );
    ended.then(|| (latest.pipeline_execution_id().to_owned(), latest.status().to_string()))
}

/// The executions that a stage can be rolled back to: all that succeeded in it, but for the newest if
/// it is what the stage has.
pub(super) async fn earlier(
    aws: &Aws,
    (pipeline, stage): (&str, &str),
    (latest, status): &Latest,
) -> Result<Vec<PipelineRun>, Fault> {
    let stage = SucceededInStageFilter::builder().stage_name(stage).build();
    let filter = PipelineExecutionFilter::builder().succeeded_in_stage(stage).build();
    let all = executions(aws, pipeline, Some(filter)).await?;
    let has = status == StageExecutionStatus::Succeeded.as_str();
    let found = all.iter().filter(|summary| {
        // What is itself a way back is no revision of its own.
        let is_way_back = summary.execution_type() == Some(&ExecutionType::Rollback);
        let serves = has && summary.pipeline_execution_id() == Some(latest);
        !is_way_back && !serves
    });
    Ok(found.filter_map(run).map(|(_, run)| run).take(CHOICE).collect())
}

/// The execution that a roll back of the stage to `target` has led to, if there is one since then.
pub(super) async fn way_back(
    aws: &Aws,
    pipeline: &str,
    (target, since): (&str, Timestamp),
) -> Option<String> {
    let all = executions(aws, pipeline, None).await.ok()?;
    let leads_back = |summary: &&PipelineExecutionSummary| {
        let to =
            summary.rollback_metadata().and_then(|it| it.rollback_target_pipeline_execution_id());
        to == Some(target) && moment(summary.start_time()).is_some_and(|at| at >= since)
    };
    all.iter().find(leads_back)?.pipeline_execution_id().map(str::to_owned)
}

/// The approval that waits, among those that are `wanted`, with its execution's id.
pub(super) fn approval(
    stages: &[StageState],
    wanted: impl Fn(&str, &str) -> bool,
) -> Option<(PipelineApproval, Option<&str>)> {
    stages.iter().find_map(|stage| {
        let name = stage.stage_name()?;
        stage.action_states().iter().find_map(|state| {
            let action = state.action_name()?;
            let latest = state.latest_execution()?;
            let waits = latest.status() == Some(&ActionExecutionStatus::InProgress);
            (waits && wanted(name, action)).then(|| {
                let approval = PipelineApproval {
                    stage: name.to_owned(),
                    action: action.to_owned(),
                    since: moment(latest.last_status_change()),
                    run: None,
                    token: latest.token().filter(|token| !token.is_empty()).map(str::to_owned),
                };
                (approval, execution(stage))
            })
        })
    })
}

/// The newest execution of an action.
pub(super) fn action<'a>(stage: &'a StageState, name: &str) -> Option<&'a ActionExecution> {
    let state = stage.action_states().iter().find(|state| state.action_name() == Some(name))?;
    state.latest_execution()
}

fn execution(stage: &StageState) -> Option<&str> {
    stage.latest_execution().map(StageExecution::pipeline_execution_id)
}

/// The newest executions of a pipeline, or those of them that pass the filter.
async fn executions(
    aws: &Aws,
    pipeline: &str,
    filter: Option<PipelineExecutionFilter>,
) -> Result<Vec<PipelineExecutionSummary>, Fault> {
    let call = aws.reads().codepipeline.list_pipeline_executions().pipeline_name(pipeline);
    let answer = call.set_filter(filter).max_results(NEWEST).send().await;
    let answer = answer.map_err(|error| fault("codepipeline:ListPipelineExecutions", &error))?;
    Ok(answer.pipeline_execution_summaries.unwrap_or_default())
}

fn run(summary: &PipelineExecutionSummary) -> Option<(String, PipelineRun)> {
    let id = summary.pipeline_execution_id()?.to_owned();
    let source = summary.source_revisions().first().and_then(|source| {
        Some(SourceRevision {
            id: source.revision_id()?.to_owned(),
            message: source.revision_summary().map(message),
            url: source.revision_url().map(str::to_owned),
        })
    });
    let trigger = summary.trigger().and_then(|trigger| trigger.trigger_type());
    let run = PipelineRun {
        id: id.clone(),
        status: summary.status().map_or("?", |status| status.as_str()).to_owned(),
        source,
        trigger: trigger.map(|kind| kind.as_str().to_owned()),
        started: moment(summary.start_time()),
    };
    Some((id, run))
}

/// A connection to a repository writes the message into JSON.
fn message(summary: &str) -> String {
    let read: Option<serde_json::Value> = serde_json::from_str(summary).ok();
    let inner = read.as_ref().and_then(|read| read.get("CommitMessage")?.as_str());
    inner.unwrap_or(summary).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_message_is_read_wherever_it_is() {
        let json = r#"{"ProviderType":"GitHub","CommitMessage":"fix the basket"}"#;
        assert_eq!(message(json), "fix the basket");
        for plain in ["fix the basket", "", "{", r#"{"a":1}"#, "42"] {
            assert_eq!(message(plain), plain);
        }
    }
}
