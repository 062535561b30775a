//! What is on the disk when the disk is full, closed or shared.

use std::fmt::Write as _;
use std::fs;
use std::process::{Command, Stdio};

use super::process::{Ended, Home, Sim};
use crate::reliability::killed::{calls, changes};

const TARGET: &str = "codedeploy:shop/checkout";
const ROLL_BACK: [&str; 3] = ["rollback", TARGET, "--yes"];

/// A rollout, and a shell beside it.
struct Bench {
    home: Home,
    sim: Sim,
}

impl Bench {
    fn new(scenario: &str) -> Self {
        let home = Home::new();
        let sim = Sim::start(&home, &["--scenario", scenario]);
        Self { home, sim }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.home.command(args);
        command.envs(self.sim.variables.clone());
        command
    }

    fn run(&self, args: &[&str]) -> Ended {
        Home::ended(&mut self.command(args))
    }

    /// Runs it with no more than so many blocks of 512 bytes in any file that it writes.
    fn run_in_little_room(&self, blocks: u32, args: &[&str]) -> Ended {
        let mut line =
            format!("trap '' XFSZ; ulimit -f {blocks}; exec {}", env!("CARGO_BIN_EXE_cutover"));
        for arg in args {
            write!(line, " {arg}").unwrap();
        }
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &line]).env_clear().envs(self.sim.variables.clone());
        for (name, value) in self.command(&[]).get_envs() {
            command.env(name, value.unwrap());
        }
        Home::ended(command.stdin(Stdio::null()))
    }

    /// How many calls that change something the service has got to see.
    fn carried_out(&self) -> usize {
        let all = calls(&self.sim);
        changes(&all).into_iter().filter(|call| call.ends_with("carried out")).count()
    }
}

#[test]
fn on_a_full_disk_nothing_is_sent_and_the_file_stays_whole() {
    let bench = Bench::new("errors");
    for blocks in [0, 1] {
        let ended = bench.run_in_little_room(blocks, &ROLL_BACK);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        for part in ["nothing was sent", "audit.jsonl"] {
            assert!(ended.stderr.contains(part), "no {part:?} in: {}", ended.stderr);
        }
        assert_eq!(changes(&calls(&bench.sim)), Vec::<&String>::new(), "it was sent");
        bench.run(&["audit", "--verify"]).says(0, &["0 entries"]);
    }
    let ended = bench.run(&ROLL_BACK);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!ended.stderr.contains("never written down"), "{}", ended.stderr);
    assert_eq!(bench.carried_out(), 1);
    bench.run(&["audit", "--verify"]).says(0, &["2 entries"]);
}

#[test]
fn where_nothing_can_be_written_nothing_is_sent_and_looking_goes_on() {
    let bench = Bench::new("errors");
    fs::write(bench.home.0.path().join("state"), "a file where a folder should be").unwrap();
    let ended = bench.run(&ROLL_BACK);
    assert!(ended.code != Some(0) && ended.stderr.contains("audit"), "{ended:?}");
    assert_eq!(changes(&calls(&bench.sim)), Vec::<&String>::new(), "it was sent");
    assert_eq!(bench.run(&["status", TARGET]).code, Some(0));
    let config = bench.home.0.path().join("config/cutover/config.toml");
    fs::create_dir_all(config).unwrap();
    bench.run(&["status", TARGET]).is_error(&["cannot read", "config.toml"]);
}

#[test]
fn of_several_who_act_at_once_one_wins_and_all_are_written_down() {
    let home = Home::new();
    let sim = Sim::start(&home, &["--scenario", "approval", "--speed", "60"]);
    let bench = Bench { home, sim };
    let waits = || bench.run(&["continue", TARGET, "--dry-run"]).code == Some(0);
    assert!((0..200).any(|_| waits()), "no gate ever waited");
    let begin = |_| {
        let mut command = bench.command(&["continue", TARGET, "--yes"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let running: Vec<_> = (0..4).map(begin).collect();
    let ended: Vec<_> =
        running.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
    let won = ended.iter().filter(|one| one.status.code() == Some(0)).count();
    assert_eq!(won, 1, "{ended:?}");
    for lost in ended.iter().filter(|one| one.status.code() != Some(0)) {
        let said = String::from_utf8_lossy(&lost.stderr);
        let told = ["not possible", "nothing was sent", "refused"];
        assert!(told.iter().any(|part| said.contains(part)), "{said}");
    }
    assert_eq!(bench.run(&["audit", "--verify"]).code, Some(0));
}

#[test]
fn output_that_cannot_be_written_is_an_error_and_no_crash() {
    let bench = Bench::new("errors");
    for args in [&["status", TARGET][..], &["keys"], &["completions", "bash"], &["audit"]] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = bench.command(args);
        let ended = command.stdout(full).stderr(Stdio::piped()).spawn().unwrap();
        let ended = ended.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(!said.contains("panicked") && !said.contains("has a bug"), "{args:?}: {said}");
        // Nothing was ever ordered, so that there is nothing to be printed.
        let fine = args == ["audit"];
        assert_eq!(ended.status.code(), Some(if fine { 0 } else { 2 }), "{args:?}: {said}");
    }
}
