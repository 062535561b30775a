//! The evidence of one metric about one question: an e-process over the counts of both sides.
//!
//! Each bucket is a layer of its own, blue's minute against green's same minute, so that the time of
//! day, the traffic and a changing split cancel. `exp(log_e)` may be looked at after each of them: as
//! long as the hypothesis holds it reaches `1/alpha` with a probability of at most `alpha`.

use super::bets::{AgainstLevel, SideBySide};
use super::counts::Counts;
use super::dispersion::{Dispersion, Residual, history_dispersion, tempered};
use super::history::Baseline;
use super::mixture::Mixture;
use super::tuning::{BucketLength, Direction, Tuning};
use super::units::{Margin, Probability};

/// Events that the ratio and its forgetting start from, on each side.
const RATIO_PRIOR: f64 = 0.5;

/// What a process asks, and what it assumes before it has seen anything.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Question {
    /// Whether it looks for harm or for safety.
    pub direction: Direction,
    /// Where "the same" ends.
    pub margin: Margin,
    /// Blue's rate when there is no history.
    pub prior_rate: Probability,
    /// The length of a bucket.
    pub bucket: BucketLength,
}

/// One question to one metric, with everything learnt so far. Constant work and memory per bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct EvidenceProcess {
    pub(super) question: Question,
    pub(super) tuning: Tuning,
    pub(super) mixture: Mixture,
    pub(super) dispersion: Dispersion,
    pub(super) blue: BlueRate,
    pub(super) ratio: Ratio,
    pub(super) pace: Pace,
    /// What green was compared with last when blue had no traffic.
    pub(super) baseline: Option<Baseline>,
    phi: f64,
}

/// Blue's rate, exponentially forgotten, with one event of prior.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct BlueRate {
    pub(super) events: f64,
    pub(super) requests: f64,
    prior: f64,
}

/// Green's rate over blue's (Mantel-Haenszel), exponentially forgotten.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ratio {
    pub(super) green: f64,
    pub(super) blue: f64,
}

/// Recent traffic and green's recent rate, for the forecast only.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Pace {
    pub(super) blue: Option<f64>,
    pub(super) green: Option<f64>,
    pub(super) green_events: f64,
    pub(super) green_requests: f64,
}

impl EvidenceProcess {
    /// A process that has seen blue's `history` before the rollout (oldest first) and nothing else.
    pub fn new(question: Question, history: &[Option<Counts>]) -> Self {
        let tuning = Tuning::new(question.bucket);
        let direction = question.direction;
        let (events, requests) = history
            .iter()
            .flatten()
            .fold((0.0, 0.0), |(x, n), counts| (x + counts.bad(), n + counts.requests()));
        let seen = requests > 0.0;
        let prior_rate = question.prior_rate.get();
        let prior = if seen {
            ((events + 0.5) / (requests + 0.5 / prior_rate)).clamp(1e-5, 0.9)
        } else {
            prior_rate
        };
        Self {
            question,
            tuning,
            mixture: Mixture::new(direction.grid(), direction.wealth_cap(), tuning),
            dispersion: Dispersion::new(seen.then(|| history_dispersion(history)), direction),
            blue: BlueRate { events: 1.0, requests: 1.0 / prior, prior },
            ratio: Ratio { green: RATIO_PRIOR, blue: RATIO_PRIOR },
            pace: Pace::default(),
            baseline: None,
            phi: 1.0,
        }
    }

    /// One bucket that both sides were measured in.
    pub fn update(&mut self, blue: Counts, green: Counts) {
        let requests = (blue.requests(), green.requests());
        let (blue_rate, margin) = self.null_point();
        let expected = expected_variance(blue_rate, requests);
        let phi = self.dispersion.phi(expected);
        self.phi = phi;
        let null = SideBySide::new((blue_rate, margin), self.question.margin.ratio(), requests);
        self.mixture.settle(|kappa| null.log_factor(kappa, blue, green) / phi);
        // Only after the evidence was booked: a bet must not know the bucket that it is about.
        let residual = Residual::new(blue, green, self.ratio.value(), blue_rate);
        self.dispersion.learn(residual, expected, phi, self.tuning.keep_dispersion);
        self.learn(blue, green);
    }

    /// One bucket in which blue had no traffic: green against blue's recent level.
    pub fn update_against(&mut self, green: Counts, baseline: &Baseline) {
        let (null, phi) = self.against(baseline, green.requests());
        self.phi = phi;
        self.mixture.settle(|kappa| null.log_factor(kappa, green) / phi);
        let keep = self.tuning.keep_level;
        self.ratio.learn(keep, green.bad(), green.requests() * baseline.rate);
        self.pace.learn(None, green, &self.tuning);
        self.baseline = Some(*baseline);
    }

    /// Log of the odds that the evidence gives now; negative when it speaks for the hypothesis.
    pub fn log_e(&self) -> f64 {
        self.mixture.log_e
    }

    /// The highest that [`log_e`](Self::log_e) ever was, at least 0.
    pub fn max_log_e(&self) -> f64 {
        self.mixture.max_log_e
    }

    /// What the evidence of the last bucket was divided by, at least 1.
    pub fn phi(&self) -> f64 {
        self.phi
    }

    /// Green's recent rate over blue's.
    pub fn ratio(&self) -> f64 {
        self.ratio.value()
    }

    /// Recent requests a bucket of both sides; nothing before the first bucket.
    pub fn traffic(&self) -> Option<f64> {
        Some(self.pace.green? + self.pace.blue.unwrap_or(0.0))
    }

    /// Blue's rate as known so far, and green's if it is exactly on the margin.
    pub(super) fn null_point(&self) -> (f64, f64) {
        let margin = self.question.margin;
        let most = ((0.97 - margin.plus()) / margin.ratio()).min(0.95);
        let blue = (self.blue.events / self.blue.requests).clamp(1e-9, most);
        (blue, margin.beyond(blue))
    }

    /// The hypothesis about green alone, and what to divide the evidence by.
    pub(super) fn against(&self, baseline: &Baseline, requests: f64) -> (AgainstLevel, f64) {
        let level = match self.question.direction {
            Direction::Worse => baseline.high,
            Direction::Safe => baseline.low,
        };
        let rate = self.question.margin.beyond(level).clamp(1e-9, 0.97);
        let variance = requests * baseline.rate * (1.0 - baseline.rate);
        let scale = (variance / (2.0 * baseline.variance)).sqrt();
        let phi = tempered(baseline.phi, scale, self.question.direction.inflation());
        (AgainstLevel::new(rate), phi)
    }

    /// Levels and traffic, after a bucket that both sides were measured in.
    fn learn(&mut self, blue: Counts, green: Counts) {
        let keep = self.tuning.keep_level;
        let all = blue.requests() + green.requests();
        self.ratio.learn(
            keep,
            green.bad() * blue.requests() / all,
            blue.bad() * green.requests() / all,
        );
        self.blue.events = keep * self.blue.events + (1.0 - keep) + blue.bad();
        self.blue.requests =
            keep * self.blue.requests + (1.0 - keep) / self.blue.prior + blue.requests();
        self.pace.learn(Some(blue), green, &self.tuning);
        self.baseline = None;
    }
}

/// Variance of green's part of the bad requests if they were independent.
pub(super) fn expected_variance(blue_rate: f64, (blue, green): (f64, f64)) -> f64 {
    (blue_rate * (1.0 - blue_rate) * blue * green / (blue + green)).max(1e-9)
}

impl Ratio {
    fn value(&self) -> f64 {
        self.green / self.blue
    }

    fn learn(&mut self, keep: f64, green: f64, blue: f64) {
        let prior = (1.0 - keep) * RATIO_PRIOR;
        self.green = keep * self.green + prior + green;
        self.blue = keep * self.blue + prior + blue;
    }
}

impl Pace {
    fn learn(&mut self, blue: Option<Counts>, green: Counts, tuning: &Tuning) {
        let keep = tuning.keep_traffic;
        let smooth =
            |old: Option<f64>, new: f64| old.map_or(new, |x| keep * x + (1.0 - keep) * new);
        if let Some(blue) = blue {
            self.blue = Some(smooth(self.blue, blue.requests()));
        }
        self.green = Some(smooth(self.green, green.requests()));
        self.green_events = tuning.keep_level * self.green_events + green.bad();
        self.green_requests = tuning.keep_level * self.green_requests + green.requests();
    }
}
