//! A stable version that has only the pods that its weight needs, and pods that a step asks for by
//! themselves.

use super::super::steps::CanaryScale;
use super::{Canary, Controller};

impl Controller<'_> {
    /// The pods that a share needs.
    pub(super) fn pods_of(&self, share: u32) -> u32 {
        (self.spec.replicas() * share).div_ceil(100)
    }

    /// What the steps up to one have asked for apart from the weight, if that is still so.
    pub(super) fn scale_of_its_own(&self, strategy: &Canary, index: usize) -> Option<CanaryScale> {
        if index >= strategy.steps.len() || self.status.promote_full || self.is_within_window() {
            return None;
        }
        // After an abort only who wants to keep the pods for good keeps them.
        if self.status.abort && strategy.abort_scale_down_delay_seconds != Some(0) {
            return None;
        }
        let until = strategy.steps.iter().take(index + 1).rev();
        let mut scales = until.filter_map(|step| step.set_canary_scale);
        scales.next().filter(|scale| !scale.match_traffic_weight)
    }

    /// The version whose weight is still to come back, where the stable one is asked for again and has
    /// shrunk meanwhile.
    pub(super) fn left_behind(&self, strategy: &Canary) -> Option<String> {
        if self.is_in_flight() || !strategy.dynamic_stable_scale {
            return None;
        }
        let held = &self.status.canary.weights.as_ref()?.canary;
        let other = held.pod_template_hash != self.new.hash && held.weight > 0;
        (other && self.new.ready < self.spec.replicas()).then(|| held.pod_template_hash.clone())
    }

    /// The next smaller share of the steps that the new version still has pods for.
    pub(super) fn step_back(&self, strategy: &Canary) -> u32 {
        let stable = self.set(&self.status.stable_rs).map_or(0, |set| set.ready);
        let has = self.spec.replicas().saturating_sub(stable).max(self.new.ready);
        let weights = strategy.steps.iter().rev().filter_map(|step| step.set_weight);
        let mut smaller = weights.filter(|weight| self.pods_of(*weight) < has);
        smaller.next().unwrap_or(0)
    }

    /// The share that the new version keeps on the way back: none, or as much as the stable one has no
    /// pods for yet.
    pub(super) fn weight_on_the_way_back(&self, strategy: &Canary) -> u32 {
        if !strategy.dynamic_stable_scale {
            return 0;
        }
        let stable = self.set(&self.status.stable_rs).map_or(0, |set| set.ready);
        let ready = 100 * stable / self.spec.replicas().max(1);
        let least = 100_u32.saturating_sub(ready);
        let wanted = if self.status.abort { self.step_back(strategy) } else { 100 };
        match self.status.canary.weights.as_ref().map(|weights| weights.canary.weight) {
            None => least.max(wanted),
            Some(held) if wanted == 0 => least.min(held),
            Some(held) if ready < 100 - wanted => held,
            Some(held) => wanted.min(held),
        }
    }

    /// Takes the new version's pods away as its weight goes; where it is to be kept for a while, only once
    /// the stable one has all of its own.
    pub(super) fn scale_back(&mut self, wanted: u32, delay: Option<i64>) {
        if let Some(seconds) = delay {
            let stable = self.set(&self.status.stable_rs).map_or(0, |set| set.ready);
            if seconds == 0 || stable == self.spec.replicas() || self.new.deadline.is_some() {
                self.scale_new(wanted, delay);
            }
            return;
        }
        let held = self.status.canary.weights.as_ref().map_or(0, |weights| weights.canary.weight);
        let (new, still) = (self.new.clone(), self.pods_of(held));
        self.keep(&new);
        self.scale(&new, wanted.max(still));
    }
}
