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

use super::faults::{Case, GROUPS};
use super::night::{Given, Morning, Night, USUAL, orders};

/// How long a call may take where something hangs.
const HANGS: Duration = Duration::from_secs(3);

/// What is told of one fault.
#[derive(Default)]
struct Row {
    met: u64,
    told: BTreeMap<String, Vec<&'static str>>,
    most_calls: usize,
}

/// What became of one order under one fault; everything that must hold has been checked.
async fn play(given: &Given, case: &Case) -> Morning {
    let night = Night::falls(given, if case.hangs { HANGS } else { USUAL }).await;
    let faults: Vec<String> =
        case.faults.iter().map(|fault| fault.replace("{call}", given.call)).collect();
    let morning = night.passes(&faults).await;
    let place = format!("{} while {}: told `{}`", given.name, case.name, morning.told);
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
    let by_somebody_else = place.contains("somebody");
    match told.as_str() {
        "taken" => assert!(carried_out || by_somebody_else, "{place}: nothing was done"),
        "did not arrive" => assert!(!carried_out, "{place}: it was carried out"),
        told if told.starts_with("failed") => panic!("{place}"),
        _ => {}
    }
}

/// Whether a call is about what the person saw.
fn is_bound(call: &CallRecord, order: &Order) -> bool {
    let wanted = |name: &str| {
        let param = order.call.params.iter().find(|(known, _)| known == name);
        param.and_then(|(_, value)| value.as_str())
    };
    let names = ["deploymentId", "serviceDeploymentArn", "applicationName", "service", "hookId"];
    call.operation == order.call.operation
        && names.iter().all(|name| call.input.text(name) == wanted(name))
}

/// Some orders under one fault.
async fn row(case: &'static Case, wanted: impl Fn(usize) -> bool) -> Row {
    let mut row = Row::default();
    for (_, given) in orders().iter().enumerate().filter(|(index, _)| wanted(*index)) {
        let morning = play(given, case).await;
        row.met += morning.met;
        row.most_calls = row.most_calls.max(morning.calls.len());
        row.told.entry(morning.told).or_default().push(given.name);
    }
    row
}

/// The orders that `wanted` chooses by their place, under all faults; the second number is the
/// fault's place in the table.
async fn rows(wanted: fn(order: usize, fault: usize) -> bool) -> BTreeMap<(usize, usize), Row> {
    let mut tasks = Vec::new();
    for (group, (_, cases)) in GROUPS.iter().enumerate() {
        for (index, case) in cases.iter().enumerate() {
            tasks.push((group, index, case));
        }
    }
    // What hangs only waits: more of it is played side by side.
    tasks.sort_by_key(|(_, _, case)| case.hangs);
    let few = Arc::new(Semaphore::new(16));
    let mut playing = JoinSet::new();
    for (place, (group, index, case)) in tasks.into_iter().enumerate() {
        let few = few.clone();
        playing.spawn(async move {
            let _turn = few.acquire_many(if case.hangs { 1 } else { 2 }).await.unwrap();
            ((group, index), row(case, |order| wanted(order, place)).await)
        });
    }
    let mut rows = BTreeMap::new();
    while let Some(row) = playing.join_next().await {
        let (place, row) = row.unwrap();
        rows.insert(place, row);
    }
    rows
}

fn document(rows: &BTreeMap<(usize, usize), Row>) -> String {
    let cases: usize = GROUPS.iter().map(|(_, cases)| cases.len()).sum();
    let mut text = format!(
        "# Reliability\n\nWhat becomes of an order when something goes wrong: each of {} orders is \
         confirmed on a good picture and carried out under each of {cases} faults, {} runs. A test \
         plays them against the simulator through the real SDK and writes this page (`just generate`); \
         `cargo test` plays another order under each fault and checks what the page says of it.\n\n\
         In every run: at most one call that changes something is sent, never a second one; it names the \
         rollout that was on the screen, in the same account and Region; the audit file says that it was about to be \
         sent before it is, and what came of it afterwards; and what the person is told is what happened.\n\n\
         *met* counts the requests that met the fault, over all orders. What the person is told: *taken* (the control plane has it, \
         or reading shows it), *nothing sent* and why, *refused* and why, *did not arrive* (the answer was lost, and \
         nothing has changed since), *the rollout ended before* (the call came too late).\n",
        orders().len(),
        orders().len() * cases,
    );
    for (group, (title, cases)) in GROUPS.iter().enumerate() {
        let _ = write!(
            text,
            "\n## {title}\n\n| fault | met | what the person is told | calls |\n|---|--:|---|--:|\n"
        );
        for (index, case) in cases.iter().enumerate() {
            let row = &rows[&(group, index)];
            let told: Vec<String> =
                row.told.iter().map(|(told, of)| format!("{told}: {}", names(of))).collect();
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} |",
                case.name,
                row.met,
                told.join("<br>"),
                if row.most_calls == 0 { "0".to_owned() } else { "at most 1".to_owned() }
            );
        }
    }
    let _ = write!(text, "\nThe orders: ");
    let given = orders();
    let list: Vec<String> =
        given.iter().map(|given| format!("*{}* (`{}`)", given.name, given.call)).collect();
    let _ = writeln!(text, "{}.", list.join(", "));
    text
}

fn names(of: &[&str]) -> String {
    if of.len() == orders().len() { "all".to_owned() } else { of.join("; ") }
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reliability.md")
}

/// One order under each fault, another one each time: what the document says of it is what happens.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_under_each_fault_comes_to_what_the_document_says() {
    let known = fs::read_to_string(path()).unwrap_or_default();
    for ((group, index), row) in rows(|order, fault| order == fault % 8).await {
        let Case { name, faults, .. } = &GROUPS[group].1[index];
        // Which members and which requests it meets hangs on the order in which they arrive.
        let by_chance = ["%", "missing-members", "wrong-types"];
        if faults.iter().any(|fault| by_chance.iter().any(|word| fault.contains(word))) {
            continue;
        }
        let line = known.lines().find(|line| line.starts_with(&format!("| {name} |")));
        let line = line.unwrap_or_else(|| panic!("docs/reliability.md has no line `{name}`"));
        for (told, of) in row.told {
            let mut said = line.split(['|']).flat_map(|cell| cell.split("<br>")).map(str::trim);
            let is_said = said.any(|said| {
                said.strip_prefix(&format!("{told}: ")).is_some_and(|orders| {
                    orders == "all" || orders.split("; ").any(|order| order == of[0])
                })
            });
            assert!(is_said, "{} while {name} was told `{told}`, not as in: {line}", of[0]);
        }
    }
}

/// Writes the document with `UPDATE_GENERATED=1`, else compares all of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes; `just generate`"]
async fn every_order_holds_its_promises_under_every_fault() {
    let wanted = document(&rows(|_, _| true).await);
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        fs::write(path(), wanted).unwrap();
    } else {
        let known = fs::read_to_string(path()).unwrap_or_default();
        assert!(known == wanted, "docs/reliability.md is old: run `just generate`\n{wanted}");
    }
}
