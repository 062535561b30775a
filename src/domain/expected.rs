//! The state an order was decided on, and what about the world makes it void.

use serde::{Deserialize, Serialize};

use super::{
    Action, Dial, Fault, Gate, Means, Phase, Refusal, Rollout, RolloutId, Snapshot, Split,
};

/// The facts an order rests on. What was confirmed is void when one of them no longer holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Expected {
    /// The account.
    pub account: String,
    /// The Region.
    pub region: String,
    /// The rollout.
    pub rollout: RolloutId,
    /// Where it stood.
    pub phase: Phase,
    /// The gate it waited at.
    pub gate: Option<Gate>,
    /// The split that was asked for.
    pub planned: Option<Split>,
    /// How it would be carried out.
    pub means: Means,
    /// What sets the weights: everything in it but the weights goes back as it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dial: Option<Box<Dial>>,
    /// How many of blue's tasks ran.
    pub blue_running: Option<u32>,
}

/// What is different from what the person saw.
#[derive(Debug, Clone, PartialEq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The credentials now belong elsewhere.
    #[error("the identity is now in account {account}, {region}")]
    Identity {
        /// The account now.
        account: String,
        /// The Region now.
        region: String,
    },
    /// Another rollout took its place.
    #[error("the rollout is now {0}")]
    Rollout(RolloutId),
    /// It moved on, so that what was confirmed would mean something else.
    #[error("it moved on from {from} to {to}")]
    Phase {
        /// As seen.
        from: String,
        /// As it is.
        to: String,
    },
    /// The gate that was to be answered is no longer the one it waits at.
    #[error("the gate it waited at is behind it")]
    Gate,
    /// The split is another one.
    #[error("green has {to} % of the traffic, not {from} %")]
    Split {
        /// Green's share as seen.
        from: f64,
        /// Green's share as it is.
        to: f64,
    },
    /// It cannot be done, or not in this way, any more.
    #[error("it is no longer possible: {0}")]
    NoLongerPossible(Refusal),
    /// What holds the weights was changed: the call would undo that change.
    #[error("what holds the weights was changed by somebody else")]
    Dial,
    /// It would be done by other means.
    #[error("it would now be done in another way")]
    Means,
    /// Blue has lost tasks that the promise rested on.
    #[error("blue has {to} running tasks, not {from}")]
    Blue {
        /// As seen.
        from: u32,
        /// As it is.
        to: u32,
    },
    /// The state could not be read again.
    #[error("the state could not be read again: {0}")]
    Unreadable(String),
}

impl Expected {
    /// What has changed in `now` that makes the confirmation void for `action`; nothing when it
    /// still stands.
    ///
    /// A roll back keeps its meaning ("all traffic goes back to blue") while the shift moves on,
    /// so for it only the rollout, the means, a hook's gate and blue's tasks count. Every other action means
    /// something else in another phase or at another split.
    pub fn change(&self, action: Action, now: &Snapshot) -> Option<Change> {
        let unreadable = |what: &str| Some(Change::Unreadable(what.to_owned()));
        match now.identity.fresh() {
            Some(identity)
                if identity.account != self.account || identity.region != self.region =>
            {
                return Some(Change::Identity {
                    account: identity.account.clone(),
                    region: identity.region.clone(),
                });
            }
            None if !self.is_bound_without_identity(now) => return unreadable("identity"),
            Some(_) | None => {}
        }
        let Some(Some(rollout)) = now.rollout.fresh() else { return unreadable("rollout") };
        if rollout.id != self.rollout {
            return Some(Change::Rollout(rollout.id.clone()));
        }
        match rollout.offer(action) {
            Ok((means, _)) if means == self.means => {}
            Ok(_) => return Some(Change::Means),
            Err(why) => return Some(Change::NoLongerPossible(why)),
        }
        if let Some(seen) = &self.dial
            && !rollout.dial().is_some_and(|now| seen.is_same(now))
        {
            return Some(Change::Dial);
        }
        // A hook's gate is answered by its id: at another one, or none, the call is another.
        let other_gate = matches!(self.gate, Some(Gate::Hook { .. })) && rollout.gate != self.gate;
        if other_gate && !self.means.begins_anew() {
            return Some(Change::Gate);
        }
        match action {
            Action::RollBack => self.lost_tasks(rollout),
            Action::Undo(_) if self.goes_back_at_once() => self.lost_tasks(rollout),
            // It means the same wherever the rollout stands.
            Action::Pause => None,
            Action::Continue
            | Action::Stop
            | Action::Finish
            | Action::Shift(_)
            | Action::Resume
            | Action::Restart
            | Action::Undo(_)
            | Action::Terminate(_) => self.moved_on(rollout),
        }
    }

    /// Whether the call can reach nothing but the rollout that was seen, whoever sends it: it names
    /// the rollout by an id that no other account has. Then a silent STS holds up no roll back.
    fn is_bound_without_identity(&self, now: &Snapshot) -> bool {
        let refused = now.identity.fault().is_some_and(Fault::concerns_identity);
        self.goes_back_at_once() && !refused
    }

    /// Whether the order leads the traffic back by a call that names the rollout itself. The control
    /// plane refuses it when that is over, so that it is right whatever has happened since.
    pub fn goes_back_at_once(&self) -> bool {
        matches!(self.means, Means::StopAndRollBack | Means::TurnRound)
    }

    /// Why the state could not be read, when that is a trouble that passes by itself: throttling,
    /// silence, a fault of the service.
    pub fn unread<'a>(&self, now: &'a Snapshot) -> Option<&'a Fault> {
        let rollout = now.rollout.fault();
        let blue = || now.rollout()?.blue.tasks.fault();
        rollout.or_else(blue).filter(|fault| fault.passes_by_itself())
    }

    /// Blue has fewer running tasks than the person was shown.
    fn lost_tasks(&self, rollout: &Rollout) -> Option<Change> {
        // A rolling update takes blue's tasks one by one; a new deployment starts its own. Weights are
        // set whether or not the clusters behind them answer.
        if matches!(self.means, Means::RedeployPrevious | Means::TurnRound | Means::SetWeights) {
            return None;
        }
        let from = self.blue_running?;
        match rollout.blue.tasks.value().map(|tasks| tasks.running) {
            Some(to) if to < from => Some(Change::Blue { from, to }),
            Some(_) => None,
            None => Some(Change::Unreadable("blue's tasks".to_owned())),
        }
    }

    /// Phase or split are not what the person saw.
    fn moved_on(&self, rollout: &Rollout) -> Option<Change> {
        if rollout.phase != self.phase {
            return Some(Change::Phase {
                from: format!("{:?}", self.phase),
                to: format!("{:?}", rollout.phase),
            });
        }
        let share = |split: Option<Split>| split.map(|split| split.green.get());
        match (share(self.planned), share(rollout.traffic.planned.value().copied())) {
            (Some(from), Some(to)) if (from - to).abs() > 0.05 => Some(Change::Split { from, to }),
            _ => None,
        }
    }
}
