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
    /// Why the order is given, once that was said.
    pub reason: Option<String>,
    /// The focused choice.
    pub choice: Choice,
    /// When it opened: keys of the first 300 ms are dropped.
    pub opened: Timestamp,
    /// Why the last attempt to confirm did nothing.
    pub complaint: Option<String>,
    /// The ramp that the order begins.
    pub ramp: Option<Ramp>,
}

/// A field for a number.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// What the number is.
    pub asks: Asks,
    /// What has been typed so far.
    pub typed: String,
    /// When it opened: keys of the first 300 ms are dropped.
    pub opened: Timestamp,
    /// Why what was typed is no such number.
    pub complaint: Option<String>,
}

/// What a field asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asks {
    /// The share that green shall have.
    Share,
    /// The code of this multi-factor device.
    Code(String),
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
    /// A number is wanted: a share, before the question whether to set it, or a device's code.
    Field(Field),
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

/// What is being typed into a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Why the order is given: it is written down.
    Reason,
    /// The name of what is acted on.
    Name,
    /// Words of one's own that are sent along.
    Words,
}

/// The shortest reason: `5xx` says something, the `y` of a hand that is used to it does not.
const SHORTEST: usize = 3;

/// Whether a text says why.
pub fn is_reason(text: &str) -> bool {
    text.trim().chars().count() >= SHORTEST
}

impl Confirm {
    /// What has to be typed now, if anything. Words that are sent along also say why.
    pub fn wanted(&self) -> Option<Wanted> {
        match self.permit.strength {
            Strength::Words => Some(Wanted::Words),
            _ if self.permit.wants_reason && self.reason.is_none() => Some(Wanted::Reason),
            Strength::TypedName => Some(Wanted::Name),
            Strength::Key => None,
        }
    }

    /// Whether something has to be typed: a name, or words of one's own.
    pub fn wants_text(&self) -> bool {
        self.wanted().is_some()
    }

    /// Whether what was typed is the name, or says something.
    pub fn text_is_typed(&self) -> bool {
        match self.wanted() {
            None => true,
            Some(Wanted::Name) => self.typed == self.name,
            Some(Wanted::Reason) => is_reason(&self.typed),
            Some(Wanted::Words) => !self.typed.trim().is_empty(),
        }
    }

    /// What has to be typed.
    pub(super) fn wish(&self) -> String {
        match self.wanted() {
            Some(Wanted::Words) => "say in a few words why: they are sent along".to_owned(),
            Some(Wanted::Reason) => "say in a few words why: it is written down".to_owned(),
            Some(Wanted::Name) | None => format!("type {} to confirm", self.name),
        }
    }

    /// Takes what was typed for why the order is given; whether more has to be typed.
    pub(super) fn takes_reason(&mut self) -> bool {
        match self.wanted() {
            Some(Wanted::Reason) => {
                self.reason = Some(std::mem::take(&mut self.typed).trim().to_owned());
                self.choice = Choice::Keep;
                self.complaint = None;
                self.wants_text()
            }
            Some(Wanted::Words) if self.permit.wants_reason => {
                self.reason = Some(self.typed.trim().to_owned());
                false
            }
            Some(Wanted::Words | Wanted::Name) | None => false,
        }
    }
}
