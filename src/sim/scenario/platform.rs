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
