//! The scenarios of the demo through simulator, SDK and engine, beside the simulation of the engine
//! alone.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use cutover::cli::rehearsal::Rehearsal;
use cutover::stats::Verdict;

use crate::acceptance::{Crossings, Expected};
use crate::composite::{Story, verdicts};
use crate::generator::{INDEPENDENT, Scatter, Service};
use crate::percentiles::{self, Change};
use crate::report::{Report, delay};

/// Rollouts of a scenario.
const SEEDS: u64 = 200;
/// Minutes that are looked at: fifteen with 10 % of the traffic on green, and three until the last of
/// them is settled.
const MINUTES: u32 = 18;

/// When a rollout was called worse, and when no worse.
type Decided = [Option<usize>; 2];

pub(crate) fn table(report: &mut Report) {
    report.head(&[
        "scenario",
        "green",
        "worse, end to end",
        "worse, engine alone",
        "no worse, end to end",
        "no worse, engine alone",
    ]);
    for (cell, (name, green)) in (11_000..).zip([("aa", 0.004), ("errors", 0.02)]) {
        let found = through_everything(name);
        let alone = verdicts(cell, &story(green));
        let mut line = vec![format!("`{name}`"), format!("{} %", 100.0 * green)];
        for (found, alone) in found.iter().zip(&alone) {
            report.expect(&format!("end to end, {name}"), like(alone), found);
            line.extend([found, alone].map(delay));
        }
        report.row(&line);
    }
}

/// The bars that another sample of the same rollouts should keep.
fn like(found: &Crossings) -> Expected {
    let minutes = |q| Some(found.quantile(q)).filter(|minutes| minutes.is_finite());
    Expected::Delay { share: found.share(), median: minutes(0.5), p90: minutes(0.9) }
}

/// The same rollout as in the scenarios: 450 requests a second, of which green gets 10 %; half of them
/// take 42 ms, one in a hundred more than 310 ms.
fn story(green: f64) -> Story {
    let blue = 0.004;
    let service = Service {
        traffic: 27_000.0,
        green_share: 0.1,
        blue,
        green: (green / blue, 0.0),
        scatter: Scatter { common: 0.0, ..INDEPENDENT },
        history: 60,
    };
    let requests = (310.0_f64 / 42.0).ln() / 2.326;
    let latency = percentiles::Scatter { requests, common: 0.0, ..percentiles::INDEPENDENT };
    Story { service, latency, change: Change::NONE, minutes: 15 }
}

/// When each rollout of a scenario was decided, in minutes with traffic on green.
fn through_everything(name: &str) -> [Crossings; 2] {
    let next = AtomicU64::new(1);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let play = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut found = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed > SEEDS {
                return found;
            }
            found.push(runtime.block_on(decided(name, seed)));
        }
    };
    let found: Vec<Decided> = thread::scope(|scope| {
        let parts: Vec<_> = (0..threads).map(|_| scope.spawn(play)).collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    });
    std::array::from_fn(|verdict| Crossings::new(found.iter().map(|rollout| rollout[verdict])))
}

/// One rollout, looked at every minute.
async fn decided(name: &str, seed: u64) -> Decided {
    let mut rehearsal = Rehearsal::begin(name, seed).await.unwrap();
    let (mut worse, mut no_worse) = (None, None);
    for _ in 0..MINUTES {
        rehearsal.play(60, 1).await;
        let cockpit = rehearsal.state.cockpit();
        let Some(judgement) = cockpit.and_then(|cockpit| cockpit.verdict.as_ref()) else {
            continue;
        };
        let minutes = judgement.log_e.len();
        match judgement.assessment.verdict {
            Verdict::Worse => {
                worse = Some(minutes);
                break;
            }
            Verdict::NoWorse | Verdict::Better => no_worse = no_worse.or(Some(minutes)),
            Verdict::Undecided | Verdict::NoData | Verdict::CannotCompareSideBySide => {}
        }
    }
    [worse, no_worse]
}
