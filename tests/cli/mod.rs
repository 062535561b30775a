//! The binary as people start it: in a terminal and without one.

mod order;
mod plain;
pub(crate) mod process;
#[cfg(unix)]
mod screen;
mod targets;
#[cfg(unix)]
mod terminal;
