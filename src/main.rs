//! The `cutover` binary: arguments to `cli::run`, its result to an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    cutover::cli::run(std::env::args_os())
}
