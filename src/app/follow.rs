//! An order followed to its end: from what the control plane answers and from what is read.

use jiff::{SignedDuration, Timestamp};

use crate::domain::{
    Action, Fault, FaultKind, Gate, ListenerSplit, Metrics, OrderId, Phase, Progress, Rollout,
    RolloutKind, Side, Split, Weight,
};

use super::{Cockpit, Effect, Outcome, SeenBy, State, Track};

/// From this share of the requests on, the traffic counts as being on one side.
const RESTORED: f64 = 99.0;

/// How long a stopped rollout may take to name its rollback before that is called a failure.
const PATIENCE: SignedDuration = SignedDuration::from_mins(2);

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
    let before = track.outcome.clone();
    if let Some(rollout) = cockpit.snapshot.rollout()
        && concerns(&track, rollout)
    {
        let metrics = cockpit.snapshot.metrics.value();
        advance(&mut track, rollout, metrics, now);
    } else if track.outcome.is_final() && cockpit.snapshot.rollout().is_some() {
        // Another rollout has begun: the old order is history, told by the timeline.
        return None;
    }
    let news = (track.outcome != before).then(|| news(&track)).flatten();
    let failed = match &track.outcome {
        Outcome::Failed(why) if track.outcome != before => Some(why.clone()),
        _ => None,
    };
    cockpit.track = Some(track);
    if let Some(text) = news {
        cockpit.note_person(now, text);
    }
    failed
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

/// Whether the rollout in the picture is the order's own or what the order led to.
fn concerns(track: &Track, rollout: &Rollout) -> bool {
    let ordered = &track.order.expected.rollout;
    rollout.id == *ordered
        || track.follows.as_ref() == Some(&rollout.id)
        || matches!(&rollout.kind, RolloutKind::Rollback { undoes: Some(id) } if id == ordered)
}

fn advance(track: &mut Track, rollout: &Rollout, metrics: Option<&Metrics>, now: Timestamp) {
    if track.outcome.is_final() || track.order.at > now {
        return;
    }
    match track.order.action {
        Action::RollBack => roll_back(track, rollout, metrics, now),
        Action::Continue => went_on(track, rollout, now),
        Action::Finish => finished(track, rollout, now),
        Action::Stop => stopped(track, rollout, now),
    }
}

/// Reading shows that the control plane took the order, even if its answer was lost.
fn taken(track: &mut Track, now: Timestamp) {
    track.accepted.get_or_insert(now);
    track.outcome = Outcome::OnItsWay;
}

fn roll_back(track: &mut Track, rollout: &Rollout, metrics: Option<&Metrics>, now: Timestamp) {
    let own = rollout.id == track.order.expected.rollout;
    if let Some(id) = rollout.rollback.as_ref().and_then(|link| link.id.as_ref()) {
        track.follows.get_or_insert_with(|| id.clone());
    }
    if !own {
        track.follows.get_or_insert_with(|| rollout.id.clone());
    }
    if !own || rollout.rollback.is_some() || rollout.phase == Phase::Stopped {
        taken(track, now);
    }
    let Some(accepted) = track.accepted else { return };
    let goal = goal(rollout, own);
    if track.shifting.is_none() && began(rollout, own) {
        track.shifting = Some(now);
    }
    if track.restored.is_none()
        && let Some(by) = arrived(rollout, metrics, goal, accepted)
    {
        track.restored = Some((now, by));
    }
    ended(track, rollout, own, now);
}

/// Where a roll back leads all traffic: to blue, unless the previous revision is deployed anew
/// and therefore is the green of that rollout.
fn goal(rollout: &Rollout, own: bool) -> Side {
    if own || matches!(rollout.kind, RolloutKind::Rollback { .. }) {
        Side::Blue
    } else {
        Side::Green
    }
}

/// Whether the traffic has begun to move.
fn began(rollout: &Rollout, own: bool) -> bool {
    if own {
        return rollout.rollback.is_some();
    }
    matches!(
        rollout.phase,
        Phase::Shifting | Phase::AfterShift | Phase::Baking | Phase::Finishing | Phase::Succeeded
    )
}

/// What shows that all traffic is on `goal`: the listener as it was read after the order, or the
/// requests of minutes that began after it. Never a status.
fn arrived(
    rollout: &Rollout,
    metrics: Option<&Metrics>,
    goal: Side,
    since: Timestamp,
) -> Option<SeenBy> {
    let listener = &rollout.traffic.listener;
    if listener.at().is_some_and(|at| at >= since)
        && listener.fresh().is_some_and(|held| holds(held, goal))
    {
        return Some(SeenBy::Listener);
    }
    let share = measured_since(metrics?, since)?;
    (on(share, goal).get() >= RESTORED).then_some(SeenBy::Requests)
}

/// Whether every rule of the listener sends everything to `side`.
pub(super) fn holds(held: &ListenerSplit, side: Side) -> bool {
    let all = |split: &Split| on(*split, side).is_near(Weight::ALL, 0.05);
    match held {
        ListenerSplit::Split(split) => all(split),
        ListenerSplit::Mixed(splits) => !splits.is_empty() && splits.iter().all(all),
        ListenerSplit::Elsewhere => false,
    }
}

fn on(split: Split, side: Side) -> Weight {
    match side {
        Side::Blue => split.blue(),
        Side::Green => split.green,
    }
}

/// The split of the requests over the settled minutes that began at `since` or later.
fn measured_since(metrics: &Metrics, since: Timestamp) -> Option<Split> {
    let (mut green, mut all) = (0.0, 0.0);
    for minute in (0..metrics.minutes()).filter(|minute| metrics.minute(*minute) >= since) {
        let count = |side: Side| metrics.side(side).requests.get(minute).copied()?.count();
        let (Some(b), Some(g)) = (count(Side::Blue), count(Side::Green)) else { continue };
        green += g;
        all += b + g;
    }
    Weight::ratio(green, all).map(|green| Split { green })
}

/// The end of a roll back: steady when what it led to is over, failed when that failed.
fn ended(track: &mut Track, rollout: &Rollout, own: bool, now: Timestamp) {
    if !rollout.phase.is_over() {
        return;
    }
    let restored = track.restored.is_some();
    let waited = track.accepted.is_some_and(|at| now.duration_since(at) > PATIENCE);
    match (&rollout.phase, own) {
        (Phase::Succeeded, false) => {
            track.steady = Some(now);
            if restored {
                track.outcome = Outcome::Done;
            }
        }
        (_, false) => {
            track.outcome = Outcome::Failed(format!(
                "the rollback {} failed{}; next: look where the traffic line says the traffic \
                 is, then ask for roll back again, which deploys the previous revision anew",
                rollout.id,
                because(rollout),
            ));
        }
        (Phase::Succeeded, true) if track.follows.is_none() && waited => {
            track.outcome = Outcome::Failed(
                "the rollout had ended before it could be stopped; next: ask for roll back again, \
                 which deploys the previous revision anew"
                    .to_owned(),
            );
        }
        // Stopped, and no rollback came of it: right when nothing had moved, else a failure.
        (_, true) if track.follows.is_none() && waited && restored => {
            track.steady = Some(now);
            track.outcome = Outcome::Done;
        }
        (_, true) if track.follows.is_none() && waited => {
            track.outcome = Outcome::Failed(format!(
                "the rollout was stopped and no rollback has begun{}; next: look where the traffic \
                 line says the traffic is, then ask for roll back again",
                because(rollout),
            ));
        }
        (_, true) => {}
    }
}

/// What the control plane says about a bad end.
fn because(rollout: &Rollout) -> String {
    let said = rollout.end_reason.as_ref().map(|reason| reason.message.as_str());
    let linked = rollout.rollback.as_ref().and_then(|link| link.message.as_deref());
    said.or(linked).map(|text| format!(" ({text})")).unwrap_or_default()
}

/// The end of a continue: the gate is behind, traffic moves.
fn went_on(track: &mut Track, rollout: &Rollout, now: Timestamp) {
    if rollout.id != track.order.expected.rollout || rollout.gate == Some(Gate::Approval) {
        return;
    }
    match rollout.phase {
        Phase::AwaitingApproval | Phase::Other(_) => {}
        Phase::Failed | Phase::Stopped => fail(track, rollout),
        Phase::Queued | Phase::Preparing | Phase::Validating | Phase::BeforeShift => {
            taken(track, now);
        }
        Phase::Shifting
        | Phase::AfterShift
        | Phase::Baking
        | Phase::Finishing
        | Phase::Succeeded => {
            taken(track, now);
            track.shifting.get_or_insert(now);
            track.outcome = Outcome::Done;
        }
    }
}

/// The end of a finish: blue is removed and the rollout has succeeded.
fn finished(track: &mut Track, rollout: &Rollout, now: Timestamp) {
    match rollout.phase {
        Phase::Finishing => taken(track, now),
        Phase::Succeeded => {
            taken(track, now);
            track.steady = Some(now);
            track.outcome = Outcome::Done;
        }
        Phase::Failed | Phase::Stopped => fail(track, rollout),
        Phase::Queued
        | Phase::Preparing
        | Phase::Validating
        | Phase::AwaitingApproval
        | Phase::BeforeShift
        | Phase::Shifting
        | Phase::AfterShift
        | Phase::Baking
        | Phase::Other(_) => {}
    }
}

/// The end of a stop: the rollout is over and nothing was undone.
fn stopped(track: &mut Track, rollout: &Rollout, now: Timestamp) {
    match rollout.phase {
        Phase::Stopped | Phase::Failed => {
            taken(track, now);
            track.steady = Some(now);
            track.outcome = Outcome::Done;
        }
        Phase::Succeeded => {
            track.outcome = Outcome::Failed(
                "the rollout had ended before it could be stopped; all traffic is on green"
                    .to_owned(),
            );
        }
        Phase::Queued
        | Phase::Preparing
        | Phase::Validating
        | Phase::AwaitingApproval
        | Phase::BeforeShift
        | Phase::Shifting
        | Phase::AfterShift
        | Phase::Baking
        | Phase::Finishing
        | Phase::Other(_) => {}
    }
}

fn fail(track: &mut Track, rollout: &Rollout) {
    track.outcome = Outcome::Failed(format!(
        "{}: the rollout ended badly{}; next: look where the traffic line says the traffic is",
        track.order.action.words(),
        because(rollout),
    ));
}
