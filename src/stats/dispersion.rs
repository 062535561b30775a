//! How much more the counts scatter than independent requests would.
//!
//! Errors come in clusters: one bad node, one retrying client. Counts that scatter `phi` times as
//! much as independent ones carry `phi` times less evidence, and are divided by it. `phi` is learnt
//! from blue's own history first and from both sides' residuals while they run.

use super::counts::Counts;
use super::tuning::Direction;

/// Information below which a pair of buckets says little about its own scatter.
const HALF_WEIGHT: f64 = 0.5;
/// One bucket's scatter counts at most as so many times the expected one.
const WINSOR: f64 = 6.0;
/// Prior when blue has a history: scatter and how many buckets it is worth.
const PRIOR: (f64, f64) = (1.5, 4.0);
/// Prior when it has none.
const PRIOR_BLIND: (f64, f64) = (2.0, 6.0);
/// The history is worth at most so many buckets: it is another time of day.
const MOST_HISTORY: f64 = 6.0;
/// Below this weight forgetting stops: in a month without one error it would reach 0/0.
const LEAST_WEIGHT: f64 = 1e-12;

/// The scatter of blue's own history.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HistoryDispersion {
    /// Variance over that of independent requests; 1 when there is nothing to learn from.
    pub phi: f64,
    /// How many pairs of buckets it rests on; those with few events count in part.
    pub weight: f64,
    /// Mean expected variance of the pairs, in events squared.
    pub variance: f64,
}

/// The scatter between neighbouring buckets: slow trends of the level do not count. A gap breaks
/// the chain.
pub fn history_dispersion(history: &[Option<Counts>]) -> HistoryDispersion {
    let (mut weights, mut scatter, mut variance) = (0.0, 0.0, 0.0);
    for pair in history.windows(2) {
        let [Some(earlier), Some(later)] = pair else { continue };
        let events = earlier.bad() + later.bad();
        if events <= 0.0 {
            continue;
        }
        let requests = earlier.requests() + later.requests();
        let share = later.requests() / requests;
        let expected = events * share * (1.0 - share) * (1.0 - events / requests).max(0.05);
        let weight = expected / (expected + HALF_WEIGHT);
        weights += weight;
        scatter += weight * (later.bad() - events * share).powi(2) / expected;
        variance += weight * expected;
    }
    if weights <= 0.0 {
        return HistoryDispersion { phi: 1.0, weight: 0.0, variance: 0.0 };
    }
    HistoryDispersion { phi: scatter / weights, weight: weights, variance: variance / weights }
}

/// What is known about the scatter, as weighted sums that forget.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Dispersion {
    pub(super) weight: f64,
    /// Weighted sum of the scaled squared residuals.
    pub(super) scatter: f64,
    /// Weighted sum of the variances they were learnt at; none before the first bucket.
    pub(super) variance: Option<f64>,
    inflation: f64,
}

impl Dispersion {
    /// What blue's history says, if it has one.
    pub(super) fn new(history: Option<HistoryDispersion>, direction: Direction) -> Self {
        let inflation = direction.inflation();
        let Some(history) = history else {
            let (phi, weight) = PRIOR_BLIND;
            return Self { weight, scatter: weight * phi, variance: None, inflation };
        };
        let (prior_phi, prior_weight) = PRIOR;
        let learnt = history.weight.min(MOST_HISTORY);
        let weight = prior_weight + learnt;
        let scatter = prior_phi * prior_weight + history.phi.max(1.0) * learnt;
        let variance = (history.weight > 0.0).then(|| weight * history.variance.max(1e-3));
        Self { weight, scatter, variance, inflation }
    }

    /// The factor to divide the evidence of a bucket by whose expected variance is `expected`.
    ///
    /// The excess over 1 grows with the traffic if it comes from noisy minutes and stays if it comes
    /// from clusters; the square root is half way between.
    pub(super) fn phi(&self, expected: f64) -> f64 {
        let learnt_at = self.variance.unwrap_or(self.weight * expected);
        let scale = (expected * self.weight / learnt_at).sqrt();
        tempered(self.scatter / self.weight, scale, self.inflation)
    }

    /// Learns from a bucket of expected variance `expected` that was judged with `phi`.
    pub(super) fn learn(&mut self, residual: Option<Residual>, expected: f64, phi: f64, keep: f64) {
        let keep = if self.weight < LEAST_WEIGHT { 1.0 } else { keep };
        let learnt_at = self.variance.unwrap_or(self.weight * expected);
        let (weight, scatter) = residual
            .map_or((0.0, 0.0), |residual| (residual.weight, residual.scatter.min(WINSOR * phi)));
        self.weight = keep * self.weight + weight;
        self.scatter = keep * self.scatter + weight * scatter;
        self.variance = Some(keep * learnt_at + weight * expected);
    }
}

/// `phi` used for a bucket: the exaggerated, rescaled excess over independent requests.
pub(super) fn tempered(phi: f64, scale: f64, inflation: f64) -> f64 {
    (1.0 + (phi - 1.0) * scale.clamp(0.5, 2.0) * inflation).max(1.0)
}

/// How far green's part of the bad requests of one bucket is from what was expected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Residual {
    weight: f64,
    /// Squared and scaled: 1 on average for independent requests.
    scatter: f64,
}

impl Residual {
    /// With the ratio of the rates and blue's rate as they were known before; nothing when no
    /// request was bad.
    pub(super) fn new(blue: Counts, green: Counts, ratio: f64, blue_rate: f64) -> Option<Self> {
        let events = blue.bad() + green.bad();
        if events <= 0.0 {
            return None;
        }
        let share = ratio * green.requests() / (blue.requests() + ratio * green.requests());
        let green_rate = (ratio * blue_rate).clamp(1e-9, 0.95);
        let free = (1.0 - ((1.0 - share) * green_rate + share * blue_rate)).max(0.05);
        let variance = events * share * (1.0 - share) * free;
        let scatter = (green.bad() - share * events).powi(2) / variance;
        Some(Self { weight: variance / (variance + HALF_WEIGHT), scatter })
            .filter(|residual| residual.scatter.is_finite())
    }
}
