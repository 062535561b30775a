//! What the reducer wants done in the world, as plain values.

use jiff::SignedDuration;

use crate::domain::{LogQuestion, OneTimeCode, Order, Target};

/// A wish of the reducer; `runtime` carries it out.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Carry out this order: audit it, read the state again, send it once, follow it.
    Act(Box<Order>),
    /// Watch this target from now on, and no other.
    Watch(Target),
    /// Look for rollouts in the account until one is watched.
    List,
    /// Ask every source of the watched target again now.
    Refresh,
    /// Stop asking (`true`) or go on.
    Rest(bool),
    /// Log in with this code of a multi-factor device, and ask again.
    Present(OneTimeCode),
    /// Fetch this many minutes of metrics.
    Window(u32),
    /// Read the newest lines of a log.
    ReadLog {
        /// Which.
        question: Box<LogQuestion>,
        /// How long from now, in AWS time.
        after: SignedDuration,
    },
    /// Put this text on the clipboard.
    Copy(String),
    /// Ring the bell once.
    Bell,
    /// Draw every cell anew.
    Redraw,
    /// Give the terminal back until `fg`.
    Suspend,
    /// End the program.
    Quit,
}
