//! Stories: keys and pictures in, effects and answers out, by plain calls.

mod clusters;
mod code;
mod dialog;
mod identity;
mod list;
pub(crate) mod log;
mod order;
mod questions;
pub(crate) mod ramp;
mod shift;
mod storm;
mod upkeep;
mod verdict;
mod watch;
