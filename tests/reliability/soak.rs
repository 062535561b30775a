//! A day in front of the screen: rollouts begin, end and begin again, somebody presses keys, and the
//! program takes no more memory than after its first hour.
//!
//! `just soak` plays it in a quarter of an hour; `SPEED=... HOURS=... SCENARIO=...` choose another day.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::time::{Duration, Instant};

use crate::cli::process::{Home, Sim};
use crate::cli::terminal::Terminal;
use cutover::sim::scenario::Scenario;

/// How much more memory than after the first hour there may be at the end, in percent.
const TOLERATED: u64 = 10;
/// How often the screen is looked at, in simulated minutes.
const LOOK: u64 = 5;
/// An escape that a letter follows at once is another key.
const APART: Duration = Duration::from_millis(300);
/// What is pressed, a key a look: charts, numbers, events, help, panels, a size of its own.
const KEYS: [&str; 10] = ["m", "v", "\x1b", "e", "\x1b", "?", "\x1b", "\t", "z", "\x1b"];

/// A number from the environment, or the usual one.
fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// The memory that a process has in use, in KiB, and its threads.
fn memory(process: u32) -> (u64, u64) {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    (field("VmRSS:"), field("Threads:"))
}

/// The deployments that are named on the screen.
fn deployments(text: &str) -> BTreeSet<String> {
    let is_id = |word: &&str| {
        word.len() == 11
            && word.starts_with("d-")
            && word[2..].chars().all(|c| c.is_ascii_alphanumeric())
    };
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .filter(is_id)
        .map(str::to_owned)
        .collect()
}

#[test]
#[ignore = "takes a quarter of an hour; `just soak`"]
fn a_day_takes_no_more_memory_than_its_first_hour() {
    let (speed, hours) = (number("SPEED", 120), number("HOURS", 24));
    let scenario = std::env::var("SCENARIO").unwrap_or_else(|_| "canary".to_owned());
    let target = Scenario::named(&scenario).unwrap().target(1);
    let home = Home::new();
    // Whenever nothing runs, somebody soon deploys again.
    let (again, speed_text) = ("codedeploy.GetDeploymentGroup=rival:deploy%20", speed.to_string());
    let options = ["--scenario", &scenario, "--speed", &speed_text, "--fault", again];
    let sim = Sim::start(&home, &options);
    let variables: Vec<String> =
        sim.variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut program = vec!["/usr/bin/env"];
    program.extend(variables.iter().map(String::as_str));
    program.extend([env!("CARGO_BIN_EXE_cutover"), &target]);
    let mut terminal = Terminal::running(&program, "xterm-256color");
    terminal.sees("d-");
    let process = terminal.process();
    let minute = Duration::from_mins(1) / u32::try_from(speed).unwrap();
    let mut out = std::io::stdout();
    let (begun, mut seen, mut first) = (Instant::now(), BTreeSet::new(), 0);
    for look in 1..=hours * 60 / LOOK {
        let key = KEYS[usize::try_from(look).unwrap() % KEYS.len()];
        terminal.types(key);
        // Now and then somebody rolls back, if that is possible just then.
        if look % 60 == 30 {
            terminal.types("\x1b").rests(APART).types("R").rests(Duration::from_millis(500));
            terminal.types("y").rests(APART).types("\x1b").rests(APART);
        }
        let until = minute * u32::try_from(look * LOOK).unwrap();
        terminal.rests(until.saturating_sub(begun.elapsed()));
        seen.extend(deployments(&terminal.screen().contents()));
        if (look * LOOK).is_multiple_of(60) {
            let (used, threads) = memory(process);
            let hour = look * LOOK / 60;
            first = if hour == 1 { used } else { first };
            writeln!(
                out,
                "hour {hour:>2}: {used} KiB, {threads} threads, {} deployments, {:.0} s",
                seen.len(),
                begun.elapsed().as_secs_f64()
            )
            .unwrap();
        }
    }
    let (last, _) = memory(process);
    terminal.types("\x1b").rests(APART).types("q");
    assert_eq!(terminal.ends_restored(), 0);
    let rollouts = u64::try_from(seen.len()).unwrap();
    assert!(rollouts > hours / 2, "only {rollouts} deployments were seen");
    assert!(last <= first + first * TOLERATED / 100, "{first} KiB became {last} KiB");
}
