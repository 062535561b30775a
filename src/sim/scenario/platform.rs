//! Rollouts of other shapes than an ECS service: a function, a fleet of instances, Beanstalk
//! environments; and a pipeline in front.

use jiff::SignedDuration;
use serde::Deserialize;

/// A function whose alias CodeDeploy shifts from one version to the next.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lambda {
    /// The function's name.
    pub function: String,
    /// The alias that clients call.
    pub alias: String,
}

impl Default for Lambda {
    fn default() -> Self {
        Self { function: "checkout".to_owned(), alias: "live".to_owned() }
    }
}

/// Instances in an Auto Scaling group that CodeDeploy replaces by a copy of the group.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ec2 {
    /// The script of the new release that fails, and where.
    pub fails: Option<Failing>,
}

/// A script that fails on one instance.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failing {
    /// Its lifecycle event, e.g. `ValidateService`.
    pub event: String,
    /// On which of the new instances, from 1.
    pub instance: u32,
    /// Its path in the revision.
    pub script: String,
    /// The last lines of its log.
    pub log_tail: String,
}

/// An application of Elastic Beanstalk.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Beanstalk {
    /// Two environments, of which the first one serves at the very beginning; one with `split`.
    pub environments: Vec<String>,
    /// How long until 63 % of the clients have followed a swap: their resolvers remember names.
    pub dns_lag: SignedDuration,
    /// The environment is updated by splitting its traffic.
    pub split: Option<Split>,
}

impl Default for Beanstalk {
    fn default() -> Self {
        Self {
            environments: ["shop-blue", "shop-green"].map(str::to_owned).into(),
            dns_lag: SignedDuration::from_secs(60),
            split: None,
        }
    }
}

/// A deployment that gives new instances a part of the traffic first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// The share of the new version, 1-99.
    pub percent: u8,
    /// How long it is evaluated, 3-600.
    pub minutes: u32,
}

/// A pipeline in front of the deployment group: source, build, a person's approval, deployment.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// Its name.
    pub name: String,
    /// Somebody else answers the approval.
    pub answered: Option<Answered>,
}

/// What somebody else answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answered {
    /// How long after the approval began to wait.
    pub after: SignedDuration,
    /// Yes, or no.
    pub approves: bool,
}
