//! The house keeps its own rules: who may import whom, and how large a file may be.

use std::fs;
use std::path::{Path, PathBuf};

/// A module of the crate with what it may import of it.
const MAY_IMPORT: [(&str, &[&str]); 12] = [
    ("domain", &[]),
    ("sim", &[]),
    ("stats", &["domain"]),
    ("input", &["domain"]),
    ("config", &["domain", "stats"]),
    ("app", &["domain", "stats", "input"]),
    ("sources", &["domain", "stats", "config"]),
    ("ui", &["domain", "stats", "input", "app"]),
    ("journal", &["domain", "app"]),
    ("runtime", &["domain", "stats", "input", "config", "app", "sources", "ui", "journal"]),
    (
        "cli",
        &[
            "domain", "sim", "stats", "input", "config", "app", "sources", "ui", "journal",
            "runtime",
        ],
    ),
    ("fuzzing", &["domain", "sim", "input", "config", "stats", "app", "sources", "ui", "journal"]),
];

/// An external crate, by how its name begins, with the places that may use it.
const USED_IN: [(&str, &[&str]); 11] = [
    ("aws_", &["sources"]),
    ("kube", &["sources"]),
    ("ratatui", &["ui", "runtime/terminal.rs", "fuzzing"]),
    ("crossterm", &["runtime/terminal.rs", "input/key.rs"]),
    ("tokio", &["sources", "runtime", "sim", "cli", "fuzzing"]),
    ("futures", &["sources", "runtime", "sim"]),
    ("clap", &["cli"]),
    ("color_eyre", &["cli", "runtime"]),
    ("axum", &["sim", "fuzzing"]),
    ("etcetera", &["config"]),
    ("rustix", &["runtime"]),
];

/// How many lines a file may have.
const LONGEST: usize = 400;

/// A source file: its path below `src/`, and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The module of the crate that it belongs to; nothing for `lib.rs` and `main.rs`.
    fn module(&self) -> Option<&str> {
        self.path.split_once('/').map(|(module, _)| module)
    }

    /// Its lines of code with their numbers from 1, without comments.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate();
        lines.map(|(index, line)| (index + 1, line.split("//").next().unwrap_or(line)))
    }

    /// What `code` names directly below `root`, e.g. `domain` in `crate::domain::Target`.
    fn below<'a>(code: &'a str, root: &str) -> Vec<&'a str> {
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        code.match_indices(root)
            .filter(|(at, _)| !code[..*at].ends_with(|c: char| is_name(c) || c == '$'))
            .map(|(at, _)| &code[at + root.len()..])
            .map(|rest| rest.split(|c| !is_name(c)).next().unwrap_or(""))
            .collect()
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(Source {
                    path: below(&root, &path),
                    text: fs::read_to_string(&path).unwrap(),
                });
            }
        }
    }
    assert!(found.len() > 50, "the sources are not where they were");
    found
}

/// `path` below `root`, with slashes.
fn below(root: &Path, path: &Path) -> String {
    let rest: PathBuf = path.strip_prefix(root).unwrap().into();
    rest.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// Fails with all findings at once.
fn none(findings: &[String]) {
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

#[test]
fn a_module_imports_only_what_stands_below_it() {
    let mut wrong = Vec::new();
    for source in sources() {
        let Some(module) = source.module() else { continue };
        let (_, allowed) = MAY_IMPORT.iter().find(|(name, _)| *name == module).unwrap();
        for (line, code) in source.code() {
            for named in Source::below(code, "crate::") {
                let own = named == module;
                let other = MAY_IMPORT.iter().any(|(name, _)| *name == named);
                if other && !own && !allowed.contains(&named) {
                    wrong.push(format!("src/{}:{line} may not import {named}", source.path));
                }
            }
        }
    }
    none(&wrong);
}

#[test]
fn an_external_crate_is_used_only_where_it_belongs() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (line, code) in source.code() {
            for (name, places) in USED_IN {
                let named = code.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
                // `kube::core` and `kube_client::…` are crates, `kubernetes::…` is not.
                let is_crate = |rest: &str| {
                    let ends = rest.starts_with("::") || rest.starts_with('_');
                    (ends || name.ends_with('_')) && rest.contains("::")
                };
                let used = named.filter_map(|word| word.strip_prefix(name)).any(is_crate);
                if used && !places.iter().any(|place| source.path.starts_with(place)) {
                    wrong.push(format!("src/{}:{line} may not use {name}", source.path));
                }
            }
        }
    }
    none(&wrong);
}

#[test]
fn a_file_is_short_enough_to_be_read() {
    let long = sources().into_iter().filter_map(|source| {
        let lines = source.text.lines().count();
        (lines > LONGEST).then(|| format!("src/{} has {lines} lines", source.path))
    });
    none(&long.collect::<Vec<_>>());
}

#[test]
fn nothing_is_left_unfinished() {
    let words = ["TODO", "FIXME", "dbg!(", "#[allow("];
    let mut wrong = Vec::new();
    for source in sources() {
        for (index, line) in source.text.lines().enumerate() {
            if let Some(word) = words.iter().find(|word| line.contains(**word)) {
                wrong.push(format!("src/{}:{}: {word}", source.path, index + 1));
            }
        }
    }
    none(&wrong);
}

#[test]
fn time_and_environment_are_read_in_their_own_places() {
    let places = [
        ("SystemTime::now", ["runtime/clock.rs", "sim/clock.rs"]),
        ("Timestamp::now", ["runtime/clock.rs", "cli/"]),
        ("Zoned::now", ["runtime/clock.rs", "runtime/clock.rs"]),
        ("env::var", ["config/environment.rs", "config/environment.rs"]),
    ];
    let mut wrong = Vec::new();
    for source in sources() {
        for (line, code) in source.code() {
            for (call, allowed) in places {
                if code.contains(call) && !allowed.iter().any(|p| source.path.starts_with(p)) {
                    wrong.push(format!("src/{}:{line} calls {call}", source.path));
                }
            }
        }
    }
    none(&wrong);
}
