//! How a Rollout stands, as the controller's own command line tool works it out.
//!
//! `status.phase` alone lags: after an edit of the spec, and after a pause was released, it still
//! tells the state before.

pub(crate) use crate::domain::StandingWord as Word;
use crate::sources::argo::raw::{BlueGreen, Canary, Rollout, Step};

/// Where it stands, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) word: Word,
    /// Empty when there is nothing to say.
    pub(crate) message: String,
}

impl Standing {
    fn new(word: Word, message: impl Into<String>) -> Self {
        Self { word, message: message.into() }
    }
}

/// Whether the controller has seen the newest spec.
///
/// The number is text; what is no number comes from a controller before 0.10 and counts as seen.
pub(crate) fn is_observed(rollout: &Rollout) -> bool {
    let observed = rollout.status.observed_generation.parse::<i64>();
    !observed.is_ok_and(|observed| observed < rollout.metadata.generation)
}

/// Whether the template of the workload it refers to is newer than what the controller has seen.
fn is_workload_unobserved(rollout: &Rollout) -> bool {
    let newest = rollout.metadata.annotations.get("rollout.argoproj.io/workload-generation");
    let seen = &rollout.status.workload_observed_generation;
    rollout.spec.workload_ref.is_some() && newest.is_some_and(|newest| newest != seen)
}

/// Where it stands.
pub(crate) fn standing(rollout: &Rollout) -> Standing {
    let progressing = |message: &str| Standing::new(Word::Progressing, message);
    if !is_observed(rollout) {
        return progressing("waiting for rollout spec update to be observed");
    }
    if rollout.is_unpausing() {
        return progressing("waiting for rollout to unpause");
    }
    if is_workload_unobserved(rollout) {
        return progressing(
            "waiting for rollout spec update to be observed for the reference workload",
        );
    }
    let word = match rollout.status.phase.as_str() {
        "Healthy" => Word::Healthy,
        "Degraded" => Word::Degraded,
        "Paused" => Word::Paused,
        "" => return computed(rollout),
        _ => Word::Progressing,
    };
    Standing::new(word, rollout.status.message.clone())
}

/// What the controller would write, for one that has not written it.
fn computed(rollout: &Rollout) -> Standing {
    let (spec, status) = (&rollout.spec, &rollout.status);
    for condition in &status.conditions {
        let reason = match (condition.kind.as_str(), condition.reason.as_str()) {
            ("InvalidSpec", _) => "InvalidSpec",
            (_, reason @ ("RolloutAborted" | "ProgressDeadlineExceeded")) => reason,
            _ => continue,
        };
        return Standing::new(Word::Degraded, format!("{reason}: {}", condition.message));
    }
    if spec.paused {
        return Standing::new(Word::Paused, "manually paused");
    }
    if let Some(pause) = status.pause_conditions.first() {
        return Standing::new(Word::Paused, pause.reason.clone());
    }
    match waits_for(rollout) {
        Some(what) => Standing::new(Word::Progressing, what),
        None => Standing::new(Word::Healthy, ""),
    }
}

/// What a rollout that is neither paused nor broken is waiting for.
fn waits_for(rollout: &Rollout) -> Option<&'static str> {
    let (spec, status) = (&rollout.spec, &rollout.status);
    if spec.restart_at.is_some() && spec.restart_at != status.restarted_at {
        return Some("rollout is restarting");
    }
    if status.updated_replicas < spec.replicas() {
        return Some("more replicas need to be updated");
    }
    if status.available_replicas < status.updated_replicas {
        return Some("updated replicas are still becoming available");
    }
    let promoted = status.stable_rs == status.current_pod_hash && !status.stable_rs.is_empty();
    if let Some(blue_green) = &spec.strategy.blue_green {
        return after_cutover(rollout, blue_green, promoted);
    }
    let canary = spec.strategy.canary.as_ref()?;
    if canary.traffic_routing.is_none() && status.replicas > status.updated_replicas {
        return Some("old replicas are pending termination");
    }
    (!promoted).then_some("waiting for all steps to complete")
}

fn after_cutover(
    rollout: &Rollout,
    blue_green: &BlueGreen,
    promoted: bool,
) -> Option<&'static str> {
    let status = &rollout.status;
    let active = &status.blue_green.active_selector;
    if active.is_empty() || *active != status.current_pod_hash {
        return Some("active service cutover pending");
    }
    if promoted {
        return None;
    }
    let run = status.blue_green.post_promotion_analysis_run_status.as_ref();
    let measured = run.is_some_and(super::super::raw::RunStatus::is_over);
    Some(if blue_green.post_promotion_analysis.is_some() && !measured {
        "waiting for analysis to complete"
    } else {
        "waiting for post-promotion verification to complete"
    })
}

/// The step that is being carried out; nothing when there are none or all are done.
pub(crate) fn current_step<'a>(rollout: &Rollout, canary: &'a Canary) -> Option<(usize, &'a Step)> {
    let index = rollout.status.current_step_index?;
    canary.steps.get(index).map(|step| (index, step))
}

/// The weight that the steps ask for, out of [`Canary::whole`].
pub(crate) fn set_weight(rollout: &Rollout, canary: &Canary) -> u32 {
    if rollout.status.abort {
        return 0;
    }
    let Some((index, _)) = current_step(rollout, canary) else { return canary.whole() };
    let steps = &canary.steps[..=index];
    steps.iter().rev().find_map(|step| step.set_weight).unwrap_or(0)
}
