//! Services that ECS itself deploys.
//!
//! No call lists services over clusters: it takes one for each page of clusters and of a cluster's
//! services, and one for ten services. After a first handful it is two a second, a tenth of what
//! ECS allows.

use std::time::Duration;

use aws_sdk_ecs::types::Service;

use crate::domain::{Fault, Found, What};
use crate::sources::aws::Aws;
use crate::sources::error::fault;
use crate::sources::forward::group_name;

use super::{Shelf, Turns};

/// No more clusters are looked at.
const CLUSTERS: usize = 50;
/// No more services are looked at, over all clusters.
const SERVICES: usize = 500;
/// The API takes ten services a call.
const A_CALL: usize = 10;

pub(super) async fn list(aws: &Aws, shelf: &mut Shelf) -> Result<(), Fault> {
    let mut turns = Turns::new(30, Duration::from_millis(500));
    let mut clusters = clusters(aws, &mut turns).await?;
    shelf.bound(&mut clusters, CLUSTERS, "clusters");
    let mut room = SERVICES;
    for cluster in clusters {
        let services = services(aws, &cluster, room, &mut turns).await;
        let Some(mut services) = shelf.spare(services)? else { continue };
        if services.len() > room {
            services.truncate(room);
            shelf.too_many(SERVICES, "services");
        }
        room -= services.len();
        for chunk in services.chunks(A_CALL) {
            turns.next().await;
            let call = aws.reads().ecs.describe_services().cluster(&cluster);
            let answer = call
                .set_services(Some(chunk.to_vec()))
                .send()
                .await
                .map_err(|error| fault("ecs:DescribeServices", &error));
            let Some(answer) = shelf.spare(answer)? else { continue };
            for service in answer.services() {
                take(shelf, service);
            }
        }
        if room == 0 {
            break;
        }
    }
    Ok(())
}

/// The ARNs of the clusters, one more than are looked at.
async fn clusters(aws: &Aws, turns: &mut Turns) -> Result<Vec<String>, Fault> {
    let mut found = Vec::new();
    let mut token = None;
    loop {
        turns.next().await;
        let call = aws.reads().ecs.list_clusters().max_results(100).set_next_token(token);
        let answer = call.send().await.map_err(|error| fault("ecs:ListClusters", &error))?;
        found.extend(answer.cluster_arns().iter().cloned());
        token = answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() || found.len() > CLUSTERS {
            return Ok(found);
        }
    }
}

/// The ARNs of a cluster's services; more than `room` where there are more.
async fn services(
    aws: &Aws,
    cluster: &str,
    room: usize,
    turns: &mut Turns,
) -> Result<Vec<String>, Fault> {
    let mut found = Vec::new();
    let mut token = None;
    loop {
        turns.next().await;
        let call = aws.reads().ecs.list_services().cluster(cluster).max_results(100);
        let answer = call
            .set_next_token(token)
            .send()
            .await
            .map_err(|error| fault("ecs:ListServices", &error))?;
        found.extend(answer.service_arns().iter().cloned());
        token = answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() || found.len() > room {
            return Ok(found);
        }
    }
}

/// A service whose controller is CodeDeploy is found by its deployment group; what an external
/// controller deploys, nobody here can watch.
fn take(shelf: &mut Shelf, service: &Service) {
    let controller = service.deployment_controller().map_or("ECS", |by| by.r#type().as_str());
    let (Some(name), Some(cluster)) = (service.service_name(), service.cluster_arn()) else {
        return;
    };
    if controller != "ECS" || service.status() == Some("INACTIVE") {
        return;
    }
    let target = format!("ecs:{}/{name}", cluster.rsplit('/').next().unwrap_or(cluster));
    let strategy = service
        .deployment_configuration()
        .and_then(|configuration| configuration.strategy())
        .map_or("ROLLING", |strategy| strategy.as_str());
    // A service that is replaced in place moves no traffic between groups: two such services may
    // well be the two sides of a rule that a person moves.
    for balancer in service.load_balancers() {
        let other =
            balancer.advanced_configuration().and_then(|more| more.alternate_target_group_arn());
        let both = [balancer.target_group_arn(), other].map(|arn| arn.filter(|_| other.is_some()));
        let names = both.into_iter().flatten().map(|arn| group_name(arn).to_owned());
        shelf.moves.extend(names.map(|name| (name, target.clone())));
    }
    let rollout =
        service.current_service_deployment().map(|arn| arn.rsplit('/').next().unwrap_or(arn));
    shelf.found.push(Found {
        target,
        what: What::Ecs { strategy: strategy.to_owned() },
        running: rollout.is_some(),
        rollout: rollout.map(str::to_owned),
        status: None,
        owner: None,
    });
}
