//! Which key says what, where.

use std::collections::BTreeMap;
use std::fmt;

use super::error::{KeymapError, Problem};
use super::{Command, Key};
use crate::domain::nearest;
use toml::de::{DeTable, DeValue};

/// The keymap that is built in, with the comments that document it.
const EMBEDDED: &str = include_str!("../../keymap.toml");

/// The word that frees a key.
const NONE: &str = "none";

/// The table with the commands' descriptions; the other tables are contexts.
const COMMANDS: &str = "commands";

/// Where a binding acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// On every screen and in every dialog.
    Everywhere,
    /// On the screen of one rollout.
    Cockpit,
    /// On the list of rollouts.
    List,
    /// In the question before an order, and in the help.
    Dialog,
}

impl Context {
    /// All of them, in the order of the help.
    pub const ALL: [Context; 4] =
        [Context::Everywhere, Context::Cockpit, Context::List, Context::Dialog];

    /// Its word in `keymap.toml`.
    pub fn word(self) -> &'static str {
        match self {
            Context::Everywhere => "everywhere",
            Context::Cockpit => "cockpit",
            Context::List => "list",
            Context::Dialog => "dialog",
        }
    }

    /// Whether there is a place where bindings of both act.
    fn overlaps(self, other: Self) -> bool {
        self == other || self == Context::Everywhere || other == Context::Everywhere
    }
}

impl fmt::Display for Context {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.word())
    }
}

/// Where the keyboard is heard right now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Focus {
    /// What is on top.
    pub context: Context,
    /// A text field takes plain characters, so that they are no commands.
    pub typing: bool,
}

impl Focus {
    /// Whether a binding of `key` in `context` is heard.
    fn hears(self, context: Context, key: Key) -> bool {
        context.overlaps(self.context) && !(self.typing && key.character().is_some())
    }
}

/// One key that stands for one command somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding {
    /// Where.
    pub context: Context,
    /// The key.
    pub key: Key,
    /// What it says.
    pub command: Command,
}

/// Which key says what, where. Free of conflicts by construction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    /// The user's own bindings first, then in the order of the file.
    bindings: Vec<Binding>,
    descriptions: BTreeMap<Command, String>,
}

/// A binding with the line it comes from; no command frees the key.
struct Entry {
    line: usize,
    context: Context,
    key: Key,
    command: Option<Command>,
}

/// A keymap file as it was read.
struct File {
    entries: Vec<Entry>,
    descriptions: BTreeMap<Command, String>,
}

impl Keymap {
    /// The keymap that is built in.
    ///
    /// The only error is a mistake in this project's own `keymap.toml`, which its tests rule out.
    pub fn embedded() -> Result<Self, KeymapError> {
        let name = "keymap.toml";
        let none = Self { bindings: Vec::new(), descriptions: BTreeMap::new() };
        none.overridden(read(EMBEDDED, name)?, name)
    }

    /// The built-in keymap, overridden key by key by the user's own file `file_name`.
    pub fn with_user_file(text: &str, file_name: &str) -> Result<Self, KeymapError> {
        Self::embedded()?.overridden(read(text, file_name)?, file_name)
    }

    /// What `key` says there.
    pub fn command(&self, focus: Focus, key: Key) -> Option<Command> {
        let heard = |b: &&Binding| b.key == key && focus.hears(b.context, key);
        self.bindings.iter().find(heard).map(|binding| binding.command)
    }

    /// The key to press for `command` there, as it is written in hints.
    pub fn key(&self, focus: Focus, command: Command) -> Option<String> {
        let heard = |b: &&Binding| b.command == command && focus.hears(b.context, b.key);
        self.bindings.iter().find(heard).map(|binding| binding.key.to_string())
    }

    /// All bindings, the user's own first.
    pub fn bindings(&self) -> &[Binding] {
        &self.bindings
    }

    /// What `command` does, in a few words.
    pub fn description(&self, command: Command) -> &str {
        self.descriptions.get(&command).map_or("", String::as_str)
    }

    /// This keymap with the entries of `file` in place of its own.
    fn overridden(self, file: File, name: &str) -> Result<Self, KeymapError> {
        let fail = |line, problem| KeymapError { file: name.to_owned(), line, problem };
        let own = |b: &Binding| {
            !file.entries.iter().any(|entry| entry.context == b.context && entry.key == b.key)
        };
        let mut bindings: Vec<(Option<usize>, Binding)> =
            self.bindings.iter().copied().filter(own).map(|b| (None, b)).collect();
        let defaults = bindings.len();
        for Entry { line, context, key, command } in &file.entries {
            let Some(command) = *command else { continue };
            let binding = Binding { context: *context, key: *key, command };
            if let Some(problem) = clash(&bindings, binding) {
                return Err(fail(*line, problem));
            }
            bindings.push((Some(*line), binding));
        }
        bindings.rotate_left(defaults);
        let map = Self {
            bindings: bindings.into_iter().map(|(_, binding)| binding).collect(),
            descriptions: self.descriptions.into_iter().chain(file.descriptions).collect(),
        };
        match map.unreachable() {
            Some(command) => Err(fail(freed(&file.entries), Problem::Unreachable(command))),
            None => Ok(map),
        }
    }

    /// A command that nobody may lose and that has no key.
    fn unreachable(&self) -> Option<Command> {
        let needed = [
            Command::Ask(crate::domain::Action::RollBack),
            Command::Confirm,
            Command::Choose,
            Command::Back,
            Command::Quit,
        ];
        needed.into_iter().find(|command| !self.bindings.iter().any(|b| b.command == *command))
    }
}

/// The line of the last key that was freed: the one that took the last key of a command.
fn freed(entries: &[Entry]) -> usize {
    entries.iter().rev().find(|entry| entry.command.is_none()).map_or(1, |entry| entry.line)
}

/// Why `new` cannot stand beside the others.
fn clash(others: &[(Option<usize>, Binding)], new: Binding) -> Option<Problem> {
    let same_key = || others.iter().filter(|(_, other)| other.key == new.key);
    if let Some((line, other)) = same_key().find(|(_, b)| b.context.overlaps(new.context)) {
        return Some(Problem::Conflict {
            key: new.key,
            here: (new.context, new.command),
            there: (other.context, other.command),
            line: *line,
        });
    }
    same_key().find_map(|(_, other)| {
        let confirms = |command| matches!(command, Command::Confirm | Command::Choose);
        let (asks, confirms) = match (new.command, other.command) {
            (asks, other) if asks.asks() && confirms(other) => (asks, other),
            (new, asks) if asks.asks() && confirms(new) => (asks, new),
            _ => return None,
        };
        Some(Problem::AsksAndConfirms { key: new.key, asks, confirms })
    })
}

/// The entries of a keymap file in the order they were written.
fn read(text: &str, file: &str) -> Result<File, KeymapError> {
    let source = Source { text, file };
    let document = DeTable::parse(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        source.fail(offset, Problem::Syntax(error.message().to_owned()))
    })?;
    let mut found = File { entries: Vec::new(), descriptions: BTreeMap::new() };
    for (table, rows) in document.get_ref() {
        let at = table.span().start;
        let context = context(table.get_ref()).map_err(|problem| source.fail(at, problem))?;
        let no_table = || source.fail(at, not_text(table.get_ref(), rows.get_ref()));
        for (name, value) in rows.get_ref().as_table().ok_or_else(no_table)? {
            let at = name.span().start;
            let row = Row { context, name: name.get_ref(), value: value.get_ref() };
            row.read(source.line(at), &mut found).map_err(|problem| source.fail(at, problem))?;
        }
    }
    found.entries.sort_by_key(|entry| entry.line);
    Ok(found)
}

/// A file's text with the name its errors carry.
struct Source<'a> {
    text: &'a str,
    file: &'a str,
}

impl Source<'_> {
    /// The line that the byte at `offset` is in, counted from 1.
    fn line(&self, offset: usize) -> usize {
        1 + self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
    }

    fn fail(&self, offset: usize, problem: Problem) -> KeymapError {
        KeymapError { file: self.file.to_owned(), line: self.line(offset), problem }
    }
}

/// One line of a table: a binding, or without a context a description.
struct Row<'a> {
    context: Option<Context>,
    name: &'a str,
    value: &'a DeValue<'a>,
}

impl Row<'_> {
    fn read(&self, line: usize, found: &mut File) -> Result<(), Problem> {
        let text = self.value.as_str().ok_or_else(|| not_text(self.name, self.value))?;
        if let Some(context) = self.context {
            let key = key(self.name)?;
            let command = if text == NONE { None } else { Some(command(text)?) };
            found.entries.push(Entry { line, context, key, command });
        } else {
            found.descriptions.insert(command(self.name)?, text.to_owned());
        }
        Ok(())
    }
}

/// The context of a table; nothing for the table of descriptions.
fn context(word: &str) -> Result<Option<Context>, Problem> {
    if word == COMMANDS {
        return Ok(None);
    }
    let words = || Context::ALL.into_iter().map(Context::word);
    match Context::ALL.into_iter().find(|context| context.word() == word) {
        Some(context) => Ok(Some(context)),
        None => Err(Problem::UnknownContext {
            word: word.to_owned(),
            nearest: nearest(word, words().chain([COMMANDS])).map(str::to_owned),
        }),
    }
}

fn command(word: &str) -> Result<Command, Problem> {
    word.parse().map_err(|_| {
        let words = Command::ALL.into_iter().map(Command::word).chain([NONE]);
        Problem::UnknownCommand {
            word: word.to_owned(),
            nearest: nearest(word, words).map(str::to_owned),
        }
    })
}

fn key(text: &str) -> Result<Key, Problem> {
    text.parse().map_err(|error: super::NoKey| Problem::UnknownKey {
        word: text.to_owned(),
        nearest: error.nearest,
    })
}

fn not_text(name: &str, value: &DeValue<'_>) -> Problem {
    Problem::NoText { name: name.to_owned(), found: value.type_str() }
}

#[cfg(test)]
mod tests;
