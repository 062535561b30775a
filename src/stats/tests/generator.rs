//! Made-up rollouts: traffic with a daily wave and noise, rates that wander, errors in clusters.
//!
//! It knows nothing of the engine. The calibration in `benches/calibrate` plays its rollouts too.

use std::f64::consts::TAU;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Binomial, Distribution, Gamma, Normal, Poisson, Uniform};

/// How errors scatter beyond independent requests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scatter {
    /// Standard deviation of the level that both sides share, on the logarithm.
    pub(super) common: f64,
    /// The same of a level that each side has for itself: a real difference, for ten minutes.
    pub(super) own: f64,
    /// Coefficient of variation of each side's minutes.
    pub(super) minutes: f64,
    /// Mean size of a cluster of errors.
    pub(super) cluster: f64,
}

/// Each request for itself.
pub(super) const INDEPENDENT: Scatter =
    Scatter { common: 0.2, own: 0.0, minutes: 0.0, cluster: 1.0 };
/// A usual service.
pub(super) const MILD: Scatter = Scatter { common: 0.2, own: 0.0, minutes: 0.1, cluster: 1.5 };
/// A restless one.
pub(super) const HEAVY: Scatter = Scatter { common: 0.3, own: 0.0, minutes: 0.3, cluster: 2.0 };

/// A service and a rollout of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Service {
    /// Requests a minute on both sides.
    pub(super) traffic: f64,
    /// Green's share of them.
    pub(super) green_share: f64,
    /// Blue's rate of errors.
    pub(super) blue: f64,
    /// Green's rate: so many times blue's, and a share of all requests on top.
    pub(super) green: (f64, f64),
    /// How the errors scatter.
    pub(super) scatter: Scatter,
    /// Minutes of blue alone before the rollout.
    pub(super) history: usize,
}

/// Bad requests and all requests of one side in one minute; nothing when they were not measured.
pub(super) type Measured = Option<(f64, f64)>;

/// Blue before the rollout, and both sides (blue, green) during it.
pub(super) struct Rollout {
    pub(super) history: Vec<Measured>,
    pub(super) minutes: Vec<(Measured, Measured)>,
}

/// Probability that a side's minute is missing.
const MISSING: f64 = 0.02;

impl Service {
    /// The rollout number `seed`, of `minutes`.
    pub(super) fn roll_out(&self, seed: u64, minutes: usize) -> Rollout {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let traffic = Traffic::new(rng, self.traffic);
        let mut errors = Errors::new(rng, self);
        let mut rollout = Rollout { history: Vec::new(), minutes: Vec::new() };
        for minute in 0..self.history + minutes {
            let share = if minute < self.history { 0.0 } else { self.green_share };
            let requests = traffic.minute(rng, minute, share);
            let (blue, green) = errors.minute(rng, requests);
            if minute < self.history {
                rollout.history.push(blue);
            } else {
                let sides = (blue.filter(|_| !is_lost(rng)), green.filter(|_| !is_lost(rng)));
                rollout.minutes.push(sides);
            }
        }
        rollout
    }
}

/// Whether a minute of one side does not arrive.
pub(super) fn is_lost(rng: &mut ChaCha8Rng) -> bool {
    uniform(rng) < MISSING
}

/// Requests of a service whose day has two hours.
pub(super) struct Traffic {
    mean: f64,
    phase: f64,
}

impl Traffic {
    /// `mean` requests a minute, at any time of the day.
    pub(super) fn new(rng: &mut ChaCha8Rng, mean: f64) -> Self {
        Self { mean, phase: uniform(rng) * TAU }
    }

    /// The requests of blue and of green, which gets `share`.
    pub(super) fn minute(&self, rng: &mut ChaCha8Rng, minute: usize, share: f64) -> (f64, f64) {
        let wave = 1.0 + 0.5 * (TAU * minute as f64 / 120.0 + self.phase).sin();
        let noise = (0.1 * normal(rng) - 0.005).exp();
        let all = poisson(rng, self.mean * wave * noise);
        let green = binomial(rng, all, share);
        (all - green, green)
    }
}

/// The errors of both sides.
pub(super) struct Errors {
    service: Service,
    common: Wander,
    own: [Wander; 2],
}

impl Errors {
    /// Those of `service`, whose levels have been wandering for ever.
    pub(super) fn new(rng: &mut ChaCha8Rng, service: &Service) -> Self {
        let Scatter { common, own, .. } = service.scatter;
        let common = Wander::new(rng, common, 0.9);
        let own = [Wander::new(rng, own, 0.8), Wander::new(rng, own, 0.8)];
        Self { service: *service, common, own }
    }

    /// What blue and green measure with so many requests; nothing without any.
    pub(super) fn minute(
        &mut self,
        rng: &mut ChaCha8Rng,
        (blue, green): (f64, f64),
    ) -> (Measured, Measured) {
        let rate = self.service.blue * self.common.factor(rng);
        let (times, plus) = self.service.green;
        let rates =
            (rate * self.own[0].factor(rng), (times * rate + plus) * self.own[1].factor(rng));
        (self.side(rng, blue, rates.0), self.side(rng, green, rates.1))
    }

    fn side(&self, rng: &mut ChaCha8Rng, requests: f64, rate: f64) -> Measured {
        let Scatter { minutes, cluster, .. } = self.service.scatter;
        let noise =
            if minutes > 0.0 { gamma(rng, minutes.powi(-2)) * minutes.powi(2) } else { 1.0 };
        let rate = (rate * noise).min(0.95);
        let bad = if cluster > 1.0 {
            // Clusters of geometric size: each has one error, and all together a negative binomial
            // number more, which is a Poisson number of gamma mean.
            let clusters = poisson(rng, requests * rate / cluster);
            let more = if clusters > 0.0 { gamma(rng, clusters) * (cluster - 1.0) } else { 0.0 };
            (clusters + poisson(rng, more)).min(requests)
        } else {
            binomial(rng, requests, rate)
        };
        (requests > 0.0).then_some((bad, requests))
    }
}

/// A level that wanders around 0 and keeps a part of where it is from minute to minute.
pub(super) struct Wander {
    deviation: f64,
    keep: f64,
    level: f64,
}

impl Wander {
    /// With this standard deviation.
    pub(super) fn new(rng: &mut ChaCha8Rng, deviation: f64, keep: f64) -> Self {
        Self { deviation, keep, level: deviation * normal(rng) }
    }

    /// The level of this minute.
    pub(super) fn next(&mut self, rng: &mut ChaCha8Rng) -> f64 {
        if self.deviation <= 0.0 {
            return 0.0;
        }
        let now = self.level;
        let step = self.deviation * (1.0 - self.keep * self.keep).sqrt();
        self.level = self.keep * now + step * normal(rng);
        now
    }

    /// The level of this minute as a factor whose mean is 1.
    fn factor(&mut self, rng: &mut ChaCha8Rng) -> f64 {
        (self.next(rng) - self.deviation * self.deviation / 2.0).exp()
    }
}

pub(super) fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    Uniform::new(0.0, 1.0).unwrap().sample(rng)
}

pub(super) fn binomial(rng: &mut ChaCha8Rng, requests: f64, rate: f64) -> f64 {
    Binomial::new(requests as u64, rate).unwrap().sample(rng) as f64
}

pub(super) fn normal(rng: &mut ChaCha8Rng) -> f64 {
    Normal::new(0.0, 1.0).unwrap().sample(rng)
}

fn poisson(rng: &mut ChaCha8Rng, mean: f64) -> f64 {
    if mean > 0.0 { Poisson::new(mean).unwrap().sample(rng) } else { 0.0 }
}

fn gamma(rng: &mut ChaCha8Rng, shape: f64) -> f64 {
    Gamma::new(shape, 1.0).unwrap().sample(rng)
}
