//! Who may order what: the one judge, and how an order has to be confirmed.

use serde::Serialize;

use super::{
    Action, Call, Environment, Expected, Fact, FaultKind, Identity, Means, Refusal, Rollout, Side,
    Snapshot, Split, Standing,
};

/// How much a person has to do to confirm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// A second, different key.
    Key,
    /// The name of what is acted on, typed.
    TypedName,
    /// Words of one's own, typed: they are sent along.
    Words,
}
/// A judgement in favour of an action: all that a dialog needs to say.
#[derive(Debug, Clone, PartialEq)]
pub struct Permit {
    /// What.
    pub action: Action,
    /// How.
    pub means: Means,
    /// With which call.
    pub call: Call,
    /// How it has to be confirmed.
    pub strength: Strength,
    /// Whether the person's own configuration wants to know why.
    pub wants_reason: bool,
    /// The state it rests on.
    pub expected: Expected,
}

/// What the last order leaves room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LastOrder {
    /// There was none, or it stands in nobody's way.
    #[default]
    OutOfTheWay,
    /// It was not answered: nothing else may be ordered.
    Unanswered,
    /// It was a stop with rollback, and the way back is not over. Until the rollback begins, the
    /// rollout looks merely stopped.
    GoingBack,
}

/// What the program itself allows, besides the state of the rollout.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Policy {
    /// Nothing may be sent.
    pub read_only: bool,
    /// Permissions that the identity is known to lack.
    pub missing_permissions: Vec<String>,
    /// How far the last order is.
    pub last_order: LastOrder,
    /// The identity is another than the one the person agreed to act in.
    pub identity_changed: bool,
}

/// Whether a side can take all traffic at once: every wanted task runs and every target is healthy.
///
/// Unknown is not healthy; what cannot be, e.g. the tasks of a function, is not asked for.
pub fn is_ready(side: &Environment) -> bool {
    let tasks = fine(&side.tasks, |tasks| tasks.running > 0 && tasks.running >= tasks.desired);
    let targets =
        fine(&side.targets, |targets| targets.healthy() > 0 && targets.count("unhealthy") == 0);
    match (tasks, targets) {
        (None, None) => side.revision.fresh().is_some(),
        (tasks, targets) => tasks.unwrap_or(true) && targets.unwrap_or(true),
    }
}

/// Whether what keeps a side's tasks is known to want nothing else than what there is.
fn is_settled(side: &Environment) -> bool {
    let standing = side.runs.as_ref().map(|runs| &runs.standing);
    standing.is_none_or(|standing| standing.fresh().is_some_and(Standing::is_settled))
}

/// How many tasks of a side run, and how many its part of a split takes by the number of the other
/// side's, if that is more. Only where a person has named what keeps the tasks of both: elsewhere one
/// side may be larger by design.
pub fn lacks(rollout: &Rollout, side: Side, then: Split) -> Option<(u32, u32)> {
    let running = |side: Side| {
        let side = rollout.side(side);
        side.runs.as_ref()?;
        side.tasks.value().map(|tasks| tasks.running)
    };
    let share = match side {
        Side::Blue => then.blue(),
        Side::Green => then.green,
    };
    let (own, other) = (running(side)?, running(side.other())?);
    let needed =
        (1..=other).find(|tasks| f64::from(*tasks) >= share.get() / 100.0 * f64::from(other));
    needed.filter(|needed| own < *needed).map(|needed| (own, needed))
}

/// Whether a fact is as it should be; nothing where there can be none of its kind.
fn fine<T>(fact: &Fact<T>, good: impl Fn(&T) -> bool) -> Option<bool> {
    match fact {
        Fact::Unknown { fault } if fault.kind == FaultKind::Absent => None,
        fact => Some(fact.fresh().is_some_and(good)),
    }
}

/// The only judge of what may be ordered, for the screen and the command line alike.
pub fn permit(snapshot: &Snapshot, action: Action, policy: &Policy) -> Result<Permit, Refusal> {
    if policy.read_only {
        return Err(Refusal::ReadOnly);
    }
    let rollout = match (snapshot.rollout.value(), snapshot.rollout()) {
        (_, Some(rollout)) => rollout,
        (Some(_), None) => return Err(Refusal::NoRollout),
        (None, None) => return Err(Refusal::StateUnknown),
    };
    let (means, call) = rollout.offer(action)?;
    match policy.last_order {
        LastOrder::Unanswered => return Err(Refusal::OrderOnItsWay),
        LastOrder::GoingBack if action == Action::RollBack => {
            return Err(Refusal::AlreadyGoingBack);
        }
        LastOrder::GoingBack | LastOrder::OutOfTheWay => {}
    }
    if policy.identity_changed {
        return Err(Refusal::IdentityChanged);
    }
    let permission = call.permission();
    if policy.missing_permissions.contains(&permission) {
        return Err(Refusal::NotPermitted(permission));
    }
    let identity = identity(snapshot).ok_or(Refusal::IdentityUnknown)?;
    let expected = Expected {
        account: identity.account.clone(),
        region: identity.region.clone(),
        rollout: rollout.id.clone(),
        phase: rollout.phase.clone(),
        gate: rollout.gate.clone(),
        planned: rollout.traffic.planned.value().copied(),
        means,
        dial: rollout.dial().filter(|_| means == Means::SetWeights).cloned().map(Box::new),
        blue_running: rollout.blue.tasks.value().map(|tasks| tasks.running),
    };
    let strength = strength(rollout, action, means);
    Ok(Permit { action, means, call, strength, wants_reason: false, expected })
}

/// In whose name a call would go out. A question about it that got no answer leaves it as it was;
/// one that was refused leaves it in doubt.
fn identity(snapshot: &Snapshot) -> Option<&Identity> {
    match &snapshot.identity {
        Fact::Stale { fault, .. } if fault.concerns_identity() => None,
        fact => fact.value(),
    }
}

/// The confirmation grows with the risk: going back to a healthy blue is the lightest.
fn strength(rollout: &Rollout, action: Action, means: Means) -> Strength {
    match means {
        // Turned round, no side is emptied before the other one runs.
        Means::OpenGate | Means::TurnRound | Means::Freeze | Means::Thaw => Strength::Key,
        Means::Approve | Means::Reject => Strength::Words,
        Means::StopAndRollBack if is_ready(&rollout.blue) => Strength::Key,
        Means::SetWeights | Means::SwapNames if gains(rollout, action, means) => Strength::Key,
        Means::SetWeights
        | Means::SwapNames
        | Means::StopAndRollBack
        | Means::RedeployPrevious
        | Means::StopOnly
        | Means::EndBake
        | Means::SkipToEnd
        | Means::TryAgain
        | Means::ShipAgain
        | Means::ReplaceTasks
        | Means::BringOut
        | Means::SwitchOver
        | Means::EndAnalysis => Strength::TypedName,
    }
}

/// Whether the side that gets more can take it, and it is known which side that is.
fn gains(rollout: &Rollout, action: Action, means: Means) -> bool {
    let side = match (action, means) {
        (Action::Shift(to), _) => match rollout.traffic.planned.value() {
            Some(now) if now.green < to.split().green => Side::Green,
            Some(_) => Side::Blue,
            None => return false,
        },
        (Action::Continue, Means::SwapNames) => Side::Green,
        _ => Side::Blue,
    };
    let own = rollout.side(side);
    // The way back rests on no cluster: what it takes is that blue's tasks run.
    let fits = || is_settled(own) && lacks(rollout, side, action.goal()).is_none();
    let follows = action == Action::RollBack || fits();
    !rollout.sides_are_guessed && is_ready(own) && follows
}
