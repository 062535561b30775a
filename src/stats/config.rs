//! What a person may change about the verdict, with defaults that need no thought.
//!
//! ```toml
//! alpha = 0.05                                # how often "worse" may be wrong, a rollout long
//! p50 = { role = "muted" }
//! p99 = { weight = 0.3, ignore = 0.1 }        # a slowdown of 10 % is no alarm
//! errors = { accept = { ratio = 1.5, plus = 0.005 } }
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::PerTarget;

use super::custom::{CustomMetric, by_name};
use super::latency::Quantile;
use super::units::{Growth, Importance, Margin, Probability, Settle};

/// How the rollouts of each target are judged.
pub type Configs = PerTarget<Config>;

/// The config of the verdict for one target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// Whether the bell rings at the first minute of "worse".
    pub bell: bool,
    /// Seconds of the newest data that are not judged yet: load balancers deliver late.
    pub settle_seconds: Settle,
    /// How often "worse" may be wrong over a whole rollout.
    pub alpha: Probability,
    /// How often "no worse" may be wrong over a whole rollout.
    pub beta: Probability,
    /// Minutes with traffic on green that only a catastrophe is judged in.
    pub warm_up_minutes: u32,
    /// Judged minutes before green may be called no worse.
    pub least_minutes: u32,
    /// Minutes in a row without anything to compare after which there is no data.
    pub stale_minutes: u32,
    /// Answers with 5xx and refused connections.
    pub errors: RateConfig,
    /// Answers with 4xx; muted unless a role is given.
    pub client_errors: RateConfig,
    /// Median latency.
    pub p50: GaugeConfig,
    /// 90th percentile of the latency.
    pub p90: GaugeConfig,
    /// 99th percentile of the latency.
    pub p99: GaugeConfig,
    /// Others, by the names they are given here.
    #[serde(deserialize_with = "by_name")]
    pub metrics: BTreeMap<String, CustomMetric>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            bell: true,
            settle_seconds: Settle::THREE_MINUTES,
            alpha: Probability::FIVE_PERCENT,
            beta: Probability::FIVE_PERCENT,
            warm_up_minutes: 3,
            least_minutes: 5,
            stale_minutes: 5,
            errors: RateConfig::default(),
            client_errors: RateConfig::default(),
            p50: GaugeConfig::default(),
            p90: GaugeConfig::default(),
            p99: GaugeConfig::default(),
            metrics: BTreeMap::new(),
        }
    }
}

/// What a metric has to say in the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Counts for "worse", and must be safe by itself before green is called no worse.
    Critical,
    /// Counts for "worse" only.
    Weighted,
    /// Measured and shown, not judged.
    Muted,
}

/// What is changed about a metric of bad requests; everything left out stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateConfig {
    /// Its say in the verdict.
    pub role: Option<Role>,
    /// Its weight next to the other metrics.
    pub weight: Option<Importance>,
    /// Harm up to here is no alarm.
    pub ignore: Option<Margin>,
    /// Harm up to here may be promoted.
    pub accept: Option<Margin>,
}

/// What is changed about a latency or a level; everything left out stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GaugeConfig {
    /// Its say in the verdict.
    pub role: Option<Role>,
    /// Its weight next to the other metrics.
    pub weight: Option<Importance>,
    /// Growth up to here is no alarm; `0.05` is five percent.
    pub ignore: Option<Growth>,
    /// Growth up to here may be promoted.
    pub accept: Option<Growth>,
}

impl GaugeConfig {
    /// What is ignored and what is accepted.
    pub fn growth(&self) -> (Growth, Growth) {
        (self.ignore.unwrap_or(Growth::IGNORE), self.accept.unwrap_or(Growth::ACCEPT))
    }
}

impl Config {
    /// Whether no metric has a say.
    pub fn is_mute(&self) -> bool {
        let mute = |role: Option<Role>| role == Some(Role::Muted);
        let client_errors = self.client_errors.role.is_none_or(|role| role == Role::Muted);
        let latency = Quantile::ALL.into_iter().all(|quantile| mute(self.latency(quantile).role));
        let custom = self.metrics.values().all(|metric| metric.role == Role::Muted);
        mute(self.errors.role) && client_errors && latency && custom
    }

    /// What is changed about the latency at `quantile`.
    pub fn latency(&self, quantile: Quantile) -> GaugeConfig {
        match quantile {
            Quantile::P50 => self.p50,
            Quantile::P90 => self.p90,
            Quantile::P99 => self.p99,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_config_is_the_default_and_every_part_can_be_changed_alone() {
        assert_eq!(toml::from_str::<Config>("").unwrap(), Config::default());
        let config: Config = toml::from_str(
            "p50 = { role = 'muted' }\np90 = { ignore = 0.2 }\nsettle-seconds = 60\n\
             errors = { accept = { ratio = 1.5, plus = 0.005 } }",
        )
        .unwrap();
        assert_eq!(config.p50.role, Some(Role::Muted));
        assert_eq!(config.errors.accept, Margin::new(1.5, 0.005));
        assert_eq!(config.p90.growth(), (Growth::new(0.2).unwrap(), Growth::ACCEPT));
        assert_eq!(config.p99, GaugeConfig::default());
        assert_eq!(config.settle_seconds.get(), 60);
    }

    #[test]
    fn a_target_with_a_config_of_its_own_has_that_and_no_other_does() {
        let target = |text: &str| text.parse::<crate::domain::Target>().unwrap();
        let strict = Config { alpha: Probability::ONE_PERCENT, ..Config::default() };
        let own = vec![(target("codedeploy:shop/checkout"), strict.clone())];
        let configs = Configs::new(Config::default(), own);
        assert_eq!(configs.of(&target("codedeploy:shop/checkout")), &strict);
        assert_eq!(configs.of(&target("codedeploy:shop/basket")), &Config::default());
    }

    #[test]
    fn what_means_nothing_is_refused_with_what_was_expected() {
        for (wrong, message) in [
            ("alpha = 0", "a probability of 0; expected 0 to 1"),
            ("beta = 1.5", "a probability of 1.5; expected 0 to 1"),
            ("p99 = { weight = 0 }", "a weight of 0; expected above 0"),
            ("p99 = { ignore = -1 }", "a growth of -1; expected 0 to 10"),
            ("errors = { ignore = { ratio = 0, plus = 0 } }", "`ratio` of a margin of 0"),
            ("errors = { ignore = { ratio = 1, plus = 1 } }", "`plus` of a margin of 1"),
            ("settle-seconds = 90000", "a settle time in seconds of 90000; expected 0 to 3600"),
            ("p95 = {}", "unknown field `p95`"),
            ("p99 = { wait = 3 }", "unknown field `wait`"),
            ("p99 = { role = 'critic' }", "unknown variant `critic`"),
        ] {
            let error = toml::from_str::<Config>(wrong).unwrap_err().to_string();
            assert!(error.contains(message), "{wrong}: {error}");
        }
    }
}
