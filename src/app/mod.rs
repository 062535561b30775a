//! What happens: the one reducer through which everything enters.
//!
//! - A key is [`hear()`]d and becomes an [`Event`]; so does everything else that happens.
//! - [`update()`] folds one event into the [`State`] and says as [`Effect`]s what the world shall do.
//! - [`select`] answers the questions of the screens from a state, and changes nothing.

mod choose;
mod code;
mod confirm;
mod diff;
mod effect;
mod event;
mod field;
mod follow;
mod hear;
pub mod log;
pub mod measured;
mod navigate;
mod observe;
mod overlay;
mod ramp;
pub mod select;
mod shift;
mod state;
mod track;
mod update;
pub mod verdict;

pub use effect::Effect;
pub use event::{Event, Stamped};
pub use hear::hear;
pub use log::Log;
pub use overlay::{
    Asks, Choice, Choosing, Confirm, Field, NewIdentity, Overlay, Wanted, is_reason,
};
pub use ramp::Ramp;
pub use state::{Cockpit, Demo, Notice, Panel, Picker, Screen, Settings, State, View, WINDOWS};
pub use track::{Outcome, SeenBy, Track};
pub use update::{DEAF, update};
