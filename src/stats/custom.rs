//! Metrics that a person adds: one number a minute of each side.
//!
//! ```toml
//! [metrics.queue]
//! namespace = "Shop"
//! metric = "QueueLength"
//! dimensions = { Service = "checkout", Revision = "$task-definition" }
//! ```

use std::collections::BTreeMap;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use super::config::Role;
use super::spec::{MetricSpec, Test};
use super::units::{Growth, Importance};

/// The names that are taken, as they are written in the config and in the output.
const TAKEN: [&str; 6] = ["errors", "client-errors", "client_errors", "p50", "p90", "p99"];

/// A metric of CloudWatch beside those of the load balancer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CustomMetric {
    /// Its namespace.
    pub namespace: String,
    /// Its name there.
    pub metric: String,
    /// What tells the two sides apart: `$target-group`, `$load-balancer` and `$task-definition`
    /// stand for the side's own.
    #[serde(default)]
    pub dimensions: BTreeMap<String, String>,
    /// The statistic over a minute, as CloudWatch spells it.
    #[serde(default = "average")]
    pub statistic: String,
    /// The unit that is shown behind a number.
    #[serde(default)]
    pub unit: String,
    /// Which direction is bad.
    #[serde(default)]
    pub worse: WorseWhen,
    /// Its say in the verdict.
    #[serde(default = "weighted")]
    pub role: Role,
    /// Its weight next to the other metrics.
    #[serde(default = "a_tenth")]
    pub weight: Importance,
    /// Growth to the bad up to here is no alarm; `0.05` is five percent.
    #[serde(default = "ignored")]
    pub ignore: Growth,
    /// Growth to the bad up to here may be promoted.
    #[serde(default = "accepted")]
    pub accept: Growth,
}

/// Which direction of a number is bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WorseWhen {
    /// More is worse.
    #[default]
    Higher,
    /// Less is worse.
    Lower,
}

fn average() -> String {
    "Average".to_owned()
}

fn weighted() -> Role {
    Role::Weighted
}

fn a_tenth() -> Importance {
    Importance(0.1)
}

fn ignored() -> Growth {
    Growth::IGNORE
}

fn accepted() -> Growth {
    Growth::ACCEPT
}

impl CustomMetric {
    /// The number that is compared for a measured one: it grows when things get worse.
    pub fn harm(&self, value: f64) -> f64 {
        match self.worse {
            WorseWhen::Higher => value,
            WorseWhen::Lower => 1.0 / value,
        }
    }

    /// It as a part of the verdict, with blue's measured numbers before the rollout.
    pub fn spec(&self, name: &str, history: Vec<Option<f64>>) -> MetricSpec {
        let history = history.into_iter().map(|value| value.map(|value| self.harm(value)));
        let (ignore, accept) = (self.ignore, self.accept);
        MetricSpec {
            name: name.to_owned(),
            weight: self.weight,
            role: self.role,
            test: Test::Gauge { ignore, accept, history: history.collect() },
        }
    }
}

/// The metrics by their names, none of which is taken.
pub(super) fn by_name<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, CustomMetric>, D::Error> {
    let metrics = BTreeMap::<String, CustomMetric>::deserialize(deserializer)?;
    match metrics.keys().find(|name| TAKEN.contains(&name.as_str())) {
        Some(name) => Err(D::Error::custom(format!("the metric name `{name}` is taken"))),
        None => Ok(metrics),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    #[test]
    fn a_metric_needs_its_name_and_namespace_and_has_a_small_say() {
        let text = "[metrics.queue]\nnamespace = 'Shop'\nmetric = 'QueueLength'";
        let config: Config = toml::from_str(text).unwrap();
        let queue = &config.metrics["queue"];
        assert_eq!((queue.statistic.as_str(), queue.role), ("Average", Role::Weighted));
        assert!(queue.weight.get() < 0.2);
    }

    #[test]
    fn a_number_that_falls_to_the_bad_grows_in_harm() {
        let text = "namespace = 'Shop'\nmetric = 'Orders'\nworse = 'lower'";
        let orders: CustomMetric = toml::from_str(text).unwrap();
        assert!(orders.harm(50.0) > orders.harm(100.0));
    }

    #[test]
    fn what_cannot_be_is_refused_with_the_word() {
        for (wrong, message) in [
            ("[metrics.p99]\nnamespace = 'a'\nmetric = 'b'", "`p99` is taken"),
            ("[metrics.q]\nnamespace = 'a'", "missing field `metric`"),
            ("[metrics.q]\nnamespace = 'a'\nmetric = 'b'\nworse = 'up'", "unknown variant `up`"),
            ("[metrics.q]\nnamespace = 'a'\nmetric = 'b'\nstat = 'Sum'", "unknown field `stat`"),
        ] {
            let error = toml::from_str::<Config>(wrong).unwrap_err().to_string();
            assert!(error.contains(message), "{wrong}: {error}");
        }
    }
}
