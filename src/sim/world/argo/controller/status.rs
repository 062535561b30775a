//! What is written down at the end of a look: counts, conditions, phase.

use jiff::{SignedDuration, Timestamp};

use super::super::store::{difference, merge};
use super::{Argo, ArgoStep, Controller, Kind, Status, Tone};
use crate::sim::world::time::after;

/// How long the controller is busy with a status that it has written.
const WRITES: SignedDuration = SignedDuration::from_millis(80);

/// Writes down that what is asked for cannot be brought out.
pub(super) fn refuse(argo: &mut Argo, (mut status, generation): (Status, u64), problem: &str) {
    let name = argo.name.clone();
    let now = Timestamp::from_second(argo.now.as_second()).unwrap_or(argo.now);
    let message = format!("The Rollout \"{name}\" is invalid: {problem}");
    let written = ("True", "InvalidSpec", message.clone());
    status.set_condition(now, "InvalidSpec", written);
    status.observed_generation = generation.to_string();
    "Degraded".clone_into(&mut status.phase);
    status.message = format!("InvalidSpec: {message}");
    put(argo, &status);
}

fn put(argo: &mut Argo, status: &Status) {
    let name = argo.name.clone();
    let Ok(status) = serde_json::to_value(status) else { return };
    // Only what is another than it knew is written, so what it has not seen stays.
    let known = argo.known().map(|rollout| rollout["status"].clone()).unwrap_or_default();
    let patch = difference(&known, &status);
    let written = argo.store.change(Kind::Rollout, &name, |rollout| {
        merge(&mut rollout["status"], &patch);
    });
    if written {
        argo.stale = None;
        argo.writes_until = Some(after(argo.now, WRITES));
    }
}

impl Controller<'_> {
    /// Writes down what this look has found and done.
    pub(super) fn write(&mut self) {
        self.sets = self.argo.sets();
        if let Some(set) = self.set(&self.new.hash) {
            self.new = set;
        }
        self.count();
        self.conditions();
        self.status.observed_generation = self.generation.to_string();
        self.see_workload();
        let (phase, message) = self.phase();
        phase.clone_into(&mut self.status.phase);
        self.status.message = message;
        if self.status != self.before {
            put(self.argo, &self.status);
        }
        if let Some(next) = self.next.filter(|next| Some(*next) != self.argo.timer_at) {
            self.argo.timer_at = Some(next);
            let wait = next.duration_since(self.argo.now);
            self.argo.plan(wait, ArgoStep::Reconcile);
        }
    }

    /// A blue/green rollout counts only what serves, a canary everything.
    fn count(&mut self) {
        let (active, app) = (&self.status.blue_green.active_selector, &self.argo.name);
        let of = |hash: &str| self.sets.iter().find(|set| set.hash == hash);
        let all = |count: fn(&super::Set) -> u32| self.sets.iter().map(count).sum::<u32>();
        let (ready, hpa, selector) = match of(active).filter(|_| !active.is_empty()) {
            Some(set) => {
                let selector = format!("app={app},{}={active}", super::HASH);
                (set.ready, set.current, selector)
            }
            None => (all(|set| set.ready), all(|set| set.current), format!("app={app}")),
        };
        self.status.replicas = all(|set| set.current);
        self.status.updated_replicas = self.new.current;
        self.status.ready_replicas = ready;
        self.status.available_replicas = ready;
        self.status.hpa_replicas = hpa;
        self.status.selector = selector;
    }

    fn conditions(&mut self) {
        let now = self.now();
        self.status.conditions.retain(|one| one.kind != "InvalidSpec");
        let word = |holds: bool| if holds { "True" } else { "False" };
        let enough = self.status.available_replicas >= self.spec.replicas();
        let available = if enough {
            "Rollout has minimum availability"
        } else {
            "Rollout does not have minimum availability"
        };
        let available = (word(enough), "AvailableReason", available.to_owned());
        self.status.set_condition(now, "Available", available);
        let healthy = self.is_healthy();
        if healthy || self.status.condition("Healthy").is_some() {
            let text = if healthy { "Rollout is healthy" } else { "Rollout is not healthy" };
            let written = (word(healthy), "RolloutHealthy", text.to_owned());
            self.status.set_condition(now, "Healthy", written);
        }
        let completed = (word(!self.is_in_flight()), "RolloutCompleted", "RolloutCompleted".into());
        self.status.set_condition(now, "Completed", completed);
        let paused = !self.status.pause_conditions.is_empty() || self.spec.paused;
        let aborted = self.status.abort && self.is_in_flight();
        // An abort leaves it as it is.
        if paused || (self.status.condition("Paused").is_some() && !aborted) {
            let written = (word(paused), "RolloutPaused", "Rollout is paused".to_owned());
            self.status.set_condition(now, "Paused", written);
        }
        self.progress(paused, healthy);
    }

    fn progress(&mut self, paused: bool, healthy: bool) {
        let now = self.now();
        let set = self.new.name.clone();
        let before = self.status.condition("Progressing").cloned();
        let was = |reason: &str| before.as_ref().is_some_and(|one| one.reason == reason);
        let written = if self.status.abort && self.is_in_flight() {
            let what = format!("Rollout aborted update to revision {}", self.new.revision);
            let message = match &before {
                // Why it was aborted is known only to the look that did it.
                Some(one) if was("RolloutAborted") => one.message.clone(),
                _ if self.reason.is_empty() => what,
                _ => format!("{what}: {}", self.reason),
            };
            ("False", "RolloutAborted", message)
        } else if paused {
            ("Unknown", "RolloutPaused", "Rollout is paused".to_owned())
        } else if was("RolloutPaused") {
            ("Unknown", "RolloutResumed", "Rollout is resumed".to_owned())
        } else if healthy {
            let done = format!("ReplicaSet \"{set}\" has successfully progressed.");
            ("True", "NewReplicaSetAvailable", done)
        } else if self.is_late() {
            let late = format!("ReplicaSet \"{set}\" has timed out progressing.");
            ("False", "ProgressDeadlineExceeded", late)
        } else {
            let goes_on = format!("ReplicaSet \"{set}\" is progressing.");
            ("True", "ReplicaSetUpdated", goes_on)
        };
        let aborts = written.1 == "RolloutAborted" && !was("RolloutAborted");
        if aborts {
            let message = written.2.clone();
            self.argo.say(Tone::Warning, "RolloutAborted", &message);
        }
        if written.1 == "ProgressDeadlineExceeded" && self.spec.progress_deadline_abort {
            self.abort("");
        }
        self.status.set_condition(now, "Progressing", written);
        let counted =
            |status: &Status| (status.replicas, status.updated_replicas, status.available_replicas);
        if counted(&self.status) != counted(&self.before)
            && let Some(one) =
                self.status.conditions.iter_mut().find(|one| one.reason == "ReplicaSetUpdated")
        {
            one.last_update_time = now;
        }
    }

    /// Whether there has been no progress for too long, while there should have been.
    fn is_late(&mut self) -> bool {
        if self.status.has_reason("Progressing", "ProgressDeadlineExceeded") {
            return !self.new.is_saturated(self.new.wanted);
        }
        let since = self.status.condition("Progressing").filter(|one| one.status == "True");
        let since = since.map(|one| one.last_update_time);
        let Some(since) = since.filter(|_| !self.new.is_saturated(self.new.wanted)) else {
            return false;
        };
        let due = after(since, self.spec.progress_deadline());
        if due > self.argo.now {
            self.look_at(due);
        }
        due <= self.argo.now
    }

    /// Whether what is asked for serves with all its pods; a canary also has to be alone. That is another
    /// question than the phase.
    fn is_healthy(&self) -> bool {
        let wanted = self.spec.replicas();
        let serves = if self.spec.strategy.canary.is_some() {
            !self.is_in_flight() && self.status.replicas == wanted
        } else {
            self.status.blue_green.active_selector == self.new.hash
        };
        serves && self.new.is_saturated(wanted) && !self.spec.paused
    }

    /// The phase and why, as everybody works it out from the rest.
    fn phase(&self) -> (&'static str, String) {
        let (spec, status) = (&self.spec, &self.status);
        let progressing = |why: &str| ("Progressing", why.to_owned());
        if let Some(bad) = status.conditions.iter().find(|one| {
            matches!(one.reason.as_str(), "RolloutAborted" | "ProgressDeadlineExceeded")
        }) {
            return ("Degraded", format!("{}: {}", bad.reason, bad.message));
        }
        if spec.paused {
            return ("Paused", "manually paused".to_owned());
        }
        if let Some(pause) = status.pause_conditions.first() {
            return ("Paused", pause.reason.clone());
        }
        if spec.restart_at.is_some() && spec.restart_at != status.restarted_at {
            return progressing("rollout is restarting");
        }
        if status.updated_replicas < spec.replicas() {
            return progressing("more replicas need to be updated");
        }
        if status.available_replicas < status.updated_replicas {
            return progressing("updated replicas are still becoming available");
        }
        if let Some(blue_green) = &spec.strategy.blue_green {
            let run = status.blue_green.post_promotion_analysis_run_status.as_ref();
            if status.blue_green.active_selector != self.new.hash {
                return progressing("active service cutover pending");
            }
            if self.is_in_flight() {
                let analyses = blue_green.post_promotion_analysis.is_some();
                let open =
                    run.is_none_or(|run| matches!(run.status.as_str(), "" | "Running" | "Pending"));
                return progressing(if analyses && open {
                    "waiting for analysis to complete"
                } else {
                    "waiting for post-promotion verification to complete"
                });
            }
        }
        if let Some(canary) = &spec.strategy.canary {
            let by_pods = canary.traffic_routing.is_none();
            if by_pods && status.replicas > status.updated_replicas {
                return progressing("old replicas are pending termination");
            }
            if self.is_in_flight() {
                return progressing("waiting for all steps to complete");
            }
        }
        ("Healthy", String::new())
    }
}
