//! What is concluded, in numbers; the words belong to whoever shows it.

use serde::Serialize;

use super::config::Role;
use super::counts::Counts;
use super::history::Baseline;
use super::interval::RatioEstimate;

/// Green against blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum Verdict {
    /// Green is worse by more than is ignored. Stays: only a new comparison takes it back.
    Worse,
    /// Any harm is below what is accepted, for every critical metric.
    NoWorse,
    /// No worse, and blue would be called worse than green.
    Better,
    /// The evidence does not say yet.
    Undecided,
    /// Green has no traffic, or there was nothing to compare for some minutes.
    NoData,
    /// Blue has no traffic, and too short a history to compare green with what it was before.
    CannotCompareSideBySide,
}

/// What green is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Blue in the same minutes.
    SideBySide,
    /// Blue as it was while it had traffic. Weaker: what else changed since then counts too.
    BeforeAfter,
}

/// When a decision can be expected if everything goes on like this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case", tag = "state", content = "buckets")]
pub enum Eta {
    /// It has been taken.
    Decided,
    /// In so many buckets; within a factor of two in about two cases of three.
    Buckets(u32),
    /// Any bucket may decide: with fewer than 100 requests a minute the estimate is up to 40 times
    /// too long, so that no figure should be shown.
    LittleTraffic(Option<u32>),
    /// Nothing was judged yet.
    TooEarly,
    /// Not within a day at this traffic.
    NotAtThisTraffic,
}

impl Eta {
    /// The estimate in buckets, however poor.
    pub fn buckets(self) -> Option<u32> {
        match self {
            Eta::Decided => Some(0),
            Eta::Buckets(buckets) => Some(buckets),
            Eta::LittleTraffic(buckets) => buckets,
            Eta::TooEarly | Eta::NotAtThisTraffic => None,
        }
    }
}

/// Everything that is known after a bucket.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Assessment {
    /// The conclusion.
    pub verdict: Verdict,
    /// What green was compared with in the last bucket.
    pub basis: Basis,
    /// The bucket that the verdict "worse" fell in, counted from 0 as they were pushed.
    pub worse_since: Option<u32>,
    /// Log of the odds that green is worse.
    pub log_e: f64,
    /// Probability-like and valid at any time: 0.95 is exactly the decision line of an alpha of
    /// 0.05. Never falls.
    pub confidence: f64,
    /// How far the evidence is that every critical metric is safe, 0 to 1.
    pub safe_progress: f64,
    /// When a decision can be expected.
    pub eta: Eta,
    /// The metric that speaks loudest for "worse": a position in `metrics`. After the verdict
    /// "worse" the one that it rests on.
    pub blame: Option<usize>,
    /// Buckets that counted, the warm-up not among them.
    pub judged: u32,
    /// Buckets of the warm-up that are still to come.
    pub warm_up_left: u32,
    /// Each metric alone, in the order given to the judge.
    pub metrics: Vec<MetricAssessment>,
}

impl Assessment {
    /// Someone who betted 1 on green being fine would have lost this much.
    pub fn odds(&self) -> f64 {
        self.log_e.exp()
    }

    /// The metric that speaks loudest for "worse".
    pub fn blamed(&self) -> Option<&MetricAssessment> {
        self.metrics.get(self.blame?)
    }
}

/// What one metric says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricAssessment {
    /// Its name.
    pub name: String,
    /// Its say in the verdict.
    pub role: Role,
    /// Its part of the whole stake, 0 to 1.
    pub weight: f64,
    /// Log of the odds that green is worse in it.
    pub log_e: f64,
    /// Log of the odds that green is better in it.
    pub log_e_better: f64,
    /// How far the evidence is that it is safe, 0 to 1.
    pub safe_progress: f64,
    /// Blue's counts in the buckets that were judged.
    pub blue: Option<Counts>,
    /// Green's counts in the buckets that were judged.
    pub green: Option<Counts>,
    /// Green's rate over blue's, side by side, with an interval that holds at any time.
    pub ratio: Option<RatioEstimate>,
    /// Green's recent number over blue's, for a metric of one number a minute.
    pub gauge_ratio: Option<f64>,
    /// What the evidence of the last bucket was divided by because errors cluster, at least 1.
    pub dispersion: Option<f64>,
    /// Blue's level before, when there is no blue to compare with.
    pub baseline: Option<Baseline>,
}
