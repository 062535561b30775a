//! What runs in the account and Region.

use aws_sdk_codedeploy::error::ProvideErrorMetadata;
use aws_sdk_codedeploy::types::{DeploymentInfo, DeploymentStatus};

use crate::domain::{Fault, FaultKind, RolloutId, RolloutSummary, Target};
use crate::sources::aws::Aws;
use crate::sources::error::fault;
use crate::sources::time::moment;

/// The API takes 25 ids a call.
const A_CALL: usize = 25;
/// An account runs at most 1000 deployments at once; more pages is a server that repeats itself.
const PAGES: usize = 50;

/// All deployments that have not ended, newest first.
pub(crate) async fn active(aws: &Aws) -> Result<Vec<RolloutSummary>, Fault> {
    let ids = ids(aws).await?;
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(A_CALL) {
        let call = aws.reads().codedeploy.batch_get_deployments();
        let answer = call
            .set_deployment_ids(Some(chunk.to_vec()))
            .send()
            .await
            .map_err(|error| fault("codedeploy:BatchGetDeployments", &error))?;
        found.extend(answer.deployments_info().iter().filter_map(summary));
    }
    found.sort_by(|a, b| b.created.cmp(&a.created).then_with(|| a.id.cmp(&b.id)));
    Ok(found)
}

/// The ids, with all states that are not an end; older services do not know the newer states.
async fn ids(aws: &Aws) -> Result<Vec<String>, Fault> {
    use DeploymentStatus::{Baking, Created, InProgress, Queued, Ready};
    match pages(aws, &[Created, Queued, InProgress, Ready, Baking]).await {
        Err(Fault { kind: FaultKind::Rejected { code }, .. })
            if code == "InvalidDeploymentStatusException" =>
        {
            pages(aws, &[Created, Queued, InProgress, Ready]).await
        }
        other => other,
    }
}

async fn pages(aws: &Aws, states: &[DeploymentStatus]) -> Result<Vec<String>, Fault> {
    const OPERATION: &str = "codedeploy:ListDeployments";
    let mut ids: Vec<String> = Vec::new();
    let mut token = None;
    for _ in 0..PAGES {
        let call = aws.reads().codedeploy.list_deployments();
        let answer = call
            .set_include_only_statuses(Some(states.to_vec()))
            .set_next_token(token)
            .send()
            .await;
        let answer = match answer {
            Ok(answer) => answer,
            // moto and others of its kind want application and group here: they cannot list.
            Err(error) if error.code() == Some("ApplicationNameRequiredException") => {
                let text = "this server lists deployments of one application only";
                return Err(Fault::new(FaultKind::Garbled, OPERATION, text));
            }
            Err(error) => return Err(fault(OPERATION, &error)),
        };
        ids.extend(answer.deployments().iter().cloned());
        token = answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

fn summary(info: &DeploymentInfo) -> Option<RolloutSummary> {
    let id = RolloutId::new(info.deployment_id()?);
    let (target, name) = match (info.application_name(), info.deployment_group_name()) {
        (Some(application), Some(group)) => {
            let name = format!("{application}/{group}");
            let (application, group) = (application.to_owned(), group.to_owned());
            (Target::CodeDeploy { application, group }, name)
        }
        _ => (Target::Deployment(id.clone()), id.to_string()),
    };
    Some(RolloutSummary {
        target,
        name,
        id,
        status: info.status().map_or("?", |status| status.as_str()).to_owned(),
        created: moment(info.create_time()),
        creator: info.creator().map_or("?", |creator| creator.as_str()).to_owned(),
    })
}
