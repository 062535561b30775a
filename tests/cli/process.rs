//! The binary in a home of its own, without anything of the machine's configuration.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

/// The variables that name the places of files, below the test's own home.
pub(crate) const PLACES: [(&str, &str); 3] =
    [("XDG_CONFIG_HOME", "config"), ("XDG_STATE_HOME", "state"), ("HOME", "home")];

/// A home that is gone after the test.
pub(crate) struct Home(pub(crate) tempfile::TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Writes a file below the configuration directory.
    pub(crate) fn config(self, name: &str, text: &str) -> Self {
        let folder = self.0.path().join("config/cutover");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(name), text).unwrap();
        self
    }

    /// The binary with these arguments, its input closed.
    pub(crate) fn command<A: AsRef<OsStr>>(&self, args: &[A]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cutover"));
        command.args(args).env_clear().stdin(Stdio::null());
        for (name, folder) in PLACES {
            command.env(name, self.0.path().join(folder));
        }
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        Self::ended(&mut self.command(args))
    }

    /// Runs a command to its end.
    pub(crate) fn ended(command: &mut Command) -> Ended {
        let output = command.output().unwrap();
        let Output { status, stdout, stderr } = output;
        Ended {
            code: status.code(),
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: String::from_utf8(stderr).unwrap(),
        }
    }
}

/// `cutover sim` in a process of its own.
pub(crate) struct Sim {
    child: Child,
    /// Kept open: more lines may come than are read.
    _output: BufReader<ChildStdout>,
    /// What it prints: the variables that lead to it.
    pub(crate) variables: Vec<(String, String)>,
}

impl Sim {
    /// Starts it and reads where it is.
    pub(crate) fn start(home: &Home, options: &[&str]) -> Self {
        let mut child = home
            .command(&[&["sim"], options].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let variables = output
            .by_ref()
            .lines()
            .take(6)
            .map(|line| {
                let line = line.unwrap();
                let (name, value) = line.strip_prefix("export ").unwrap().split_once('=').unwrap();
                (name.to_owned(), value.to_owned())
            })
            .collect();
        Self { child, _output: output, variables }
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        // It serves until it is told to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a run left.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// It ended with this code and said these parts, wherever.
    #[track_caller]
    pub(crate) fn says(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        let text = format!("{}{}", self.stdout, self.stderr);
        for part in parts {
            assert!(text.contains(part), "no {part:?} in: {text}");
        }
    }

    /// It is an error: nothing on stdout, one sentence and a hint on stderr.
    #[track_caller]
    pub(crate) fn is_error(&self, parts: &[&str]) {
        assert_eq!((self.code, self.stdout.as_str()), (Some(2), ""), "{self:?}");
        assert!(self.stderr.starts_with("error: "), "{}", self.stderr);
        for part in parts {
            assert!(self.stderr.contains(part), "no {part:?} in: {}", self.stderr);
        }
    }
}
