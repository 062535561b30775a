//! A program that is killed at any moment: what it had promised in writing still stands, and the next
//! start says what became of the order.
//!
//! `just kill` runs a thousand rounds; `SEED=... KILLS=...` choose others.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::Duration;

use cutover::sim::services;

use crate::cli::process::{Ended, Home, Sim};

const TARGET: &str = "codedeploy:shop/checkout";
/// When an order without a kill has its end, at the latest.
const WHOLE: u64 = 2500;

/// The `index`-th number of a seed.
pub(crate) fn dice(seed: u64, index: u64) -> u64 {
    let mut x = seed ^ index.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// What has arrived at a simulator, a call a line.
pub(crate) fn calls(sim: &Sim) -> Vec<String> {
    let url = &sim.variables.iter().find(|(name, _)| name == "AWS_ENDPOINT_URL").unwrap().1;
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    let request = "GET /cutover/calls HTTP/1.1\r\nhost: sim\r\nx-cutover: faults\r\n\
                   connection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    body.lines().filter(|line| line.contains('.')).map(str::to_owned).collect()
}

/// The calls among them that change something.
pub(crate) fn changes(calls: &[String]) -> Vec<&String> {
    // `NUMBER SERVICE.OPERATION ...`
    let operation = |call: &str| call.split(['.', ' ']).nth(2).unwrap().to_owned();
    calls.iter().filter(|call| !services::reads(&operation(call))).collect()
}

/// Where the kill came.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Count {
    /// Before anything was written down.
    before: u32,
    /// Between the intent and the outcome.
    between: u32,
    /// After everything.
    after: u32,
    /// In between, and the call was carried out.
    carried_out: u32,
}

impl Count {
    fn add(self, other: Self) -> Self {
        Self {
            before: self.before + other.before,
            between: self.between + other.between,
            after: self.after + other.after,
            carried_out: self.carried_out + other.carried_out,
        }
    }
}

struct Round {
    home: Home,
    sim: Sim,
    /// For the message of a failure.
    place: String,
}

impl Round {
    /// The lines of the audit file: the entry, with the progress of an outcome.
    fn entries(&self) -> Vec<String> {
        let path = self.home.0.path().join("state/cutover/audit.jsonl");
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        let entry = |line: &str| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            line["progress"].as_str().or(line["entry"].as_str()).unwrap().to_owned()
        };
        whole.map(entry).collect()
    }

    fn verifies(&self) {
        let ended = self.home.run(&["audit", "--verify"]);
        assert_eq!(ended.code, Some(0), "{}: {}", self.place, ended.stderr);
    }

    /// Begins to roll back and kills it after so many milliseconds.
    fn kills_after(&self, milliseconds: u64) {
        let mut command = self.home.command(&["rollback", TARGET, "--yes"]);
        command.envs(self.sim.variables.clone()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        // The moment is the input of this test, not something that is waited for.
        std::thread::sleep(Duration::from_millis(milliseconds));
        // SIGKILL; one that has already ended is not hurt.
        let _ = child.kill();
        child.wait().unwrap();
    }

    fn starts_again(&self) -> Ended {
        let mut command = self.home.command(&["rollback", TARGET, "--yes"]);
        Home::ended(command.envs(self.sim.variables.clone()))
    }
}

fn round(seed: u64, index: u64) -> Count {
    let draw = |n: u64| dice(seed, index * 8 + n);
    let fault = ["late:400ms", "delay:400ms", "late:50ms"][(draw(0) % 3) as usize];
    let fault = format!("codedeploy.StopDeployment={fault}*1");
    let home = Home::new();
    // A rollout that is still there when a machine with much to do comes to the end, in a time that
    // lets the next start see what the call has done.
    let options = ["--scenario", "ab", "--speed", "60", "--fault", &fault];
    let sim = Sim::start(&home, &options);
    let moment = draw(1) % WHOLE;
    let place = format!("seed {seed} round {index} ({fault}, killed after {moment} ms)");
    let round = Round { home, sim, place };
    round.kills_after(moment);
    round.verifies();
    let (written, arrived) = (round.entries(), calls(&round.sim));
    let sent = changes(&arrived);
    let carried_out = sent.iter().any(|call| call.ends_with("carried out"));
    let place = &round.place;
    assert!(sent.len() <= 1, "{place}: {sent:?}");
    assert!(sent.is_empty() || !written.is_empty(), "{place}: sent before it was written down");
    let mut count = Count::default();
    let left_open = written == ["intent"];
    match written.len() {
        0 => count.before += 1,
        1 => count.between += 1,
        _ => count.after += 1,
    }
    let again = round.starts_again();
    round.verifies();
    assert_eq!(
        again.stderr.contains("its end was not written down"),
        left_open,
        "{place}: {again:?}"
    );
    if left_open && carried_out {
        count.carried_out += 1;
        let said = again.stderr.contains("reading shows that it was carried out");
        assert!(said, "{place}: {}", again.stderr);
        assert_eq!(round.entries()[1], "accepted", "{place}");
    }
    if left_open && !carried_out {
        let shows = again.stderr.contains("reading shows that");
        assert!(!shows, "{place}: it was not carried out: {}", again.stderr);
    }
    let all = calls(&round.sim);
    let effects = changes(&all).into_iter().filter(|call| call.ends_with("carried out")).count();
    assert_eq!(effects, 1, "{place}: {:?}: {again:?}", changes(&all));
    count
}

/// Plays rounds on some threads.
fn rounds(seed: u64, count: u64, threads: u64) -> Count {
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|first| {
                scope.spawn(move || {
                    let mine = (first..count).step_by(threads as usize);
                    mine.map(|index| round(seed, index)).fold(Count::default(), Count::add)
                })
            })
            .collect();
        running.into_iter().map(|thread| thread.join().unwrap()).fold(Count::default(), Count::add)
    })
}

#[test]
fn an_order_that_is_killed_is_found_and_cleared_up_by_the_next_start() {
    let count = rounds(20_260_302, 4, 2);
    assert_eq!(count.before + count.between + count.after, 4);
}

#[test]
#[ignore = "takes an hour; `just kill`"]
fn a_thousand_kills() {
    let number = |name: &str, usual: u64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
    };
    let (seed, kills) = (number("SEED", 20_261_127), number("KILLS", 1000));
    let count = rounds(seed, kills, number("THREADS", 2));
    let mut out = std::io::stdout();
    writeln!(out, "seed {seed}, {kills} kills: {count:?}").unwrap();
}
