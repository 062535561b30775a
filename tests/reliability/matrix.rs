//! Every order under every fault, and the document that says what came of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use cutover::domain::Order;
use cutover::sim::CallRecord;

use super::faults::{Case, GROUPS};
use super::night::{Given, Morning, Night, orders};

/// How long a call may take where something hangs; the real limits are 8 and 20 seconds.
const PATIENCE: Duration = Duration::from_millis(1200);

/// What is told of one fault.
#[derive(Default)]
struct Row {
    met: u64,
    told: BTreeMap<String, Vec<&'static str>>,
    most_calls: usize,
    written: usize,
}

/// What became of one order under one fault; everything that must hold has been checked.
async fn play(given: &Given, case: &Case) -> Morning {
    let night = Night::falls(given, case.hangs.then_some(PATIENCE)).await;
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

/// All orders under one fault.
async fn row(case: &'static Case) -> Row {
    let mut row = Row::default();
    for given in &orders() {
        let morning = play(given, case).await;
        row.met += morning.met;
        row.most_calls = row.most_calls.max(morning.calls.len());
        row.written += morning.records.len();
        row.told.entry(morning.told).or_default().push(given.name);
    }
    row
}

fn document(rows: &BTreeMap<(usize, usize), Row>) -> String {
    let cases: usize = GROUPS.iter().map(|(_, cases)| cases.len()).sum();
    let mut text = format!(
        "# Reliability\n\nWhat becomes of an order when something goes wrong: each of {} orders is \
         confirmed on a good picture and carried out under each of {cases} faults, {} runs. A test \
         plays them against the simulator through the real SDK and checks this page; \
         `UPDATE_GENERATED=1 cargo test --test main reliability::matrix` writes it anew.\n\n\
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

#[test]
fn every_order_holds_its_promises_under_every_fault() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let rows = runtime.unwrap().block_on(async {
        let mut tasks = Vec::new();
        for (group, (_, cases)) in GROUPS.iter().enumerate() {
            for (index, case) in cases.iter().enumerate() {
                tasks.push((case.hangs, group, index, case));
            }
        }
        // What hangs only waits: it is played side by side, when the rest is done.
        tasks.sort_by_key(|(hangs, ..)| *hangs);
        let few = std::sync::Arc::new(tokio::sync::Semaphore::new(2));
        let mut playing = tokio::task::JoinSet::new();
        for (hangs, group, index, case) in tasks {
            let few = few.clone();
            playing.spawn(async move {
                let _turn = few.acquire_many(if hangs { 0 } else { 1 }).await.unwrap();
                ((group, index), row(case).await)
            });
        }
        let mut rows = BTreeMap::new();
        while let Some(row) = playing.join_next().await {
            let (place, row) = row.unwrap();
            rows.insert(place, row);
        }
        rows
    });
    let wanted = document(&rows);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reliability.md");
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(&path, wanted).unwrap();
    } else {
        let known = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(known == wanted, "docs/reliability.md is old: run `just generate`\n{wanted}");
    }
}
