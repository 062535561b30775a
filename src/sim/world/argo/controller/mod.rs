//! The controller of Argo Rollouts: it looks at the Rollout and does what is next, one small step at
//! a time, and looks again after each change.
//!
//! | file | what |
//! |---|---|
//! | `versions` | a ReplicaSet for each template, and its number |
//! | `scale` | how many pods each version has, and until when |
//! | `blue_green`, `canary` | the two strategies |
//! | `share`, `shrinking`, `routing` | pods and weights of a canary |
//! | `managed` | routes for requests with certain headers |
//! | `valid` | what cannot be brought out |
//! | `analysis`, `experiment` | analyses and experiments that a strategy begins, and what comes of them |
//! | `workload` | a template that is a Deployment's |
//! | `restart` | pods that are replaced because somebody asks for it |
//! | `status` | what is written down at the end |

mod analysis;
mod blue_green;
mod canary;
mod experiment;
mod managed;
mod restart;
mod routing;
mod scale;
mod share;
mod shrinking;
mod status;
mod valid;
mod versions;
mod workload;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::say::Tone;
use super::sets::Set;
use super::shape::{BlueGreen, Canary, PauseCondition, Spec, Status};
use super::store::{stamp, text};
use super::{Argo, ArgoStep, HASH, Kind, front, hash, pods};

/// Why the rollout waits when an analysis has come to no result.
const INCONCLUSIVE: &str = "InconclusiveAnalysisRun";

/// One look at the Rollout.
struct Controller<'a> {
    argo: &'a mut Argo,
    spec: Spec,
    generation: u64,
    /// The status as it was, and as it is going to be written.
    before: Status,
    status: Status,
    /// All versions; the one that is asked for.
    sets: Vec<Set>,
    new: Set,
    /// Why it was aborted by the controller itself, in this look.
    reason: String,
    /// When the next look is due although nothing changes.
    next: Option<Timestamp>,
}

/// Looks at the Rollout and does what is next.
pub(super) fn reconcile(argo: &mut Argo) {
    let Some(rollout) = argo.known() else { return };
    let read = |part: &str| rollout[part].clone();
    let Ok(mut spec) = serde_json::from_value::<Spec>(read("spec")) else { return };
    let before: Status = serde_json::from_value(read("status")).unwrap_or_default();
    let generation = rollout["metadata"]["generation"].as_u64().unwrap_or_default();
    let steps = rollout["spec"]["strategy"]["canary"]["steps"].clone();
    if let Some(problem) = workload::borrow(argo, &mut spec).or_else(|| valid::problem(argo, &spec))
    {
        status::refuse(argo, (before, generation), &problem);
        return;
    }
    let version = hash::of(&spec.template);
    let Some(new) = versions::find_or_create(argo, &spec, &version) else { return };
    let mut look = Controller {
        sets: argo.sets(),
        status: before.clone(),
        reason: String::new(),
        next: None,
        argo,
        spec,
        generation,
        before,
        new,
    };
    look.begin(&steps);
    look.write();
}

impl Controller<'_> {
    fn begin(&mut self, steps: &Json) {
        let now = self.argo.now;
        let step_hash =
            if steps.is_array() { hash::of_text(&steps.to_string()) } else { String::new() };
        let same_steps =
            self.before.current_step_hash.is_empty() || self.before.current_step_hash == step_hash;
        let same_version = self.before.current_pod_hash == self.new.hash;
        self.status.current_step_hash = step_hash;
        if !same_version || !same_steps {
            self.forget_progress();
            return;
        }
        let resumes = self.status.controller_pause
            && self.status.pause_conditions.is_empty()
            && !self.status.abort
            && !self.status.promote_full
            && !self.spec.paused
            && self.status.has_reason("Progressing", "RolloutPaused");
        if resumes {
            // That it goes on is written down first, and then it goes on.
            self.argo.say(Tone::Normal, "RolloutResumed", "Rollout is resumed");
            return;
        }
        // Somebody tries again what was aborted.
        if !self.status.abort && self.status.aborted_at.is_some() {
            self.status.aborted_at = None;
            if self.spec.strategy.canary.is_some() {
                // That is written down first; what failed is forgotten with the next look.
                self.begin_again();
                return;
            }
            self.restart_steps();
        }
        if self.status.promote_full {
            self.status.pause_conditions.clear();
            self.status.controller_pause = false;
            self.status.abort = false;
        }
        if self.status.abort && self.is_in_flight() && self.status.aborted_at.is_none() {
            self.status.aborted_at = Some(now);
            self.status.pause_conditions.clear();
            self.status.controller_pause = false;
        }
        match (self.spec.strategy.blue_green.clone(), self.spec.strategy.canary.clone()) {
            (Some(blue_green), None) => self.blue_green(&blue_green),
            (None, Some(canary)) => self.canary(&canary),
            (Some(_), Some(_)) | (None, None) => {}
        }
        self.restart();
        self.end_workload();
        if !self.is_in_flight() {
            // There is nothing that could be aborted.
            self.status.abort = false;
            self.status.aborted_at = None;
            self.status.promote_full = false;
        }
    }

    /// Another version is asked for, or other steps: everything begins anew.
    fn forget_progress(&mut self) {
        let (hash, stable) = (self.new.hash.clone(), self.status.stable_rs.clone());
        self.status.current_pod_hash.clone_from(&hash);
        self.status.abort = false;
        self.status.aborted_at = None;
        self.status.promote_full = false;
        self.status.pause_conditions.clear();
        self.status.controller_pause = false;
        self.restart_steps();
        self.argo.take_pool(&hash, &stable);
        self.end_runs_of_others(&hash);
        let canary = self.spec.strategy.canary.as_ref();
        if stable.is_empty() && canary.is_none() {
            self.status.stable_rs.clone_from(&hash);
        }
        self.status.current_step_index = canary.filter(|one| !one.steps.is_empty()).map(|canary| {
            let back = self.status.stable_rs == hash || self.is_within_window();
            if back { canary.steps.len() } else { 0 }
        });
        let preview = self.spec.strategy.blue_green.as_ref();
        if let Some(service) = preview.and_then(|one| one.preview_service.clone()) {
            self.select(&service, &hash);
            self.status.blue_green.preview_selector.clone_from(&hash);
        }
        let (revision, hash) = (self.new.revision, &self.new.hash);
        let (reason, message) = if self.status.stable_rs == *hash {
            let why = if stable.is_empty() { "Initial deploy" } else { "Rollback to stable" };
            let what = format!("Rollout completed update to revision {revision} ({hash}): {why}");
            ("RolloutCompleted", what)
        } else {
            let what = format!("started update to revision {revision} ({hash})");
            ("RolloutNotCompleted", format!("Rollout not completed, {what}"))
        };
        self.argo.say(Tone::Normal, reason, &message);
    }

    /// A canary begins again with its first step. What failed in that step is run again.
    fn begin_again(&mut self) {
        let run = self.status.canary.current_step_analysis_run_status.take();
        self.restart_steps();
        self.status.canary.current_step_analysis_run_status =
            run.filter(|run| !self.is_of_step(&run.name, 0));
    }

    fn restart_steps(&mut self) {
        self.status.blue_green.pre_promotion_analysis_run_status = None;
        self.status.blue_green.post_promotion_analysis_run_status = None;
        self.status.canary.current_step_analysis_run_status = None;
        self.status.canary.current_background_analysis_run_status = None;
        self.status.canary.current_experiment.clear();
        if self.spec.strategy.canary.as_ref().is_some_and(|one| !one.steps.is_empty()) {
            self.status.current_step_index = Some(0);
        }
    }

    /// Whether a version is asked for again that lies so little back that it needs no steps: older
    /// than the stable one, with few made between the two.
    fn is_within_window(&self) -> bool {
        let window = self.spec.rollback_window();
        let Some(stable) = self.set(&self.status.stable_rs).filter(|_| window > 0) else {
            return false;
        };
        let made = self.new.made;
        let between = self.sets.iter().filter(|set| set.made > made && set.made < stable.made);
        made < stable.made && between.count() < window as usize
    }

    /// Whether what is asked for is not what is stable.
    fn is_in_flight(&self) -> bool {
        self.status.stable_rs != self.new.hash
    }

    /// Aborts what is being brought out, for a reason of the controller's own.
    fn abort(&mut self, reason: &str) {
        if self.status.abort || !self.is_in_flight() {
            return;
        }
        reason.clone_into(&mut self.reason);
        self.status.abort = true;
        self.status.aborted_at = Some(self.argo.now);
        self.status.pause_conditions.clear();
        self.status.controller_pause = false;
    }

    /// Makes what is new the stable version; two Services that take turns change places.
    fn promote(&mut self, turns: bool, how: &str) {
        self.status.stable_rs.clone_from(&self.new.hash);
        if turns {
            let stable = &mut self.status.canary.stable_ping_pong;
            let next = if stable == "ping" { "pong" } else { "ping" };
            next.clone_into(stable);
        }
        self.status.blue_green.scale_up_preview_check_point = false;
        self.status.promote_full = false;
        self.status.controller_pause = false;
        self.status.pause_conditions.clear();
        let (revision, hash) = (self.new.revision, &self.new.hash);
        let what = format!("Rollout completed update to revision {revision} ({hash}): {how}");
        self.argo.say(Tone::Normal, "RolloutCompleted", &what);
    }

    /// Holds the rollout until somebody, or a timer, releases it.
    fn pause(&mut self, reason: &str) {
        let start_time = self.now();
        self.status.pause_conditions.push(PauseCondition { reason: reason.to_owned(), start_time });
        self.status.controller_pause = true;
        self.argo.say(Tone::Normal, "RolloutPaused", &format!("Rollout is paused ({reason})"));
    }

    /// Now, as statuses spell it.
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.argo.now.as_second()).unwrap_or(self.argo.now)
    }

    /// Looks again at this moment.
    fn look_at(&mut self, at: Timestamp) {
        self.next = Some(self.next.map_or(at, |next| next.min(at)));
    }

    /// The hash that a Service leads to.
    fn selected(&self, service: &str) -> String {
        let service = self.argo.store.get(Kind::Service, service);
        service.map(pods::selected).unwrap_or_default().to_owned()
    }

    /// Leads a Service to a version.
    fn select(&mut self, service: &str, hash: &str) {
        const MANAGED: &str = "argo-rollouts.argoproj.io/managed-by-rollouts";
        let before = self.selected(service);
        if before == hash {
            return;
        }
        let (owner, now) = (self.argo.name.clone(), self.argo.now);
        self.argo.store.change(Kind::Service, service, |service| {
            service["metadata"]["annotations"][MANAGED] = json!(owner);
            front::lead(service, hash, "rollouts-controller", now);
        });
        let what = format!("Switched selector for service '{service}' from '{before}' to '{hash}'");
        self.argo.say(Tone::Normal, "SwitchService", &what);
    }
}
