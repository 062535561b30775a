//! What happens: the one reducer through which everything enters.

mod effect;
mod event;
mod state;
mod track;

pub use effect::Effect;
pub use event::{Event, Stamped};
pub use state::{
    Choice, Cockpit, Confirm, Demo, Notice, Overlay, Panel, Picker, Screen, Settings, State, View,
    WINDOWS,
};
pub use track::{Outcome, SeenBy, Track};
