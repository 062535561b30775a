//! Everything that can happen: the one mouth of the program.

use jiff::Timestamp;

use crate::domain::{
    Fault, LogPage, LogQuestion, OrderId, Progress, RolloutSummary, Snapshot, Target,
};
use crate::input::Command;

/// An event with the moment it came in, in AWS time.
#[derive(Debug, Clone, PartialEq)]
pub struct Stamped<T> {
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: T,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A key or click that stands for a command.
    Command(Command),
    /// A character typed into a text field.
    Typed(char),
    /// The last character of a text field is taken back.
    Erased,
    /// Text was pasted; it never confirms anything and goes nowhere.
    Pasted,
    /// The terminal has a new size, in cells.
    Resized {
        /// Columns.
        width: u16,
        /// Rows.
        height: u16,
    },
    /// A new picture of a target.
    Observed(Box<Snapshot>),
    /// The rollouts that run in the account and Region.
    Listed(Result<Vec<RolloutSummary>, Fault>),
    /// Lines of a log were read, or could not be.
    LogRead {
        /// What was asked.
        question: Box<LogQuestion>,
        /// What it brought.
        page: Result<LogPage, Fault>,
    },
    /// An order got further.
    Acted {
        /// Which.
        order: OrderId,
        /// How far.
        progress: Progress,
    },
    /// An order of an earlier run of the program whose end was never written down.
    Unresolved {
        /// What it was about.
        target: Target,
        /// The sentence for the timeline.
        text: String,
    },
    /// Text was copied to the clipboard, or could not be.
    Copied(Result<(), String>),
    /// A task of the program failed; the sentence says which and why.
    Broken(String),
    /// The state was drawn.
    Drawn {
        /// The furthest row to which what is shown can be scrolled.
        furthest: usize,
    },
    /// Nothing but time has passed.
    Woke,
}
