//! An order followed to its end: sent, accepted, shifting, traffic restored, steady.

use jiff::Timestamp;

use crate::domain::{Change, Fault, LastOrder, Means, Order, RolloutId};

/// What showed that the traffic is where the order wanted it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeenBy {
    /// The load balancer's listener holds the split.
    Listener,
    /// The requests were counted there.
    Requests,
    /// Every running task is of that side: a rolling update has nothing else to be seen by.
    Tasks,
    /// Every instance that is registered is of that side.
    Instances,
    /// The name servers answer with the split; clients follow as their answers run out.
    Answers,
}

/// How an order stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// On its way.
    OnItsWay,
    /// Its effect was seen.
    Done,
    /// Nothing was sent: the world is not what the person saw.
    Void(Change),
    /// Nothing was sent: it could not be written to the audit file.
    NotAudited(String),
    /// The control plane refused it.
    Refused(Fault),
    /// The answer was lost and reading has not shown yet what happened.
    Unknown(Fault),
    /// The control plane took it, and what it led to failed.
    Failed(String),
}

impl Outcome {
    /// Whether nothing more is expected of the order.
    pub fn is_final(&self) -> bool {
        match self {
            Outcome::OnItsWay | Outcome::Unknown(_) => false,
            Outcome::Done
            | Outcome::Void(_)
            | Outcome::NotAudited(_)
            | Outcome::Refused(_)
            | Outcome::Failed(_) => true,
        }
    }
}

/// One order with the moments of its steps, all in AWS time.
#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    /// The order; its `at` is the moment of the confirming key.
    pub order: Order,
    /// The call went out.
    pub sent: Option<Timestamp>,
    /// The control plane took it.
    pub accepted: Option<Timestamp>,
    /// The rollout it led to: the rollback, or the new deployment.
    pub follows: Option<RolloutId>,
    /// What it led to was seen.
    pub came: bool,
    /// The traffic began to move.
    pub shifting: Option<Timestamp>,
    /// The traffic is where the order wanted it.
    pub restored: Option<(Timestamp, SeenBy)>,
    /// The control plane is done with everything.
    pub steady: Option<Timestamp>,
    /// How it stands.
    pub outcome: Outcome,
}

impl Track {
    /// An order that has just been confirmed.
    pub fn new(order: Order) -> Self {
        Self {
            order,
            sent: None,
            accepted: None,
            follows: None,
            came: false,
            shifting: None,
            restored: None,
            steady: None,
            outcome: Outcome::OnItsWay,
        }
    }

    /// What may be ordered beside this order.
    pub fn leaves_room(&self) -> LastOrder {
        let goes_back =
            matches!(self.order.expected.means, Means::StopAndRollBack | Means::TurnRound);
        match &self.outcome {
            Outcome::OnItsWay if self.accepted.is_none() => LastOrder::Unanswered,
            Outcome::OnItsWay if goes_back => LastOrder::GoingBack,
            Outcome::OnItsWay
            | Outcome::Unknown(_)
            | Outcome::Done
            | Outcome::Void(_)
            | Outcome::NotAudited(_)
            | Outcome::Refused(_)
            | Outcome::Failed(_) => LastOrder::OutOfTheWay,
        }
    }

    /// Whether nobody knows yet if the control plane took it. Once it has, the next order may be
    /// given: a shift that was continued can still be rolled back.
    pub fn is_unanswered(&self) -> bool {
        self.leaves_room() == LastOrder::Unanswered
    }
}
