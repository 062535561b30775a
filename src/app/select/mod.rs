//! What the screens ask a state: pure answers, nothing is changed or kept.
//!
//! | question | answer |
//! |---|---|
//! | which keys make sense now? | [`hints()`] |
//! | can I go back, to what, how fast, until when? | [`strip()`] |
//! | where is the traffic really? | [`traffic()`] |
//! | which one is the order about? | [`choices()`] |
//! | what would the open question do? | [`consequence()`] |
//! | how far is the order? | [`steps()`] |
//! | what was measured? | [`chart()`] |
//! | what happened? | [`timeline()`] |
//! | how old is all this? | [`staleness()`], [`is_live`], [`just_changed`] |
//! | when does the picture change by itself? | [`next_wake`] |

mod beside;
mod chart;
mod choices;
mod consequence;
mod hints;
mod staleness;
mod steps;
mod strip;
mod timeline;
mod traffic;
mod wake;

pub use beside::{Beside, Half};
pub use chart::{Chart, Row, ShiftMark, chart};
pub use choices::{ListRow, choices};
pub use consequence::{Consequence, Moved, Undo, Warning, consequence};
pub use hints::{Availability, Hint, hints};
pub use staleness::{Freshness, Staleness, is_live, staleness};
pub use steps::{Step, StepKind, StepState, Steps, steps};
pub use strip::{Can, May, RollbackStrip, Speed, strip};
pub use timeline::timeline;
pub use traffic::{Agreement, TrafficTruth, traffic};
pub use wake::{just_changed, next_wake};
