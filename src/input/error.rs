//! What can be wrong with a keymap, said so that it can be put right at once.

use std::fmt;

use super::{Command, Context, Key};

/// A keymap that cannot be used: which file, which line, what, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {problem}\n\nhint: {}", .problem.hint())]
pub struct KeymapError {
    /// The file's name as the user knows it.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with one line of a keymap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// It is no TOML.
    Syntax(String),
    /// A table that is no context.
    UnknownContext {
        /// As written.
        word: String,
        /// What may have been meant.
        nearest: Option<String>,
    },
    /// A command that does not exist.
    UnknownCommand {
        /// As written.
        word: String,
        /// What may have been meant.
        nearest: Option<String>,
    },
    /// A key that does not exist.
    UnknownKey {
        /// As written.
        word: String,
        /// What may have been meant.
        nearest: Option<String>,
    },
    /// Something else than a text between quotes.
    NoText {
        /// The name it was given to.
        name: String,
        /// What it is.
        found: &'static str,
    },
    /// One key for two commands that would both act.
    Conflict {
        /// The key.
        key: Key,
        /// What this line makes of it, and where.
        here: (Context, Command),
        /// What it already is, and where.
        there: (Context, Command),
        /// The line of the other one, when it is in the same file.
        line: Option<usize>,
    },
    /// A key that opens a question may not answer it.
    AsksAndConfirms {
        /// The key.
        key: Key,
        /// What it asks for.
        asks: Command,
        /// How it would answer.
        confirms: Command,
    },
    /// A command that must stay reachable has lost its last key.
    Unreachable(Command),
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Syntax(message) => write!(out, "not readable as TOML: {message}"),
            Problem::UnknownContext { word, .. } => write!(out, "`[{word}]` is no context"),
            Problem::UnknownCommand { word, .. } => write!(out, "`{word}` is no command"),
            Problem::UnknownKey { word, .. } => write!(out, "`{word}` is no key"),
            Problem::NoText { name, found } => {
                write!(out, "`{name}` is set to a value of type {found}, not to a text")
            }
            Problem::Conflict { key, here, there, line } => {
                write!(
                    out,
                    "`{key}` cannot be `{}` in [{}]: it is `{}` in [{}]",
                    here.1, here.0, there.1, there.0
                )?;
                match line {
                    Some(line) => write!(out, " (line {line})"),
                    None => out.write_str(" by default"),
                }
            }
            Problem::AsksAndConfirms { key, asks, confirms } => {
                write!(out, "`{key}` asks for `{asks}`, so it cannot also be `{confirms}`")
            }
            Problem::Unreachable(command) => write!(out, "`{command}` has no key left"),
        }
    }
}

impl Problem {
    /// What to write instead.
    fn hint(&self) -> String {
        let meant = |nearest: &Option<String>, otherwise: &str| match nearest {
            Some(word) => format!("did you mean `{word}`?"),
            None => otherwise.to_owned(),
        };
        match self {
            Problem::Syntax(_) => "a line is `\"KEY\" = \"COMMAND\"`, under [CONTEXT]".to_owned(),
            Problem::UnknownContext { nearest, .. } => {
                meant(nearest, "it is one of everywhere, cockpit, list, dialog, commands")
            }
            Problem::UnknownCommand { nearest, .. } => {
                meant(nearest, "`cutover keys` lists all commands; `none` frees a key")
            }
            Problem::UnknownKey { nearest, .. } => meant(
                nearest,
                "write a character or a name such as `esc`, with `ctrl-` or `alt-` before it",
            ),
            Problem::NoText { name, .. } => format!("write `\"{name}\" = \"COMMAND\"`"),
            Problem::Conflict { key, there, .. } => {
                format!("take another key, or free it with `\"{key}\" = \"none\"` in [{}]", there.0)
            }
            Problem::AsksAndConfirms { .. } => {
                "one key must never be enough to change the traffic: take another key".to_owned()
            }
            Problem::Unreachable(command) => {
                format!("bind it again, e.g. `\"f2\" = \"{command}\"` in [everywhere]")
            }
        }
    }
}
