//! When an order is over: each action has an end of its own.

use jiff::{SignedDuration, Timestamp};

use crate::app::{Outcome, Track};
use crate::domain::{
    Action, Call, Gate, Means, Metrics, Phase, Rollout, RolloutKind, ShareOf, Side, Snapshot, Split,
};

use super::arrival::{self, arrived};

/// How long a stopped rollout may take to name its rollback before that is called a failure.
const PATIENCE: SignedDuration = SignedDuration::from_mins(2);

/// How long after an order without an answer reading may still show its effect.
const LOST: SignedDuration = SignedDuration::from_secs(30);

/// Carries the track on by what the picture shows.
pub(super) fn advance(track: &mut Track, snapshot: &Snapshot, now: Timestamp) {
    let Some(rollout) = snapshot.rollout() else { return };
    if track.outcome.is_final() {
        return;
    }
    match (track.order.action, track.order.expected.means) {
        (_, Means::Approve | Means::Reject) => said(track, rollout, now),
        (action @ Action::Shift(_), _) | (action, Means::SetWeights | Means::SwapNames) => {
            weights(track, rollout, action.goal(), now);
        }
        // An earlier revision that is brought out again is followed like a way back: what counts is
        // where the traffic is.
        (Action::RollBack | Action::Undo(_), _) => {
            roll_back(track, rollout, snapshot.metrics.value(), now);
        }
        (Action::Continue, _) => went_on(track, rollout, now),
        (Action::Finish, _) => finished(track, rollout, now),
        (Action::Stop, _) => stopped(track, rollout, now),
        (Action::Pause, _) => paused(track, rollout, true, now),
        (Action::Resume, _) => paused(track, rollout, false, now),
        (Action::Restart, _) => restarted(track, rollout, now),
        (Action::Terminate(_), _) => analysis_ended(track, rollout, now),
    }
    if let Outcome::Unknown(_) = track.outcome
        && track.sent.is_some_and(|sent| now.duration_since(sent) > LOST)
        && !is_hidden(track, rollout)
        && track.order.expected.change(track.order.action, snapshot).is_none()
    {
        track.outcome = Outcome::Failed(format!(
            "{}: the answer was lost and nothing has changed, so it did not arrive; next: ask again",
            track.order.action.words(),
        ));
    }
}

/// Whether nothing that can be read tells if the order was taken: instances look alike while they bake
/// and while the old ones are terminated. Only the end of the rollout shows it.
fn is_hidden(track: &Track, rollout: &Rollout) -> bool {
    track.order.expected.means == Means::EndBake && rollout.traffic.of == ShareOf::Instances
}

/// Reading shows that the control plane took the order, even if its answer was lost.
fn taken(track: &mut Track, now: Timestamp) {
    track.accepted.get_or_insert(now);
    track.outcome = Outcome::OnItsWay;
}

/// The end of a pause by hand, or of the end of one.
fn paused(track: &mut Track, rollout: &Rollout, wanted: bool, now: Timestamp) {
    if rollout.paused == wanted {
        taken(track, now);
        track.outcome = Outcome::Done;
    }
}

/// The end of a restart: no task is older than the order, and as many run as are wanted.
fn restarted(track: &mut Track, rollout: &Rollout, now: Timestamp) {
    let ordered = track.order.at.as_second();
    let Some(restart) = rollout.restart.filter(|last| last.asked.as_second() >= ordered) else {
        return;
    };
    taken(track, now);
    let full = [&rollout.blue, &rollout.green]
        .into_iter()
        .all(|side| side.tasks.fresh().is_none_or(|tasks| tasks.running >= tasks.desired));
    if restart.done && full {
        track.steady = Some(now);
        track.outcome = Outcome::Done;
    }
}

/// The end of an order to end an analysis: that very one does not run any more.
fn analysis_ended(track: &mut Track, rollout: &Rollout, now: Timestamp) {
    let runs = |call: &Call| *call == track.order.call;
    if !rollout.candidates(track.order.action).any(|one| runs(&one.call)) {
        taken(track, now);
        track.outcome = Outcome::Done;
    }
}

/// The end of an answer to an approval of the pipeline: it does not wait any more. What comes of it
/// is another rollout, or none.
fn said(track: &mut Track, rollout: &Rollout, now: Timestamp) {
    if track.accepted.is_some()
        || rollout.gate != track.order.expected.gate
        || rollout.id != track.order.expected.rollout
    {
        taken(track, now);
        track.outcome = Outcome::Done;
    }
}

/// The end of an order about the weights: what holds them was read with them.
fn weights(track: &mut Track, rollout: &Rollout, goal: Split, now: Timestamp) {
    let traffic = &rollout.traffic;
    let since = track.sent.unwrap_or(track.order.at);
    let read = traffic.planned.at().is_some_and(|at| at >= since);
    let planned = traffic.planned.fresh().copied().filter(|_| read);
    let near = |a: Split, b: Split| a.green.is_near(b.green, arrival::SAME);
    if planned.is_some_and(|planned| near(planned, goal)) {
        taken(track, now);
    } else if let (Some(planned), Some(accepted)) = (planned, track.accepted)
        && track.order.expected.planned.is_none_or(|before| !near(planned, before))
        && traffic.planned.at().is_some_and(|at| at >= accepted)
    {
        track.outcome = Outcome::Failed(format!(
            "{}: green has {:.0} % now, which is not what was ordered: somebody else has set the \
             weights too",
            track.order.action.words(),
            planned.green.get(),
        ));
        return;
    }
    if track.accepted.is_some()
        && let Some(by) = arrival::set(rollout, goal, since)
    {
        track.restored.get_or_insert((now, by));
        track.outcome = Outcome::Done;
    }
}

fn roll_back(track: &mut Track, rollout: &Rollout, metrics: Option<&Metrics>, now: Timestamp) {
    let same = rollout.id == track.order.expected.rollout;
    if same && track.came && asks_anew(track) {
        track.outcome = Outcome::Failed(taken_back(track, rollout));
        return;
    }
    // It had ended, or was itself a way back, before an earlier revision was ordered anew: it tells
    // nothing of that.
    let was_over = match track.order.expected.means {
        Means::RedeployPrevious => true,
        Means::BringOut => !asks_anew(track),
        _ => false,
    };
    if same && (was_over || (asks_anew(track) && rollout.kind != RolloutKind::Rollout)) {
        return;
    }
    // ECS turns the rollout itself round: from then on it is what the order led to.
    let own = same && rollout.kind == RolloutKind::Rollout;
    if let Some(id) = rollout.rollback.as_ref().and_then(|link| link.id.as_ref()) {
        track.follows.get_or_insert_with(|| id.clone());
    }
    if !own {
        track.follows.get_or_insert_with(|| rollout.id.clone());
        track.came = true;
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

/// Whether the order asks for the template of an earlier revision, which goes on under its own id.
fn asks_anew(track: &Track) -> bool {
    track.order.call.params.iter().any(|(name, _)| name == "toReplicaSet")
}

/// What was left is asked for again: by a person, or by a tool that keeps the template.
fn taken_back(track: &Track, rollout: &Rollout) -> String {
    let words = track.order.action.words();
    let kept = rollout.kept_from(&track.order.call).next();
    let by = kept.map(|(keeper, _)| format!(": {keeper}")).unwrap_or_default();
    let text = "was taken back, what was left is asked for again";
    format!("{words} {text}{by}; next: change it where it is written, then ask again")
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
    // What is tried again is told apart from what was undone.
    let own = rollout.id == track.order.expected.rollout;
    let tried_again = track.follows.as_ref() == Some(&rollout.id);
    if matches!(track.order.expected.means, Means::TryAgain | Means::ShipAgain) {
        // What was undone stays at rest until it is told that it begins again, perhaps at a gate.
        match rollout.phase {
            _ if !tried_again => {}
            Phase::Failed | Phase::Stopped => fail(track, rollout),
            _ => {
                taken(track, now);
                track.outcome = Outcome::Done;
            }
        }
        return;
    }
    if !own || (rollout.gate == Some(Gate::Approval) && !arrival::waits_anew(track, rollout)) {
        return;
    }
    if let Some(Gate::Hook { .. }) = &track.order.expected.gate {
        return answered(track, rollout, now);
    }
    match rollout.phase {
        Phase::AwaitingApproval if arrival::waits_anew(track, rollout) => {
            taken(track, now);
            track.outcome = Outcome::Done;
        }
        Phase::AwaitingApproval | Phase::Held | Phase::Other(_) => {}
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

/// The end of a continue at a hook: it no longer waits there; what comes next may be another gate.
fn answered(track: &mut Track, rollout: &Rollout, now: Timestamp) {
    if rollout.gate == track.order.expected.gate {
        return;
    }
    match rollout.phase {
        Phase::Failed | Phase::Stopped => fail(track, rollout),
        _ if rollout.kind != RolloutKind::Rollout => fail(track, rollout),
        _ => {
            taken(track, now);
            track.shifting.get_or_insert(now);
            track.outcome = Outcome::Done;
        }
    }
}

/// The end of a finish: blue is removed and the rollout has succeeded.
fn finished(track: &mut Track, rollout: &Rollout, now: Timestamp) {
    match rollout.phase {
        Phase::Baking if track.order.expected.means == Means::SkipToEnd => {
            taken(track, now);
            track.outcome = Outcome::Done;
        }
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
        | Phase::Held
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
        | Phase::Held
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
