//! Many rollouts of one kind, on all processors.

use std::thread;

use crate::acceptance::Crossings;
use crate::generator::Scatter;

/// Rollouts of a cell.
pub(crate) const RUNS: u64 = 2000;

/// Requests a minute and green's share of them: the columns of most tables.
pub(crate) const CELLS: [(f64, f64); 8] = [
    (10.0, 0.1),
    (10.0, 0.5),
    (100.0, 0.1),
    (100.0, 0.5),
    (1_000.0, 0.1),
    (1_000.0, 0.5),
    (10_000.0, 0.1),
    (10_000.0, 0.5),
];

/// A head for the columns of [`CELLS`], after a first one.
pub(crate) fn cell_heads(first: &str) -> Vec<String> {
    std::iter::once(first.to_owned()).chain(CELLS.map(cell_name)).collect()
}

/// Such as `1k, 10 %`.
pub(crate) fn cell_name((traffic, share): (f64, f64)) -> String {
    let traffic =
        if traffic < 1000.0 { traffic.to_string() } else { format!("{}k", traffic / 1000.0) };
    format!("{traffic}, {} %", 100.0 * share)
}

/// Sides that really drift apart for ten minutes at a time.
pub(crate) const STRESS: Scatter = Scatter { common: 0.2, own: 0.15, minutes: 0.1, cluster: 1.5 };

/// Plays `runs` rollouts, each with a seed of its own that belongs to the `cell`.
///
/// Every cell of every table has a number of its own, so that no two share their luck.
pub(crate) fn play<T: Send>(cell: u64, runs: u64, rollout: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let threads = thread::available_parallelism().map_or(1, usize::from) as u64;
    let seed = |run: u64| (cell << 32) + run;
    thread::scope(|scope| {
        let rollout = &rollout;
        let parts: Vec<_> = (0..threads)
            .map(|part| (part * runs / threads)..((part + 1) * runs / threads))
            .map(|part| scope.spawn(move || part.map(|run| rollout(seed(run))).collect::<Vec<_>>()))
            .collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    })
}

/// The same where each rollout reaches several decision lines: what became of each.
pub(crate) fn cross<const N: usize>(
    cell: u64,
    rollout: impl Fn(u64) -> [Option<usize>; N] + Sync,
) -> [Crossings; N] {
    let runs = play(cell, RUNS, rollout);
    std::array::from_fn(|line| Crossings::new(runs.iter().map(|run| run[line])))
}
