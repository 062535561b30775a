//! An order followed to its end: from what the control plane answers and from what is read.
//!
//! `arrival` tells when the traffic is where an order wanted it, `ends` when an order is over.

mod arrival;
mod ends;

use jiff::Timestamp;

use crate::domain::{
    Action, EventKind, Fault, FaultKind, OrderId, Progress, Rollout, RolloutKind, TimelineEvent,
};

use super::{Cockpit, Effect, Outcome, SeenBy, State, Track};

pub(super) use arrival::is_on;

/// Takes in what is known about an order on its way.
pub(super) fn acted(state: &mut State, id: &OrderId, progress: Progress) -> Vec<Effect> {
    let now = state.now;
    let Some(cockpit) = state.cockpit_mut() else { return Vec::new() };
    let Some(track) = cockpit.track.as_mut().filter(|track| track.order.id == *id) else {
        return Vec::new();
    };
    let words = track.order.action.words();
    let permission = track.order.call.permission();
    let text = answer(track, progress, now);
    match (&track.outcome, track.accepted) {
        (Outcome::Refused(Fault { kind: FaultKind::Denied { permission }, .. }), _) => {
            let permission = permission.clone();
            cockpit.known_permissions.retain(|known| *known != permission);
            remember(&mut cockpit.missing_permissions, permission);
        }
        (_, Some(_)) => remember(&mut cockpit.known_permissions, permission),
        (_, None) => {}
    }
    if let Some(text) = text {
        cockpit.note_person(now, format!("{words}: {text}"));
        state.say(format!("{words}: {text}"));
    }
    Vec::new()
}

fn remember(list: &mut Vec<String>, permission: String) {
    if !list.contains(&permission) {
        list.push(permission);
    }
}

/// Writes the answer into the track; the sentence is what the person has to hear.
fn answer(track: &mut Track, progress: Progress, now: Timestamp) -> Option<String> {
    if track.outcome.is_final() {
        return None;
    }
    match progress {
        Progress::Sent => {
            track.sent.get_or_insert(now);
            None
        }
        Progress::Accepted { rollout, .. } => {
            track.sent.get_or_insert(now);
            track.accepted.get_or_insert(now);
            track.follows = track.follows.take().or(rollout);
            track.outcome = Outcome::OnItsWay;
            let seconds = now.duration_since(track.order.at).as_secs_f64().max(0.0);
            Some(format!("accepted in {seconds:.1} s"))
        }
        Progress::Void { change } => {
            let text = format!("nothing was sent, {change}");
            track.outcome = Outcome::Void(change);
            Some(text)
        }
        Progress::NotAudited { why } => {
            let text = format!("nothing was sent, the audit file could not be written: {why}");
            track.outcome = Outcome::NotAudited(why);
            Some(text)
        }
        Progress::Refused { fault } => {
            track.sent.get_or_insert(now);
            let text = format!("refused, {fault}");
            track.outcome = Outcome::Refused(fault);
            Some(text)
        }
        Progress::Unknown { fault } => {
            track.sent.get_or_insert(now);
            let text = "the answer was lost; reading will show what happened".to_owned();
            track.outcome = Outcome::Unknown(fault);
            Some(text)
        }
    }
}

/// A task of the program failed. If it was the one that carried the order, nobody will answer.
pub(super) fn broken(state: &mut State, text: String) -> Vec<Effect> {
    if let Some(cockpit) = state.cockpit_mut()
        && let Some(track) = cockpit.track.as_mut().filter(|track| track.is_unanswered())
    {
        let operation = track.order.call.permission();
        track.outcome = Outcome::Unknown(Fault::new(FaultKind::Garbled, &operation, text.clone()));
    }
    state.say(text);
    Vec::new()
}

/// Follows the order in the newest picture. A sentence when what it led to has just failed.
pub(super) fn observed(cockpit: &mut Cockpit, now: Timestamp) -> Option<String> {
    let mut track = cockpit.track.take()?;
    let before = track.clone();
    let rollout = cockpit.snapshot.rollout();
    if rollout.is_some_and(|rollout| concerns(&track, rollout)) {
        ends::advance(&mut track, &cockpit.snapshot, now);
    } else if track.outcome.is_final() && rollout.is_some() {
        // Another rollout has begun: the old order is history, told by the timeline.
        return None;
    }
    if let (None, Some((_, by))) = (before.restored, track.restored)
        && track.order.action == Action::RollBack
    {
        cockpit.note(arrived(by, now));
    }
    let mut failed = None;
    if track.outcome != before.outcome {
        if let Outcome::Failed(why) = &track.outcome {
            failed = Some(why.clone());
        }
        if let Some(text) = news(&track) {
            cockpit.note_person(now, text);
        }
    }
    cockpit.track = Some(track);
    failed
}

/// The entry for traffic that has come back.
fn arrived(by: SeenBy, now: Timestamp) -> TimelineEvent {
    let text = match by {
        SeenBy::Listener => "restored: the listener sends everything back",
        SeenBy::Requests => "restored: the requests are back",
        SeenBy::Answers => "restored: the name servers answer with it",
        SeenBy::Tasks => "restored: every running task is of the previous revision",
    };
    TimelineEvent {
        at: now,
        kind: EventKind::Traffic,
        side: None,
        text: text.to_owned(),
        key: format!("restored {now}"),
    }
}

/// What there is to say about an outcome that has just been reached by reading.
fn news(track: &Track) -> Option<String> {
    let words = track.order.action.words();
    match &track.outcome {
        Outcome::Done => Some(format!("{words}: done")),
        Outcome::Failed(why) => Some(why.clone()),
        Outcome::OnItsWay => Some(format!("{words}: it was taken, as reading shows")),
        Outcome::Void(_) | Outcome::NotAudited(_) | Outcome::Refused(_) | Outcome::Unknown(_) => {
            None
        }
    }
}

/// Whether the rollout in the picture is the order's own or what the order led to. A new deployment
/// whose answer was lost is known by the order's id in its description.
fn concerns(track: &Track, rollout: &Rollout) -> bool {
    let ordered = &track.order.expected.rollout;
    let described = rollout.description.as_deref().unwrap_or("");
    rollout.id == *ordered
        || track.follows.as_ref() == Some(&rollout.id)
        || described.split(' ').next_back() == Some(track.order.id.as_str())
        || matches!(&rollout.kind, RolloutKind::Rollback { undoes: Some(id) } if id == ordered)
        || deploys_what_was_ordered(track, rollout)
}

/// Whether it began after the order and brings the revision that the order names. ECS answers an
/// update of a service before the deployment has an id, and takes no description.
fn deploys_what_was_ordered(track: &Track, rollout: &Rollout) -> bool {
    let params = &track.order.call.params;
    let ordered = params.iter().find(|(name, _)| name == "taskDefinition");
    let brought = rollout.green.revision.value().map(|revision| revision.arn.as_str());
    ordered.is_some_and(|(_, value)| value.as_str() == brought && brought.is_some())
        && rollout.created.is_some_and(|created| created >= track.order.at)
}
