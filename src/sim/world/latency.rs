//! Response times as counts in fine logarithmic bins, so that every statistic of a minute is taken
//! from the same requests: percentiles, trimmed counts, percentile ranks, average and sum agree.

use std::sync::LazyLock;

use rand::Rng;
use rand_distr::{Distribution, Poisson};
use statrs::function::erf::erf;

/// Lower edge of the first bin, in seconds.
const FLOOR: f64 = 0.000_1;
/// Bins from one power of ten to the next: each is 4.9 % wide.
const PER_DECADE: usize = 48;
/// Bins from [`FLOOR`] to 100 s.
const BINS: usize = 6 * PER_DECADE;
/// The standard normal quantile of 0.99.
const Z99: f64 = 2.326_347_874;
/// Spread of the fast half of the requests, as the logarithm of a factor.
const BODY: f64 = 0.32;

/// How long a release takes to answer: a log-normal body with a tail of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    median: f64,
    tail: f64,
}

impl Shape {
    /// The shape whose 50th and 99th percentiles are these, in seconds.
    pub(crate) fn new(p50: f64, p99: f64) -> Self {
        Self { median: p50, tail: (p99 / p50).ln() / Z99 }
    }

    /// The share of requests answered within `seconds`.
    fn share_within(self, seconds: f64) -> f64 {
        let distance = (seconds / self.median).ln();
        let spread = if distance < 0.0 { BODY } else { self.tail };
        0.5 * (1.0 + erf(distance / spread / std::f64::consts::SQRT_2))
    }
}

/// Response times of some requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatencyBins {
    counts: Vec<u32>,
    /// The sum of `counts`.
    total: u64,
}

impl Default for LatencyBins {
    fn default() -> Self {
        Self { counts: vec![0; BINS], total: 0 }
    }
}

impl LatencyBins {
    /// Adds a Poisson number of requests with the mean `expected`, spread as `shape` says.
    ///
    /// Independent Poisson counts are exactly a Poisson total split by a multinomial draw.
    pub(crate) fn draw(&mut self, expected: f64, shape: Shape, random: &mut impl Rng) {
        const NEGLIGIBLE: f64 = 1e-9;
        let mut below = 0.0;
        for (bin, count) in self.counts.iter_mut().enumerate() {
            let last = bin + 1 == BINS;
            let within = if last { 1.0 } else { shape.share_within(edge(bin + 1)) };
            let mean = expected * (within - below);
            below = within;
            if mean > NEGLIGIBLE
                && let Ok(poisson) = Poisson::new(mean)
            {
                *count = count.saturating_add(poisson.sample(random) as u32);
            }
        }
        self.recount();
    }

    /// The same response times with only the share `part` of the requests.
    pub(crate) fn thinned(&self, part: f64) -> Self {
        let thin = |count: &u32| (f64::from(*count) * part).floor() as u32;
        let mut thinned = Self { counts: self.counts.iter().map(thin).collect(), total: 0 };
        thinned.recount();
        thinned
    }

    /// Number of requests that got an answer.
    pub fn count(&self) -> u64 {
        self.total
    }

    /// The response time in seconds that the share `p` (0-1) of the requests did not exceed.
    pub fn quantile(&self, p: f64) -> Option<f64> {
        let rank = ((p.clamp(0.0, 1.0) * self.total as f64).ceil() as u64).max(1);
        let mut before = 0;
        for (bin, count) in self.filled() {
            if before + count >= rank {
                return Some(place(bin, rank - before, count));
            }
            before += count;
        }
        None
    }

    /// How many requests took at most `seconds`.
    pub fn count_at_most(&self, seconds: f64) -> u64 {
        let whole = EDGES.partition_point(|edge| *edge <= seconds).saturating_sub(1).min(BINS);
        let below: u64 = self.counts.iter().take(whole).map(|count| u64::from(*count)).sum();
        let count = self.counts.get(whole).map_or(0, |count| u64::from(*count));
        let (low, high) = (edge(whole), edge(whole + 1));
        let part = if high > low { ((seconds - low) / (high - low)).clamp(0.0, 1.0) } else { 0.0 };
        // The k-th of n stands at (k - 0.5) / n; the margin absorbs rounding.
        below + ((part * count as f64 + 0.5 + 1e-6).floor() as u64).min(count)
    }

    /// The sum of all response times in seconds.
    pub fn sum(&self) -> f64 {
        self.filled().map(|(bin, count)| count as f64 * (edge(bin) + edge(bin + 1)) / 2.0).sum()
    }

    /// The sum of the response times from the one after rank `from` to rank `to`, in seconds.
    pub fn sum_of_ranks(&self, from: u64, to: u64) -> f64 {
        let mut before = 0;
        let mut sum = 0.0;
        for (bin, count) in self.filled() {
            let first = from.saturating_sub(before).min(count);
            let last = to.saturating_sub(before).min(count);
            if first < last {
                // The middle of evenly spread requests stands for all of them.
                let (low, high) = (edge(bin), edge(bin + 1));
                let middle = (first + last) as f64 / 2.0 / count as f64;
                sum += (last - first) as f64 * (low + (high - low) * middle);
            }
            before += count;
        }
        sum
    }

    /// Adds the requests of `other`.
    pub fn merge(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count = count.saturating_add(*more);
        }
        self.recount();
    }

    fn recount(&mut self) {
        self.total = self.counts.iter().map(|count| u64::from(*count)).sum();
    }

    /// The average response time in seconds.
    pub fn mean(&self) -> Option<f64> {
        (self.total > 0).then(|| self.sum() / self.total as f64)
    }

    /// The shortest response time in seconds.
    pub fn min(&self) -> Option<f64> {
        self.filled().next().map(|(bin, count)| place(bin, 1, count))
    }

    /// The longest response time in seconds.
    pub fn max(&self) -> Option<f64> {
        self.filled().last().map(|(bin, count)| place(bin, count, count))
    }

    fn filled(&self) -> impl Iterator<Item = (usize, u64)> {
        let counts = self.counts.iter().map(|count| u64::from(*count)).enumerate();
        counts.filter(|(_, count)| *count > 0)
    }
}

/// The edges of all bins in seconds; computed once, as every statistic asks for hundreds.
static EDGES: LazyLock<[f64; BINS + 1]> = LazyLock::new(|| {
    std::array::from_fn(|bin| FLOOR * 10_f64.powf(bin as f64 / PER_DECADE as f64))
});

/// The lower edge of a bin in seconds.
fn edge(bin: usize) -> f64 {
    EDGES[bin.min(BINS)]
}

/// Where the `nth` (from 1) of `count` requests of a bin stands: they are spread evenly.
fn place(bin: usize, nth: u64, count: u64) -> f64 {
    let (low, high) = (edge(bin), edge(bin + 1));
    low + (high - low) * (nth as f64 - 0.5) / count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::world::random::Seed;

    fn drawn() -> LatencyBins {
        let mut bins = LatencyBins::default();
        bins.draw(200_000.0, Shape::new(0.042, 0.310), &mut Seed(7).stream("latency", 0));
        bins
    }

    #[test]
    fn the_percentiles_are_those_asked_for() {
        let bins = drawn();
        let (p50, p99) = (bins.quantile(0.5).unwrap(), bins.quantile(0.99).unwrap());
        assert!((p50 / 0.042 - 1.0).abs() < 0.02, "{p50}");
        assert!((p99 / 0.310 - 1.0).abs() < 0.03, "{p99}");
    }

    #[test]
    fn percentiles_and_counts_agree() {
        let bins = drawn();
        for percent in 1..=100_u64 {
            let quantile = bins.quantile(percent as f64 / 100.0).unwrap();
            let rank = (bins.count() * percent).div_ceil(100);
            assert_eq!(bins.count_at_most(quantile), rank, "p{percent}");
            assert!(bins.count_at_most(quantile * 0.999_999) < rank, "p{percent}");
        }
    }

    #[test]
    fn sums_of_ranks_add_up_and_merging_doubles_them() {
        let mut bins = drawn();
        let (count, sum) = (bins.count(), bins.sum());
        let parts = bins.sum_of_ranks(0, count / 3) + bins.sum_of_ranks(count / 3, u64::MAX);
        assert!((parts / sum - 1.0).abs() < 1e-9, "{parts} of {sum}");
        assert_eq!(Some(bins.sum_of_ranks(count - 1, count)), bins.max());
        bins.merge(&bins.clone());
        assert_eq!(bins.count(), 2 * count);
        assert!((bins.sum() / sum - 2.0).abs() < 1e-9);
    }

    #[test]
    fn the_mean_lies_between_the_extremes_and_nothing_has_no_mean() {
        let bins = drawn();
        let (min, mean, max) = (bins.min().unwrap(), bins.mean().unwrap(), bins.max().unwrap());
        assert!(min < mean && mean < max);
        assert_eq!(bins.count_at_most(max), bins.count());
        assert_eq!(bins.count_at_most(min * 0.999), 0);
        let empty = LatencyBins::default();
        assert_eq!((empty.mean(), empty.quantile(0.5), empty.max()), (None, None, None));
    }
}
