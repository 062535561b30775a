//! Latency as counts: how many requests were slower than an edge.
//!
//! The edges are blue's own percentiles before the shift, frozen for the whole comparison. What may
//! be ignored or accepted is a share of *time*: green's requests above `1.05 x` are compared with
//! blue's above `x`, so that the margin means the same at every percentile.

use serde::Serialize;

pub use crate::domain::Quantile;

use super::units::{Growth, Probability};

/// An edge below a millisecond is noise of the clock that measured it.
const SMALLEST_EDGE: f64 = 0.001;

impl Quantile {
    /// The share of requests that are slower.
    pub fn share_beyond(self) -> Probability {
        match self {
            Quantile::P50 => Probability::HALF,
            Quantile::P90 => Probability::TEN_PERCENT,
            Quantile::P99 => Probability::ONE_PERCENT,
        }
    }

    /// Requests that a bucket needs before its percentile is more than the fate of one request: two
    /// of them are slower.
    pub fn fewest_requests(self) -> f64 {
        2.0 / self.share_beyond().get()
    }
}

/// A latency that requests are counted above.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Edge {
    /// The percentile of blue that it was taken from.
    pub quantile: Quantile,
    /// The latency in seconds.
    pub seconds: f64,
}

impl Edge {
    /// The median over the minutes of blue's percentile in seconds, to three digits; nothing
    /// without a minute.
    pub fn from_history(quantile: Quantile, percentiles: &[Option<f64>]) -> Option<Self> {
        let mut known: Vec<f64> = percentiles.iter().flatten().copied().collect();
        known.retain(|seconds| seconds.is_finite());
        known.sort_by(f64::total_cmp);
        let upper = *known.get(known.len() / 2)?;
        let lower = *known.get((known.len() - 1) / 2)?;
        let seconds = three_digits(f64::midpoint(lower, upper).max(SMALLEST_EDGE));
        Some(Self { quantile, seconds })
    }

    /// What to count requests above, in seconds: the edge, the edge and the slowdown that is
    /// ignored, the edge and the one that is accepted.
    pub fn thresholds(self, (ignored, accepted): (Growth, Growth)) -> [f64; 3] {
        [0.0, ignored.get(), accepted.get()].map(|slower| self.seconds * (1.0 + slower))
    }
}

/// Rounded to three significant digits.
fn three_digits(x: f64) -> f64 {
    let scale = 10_f64.powi(2 - x.log10().floor() as i32);
    (x * scale).round() / scale
}

/// One bucket of a cumulative histogram.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HistogramBucket {
    /// Upper bound, included.
    pub bound: f64,
    /// Requests at or below the bound.
    pub at_most: f64,
}

/// Requests slower than `x` out of `total`, from a histogram with ascending bounds.
///
/// Inside a bucket linear in the count and logarithmic in `x`; linear from 0 in the first one. Above
/// the last bound the count stands still: an edge there is of no use and has to be dropped.
pub fn slower_than(x: f64, histogram: &[HistogramBucket], total: f64) -> f64 {
    let mut below = HistogramBucket { bound: 0.0, at_most: 0.0 };
    for bucket in histogram {
        if x < bucket.bound {
            let part = if below.bound <= 0.0 {
                x / bucket.bound
            } else {
                (x / below.bound).ln() / (bucket.bound / below.bound).ln()
            };
            return total - (below.at_most + part * (bucket.at_most - below.at_most));
        }
        below = *bucket;
    }
    total - below.at_most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_edge_is_the_rounded_median_of_the_minutes_that_are_known() {
        let edge =
            |history: &[Option<f64>]| Edge::from_history(Quantile::P90, history).map(|e| e.seconds);
        assert_eq!(edge(&[]), None);
        assert_eq!(edge(&[None, Some(f64::NAN)]), None);
        assert_eq!(edge(&[Some(0.123_456), None, Some(9.0), Some(0.1)]), Some(0.123));
        assert_eq!(edge(&[Some(0.2), Some(0.3)]), Some(0.25));
        assert_eq!(edge(&[Some(0.000_01)]), Some(0.001));
        assert_eq!(edge(&[Some(1234.5)]), Some(1230.0));
    }
}
