//! Blue/green: everything at once, by moving a Service.

use super::{BlueGreen, Controller, Kind, text};
use crate::sim::world::time::after;

/// Why the rollout waits before the Service is moved.
const PAUSE: &str = "BlueGreenPause";

impl Controller<'_> {
    pub(super) fn blue_green(&mut self, strategy: &BlueGreen) {
        let new = self.new.clone();
        let stable = self.status.stable_rs.clone();
        if let Some(preview) = &strategy.preview_service {
            self.select(preview, &new.hash);
        }
        // A version that is about to be taken away, or promoted in full, asks nobody. The first look
        // that sees it is also the last.
        let active = self.selected(&strategy.active_service);
        let at_once = self.status.promote_full
            || new.deadline.is_some()
            || active.is_empty()
            || active == new.hash
            || self.is_within_window();
        self.scale_new(self.preview_wanted(strategy), strategy.abort_scale_down_delay_seconds);
        self.scale_others(&active, strategy.scale_down_delay_revision_limit);
        if !self.spec.paused && self.status.pause(super::INCONCLUSIVE).is_none() {
            self.ask(strategy, &active, at_once);
            self.pass_preview(strategy);
            self.switch(strategy, at_once);
        }
        self.analyse_blue_green(strategy);
        let active = self.selected(&strategy.active_service);
        if active == new.hash && self.status.pause_conditions.is_empty() {
            self.status.controller_pause = false;
        }
        let checked = strategy.post_promotion_analysis.is_none()
            || self.status.promote_full
            || is_good(self.status.blue_green.post_promotion_analysis_run_status.as_ref());
        if self.is_in_flight()
            && !self.status.abort
            && active == new.hash
            && checked
            && new.is_saturated(self.spec.replicas())
        {
            self.promote(false, "Completed blue-green update");
            self.retire(&stable, strategy.scale_down_delay_seconds);
        }
        if let Some(preview) = &strategy.preview_service {
            self.status.blue_green.preview_selector = self.selected(preview);
        }
        self.status.blue_green.active_selector = active;
    }

    /// How many pods the new version is to have: fewer while it is only looked at.
    pub(super) fn preview_wanted(&self, strategy: &BlueGreen) -> u32 {
        let whole = self.spec.replicas();
        let passed = self.status.promote_full
            || !self.is_in_flight()
            || self.status.blue_green.scale_up_preview_check_point
            || self.selected(&strategy.active_service) == self.new.hash;
        strategy.preview_replica_count.filter(|_| !passed).unwrap_or(whole)
    }

    /// Whether somebody, or the timer, has agreed.
    fn is_agreed(&self, strategy: &BlueGreen) -> bool {
        let waits = strategy.asks() || strategy.pause().is_some();
        !waits || (self.status.controller_pause && self.status.pause(PAUSE).is_none())
    }

    /// Once it has been looked at the new version gets all its pods. That is remembered until a
    /// version is promoted, also when another one is asked for meanwhile.
    fn pass_preview(&mut self, strategy: &BlueGreen) {
        let passed = &mut self.status.blue_green.scale_up_preview_check_point;
        if strategy.preview_replica_count.is_none() {
            *passed = false;
        } else if !*passed && self.is_in_flight() && !self.status.abort {
            let there = strategy.preview_replica_count == Some(self.new.ready);
            self.status.blue_green.scale_up_preview_check_point =
                there && self.is_agreed(strategy) && self.is_checked(strategy);
        }
    }

    /// Whether the analysis before the move is over and good. For the stable version there is none,
    /// and none is not a good one.
    fn is_checked(&self, strategy: &BlueGreen) -> bool {
        let known = self.status.blue_green.pre_promotion_analysis_run_status.as_ref();
        let run = known.and_then(|run| self.argo.store.get(Kind::AnalysisRun, &run.name));
        let good = run.is_some_and(|run| text(run, "/status/phase") == "Successful");
        strategy.pre_promotion_analysis.is_none() || good
    }

    /// Waits for a person or a timer, once the new pods are ready and analysed.
    fn ask(&mut self, strategy: &BlueGreen, active: &str, at_once: bool) {
        let is_full = self.new.ready >= self.preview_wanted(strategy);
        if self.status.abort || !is_full {
            return;
        }
        if at_once || active == self.new.hash || self.status.blue_green.scale_up_preview_check_point
        {
            self.status.pause_conditions.retain(|pause| pause.reason != PAUSE);
            return;
        }
        let waits = strategy.asks() || strategy.pause().is_some();
        if !waits || !self.is_checked(strategy) {
            return;
        }
        let Some(pause) = self.status.pause(PAUSE) else {
            // Without a pause of its own it has been released by somebody.
            if !self.status.controller_pause {
                self.pause(PAUSE);
                self.time_pause(strategy);
            }
            return;
        };
        let start = pause.start_time;
        let over = strategy.pause().filter(|_| !strategy.asks()).map(|span| after(start, span));
        if over.is_some_and(|over| over <= self.argo.now) {
            self.status.pause_conditions.retain(|pause| pause.reason != PAUSE);
        } else {
            self.time_pause(strategy);
        }
    }

    fn time_pause(&mut self, strategy: &BlueGreen) {
        let start = self.status.pause(PAUSE).map(|pause| pause.start_time);
        if let (Some(start), Some(span), false) = (start, strategy.pause(), strategy.asks()) {
            self.look_at(after(start, span));
        }
    }

    /// Moves the active Service. While the new pods are not all ready it stays where it is, also after
    /// an abort: that is how the real controller can leave nobody serving.
    fn switch(&mut self, strategy: &BlueGreen, at_once: bool) {
        if !self.new.is_saturated(self.spec.replicas()) {
            return;
        }
        let passed = self.status.blue_green.scale_up_preview_check_point;
        let agreed = (passed || self.is_agreed(strategy)) && self.is_checked(strategy);
        let goal = if self.status.abort {
            self.status.stable_rs.clone()
        } else if at_once || agreed {
            self.new.hash.clone()
        } else {
            return;
        };
        self.select(&strategy.active_service, &goal);
    }
}

fn is_good(run: Option<&super::super::shape::RunStatus>) -> bool {
    run.is_some_and(|run| run.status == "Successful")
}
