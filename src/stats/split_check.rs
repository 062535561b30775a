//! Is the traffic divided as planned? (Known as the check for sample-ratio mismatch.)
//!
//! A listener that forwards 50 % while 5 % were asked for does not make green worse, but it makes
//! everything said about the rollout wrong. Two e-processes watch the share bucket by bucket, one
//! for each side getting more than it should; their mean may be looked at at any time. A plan that
//! changes needs no restart, since each bucket is judged by its own plan.

use serde::Serialize;

use crate::domain::Split;

use super::bets::AgainstLevel;
use super::counts::{Counts, Sides};
use super::mixture::{Mixture, log_sum_exp};
use super::tuning::{BucketLength, Tuning};
use super::units::Probability;

/// By how much a side's share is multiplied in a bet, all with the same weight.
const GRID: [(f64, f64); 6] =
    [(1.02, SIXTH), (1.05, SIXTH), (1.1, SIXTH), (1.25, SIXTH), (1.75, SIXTH), (4.0, SIXTH)];
const SIXTH: f64 = 1.0 / 6.0;
/// The most that can be banked, in nats: a split that was put right is believed again soon.
const WEALTH_CAP: f64 = 8.0;

/// Share of all requests that either side may have too much: no harm comes from it.
const TOLERANCE: f64 = 0.01;
/// The same as a part of the smaller share, so that 0 % is not according to a plan of 1 %.
const TOLERANCE_OF_SHARE: f64 = 0.25;
/// The same when clients stick to a side.
const STICKY_TOLERANCE: f64 = 0.1;
/// Variance of the share over that of requests which are each sent by a coin: retries clump.
const DISPERSION: f64 = 1.5;
/// The same when whole visits are sent, of some twenty requests on average.
const STICKY_DISPERSION: f64 = 40.0;

/// Compares the share of requests that green gets with the plan.
#[derive(Debug, Clone)]
pub struct SplitCheck {
    alpha: Probability,
    tuning: Tuning,
    green_too_much: Mixture,
    blue_too_much: Mixture,
    planned: Option<Split>,
    /// The highest share of green that was ever planned, 0 to 1.
    highest: f64,
    /// Requests under the present plan, exponentially forgotten: green's and all.
    recent: (f64, f64),
    expected: Option<Expected>,
}

/// Which shares are according to plan, and how requests scatter.
#[derive(Debug, Clone, Copy)]
struct Expected {
    low: f64,
    high: f64,
    dispersion: f64,
    sticky: bool,
}

/// What is known about the split after a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SplitAssessment {
    /// Green's recent share of the requests, 0 to 1.
    pub measured: f64,
    /// Shares from here are according to plan.
    pub low: f64,
    /// Shares up to here are according to plan.
    pub high: f64,
    /// Whether `low` and `high` are far apart because clients stick to a side.
    pub widened_by_stickiness: bool,
    /// Log of the odds that the traffic is not divided as planned.
    pub log_e: f64,
    /// Whether the evidence is beyond the decision line now.
    pub mismatch: bool,
}

impl SplitCheck {
    /// A check that raises a false alarm with a probability of at most `alpha` in a whole rollout.
    pub fn new(alpha: Probability, bucket: BucketLength) -> Self {
        let tuning = Tuning::new(bucket);
        let mixture = Mixture::new(&GRID, WEALTH_CAP, tuning);
        Self {
            alpha,
            tuning,
            green_too_much: mixture.clone(),
            blue_too_much: mixture,
            planned: None,
            highest: 0.0,
            recent: (0.0, 0.0),
            expected: None,
        }
    }

    /// Checks one bucket: the plan, whether clients stick to a side, and the requests of blue and
    /// green (nothing where unknown; 0 is a measurement).
    ///
    /// A bucket in which the plan changed has requests of both plans and is left out. So is one in
    /// which all traffic was meant for one side: what the other gets then is tests.
    pub fn push(
        &mut self,
        planned: Option<Split>,
        sticky: bool,
        requests: Sides<f64>,
    ) -> Option<SplitAssessment> {
        if planned != self.planned {
            self.planned = planned;
            self.recent = (0.0, 0.0);
            self.expected = None;
        } else if let Some((split, (blue, green))) = planned.zip(requests.both()) {
            self.check(split.green.get() / 100.0, sticky, (blue, green));
        }
        self.assessment()
    }

    /// What is known now; nothing before the first bucket of a plan that could be checked.
    pub fn assessment(&self) -> Option<SplitAssessment> {
        let expected = self.expected?;
        // The mean of the two directions.
        let both = [self.green_too_much.log_e, self.blue_too_much.log_e];
        let log_e = log_sum_exp(both.into_iter()) - 2.0_f64.ln();
        Some(SplitAssessment {
            measured: self.recent.0 / self.recent.1,
            low: expected.low,
            high: expected.high,
            widened_by_stickiness: expected.sticky,
            log_e,
            mismatch: log_e >= self.alpha.decision_line(),
        })
    }

    fn check(&mut self, share: f64, sticky: bool, (blue, green): (f64, f64)) {
        self.highest = self.highest.max(share);
        let all = blue + green;
        let sides = Counts::new(blue, all).zip(Counts::new(green, all));
        let Some((blue, green)) = sides.filter(|_| share > 0.0 && share < 1.0) else { return };
        let expected = self.expected_at(share, sticky);
        watch(&mut self.green_too_much, expected.high, expected.dispersion, green);
        watch(&mut self.blue_too_much, 1.0 - expected.low, expected.dispersion, blue);
        let keep = self.tuning.keep_level;
        self.recent = (keep * self.recent.0 + green.bad(), keep * self.recent.1 + all);
        self.expected = Some(expected);
    }

    /// With stickiness visits that began under an older plan stay where they are, so that every
    /// share between the plans that ever held is according to plan; the oldest is all on blue.
    fn expected_at(&self, share: f64, sticky: bool) -> Expected {
        if sticky {
            let high = (self.highest + STICKY_TOLERANCE).min(1.0);
            return Expected { low: 0.0, high, dispersion: STICKY_DISPERSION, sticky };
        }
        let tolerance = TOLERANCE.min(TOLERANCE_OF_SHARE * share.min(1.0 - share));
        let (low, high) = (share - tolerance, share + tolerance);
        Expected { low, high, dispersion: DISPERSION, sticky }
    }
}

/// Bets on a side getting more than `most` of the requests.
fn watch(mixture: &mut Mixture, most: f64, dispersion: f64, side: Counts) {
    if most < 1.0 {
        let null = AgainstLevel::new(most);
        mixture.settle(|kappa| null.log_factor(kappa, side) / dispersion);
    }
}
