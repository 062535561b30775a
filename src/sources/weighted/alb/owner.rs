//! Whether a deployment service has the weights of two target groups in hand: then a person's are
//! undone by its next step, or break its next deployment.
//!
//! No call tells it from the group's side, so all services and deployment groups are looked at, once
//! in ten minutes, within bounds, and slowly after a first handful of calls. An account of 5 clusters
//! with 20 services each and 10 applications on ECS costs 38 calls.

use std::time::Duration;

use aws_sdk_codedeploy::types::{
    ComputePlatform, DeploymentGroupInfo, LoadBalancerInfo, TargetGroupPairInfo,
};
use aws_sdk_ecs::types::{LoadBalancer, Service, TaskSet};

use crate::domain::Fault;
use crate::sources::aws::Aws;
use crate::sources::error::fault;
use crate::sources::forward::group_name;

/// No more clusters are looked at.
const CLUSTERS: usize = 20;
/// No more services are looked at, over all clusters.
const SERVICES: usize = 200;
/// The API takes ten services a call.
const SERVICES_A_CALL: usize = 10;
/// No more applications are looked at.
const APPLICATIONS: usize = 40;
/// The API takes this many groups a call.
const GROUPS_A_CALL: usize = 100;
/// So many calls go out as fast as they are answered.
const AT_ONCE: usize = 10;
/// Then one in this time.
const THEN_EVERY: Duration = Duration::from_millis(300);
/// A search that takes longer ends without a finding: nobody may have to wait for it with an order.
const LONGEST: Duration = Duration::from_secs(15);

/// Who owns two target groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Owner {
    /// Nobody.
    Nobody,
    /// This one.
    Service(String),
    /// It could not be found out whether anybody does, for this reason.
    Unknown(String),
}

/// Looks for who owns one of these target groups, by their ARNs.
pub(super) async fn search(aws: &Aws, groups: &[String]) -> Result<Owner, Fault> {
    let both = async { tokio::join!(services(aws, groups), codedeploy(aws, groups)) };
    let Ok(found) = tokio::time::timeout(LONGEST, both).await else {
        return Ok(Owner::Unknown("looking at all of them takes too long".to_owned()));
    };
    match found {
        // CodeDeploy names its group, which says more than the service.
        (_, Ok(Owner::Service(owner))) | (Ok(Owner::Service(owner)), _) => {
            Ok(Owner::Service(owner))
        }
        (Err(fault), _) | (_, Err(fault)) => Err(fault),
        (Ok(Owner::Unknown(why)), _) | (_, Ok(Owner::Unknown(why))) => Ok(Owner::Unknown(why)),
        (Ok(Owner::Nobody), Ok(Owner::Nobody)) => Ok(Owner::Nobody),
    }
}

/// Slows a search down: the quotas belong to the account.
#[derive(Default)]
struct Turns(usize);

impl Turns {
    async fn next(&mut self) {
        self.0 = self.0.saturating_add(1);
        if self.0 > AT_ONCE {
            tokio::time::sleep(THEN_EVERY).await;
        }
    }
}

fn too_many(what: &str) -> Owner {
    Owner::Unknown(format!("there are too many {what} to look at all of them"))
}

/// Among the services of ECS.
async fn services(aws: &Aws, groups: &[String]) -> Result<Owner, Fault> {
    let (ecs, mut turns) = (&aws.reads().ecs, Turns::default());
    turns.next().await;
    let call = ecs.list_clusters().max_results(100).send().await;
    let clusters = call.map_err(|error| fault("ecs:ListClusters", &error))?;
    let mut left = SERVICES;
    for cluster in clusters.cluster_arns().iter().take(CLUSTERS) {
        let mut pages =
            ecs.list_services().cluster(cluster).max_results(100).into_paginator().send();
        loop {
            turns.next().await;
            let Some(page) = pages.next().await else { break };
            let page = page.map_err(|error| fault("ecs:ListServices", &error))?;
            for chunk in page.service_arns().chunks(SERVICES_A_CALL) {
                let Some(rest) = left.checked_sub(chunk.len()) else {
                    return Ok(too_many("services"));
                };
                left = rest;
                turns.next().await;
                let call = ecs.describe_services().cluster(cluster);
                let answer = call.set_services(Some(chunk.to_vec())).send().await;
                let answer = answer.map_err(|error| fault("ecs:DescribeServices", &error))?;
                if let Some(owner) = answer.services().iter().find_map(|one| owns(one, groups)) {
                    return Ok(Owner::Service(owner));
                }
            }
        }
    }
    let all = clusters.cluster_arns().len() <= CLUSTERS && clusters.next_token().is_none();
    Ok(if all { Owner::Nobody } else { too_many("clusters") })
}

/// The words for a service that moves the weights of one of the groups by itself. One that only
/// registers its tasks in a group does not.
fn owns(service: &Service, groups: &[String]) -> Option<String> {
    let is_one = |arn: Option<&str>| arn.is_some_and(|arn| groups.iter().any(|one| one == arn));
    let registers = |balancer: &LoadBalancer| is_one(balancer.target_group_arn());
    let shifts = |balancer: &LoadBalancer| {
        let other = balancer.advanced_configuration();
        let other = other.and_then(|advanced| advanced.alternate_target_group_arn());
        other.is_some() && (registers(balancer) || is_one(other))
    };
    let names = || {
        let last = |arn: &str| arn.rsplit('/').next().unwrap_or(arn).to_owned();
        let cluster = service.cluster_arn().map(last).unwrap_or_default();
        format!("{cluster}/{}", service.service_name().unwrap_or_default())
    };
    let controller = service.deployment_controller().map(|controller| controller.r#type().as_str());
    match controller {
        Some("CODE_DEPLOY") => {
            let sets = service.task_sets().iter().flat_map(TaskSet::load_balancers);
            let mut used = service.load_balancers().iter().chain(sets);
            used.any(registers).then(|| format!("CodeDeploy (ECS service {})", names()))
        }
        Some("ECS") | None => {
            let owner = || format!("the ECS service {}", names());
            service.load_balancers().iter().any(shifts).then(owner)
        }
        Some(_) => None,
    }
}

/// Among the deployment groups of CodeDeploy that deploy to ECS.
async fn codedeploy(aws: &Aws, groups: &[String]) -> Result<Owner, Fault> {
    let (client, mut turns) = (&aws.reads().codedeploy, Turns::default());
    turns.next().await;
    let answer = client.list_applications().send().await;
    let answer = answer.map_err(|error| fault("codedeploy:ListApplications", &error))?;
    let all = answer.applications().len() <= APPLICATIONS && answer.next_token().is_none();
    let names: Vec<String> = answer.applications().iter().take(APPLICATIONS).cloned().collect();
    if names.is_empty() {
        return Ok(Owner::Nobody);
    }
    for application in on_ecs(aws, names, &mut turns).await? {
        turns.next().await;
        let call = client.list_deployment_groups().application_name(&application);
        let answer = call.send().await;
        let answer = answer.map_err(|error| fault("codedeploy:ListDeploymentGroups", &error))?;
        for chunk in answer.deployment_groups().chunks(GROUPS_A_CALL) {
            turns.next().await;
            let call = client.batch_get_deployment_groups().application_name(&application);
            let call = call.set_deployment_group_names(Some(chunk.to_vec()));
            let found = call.send().await;
            let found =
                found.map_err(|error| fault("codedeploy:BatchGetDeploymentGroups", &error))?;
            let owner = found.deployment_groups_info().iter().find(|info| pairs(info, groups));
            if let Some(name) = owner.and_then(DeploymentGroupInfo::deployment_group_name) {
                let text = format!("the CodeDeploy deployment group {application}/{name}");
                return Ok(Owner::Service(text));
            }
        }
    }
    Ok(if all { Owner::Nobody } else { too_many("CodeDeploy applications") })
}

/// The applications that deploy to ECS; only those have pairs of target groups.
async fn on_ecs(aws: &Aws, names: Vec<String>, turns: &mut Turns) -> Result<Vec<String>, Fault> {
    turns.next().await;
    let call = aws.reads().codedeploy.batch_get_applications();
    let answer = call.set_application_names(Some(names)).send().await;
    let answer = answer.map_err(|error| fault("codedeploy:BatchGetApplications", &error))?;
    let all = answer.applications_info().iter();
    let on_ecs = all.filter(|info| info.compute_platform() == Some(&ComputePlatform::Ecs));
    Ok(on_ecs.filter_map(|info| info.application_name()).map(str::to_owned).collect())
}

/// Whether a deployment group shifts between one of the groups and another. It knows them by name.
fn pairs(info: &DeploymentGroupInfo, groups: &[String]) -> bool {
    let pairs = info.load_balancer_info().map(LoadBalancerInfo::target_group_pair_info_list);
    let named = pairs.unwrap_or_default().iter().flat_map(TargetGroupPairInfo::target_groups);
    let mut named = named.filter_map(|group| group.name());
    named.any(|name| groups.iter().any(|arn| group_name(arn) == name))
}
