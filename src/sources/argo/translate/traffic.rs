//! The traffic of each version: what was asked for, and what the Services and the router hold.

use crate::domain::{Fact, Fault, FaultKind, ListenerSplit, ShareOf, Side, Split, Traffic, Weight};
use crate::sources::argo::raw::{BlueGreen, Canary, Weights};

use super::standing::set_weight;
use super::view::View;

/// Where the traffic is to be, and where it is.
pub(crate) fn traffic(view: &View<'_>) -> Traffic {
    let strategy = &view.rollout.spec.strategy;
    let (planned, listener) = match (&strategy.blue_green, &strategy.canary) {
        (Some(blue_green), None) => (planned_at_once(view), active_service(view, blue_green)),
        (None, Some(canary)) => match canary.traffic_routing {
            Some(_) => (planned_weight(view, canary), routed(view, canary)),
            None => (by_pods(view, |set| set.spec.replicas), counted(view)),
        },
        // With both or neither the controller touches nothing.
        (Some(_), Some(_)) | (None, None) => (None, Fact::Unasked),
    };
    let planned = match planned {
        Some(split) => view.raw.rollouts.map(|_| split),
        None => Fact::Unasked,
    };
    let routed = strategy.canary.as_ref().is_none_or(|canary| canary.traffic_routing.is_some());
    let of = if routed { ShareOf::Requests } else { ShareOf::Tasks };
    Traffic { of, planned, listener, routes: super::routes::routes(view), ..Traffic::default() }
}

/// The split in which the version that was asked for has `share`.
fn current_has(view: &View<'_>, share: Weight) -> Split {
    Split { green: if view.is_undo { share.rest() } else { share } }
}

/// Blue/green: the version that the active Service was last told to serve. An abort tells it to
/// serve the old one, whether the controller gets that done or not.
fn planned_at_once(view: &View<'_>) -> Option<Split> {
    let status = &view.rollout.status;
    let asked = if status.abort { &status.stable_rs } else { &status.blue_green.active_selector };
    all_to(view, asked)
}

fn all_to(view: &View<'_>, hash: &str) -> Option<Split> {
    view.side(hash).map(|side| match side {
        Side::Blue => Split::ALL_BLUE,
        Side::Green => Split::ALL_GREEN,
    })
}

/// Blue/green: the Service itself is the truth; somebody may have moved it by hand.
fn active_service(view: &View<'_>, blue_green: &BlueGreen) -> Fact<ListenerSplit> {
    let hash = |name: &String| {
        let services = view.raw.services.value()?;
        services.get(name)?.hash().map(str::to_owned)
    };
    let Some(hash) = hash(&blue_green.active_service) else {
        // A Service that chooses no version yet, or that cannot be read.
        return match view.raw.services.fault() {
            Some(fault) => Fact::Unknown { fault: fault.clone() },
            None => Fact::Unasked,
        };
    };
    let held = all_to(view, &hash).map_or(ListenerSplit::Elsewhere, ListenerSplit::Split);
    view.raw.services.map(|_| held)
}

/// Canary with a router: the weight of the steps, or everything once it is promoted.
fn planned_weight(view: &View<'_>, canary: &Canary) -> Option<Split> {
    let share = if view.is_in_flight() {
        Weight::ratio(f64::from(set_weight(view.rollout, canary)), f64::from(canary.whole()))?
    } else {
        Weight::ALL
    };
    Some(current_has(view, share))
}

/// Canary with a router: what the controller last asked the router for, by version. The words
/// `canary` and `stable` in it are no versions: for a moment of each promotion both are the same.
fn routed(view: &View<'_>, canary: &Canary) -> Fact<ListenerSplit> {
    let Some(weights) = &view.rollout.status.canary.weights else { return Fact::Unasked };
    // Where the controller looks at the load balancer, what it does not find there yet is only asked for.
    if weights.verified == Some(false) {
        let text = "the load balancer does not hold these weights yet";
        let fault = Fault::new(FaultKind::Absent, "kubernetes:watch rollouts", text);
        return Fact::Unknown { fault };
    }
    view.raw.rollouts.map(|_| held(view, weights, canary.whole()))
}

fn held(view: &View<'_>, weights: &Weights, whole: u32) -> ListenerSplit {
    let all = || [&weights.canary, &weights.stable].into_iter().chain(&weights.additional);
    let of = |side: Side| -> u32 {
        let own = all().filter(|share| view.side(&share.pod_template_hash) == Some(side));
        own.map(|share| share.weight).sum()
    };
    let (blue, green) = (of(Side::Blue), of(Side::Green));
    match Weight::ratio(f64::from(green), f64::from(whole)) {
        Some(green) if blue > 0 || green > Weight::NONE => ListenerSplit::Split(Split { green }),
        Some(_) | None => ListenerSplit::Elsewhere,
    }
}

/// Canary without a router: the requests follow the pods.
fn counted(view: &View<'_>) -> Fact<ListenerSplit> {
    match by_pods(view, |set| set.status.available_replicas) {
        Some(split) => view.raw.replica_sets.map(|_| ListenerSplit::Split(split)),
        None => Fact::Unasked,
    }
}

fn by_pods(
    view: &View<'_>,
    pods: impl Fn(&crate::sources::argo::raw::ReplicaSet) -> u32,
) -> Option<Split> {
    let of = |side| view.set(view.hash(side)).map_or(0, &pods);
    let (blue, green) = (f64::from(of(Side::Blue)), f64::from(of(Side::Green)));
    Some(Split { green: Weight::ratio(green, blue + green)? })
}
