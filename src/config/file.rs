//! The configuration file: what it may say, and errors that name file, line and the nearest word.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use serde::Deserialize;

use crate::domain::{Target, TargetError};

use super::nearest;

/// What `config.toml` says. Every field may be left out.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct File {
    /// What a bare `cutover` watches.
    pub target: Option<String>,
    /// The profile of the AWS configuration.
    pub profile: Option<String>,
    /// The Region.
    pub region: Option<String>,
    /// Nothing may be sent.
    pub read_only: bool,
    /// The colours.
    pub theme: ThemeChoice,
    /// The characters of charts and marks; by default what the locale can show.
    pub symbols: Option<Symbols>,
    /// Whether the bell may ring.
    pub bell: bool,
    /// Short names for targets.
    pub targets: BTreeMap<String, String>,
}

impl Default for File {
    fn default() -> Self {
        Self {
            target: None,
            profile: None,
            region: None,
            read_only: false,
            theme: ThemeChoice::default(),
            symbols: None,
            bell: true,
            targets: BTreeMap::new(),
        }
    }
}

/// The colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ThemeChoice {
    /// Colours that are readable on dark and light backgrounds.
    #[default]
    Auto,
    /// For dark backgrounds.
    Dark,
    /// For light backgrounds.
    Light,
    /// Without colour.
    Mono,
}

/// The characters of charts and marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Symbols {
    /// Braille charts and text symbols.
    Unicode,
    /// Nothing beyond ASCII.
    Ascii,
}

/// Why a configuration file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It is there and cannot be read.
    #[error("cannot read {file}: {source}")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// It says something that is not understood.
    #[error("{file}:{line}: {problem}\n\nhint: {hint}")]
    Wrong {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong there.
        problem: String,
        /// What to write instead.
        hint: String,
    },
}

impl File {
    /// Reads the file; one that does not exist says nothing.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let file = path.display().to_string();
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&text, &file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(ConfigError::Unreadable { file, source }),
        }
    }

    /// Reads the text of the file called `name`.
    pub fn parse(text: &str, name: &str) -> Result<Self, ConfigError> {
        let file: Self = toml::from_str(text).map_err(|error| wrong(text, name, &error))?;
        for check in [targets_are_targets, target_is_a_target] {
            if let Some((word, problem)) = check(&file) {
                let line = line_with(text, &word);
                let hint = format!("write {}", crate::domain::TARGET_FORMS);
                return Err(ConfigError::Wrong { file: name.to_owned(), line, problem, hint });
            }
        }
        Ok(file)
    }

    /// The target that `text` names: one of `[targets]`, or as it is written.
    pub fn resolve(&self, text: &str) -> Result<Target, TargetError> {
        if let Some(target) = self.targets.get(text) {
            return target.parse();
        }
        text.parse().map_err(|mut error: TargetError| {
            if let Some(near) = nearest(text, self.targets.keys().map(String::as_str)) {
                error.why = format!("{}; did you mean `{near}`?", error.why);
            }
            error
        })
    }
}

/// A text of the file with what is wrong about it.
type Finding = (String, String);

/// Every value of `[targets]` is a target, not another short name.
fn targets_are_targets(file: &File) -> Option<Finding> {
    file.targets.iter().find_map(|(name, text)| {
        let error = text.parse::<Target>().err()?;
        Some((text.clone(), format!("targets.{name}: cannot watch `{text}`: {}", error.why)))
    })
}

/// `target` is a target or a name of `[targets]`.
fn target_is_a_target(file: &File) -> Option<Finding> {
    let text = file.target.as_ref()?;
    let error = file.resolve(text).err()?;
    Some((text.clone(), format!("target: cannot watch `{text}`: {}", error.why)))
}

fn wrong(text: &str, name: &str, error: &toml::de::Error) -> ConfigError {
    let message = error.message();
    // serde words it: unknown field `x`, expected one of `a`, `b`
    let mut quoted = message.split('`').skip(1).step_by(2);
    let near = quoted.next().and_then(|word| nearest(word, quoted));
    ConfigError::Wrong {
        file: name.to_owned(),
        line: error.span().map_or(1, |span| line_of(text, span.start)),
        problem: message.lines().next().unwrap_or(message).to_owned(),
        hint: match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "assets/config.example.toml explains every line".to_owned(),
        },
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

/// The first line that holds `word` as a text, or the first line.
fn line_with(text: &str, word: &str) -> usize {
    text.find(&format!("\"{word}\"")).map_or(1, |offset| line_of(text, offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../assets/config.example.toml");

    fn error(text: &str) -> String {
        File::parse(text, "config.toml").unwrap_err().to_string()
    }

    #[test]
    fn the_example_changes_nothing_until_its_comments_are_removed() {
        assert_eq!(File::parse(EXAMPLE, "example").unwrap(), File::default());
        let active: String = EXAMPLE
            .lines()
            .map(|line| line.strip_prefix("#: ").unwrap_or(line))
            .fold(String::new(), |all, line| all + line + "\n");
        let file = File::parse(&active, "example").unwrap();
        assert!(file.read_only && !file.bell && file.target.is_some());
        assert_eq!(file.theme, ThemeChoice::Dark);
        assert_eq!(file.symbols, Some(Symbols::Ascii));
        assert_eq!(file.targets.len(), 2);
    }

    #[test]
    fn an_unknown_word_is_named_with_its_line_and_the_nearest() {
        let text = error("bell = true\nreadonly = true\n");
        assert!(text.starts_with("config.toml:2: unknown field `readonly`"), "{text}");
        assert!(text.ends_with("hint: did you mean `read-only`?"), "{text}");
        let text = error("\ntheme = \"drak\"");
        assert!(text.contains("config.toml:2:") && text.contains("`dark`?"), "{text}");
    }

    #[test]
    fn a_target_that_is_none_is_named_with_its_line() {
        let text = error("[targets]\ngood = \"ecs:a/b\"\nbad = \"shop\"");
        assert!(text.starts_with("config.toml:3: targets.bad: cannot watch `shop`"), "{text}");
        let text = error("bell = true\ntarget = \"shop\"");
        assert!(text.starts_with("config.toml:2: target: cannot watch `shop`"), "{text}");
    }

    #[test]
    fn text_that_is_no_toml_names_the_line() {
        let text = error("bell = true\nregion = \n");
        assert!(text.starts_with("config.toml:2:"), "{text}");
    }

    #[test]
    fn a_file_that_is_not_there_says_nothing_and_one_that_is_no_file_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let none = File::load(&folder.path().join("config.toml")).unwrap();
        assert_eq!(none, File::default());
        let error = File::load(folder.path()).unwrap_err();
        assert!(error.to_string().starts_with("cannot read "), "{error}");
    }
}
