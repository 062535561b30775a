//! All integration tests in one binary: it links once.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails by panicking"
)]
#![expect(clippy::float_cmp, reason = "the simulator's sums are exact")]

mod architecture;
mod argo;
mod cli;
mod contract;
mod e2e;
mod generated;
mod harness;
mod reliability;
mod screens;
mod shell;
mod sim;
mod stories;
