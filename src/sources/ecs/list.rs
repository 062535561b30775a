//! What ECS itself deploys in the account and Region.
//!
//! No call lists the deployments of all services, so that every service is looked at: one call for
//! the clusters, one a cluster for its services, one for ten services, one for twenty deployments.
//! An account of 5 clusters with 20 services each costs 17 calls a search, about one a second; the
//! bounds keep it below two a second, a tenth of what ECS allows. What is beyond them is not listed
//! and can be watched by its name.

use aws_sdk_ecs::types::ServiceDeployment;

use crate::domain::{Fault, RolloutId, RolloutSummary, Target};
use crate::sources::aws::Aws;
use crate::sources::error::fault;
use crate::sources::time::moment;

use super::raw::last_part;

/// No more clusters are searched.
const CLUSTERS: usize = 20;
/// No more services are looked at, over all clusters.
const SERVICES: usize = 100;
/// More pages than these bounds have; more is a server that repeats itself.
const PAGES: usize = 20;
/// The API takes ten services a call.
const SERVICES_A_CALL: usize = 10;
/// The API takes twenty deployments a call.
const DEPLOYMENTS_A_CALL: usize = 20;

/// All deployments that run, in no order.
pub(crate) async fn active(aws: &Aws) -> Result<Vec<RolloutSummary>, Fault> {
    let mut arns = Vec::new();
    let mut room = SERVICES;
    for cluster in clusters(aws).await? {
        let services = services(aws, &cluster, room).await?;
        room = room.saturating_sub(services.len());
        for chunk in services.chunks(SERVICES_A_CALL) {
            arns.extend(running(aws, &cluster, chunk.to_vec()).await?);
        }
        if room == 0 {
            break;
        }
    }
    let mut found = Vec::with_capacity(arns.len());
    for chunk in arns.chunks(DEPLOYMENTS_A_CALL) {
        let call = aws.reads().ecs.describe_service_deployments();
        let answer = call
            .set_service_deployment_arns(Some(chunk.to_vec()))
            .send()
            .await
            .map_err(|error| fault("ecs:DescribeServiceDeployments", &error))?;
        found.extend(answer.service_deployments().iter().filter_map(summary));
    }
    Ok(found)
}

async fn clusters(aws: &Aws) -> Result<Vec<String>, Fault> {
    let mut pages = aws.reads().ecs.list_clusters().into_paginator().send();
    let mut found = Vec::new();
    for _ in 0..PAGES {
        let Some(page) = pages.next().await else { break };
        let page = page.map_err(|error| fault("ecs:ListClusters", &error))?;
        found.extend(page.cluster_arns().iter().cloned());
    }
    Ok(once(found, CLUSTERS))
}

/// The services of a cluster, no more than there is `room` for.
async fn services(aws: &Aws, cluster: &str, room: usize) -> Result<Vec<String>, Fault> {
    let call = aws.reads().ecs.list_services().cluster(cluster).max_results(100);
    let mut pages = call.into_paginator().send();
    let mut found = Vec::new();
    for _ in 0..PAGES {
        if found.len() >= room {
            break;
        }
        let Some(page) = pages.next().await else { break };
        let page = page.map_err(|error| fault("ecs:ListServices", &error))?;
        found.extend(page.service_arns().iter().cloned());
    }
    Ok(once(found, room))
}

/// Each of them once, at most so many; a server may repeat a page.
fn once(mut found: Vec<String>, most: usize) -> Vec<String> {
    let mut known = std::collections::BTreeSet::new();
    found.retain(|one| known.insert(one.clone()));
    found.truncate(most);
    found
}

/// The deployments that some services of a cluster are in.
async fn running(aws: &Aws, cluster: &str, services: Vec<String>) -> Result<Vec<String>, Fault> {
    let call = aws.reads().ecs.describe_services().cluster(cluster);
    let answer = call
        .set_services(Some(services))
        .send()
        .await
        .map_err(|error| fault("ecs:DescribeServices", &error))?;
    let own = answer.services().iter().filter(|service| super::controller(service) == "ECS");
    Ok(own.filter_map(|service| service.current_service_deployment()).map(str::to_owned).collect())
}

fn summary(deployment: &ServiceDeployment) -> Option<RolloutSummary> {
    let service = last_part(deployment.service_arn()?).to_owned();
    let cluster = last_part(deployment.cluster_arn()?).to_owned();
    Some(RolloutSummary {
        id: RolloutId::new(last_part(deployment.service_deployment_arn()?)),
        name: format!("{cluster}/{service}"),
        target: Target::Ecs { cluster, service },
        status: deployment.status().map_or("?", |status| status.as_str()).to_owned(),
        created: moment(deployment.created_at()),
        creator: "?".to_owned(),
    })
}
