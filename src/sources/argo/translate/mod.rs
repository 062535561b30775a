//! What the cluster said, as one picture. Pure: the same objects at the same moment give the same
//! snapshot.

mod counted;
mod events;
mod guards;
mod keepers;
mod measured;
mod offers;
mod phase;
mod pod;
mod routes;
pub(crate) mod running;
mod schedule;
mod sides;
mod stages;
mod standing;
#[cfg(test)]
mod tests;
mod traffic;
#[cfg(test)]
mod traps;
mod upkeep;
mod view;
mod workload;

use jiff::Timestamp;

use crate::domain::{
    EndReason, Fact, Fault, FaultKind, Gate, Phase, Rollout, RolloutId, RolloutKind, Side, Snapshot,
};

use super::Place;
use super::raw::{Raw, ReplicaSet};
use crate::sources::metrics::prometheus::{Pods, Versions};
pub(crate) use counted::{ByService, by_service};
pub(crate) use offers::NUDGED;
pub(crate) use standing::is_observed;
use standing::{Word, standing};
use view::View;

/// The picture of the Rollout at `place` at `now`; how fresh each source is is added by who
/// watches them.
pub(crate) fn snapshot(place: &Place, raw: &Raw, now: Timestamp) -> Snapshot {
    let empty = Snapshot::unasked(place.target(), now);
    let Some(object) = raw.rollout() else {
        let rollout = match &raw.rollouts {
            Fact::Known { .. } | Fact::Stale { .. } => Fact::Unknown { fault: absent(place) },
            Fact::Unasked => Fact::Unasked,
            Fact::Unknown { fault } => Fact::Unknown { fault: fault.clone() },
        };
        return Snapshot { identity: raw.identity.clone(), rollout, ..empty };
    };
    let view = View::of(raw, object);
    let started = !object.status.current_pod_hash.is_empty();
    let stands = standing(object);
    if !started && stands.word == Word::Degraded {
        // Never begun: the controller refuses what is asked for.
        let (code, message) =
            stands.message.split_once(": ").unwrap_or(("Degraded", &stands.message));
        let kind = FaultKind::Rejected { code: code.to_owned() };
        let fault = Fault::new(kind, "kubernetes:bring out", message);
        return Snapshot {
            identity: raw.identity.clone(),
            rollout: Fact::Unknown { fault },
            ..empty
        };
    }
    Snapshot {
        identity: raw.identity.clone(),
        rollout: raw.rollouts.map(|_| started.then(|| rollout(place, &view, now))),
        guards: guards::guards(&view),
        events: events::events(place, &view),
        ..empty
    }
}

/// Which pods are which side's; nothing before the controller has made both versions.
pub(crate) fn versions(place: &Place, raw: &Raw) -> Option<Versions> {
    let view = View::of(raw, raw.rollout()?);
    let [blue, green] = [Side::Blue, Side::Green].map(|side| view.set(view.hash(side)));
    let pods = |set: Option<&ReplicaSet>| Pods {
        namespace: place.namespace.clone(),
        sets: set.map(|set| set.metadata.name.clone()).into_iter().collect(),
    };
    Some(Versions {
        target: place.target(),
        blue: pods(blue),
        green: pods(Some(green?)),
        began: view.set(view.current())?.metadata.creation_timestamp,
    })
}

fn absent(place: &Place) -> Fault {
    let text = format!("there is no Rollout {} in namespace {}", place.name, place.namespace);
    Fault::new(FaultKind::NotFound, "kubernetes:watch rollouts", text)
}

fn rollout(place: &Place, view: &View<'_>, now: Timestamp) -> Rollout {
    let object = view.rollout;
    let traffic = traffic::traffic(view);
    let phase = phase::phase(view, &traffic, now);
    let standing = standing(object);
    let aborted = phase::is_aborted(view);
    let broken = (standing.word == Word::Degraded).then(|| standing.message.clone());
    let course = phase::course(view, &traffic, now);
    let progress = stages::Progress { course: &course, broken: broken.clone() };
    let stages = if aborted {
        stages::way_back(view, &phase, &traffic, broken.clone())
    } else {
        stages::update(view, &progress)
    };
    let hash = object.status.current_pod_hash.as_str();
    let kind = match (aborted, view.is_undo) {
        (true, _) => RolloutKind::Rollback { undoes: Some(RolloutId::new(hash)) },
        (false, true) => RolloutKind::Rollback { undoes: Some(RolloutId::new(&*view.green)) },
        (false, false) => RolloutKind::Rollout,
    };
    let current = view.set(hash);
    Rollout {
        // An abort is a way back of its own, told apart from the update that it undoes.
        id: RolloutId::new(if aborted { format!("{hash} aborted") } else { hash.to_owned() }),
        name: object.metadata.name.clone(),
        configuration: if object.spec.strategy.blue_green.is_some() {
            "blueGreen"
        } else {
            "canary"
        }
        .to_owned(),
        creator: String::new(),
        description: workload::sentence(view),
        created: if aborted {
            object.status.aborted_at
        } else {
            current.and_then(|set| set.metadata.creation_timestamp)
        },
        ended: None,
        gate: (phase == Phase::AwaitingApproval).then_some(Gate::Approval),
        next: schedule::next(view, &phase, &stages),
        instant_rollback_until: schedule::instant_rollback_until(view, &phase),
        blue: sides::environment(place, view, Side::Blue),
        green: sides::environment(place, view, Side::Green),
        sides_are_guessed: false,
        keepers: keepers::keepers(place, view),
        paused: object.spec.paused,
        restart: upkeep::restart(object),
        end_reason: broken.map(|text| end_reason(&text)),
        rollback: None,
        offers: offers::offers(&offers::Situation { place, view, phase: &phase, aborted }),
        stages,
        traffic,
        phase,
        kind,
    }
}

/// `RolloutAborted: Rollout aborted update to revision 2` in code and sentence.
fn end_reason(text: &str) -> EndReason {
    let (code, message) = text.split_once(": ").unwrap_or(("Degraded", text));
    EndReason { code: code.to_owned(), message: message.to_owned() }
}
