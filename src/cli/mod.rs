//! The command line: one file a subcommand. stdout is data, stderr talks.
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | done; `status`: the rollout is fine; the screen was left by its quit key |
//! | 1 | the answer is bad: `status`: the rollout went wrong; `audit`: the file was changed; `targets`: something could not be looked at; an order was not carried out |
//! | 2 | an error: nothing could be found out or done, what became of an order is not known, or the arguments make no sense |
//! | 101 | a bug of this program |
//! | 128 + n | ended by signal n; 129 also when the terminal is gone |

mod audit;
mod completions;
mod demo;
mod iam_policy;
pub mod judge;
mod judging;
mod keys;
pub mod order;
mod output;
mod picture;
mod rbac;
pub mod rehearsal;
mod screen;
mod sim;
mod simulated;
pub mod status;
mod targets;
mod watch;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::config::{ConfigError, Environment, File, Paths};
use crate::domain::Action;
use crate::input::Keymap;

use output::Output;

/// What can go wrong in a subcommand, ready to be shown: what failed, because of what, a hint.
pub type Failure = Box<dyn std::error::Error>;

/// How a subcommand ended.
type Outcome = Result<ExitCode, Failure>;

/// Watch a blue/green rollout on AWS live, and take the decision.
#[derive(Debug, Parser)]
#[command(name = "cutover", version, args_conflicts_with_subcommands = true)]
#[command(subcommand_help_heading = "Commands", subcommand_value_name = "COMMAND")]
#[command(after_help = "Without a command it watches TARGET; without a target it looks for the \
                        rollouts that run in the account and Region.\nNo account at hand: cutover demo")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    watch: watch::Watch,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Rehearse on an embedded simulator: no account, no configuration, no network
    Demo(demo::Demo),
    /// Print one reading of a rollout; the exit code says whether it is fine
    Status(status::Status),
    /// List what can be watched in the account and Region
    Targets(targets::Targets),
    /// Roll back: lead all traffic back to blue
    #[command(visible_alias = "roll-back")]
    Rollback(order::Order),
    /// Pass the gate at which the rollout waits
    Continue(order::Order),
    /// End the bake and remove blue
    Finish(order::Order),
    /// Stop the rollout and leave everything as it is
    Stop(order::Order),
    /// Freeze an Argo rollout as it is, until it is resumed
    Pause(order::Order),
    /// End a pause by hand
    Resume(order::Order),
    /// Replace the pods of an Argo rollout by new ones of the same revision
    Restart(order::Order),
    /// Bring out an earlier revision of an Argo rollout again
    Undo(order::Undo),
    /// End an analysis of an Argo rollout, so that it counts as passed
    Terminate(order::Terminate),
    /// Give green a share of the traffic, where the weights can be set
    Shift(order::Shift),
    /// Swap the names of two Elastic Beanstalk environments
    Swap(order::Order),
    /// Answer a manual approval of the pipeline
    Approve(order::Approve),
    /// Run a pretend AWS on loopback for any client
    Sim(sim::Sim),
    /// List keys, commands and what they do
    Keys(keys::Keys),
    /// Show the orders that were given, and check that nobody changed the record
    Audit(audit::Audit),
    /// Judge stored minutes of blue and green, as they would have been judged live
    Judge(judging::Judge),
    /// Print the least IAM policy that watching and acting need
    IamPolicy(iam_policy::IamPolicy),
    /// Print the Kubernetes roles that watching and acting on Argo Rollouts need
    Rbac(rbac::Rbac),
    /// Print the completion script of a shell
    Completions(completions::Completions),
    /// Draw a frame of a scenario as an SVG
    #[command(hide = true)]
    Picture(picture::Picture),
}

/// Runs the program with these arguments; everything is said when this returns.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut output = Output::standard();
    let outcome = match Cli::try_parse_from(args) {
        Ok(cli) => cli.run(&mut output),
        Err(error) => return output::usage(&error),
    };
    outcome.unwrap_or_else(|failure| output.failure(failure.as_ref()))
}

impl Cli {
    fn run(self, output: &mut Output) -> Outcome {
        match self.command {
            Some(Command::Sim(sim)) => sim.run(output),
            Some(Command::Keys(keys)) => keys.run(output),
            Some(Command::Audit(audit)) => audit.run(output),
            Some(Command::Judge(judge)) => judge.run(output),
            Some(Command::IamPolicy(policy)) => policy.run(output),
            Some(Command::Rbac(rbac)) => rbac.run(output),
            Some(Command::Completions(completions)) => completions.run(Self::command(), output),
            Some(Command::Demo(demo)) => demo.run(output),
            Some(Command::Picture(picture)) => picture.run(output),
            Some(Command::Status(status)) => status.run(output),
            Some(Command::Targets(targets)) => targets.run(output),
            Some(Command::Rollback(order)) => order.run(Action::RollBack, output),
            Some(Command::Continue(order)) => order.run(Action::Continue, output),
            Some(Command::Finish(order)) => order.run(Action::Finish, output),
            Some(Command::Stop(order)) => order.run(Action::Stop, output),
            Some(Command::Pause(order)) => order.run(Action::Pause, output),
            Some(Command::Resume(order)) => order.run(Action::Resume, output),
            Some(Command::Restart(order)) => order.run(Action::Restart, output),
            Some(Command::Undo(undo)) => undo.run(output),
            Some(Command::Terminate(terminate)) => terminate.run(output),
            Some(Command::Shift(shift)) => shift.run(output),
            Some(Command::Swap(order)) => order.swap(output),
            Some(Command::Approve(approve)) => approve.run(output),
            None => self.watch.run(output),
        }
    }
}

/// What the machine says: the environment, the places of files, and the configuration file.
struct Surroundings {
    env: Environment,
    paths: Paths,
    file: File,
}

impl Surroundings {
    fn read() -> Result<Self, Failure> {
        let paths = Paths::find()?;
        let file = File::load(&paths.config)?;
        Ok(Self { env: Environment::read(), paths, file })
    }
}

/// The built-in keymap with the user's own file on top.
fn keymap(paths: &Paths) -> Result<Keymap, Failure> {
    let name = paths.keymap.display().to_string();
    match std::fs::read_to_string(&paths.keymap) {
        Ok(text) => Ok(Keymap::with_user_file(&text, &name)?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Keymap::embedded()?),
        Err(source) => Err(ConfigError::Unreadable { file: name, source }.into()),
    }
}

/// A number that nobody can foresee.
fn random() -> u64 {
    std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), ())
}

/// The subcommand that `word` may have been meant as.
fn nearest_command(word: &str) -> Option<String> {
    let command = Cli::command();
    let names = command.get_subcommands().map(clap::Command::get_name);
    crate::domain::nearest(word, names).map(str::to_owned)
}
