//! From a service to what deploys it.

use std::collections::BTreeSet;

use aws_sdk_ecs::types::Service;

use crate::domain::{Fault, FaultKind};
use crate::sources::aws::Aws;
use crate::sources::error::fault;
use crate::sources::service::describe;

use super::calls;
use super::raw::service_names;

/// More pages than an account has applications or groups for; more is a server that repeats itself.
const PAGES: usize = 20;

/// What deploys a service.
pub(crate) enum Driver {
    /// The deployment that made its newest task set.
    Deployment(String),
    /// Application and group, which have not deployed it yet.
    Group(String, String),
}

/// What deploys `name`. A task set that CodeDeploy made names its deployment; only a service that
/// was never deployed costs a search through the account's groups.
pub(crate) async fn driver(aws: &Aws, cluster: &str, name: &str) -> Result<Driver, Fault> {
    let service = describe(aws, cluster, name).await?;
    if let Some(id) = newest_deployment(&service) {
        return Ok(Driver::Deployment(id));
    }
    let controller = service.deployment_controller().map(|controller| controller.r#type().as_str());
    let not_found = |text: String| Fault::new(FaultKind::NotFound, "ecs:DescribeServices", text);
    match controller {
        Some("CODE_DEPLOY") => search(aws, cluster, name).await?.ok_or_else(|| {
            not_found(format!("no CodeDeploy deployment group deploys {cluster}/{name}"))
        }),
        other => Err(not_found(format!(
            "no CodeDeploy deployment drives {cluster}/{name}; its controller is {}",
            other.unwrap_or("ECS")
        ))),
    }
}

fn newest_deployment(service: &Service) -> Option<String> {
    let made = service.task_sets().iter().filter_map(|set| {
        let created = set.created_at().map(aws_smithy_types::DateTime::as_nanos);
        Some((created, set.external_id().filter(|id| id.starts_with("d-"))?))
    });
    made.max().map(|(_, id)| id.to_owned())
}

/// The group whose service this is, among all of the account and Region.
async fn search(aws: &Aws, cluster: &str, name: &str) -> Result<Option<Driver>, Fault> {
    let client = &aws.reads().codedeploy;
    let mut applications: BTreeSet<String> = BTreeSet::new();
    let mut pages = client.list_applications().into_paginator().send();
    for _ in 0..PAGES {
        let Some(page) = pages.next().await else { break };
        let page = page.map_err(|error| fault("codedeploy:ListApplications", &error))?;
        applications.extend(page.applications().iter().cloned());
    }
    for application in applications {
        let mut groups: BTreeSet<String> = BTreeSet::new();
        let call = client.list_deployment_groups().application_name(&application);
        let mut pages = call.into_paginator().send();
        for _ in 0..PAGES {
            let Some(page) = pages.next().await else { break };
            let page = page.map_err(|error| fault("codedeploy:ListDeploymentGroups", &error))?;
            groups.extend(page.deployment_groups().iter().cloned());
        }
        for group in groups {
            let info = calls::group(aws, &application, &group).await?;
            let deploys = service_names(Some(&info), None);
            if deploys.is_some_and(|(of, service)| of == cluster && service == name) {
                return Ok(Some(Driver::Group(application, group)));
            }
        }
    }
    Ok(None)
}
