//! One file for each subcommand; the only user of clap.

pub mod judge;
