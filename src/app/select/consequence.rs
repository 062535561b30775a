//! What an action would do, as data for the words of its dialog.

use jiff::{SignedDuration, Timestamp};

use crate::domain::{
    Action, Edit, Environment, Fact, Fault, Gate, GuardState, Keeper, ListenerSplit, Means,
    MetricKind, Metrics, Percent, Point, Rollout, ShareOf, Side, Snapshot, Split, Stage, StageKind,
    StageState, Standing, TaskCounts, Weight, WorkloadKind, is_ready, lacks,
};
use crate::stats::Verdict;

use super::super::{Cockpit, Confirm};
use super::beside::{Beside, beside};
use super::strip::{Speed, speed};

/// Traffic that an action moves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moved {
    /// From this side to the other.
    pub from: Side,
    /// How much of all traffic.
    pub share: Weight,
    /// About how many requests a second that is.
    pub per_second: Option<f64>,
}

/// How an action can be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undo {
    /// By a roll back within seconds, as long as blue is there.
    InSeconds,
    /// Only by deploying the previous revision anew: minutes.
    InMinutes,
    /// By a new rollout of green's revision.
    NewRollout,
}

/// What a person has to know before saying yes.
#[derive(Debug, Clone, PartialEq)]
pub enum Warning {
    /// Blue is not known to be able to take the traffic.
    BlueNotReady,
    /// The previous revision cannot start new tasks.
    RevisionInactive,
    /// The instant roll back is gone afterwards.
    InstantRollbackEnds,
    /// Both sides stay, with the traffic between them, and nothing will move it.
    LeftAsItIs,
    /// The verdict is that green is worse, and the action leaves it with traffic.
    GreenIsWorse,
    /// The side that gets more is not known to be healthy.
    NotReady(Side),
    /// What keeps the tasks of the side that gets more is on its way or broken.
    Unsettled(Side, WorkloadKind, Standing),
    /// What runs on the side that gets more cannot be read: since when, and why.
    Unread(Side, Option<SignedDuration>, Fault),
    /// The side that gets more has so many tasks, and its part takes so many by the other's number.
    TooFew(Side, u32, u32),
    /// Nobody has said which side is blue.
    SidesAreGuessed,
    /// Clients stay on their side by a cookie, for at most so long.
    Sticky(Option<SignedDuration>),
    /// What is set is the share of DNS answers, which clients keep for so long.
    Answers(Option<SignedDuration>),
    /// Somebody keeps what this changes as it is written elsewhere, and may take it back.
    Kept(Keeper, Edit),
    /// These alarms fire; a new deployment may fail at once because of them.
    Alarms(Vec<String>),
    /// The rollout was last read so long ago.
    OldData(SignedDuration),
}

/// What an action would do.
#[derive(Debug, Clone, PartialEq)]
pub struct Consequence {
    /// How it is done.
    pub means: Means,
    /// The traffic that moves; nothing when none does.
    pub moves: Option<Moved>,
    /// What the rollout goes on with, for an answer to one of its hooks.
    pub goes_on_with: Option<Stage>,
    /// The split that stays, for an action that moves nothing.
    pub leaves: Option<Split>,
    /// The split from which and to which the weights are set.
    pub sets: Option<(Split, Split)>,
    /// What runs on both sides and what comes to it, where a person has named what keeps them.
    pub beside: Option<Beside>,
    /// What it is about, where it could be about another one.
    pub about: Option<String>,
    /// The shares of the ramp that begins with it, and how long each is held.
    pub ramp: Option<(Vec<Percent>, SignedDuration)>,
    /// How fast it happens.
    pub speed: Speed,
    /// How it is undone.
    pub undo: Undo,
    /// Blue's revision.
    pub blue: Option<String>,
    /// Blue's tasks.
    pub tasks: Option<TaskCounts>,
    /// Blue's healthy targets, and all of them.
    pub targets: Option<(usize, usize)>,
    /// What to know before.
    pub warnings: Vec<Warning>,
}

/// What the action of an open question would do, in the newest picture.
pub fn consequence(confirm: &Confirm, cockpit: &Cockpit) -> Consequence {
    let snapshot = cockpit.snapshot.as_ref();
    let (means, action) = (confirm.permit.means, confirm.permit.action);
    let rollout = snapshot.rollout();
    let blue = rollout.map(|rollout| &rollout.blue);
    Consequence {
        means,
        moves: rollout.and_then(|rollout| moves((means, action), rollout, snapshot)),
        goes_on_with: rollout.filter(|_| means == Means::OpenGate).and_then(after_hook).cloned(),
        leaves: rollout.filter(|_| stays(means)).and_then(held),
        sets: rollout
            .and_then(held)
            .filter(|_| matches!(means, Means::SetWeights | Means::SwapNames))
            .map(|now| (now, action.goal())),
        beside: rollout
            .filter(|_| means == Means::SetWeights)
            .and_then(|rollout| beside(rollout, action.goal(), snapshot.metrics.value())),
        about: rollout.and_then(|rollout| {
            let mut candidates = rollout.candidates(action);
            candidates.find(|one| one.action == action).map(|one| one.name.clone())
        }),
        ramp: confirm.ramp.as_ref().map(|ramp| (ramp.steps().to_vec(), ramp.every())),
        speed: rollout.map_or(Speed::Seconds, |rollout| speed(means, rollout)),
        undo: undo(means),
        blue: blue.and_then(|blue| blue.revision.value()).map(|revision| revision.name.clone()),
        tasks: blue.and_then(|blue| blue.tasks.value()).copied(),
        targets: blue
            .and_then(|blue| blue.targets.value())
            .map(|targets| (targets.healthy(), targets.list.len())),
        warnings: rollout.map(|rollout| warnings(confirm, rollout, cockpit)).unwrap_or_default(),
    }
}

/// Whether the traffic stays where it is, and that is what has to be known.
fn stays(means: Means) -> bool {
    matches!(means, Means::StopOnly | Means::EndBake | Means::Freeze)
}

/// How it is undone.
fn undo(means: Means) -> Undo {
    match means {
        Means::OpenGate
        | Means::SkipToEnd
        | Means::TryAgain
        | Means::ShipAgain
        | Means::Freeze
        | Means::Thaw
        | Means::ReplaceTasks
        | Means::EndAnalysis
        | Means::SetWeights
        | Means::SwapNames
        | Means::Approve
        | Means::Reject => Undo::InSeconds,
        Means::StopAndRollBack
        | Means::TurnRound
        | Means::RedeployPrevious
        | Means::BringOut
        | Means::SwitchOver => Undo::NewRollout,
        Means::StopOnly | Means::EndBake => Undo::InMinutes,
    }
}

/// The split that is: as the listener holds it, else as it was asked for.
fn held(rollout: &Rollout) -> Option<Split> {
    match rollout.traffic.listener.value() {
        Some(ListenerSplit::Split(split)) => Some(*split),
        Some(ListenerSplit::Mixed(_) | ListenerSplit::Elsewhere) | None => {
            rollout.traffic.planned.value().copied()
        }
    }
}

fn moves(
    (means, action): (Means, Action),
    rollout: &Rollout,
    snapshot: &Snapshot,
) -> Option<Moved> {
    let (from, share) = match means {
        Means::SetWeights | Means::SwapNames => {
            let (now, then) = (held(rollout)?.green.get(), action.goal().green.get());
            let from = if then > now { Side::Blue } else { Side::Green };
            (from, Weight::percent((then - now).abs())?)
        }
        Means::StopAndRollBack | Means::TurnRound | Means::RedeployPrevious => {
            (Side::Green, held(rollout)?.green)
        }
        Means::OpenGate => (Side::Blue, more(rollout, first_shift(rollout)?)?),
        Means::SkipToEnd | Means::ShipAgain => (Side::Blue, held(rollout)?.blue()),
        Means::StopOnly
        | Means::EndBake
        | Means::TryAgain
        | Means::Freeze
        | Means::Thaw
        | Means::ReplaceTasks
        | Means::BringOut
        | Means::SwitchOver
        | Means::EndAnalysis
        | Means::Approve
        | Means::Reject => return None,
    };
    // A share of everything: what a side got in the newest settled minute may be of an older split.
    let per_second = snapshot.metrics.value().and_then(|metrics| {
        let all = rate(metrics, Side::Blue)? + rate(metrics, Side::Green)?;
        Some(all * share.get() / 100.0)
    });
    Some(Moved { from, share, per_second })
}

/// What green gets in a split beyond what it has; nothing when that is less.
fn more(rollout: &Rollout, next: Split) -> Option<Weight> {
    let now = held(rollout).map_or(0.0, |split| split.green.get());
    Weight::percent(next.green.get() - now)
}

/// The stage after the hook that the rollout waits at.
fn after_hook(rollout: &Rollout) -> Option<&Stage> {
    matches!(rollout.gate, Some(Gate::Hook { .. }))
        .then(|| rollout.stages.iter().find(|stage| stage.state == StageState::Pending))?
}

/// The first split that the open gate leads to.
fn first_shift(rollout: &Rollout) -> Option<Split> {
    if let Some(stage) = after_hook(rollout) {
        let StageKind::Shift(split) = stage.kind else { return None };
        return Some(split);
    }
    rollout.stages.iter().find_map(|stage| match (&stage.kind, &stage.state) {
        (StageKind::Shift(split), StageState::Pending | StageState::Running) => Some(*split),
        _ => None,
    })
}

/// The newest settled rate of requests, per second; no requests are none.
pub(super) fn rate(metrics: &Metrics, side: Side) -> Option<f64> {
    metrics.side(side).series(MetricKind::Requests).into_iter().rev().find_map(Point::count)
}

fn warnings(confirm: &Confirm, rollout: &Rollout, cockpit: &Cockpit) -> Vec<Warning> {
    let (means, action) = (confirm.permit.means, confirm.permit.action);
    let snapshot = cockpit.snapshot.as_ref();
    // What leads away from green, or at least no further.
    let goes_back = matches!(
        means,
        Means::StopAndRollBack
            | Means::TurnRound
            | Means::RedeployPrevious
            | Means::BringOut
            | Means::SwitchOver
            | Means::Freeze
            | Means::ReplaceTasks
            | Means::Reject
    ) || action == Action::RollBack;
    let mut found = Vec::new();
    match means {
        Means::SetWeights | Means::SwapNames => {
            found.extend(about_weights(action, rollout, snapshot.taken));
        }
        Means::StopAndRollBack if !is_ready(&rollout.blue) => found.push(Warning::BlueNotReady),
        Means::RedeployPrevious => {
            let revision = rollout.blue.revision.value();
            if revision.and_then(|revision| revision.active) == Some(false) {
                found.push(Warning::RevisionInactive);
            }
        }
        Means::StopOnly => found.push(Warning::LeftAsItIs),
        Means::EndBake => found.push(Warning::InstantRollbackEnds),
        Means::OpenGate
        | Means::StopAndRollBack
        | Means::TurnRound
        | Means::SkipToEnd
        | Means::TryAgain
        | Means::ShipAgain
        | Means::Freeze
        | Means::Thaw
        | Means::ReplaceTasks
        | Means::BringOut
        | Means::SwitchOver
        | Means::EndAnalysis
        | Means::Approve
        | Means::Reject => {}
    }
    let kept = rollout.kept_from(&confirm.permit.call);
    found.extend(kept.map(|(keeper, edit)| Warning::Kept(keeper.clone(), edit)));
    let verdict = cockpit.verdict.as_ref().map(|judgement| judgement.assessment.verdict);
    if verdict == Some(Verdict::Worse) && !goes_back {
        found.push(Warning::GreenIsWorse);
    }
    let firing = firing(snapshot);
    let redeploys = means == Means::RedeployPrevious;
    if !firing.is_empty() && (redeploys || !goes_back && means != Means::StopOnly) {
        found.push(Warning::Alarms(firing));
    }
    if let Fact::Stale { at, .. } = &snapshot.rollout {
        found.push(Warning::OldData(snapshot.taken.duration_since(*at)));
    }
    found
}

/// What to know before weights are set: who gets more, and who will not follow at once.
fn about_weights(action: Action, rollout: &Rollout, now: Timestamp) -> Vec<Warning> {
    let mut found = Vec::new();
    let traffic = &rollout.traffic;
    let more = held(rollout).is_some_and(|now| action.goal().green > now.green);
    let gains = if more { Side::Green } else { Side::Blue };
    if rollout.sides_are_guessed {
        found.push(Warning::SidesAreGuessed);
    }
    match gains {
        Side::Blue if !is_ready(&rollout.blue) => found.push(Warning::BlueNotReady),
        Side::Green if !is_ready(&rollout.green) => found.push(Warning::NotReady(Side::Green)),
        Side::Blue | Side::Green => {}
    }
    found.extend(about_cluster(gains, rollout.side(gains), now));
    let few = lacks(rollout, gains, action.goal());
    found.extend(few.map(|(has, needs)| Warning::TooFew(gains, has, needs)));
    match traffic.of {
        ShareOf::Answers => found.push(Warning::Answers(traffic.lag)),
        ShareOf::Requests if traffic.sticky => found.push(Warning::Sticky(traffic.lag)),
        ShareOf::Requests | ShareOf::Tasks | ShareOf::Instances => {}
    }
    found
}

/// What to know of the cluster of the side that gets more.
fn about_cluster(side: Side, gains: &Environment, now: Timestamp) -> Option<Warning> {
    let runs = gains.runs.as_ref()?;
    match &runs.standing {
        Fact::Known { value, .. } if value.is_settled() => None,
        Fact::Known { value, .. } => {
            Some(Warning::Unsettled(side, runs.workload.kind, value.clone()))
        }
        Fact::Stale { at, fault, .. } => {
            Some(Warning::Unread(side, Some(now.duration_since(*at)), fault.clone()))
        }
        Fact::Unknown { fault } => Some(Warning::Unread(side, None, fault.clone())),
        // Said by its tasks, which are not known either.
        Fact::Unasked => None,
    }
}

/// The names of the alarms that fire.
fn firing(snapshot: &Snapshot) -> Vec<String> {
    let guards = snapshot.guards.value().map_or(&[][..], Vec::as_slice);
    guards
        .iter()
        .filter(|guard| guard.state == GuardState::Alarm)
        .map(|guard| guard.name.clone())
        .collect()
}
