//! When blue has no traffic any more: green against what blue was, with an allowance for drift.
//!
//! Before and after is weaker than side by side. It cannot see through a daily cycle that is steeper
//! than what the history shows; whoever shows the verdict has to say so.

use serde::Serialize;

use super::counts::Counts;
use super::dispersion::history_dispersion;

/// Buckets in a block: drift is what the level does from block to block.
const BLOCK: usize = 15;
/// Standard errors between the level and its bounds.
const BOUND: f64 = 2.0;
/// The history that is kept: two hours of minutes.
pub const LONGEST_HISTORY: usize = 120;

/// Blue's recent level as a rate from 0 to 1, with its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Baseline {
    /// The rate itself.
    pub rate: f64,
    /// As low as it may have been.
    pub low: f64,
    /// As high as it may have been.
    pub high: f64,
    /// Scatter of the history over that of independent requests, at least 1.
    pub phi: f64,
    /// Mean expected variance of the pairs the scatter was learnt from, in events squared.
    pub variance: f64,
    /// Standard deviation of the level from block to block, on the logit scale.
    pub drift: f64,
    /// Buckets with requests that it rests on.
    pub buckets: usize,
}

impl Baseline {
    /// Nothing when fewer than 30 buckets had requests: two blocks are needed to see drift.
    pub fn from_history(history: &[Option<Counts>]) -> Option<Self> {
        let present: Vec<Counts> = history.iter().flatten().copied().collect();
        if present.len() < 2 * BLOCK {
            return None;
        }
        let dispersion = history_dispersion(history);
        let phi = dispersion.phi.max(1.0);
        let (events, requests) = total(&present);
        let rate = (events + 0.5) / (requests + 1.0);
        let unit = rate * (1.0 - rate);

        // A remainder that fills no block is dropped at the old end.
        let blocks: Vec<(f64, f64)> = present.rchunks_exact(BLOCK).map(total).collect();
        let count = blocks.len() as f64;
        let scatter: f64 = blocks.iter().map(|(x, n)| (x - n * rate).powi(2) / (n * unit)).sum();
        let per_block = blocks.iter().map(|(_, n)| n).sum::<f64>() / count;
        let drift = (scatter / (count - 1.0) - phi).max(0.0) / (per_block * unit);

        let error = (phi / (requests * unit) + 2.0 * drift).sqrt();
        let centre = (rate / (1.0 - rate)).ln();
        Some(Self {
            rate,
            low: logistic(centre - BOUND * error),
            high: logistic(centre + BOUND * error),
            phi,
            variance: dispersion.variance.max(1e-3),
            drift: drift.sqrt(),
            buckets: present.len(),
        })
    }
}

/// Bad requests and all requests.
fn total(counts: &[Counts]) -> (f64, f64) {
    counts.iter().fold((0.0, 0.0), |(x, n), c| (x + c.bad(), n + c.requests()))
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}
