//! The worst minute: orders under every fault, a program that is killed, a person whose keys are
//! random.

mod faults;
pub(crate) mod killed;
mod looking;
mod matrix;
mod monkey;
mod night;
mod orders;
pub(crate) mod secrets;
#[cfg(target_os = "linux")]
mod soak;
