//! What a person can order, what the control plane offers, and how far an order is.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Analysis, Call, Candidate, Change, Dial, Expected, OrderId, Percent, RevisionNumber, Rollout,
    RolloutId, Split, Target,
};

/// What a person can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Pass the gate the rollout waits at: traffic begins to shift now.
    Continue,
    /// Lead all traffic back to the revision that served before.
    RollBack,
    /// Stop the rollout and leave everything as it is.
    Stop,
    /// End the bake now: blue is removed, the instant rollback with it.
    Finish,
    /// Give green this share of the traffic, where a person sets the weights.
    Shift(Percent),
    /// Freeze the rollout as it is: no further stage, until it is resumed.
    Pause,
    /// End that pause; a gate that it waits at stays.
    Resume,
    /// Replace every task by a new one of the same revision.
    Restart,
    /// Bring out this revision again.
    Undo(RevisionNumber),
    /// End this analysis before its time.
    Terminate(Analysis),
}

impl Action {
    /// Those that every control plane answers for, the one that matters most first.
    pub const ALL: [Action; 4] = [Action::RollBack, Action::Continue, Action::Finish, Action::Stop];

    /// One of each kind, whatever it is about.
    pub const KINDS: [Action; 10] = [
        Action::RollBack,
        Action::Continue,
        Action::Finish,
        Action::Stop,
        Action::Shift(Percent::ALL),
        Action::Pause,
        Action::Resume,
        Action::Restart,
        Action::UNDO,
        Action::TERMINATE,
    ];

    /// Any undo, and any end of an analysis: which one it is about is chosen from a list.
    pub const UNDO: Action = Action::Undo(RevisionNumber::NONE);
    /// See [`Action::UNDO`].
    pub const TERMINATE: Action = Action::Terminate(Analysis::Step);

    /// Whether both are the same but for what they are about, e.g. shifts to whatever share: one
    /// refusal is about all of them.
    pub fn is_of_a_kind(self, other: Action) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }

    /// The words for it.
    pub fn words(self) -> &'static str {
        match self {
            Action::Continue => "continue",
            Action::RollBack => "roll back",
            Action::Stop => "stop",
            Action::Finish => "finish",
            Action::Shift(_) => "shift",
            Action::Pause => "pause",
            Action::Resume => "resume",
            Action::Restart => "restart",
            Action::Undo(_) => "undo",
            Action::Terminate(_) => "terminate",
        }
    }

    /// The split that it wants where it is about the weights themselves.
    pub fn goal(self) -> Split {
        match self {
            Action::Shift(share) => share.split(),
            Action::Continue | Action::Finish => Split::ALL_GREEN,
            // No other one is about the weights themselves.
            Action::RollBack
            | Action::Stop
            | Action::Pause
            | Action::Resume
            | Action::Restart
            | Action::Undo(_)
            | Action::Terminate(_) => Split::ALL_BLUE,
        }
    }
}

/// How the control plane would carry an action out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Means {
    /// The gate is opened; the rollout goes on.
    OpenGate,
    /// The running rollout is stopped and undone: blue is still there.
    StopAndRollBack,
    /// The running rolling update is turned round: blue's tasks are started again in the place of
    /// green's, which takes minutes.
    TurnRound,
    /// The previous revision is deployed anew: blue is gone, this takes minutes.
    RedeployPrevious,
    /// The running rollout is stopped, nothing is undone.
    StopOnly,
    /// The bake ends and blue is removed.
    EndBake,
    /// What is left of the steps, pauses and analyses is skipped: green gets everything.
    SkipToEnd,
    /// The update that was undone begins again at its first stage.
    TryAgain,
    /// The update that was undone gets all traffic at once: its tasks are still there, and the
    /// control plane asks no gate and no analysis for that.
    ShipAgain,
    /// The rollout is frozen as it is.
    Freeze,
    /// The freeze ends.
    Thaw,
    /// The tasks are replaced one after the other, by new ones of the same revision.
    ReplaceTasks,
    /// An earlier revision is brought out as an update of its own, with all its stages.
    BringOut,
    /// An earlier revision gets all traffic without a gate and without an analysis before.
    SwitchOver,
    /// A running analysis ends, and counts as passed.
    EndAnalysis,
    /// The weights are set, and stay as they are set.
    SetWeights,
    /// The two environments swap their names: clients follow as their DNS answers run out.
    SwapNames,
    /// A manual approval of the pipeline is given.
    Approve,
    /// A manual approval of the pipeline is refused: its execution fails.
    Reject,
}

impl Means {
    /// Whether it begins a rollout of its own: a gate of the one that is there has no part in it.
    pub fn begins_anew(self) -> bool {
        matches!(self, Means::RedeployPrevious | Means::BringOut)
    }
}

/// What the control plane offers in the state that was read.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Offered {
    /// It can be done, like this.
    Possible {
        /// What.
        action: Action,
        /// How.
        means: Means,
        /// With which call; a description that carries the order's id is added when it is sent.
        call: Call,
    },
    /// It cannot be done now.
    Refused {
        /// What.
        action: Action,
        /// Why not.
        why: Refusal,
    },
    /// It can be done with this one of several.
    OneOf(Box<Candidate>),
    /// Any share can be given to green.
    Dial(Box<Dial>),
}

impl Offered {
    /// An action with how it can be done, or why it cannot be.
    pub fn of(action: Action, offer: Result<(Means, Call), Refusal>) -> Self {
        match offer {
            Ok((means, call)) => Offered::Possible { action, means, call },
            Err(why) => Offered::Refused { action, why },
        }
    }
}

impl Rollout {
    /// How an action would be carried out now, or why it cannot be.
    pub fn offer(&self, action: Action) -> Result<(Means, Call), Refusal> {
        for offer in &self.offers {
            match (offer, action) {
                (Offered::Possible { action: about, means, call }, _) if *about == action => {
                    return Ok((*means, call.clone()));
                }
                (Offered::OneOf(one), _) if one.action == action => {
                    return Ok((one.means, one.call.clone()));
                }
                (Offered::Refused { action: about, why }, _) if about.is_of_a_kind(action) => {
                    return Err(why.clone());
                }
                (Offered::Dial(dial), Action::Shift(percent)) => {
                    let wanted = percent.split().green;
                    let there = dial.held().is_some_and(|held| held.green.is_near(wanted, 0.05));
                    let call = || (Means::SetWeights, dial.at(percent));
                    return if there { Err(Refusal::AlreadyThere) } else { Ok(call()) };
                }
                (
                    Offered::Possible { .. }
                    | Offered::Refused { .. }
                    | Offered::OneOf(_)
                    | Offered::Dial(_),
                    _,
                ) => {}
            }
        }
        Err(match action {
            Action::Shift(_) => Refusal::NoDial,
            Action::RollBack | Action::Continue | Action::Stop | Action::Finish => {
                Refusal::StateUnknown
            }
            Action::Undo(_) | Action::Terminate(_) if self.candidates(action).next().is_some() => {
                Refusal::NotAmongThem
            }
            Action::Pause
            | Action::Resume
            | Action::Restart
            | Action::Undo(_)
            | Action::Terminate(_) => Refusal::NoSuchOrder,
        })
    }

    /// What an action of this kind can be about, where it is about one of several.
    pub fn candidates(&self, kind: Action) -> impl Iterator<Item = &Candidate> {
        self.offers.iter().filter_map(move |offer| match offer {
            Offered::OneOf(one) if one.action.is_of_a_kind(kind) => Some(one.as_ref()),
            Offered::OneOf(_)
            | Offered::Possible { .. }
            | Offered::Refused { .. }
            | Offered::Dial(_) => None,
        })
    }

    /// What sets the weights, where a person can.
    pub fn dial(&self) -> Option<&Dial> {
        self.offers.iter().find_map(|offer| match offer {
            Offered::Dial(dial) => Some(dial.as_ref()),
            Offered::Possible { .. } | Offered::Refused { .. } | Offered::OneOf(_) => None,
        })
    }
}

/// Why an action is not possible.
#[derive(Debug, Clone, PartialEq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// No gate waits for a person.
    #[error("no gate is waiting")]
    NoGate,
    /// Nothing bakes.
    #[error("nothing bakes")]
    NoBake,
    /// The rollout is over.
    #[error("the rollout is over")]
    Over,
    /// The rollout is already being undone, or is itself the way back.
    #[error("already on the way back")]
    AlreadyGoingBack,
    /// There is no revision to go back to.
    #[error("no earlier revision is known")]
    NothingToGoBackTo,
    /// Nobody can choose a share here: the control plane moves the traffic by its own plan.
    #[error("the control plane chooses the shares itself")]
    NoDial,
    /// The traffic is divided like that already.
    #[error("the traffic is there already")]
    AlreadyThere,
    /// Blue is being removed: the stop may come too late, and then nothing undoes it.
    #[error("blue is being removed")]
    BlueIsGoing,
    /// The control plane has no call for it, in these words.
    #[error("{0}")]
    NoSuchCall(String),
    /// The control plane knows nothing of the kind.
    #[error("this control plane has no such order")]
    NoSuchOrder,
    /// What is asked for is none of those that it can be done with.
    #[error("there is no such one")]
    NotAmongThem,
    /// Another tool owns the rollout, e.g. CloudFormation.
    #[error("{0} owns this rollout")]
    ManagedBy(String),
    /// Nothing is being rolled out, and nothing that was is on record.
    #[error("there is no rollout")]
    NoRollout,
    /// Nothing is known about the rollout.
    #[error("its state is not known")]
    StateUnknown,
    /// The program was started to look only.
    #[error("read-only mode")]
    ReadOnly,
    /// A rule of the configuration forbids it; which one, in words.
    #[error("{0}")]
    ByRule(String),
    /// The identity is known to lack the permission.
    #[error("no permission for {0}")]
    NotPermitted(String),
    /// It is not known in whose name the call would go out.
    #[error("identity is not known")]
    IdentityUnknown,
    /// The credentials belong to somebody else than before, and nobody has agreed to that.
    #[error("the identity has changed")]
    IdentityChanged,
    /// The last order was not answered yet.
    #[error("an order is on its way")]
    OrderOnItsWay,
}

/// One action on one target, with the state it was decided on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// Its id, also the nonce in descriptions.
    pub id: OrderId,
    /// The target.
    pub target: Target,
    /// What was asked for.
    pub action: Action,
    /// The call, complete.
    pub call: Call,
    /// The state it was decided on.
    pub expected: Expected,
    /// When it was confirmed, in AWS time.
    pub at: Timestamp,
    /// Who confirmed it: the caller's ARN.
    pub by: String,
    /// What it is a part of: the step of a ramp that a person armed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part_of: Option<String>,
    /// Why, in the words of who gave it, where they were asked for or said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What is known about an order on its way.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "progress", rename_all = "snake_case")]
pub enum Progress {
    /// Nothing was sent: the world is not what the person saw.
    Void {
        /// What changed.
        change: Change,
    },
    /// Nothing was sent: the audit line could not be written.
    NotAudited {
        /// Why.
        why: String,
    },
    /// The call is on the wire.
    Sent,
    /// The control plane took it; that is not yet the effect.
    Accepted {
        /// The id of the request, for a support case.
        request_id: Option<String>,
        /// What the control plane answered, in its words.
        answer: String,
        /// The rollout that was started by it, when the answer names one.
        rollout: Option<RolloutId>,
    },
    /// The control plane refused it; nothing happened.
    Refused {
        /// Why.
        fault: super::Fault,
    },
    /// The answer was lost; reading will tell what happened.
    Unknown {
        /// How it was lost.
        fault: super::Fault,
    },
}
