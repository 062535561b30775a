//! Weights that a person sets, with no service in charge of them.

use jiff::SignedDuration;
use serde::Deserialize;

/// Two fixed pools of targets, and what divides the requests between them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weighted {
    /// What holds the weights.
    pub held_by: HeldBy,
    /// The weights of blue and green at the start.
    #[serde(default = "all_on_blue")]
    pub weights: [u32; 2],
    /// Whether the target groups are sticky themselves: then AWS wants the rule to be, too.
    #[serde(default)]
    pub sticky_targets: bool,
    /// Target groups without targets, beside the two.
    #[serde(default)]
    pub spare_groups: Vec<String>,
}

fn all_on_blue() -> [u32; 2] {
    [100, 0]
}

impl Weighted {
    /// The DNS records, if they hold the weights.
    pub fn records(&self) -> Option<&Records> {
        match &self.held_by {
            HeldBy::Records(records) => Some(records),
            HeldBy::Listener | HeldBy::Rule { .. } => None,
        }
    }
}

/// What holds the weights.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum HeldBy {
    /// The default rule of the listener.
    Listener,
    /// A rule of the listener, to which all requests of the scenario belong. The default rule
    /// forwards to blue, and a third rule redirects.
    Rule {
        /// Its place in the order, 1-49999.
        priority: u32,
        /// The paths that it is for.
        path: String,
    },
    /// Route 53: two alias records, each for a load balancer of its own.
    Records(Records),
}

/// Weighted records in a hosted zone.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Records {
    /// The domain of the hosted zone.
    pub zone: String,
    /// The name of the records, in the zone.
    pub name: String,
    /// The load balancer of green; `place.load_balancer` is blue's.
    pub second_balancer: String,
    /// The Region of green, where it is not that of blue.
    pub second_region: Option<String>,
    /// How long a change takes to reach all DNS servers.
    #[serde(default = "half_a_minute")]
    pub sync: SignedDuration,
    /// How long a change of the zone keeps the next one out.
    #[serde(default = "a_second")]
    pub busy: SignedDuration,
}

fn half_a_minute() -> SignedDuration {
    SignedDuration::from_secs(30)
}

fn a_second() -> SignedDuration {
    SignedDuration::from_secs(1)
}
