//! What the controller would do in this state, each with the exact patch, and what it would not.
//!
//! There is no "promote" in the API: every order is a small merge patch, and the same patch means
//! something else in another state. So each is offered only where it means what it says.

use serde_json::{Value, json};

use crate::domain::{Action, Call, Means, Offered, Phase, Refusal};
use crate::sources::argo::Place;
use crate::sources::argo::raw::ReplicaSet;

use super::standing::is_observed;
use super::view::View;

/// Everything that decides what is offered.
pub(crate) struct Situation<'a> {
    pub(crate) place: &'a Place,
    pub(crate) view: &'a View<'a>,
    pub(crate) phase: &'a Phase,
    /// The update was aborted.
    pub(crate) aborted: bool,
}

/// What the controller is nudged with.
pub(crate) const NUDGED: &str = "cutover/nudged-by";

pub(super) type Offer = Result<(Means, Call), Refusal>;

/// One entry for each action, and for each of those that an action can be about.
pub(crate) fn offers(situation: &Situation<'_>) -> Vec<Offered> {
    let plain = [
        (Action::RollBack, situation.roll_back()),
        (
            Action::Continue,
            if situation.aborted { Ok(situation.try_again()) } else { situation.promote() },
        ),
        (Action::Finish, situation.promote_in_full()),
        (Action::Stop, Err(Refusal::NoSuchOrder)),
        (Action::Pause, situation.freeze()),
        (Action::Resume, situation.resume()),
        (Action::Restart, situation.restart()),
    ];
    let plain = plain.map(|(action, offer)| Offered::of(action, situation.permitted(offer)));
    let several =
        [(Action::UNDO, situation.revisions()), (Action::TERMINATE, situation.analyses())];
    let several = several.into_iter().flat_map(|(kind, found)| match found {
        Ok(found) => found.into_iter().map(|one| Offered::OneOf(Box::new(one))).collect(),
        Err(why) => vec![Offered::Refused { action: kind, why }],
    });
    plain.into_iter().chain(several).collect()
}

impl Situation<'_> {
    /// What the caller is known to be forbidden is not offered.
    pub(super) fn permitted(&self, offer: Offer) -> Offer {
        let denied = &self.view.raw.denied;
        match offer {
            Ok((_, call)) if denied.contains(&call.permission()) => {
                Err(Refusal::NotPermitted(call.permission()))
            }
            offer => offer,
        }
    }

    /// Back to what served before, in the way that works in this state.
    fn roll_back(&self) -> Offer {
        let status = &self.view.rollout.status;
        if status.stable_rs.is_empty() {
            return Err(Refusal::NothingToGoBackTo);
        }
        if self.is_stranded() {
            let stable = self.view.set(&status.stable_rs).ok_or(Refusal::NothingToGoBackTo)?;
            return Ok((Means::StopAndRollBack, self.undo(stable, true)?));
        }
        if self.aborted {
            return Err(Refusal::AlreadyGoingBack);
        }
        match (self.view.is_in_flight(), self.view.is_undo) {
            (true, true) => Err(Refusal::AlreadyGoingBack),
            (true, false) => Ok(self.abort()),
            (false, true) => Err(Refusal::Over),
            (false, false) => self.undo_promoted(),
        }
    }

    /// Whether an abort would be, or was, the end of all service: after the cutover of a
    /// blue/green whose new pods are not all there the controller leaves the active Service where
    /// it is, and then scales the version that it points at to nothing.
    fn is_stranded(&self) -> bool {
        let rollout = self.view.rollout;
        let green = self.view.set(self.view.current());
        let whole = green.is_some_and(|set| set.is_full(rollout.spec.replicas()));
        self.is_switched() && !whole
    }

    /// Whether the active Service of a blue/green serves a version that was not promoted yet.
    pub(super) fn is_switched(&self) -> bool {
        let rollout = self.view.rollout;
        let switched = rollout.status.blue_green.active_selector == self.view.current();
        rollout.spec.strategy.blue_green.is_some() && self.view.is_in_flight() && switched
    }

    /// After the promotion: the earlier version is asked for again. One that still waits for its
    /// end with all its pods is switched to at once.
    fn undo_promoted(&self) -> Offer {
        let earlier = self.view.set(&self.view.blue).ok_or(Refusal::NothingToGoBackTo)?;
        let call = self.undo(earlier, false)?;
        let at_once = self.waits_whole(earlier);
        let means = if at_once { Means::StopAndRollBack } else { Means::RedeployPrevious };
        Ok((means, call))
    }

    /// Whether a version of a blue/green waits for its end with all its pods: the controller asks
    /// no pause and no analysis before it serves again.
    pub(super) fn waits_whole(&self, set: &ReplicaSet) -> bool {
        let rollout = self.view.rollout;
        let waits = set.scale_down_at().is_some() && set.is_full(rollout.spec.replicas());
        waits && rollout.spec.strategy.blue_green.is_some()
    }

    /// The template of an earlier version takes the place of the present one.
    pub(super) fn undo(&self, set: &ReplicaSet, until_served: bool) -> Result<Call, Refusal> {
        let mut params = vec![
            ("toReplicaSet", json!(set.metadata.name)),
            ("toRevision", json!(set.metadata.revision())),
        ];
        let operation = match (&self.view.rollout.spec.workload_ref, self.view.raw.workload()) {
            (None, _) => "patch rollouts",
            (Some(_), Some(deployment)) => {
                params.push(("deployment", json!(deployment)));
                "patch deployments"
            }
            (Some(workload), None) => {
                let text =
                    format!("its template is in {} {}: undo there", workload.kind, workload.name);
                return Err(Refusal::NoSuchCall(text));
            }
        };
        if until_served {
            params.push(("untilServed", json!(true)));
        }
        if self.view.rollout.spec.paused {
            params.push(("then", json!({"spec": {"paused": false}})));
        }
        Ok(self.call(operation, params))
    }

    /// All remaining steps, pauses and analyses are skipped.
    fn promote_in_full(&self) -> Offer {
        // Of an update that was undone it would ship what was undone.
        if self.aborted || self.phase.is_over() || !self.view.is_in_flight() {
            return Err(Refusal::Over);
        }
        if self.view.rollout.status.promote_full {
            return Err(Refusal::NoSuchCall("it is being promoted in full".to_owned()));
        }
        // With another template the controller begins anew, and forgets what was asked of this one.
        if !is_observed(self.view.rollout) {
            let text = "the controller has not seen the newest change yet";
            return Err(Refusal::NoSuchCall(text.to_owned()));
        }
        Ok((Means::SkipToEnd, self.patch(&json!({"promoteFull": true}), vec![])))
    }

    /// The same version once more. Of a blue/green whose new pods still wait for their end the
    /// controller makes a promotion without pause and analysis.
    fn try_again(&self) -> (Means, Call) {
        let green = self.view.set(&self.view.green);
        let waits = green.is_some_and(|set| set.spec.replicas > 0 && set.scale_down_at().is_some());
        let at_once = waits && self.view.rollout.spec.strategy.blue_green.is_some();
        let means = if at_once { Means::ShipAgain } else { Means::TryAgain };
        (means, self.patch(&json!({"abort": false}), vec![]))
    }

    /// All traffic back to the stable version, and no more steps.
    fn abort(&self) -> (Means, Call) {
        // While it promotes in full the controller throws an abort away, unless the same patch
        // takes that back.
        let status = if self.view.rollout.status.promote_full {
            json!({"abort": true, "promoteFull": false})
        } else {
            json!({"abort": true})
        };
        (self.way_back(), self.patch(&status, vec![]))
    }

    /// What an abort comes to: where the pods are the weights, or the old version has shrunk with its own,
    /// the old pods have to start again before they get their requests back.
    fn way_back(&self) -> Means {
        let rollout = self.view.rollout;
        let moves_pods =
            rollout.spec.strategy.canary.as_ref().is_some_and(|canary| {
                canary.traffic_routing.is_none() || canary.dynamic_stable_scale
            });
        let stable = self.view.set(&rollout.status.stable_rs);
        let whole = stable.is_some_and(|set| set.is_full(rollout.spec.replicas()));
        if moves_pods && !whole { Means::TurnRound } else { Means::StopAndRollBack }
    }

    /// On from a pause, whoever made it.
    fn promote(&self) -> Offer {
        let (spec, status) = (&self.view.rollout.spec, &self.view.rollout.status);
        if self.phase.is_over() || !self.view.is_in_flight() {
            return Err(Refusal::Over);
        }
        if *self.phase == Phase::AwaitingApproval && self.view.rollout.is_unpausing() {
            return Ok((Means::OpenGate, self.nudge()));
        }
        let Some(pause) = status.pause_conditions.first() else {
            // Without a pause the same patch would skip the step that runs.
            return if spec.paused {
                Ok((Means::OpenGate, self.thaw()))
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
        let since = pause.start_time.map(|at| at.to_string()).unwrap_or_default();
        let mut params = vec![("patch", json!({"status": patch})), ("pausedSince", json!(since))];
        // While the object is frozen the controller forgets that a pause was released.
        if spec.paused {
            params.insert(0, ("before", json!({"spec": {"paused": false}})));
        }
        Ok((Means::OpenGate, self.call("patch rollouts/status", params)))
    }

    /// A patch that changes nothing but makes the controller look again: the release of the pause is
    /// in the object, and it has missed it.
    fn nudge(&self) -> Call {
        let note = json!({ NUDGED: self.view.rollout.metadata.version() });
        let patch = json!({"metadata": {"annotations": note}});
        self.call("patch rollouts", vec![("patch", patch)])
    }

    /// A patch that ends a freeze by hand and nothing else.
    pub(super) fn thaw(&self) -> Call {
        self.call("patch rollouts", vec![("patch", json!({"spec": {"paused": false}}))])
    }

    /// A patch of the status, and then one that ends a freeze by hand: while the object is frozen
    /// nothing comes of the first one, and in the other order a step could slip in between.
    fn patch(&self, status: &Value, mut params: Vec<(&'static str, Value)>) -> Call {
        params.insert(0, ("patch", json!({"status": status})));
        if self.view.rollout.spec.paused {
            params.push(("then", json!({"spec": {"paused": false}})));
        }
        self.call("patch rollouts/status", params)
    }

    pub(super) fn call(&self, operation: &str, params: Vec<(&'static str, Value)>) -> Call {
        let context = self.place.context.as_ref().map(|context| ("context", json!(context)));
        let place = [("namespace", json!(self.place.namespace)), ("name", json!(self.place.name))];
        let params = place.into_iter().chain(context).chain(params);
        Call {
            service: "kubernetes".to_owned(),
            operation: operation.to_owned(),
            params: params.map(|(name, value)| (name.to_owned(), value)).collect(),
        }
    }
}
