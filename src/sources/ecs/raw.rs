//! What the APIs said, each part with its age: everything that a picture is made of.

use std::collections::BTreeMap;

use aws_sdk_ecs::types as ecs;
use aws_sdk_ecs::types::{
    Service, ServiceDeployment, ServiceRevision, TaskDefinition as Definition,
};
use jiff::Timestamp;

use crate::domain::Fact;
use crate::sources::around::Surroundings;
use crate::sources::forward::group_name;
use crate::sources::time::moment;

use super::rest::Rest;
use super::seen::Seen;

/// What ECS says about one service deployment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Control {
    /// The deployment.
    pub(crate) deployment: ServiceDeployment,
    /// The service revisions that it names, by ARN, as far as they could be read.
    pub(crate) revisions: BTreeMap<String, ServiceRevision>,
    /// The task definitions of those revisions, by ARN, as far as they could be read.
    pub(crate) definitions: BTreeMap<String, Definition>,
}

impl Control {
    /// The deployment's ARN, empty when the service left it out.
    pub(crate) fn arn(&self) -> &str {
        self.deployment.service_deployment_arn().unwrap_or_default()
    }

    /// The last part of the ARN, which is what people read.
    pub(crate) fn id(&self) -> &str {
        last_part(self.arn())
    }

    /// Its status as the API spells it.
    pub(crate) fn status(&self) -> &str {
        self.deployment.status().map_or("", |status| status.as_str())
    }

    /// Its lifecycle stage as the API spells it; the SDK's list of them lacks some.
    pub(crate) fn stage(&self) -> &str {
        self.deployment.lifecycle_stage().map_or("", |stage| stage.as_str())
    }

    /// The strategy, `ROLLING` when none is named.
    pub(crate) fn strategy(&self) -> &str {
        let config = self.deployment.deployment_configuration();
        config.and_then(|config| config.strategy()).map_or("ROLLING", |strategy| strategy.as_str())
    }

    /// Whether nothing more will happen in it.
    pub(crate) fn is_over(&self) -> bool {
        matches!(
            self.status(),
            "SUCCESSFUL" | "STOPPED" | "ROLLBACK_SUCCESSFUL" | "ROLLBACK_FAILED"
        )
    }

    /// Whether it leads back to the revision that served before.
    pub(crate) fn goes_back(&self) -> bool {
        self.status().starts_with("ROLLBACK_")
    }
}

/// The last part of an ARN.
pub(crate) fn last_part(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// A target group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    /// Its name.
    pub(crate) name: String,
    /// Its ARN.
    pub(crate) arn: String,
}

impl Group {
    /// The group with this ARN.
    pub(crate) fn of(arn: &str) -> Self {
        Self { name: group_name(arn).to_owned(), arn: arn.to_owned() }
    }
}

/// Everything, each part with its age.
#[derive(Debug, Clone, Default)]
pub(crate) struct Raw {
    /// The service.
    pub(crate) service: Fact<Service>,
    /// The deployment that is followed; `None` when none is on record.
    pub(crate) control: Fact<Option<Control>>,
    /// What is read of a service of which no deployment is on record.
    pub(crate) rest: Option<Rest>,
    /// What is the same whoever deploys.
    pub(crate) around: Surroundings,
    /// What was seen of the followed deployment while it was watched.
    pub(crate) seen: Option<Seen>,
}

impl Raw {
    /// The followed deployment.
    pub(crate) fn control(&self) -> Option<&Control> {
        self.control.value()?.as_ref()
    }

    /// When the followed deployment was created.
    pub(crate) fn created(&self) -> Option<Timestamp> {
        moment(self.control()?.deployment.created_at())
    }

    /// The target groups of the service, one or two; their order carries no meaning. Of a service
    /// behind several load balancers those behind the first are shown.
    pub(crate) fn groups(&self) -> Vec<Group> {
        let Some(service) = self.service.value() else { return Vec::new() };
        let Some(balancer) = service.load_balancers().first() else { return Vec::new() };
        let other = balancer.advanced_configuration().and_then(|c| c.alternate_target_group_arn());
        balancer.target_group_arn().into_iter().chain(other).map(Group::of).collect()
    }

    /// The ARN of what holds the weights: a rule, or a network load balancer's listener.
    pub(crate) fn route(&self) -> Option<&str> {
        let balancer = self.service.value()?.load_balancers().first()?;
        balancer.advanced_configuration()?.production_listener_rule()
    }

    /// The alarms that guard the followed deployment.
    pub(crate) fn alarm_names(&self) -> Vec<String> {
        let alarms = self.control().and_then(|control| control.deployment.alarms());
        alarms
            .filter(|alarms| {
                alarms.status().map(ecs::ServiceDeploymentRollbackMonitorsStatus::as_str)
                    != Some("DISABLED")
            })
            .map(|alarms| alarms.alarm_names().to_vec())
            .unwrap_or_default()
    }
}
