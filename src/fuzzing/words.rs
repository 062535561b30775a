//! What a person writes.

use std::fmt::Display;
use std::str::FromStr;

use crate::config::{Config, Environment, File, Flags};
use crate::domain::Target;
use crate::input::{Key, Keymap};
use crate::sim::Fault;
use crate::sim::scenario::Scenario;
use crate::ui::clean;

/// The first letter says what the rest is: `k`eymap, `c`onfiguration, `t`arget, ke`y`, `f`ault,
/// `s`cenario, or te`x`t to be shown.
pub fn words(data: &[u8]) {
    let Some((what, rest)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    match what {
        b'k' => keymap(text),
        b'c' => configuration(text),
        b't' => same_again::<Target>(text),
        b'y' => same_again::<Key>(text),
        b'f' => same_again::<Fault>(text),
        b's' => drop(Scenario::parse(text).map_err(|error| error.to_string())),
        _ => shown(text),
    }
}

fn keymap(text: &str) {
    match Keymap::with_user_file(text, "keymap.toml") {
        Ok(keymap) => {
            for binding in keymap.bindings() {
                let again: Result<Key, _> = binding.key.to_string().parse();
                assert_eq!(again.ok(), Some(binding.key), "a key that cannot be written");
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn configuration(text: &str) {
    match File::parse(text, "config.toml") {
        Ok(file) => {
            let config = Config::choose(Flags::default(), &Environment::default(), &file);
            assert!(config.is_ok(), "a file that was read names no target");
        }
        Err(error) => assert!(error.to_string().contains("hint: ")),
    }
}

/// What can be read is written in one way, and that means the same.
fn same_again<T: FromStr + Display + PartialEq + std::fmt::Debug>(text: &str) {
    let Ok(read) = text.parse::<T>() else { return };
    let written = read.to_string();
    let again = written.parse::<T>().ok();
    assert_eq!(again.as_ref(), Some(&read), "`{text}` is written as `{written}`");
}

fn shown(text: &str) {
    let harmless = clean(text);
    assert!(!harmless.chars().any(char::is_control));
    assert_eq!(clean(&harmless), harmless, "what is harmless stays as it is");
}
