//! The wealth of many bets at once: over how large the effect is, and over when it began.
//!
//! Nobody knows beforehand how much worse green is, so every effect of a grid gets a part of the
//! stake. Nobody knows when it starts to be worse, so the stake is laid out over the buckets: half
//! at the first, the rest thinner and thinner for ever. What was not staked yet stays in the hand.
//! The average over bets that are each fair is fair, so the sum of all may be looked at at any time.

use super::tuning::Tuning;

/// A forecast further away than a day of minutes is no forecast.
const FURTHEST_FORECAST: f64 = 1440.0;

/// One effect of the grid, with the wealth that betting on it made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Component {
    /// The effect that is betted on; its meaning belongs to whoever places the bets.
    bet: f64,
    log_weight: f64,
    pub(super) log_wealth: f64,
}

/// An e-process: `exp(log_e)` starts at 1 and reaches `1/alpha` with a probability of at most
/// `alpha` while the hypothesis that is betted against holds, however often it is looked at.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mixture {
    pub(super) components: Vec<Component>,
    pub(super) steps: u32,
    pub(super) log_e: f64,
    pub(super) max_log_e: f64,
    wealth_cap: f64,
    tuning: Tuning,
}

impl Mixture {
    /// Bets with their weights, which sum to one; no bet banks more than `wealth_cap` nats.
    pub(super) fn new(grid: &[(f64, f64)], wealth_cap: f64, tuning: Tuning) -> Self {
        let components = grid
            .iter()
            .map(|(bet, weight)| Component {
                bet: *bet,
                log_weight: weight.ln(),
                log_wealth: f64::NEG_INFINITY,
            })
            .collect();
        Self { components, steps: 0, log_e: 0.0, max_log_e: 0.0, wealth_cap, tuning }
    }

    /// Settles one bucket: `log_factor` tells for each bet by how much its wealth grew, in nats.
    ///
    /// No bucket counts for more than the cap, so that no single minute convicts.
    pub(super) fn settle(&mut self, log_factor: impl Fn(f64) -> f64) {
        let log_stake = self.next_log_stake();
        for component in &mut self.components {
            let growth = log_factor(component.bet).min(self.tuning.cap);
            let staked = log_add_exp(component.log_wealth, log_stake);
            component.log_wealth = (staked + growth).min(self.wealth_cap);
        }
        self.steps = self.steps.saturating_add(1);
        let in_hand = (1.0 - self.staked(self.steps)).ln();
        self.log_e = log_sum_exp(
            self.components.iter().map(|c| c.log_wealth + c.log_weight).chain([in_hand]),
        );
        self.max_log_e = self.max_log_e.max(self.log_e);
    }

    /// Buckets until the evidence reaches `log_threshold` when every bucket brings each bet its
    /// `gain`; nothing when no bet gets there within 1440 buckets.
    pub(super) fn buckets_until(
        &self,
        log_threshold: f64,
        gain: impl Fn(f64) -> f64,
    ) -> Option<u32> {
        if self.log_e >= log_threshold {
            return Some(0);
        }
        let log_stake = self.next_log_stake();
        self.components
            .iter()
            .filter_map(|component| {
                let gain = gain(component.bet).min(self.tuning.cap);
                let start = log_add_exp(component.log_wealth, log_stake) + component.log_weight;
                (gain > 0.0).then(|| ((log_threshold - start) / gain).ceil().max(1.0))
            })
            .min_by(f64::total_cmp)
            .filter(|buckets| *buckets <= FURTHEST_FORECAST)
            .map(|buckets| buckets as u32)
    }

    /// The part of the stake that is laid out after `steps` buckets.
    fn staked(&self, steps: u32) -> f64 {
        let Some(later) = steps.checked_sub(1).map(f64::from) else { return 0.0 };
        let first = self.tuning.first_stake;
        first + (1.0 - first) * later / (later + self.tuning.stake_half_life)
    }

    /// Log of what is newly laid out at the next bucket.
    fn next_log_stake(&self) -> f64 {
        (self.staked(self.steps.saturating_add(1)) - self.staked(self.steps)).ln()
    }
}

/// `ln(exp(a) + exp(b))` without leaving the range of `f64`.
pub(super) fn log_add_exp(a: f64, b: f64) -> f64 {
    let (high, low) = if a >= b { (a, b) } else { (b, a) };
    if low == f64::NEG_INFINITY { high } else { high + (low - high).exp().ln_1p() }
}

/// `ln` of the sum of the exponentials; minus infinity for nothing.
pub(super) fn log_sum_exp(terms: impl Iterator<Item = f64> + Clone) -> f64 {
    let high = terms.clone().fold(f64::NEG_INFINITY, f64::max);
    if high == f64::NEG_INFINITY {
        return high;
    }
    high + terms.map(|term| (term - high).exp()).sum::<f64>().ln()
}
