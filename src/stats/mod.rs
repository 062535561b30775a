//! How sure we are that green is worse than blue: pure arithmetic on series of counts.
//!
//! **What the verdict means.** It is looked at every few seconds, for hours, by someone who would
//! like it to say something. A usual test with that kind of reader is wrong in every second rollout.
//! Here the evidence is an *e-process*: the wealth of a gambler who bets on "green is worse" at odds
//! that are fair, or worse than fair, as long as green is within the margin. Who does not cheat
//! reaches twenty times the stake with a probability of at most one in twenty, however often anyone
//! looks. So:
//!
//! - `exp(log_e)` are the odds: "someone betting 1 that green is fine would have lost this much".
//! - `confidence` is `1 - 1/max(odds)`: 0.95 is exactly the decision line of an alpha of 0.05. It is
//!   not the probability that green is worse; that would need a prior that nobody chose.
//! - [`Verdict::Worse`] stays, and means: more than is ignored (5 % and 0.01 points for errors, 5 %
//!   in time for latency).
//! - [`Verdict::NoWorse`] means: any harm is below what is accepted (25 % and 0.25 points; 25 % in
//!   time), for every critical metric. It is not the absence of an alarm.
//!
//! **How it gets there.** For each [`Bucket`], normally a minute:
//!
//! 1. Errors and "requests slower than an [`Edge`]" are both bad requests out of all requests: a
//!    [`Tally`] for each side. What is missing is missing, never zero.
//! 2. Each metric is asked three questions ([`EvidenceProcess`]): worse, safe, and worse with the
//!    sides exchanged. Blue's minute is compared with green's same minute, so that time of day and
//!    traffic cancel; many effects and many beginnings are betted on at once; errors that cluster
//!    ([`history_dispersion`]) count for less; no single minute convicts.
//! 3. The [`Judge`] averages the metrics by weight, which needs no correction for having looked at
//!    several; lets only a catastrophe count while green is warm-starting; and says how long it still
//!    takes.
//! 4. When blue has no traffic, green is compared with what blue was ([`Baseline`]): weaker, and
//!    marked as [`Basis::BeforeAfter`].
//!
//! Beside it, [`SplitCheck`] asks whether the traffic is divided as planned.
//!
//! **Limits.** For independent requests the promise is exact. For clustered errors the dispersion is
//! estimated, and the promise was checked by simulation. Sides that really drift apart for ten
//! minutes at a time are different, and are called so. Ten requests a minute show only disasters.

mod bets;
mod config;
mod counts;
mod custom;
mod dispersion;
mod evidence;
mod forecast;
mod gauge;
mod history;
mod interval;
mod judge;
mod latency;
mod metric;
mod mixture;
mod spec;
mod split_check;
#[cfg(test)]
mod tests;
mod tuning;
mod units;
mod verdict;

pub use config::{Config, Configs, GaugeConfig, RateConfig, Role};
pub use counts::{Counts, Sides, Tally, counter_delta};
pub use custom::{CustomMetric, Number, Statistic, WorseWhen, renamed};
pub use dispersion::{HistoryDispersion, history_dispersion};
pub use evidence::{EvidenceProcess, Question};
pub use gauge::GaugeProcess;
pub use history::{Baseline, LONGEST_HISTORY};
pub use interval::{RatioEstimate, RatioInterval};
pub use judge::{Bucket, Judge};
pub use latency::{Edge, HistogramBucket, Quantile, slower_than};
pub use spec::{CountTest, MetricSpec, Sample, Test};
pub use split_check::{SplitAssessment, SplitCheck};
pub use tuning::{BucketLength, Direction};
pub use units::{Growth, Importance, Margin, OutOfRange, Probability, Settle};
pub use verdict::{Assessment, Basis, Eta, MetricAssessment, Verdict};
