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
use crate::report::{Report, delay, percent};

/// Rollouts of a scenario.
const SEEDS: u64 = 200;
/// Minutes that are looked at: fifteen with 10 % of the traffic on green, and three until the last of
/// them is settled.
const MINUTES: u32 = 18;

pub(crate) fn table(report: &mut Report) {
    report.head(&["scenario", "green", "called worse, end to end", "engine alone"]);
    for (cell, (name, green)) in (11_000..).zip([("aa", 0.004), ("errors", 0.02)]) {
        let end_to_end = through_everything(name);
        let [alone, _] = verdicts(cell, &story(green));
        let line = if name == "aa" {
            let expected = Expected::FalseAlarms(alone.share());
            report.expect("end to end, no difference", expected, &end_to_end);
            [&end_to_end, &alone].map(|found| format!("{} %", percent(found.share())))
        } else {
            let (median, p90) = (alone.quantile(0.5), alone.quantile(0.9));
            let found = |minutes: f64| Some(minutes).filter(|minutes| minutes.is_finite());
            let expected =
                Expected::Delay { share: alone.share(), median: found(median), p90: found(p90) };
            report.expect("end to end, errors", expected, &end_to_end);
            [&end_to_end, &alone].map(delay)
        };
        let [end_to_end, alone] = line;
        report.row(&[format!("`{name}`"), format!("{} %", 100.0 * green), end_to_end, alone]);
    }
}

/// The same rollout as in the scenarios: 450 requests a second, of which green gets 10 %.
fn story(green: f64) -> Story {
    let blue = 0.004;
    let service = Service {
        traffic: 27_000.0,
        green_share: 0.1,
        blue,
        green: (green / blue, 0.0),
        scatter: Scatter { common: 0.0, ..INDEPENDENT },
        history: 15,
    };
    Story { service, latency: percentiles::INDEPENDENT, change: Change::NONE, minutes: 15 }
}

/// When each rollout of a scenario was called worse, counted in minutes that were compared.
fn through_everything(name: &str) -> Crossings {
    let next = AtomicU64::new(1);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let play = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut worse = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed > SEEDS {
                return worse;
            }
            worse.push(runtime.block_on(called_worse(name, seed)));
        }
    };
    thread::scope(|scope| {
        let parts: Vec<_> = (0..threads).map(|_| scope.spawn(play)).collect();
        Crossings::new(parts.into_iter().flat_map(|part| part.join().unwrap()))
    })
}

/// The compared minute after which one rollout was called worse; looked at every minute.
async fn called_worse(name: &str, seed: u64) -> Option<usize> {
    let mut rehearsal = Rehearsal::begin(name, seed).await.unwrap();
    for _ in 0..MINUTES {
        rehearsal.play(60, 1).await;
        let judgement = rehearsal.state.cockpit().and_then(|cockpit| cockpit.verdict.as_ref());
        if judgement.is_some_and(|judgement| judgement.assessment.verdict == Verdict::Worse) {
            return judgement?.assessment.worse_since.map(|bucket| bucket as usize + 1);
        }
    }
    None
}
