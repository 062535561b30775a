//! Files that hold what the program itself says, compared with it.
//!
//! `UPDATE_GENERATED=1 cargo test --test main generated` writes them anew.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use cutover::input::{Command, Context, Keymap};

const START: &str = "<!-- keys: generated from keymap.toml by `just generate` -->\n";
const END: &str = "<!-- /keys -->";

/// The keys that were listed so far, of all places.
fn words_of(places: &[(Context, Vec<String>)]) -> impl Iterator<Item = &String> {
    places.iter().flat_map(|(_, keys)| keys)
}

/// The keys of one command, in the order of the keymap, with the places where they act.
fn keys(keymap: &Keymap, command: Command) -> String {
    let mut places: Vec<(Context, Vec<String>)> = Vec::new();
    for binding in keymap.bindings().iter().filter(|binding| binding.command == command) {
        let key = format!("`{}`", binding.key);
        if binding.context == Context::List && words_of(&places).any(|known| *known == key) {
            continue; // the same key as in the cockpit
        }
        match places.iter_mut().find(|(context, _)| *context == binding.context) {
            Some((_, keys)) => keys.push(key),
            None => places.push((binding.context, vec![key])),
        }
    }
    let mut words: Vec<String> = Vec::new();
    for (context, keys) in places {
        let place = match context {
            Context::Everywhere | Context::Cockpit => String::new(),
            Context::List => " in the list".to_owned(),
            Context::Dialog => " in a dialog".to_owned(),
        };
        words.push(format!("{}{place}", keys.join(" ")));
    }
    words.join(", ")
}

/// The README's table of keys.
fn table() -> String {
    let keymap = Keymap::embedded().unwrap();
    let mut text = String::from("| key | command | what it does |\n|---|---|---|\n");
    for command in Command::ALL {
        let keys = keys(&keymap, command);
        assert!(!keys.is_empty(), "no key for {command}");
        writeln!(text, "| {keys} | {command} | {} |", keymap.description(command)).unwrap();
    }
    text
}

#[test]
fn the_readme_lists_the_keys_of_the_keymap() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once(START).expect("the start mark is there");
    let (_, after) = rest.split_once(END).expect("the end mark is there");
    let wanted = format!("{before}{START}{}{END}{after}", table());
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        fs::write(&path, wanted).unwrap();
    } else {
        assert!(readme == wanted, "the README's keys are old: run `just generate`");
    }
}

/// What the binary prints.
fn printed(args: &[&str]) -> String {
    let home = tempfile::tempdir().unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_cutover"));
    let output = command.args(args).env_clear().env("HOME", home.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_iam_policies_in_the_assets_are_what_the_program_prints() {
    for (file, args) in [
        ("assets/iam/read.json", &["iam-policy", "--read-only"][..]),
        ("assets/iam/act.json", &["iam-policy"]),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let wanted = printed(args);
        if std::env::var_os("UPDATE_GENERATED").is_some() {
            fs::write(&path, wanted).unwrap();
        } else {
            let kept = fs::read_to_string(&path).unwrap();
            assert!(kept == wanted, "{file} is old: run `just generate`");
        }
    }
}
