//! Which metrics take part, how each is compared, and what blue did before.

use super::config::{Config, RateConfig, Role};
use super::counts::{Counts, Sides, Tally};
use super::gauge::measured;
use super::latency::Quantile;
use super::units::{Growth, Importance, Margin, Probability};

/// A metric that takes part, with blue's history before the rollout.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricSpec {
    /// As it is called in the config file and in the output.
    pub name: String,
    /// Its weight next to the other metrics; the sum does not matter.
    pub weight: Importance,
    /// Its say in the verdict.
    pub role: Role,
    /// How it is compared.
    pub test: Test,
}

/// How a metric is compared, with what blue did before the rollout: one entry a bucket, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// Failed requests. The first metric of this kind also judges the warm-up.
    Errors(CountTest),
    /// Any other bad requests: those slower than an [`Edge`](super::Edge), answers with 4xx.
    Counts(CountTest),
    /// One number a bucket.
    Gauge {
        /// Growth up to here is no alarm.
        ignore: Growth,
        /// Growth up to here may be promoted.
        accept: Growth,
        /// Blue's numbers.
        history: Vec<Option<f64>>,
    },
}

/// How bad requests are compared.
#[derive(Debug, Clone, PartialEq)]
pub struct CountTest {
    /// Harm up to here is no alarm.
    pub ignore: Margin,
    /// Harm up to here may be promoted.
    pub accept: Margin,
    /// Blue's rate when there is no history.
    pub prior_rate: Probability,
    /// Blue's counts; for latency those above the edge itself.
    pub history: Vec<Option<Counts>>,
}

/// What was measured of one metric in one bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sample {
    /// For [`Test::Errors`] and [`Test::Counts`].
    Counts(Sides<Tally>),
    /// For [`Test::Gauge`].
    Gauge(Sides<f64>),
}

impl Sample {
    /// Nothing was measured.
    pub const MISSING: Sample = Sample::Counts(Sides::MISSING);

    /// Whether blue and whether green had something to measure.
    pub(super) fn present(&self) -> (bool, bool) {
        match self {
            Sample::Counts(sides) => (sides.blue.is_some(), sides.green.is_some()),
            Sample::Gauge(sides) => {
                (sides.blue.and_then(measured).is_some(), sides.green.and_then(measured).is_some())
            }
        }
    }
}

impl MetricSpec {
    /// Failed requests, critical.
    pub fn errors(config: &Config, history: Vec<Option<Counts>>) -> Self {
        let test = rate(&config.errors, (Margin::IGNORE, Margin::ACCEPT), history);
        Self {
            name: "errors".to_owned(),
            weight: config.errors.weight.unwrap_or(Importance(0.5)),
            role: config.errors.role.unwrap_or(Role::Critical),
            test: Test::Errors(test),
        }
    }

    /// Requests that the clients are blamed for: wider margins, and muted unless given a role.
    pub fn client_errors(config: &Config, history: Vec<Option<Counts>>) -> Self {
        let test = rate(&config.client_errors, Margin::CLIENT_ERRORS, history);
        Self {
            name: "client_errors".to_owned(),
            weight: config.client_errors.weight.unwrap_or(Importance(0.1)),
            role: config.client_errors.role.unwrap_or(Role::Muted),
            test: Test::Counts(test),
        }
    }

    /// Requests slower than the edge of `quantile`, critical. The margin is in the edges that the
    /// tallies are counted above.
    pub fn slower(config: &Config, quantile: Quantile, history: Vec<Option<Counts>>) -> Self {
        let test = CountTest {
            ignore: Margin::NONE,
            accept: Margin::NONE,
            prior_rate: quantile.share_beyond(),
            history,
        };
        Self::latency(config, quantile, Test::Counts(test))
    }

    /// The percentile itself, where requests above an edge cannot be counted. Green's and blue's
    /// minutes need at least [`Quantile::fewest_requests`].
    pub fn percentile(config: &Config, quantile: Quantile, history: Vec<Option<f64>>) -> Self {
        let (ignore, accept) = config.latency(quantile).growth();
        Self::latency(config, quantile, Test::Gauge { ignore, accept, history })
    }

    fn latency(config: &Config, quantile: Quantile, test: Test) -> Self {
        let own = config.latency(quantile);
        let weight = match quantile {
            Quantile::P50 => Importance(0.15),
            Quantile::P90 | Quantile::P99 => Importance(0.175),
        };
        Self {
            name: quantile.name().to_owned(),
            weight: own.weight.unwrap_or(weight),
            role: own.role.unwrap_or(Role::Critical),
            test,
        }
    }
}

fn rate(
    config: &RateConfig,
    (ignore, accept): (Margin, Margin),
    history: Vec<Option<Counts>>,
) -> CountTest {
    CountTest {
        ignore: config.ignore.unwrap_or(ignore),
        accept: config.accept.unwrap_or(accept),
        prior_rate: Probability::ONE_PERCENT,
        history,
    }
}
