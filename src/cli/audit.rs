//! `cutover audit`: the orders that were given.

use std::process::ExitCode;

use clap::Args;

use super::{Outcome, Output, Surroundings};
use crate::journal::{self, AuditError, Record};
use crate::ui::clean;

/// The orders that were given from this machine, and what came of them.
#[derive(Debug, Args)]
pub(super) struct Audit {
    /// Only check that nothing was changed: exit code 1 and the first wrong line otherwise
    #[arg(long)]
    verify: bool,
    /// The record of the demo's rehearsals instead
    #[arg(long)]
    demo: bool,
}

impl Audit {
    pub(super) fn run(&self, output: &mut Output) -> Outcome {
        let paths = Surroundings::read()?.paths;
        let audit = journal::Audit::at(if self.demo { paths.demo_audit } else { paths.audit });
        let records = match audit.verify() {
            Ok(records) => records,
            Err(error @ AuditError::Broken { .. }) => {
                writeln!(output.talk, "error: {error}")?;
                return Ok(ExitCode::FAILURE);
            }
            Err(error @ AuditError::Io { .. }) => return Err(error.into()),
        };
        if self.verify {
            let path = audit.path().display();
            writeln!(output.data, "{path}: {} entries, unchanged", records.len())?;
        } else {
            for record in &records {
                writeln!(output.data, "{}", clean(&line(record)))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// One entry for a person.
fn line(record: &Record) -> String {
    let text = |name: &str| record.order.get(name).and_then(serde_json::Value::as_str);
    let id = record.order.as_str().or(text("id")).unwrap_or("?");
    let what = match (text("action"), text("target"), text("by")) {
        (Some(action), Some(target), Some(by)) => {
            let reason = text("reason").map(|words| format!(": {words}")).unwrap_or_default();
            format!("{} {target}, by {by}{reason}", action.replace('_', " "))
        }
        _ => record.progress.clone().unwrap_or_else(|| record.entry.clone()),
    };
    format!("{}  {id:<10}  {what}", record.at)
}
