//! What the APIs said, each part with its age: everything that a picture is made of.

use std::collections::BTreeMap;

use aws_sdk_codedeploy::types::{DeploymentGroupInfo, DeploymentInfo, EcsTarget, RevisionLocation};
use aws_sdk_ecs::types as ecs;
use jiff::Timestamp;

use crate::domain::{Fact, Fault};
use crate::sources::around::Surroundings;
use crate::sources::routing::Routing;
use crate::sources::time::moment;

/// What CodeDeploy says about one deployment.
#[derive(Debug, Clone)]
pub(crate) struct Deployment {
    /// The deployment.
    pub(crate) info: DeploymentInfo,
    /// Its one target; `Known(None)` before it has started.
    pub(crate) target: Fact<Option<EcsTarget>>,
    /// How it shifts the traffic.
    pub(crate) routing: Fact<Routing>,
}

impl Deployment {
    /// The id, empty when the service left it out.
    pub(crate) fn id(&self) -> &str {
        self.info.deployment_id().unwrap_or_default()
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
    /// The task definition's ARN of every task set that was ever seen, by the set's id: a side that
    /// has been removed still has a name.
    pub(crate) seen: BTreeMap<String, String>,
}

/// Everything, each part with its age.
#[derive(Debug, Clone, Default)]
pub(crate) struct Raw {
    /// Group and deployment.
    pub(crate) control: Fact<Control>,
    /// The ECS service.
    pub(crate) service: Fact<Service>,
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
        info.and_then(|info| info.target_group_pair_info_list().first())
            .map(|pair| pair.target_groups().iter().filter_map(|g| g.name()).map(str::to_owned))
            .into_iter()
            .flatten()
            .collect()
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
        let target = deployment?.target.value()?.as_ref()?;
        let (cluster, service) = target.target_id()?.split_once(':')?;
        Some((cluster.to_owned(), service.to_owned()))
    })
}
