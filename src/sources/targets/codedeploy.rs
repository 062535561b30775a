//! CodeDeploy's deployment groups, on every platform.
//!
//! There is no published quota: this asks twice a second at most, after a first handful. An account
//! of 40 applications takes 81 calls, half a minute.

use std::time::Duration;

use aws_sdk_codedeploy::types::{DeploymentGroupInfo, DeploymentStatus};

use crate::domain::{Fault, Found, What};
use crate::sources::aws::Aws;
use crate::sources::error::fault;

use super::{Shelf, Turns};

/// No more applications are looked at.
const APPLICATIONS: usize = 100;
/// The API takes 100 groups a call.
const A_CALL: usize = 100;

pub(super) async fn list(aws: &Aws, shelf: &mut Shelf) -> Result<(), Fault> {
    let mut turns = Turns::new(20, Duration::from_millis(500));
    let mut applications = applications(aws, &mut turns).await?;
    shelf.bound(&mut applications, APPLICATIONS, "applications");
    for application in applications {
        let Some(groups) = shelf.spare(groups(aws, &application, &mut turns).await)? else {
            continue;
        };
        for chunk in groups.chunks(A_CALL) {
            turns.next().await;
            let call = aws.reads().codedeploy.batch_get_deployment_groups();
            let answer = call
                .application_name(&application)
                .set_deployment_group_names(Some(chunk.to_vec()))
                .send()
                .await
                .map_err(|error| fault("codedeploy:BatchGetDeploymentGroups", &error));
            let Some(answer) = shelf.spare(answer)? else { continue };
            for group in answer.deployment_groups_info() {
                take(shelf, group);
            }
        }
    }
    Ok(())
}

/// The names of the applications, one more than are looked at.
async fn applications(aws: &Aws, turns: &mut Turns) -> Result<Vec<String>, Fault> {
    let mut found = Vec::new();
    let mut token = None;
    loop {
        turns.next().await;
        let call = aws.reads().codedeploy.list_applications().set_next_token(token);
        let answer =
            call.send().await.map_err(|error| fault("codedeploy:ListApplications", &error))?;
        found.extend(answer.applications().iter().cloned());
        token = answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() || found.len() > APPLICATIONS {
            return Ok(found);
        }
    }
}

/// The names of an application's groups; an application has a thousand at most.
async fn groups(aws: &Aws, application: &str, turns: &mut Turns) -> Result<Vec<String>, Fault> {
    const MOST: usize = 1000;
    let mut found = Vec::new();
    let mut token = None;
    loop {
        turns.next().await;
        let call = aws.reads().codedeploy.list_deployment_groups().application_name(application);
        let answer = call
            .set_next_token(token)
            .send()
            .await
            .map_err(|error| fault("codedeploy:ListDeploymentGroups", &error))?;
        found.extend(answer.deployment_groups().iter().cloned());
        token = answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() || found.len() >= MOST {
            return Ok(found);
        }
    }
}

fn take(shelf: &mut Shelf, group: &DeploymentGroupInfo) {
    let (Some(application), Some(name)) = (group.application_name(), group.deployment_group_name())
    else {
        return;
    };
    let target = format!("codedeploy:{application}/{name}");
    let pairs = group.load_balancer_info().map(|info| info.target_group_pair_info_list());
    for pair in pairs.unwrap_or_default() {
        let names = pair.target_groups().iter().filter_map(|group| group.name());
        shelf.moves.extend(names.map(|name| (name.to_owned(), target.clone())));
    }
    let service = group.ecs_services().first().and_then(|service| {
        Some(format!("{}/{}", service.cluster_name()?, service.service_name()?))
    });
    let last = group.last_attempted_deployment();
    let status = last.and_then(|last| last.status());
    shelf.found.push(Found {
        target,
        what: What::CodeDeploy {
            platform: group.compute_platform().map_or("Server", |kind| kind.as_str()).to_owned(),
            service,
        },
        running: status.is_some_and(is_running),
        rollout: last.and_then(|last| last.deployment_id()).map(str::to_owned),
        status: status.map(|status| status.as_str().to_owned()),
        owner: None,
    });
}

/// A status that nobody knows is no end.
fn is_running(status: &DeploymentStatus) -> bool {
    !matches!(
        status,
        DeploymentStatus::Succeeded | DeploymentStatus::Failed | DeploymentStatus::Stopped
    )
}
