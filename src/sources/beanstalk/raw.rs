//! What Elastic Beanstalk said, each part with its age, and what only watching shows.

use std::collections::BTreeMap;

use aws_sdk_elasticbeanstalk::operation::describe_environment_health::DescribeEnvironmentHealthOutput;
use aws_sdk_elasticbeanstalk::types::{
    EnvironmentDescription, EventDescription, SingleInstanceHealth,
};
use jiff::Timestamp;

use crate::domain::{Fact, Fault, Split, TimelineEvent};

use super::samples::Samples;

/// Something about each environment, by its name; one that fails leaves the others.
pub(crate) type Each<T> = BTreeMap<String, Result<T, Fault>>;

/// Everything, each part with its age.
#[derive(Debug, Clone, Default)]
pub(crate) struct Raw {
    /// The web environments of the application that are not terminated.
    pub(crate) environments: Fact<Vec<EnvironmentDescription>>,
    /// What was said about them, newest first.
    pub(crate) events: Fact<Vec<EventDescription>>,
    /// Their health.
    pub(crate) health: Fact<Each<DescribeEnvironmentHealthOutput>>,
    /// Their instances.
    pub(crate) instances: Fact<Each<Vec<SingleInstanceHealth>>>,
    /// The split that a traffic-splitting deployment holds.
    pub(crate) split: Fact<Option<Split>>,
    /// What their health measured while it was watched.
    pub(crate) samples: Samples,
    /// Which of two environments is which, once that was found out.
    pub(crate) roles: Option<Roles>,
    /// The traffic-splitting deployment that was seen last.
    pub(crate) splitting: Option<Splitting>,
    /// Causes of bad health with the moment at which each was first seen.
    pub(crate) causes: Vec<TimelineEvent>,
}

/// Which of two environments is which. Nothing in the API marks that, and its parts are read at
/// different moments: so it is found out once, and holds until a new version is deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Roles {
    /// The name that clients ask for: a swap moves it.
    pub(crate) served_name: String,
    /// Blue's environment.
    pub(crate) blue: String,
    /// Nobody has said so, and little speaks for it.
    pub(crate) guessed: bool,
    /// The newest deployment of a version that was known then.
    pub(crate) deployed: Option<Timestamp>,
}

/// A traffic-splitting deployment inside one environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Splitting {
    /// The environment's name.
    pub(crate) environment: String,
    /// The version that served before.
    pub(crate) blue: String,
    /// The version that is new.
    pub(crate) green: String,
    /// When it was first seen.
    pub(crate) since: Timestamp,
    /// It was undone.
    pub(crate) undone: bool,
}

/// The name of an environment, empty when the service left it out.
pub(crate) fn name(environment: &EnvironmentDescription) -> &str {
    environment.environment_name().unwrap_or_default()
}

/// Its status as the API spells it.
pub(crate) fn status(environment: &EnvironmentDescription) -> &str {
    environment.status().map_or("?", |status| status.as_str())
}

/// The environment of this name.
pub(crate) fn named<'a>(
    environments: &'a [EnvironmentDescription],
    wanted: &str,
) -> Option<&'a EnvironmentDescription> {
    environments.iter().find(|environment| name(environment) == wanted)
}
