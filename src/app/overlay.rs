//! What stands above the screen: questions, fields, the help.

use jiff::Timestamp;

use crate::domain::{Action, Identity, OrderId, Permit, Strength};

use super::Ramp;

/// The choices of a dialog, the safe one first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Choice {
    /// Do nothing.
    #[default]
    Keep,
    /// Do it.
    Act,
}

/// The question before an order.
#[derive(Debug, Clone, PartialEq)]
pub struct Confirm {
    /// What would be done, with which call and on which state.
    pub permit: Permit,
    /// The id the order will have: its call already carries it.
    pub order: OrderId,
    /// The name that has to be typed where the permit asks for one.
    pub name: String,
    /// What has been typed so far.
    pub typed: String,
    /// The focused choice.
    pub choice: Choice,
    /// When it opened: keys of the first 300 ms are dropped.
    pub opened: Timestamp,
    /// Why the last attempt to confirm did nothing.
    pub complaint: Option<String>,
    /// The ramp that the order begins.
    pub ramp: Option<Ramp>,
}

/// The field for the share that green shall have.
#[derive(Debug, Clone, PartialEq)]
pub struct ShareField {
    /// What has been typed so far.
    pub typed: String,
    /// When it opened: keys of the first 300 ms are dropped.
    pub opened: Timestamp,
    /// Why what was typed is no share.
    pub complaint: Option<String>,
}

/// The list of what an order can be about, where it is about one of several.
#[derive(Debug, Clone, PartialEq)]
pub struct Choosing {
    /// What is asked for; any of its kind.
    pub kind: Action,
    /// The row under the cursor, by what it is and not by number: rows move.
    pub selected: Action,
    /// When it opened: keys of the first 300 ms are dropped.
    pub opened: Timestamp,
}

/// What stands above everything else.
#[derive(Debug, Clone, PartialEq)]
pub enum Overlay {
    /// The question before an order.
    Confirm(Box<Confirm>),
    /// The keys; the number is the first row shown.
    Help(usize),
    /// Which share green shall have; the question before the order comes after it.
    Share(ShareField),
    /// Which one an order is about; the question before the order comes after it.
    Choosing(Choosing),
    /// The credentials belong to somebody else than before: nothing is sent until the person
    /// says that this is right.
    NewIdentity(Box<NewIdentity>),
}

/// The question whether the program may act in another name than before.
#[derive(Debug, Clone, PartialEq)]
pub struct NewIdentity {
    /// Trusted until now.
    pub from: Identity,
    /// What the credentials belong to now.
    pub to: Identity,
    /// When it opened: keys of the first 300 ms are dropped.
    pub opened: Timestamp,
}

impl Confirm {
    /// Whether something has to be typed: a name, or words of one's own.
    pub fn wants_text(&self) -> bool {
        match self.permit.strength {
            Strength::Key => false,
            Strength::TypedName | Strength::Words => true,
        }
    }

    /// Whether what was typed is the name, or says something.
    pub fn text_is_typed(&self) -> bool {
        match self.permit.strength {
            Strength::Key => true,
            Strength::TypedName => self.typed == self.name,
            Strength::Words => !self.typed.trim().is_empty(),
        }
    }

    /// What has to be typed.
    pub(super) fn wish(&self) -> String {
        match self.permit.strength {
            Strength::Words => "say in a few words why: they are sent along".to_owned(),
            Strength::Key | Strength::TypedName => format!("type {} to confirm", self.name),
        }
    }
}
