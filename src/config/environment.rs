//! What the environment says: the one place that asks it.

use std::env;
use std::path::PathBuf;

use etcetera::{AppStrategy, AppStrategyArgs, HomeDirError, choose_app_strategy};

/// The variables that this program reads itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one variable that is set or not")]
pub struct Environment {
    /// `NO_COLOR` is set to something.
    pub no_color: bool,
    /// The locale speaks UTF-8.
    pub utf8: bool,
    /// `COLORTERM` says that the terminal shows any colour, not only sixteen.
    pub true_color: bool,
    /// `TERM` says that the terminal can do nothing but print.
    pub dumb_terminal: bool,
    /// `CUTOVER_CLOCK`, by which a simulator hands over its time.
    pub clock: Option<String>,
}

impl Environment {
    /// Reads the environment.
    pub fn read() -> Self {
        let get = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(get);
        Self {
            no_color: get("NO_COLOR").is_some(),
            utf8: locale.is_some_and(|name| is_utf8(&name)),
            true_color: get("COLORTERM").is_some_and(|has| has == "truecolor" || has == "24bit"),
            dumb_terminal: get("TERM").is_some_and(|term| term == "dumb"),
            clock: get("CUTOVER_CLOCK"),
        }
    }
}

fn is_utf8(locale: &str) -> bool {
    let locale = locale.to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// Where the program's own files are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// `config.toml`.
    pub config: PathBuf,
    /// The user's own `keymap.toml`.
    pub keymap: PathBuf,
    /// The audit file.
    pub audit: PathBuf,
    /// The audit file of the demo: a rehearsal is written down too, but apart.
    pub demo_audit: PathBuf,
    /// The report of an internal error.
    pub report: PathBuf,
}

impl Paths {
    /// The places that the XDG base directories give, usually under `~/.config` and
    /// `~/.local/state`. The only error is that there is no home directory.
    pub fn find() -> Result<Self, HomeDirError> {
        let strategy = choose_app_strategy(AppStrategyArgs {
            top_level_domain: String::new(),
            author: String::new(),
            app_name: "cutover".to_owned(),
        })?;
        let state = strategy.state_dir().unwrap_or_else(|| strategy.data_dir());
        Ok(Self {
            config: strategy.in_config_dir("config.toml"),
            keymap: strategy.in_config_dir("keymap.toml"),
            audit: state.join("audit.jsonl"),
            demo_audit: state.join("demo-audit.jsonl"),
            report: state.join("error-report.txt"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::is_utf8;

    #[test]
    fn a_locale_names_its_encoding() {
        assert!(is_utf8("en_GB.UTF-8") && is_utf8("C.utf8"));
        assert!(!is_utf8("C") && !is_utf8("de_DE.ISO-8859-1"));
    }
}
