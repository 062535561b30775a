//! All integration tests in one binary: it links once.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails by panicking")]

mod architecture;
mod backends;
mod cli;
mod contract;
mod generated;
mod harness;
mod screens;
mod shell;
mod sim;
mod stories;
