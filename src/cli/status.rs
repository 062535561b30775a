//! `cutover status TARGET`: one reading, for people and scripts.

#[cfg(test)]
mod tests;
mod verdict;

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::watch::{self, Aws};
use super::{Failure, Outcome, Output, Surroundings};
use crate::app::measured;
use crate::app::verdict::{Judgement, judge};
use crate::config::Flags;
use crate::domain::{
    Fact, Fault, Guard, GuardState, Phase, Rollout, RolloutKind, Runs, Side, Snapshot, StandingWord,
};
use crate::runtime::where_it_stands;
use crate::sources::{Account, Backend, Wish};
use crate::stats::{Config, Verdict};
use crate::ui::clean;

/// How many minutes of metrics are read.
const WINDOW: u32 = 15;

/// One reading of a rollout. Exit code 0: it is fine. 1: it went wrong (failed, stopped, rolled
/// back, an alarm fires, or green is worse). 2: that could not be found out.
#[derive(Debug, Args)]
pub(super) struct Status {
    /// codedeploy:APP/GROUP, ecs:CLUSTER/SERVICE, argo:[CONTEXT/]NAMESPACE/NAME, a deployment id
    /// such as d-ABC123DEF, or a name from the configuration file
    target: Option<String>,
    #[command(flatten)]
    aws: Aws,
    /// As JSON: everything that was read, see docs/status-json.md
    #[arg(long)]
    json: bool,
}

/// How a rollout stands, for the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// There is none, it goes on without trouble, or it succeeded.
    Fine,
    /// It failed, was stopped or is undone, an alarm fires, or green is worse.
    Wrong,
    /// It could not be read.
    Unknown,
}

impl Standing {
    /// The exit code that says so.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Wrong => 1,
            Self::Unknown => 2,
        }
    }
}

/// The JSON document.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    standing: Standing,
    /// Null where there is nothing to judge.
    verdict: Option<verdict::Numbers<'a>>,
    #[serde(flatten)]
    snapshot: &'a Snapshot,
}

impl Status {
    pub(super) fn run(self, output: &mut Output) -> Outcome {
        let around = Surroundings::read()?;
        let Aws { profile, region } = self.aws;
        let flags = Flags { target: self.target, profile, region, read_only: true };
        let config = watch::choose(flags, &around)?;
        let target = watch::required(&config)?;
        let clock = watch::clock(&around)?;
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let snapshot = runtime.block_on(async {
            let options = watch::options(&config, &clock);
            let account = watch::connect(options, &mut output.talk).await?;
            let wish = Wish { window: WINDOW, all: true };
            Ok::<_, Failure>(account.watch(&target).observe_whole(wish).await)
        });
        runtime.shutdown_background();
        let snapshot = snapshot?;
        let standing = report(
            &snapshot,
            config.verdicts.of(snapshot.configured()),
            self.json,
            &mut output.data,
        )?;
        if let Some(fault) = snapshot.rollout.fault() {
            complain(fault, &mut output.talk)?;
        }
        Ok(ExitCode::from(standing.exit_code()))
    }
}

/// Judges what was read and writes it, for people or as JSON.
pub fn report(
    snapshot: &Snapshot,
    rules: &Config,
    json: bool,
    out: &mut dyn Write,
) -> std::io::Result<Standing> {
    let judgement = judge(snapshot, rules);
    let standing = standing(snapshot, judgement.as_ref());
    if json {
        let verdict = judgement.as_ref().map(verdict::Numbers::new);
        let document = Document { schema: "cutover.status/1", standing, verdict, snapshot };
        serde_json::to_writer_pretty(&mut *out, &document)?;
        writeln!(out)?;
    } else {
        print(snapshot, judgement.as_ref(), out)?;
    }
    Ok(standing)
}

fn standing(snapshot: &Snapshot, judgement: Option<&Judgement>) -> Standing {
    match snapshot.rollout.fresh() {
        None => Standing::Unknown,
        Some(None) => Standing::Fine,
        Some(Some(rollout)) if trouble(snapshot, rollout, judgement).is_empty() => Standing::Fine,
        Some(Some(_)) => Standing::Wrong,
    }
}

/// Everything that is wrong, in a few words each.
fn trouble(snapshot: &Snapshot, rollout: &Rollout, judgement: Option<&Judgement>) -> Vec<String> {
    let mut found = Vec::new();
    if matches!(rollout.phase, Phase::Failed | Phase::Stopped) {
        let reason = rollout.end_reason.as_ref().map(|reason| reason.message.clone());
        found.push(reason.unwrap_or_else(|| "it did not end well".to_owned()));
    }
    if let RolloutKind::Rollback { undoes } = &rollout.kind {
        let what = undoes.as_ref().map_or("an earlier rollout", |id| id.as_str());
        found.push(format!("it is the rollback of {what}"));
    }
    if rollout.rollback.is_some() {
        found.push("it is being rolled back".to_owned());
    }
    for guard in snapshot.guards.value().into_iter().flatten() {
        if guard.state == GuardState::Alarm {
            found.push(fires(guard));
        }
    }
    for (side, runs) in runs(rollout) {
        let standing = runs.standing.value();
        if let Some(standing) = standing.filter(|one| one.word == StandingWord::Degraded) {
            found.push(format!("{} is Degraded: {}", side.word(), standing.message));
        }
    }
    if judgement.is_some_and(|judgement| judgement.assessment.verdict == Verdict::Worse) {
        found.push("green is worse than blue".to_owned());
    }
    found
}

/// An alarm that fires; of an analysis also what was measured.
fn fires(guard: &Guard) -> String {
    let Some(measured) = &guard.measured else { return format!("alarm {} fires", guard.name) };
    let told = measured::brief(measured).map(|text| format!(": {text}")).unwrap_or_default();
    format!("{} {}{told}", guard.name, measured::state(measured))
}

fn print(
    snapshot: &Snapshot,
    judgement: Option<&Judgement>,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    writeln!(out, "target   {}", snapshot.target)?;
    if let Some(identity) = snapshot.identity.value() {
        writeln!(
            out,
            "account  {} in {}, as {}",
            identity.account,
            identity.region,
            identity.name()
        )?;
    }
    let Some(rollout) = snapshot.rollout() else {
        let what = if snapshot.rollout.fault().is_some() { "unknown" } else { "none" };
        return writeln!(out, "rollout  {what}");
    };
    writeln!(out, "rollout  {}", where_it_stands(rollout))?;
    writeln!(out, "config   {}", rollout.configuration)?;
    for keeper in &rollout.keepers {
        writeln!(out, "keeper   {}", clean(&keeper.to_string()))?;
    }
    for (side, runs) in runs(rollout) {
        writeln!(out, "{:<7}  {}, {}", side.word(), runs.workload, stands(runs))?;
    }
    for text in trouble(snapshot, rollout, judgement) {
        writeln!(out, "trouble  {text}")?;
    }
    verdict::print(snapshot, judgement, out)
}

/// What runs the sides, where a person has named it.
fn runs(rollout: &Rollout) -> impl Iterator<Item = (Side, &Runs)> {
    let sides = [Side::Blue, Side::Green].into_iter();
    sides.filter_map(|side| Some((side, rollout.side(side).runs.as_deref()?)))
}

/// How it stands, and whether that may still be so.
fn stands(runs: &Runs) -> String {
    match (&runs.standing, runs.standing.fault()) {
        (Fact::Known { value, .. }, _) => value.word.text().to_owned(),
        (Fact::Stale { value, at, .. }, Some(fault)) => {
            format!("{} at {at}; since then: {fault}", value.word.text())
        }
        (_, Some(fault)) => format!("not known: {fault}"),
        (_, None) => "not known".to_owned(),
    }
}

fn complain(fault: &Fault, talk: &mut dyn Write) -> std::io::Result<()> {
    writeln!(talk, "error: {fault}")?;
    match fault.hint() {
        Some(hint) => writeln!(talk, "\nhint: {hint}"),
        None => Ok(()),
    }
}
