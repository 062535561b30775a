//! The worst minute: orders under every fault, a program that is killed, a person whose keys are
//! random.

mod faults;
mod killed;
mod looking;
mod matrix;
mod monkey;
mod night;
mod secrets;
