//! The two ways out: data to stdout, talk to stderr.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

/// The exit code of an error.
const ERROR: u8 = 2;

/// Where a subcommand writes.
pub(super) struct Output {
    /// Data.
    pub(super) data: Box<dyn Write>,
    /// Talk.
    pub(super) talk: Box<dyn Write>,
}

impl Output {
    /// The standard output and error.
    pub(super) fn standard() -> Self {
        Self { data: Box::new(io::stdout()), talk: Box::new(io::stderr()) }
    }

    /// Says what failed. A reader that has seen enough is no failure.
    pub(super) fn failure(&mut self, failure: &(dyn Error + 'static)) -> ExitCode {
        if is_broken_pipe(failure) {
            return ExitCode::SUCCESS;
        }
        // With stderr gone there is nobody left to tell.
        let _ = writeln!(self.talk, "error: {failure}");
        ExitCode::from(ERROR)
    }
}

/// Says what is wrong with the arguments, or prints the help that was asked for.
pub(super) fn usage(error: &clap::Error) -> ExitCode {
    // clap knows whether colours are welcome; with nobody to read it there is nothing to say.
    let _ = error.print();
    if error.use_stderr() { ExitCode::from(ERROR) } else { ExitCode::SUCCESS }
}

fn is_broken_pipe(failure: &(dyn Error + 'static)) -> bool {
    failure
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
