//! Canary: step by step, by the weight of an ingress.

use serde_json::json;

use super::super::birth;
use super::super::flow::WEIGHT;
use super::super::pods;
use super::super::shape::{Step, Weight, Weights};
use super::{Canary, Controller, Kind, Tone};
use crate::sim::world::time::after;

/// Why the rollout waits at a step, and at an analysis that has no result.
const PAUSE: &str = "CanaryPauseStep";

impl Controller<'_> {
    pub(super) fn canary(&mut self, strategy: &Canary) {
        let stable = self.status.stable_rs.clone();
        if let Some(service) = &strategy.stable_service
            && self.set(&stable).is_some_and(|set| set.ready > 0)
        {
            self.select(service, &stable);
        }
        if let Some(service) = &strategy.canary_service {
            let back = self.status.abort && self.is_in_flight();
            let goal = if back { stable.clone() } else { self.new.hash.clone() };
            if back || self.new.ready > 0 {
                self.select(service, &goal);
            }
        }
        let (index, weight) = (self.index(strategy), self.weight(strategy));
        self.route(strategy, weight);
        if self.is_in_flight() && self.status.abort {
            self.status.current_step_index = Some(0);
        }
        let wanted = self.wanted(strategy, index);
        self.scale_new(wanted, strategy.abort_scale_down_delay_seconds);
        if let Some(set) = self.set(&stable).filter(|set| set.hash != self.new.hash) {
            self.scale(&set, self.spec.replicas());
        }
        self.scale_others(&stable);
        self.analyse_canary(strategy);
        if !self.is_in_flight() {
            self.status.current_step_index = Some(strategy.steps.len());
        } else if !self.status.abort && !self.spec.paused {
            self.step(strategy, index, weight);
        }
    }

    /// The step being carried out; as many as there are when all are done.
    fn index(&self, strategy: &Canary) -> usize {
        self.status.current_step_index.unwrap_or(0).min(strategy.steps.len())
    }

    /// The share that the steps up to one ask for, in per cent.
    fn asked(strategy: &Canary, index: usize) -> u32 {
        if index >= strategy.steps.len() {
            return 100;
        }
        let mut until = strategy.steps.iter().take(index + 1).rev();
        until.find_map(|step| step.set_weight).unwrap_or(0).min(100)
    }

    /// How many pods the new version is to have.
    fn wanted(&self, strategy: &Canary, index: usize) -> u32 {
        let whole = self.spec.replicas();
        if self.status.promote_full || !self.is_in_flight() {
            return whole;
        }
        (whole * Self::asked(strategy, index)).div_ceil(100)
    }

    /// The share that the new version can get now: a share that it has too few pods for waits.
    fn weight(&self, strategy: &Canary) -> u32 {
        let held = self.status.canary.weights.as_ref().map_or(0, |weights| weights.canary.weight);
        if !self.is_in_flight() || self.status.abort {
            return 0;
        }
        if self.status.promote_full {
            return held;
        }
        if self.new.ready == 0 {
            return 0;
        }
        let index = self.index(strategy);
        let asked = Self::asked(strategy, index);
        let before = index.checked_sub(1).map_or(0, |before| Self::asked(strategy, before));
        let enough = self.new.ready >= (self.spec.replicas() * asked).div_ceil(100);
        if enough { asked } else { before.min(held) }
    }

    /// Writes the weight into the ingress, which the controller makes if it is not there.
    fn route(&mut self, strategy: &Canary, weight: u32) {
        let Some(service) = &strategy.canary_service else { return };
        let stable = self.status.stable_rs.clone();
        if self.selected(strategy.stable_service.as_deref().unwrap_or_default()).is_empty() {
            return;
        }
        let name = self.argo.canary_ingress();
        let text = json!(weight.to_string());
        if self.argo.store.get(Kind::Ingress, &name).is_none() {
            let notes = json!({"nginx.ingress.kubernetes.io/canary": "true", WEIGHT: text});
            let mut ingress = birth::ingress(&name, service, &notes);
            if let Some(owner) = self.argo.rollout() {
                ingress["metadata"]["ownerReferences"] = json!([pods::owner_reference(owner)]);
            }
            self.argo.store.create(self.argo.now, Kind::Ingress, ingress);
            let made = format!("Creating canary ingress `{name}` with weight `{weight}`");
            self.argo.say(Tone::Normal, "CreatingCanaryIngress", &made);
        }
        let set =
            |ingress: &mut serde_json::Value| ingress["metadata"]["annotations"][WEIGHT] = text;
        if self.argo.store.change(Kind::Ingress, &name, set) {
            let what = format!("Updating Ingress `{name}` to desiredWeight '{weight}'");
            self.argo.say(Tone::Normal, "PatchingCanaryIngress", &what);
        }
        let held = self.status.canary.weights.as_ref().map(|weights| weights.canary.weight);
        if held != Some(weight) {
            let from = held.map(|held| format!("from {held} ")).unwrap_or_default();
            let what = format!("Traffic weight updated {from}to {weight}");
            self.argo.say(Tone::Normal, "TrafficWeightUpdated", &what);
        }
        let side = |hash: &str, service: Option<&String>, weight| Weight {
            pod_template_hash: hash.to_owned(),
            service_name: service.cloned().unwrap_or_default(),
            weight,
        };
        self.status.canary.weights = Some(Weights {
            canary: side(&self.new.hash, strategy.canary_service.as_ref(), weight),
            stable: side(&stable, strategy.stable_service.as_ref(), 100 - weight),
        });
    }

    /// Carries out the present step, or ends the rollout when there is none left.
    fn step(&mut self, strategy: &Canary, index: usize, weight: u32) {
        let stable = self.status.stable_rs.clone();
        let whole = self.new.is_saturated(self.spec.replicas());
        let full = self.status.promote_full;
        let Some(step) = strategy.steps.get(index).filter(|_| !full) else {
            if whole && (full || weight == 100) {
                self.status.current_step_index = Some(strategy.steps.len());
                self.promote(if full {
                    "Full promotion requested"
                } else {
                    "Completed all 100% canary steps"
                });
                self.retire(&stable, strategy.scale_down_delay_seconds);
            }
            return;
        };
        let done = if step.pause.is_some() {
            self.is_released(step)
        } else if step.analysis.is_some() {
            let run = self.status.canary.current_step_analysis_run_status.as_ref();
            run.is_some_and(|run| run.status == "Successful")
        } else {
            weight == Self::asked(strategy, index)
                && self.new.is_saturated(self.wanted(strategy, index))
        };
        if done {
            self.status.current_step_index = Some(index + 1);
            self.status.controller_pause = false;
            self.status.canary.current_step_analysis_run_status = None;
            let (number, all) = (index + 1, strategy.steps.len());
            let what = format!("Rollout step {number}/{all} completed ({})", named(step));
            self.argo.say(Tone::Normal, "RolloutStepCompleted", &what);
        }
    }

    /// Whether the pause of a step is over; begins it if it has not begun.
    fn is_released(&mut self, step: &Step) -> bool {
        let span = step.pause.as_ref().and_then(super::super::shape::Pause::duration);
        if self.status.pause(PAUSE).is_none() {
            if self.status.controller_pause {
                // Somebody has released it.
                return true;
            }
            self.pause(PAUSE);
        }
        let start = self.status.pause(PAUSE).map(|pause| pause.start_time);
        let Some(over) = start.zip(span).map(|(start, span)| after(start, span)) else {
            return false;
        };
        if over > self.argo.now {
            self.look_at(over);
            return false;
        }
        self.status.pause_conditions.retain(|pause| pause.reason != PAUSE);
        true
    }
}

fn named(step: &Step) -> String {
    match (step.set_weight, &step.pause, &step.analysis) {
        (Some(weight), _, _) => format!("setWeight: {weight}"),
        (None, Some(pause), _) => match pause.duration() {
            Some(span) => format!("pause: {}s", span.as_secs()),
            None => "pause".to_owned(),
        },
        (None, None, Some(_)) => "analysis".to_owned(),
        (None, None, None) => "invalid".to_owned(),
    }
}
