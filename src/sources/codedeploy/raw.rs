//! What the APIs said, each part with its age: everything that a picture is made of.

use std::collections::BTreeMap;

use aws_sdk_codedeploy::types::{
    DeploymentGroupInfo, DeploymentInfo, DeploymentStyle, DeploymentType, LoadBalancerInfo,
    RevisionLocation, TargetGroupPairInfo,
};
use aws_sdk_ecs::types as ecs;
use jiff::Timestamp;

use crate::domain::{Fact, Fault};
use crate::sources::around::Surroundings;
use crate::sources::routing::Routing;
use crate::sources::time::moment;

use super::destination::{Destination, Platform};
use super::fleet::Fleet;
use super::function::Alias;

/// What CodeDeploy says about one deployment.
#[derive(Debug, Clone)]
pub(crate) struct Deployment {
    /// The deployment.
    pub(crate) info: DeploymentInfo,
    /// Its one target; `Known(None)` before it has started.
    pub(crate) target: Fact<Option<Destination>>,
    /// How it shifts the traffic.
    pub(crate) routing: Fact<Routing>,
}

impl Deployment {
    /// The id, empty when the service left it out.
    pub(crate) fn id(&self) -> &str {
        self.info.deployment_id().unwrap_or_default()
    }

    /// What kind of thing it deploys to.
    pub(crate) fn platform(&self) -> Platform {
        Platform::of(&self.info)
    }

    /// Whether it deploys to instances.
    pub(crate) fn is_to_instances(&self) -> bool {
        self.platform() == Platform::Instances
    }

    /// Whether the instances that serve are changed where they are.
    pub(crate) fn is_in_place(&self) -> bool {
        let style = self.info.deployment_style().and_then(DeploymentStyle::deployment_type);
        self.is_to_instances() && style != Some(&DeploymentType::BlueGreen)
    }

    /// What it deploys to, as far as that was told.
    pub(crate) fn destination(&self) -> Option<&Destination> {
        self.target.value()?.as_ref()
    }
}

/// What CodeDeploy says about the group and what it deploys.
#[derive(Debug, Clone)]
pub(crate) struct Control {
    /// The deployment that is followed; `None` when there never was one.
    pub(crate) deployment: Option<Deployment>,
    /// The deployment that it undoes.
    pub(crate) undone: Option<Deployment>,
    /// What the group deployed well last, where the followed deployment did not end well.
    pub(crate) last_good: Option<RevisionLocation>,
    /// The ARN of the task definition that served before, where the deployment ended well: its
    /// task set is gone, its name is in the AppSpec.
    pub(crate) before: Option<String>,
    /// The group.
    pub(crate) group: Fact<DeploymentGroupInfo>,
}

/// A service with the task definitions of its task sets.
#[derive(Debug, Clone)]
#[expect(clippy::struct_field_names, reason = "what ECS calls a service is its main part")]
pub(crate) struct Service {
    /// The service.
    pub(crate) service: ecs::Service,
    /// Task definitions by ARN; those that could not be read with the reason.
    pub(crate) definitions: BTreeMap<String, Result<ecs::TaskDefinition, Fault>>,
    /// The task definition's ARN of the task sets that were seen last, by the set's id, newest last: a side that
    /// has been removed still has a name.
    pub(crate) seen: Vec<(String, String)>,
}

impl Service {
    /// The task definition's ARN of a task set, gone or not.
    pub(crate) fn definition_of(&self, set: &str) -> Option<&str> {
        self.seen.iter().find(|(id, _)| id == set).map(|(_, arn)| arn.as_str())
    }
}

/// Everything, each part with its age.
#[derive(Debug, Clone, Default)]
pub(crate) struct Raw {
    /// Group and deployment.
    pub(crate) control: Fact<Control>,
    /// The ECS service.
    pub(crate) service: Fact<Service>,
    /// The alias of a function.
    pub(crate) alias: Fact<Alias>,
    /// The instances.
    pub(crate) fleet: Fact<Fleet>,
    /// What is the same whoever deploys.
    pub(crate) around: Surroundings,
    /// When a new planned share of green was first seen: deployment, percent, moment.
    pub(crate) share_seen: Option<(String, f64, Timestamp)>,
}

impl Raw {
    /// The followed deployment.
    pub(crate) fn deployment(&self) -> Option<&Deployment> {
        self.control.value()?.deployment.as_ref()
    }

    /// When the followed deployment was created.
    pub(crate) fn created(&self) -> Option<Timestamp> {
        moment(self.deployment()?.info.create_time())
    }

    /// Cluster and service that are deployed, from the group or from the target's id.
    pub(crate) fn service_names(&self) -> Option<(String, String)> {
        let control = self.control.value()?;
        service_names(control.group.value(), control.deployment.as_ref())
    }

    /// The names of the two target groups; their order carries no meaning.
    pub(crate) fn group_names(&self) -> Vec<String> {
        let Some(control) = self.control.value() else { return Vec::new() };
        // The deployment repeats what the group said when it was made; the group may have been
        // edited since.
        let own = control.deployment.as_ref().and_then(|d| d.info.load_balancer_info());
        let info = own
            .filter(|info| !info.target_group_pair_info_list().is_empty())
            .or_else(|| control.group.value().and_then(DeploymentGroupInfo::load_balancer_info));
        let pair = info.and_then(|info| info.target_group_pair_info_list().first());
        let groups = pair.map(TargetGroupPairInfo::target_groups);
        // Instances of both sides are in one group.
        let shared = own.map(LoadBalancerInfo::target_group_info_list);
        let groups = groups.or(shared).unwrap_or_default();
        groups.iter().filter_map(|group| group.name()).map(str::to_owned).collect()
    }

    /// The production listener's ARN.
    pub(crate) fn listener_arn(&self) -> Option<String> {
        let control = self.control.value()?;
        let own = control.deployment.as_ref().and_then(|d| d.info.load_balancer_info());
        own.into_iter()
            .chain(control.group.value().and_then(DeploymentGroupInfo::load_balancer_info))
            .filter_map(|info| info.target_group_pair_info_list().first())
            .find_map(|pair| pair.prod_traffic_route()?.listener_arns().first().cloned())
    }

    /// The alarms that guard the followed deployment; its own list replaces the group's.
    pub(crate) fn alarm_names(&self) -> Vec<String> {
        let Some(control) = self.control.value() else { return Vec::new() };
        let own = control.deployment.as_ref().and_then(|d| d.info.override_alarm_configuration());
        let group = control.group.value().and_then(DeploymentGroupInfo::alarm_configuration);
        own.or(group)
            .filter(|alarms| alarms.enabled())
            .map(|alarms| alarms.alarms().iter().filter_map(|a| a.name()).map(str::to_owned))
            .into_iter()
            .flatten()
            .collect()
    }
}

/// Cluster and service, from the group or from the target's id `CLUSTER:SERVICE`.
pub(crate) fn service_names(
    group: Option<&DeploymentGroupInfo>,
    deployment: Option<&Deployment>,
) -> Option<(String, String)> {
    let from_group = group.and_then(|group| group.ecs_services().first()).and_then(|service| {
        Some((service.cluster_name()?.to_owned(), service.service_name()?.to_owned()))
    });
    from_group.or_else(|| {
        let (cluster, service) = deployment?.destination()?.service()?;
        Some((cluster.to_owned(), service.to_owned()))
    })
}
