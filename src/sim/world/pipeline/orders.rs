//! What people ask of the pipeline, and the refusals of the wrong states.

use jiff::Timestamp;

use super::{Action, RunStatus, Status};
use crate::sim::error::ApiError;
use crate::sim::world::World;

impl World {
    /// A person answers an approval; returns when.
    pub(crate) fn put_approval(
        &mut self,
        token: &str,
        approves: bool,
        (words, by): (&str, String),
    ) -> Result<Timestamp, ApiError> {
        let executions = self.pipeline.iter().flat_map(|pipeline| &pipeline.executions);
        let mut runs = executions
            .enumerate()
            .flat_map(|(index, execution)| execution.runs.iter().map(move |run| (index, run)));
        let asked = runs.find(|(_, run)| run.token.as_deref() == Some(token));
        match asked.map(|(index, run)| (index, run.status)) {
            None => {
                Err(refuse("InvalidApprovalTokenException", "The approval token is not valid."))
            }
            Some((index, RunStatus::InProgress)) => {
                self.answer_approval(index, approves, (words, by));
                Ok(self.now)
            }
            Some(_) => Err(refuse(
                "ApprovalAlreadyCompletedException",
                "The approval action has already been approved or rejected.",
            )),
        }
    }

    /// Brings back what an earlier execution deployed; the id of the new execution.
    pub(crate) fn roll_back_stage(&mut self, target: usize) -> Result<String, ApiError> {
        let Some(pipeline) = &self.pipeline else { return Err(unable("there is no pipeline")) };
        let Some(wanted) = pipeline.executions.get(target) else {
            return Err(unable("there is no such execution"));
        };
        let latest = pipeline.latest(Action::Deploy);
        if latest.is_some_and(|(_, run)| run.status == RunStatus::InProgress) {
            return Err(unable("an execution is in progress in it"));
        }
        if latest.is_some_and(|(index, _)| index == target) {
            return Err(unable("the target execution is the one that it has"));
        }
        if !wanted.succeeded_in(Action::Deploy) {
            return Err(unable("the target execution did not succeed in it"));
        }
        let release = wanted.release;
        let index = self.add_execution(release, Some(target)).unwrap_or_default();
        self.begin_action(index, Action::Deploy);
        Ok(self.execution(index).map(|execution| execution.id.clone()).unwrap_or_default())
    }

    /// Stops an execution: after the action in progress, or at once and whatever becomes of it.
    pub(crate) fn stop_pipeline(
        &mut self,
        index: usize,
        (abandon, reason): (bool, &str),
    ) -> Result<(), ApiError> {
        match self.execution(index).map(|execution| execution.status) {
            Some(Status::Stopping) if !abandon => Err(refuse(
                "DuplicatedStopRequestException",
                "The pipeline execution is already being stopped.",
            )),
            Some(Status::InProgress | Status::Stopping) => {
                let reason = reason.to_owned();
                self.change_execution(index, |execution| {
                    execution.stopped = Some(reason);
                    execution.status = Status::Stopping;
                });
                if abandon {
                    self.end_action(index, RunStatus::Abandoned, None);
                }
                Ok(())
            }
            Some(Status::Stopped | Status::Succeeded | Status::Failed) | None => Err(refuse(
                "PipelineExecutionNotStoppableException",
                "The pipeline execution is not in progress.",
            )),
        }
    }
}

fn refuse(code: &str, message: &str) -> ApiError {
    ApiError::client(code, message)
}

fn unable(why: &str) -> ApiError {
    let message = format!("The stage cannot be rolled back: {why}.");
    refuse("UnableToRollbackStageException", &message)
}
