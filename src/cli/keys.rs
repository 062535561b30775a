//! `cutover keys`: key, command, description, as they are in force.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::{Outcome, Output, Surroundings, keymap};
use crate::input::{Binding, Context, Keymap};

/// The keys as they are in force, the user's own file included.
#[derive(Debug, Args)]
pub(super) struct Keys {
    /// As JSON: a list of objects with context, key, command and description
    #[arg(long)]
    json: bool,
}

/// One line of the list.
#[derive(Debug, Serialize)]
struct Row<'a> {
    context: &'static str,
    key: String,
    command: &'static str,
    description: &'a str,
}

impl Keys {
    pub(super) fn run(&self, output: &mut Output) -> Outcome {
        let keymap = keymap(&Surroundings::read()?.paths)?;
        let rows = rows(&keymap);
        if self.json {
            serde_json::to_writer_pretty(&mut output.data, &rows).map_err(std::io::Error::from)?;
            writeln!(output.data)?;
            return Ok(ExitCode::SUCCESS);
        }
        for Row { context, key, command, description } in rows {
            writeln!(output.data, "{context:<10}  {key:<10}  {command:<10}  {description}")?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// All keys, ordered by context and then by command.
fn rows(keymap: &Keymap) -> Vec<Row<'_>> {
    let mut bindings: Vec<&Binding> = keymap.bindings().iter().collect();
    let place = |context| Context::ALL.iter().position(|known| *known == context);
    bindings.sort_by_key(|binding| (place(binding.context), binding.command));
    let row = |binding: &Binding| Row {
        context: binding.context.word(),
        key: binding.key.to_string(),
        command: binding.command.word(),
        description: keymap.description(binding.command),
    };
    bindings.into_iter().map(row).collect()
}
