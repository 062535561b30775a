//! Every order under every fault, and the document that says what came of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cutover::domain::Order;
use cutover::sim::CallRecord;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::faults::{Case, GROUPS, Group};
use super::night::{Morning, Night, USUAL};
use super::orders::{Given, orders};

/// How long a call may take where something hangs.
const HANGS: Duration = Duration::from_secs(3);

/// How many runs are played side by side: what hangs only waits.
const WAITING: usize = 12;
const WORKING: usize = 4;

/// What is told of one fault.
#[derive(Default)]
struct Row {
    met: u64,
    /// The orders, by their place in the table of orders.
    told: BTreeMap<String, Vec<usize>>,
    most_calls: usize,
}

/// What became of one order under one fault; everything that must hold has been checked.
async fn play(given: &Given, case: &Case) -> Morning {
    let mut night = Night::falls(given, if case.hangs { HANGS } else { USUAL }).await;
    let about = |fault: &String| fault.replace("{call}", given.call).replace("{read}", given.read);
    let faults: Vec<String> = case.faults.iter().map(about).collect();
    night.later(case.hours);
    let morning = night.passes(&faults).await;
    let place = format!("{} while {}: told `{}`", given.name(), case.name, morning.told);
    holds(&morning, &place);
    morning
}

/// The promises.
fn holds(morning: &Morning, place: &str) {
    let Morning { told, calls, records, order, .. } = morning;
    assert!(calls.len() <= 1, "{place}: {} calls were sent", calls.len());
    for call in calls {
        assert!(is_bound(call, order), "{place}: {call:?} is about something else");
    }
    let carried_out = calls.iter().any(|call| call.carried_out);
    let words: Vec<&str> = records.iter().map(|record| record.entry.as_str()).collect();
    let sent = !told.starts_with("nothing");
    if sent {
        assert_eq!(words, ["intent", "outcome"], "{place}");
        assert_eq!(records[0].order["id"], order.id.as_str(), "{place}");
        assert_eq!(records[1].order, order.id.as_str(), "{place}");
    } else {
        assert!(calls.is_empty(), "{place}: something was sent");
        assert!(words.is_empty(), "{place}: {words:?} was written down");
    }
    let by_somebody_else = place.contains("somebody") || place.contains("hours go by");
    match told.as_str() {
        "taken" => assert!(carried_out || by_somebody_else, "{place}: nothing was done"),
        "did not arrive" => assert!(!carried_out, "{place}: it was carried out"),
        told if told.starts_with("failed") => panic!("{place}"),
        told if told.starts_with("refused") => {
            assert!(
                !told.contains("not understood"),
                "{place}: what nobody understands is no refusal"
            );
        }
        _ => {}
    }
}

/// Whether a call is about what the person saw.
fn is_bound(call: &CallRecord, order: &Order) -> bool {
    let wanted = |name: &str| {
        let param = order.call.params.iter().find(|(known, _)| known == name);
        param.and_then(|(_, value)| value.as_str())
    };
    let names = [
        "deploymentId",
        "serviceDeploymentArn",
        "applicationName",
        "service",
        "hookId",
        "RuleArn",
        "ListenerArn",
        "HostedZoneId",
        "SourceEnvironmentName",
        "DestinationEnvironmentName",
        "EnvironmentId",
        "pipelineName",
        "stageName",
        "actionName",
        "token",
        "targetPipelineExecutionId",
    ];
    call.operation == order.call.operation
        && names.iter().all(|name| call.input.text(name) == wanted(name))
}

/// The runs of the orders that `wanted` chooses for a fault and its place in the table.
async fn rows(wanted: fn(&Case, usize) -> Vec<usize>) -> BTreeMap<(usize, usize), Row> {
    let (waiting, working) = (Semaphore::new(WAITING), Semaphore::new(WORKING));
    let turns = Arc::new((waiting, working));
    let (mut playing, mut place) = (JoinSet::new(), 0);
    let mut rows = BTreeMap::new();
    for (group, Group { cases, .. }) in GROUPS.iter().enumerate() {
        for (index, case) in cases.iter().enumerate() {
            rows.insert((group, index), Row::default());
            for order in wanted(case, place) {
                let turns = turns.clone();
                playing.spawn(async move {
                    let turn = if case.hangs { &turns.0 } else { &turns.1 };
                    let _turn = turn.acquire().await.unwrap();
                    // One promise that is broken hides no other.
                    let played = tokio::spawn(play(&orders()[order], case)).await;
                    ((group, index), order, played.ok())
                });
            }
            place += 1;
        }
    }
    let mut broken = Vec::new();
    while let Some(played) = playing.join_next().await {
        let (place, order, morning) = played.unwrap();
        let (case, row) = (&GROUPS[place.0].cases[place.1], rows.entry(place).or_default());
        let Some(morning) = morning else {
            broken.push(format!("{} while {}", orders()[order].name(), case.name));
            continue;
        };
        row.most_calls = row.most_calls.max(morning.calls.len());
        if morning.met > 0 || case.meets_all {
            row.met += morning.met;
            row.told.entry(morning.told).or_default().push(order);
        }
    }
    assert!(broken.is_empty(), "a promise was broken:\n{broken:#?}");
    for told in rows.values_mut().flat_map(|row| row.told.values_mut()) {
        told.sort_unstable();
    }
    rows
}

/// What else is promised of an order, and where it is tested.
const ELSEWHERE: &str = "
## What other tests show

| promise | tested in |
|---|---|
| killed at any moment: the next start tells what became of the order | `tests/reliability/killed.rs`, `just kill` |
| several who act at once: one wins, all are written down | `tests/cli/disk.rs` |
| a full disk, a folder that cannot be written: nothing is sent | `tests/cli/disk.rs` |
| who may only look changes nothing, with any key and any subcommand | `tests/reliability/looking.rs` |
| an order waits for no reading | `tests/shell/order.rs`, `tests/contract/actions.rs` |
| another account or role after a login: nothing is sent before somebody agrees | `tests/stories/identity.rs` |
| random keys, sizes, faults and clocks | `tests/reliability/monkey.rs`, `just monkey` |
| no secret is written anywhere | `tests/reliability/secrets.rs` |
| a day takes no more memory than its first hour | `tests/reliability/soak.rs`, `just soak` |
| the permissions of `cutover iam-policy` are enough, and none is too much | `tests/contract/permissions.rs` |
| any answer, file or text is read or refused | `src/fuzzing`, `just fuzz` |
";

fn document(rows: &BTreeMap<(usize, usize), Row>) -> String {
    let all = || GROUPS.iter().flat_map(|group| &group.cases);
    let runs: usize = rows.values().flat_map(|row| row.told.values().map(Vec::len)).sum();
    let (cases, given) = (all().count(), orders().len());
    let mut text = format!(
        "# Reliability\n\nWhat becomes of an order when something goes wrong: each of {given} orders, \
         on every control plane but a cluster, is confirmed on a good picture and carried out under each \
         of {cases} faults that it can meet, {runs} runs. A test plays them against the simulator through \
         the real SDK and writes this page (`just generate`); `cargo test` plays some of them \
         and checks what the page says of it. Orders in a cluster are played by `tests/contract/argo.rs`.\n\n\
         In every run: at most one call that changes something is sent, never a second one; it names the \
         rollout that was on the screen, in the same account and Region; the audit file says that it was about to be \
         sent before it is, and what came of it afterwards; and what the person is told is what happened.\n\n\
         What the person is told:\n\n\
         - *taken*: the control plane has it, or reading shows it;\n\
         - *nothing sent* and why: the world is not what was on the screen, or nobody can tell;\n\
         - *refused* and why;\n\
         - *did not arrive*: the answer was lost, and nothing has changed since;\n\
         - *unknown*: the answer was lost, and nothing that can be read tells yet.\n\n\
         *met* counts the requests that met the fault, over all orders. An order is that order in all its places (the last \
         table lists them) or in those in brackets; *all* and *all others* are the orders that meet the fault. *roll back* stops \
         the rollout by its own id, so that it is sent even where the state cannot be read; *lead back* sets weights or names \
         back, for which they have to be read. Which requests and members a row meets that speaks of seven in ten or of a \
         quarter is chance: only its promises are kept, not its words.\n",
    );
    for (group, Group { title, cases }) in GROUPS.iter().enumerate() {
        let _ = write!(
            text,
            "\n## {title}\n\n| fault | met | what the person is told | calls |\n|---|--:|---|--:|\n"
        );
        for (index, case) in cases.iter().enumerate() {
            let row = &rows[&(group, index)];
            // A permission that only a screen of another kind asks for.
            if row.told.is_empty() {
                continue;
            }
            let calls = if row.most_calls == 0 { "0" } else { "at most 1" };
            let _ = writeln!(text, "| {} | {} | {} | {calls} |", case.name, row.met, told(row));
        }
    }
    text.push_str("\n## The orders\n\n| order | places, each with the call |\n|---|---|\n");
    for action in actions() {
        let there = orders().iter().filter(|given| given.action == action);
        let calls: Vec<_> = there.map(|one| format!("{}: `{}`", one.place, one.call)).collect();
        let _ = writeln!(text, "| {action} | {} |", calls.join("; "));
    }
    text.push_str(ELSEWHERE);
    text
}

/// The words for what is wanted, each once.
fn actions() -> Vec<&'static str> {
    let mut words: Vec<&str> = Vec::new();
    for given in orders() {
        if !words.contains(&given.action) {
            words.push(given.action);
        }
    }
    words
}

/// What each order of a row comes to, the few before the many.
fn told(row: &Row) -> String {
    let met: Vec<usize> = row.told.values().flatten().copied().collect();
    let mut told: Vec<(&String, &Vec<usize>)> = row.told.iter().collect();
    told.sort_by_key(|(_, of)| of.len());
    let last = told.len() - 1;
    let line = |(place, (told, of)): (usize, (&String, &Vec<usize>))| {
        let whom = match place {
            0 if last == 0 && of.len() > 3 => "all".to_owned(),
            place if place == last && last > 0 && of.len() > 3 => "all others".to_owned(),
            _ => names(of, &met),
        };
        format!("{told}: {whom}")
    };
    let lines: Vec<String> = told.into_iter().enumerate().map(line).collect();
    lines.join("<br>")
}

/// The orders by what is wanted, with the places where these are not all of those that are `met`.
fn names(of: &[usize], met: &[usize]) -> String {
    let places = |action: &str, of: &[usize]| -> Vec<&str> {
        let those = of.iter().map(|index| &orders()[*index]);
        those.filter(|given| given.action == action).map(|given| given.place).collect()
    };
    let name = |action: &'static str| {
        let (there, all) = (places(action, of), places(action, met));
        match there.len() {
            0 => None,
            many if many == all.len() => Some(action.to_owned()),
            _ => Some(format!("{action} ({})", there.join(", "))),
        }
    };
    let names: Vec<String> = actions().into_iter().filter_map(name).collect();
    names.join("; ")
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reliability.md")
}

/// Whether a line of the document says that an order comes to this.
fn says(line: &str, given: &Given, told: &str) -> bool {
    let is_named = |names: &str| {
        names.split("; ").any(|name| {
            match name.strip_suffix(')').and_then(|n| n.split_once(" (")) {
                Some((action, places)) => {
                    action == given.action && places.split(", ").any(|place| place == given.place)
                }
                None => name == given.action,
            }
        })
    };
    let cells = line.split('|').flat_map(|cell| cell.split("<br>")).map(str::trim);
    let said: Vec<(&str, &str)> = cells.filter_map(|cell| cell.rsplit_once(": ")).collect();
    let others = said.iter().find(|(_, names)| ["all", "all others"].contains(names));
    match said.iter().find(|(_, names)| is_named(names)).or(others) {
        Some((known, _)) => *known == told,
        None => false,
    }
}

/// What the document says of the orders that were played is what happened.
fn check(rows: BTreeMap<(usize, usize), Row>) {
    let known = fs::read_to_string(path()).unwrap_or_default();
    for ((group, index), row) in rows {
        let Case { name, faults, .. } = &GROUPS[group].cases[index];
        // Which members and which requests it meets hangs on the order in which they arrive.
        let by_chance = ["%", "missing-members", "wrong-types", "{read}"];
        if faults.iter().any(|fault| by_chance.iter().any(|word| fault.contains(word))) {
            continue;
        }
        let line = known.lines().find(|line| line.starts_with(&format!("| {name} |")));
        for (told, of) in row.told {
            let line = line.unwrap_or_else(|| panic!("docs/reliability.md has no line `{name}`"));
            for given in of.iter().map(|index| &orders()[*index]) {
                let is_said = says(line, given, &told);
                assert!(is_said, "{} was told `{told}`, not as in: {line}", given.name());
            }
        }
    }
}

/// One order under each fault, another one each time; of the single permissions every third.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_under_each_fault_comes_to_what_the_document_says() {
    let one = |case: &Case, place: usize| {
        if !case.meets_all && !place.is_multiple_of(3) {
            return Vec::new();
        }
        let soon = case.about.iter().copied().filter(|order| orders()[*order].is_soon());
        let soon: Vec<usize> = soon.collect();
        soon.get(place % soon.len().max(1)).copied().into_iter().collect()
    };
    check(rows(one).await);
}

/// Writes the document with `UPDATE_GENERATED=1`, else compares all of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes; `just generate`"]
async fn every_order_holds_its_promises_under_every_fault() {
    let rows = rows(|case, _| case.about.clone()).await;
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        fs::write(path(), document(&rows)).unwrap();
    } else {
        check(rows);
    }
}
