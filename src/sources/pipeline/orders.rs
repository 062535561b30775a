//! An answer to an approval: the state is read again, then the one call goes out, once.

use aws_sdk_codepipeline::types::{ActionExecutionStatus, ApprovalResult, ApprovalStatus};
use jiff::SignedDuration;
use serde_json::Value;

use crate::domain::{
    Fact, Fault, FaultKind, Order, Pipeline, PipelineRun, Progress, Snapshot, Target,
};
use crate::sources::aws::{Aws, Changes};
use crate::sources::order::{failed, param, was_carried_out};
use crate::sources::time::earlier as earlier_than;
use crate::sources::{codedeploy, ecs};

use super::{state, translate};

/// The operation that leads a stage back; the other one answers an approval.
const ROLLBACK: &str = "RollbackStage";

fn text(order: &Order, name: &str) -> String {
    param(order, name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Reads afresh what was deployed last, and whether the same approval still waits.
pub(crate) async fn read_again(aws: &Aws, order: &Order) -> Snapshot {
    // ECS names its deployments by ARNs, CodeDeploy by short ids.
    let is_ecs = order.expected.rollout.as_str().starts_with("arn:");
    let deployed = async {
        match &order.target {
            Target::Ecs { .. } if is_ecs => Box::pin(ecs::orders::read_again(aws, order)).await,
            _ => Box::pin(codedeploy::orders::read_again(aws, order)).await,
        }
    };
    let name = text(order, "pipelineName");
    let (mut picture, state) = tokio::join!(Box::pin(deployed), state::state(aws, &name));
    let (stage, action) = (text(order, "stageName"), text(order, "actionName"));
    let pipeline = match state {
        Ok(state) => {
            let stages = state.stage_states();
            let waiting = state::approval(stages, |of, name| of == stage && name == action);
            let earlier = match state::has_ended(stages, &stage) {
                Some(latest) if order.call.operation == ROLLBACK => {
                    state::earlier(aws, (&name, &stage), &latest).await
                }
                Some(_) | None => Ok(Vec::new()),
            };
            let approval = waiting.map(|(mut approval, id)| {
                approval.run = id.map(named);
                approval
            });
            let stage = stage.clone();
            earlier.map(|earlier| Some(Pipeline { name, stage, run: None, approval, earlier }))
        }
        Err(fault) => Err(fault),
    };
    picture.pipeline = Fact::default().after(pipeline, aws.now());
    if let Fact::Known { value: Some(rollout), .. } = &mut picture.rollout {
        translate::offer(rollout, &picture.pipeline);
    }
    picture
}

/// An execution of which only the id matters.
fn named(id: &str) -> PipelineRun {
    PipelineRun {
        id: id.to_owned(),
        status: String::new(),
        source: None,
        trigger: None,
        started: None,
    }
}

/// Sends the call. It is never sent again.
pub(crate) async fn send(changes: &Changes, order: &Order) -> Progress {
    if order.call.operation == ROLLBACK {
        roll_back(changes, order).await
    } else {
        answer(changes, order).await
    }
}

async fn roll_back(changes: &Changes, order: &Order) -> Progress {
    let call = changes
        .codepipeline
        .rollback_stage()
        .pipeline_name(text(order, "pipelineName"))
        .stage_name(text(order, "stageName"))
        .target_pipeline_execution_id(text(order, "targetPipelineExecutionId"));
    match call.send().await {
        Ok(answer) => accepted(format!("execution {}", answer.pipeline_execution_id())),
        Err(error) => failed(order, &error),
    }
}

/// The pipeline took it; the rollout that it leads to is not there yet.
fn accepted(answer: String) -> Progress {
    Progress::Accepted { request_id: None, answer, rollout: None }
}

async fn answer(changes: &Changes, order: &Order) -> Progress {
    let result = param(order, "result");
    let of = |name: &str| result.and_then(|result| result.get(name)).and_then(Value::as_str);
    let (status, summary) = (of("status").unwrap_or_default(), of("summary").unwrap_or_default());
    let result = ApprovalResult::builder().status(ApprovalStatus::from(status)).summary(summary);
    let Ok(result) = result.build() else {
        let kind = FaultKind::Rejected { code: "no result".to_owned() };
        let text = "the order does not say what the answer is";
        return Progress::Refused { fault: Fault::new(kind, &order.call.permission(), text) };
    };
    let call = changes
        .codepipeline
        .put_approval_result()
        .pipeline_name(text(order, "pipelineName"))
        .stage_name(text(order, "stageName"))
        .action_name(text(order, "actionName"))
        .token(text(order, "token"))
        .result(result);
    match call.send().await {
        Ok(_) => accepted(status.to_owned()),
        Err(error) => plain(failed(order, &error)),
    }
}

/// What a refusal means for a person.
fn plain(progress: Progress) -> Progress {
    let Progress::Refused { mut fault } = progress else { return progress };
    if let FaultKind::Rejected { code } = &fault.kind {
        let means = match code.as_str() {
            "ApprovalAlreadyCompletedException" => "the approval has been answered already",
            "InvalidApprovalTokenException" => "this approval does not wait any more",
            _ => "",
        };
        if !means.is_empty() {
            fault.message = format!("{means}: {}", fault.message);
        }
    }
    Progress::Refused { fault }
}

/// Finds out by reading what became of a call that was not answered: the approval carries the same
/// words, a new execution names the same target.
pub(crate) async fn reconcile(aws: &Aws, order: &Order, lost: Fault) -> Progress {
    if order.call.operation == ROLLBACK {
        let target = text(order, "targetPipelineExecutionId");
        // The clock of the service may be a little behind.
        let since = earlier_than(order.at, SignedDuration::from_secs(30));
        let found = state::way_back(aws, &text(order, "pipelineName"), (&target, since)).await;
        return match found {
            Some(_) => was_carried_out(None),
            None => Progress::Unknown { fault: lost },
        };
    }
    let wanted = param(order, "result").and_then(|result| result.get("summary")?.as_str());
    let read = state::state(aws, &text(order, "pipelineName")).await.ok();
    let (stage, action) = (text(order, "stageName"), text(order, "actionName"));
    let latest = read.as_ref().and_then(|read| {
        let stage = read.stage_states().iter().find(|one| one.stage_name() == Some(&stage))?;
        state::action(stage, &action)
    });
    let answered = latest.is_some_and(|latest| {
        let open = latest.status() == Some(&ActionExecutionStatus::InProgress);
        !open && latest.summary() == wanted
    });
    if !answered {
        return Progress::Unknown { fault: lost };
    }
    was_carried_out(None)
}
