//! The binary as people start it: in a terminal and without one.

#[cfg(target_os = "linux")]
mod disk;
#[cfg(unix)]
mod login;
mod order;
mod plain;
pub(crate) mod process;
#[cfg(unix)]
mod screen;
mod targets;
#[cfg(unix)]
pub(crate) mod terminal;
mod weights;
