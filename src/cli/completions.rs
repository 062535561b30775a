//! `cutover completions SHELL`.

use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::Shell;

use super::{Outcome, Output};

/// The completion script of a shell, to be put where that shell looks for it.
#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self, mut command: Command, output: &mut Output) -> Outcome {
        // The generator panics when it cannot write, so it writes into memory first.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "cutover", &mut script);
        output.data.write_all(&script)?;
        Ok(ExitCode::SUCCESS)
    }
}
