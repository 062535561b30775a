//! Canary: step by step, by weights or, where nobody holds any, by the number of pods.

use super::super::steps::{Pause, Step};
use super::{Canary, Controller, Tone};
use crate::sim::world::time::after;

/// Why the rollout waits at a step.
const PAUSE: &str = "CanaryPauseStep";

impl Controller<'_> {
    pub(super) fn canary(&mut self, strategy: &Canary) {
        if self.status.stable_rs.is_empty() {
            // The first version of all is stable at once; of two Services that take turns the first
            // one leads to it.
            if let Some(pair) = &strategy.ping_pong {
                let first = self.new.hash.clone();
                self.select(&pair.ping_service, &first);
            }
            self.promote(strategy.ping_pong.is_some(), "Initial deploy");
        }
        let stable = self.status.stable_rs.clone();
        self.lead(strategy);
        if self.status.promote_full || self.is_within_window() {
            self.status.pause_conditions.clear();
            self.status.controller_pause = false;
            self.status.abort = false;
        }
        let (index, weight) = (self.index(strategy), self.weight(strategy));
        self.route(strategy, weight);
        self.experiment(strategy);
        self.analyse_canary(strategy);
        let scaled = self.scale_canary(strategy, index);
        self.scale_others(&stable, strategy.scale_down_delay_revision_limit);
        if !self.is_in_flight() {
            self.set_step(strategy, strategy.steps.len());
        } else if self.status.abort {
            self.set_step(strategy, 0);
        } else if self.status.promote_full || self.is_within_window() {
            self.set_step(strategy, strategy.steps.len());
            self.complete(strategy, weight);
        } else if !self.spec.paused {
            self.step(strategy, (index, weight), scaled);
        }
    }

    fn set_step(&mut self, strategy: &Canary, index: usize) {
        self.status.current_step_index = (!strategy.steps.is_empty()).then_some(index);
    }

    /// The step being carried out; as many as there are when all are done.
    pub(super) fn index(&self, strategy: &Canary) -> usize {
        self.status.current_step_index.unwrap_or(0).min(strategy.steps.len())
    }

    /// The share that the steps up to one ask for, in per cent.
    pub(super) fn asked(strategy: &Canary, index: usize) -> u32 {
        if index >= strategy.steps.len() {
            return 100;
        }
        let mut until = strategy.steps.iter().take(index + 1).rev();
        until.find_map(|step| step.set_weight).unwrap_or(0).min(100)
    }

    /// The share that the new version can get now: a share that it has too few pods for waits.
    fn weight(&self, strategy: &Canary) -> u32 {
        let held = self.status.canary.weights.as_ref().map_or(0, |weights| weights.canary.weight);
        if self.left_behind(strategy).is_some() || (self.is_in_flight() && self.status.abort) {
            return self.weight_on_the_way_back(strategy);
        }
        if !self.is_in_flight() || self.new.ready == 0 {
            return 0;
        }
        if self.status.promote_full && strategy.dynamic_stable_scale {
            return (100 * self.new.ready / self.spec.replicas().max(1)).min(100);
        }
        if self.status.promote_full {
            return held;
        }
        let index = self.index(strategy);
        let asked = Self::asked(strategy, index);
        let before = index.checked_sub(1).map_or(0, |before| Self::asked(strategy, before));
        if self.has_pods(strategy, index) { asked } else { before }
    }

    /// Carries out the present step, or ends the rollout when there is none left.
    fn step(&mut self, strategy: &Canary, (index, weight): (usize, u32), scaled: bool) {
        let Some(step) = strategy.steps.get(index) else {
            self.complete(strategy, weight);
            return;
        };
        let done = if step.pause.is_some() {
            !scaled && self.is_released(step)
        } else if step.analysis.is_some() {
            let run = self.status.canary.current_step_analysis_run_status.as_ref();
            run.is_some_and(|run| run.status == "Successful")
        } else if step.experiment.is_some() {
            self.is_tried()
        } else if step.set_header_route.is_some() || step.set_mirror_route.is_some() {
            true
        } else {
            self.has_pods(strategy, index)
        };
        if done {
            self.set_step(strategy, index + 1);
            self.status.controller_pause = false;
            self.status.canary.current_step_analysis_run_status = None;
            let (number, all) = (index + 1, strategy.steps.len());
            let what = format!("Rollout step {number}/{all} completed ({})", step.named());
            self.argo.say(Tone::Normal, "RolloutStepCompleted", &what);
        }
    }

    /// Makes the new version the stable one when it has all its pods, and all the weight where somebody
    /// holds weights; one that is promoted in full does not wait for that.
    fn complete(&mut self, strategy: &Canary, weight: u32) {
        let full = self.status.promote_full || self.is_within_window();
        let whole = self.new.ready >= self.spec.replicas()
            && self.new.wanted == self.spec.replicas()
            && (full || strategy.traffic_routing.is_none() || weight == 100);
        if !whole {
            return;
        }
        let stable = self.status.stable_rs.clone();
        let why = match () {
            () if self.status.promote_full => "Full promotion requested",
            () if full => "Rollback within window",
            () => "Completed all canary steps",
        };
        self.promote(strategy.ping_pong.is_some(), why);
        // One that has shrunk with its weight has nothing left that could be kept.
        if strategy.traffic_routing.is_some() && !strategy.dynamic_stable_scale {
            self.retire(&stable, strategy.scale_down_delay_seconds);
        }
    }

    /// Whether the pause of a step is over; begins it if it has not begun.
    fn is_released(&mut self, step: &Step) -> bool {
        let span = step.pause.as_ref().and_then(Pause::duration);
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
