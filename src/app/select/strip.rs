//! The way back, answered before any key is pressed.

use crate::domain::{
    Action, Due, Edit, Keeper, Means, Refusal, Rollout, RolloutKind, Side, TaskCounts, is_ready,
};

use jiff::SignedDuration;

use super::super::follow::is_on;
use super::super::{Cockpit, Outcome, State};

/// Whether the identity may roll back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum May {
    /// It has done so in this run.
    Known,
    /// Nobody has tried.
    Unknown,
    /// It was refused; this permission is missing.
    Missing(String),
}

/// Whether a roll back is possible.
#[derive(Debug, Clone, PartialEq)]
pub enum Can {
    /// At once, to a healthy blue.
    Ready,
    /// At once, but blue is not known to be healthy: it may make things worse.
    Risky,
    /// Only by starting tasks of the previous revision.
    Slow,
    /// Nothing has to go back: all traffic is on blue.
    Needless,
    /// It goes on already.
    GoingBack,
    /// It was done: the listener or the requests are back on blue.
    Done,
    /// Not now.
    Not(Refusal),
}

/// How fast something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speed {
    /// The listener is pointed elsewhere.
    Seconds,
    /// Tasks have to be started first.
    Minutes,
    /// At once, and clients follow within this time.
    Within(SignedDuration),
}

/// The line that answers: may I, can I, to what, how fast, until when.
#[derive(Debug, Clone, PartialEq)]
pub struct RollbackStrip {
    /// May I.
    pub may: May,
    /// Can I.
    pub can: Can,
    /// To which revision.
    pub to: Option<String>,
    /// Blue's tasks.
    pub tasks: Option<TaskCounts>,
    /// Blue's healthy targets, and all of them.
    pub targets: Option<(usize, usize)>,
    /// How fast; nothing while it is not possible.
    pub speed: Option<Speed>,
    /// Until when it takes seconds.
    pub until: Option<Due>,
    /// Who may take it back.
    pub kept: Option<Keeper>,
}

/// The way back from the watched rollout.
pub fn strip(state: &State) -> RollbackStrip {
    let cockpit = state.cockpit();
    let rollout = cockpit.and_then(|cockpit| cockpit.snapshot.rollout());
    let blue = rollout.map(|rollout| &rollout.blue);
    let way = rollout.and_then(means);
    RollbackStrip {
        may: cockpit.map_or(May::Unknown, may),
        can: match (cockpit, rollout) {
            (Some(cockpit), Some(rollout)) => can(state, cockpit, rollout),
            (Some(cockpit), None) if cockpit.snapshot.rollout.value().is_some() => {
                Can::Not(Refusal::NoRollout)
            }
            _ => Can::Not(Refusal::StateUnknown),
        },
        to: blue.and_then(|blue| blue.revision.value()).map(|revision| revision.name.clone()),
        tasks: blue.and_then(|blue| blue.tasks.value()).copied(),
        targets: blue
            .and_then(|blue| blue.targets.value())
            .map(|targets| (targets.healthy(), targets.list.len())),
        speed: way.as_ref().zip(rollout).map(|((means, _), rollout)| speed(*means, rollout)),
        until: match way {
            Some((Means::StopAndRollBack, _)) => rollout.and_then(|r| r.instant_rollback_until),
            _ => None,
        },
        kept: rollout.and_then(kept),
    }
}

/// Who keeps the template that a roll back would change.
fn kept(rollout: &Rollout) -> Option<Keeper> {
    let (_, call) = rollout.offer(Action::RollBack).ok()?;
    let mut kept = rollout.kept_from(&call);
    kept.find(|(_, edit)| *edit == Edit::Template).map(|(keeper, _)| keeper.clone())
}

/// How a roll back would be done, and with which permission.
fn means(rollout: &Rollout) -> Option<(Means, String)> {
    let (means, call) = rollout.offer(Action::RollBack).ok()?;
    Some((means, call.permission()))
}

/// How fast the traffic is moved by `means`.
pub(super) fn speed(means: Means, rollout: &Rollout) -> Speed {
    match means {
        Means::SetWeights | Means::SwapNames => {
            rollout.traffic.lag.map_or(Speed::Seconds, Speed::Within)
        }
        Means::TurnRound | Means::RedeployPrevious | Means::BringOut | Means::ReplaceTasks => {
            Speed::Minutes
        }
        Means::OpenGate
        | Means::StopAndRollBack
        | Means::StopOnly
        | Means::EndBake
        | Means::SkipToEnd
        | Means::TryAgain
        | Means::ShipAgain
        | Means::Freeze
        | Means::Thaw
        | Means::SwitchOver
        | Means::EndAnalysis
        | Means::Approve
        | Means::Reject => Speed::Seconds,
    }
}

fn may(cockpit: &Cockpit) -> May {
    let Some((_, permission)) = cockpit.snapshot.rollout().and_then(means) else {
        return May::Unknown;
    };
    if cockpit.missing_permissions.contains(&permission) {
        May::Missing(permission)
    } else if cockpit.known_permissions.contains(&permission) {
        May::Known
    } else {
        May::Unknown
    }
}

fn can(state: &State, cockpit: &Cockpit, rollout: &Rollout) -> Can {
    let ordered = cockpit.track.as_ref().filter(|t| t.order.action == Action::RollBack);
    match ordered.map(|track| &track.outcome) {
        Some(Outcome::Done) => return Can::Done,
        Some(Outcome::OnItsWay) if ordered.is_some_and(|t| t.restored.is_some()) => {
            return Can::Done;
        }
        Some(Outcome::OnItsWay) => return Can::GoingBack,
        Some(_) | None => {}
    }
    if let RolloutKind::Rollback { .. } = rollout.kind
        && is_on(rollout, Side::Blue)
    {
        return Can::Done;
    }
    match cockpit.judge(Action::RollBack, &state.settings) {
        Ok(permit) => match permit.means {
            Means::TurnRound | Means::RedeployPrevious => Can::Slow,
            _ if is_ready(&rollout.blue) && !rollout.sides_are_guessed => Can::Ready,
            _ => Can::Risky,
        },
        Err(Refusal::AlreadyGoingBack) => Can::GoingBack,
        Err(Refusal::AlreadyThere) => Can::Needless,
        Err(why) => Can::Not(why),
    }
}
