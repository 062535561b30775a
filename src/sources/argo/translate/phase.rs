//! Where a Rollout stands in the words of the product.

use jiff::{SignedDuration, Timestamp};

use crate::domain::{Fact, ListenerSplit, Phase, Side, Split, Traffic};
use crate::sources::argo::raw::{BlueGreen, Canary, PauseCondition, ReplicaSet};

use super::standing::{Word, current_step, is_observed, standing};
use super::view::View;

/// How long after an abort the active Service may still serve the aborted version before that is
/// called a failure: the controller moves it within milliseconds, or never.
const MOVES_BACK: SignedDuration = SignedDuration::from_secs(10);

/// How long after the release of a pause the controller may take to go on: it takes a tenth of a
/// second, or has missed it.
const GOES_ON: SignedDuration = SignedDuration::from_secs(5);

/// The phase.
pub(crate) fn phase(view: &View<'_>, traffic: &Traffic, now: Timestamp) -> Phase {
    if is_aborted(view) {
        return going_back(view, traffic, now);
    }
    match standing(view.rollout).word {
        Word::Degraded => Phase::Failed,
        Word::Healthy | Word::Progressing | Word::Paused => course(view, traffic, now),
    }
}

/// Whether an update was aborted and nobody has tried it again since.
pub(crate) fn is_aborted(view: &View<'_>) -> bool {
    view.rollout.status.abort && view.is_in_flight()
}

/// Where it would stand if nothing had gone wrong.
pub(crate) fn course(view: &View<'_>, traffic: &Traffic, now: Timestamp) -> Phase {
    if !view.is_in_flight() {
        return at_rest(view, traffic, now);
    }
    if is_missed(view, now) {
        return Phase::AwaitingApproval;
    }
    let strategy = &view.rollout.spec.strategy;
    match (&strategy.blue_green, &strategy.canary) {
        (Some(blue_green), None) => switching(view, blue_green),
        (None, Some(canary)) => stepping(view, canary),
        (Some(_), Some(_)) | (None, None) => Phase::Other("no single strategy".to_owned()),
    }
}

/// Whether the release of a pause is not going to be acted on by itself any more.
pub(crate) fn is_missed(view: &View<'_>, now: Timestamp) -> bool {
    view.raw.released.is_some_and(|since| now.duration_since(since) > GOES_ON)
}

/// After an abort. The spec keeps asking for the version that was aborted: that is the expected end.
fn going_back(view: &View<'_>, traffic: &Traffic, now: Timestamp) -> Phase {
    if serves_only(traffic, Side::Blue) {
        let green = view.set(&view.green);
        let leaves =
            green.is_some_and(|set| set.spec.replicas > 0 && set.scale_down_at().is_some());
        return if leaves { Phase::Finishing } else { Phase::Succeeded };
    }
    let waited =
        view.rollout.status.aborted_at.is_some_and(|at| now.duration_since(at) > MOVES_BACK);
    let switched = view.rollout.spec.strategy.blue_green.is_some();
    if switched && waited { Phase::Failed } else { Phase::Shifting }
}

/// Whether everything is seen to be on one side.
pub(crate) fn serves_only(traffic: &Traffic, side: Side) -> bool {
    let all = match side {
        Side::Blue => Split::ALL_BLUE,
        Side::Green => Split::ALL_GREEN,
    };
    matches!(traffic.listener.value(), Some(ListenerSplit::Split(split)) if *split == all)
}

/// Nothing is being brought out: what was asked for is what is stable.
fn at_rest(view: &View<'_>, traffic: &Traffic, now: Timestamp) -> Phase {
    if !is_observed(view.rollout) {
        return Phase::Queued;
    }
    let (new, old) =
        if view.is_undo { (Side::Blue, Side::Green) } else { (Side::Green, Side::Blue) };
    let is_first = view.hash(old).is_empty();
    if is_first && standing(view.rollout).word == Word::Progressing {
        return Phase::Preparing;
    }
    let routed = matches!(traffic.listener, Fact::Known { .. } | Fact::Stale { .. });
    let old = view.set(view.hash(old)).filter(|set| set.spec.replicas > 0);
    if routed && !serves_only(traffic, new) && old.is_some() {
        // The word of the controller is Healthy already; the router still has the old weights.
        return Phase::Shifting;
    }
    match old {
        Some(set) if !view.is_undo && set.scale_down_at().is_some_and(|at| now < at) => {
            Phase::Baking
        }
        Some(_) => Phase::Finishing,
        None => Phase::Succeeded,
    }
}

/// An update that moves a Service.
fn switching(view: &View<'_>, blue_green: &BlueGreen) -> Phase {
    let status = &view.rollout.status;
    if status.blue_green.active_selector == status.current_pod_hash {
        return Phase::AfterShift;
    }
    if waits_for_person(view).is_some() {
        return Phase::AwaitingApproval;
    }
    if view.rollout.is_unpausing() {
        return Phase::BeforeShift;
    }
    let wanted = blue_green.preview_replica_count.unwrap_or(view.rollout.spec.replicas());
    if !view.set(view.current()).is_some_and(|set| set.is_full(wanted)) {
        return Phase::Preparing;
    }
    let run = status.blue_green.pre_promotion_analysis_run_status.as_ref();
    match (&blue_green.pre_promotion_analysis, run) {
        (Some(_), Some(run)) if run.is_over() => Phase::BeforeShift,
        (Some(_), _) => Phase::Validating,
        (None, _) => Phase::BeforeShift,
    }
}

/// An update in steps.
fn stepping(view: &View<'_>, canary: &Canary) -> Phase {
    if waits_for_person(view).is_some() {
        return Phase::AwaitingApproval;
    }
    let step = current_step(view.rollout, canary);
    let checked = step.filter(|(_, step)| step.analysis.is_some() || step.experiment.is_some());
    // A check before the first weight needs no pods of the version's own: an experiment brings its.
    let there = |set: &ReplicaSet| {
        set.status.available_replicas > 0 || (checked.is_some() && set.spec.replicas == 0)
    };
    if !view.set(view.current()).is_some_and(there) {
        return Phase::Preparing;
    }
    let weighted = |index: usize| canary.steps[..index].iter().any(|s| s.set_weight > Some(0));
    match checked {
        Some((index, _)) if !weighted(index) => Phase::Validating,
        Some(_) | None => Phase::Shifting,
    }
}

/// What a person has to end, if there is something: a pause without a timer, or a frozen object.
pub(crate) fn waits_for_person<'a>(view: &View<'a>) -> Option<&'a str> {
    let (spec, status) = (&view.rollout.spec, &view.rollout.status);
    if let Some(pause) = status.pause_conditions.first() {
        return match pause_ends(view, pause) {
            // The blue/green pause with a timer asks first and then goes on.
            Some(_) if spec.strategy.canary.is_some() && !spec.paused => None,
            Some(_) | None => Some(&pause.reason),
        };
    }
    spec.paused.then_some("paused by hand")
}

/// When a pause ends by itself.
pub(crate) fn pause_ends(view: &View<'_>, pause: &PauseCondition) -> Option<Timestamp> {
    let strategy = &view.rollout.spec.strategy;
    let lasts = match pause.reason.as_str() {
        "BlueGreenPause" => strategy.blue_green.as_ref()?.pause()?,
        "CanaryPauseStep" => {
            let (_, step) = current_step(view.rollout, strategy.canary.as_ref()?)?;
            step.pause.as_ref()?.duration()?
        }
        _ => return None,
    };
    pause.start_time?.saturating_add(lasts).ok()
}
