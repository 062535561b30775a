//! `cutover rollback`, `continue`, `stop`, `finish`, `shift`, `swap`, `approve`, `pause`, `resume`,
//! `restart`, `undo`, `terminate`: one order without a screen, for scripts.
//!
//! It is the path of the screen with nobody before it: the same judge, the same question in words,
//! the same audit line before the call, the same reading again and the same tracker.

mod confirm;
mod report;
mod run;

use std::process::ExitCode;
use std::str::FromStr;

use clap::Args;
use jiff::SignedDuration;

use super::watch::{self, Aws};
use super::{Failure, Outcome, Output, Surroundings, keymap};
use crate::app::Settings;
use crate::config::Flags;
use crate::domain::{Action, Analysis, Percent, RevisionNumber};
use crate::journal::Audit;
use crate::runtime::settle_open_orders;

use report::Report;
use run::Run;

/// One order.
#[derive(Debug, Args)]
pub(super) struct Order {
    /// What to act on, as for `cutover TARGET`; by default the target of the configuration file
    target: Option<String>,
    #[command(flatten)]
    how: How,
}

/// An order to give green a share of the traffic.
#[derive(Debug, Args)]
pub(super) struct Shift {
    /// What to act on, as for `cutover TARGET`
    target: String,
    /// Green's share in per cent, 0 to 100, or `next` for one step more
    #[arg(value_name = "PERCENT|next")]
    share: Share,
    #[command(flatten)]
    how: How,
}

/// An order to bring out an earlier revision again.
#[derive(Debug, Args)]
pub(super) struct Undo {
    #[command(flatten)]
    order: Order,
    /// Which revision, by its number; needed where there are several
    #[arg(long, value_name = "REVISION")]
    to: Option<RevisionNumber>,
}

/// An order to end an analysis.
#[derive(Debug, Args)]
pub(super) struct Terminate {
    #[command(flatten)]
    order: Order,
    /// Which one: step, background, before-promotion, after-promotion or experiment; needed where
    /// several run
    #[arg(long, value_name = "WHICH")]
    analysis: Option<Analysis>,
}

/// An order to answer a manual approval.
#[derive(Debug, Args)]
pub(super) struct Approve {
    #[command(flatten)]
    order: Order,
    /// Refuse it instead
    #[arg(long)]
    reject: bool,
}

/// The share that is asked for.
#[derive(Debug, Clone, Copy)]
enum Share {
    /// This one.
    Percent(Percent),
    /// One step more than now.
    Next,
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "next" => Ok(Self::Next),
            text => text.parse().map(Self::Percent).map_err(|why| format!("{why}, or `next`")),
        }
    }
}

/// What is asked for; which action that is may depend on what is read.
#[derive(Debug, Clone, Copy)]
enum Asked {
    /// This action.
    Action(Action),
    /// One step more to green.
    Next,
    /// The other side gets the names.
    Swap,
    /// The only one that an action of this kind can be about.
    Only(Action),
    /// The answer to a manual approval.
    Answer(Action),
}

/// How an order is confirmed, followed and told of.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
struct How {
    #[command(flatten)]
    aws: Aws,
    /// Do it without being asked; needed where standard input is no terminal
    #[arg(long)]
    yes: bool,
    /// The name that would have to be typed, for what is risky; for an approval the words that go
    /// with it
    #[arg(long, visible_alias = "summary", value_name = "TEXT")]
    confirm: Option<String>,
    /// Why, in a few words: they stand in the audit file with the order. A policy may ask for them
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Only if this is the rollout, e.g. d-ABC123DEF
    #[arg(long, value_name = "ID")]
    expect: Option<String>,
    /// Say what would be sent and why it may or may not be; send nothing
    #[arg(long)]
    dry_run: bool,
    /// Wait until the effect is seen: the traffic moved, the rollout ended
    #[arg(long)]
    wait: bool,
    /// How long to wait at most, e.g. 90s or 1h
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = span)]
    timeout: SignedDuration,
    /// As JSON, see docs/order-json.md
    #[arg(long)]
    json: bool,
    /// Send nothing, whatever else is said: no client that could change anything is built
    #[arg(long)]
    read_only: bool,
}

fn span(text: &str) -> Result<SignedDuration, String> {
    match text.parse::<SignedDuration>() {
        Ok(span) if span.is_positive() => Ok(span),
        _ => Err("a time is a number with a unit, e.g. 90s, 30m or 1h".to_owned()),
    }
}

impl Order {
    /// Gives the order for `action` and says what became of it.
    pub(super) fn run(self, action: Action, output: &mut Output) -> Outcome {
        self.how.run(self.target, Asked::Action(action), output)
    }

    /// Swaps the names of the two environments.
    pub(super) fn swap(self, output: &mut Output) -> Outcome {
        self.how.run(self.target, Asked::Swap, output)
    }
}

impl Shift {
    /// Gives the order and says what became of it.
    pub(super) fn run(self, output: &mut Output) -> Outcome {
        let asked = match self.share {
            Share::Percent(share) => Asked::Action(Action::Shift(share)),
            Share::Next => Asked::Next,
        };
        self.how.run(Some(self.target), asked, output)
    }
}

impl Undo {
    /// Gives the order and says what became of it.
    pub(super) fn run(self, output: &mut Output) -> Outcome {
        let asked = match self.to {
            Some(number) => Asked::Action(Action::Undo(number)),
            None => Asked::Only(Action::UNDO),
        };
        self.order.how.run(self.order.target, asked, output)
    }
}

impl Terminate {
    /// Gives the order and says what became of it.
    pub(super) fn run(self, output: &mut Output) -> Outcome {
        let asked = match self.analysis {
            Some(analysis) => Asked::Action(Action::Terminate(analysis)),
            None => Asked::Only(Action::TERMINATE),
        };
        self.order.how.run(self.order.target, asked, output)
    }
}

impl Approve {
    /// Gives the order and says what became of it.
    pub(super) fn run(self, output: &mut Output) -> Outcome {
        let answer = if self.reject { Action::Stop } else { Action::Continue };
        self.order.how.run(self.order.target, Asked::Answer(answer), output)
    }
}

impl How {
    fn run(self, target: Option<String>, asked: Asked, output: &mut Output) -> Outcome {
        let around = Surroundings::read()?;
        let Aws { profile, region } = self.aws.clone();
        let flags = Flags { target, profile, region, read_only: self.read_only };
        let config = watch::choose(flags, &around)?;
        let target = watch::required(&config)?;
        let clock = watch::clock(&around)?;
        let settings = Settings {
            read_only: config.read_only,
            demo: None,
            bell: false,
            session: super::random() as u32,
            speed: clock.speed(),
            keymap: keymap(&around.paths)?,
            verdicts: config.verdicts.clone(),
            shifting: config.shifting.clone(),
            rules: config.rules.clone(),
        };
        let options = watch::options(&config, &clock);
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let report = runtime.block_on(async {
            let account = watch::connect(options, &mut output.talk).await?;
            let audit = Audit::at(around.paths.audit.clone());
            for settled in settle_open_orders(&account, &audit, &clock).await? {
                writeln!(output.talk, "note: {}", settled.text)?;
            }
            let run = Run::begin(&account, settings, target, clock, audit).await?;
            run.order(asked, &self, output).await
        });
        runtime.shutdown_background();
        self.say(&report?, output)
    }

    fn say(&self, report: &Report, output: &mut Output) -> Outcome {
        let code = report.exit_code();
        if self.json {
            serde_json::to_writer_pretty(&mut output.data, report)?;
            writeln!(output.data)?;
        } else {
            report.print(output)?;
        }
        Ok(ExitCode::from(code))
    }
}
