//! What the controller would do in this state, each with the exact patch, and what it would not.
//!
//! There is no "promote" in the API: every order is a small merge patch, and the same patch means
//! something else in another state. So each is offered only where it means what it says.

use serde_json::{Value, json};

use crate::domain::{Action, Call, Means, Offered, Phase, Refusal};
use crate::sources::argo::Place;

use super::view::View;

/// Everything that decides what is offered.
pub(crate) struct Situation<'a> {
    pub(crate) place: &'a Place,
    pub(crate) view: &'a View<'a>,
    pub(crate) phase: &'a Phase,
    /// The update was aborted.
    pub(crate) aborted: bool,
}

type Offer = Result<(Means, Call), Refusal>;

/// One entry for each action.
pub(crate) fn offers(situation: &Situation<'_>) -> Vec<Offered> {
    Action::ALL.into_iter().map(|action| offer(situation, action)).collect()
}

fn offer(situation: &Situation<'_>, action: Action) -> Offered {
    let result = match action {
        Action::RollBack => situation.abort(),
        Action::Continue => situation.promote(),
        Action::Finish | Action::Stop => {
            Err(Refusal::NoSuchCall("Argo Rollouts has no such order".to_owned()))
        }
    };
    let denied = &situation.view.raw.denied;
    match result {
        Ok((_, call)) if denied.contains(&call.permission()) => {
            Offered::Refused { action, why: Refusal::NotPermitted(call.permission()) }
        }
        Ok((means, call)) => Offered::Possible { action, means, call },
        Err(why) => Offered::Refused { action, why },
    }
}

impl Situation<'_> {
    /// All traffic back to the stable version, and no more steps.
    fn abort(&self) -> Offer {
        if self.aborted {
            return Err(Refusal::AlreadyGoingBack);
        }
        if !self.view.is_in_flight() {
            return Err(Refusal::Over);
        }
        if self.view.rollout.status.stable_rs.is_empty() {
            return Err(Refusal::NothingToGoBackTo);
        }
        // While it promotes in full the controller throws an abort away, unless the same patch
        // takes that back.
        let status = match self.view.rollout.status.promote_full {
            true => json!({"abort": true, "promoteFull": false}),
            false => json!({"abort": true}),
        };
        let mut call = self.call(json!({"status": status}));
        self.unfreeze(&mut call);
        Ok((Means::StopAndRollBack, call))
    }

    /// On from a pause, whoever made it.
    fn promote(&self) -> Offer {
        let (spec, status) = (&self.view.rollout.spec, &self.view.rollout.status);
        if self.phase.is_over() || !self.view.is_in_flight() {
            return Err(Refusal::Over);
        }
        let Some(pause) = status.pause_conditions.first() else {
            // Without a pause the same patch would skip the step that runs.
            return if spec.paused {
                Ok((Means::OpenGate, self.frozen()))
            } else {
                Err(Refusal::NoGate)
            };
        };
        let canary = &status.canary.current_step_analysis_run_status;
        let undecided = canary.as_ref().is_some_and(|run| run.status == "Inconclusive");
        let mut patch = json!({"pauseConditions": null});
        if let (true, Some(index)) =
            (undecided && status.controller_pause, status.current_step_index)
        {
            // Without the index the same analysis would begin again.
            patch["controllerPause"] = json!(false);
            patch["currentStepIndex"] = json!(index + 1);
        }
        let mut call = self.call(json!({"status": patch}));
        let since = pause.start_time.map(|at| at.to_string()).unwrap_or_default();
        call.params.push(("pausedSince".to_owned(), json!(since)));
        self.unfreeze(&mut call);
        Ok((Means::OpenGate, call))
    }

    /// A patch of the status.
    fn call(&self, patch: Value) -> Call {
        self.patch("patch rollouts/status", patch)
    }

    /// A patch that ends a freeze by hand and nothing else.
    fn frozen(&self) -> Call {
        self.patch("patch rollouts", json!({"spec": {"paused": false}}))
    }

    fn patch(&self, operation: &str, patch: Value) -> Call {
        let mut params = vec![
            ("namespace".to_owned(), json!(self.place.namespace)),
            ("name".to_owned(), json!(self.place.name)),
        ];
        if let Some(context) = &self.place.context {
            params.push(("context".to_owned(), json!(context)));
        }
        params.push(("patch".to_owned(), patch));
        Call { service: "kubernetes".to_owned(), operation: operation.to_owned(), params }
    }

    /// A second patch, after the first: while the object is frozen nothing comes of the first one,
    /// and in the other order a step could slip in between.
    fn unfreeze(&self, call: &mut Call) {
        if self.view.rollout.spec.paused {
            call.params.push(("then".to_owned(), json!({"spec": {"paused": false}})));
        }
    }
}
