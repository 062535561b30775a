//! An approval of the pipeline as a gate of what is watched, and what the pipeline tells. Pure.

use serde_json::json;

use crate::domain::{
    Action, Call, Candidate, EventKind, Fact, Gate, Means, Offered, Pipeline, PipelineApproval,
    PipelineRun, RevisionNumber, Rollout, TimelineEvent,
};
use crate::sources::timeline::entry;

/// What tells an approval from the next one at the same place: which execution waits.
fn gate(pipeline: &Pipeline, approval: &PipelineApproval) -> Gate {
    let run = approval.run.as_ref().map_or("?", |run| run.id.as_str());
    let PipelineApproval { stage, action, .. } = approval;
    Gate::Hook { id: format!("{}/{stage}/{action} {run}", pipeline.name) }
}

/// Offers the answers to an approval that waits, and the way back by the pipeline itself. While a rollout
/// runs its own gates and ways come first.
pub(crate) fn offer(rollout: &mut Rollout, pipeline: &Fact<Option<Pipeline>>) {
    let Some(pipeline) = pipeline.value().and_then(Option::as_ref) else { return };
    if !rollout.phase.is_over() {
        return;
    }
    way_back(rollout, pipeline);
    if let Some(approval) = &pipeline.approval
        && let Some(token) = &approval.token
    {
        answers(rollout, pipeline, (approval, token));
    }
}

/// Offers the stage with what an earlier execution delivered.
fn way_back(rollout: &mut Rollout, pipeline: &Pipeline) {
    for (number, run) in (1..).zip(&pipeline.earlier) {
        let call = Call {
            service: "codepipeline".to_owned(),
            operation: "RollbackStage".to_owned(),
            params: vec![
                ("pipelineName".to_owned(), json!(pipeline.name)),
                ("stageName".to_owned(), json!(pipeline.stage)),
                ("targetPipelineExecutionId".to_owned(), json!(run.id)),
            ],
        };
        let delivered = delivers(run);
        rollout.offers.push(Offered::OneOf(Box::new(Candidate {
            action: Action::Undo(RevisionNumber::new(number)),
            means: Means::BringOut,
            call,
            name: format!("execution {number} back{delivered}"),
            about: format!("{} of {} by pipeline {}", run.id, pipeline.stage, pipeline.name),
            since: run.started,
        })));
    }
}

/// Offers both answers to an approval.
fn answers(
    rollout: &mut Rollout,
    pipeline: &Pipeline,
    (approval, token): (&PipelineApproval, &str),
) {
    let answer = |action, means, status: &str| {
        let params = vec![
            ("pipelineName".to_owned(), json!(pipeline.name)),
            ("stageName".to_owned(), json!(approval.stage)),
            ("actionName".to_owned(), json!(approval.action)),
            ("token".to_owned(), json!(token)),
            ("result".to_owned(), json!({ "status": status, "summary": "" })),
        ];
        let call = Call {
            service: "codepipeline".to_owned(),
            operation: "PutApprovalResult".to_owned(),
            params,
        };
        Offered::Possible { action, means, call }
    };
    rollout.offers.retain(|offer| match offer {
        Offered::Possible { action, .. } | Offered::Refused { action, .. } => {
            !matches!(action, Action::Continue | Action::Stop)
        }
        Offered::Dial(_) | Offered::OneOf(_) => true,
    });
    rollout.offers.push(answer(Action::Continue, Means::Approve, "Approved"));
    rollout.offers.push(answer(Action::Stop, Means::Reject, "Rejected"));
    rollout.gate = Some(gate(pipeline, approval));
}

/// What the pipeline tells.
pub(crate) fn events(pipeline: &Fact<Option<Pipeline>>) -> Vec<TimelineEvent> {
    let Some(pipeline) = pipeline.value().and_then(Option::as_ref) else { return Vec::new() };
    let name = &pipeline.name;
    let started = pipeline.run.as_ref().and_then(|run| {
        let what = delivers(run);
        let by = run.trigger.as_deref().unwrap_or("?");
        let text = format!("pipeline {name} started by {by}{what}");
        Some(entry(run.started?, EventKind::Deploy, text, format!("pipeline {}", run.id)))
    });
    let waits = pipeline.approval.as_ref().and_then(|approval| {
        let PipelineApproval { stage, action, since, run, .. } = approval;
        let what = run.as_ref().map(delivers).unwrap_or_default();
        let text = format!("pipeline {name} waits for approval {action} in {stage}{what}");
        let key = format!("approval {}", run.as_ref().map_or(action, |run| &run.id));
        Some(entry((*since)?, EventKind::Hook, text, key))
    });
    started.into_iter().chain(waits).collect()
}

/// The commit of an execution: its short id and the first line of its message.
fn delivers(run: &PipelineRun) -> String {
    let Some(source) = &run.source else { return String::new() };
    let short: String = source.id.chars().take(8).collect();
    let line = source.message.as_deref().and_then(|text| text.lines().next()).unwrap_or_default();
    format!(": {short} {line}").trim_end().to_owned()
}
