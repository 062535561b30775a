//! Rollouts of other shapes than an ECS service: a function, a fleet of instances, Beanstalk
//! environments; and a pipeline in front.

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
