//! Made-up rollouts: traffic with a daily wave and noise, rates that wander, errors in clusters.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Binomial, Distribution, Gamma, Geometric, Normal, Poisson, Uniform};

use super::super::Counts;

/// How errors scatter beyond independent requests.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scatter {
    /// Standard deviation of the level that both sides share, on the logarithm.
    common: f64,
    /// Coefficient of variation of each side's minutes.
    minutes: f64,
    /// Mean size of a cluster of errors.
    cluster: f64,
}

/// Each request for itself.
pub(super) const INDEPENDENT: Scatter = Scatter { common: 0.2, minutes: 0.0, cluster: 1.0 };
/// A usual service.
pub(super) const MILD: Scatter = Scatter { common: 0.2, minutes: 0.1, cluster: 1.5 };

/// A service and a rollout of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Service {
    /// Requests a minute on both sides.
    pub(super) traffic: f64,
    /// Green's share of them.
    pub(super) green_share: f64,
    /// Blue's rate of errors.
    pub(super) blue: f64,
    /// Green's rate of errors.
    pub(super) green: f64,
    /// How the errors scatter.
    pub(super) scatter: Scatter,
}

/// Blue's hour before the rollout, and both sides during it.
pub(super) struct Rollout {
    pub(super) history: Vec<Option<Counts>>,
    pub(super) minutes: Vec<(Option<Counts>, Option<Counts>)>,
}

/// Minutes before the rollout.
const HISTORY: usize = 60;
/// Probability that a side's minute is missing.
const MISSING: f64 = 0.02;

impl Service {
    /// The rollout number `seed`, of `minutes`.
    pub(super) fn roll_out(&self, seed: u64, minutes: usize) -> Rollout {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let phase = uniform(rng) * std::f64::consts::TAU;
        let mut level = normal(rng) * self.scatter.common;
        let mut rollout = Rollout { history: Vec::new(), minutes: Vec::new() };
        for minute in 0..HISTORY + minutes {
            let share = if minute < HISTORY { 0.0 } else { self.green_share };
            let wave = 1.0 + 0.5 * (std::f64::consts::TAU * minute as f64 / 120.0 + phase).sin();
            let noise = (0.1 * normal(rng) - 0.005).exp();
            let all = poisson(rng, self.traffic * wave * noise);
            let green_requests = binomial(rng, all, share);
            let common = (level - self.scatter.common.powi(2) / 2.0).exp();
            let blue = self.side(rng, all - green_requests, self.blue * common);
            let green = self.side(rng, green_requests, self.green * common);
            if minute < HISTORY {
                rollout.history.push(blue);
            } else {
                let (lost_blue, lost_green) = (uniform(rng) < MISSING, uniform(rng) < MISSING);
                rollout.minutes.push((blue.filter(|_| !lost_blue), green.filter(|_| !lost_green)));
            }
            let step = self.scatter.common * (1.0_f64 - 0.9 * 0.9).sqrt();
            level = 0.9 * level + step * normal(rng);
        }
        rollout
    }

    fn side(&self, rng: &mut ChaCha8Rng, requests: f64, rate: f64) -> Option<Counts> {
        let Scatter { minutes, cluster, .. } = self.scatter;
        let rate = if minutes > 0.0 {
            let shape = minutes.powi(-2);
            rate * Gamma::new(shape, 1.0 / shape).unwrap().sample(rng)
        } else {
            rate
        };
        let errors = if cluster > 1.0 {
            let size = Geometric::new(1.0 / cluster).unwrap();
            let clusters = poisson(rng, requests * rate / cluster) as u64;
            (0..clusters).map(|_| 1.0 + size.sample(rng) as f64).sum()
        } else {
            binomial(rng, requests, rate)
        };
        Counts::new(errors, requests)
    }
}

pub(super) fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    Uniform::new(0.0, 1.0).unwrap().sample(rng)
}

pub(super) fn binomial(rng: &mut ChaCha8Rng, requests: f64, rate: f64) -> f64 {
    Binomial::new(requests as u64, rate.min(0.95)).unwrap().sample(rng) as f64
}

fn normal(rng: &mut ChaCha8Rng) -> f64 {
    Normal::new(0.0, 1.0).unwrap().sample(rng)
}

fn poisson(rng: &mut ChaCha8Rng, mean: f64) -> f64 {
    if mean > 0.0 { Poisson::new(mean).unwrap().sample(rng) } else { 0.0 }
}
