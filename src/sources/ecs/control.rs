//! The service deployment that is followed, and the revisions it names.

use std::collections::BTreeMap;

use aws_sdk_ecs::types::{Service, ServiceDeployment, ServiceRevision};
use futures::future::join_all;

use crate::domain::{Fault, FaultKind};
use crate::sources::aws::Aws;
use crate::sources::error::fault;
use crate::sources::service::definition;

use super::raw::Control;

/// The API gives at most this many a page.
const A_PAGE: i32 = 100;
/// How many pages are read until one has something on it.
const PAGES: usize = 20;

/// One look at the service's deployment; `before` spares what does not change.
///
/// While it runs the service names its deployment. Once it is over the one that was followed stays,
/// until the service names another; who begins to watch an idle service sees its newest.
pub(crate) async fn look(
    aws: &Aws,
    service: &Service,
    before: Option<Control>,
) -> Result<Option<Control>, Fault> {
    let current = service.current_service_deployment().map(str::to_owned);
    let followed = before.as_ref().map(|control| control.arn().to_owned());
    let arn = match current.or(followed) {
        Some(arn) => arn,
        None => match newest(aws, service).await? {
            Some(arn) => arn,
            None => return Ok(None),
        },
    };
    let deployment = describe(aws, &arn).await?;
    let before = before.filter(|control| control.arn() == arn);
    let (revisions, definitions) =
        before.map(|before| (before.revisions, before.definitions)).unwrap_or_default();
    let mut control = Control { deployment, revisions, definitions };
    read_revisions(aws, &mut control).await;
    read_definitions(aws, &mut control).await;
    Ok(Some(control))
}

/// One service deployment by its ARN.
pub(crate) async fn describe(aws: &Aws, arn: &str) -> Result<ServiceDeployment, Fault> {
    const OPERATION: &str = "ecs:DescribeServiceDeployments";
    let call = aws.reads().ecs.describe_service_deployments().service_deployment_arns(arn);
    let answer = call.send().await.map_err(|error| fault(OPERATION, &error))?;
    answer.service_deployments().first().cloned().ok_or_else(|| {
        let reason = answer.failures().first().and_then(|failure| failure.reason());
        let reason = reason.unwrap_or("not in the answer");
        Fault::new(FaultKind::NotFound, OPERATION, format!("{arn}: {reason}"))
    })
}

/// The newest deployment of a service that runs none; the API does not promise an order. A page may
/// be empty and yet not be the last.
async fn newest(aws: &Aws, service: &Service) -> Result<Option<String>, Fault> {
    let mut token = None;
    for _ in 0..PAGES {
        let call = aws.reads().ecs.list_service_deployments();
        let answer = call
            .set_cluster(service.cluster_arn().map(str::to_owned))
            .set_service(service.service_name().map(str::to_owned))
            .max_results(A_PAGE)
            .set_next_token(token)
            .send()
            .await
            .map_err(|error| fault("ecs:ListServiceDeployments", &error))?;
        let newest = answer
            .service_deployments()
            .iter()
            .max_by_key(|brief| brief.created_at().map(aws_smithy_types::DateTime::as_nanos));
        token = answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() || newest.is_some() {
            return Ok(newest.and_then(|brief| brief.service_deployment_arn()).map(str::to_owned));
        }
    }
    Ok(None)
}

/// Reads the revisions that are not known yet, and those that have not told their target group: a
/// revision resolves it when it becomes active, and forgets it when it is no longer. A failure
/// leaves what is known.
async fn read_revisions(aws: &Aws, control: &mut Control) {
    let deployment = &control.deployment;
    let is_resolved = |revision: &ServiceRevision| revision.resolved_configuration().is_some();
    let wanted = deployment
        .target_service_revision()
        .into_iter()
        .chain(deployment.source_service_revisions())
        .filter_map(|summary| summary.arn())
        .chain(deployment.rollback().and_then(|rollback| rollback.service_revision_arn()));
    let mut wanted: Vec<String> = wanted.map(str::to_owned).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let is_over = control.is_over();
    wanted.retain(|arn| {
        control.revisions.get(arn).is_none_or(|known| !is_over && !is_resolved(known))
    });
    if wanted.is_empty() {
        return;
    }
    let call = aws.reads().ecs.describe_service_revisions();
    let Ok(answer) = call.set_service_revision_arns(Some(wanted)).send().await else { return };
    for revision in answer.service_revisions() {
        if let Some(arn) = revision.service_revision_arn() {
            control.revisions.insert(arn.to_owned(), revision.clone());
        }
    }
}

/// Reads the task definitions of the revisions, each once.
async fn read_definitions(aws: &Aws, control: &mut Control) {
    let named = control.revisions.values().filter_map(ServiceRevision::task_definition);
    let mut wanted: Vec<String> = named.map(str::to_owned).collect();
    wanted.sort_unstable();
    wanted.dedup();
    wanted.retain(|arn| !control.definitions.contains_key(arn));
    let read = join_all(wanted.iter().map(|arn| definition(aws, arn))).await;
    let read: BTreeMap<_, _> = wanted
        .into_iter()
        .zip(read)
        .filter_map(|(arn, definition)| Some((arn, definition.ok()?)))
        .collect();
    control.definitions.extend(read);
}
