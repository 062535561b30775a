//! The metric alarms of a scenario.

use serde::Deserialize;

/// A metric alarm on the target group that green uses in this rollout, or on the load balancer.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlarmRule {
    /// The alarm's name.
    pub name: String,
    /// What it watches.
    pub metric: AlarmMetric,
    /// It fires above this: a count a minute, or seconds for `p99`.
    pub threshold: f64,
    /// How many minutes it looks at.
    #[serde(default = "three")]
    pub periods: u32,
    /// How many of them must be above the threshold.
    #[serde(default = "two")]
    pub datapoints: u32,
    /// What a missing minute counts as.
    #[serde(default)]
    pub missing: Missing,
    /// Whether the deployment group listens to it.
    #[serde(default = "yes")]
    pub guards: bool,
}

fn two() -> u32 {
    2
}

fn three() -> u32 {
    3
}

fn yes() -> bool {
    true
}

/// What an alarm watches, minute by minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlarmMetric {
    /// Sum of `HTTPCode_Target_5XX_Count` of green's target group.
    #[serde(rename = "5xx")]
    Target5xx,
    /// p99 of `TargetResponseTime` of green's target group, in seconds.
    P99,
    /// Maximum of `UnHealthyHostCount` of green's target group.
    UnhealthyHosts,
    /// Sum of `HTTPCode_ELB_502_Count` of the load balancer.
    #[serde(rename = "elb-502")]
    Elb502,
}

/// What an alarm makes of a missing minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// Without any data the state is INSUFFICIENT_DATA.
    #[default]
    Missing,
    /// Good.
    NotBreaching,
    /// Bad.
    Breaching,
    /// The state stays as it is.
    Ignore,
}
