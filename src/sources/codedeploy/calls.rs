//! The calls: a deployment, its group, its target, and how its configuration shifts traffic.

use aws_sdk_codedeploy::error::ProvideErrorMetadata;
use aws_sdk_codedeploy::types::{DeploymentGroupInfo, DeploymentInfo, TrafficRoutingType};
use jiff::SignedDuration;

use crate::domain::{Fault, FaultKind};
use crate::sources::aws::Aws;
use crate::sources::error::fault;
use crate::sources::routing::Routing;

use super::destination::Destination;

/// How many pages are read until one has something on it.
const PAGES: usize = 20;

/// One deployment.
pub(crate) async fn deployment(aws: &Aws, id: &str) -> Result<DeploymentInfo, Fault> {
    const OPERATION: &str = "codedeploy:GetDeployment";
    let call = aws.reads().codedeploy.get_deployment().deployment_id(id);
    let answer = call.send().await.map_err(|error| fault(OPERATION, &error))?;
    answer
        .deployment_info
        .ok_or_else(|| Fault::new(FaultKind::Garbled, OPERATION, "the answer has no deployment"))
}

/// One deployment group.
pub(crate) async fn group(
    aws: &Aws,
    application: &str,
    name: &str,
) -> Result<DeploymentGroupInfo, Fault> {
    const OPERATION: &str = "codedeploy:GetDeploymentGroup";
    let call = aws.reads().codedeploy.get_deployment_group();
    let answer = call
        .application_name(application)
        .deployment_group_name(name)
        .send()
        .await
        .map_err(|error| fault(OPERATION, &error))?;
    answer
        .deployment_group_info
        .ok_or_else(|| Fault::new(FaultKind::Garbled, OPERATION, "the answer has no group"))
}

/// The newest deployment of a group that does not say so itself; the API lists the newest first.
pub(super) async fn newest(
    aws: &Aws,
    application: &str,
    name: &str,
) -> Result<Option<String>, Fault> {
    let call = aws.reads().codedeploy.list_deployments();
    let answer = call
        .application_name(application)
        .deployment_group_name(name)
        .send()
        .await
        .map_err(|error| fault("codedeploy:ListDeployments", &error))?;
    Ok(answer.deployments().first().cloned())
}

/// The one target of a deployment, with its id; nothing before the deployment has started.
pub(super) async fn destination(
    aws: &Aws,
    id: &str,
    known: Option<String>,
) -> Result<(Option<String>, Option<Destination>), Fault> {
    const OPERATION: &str = "codedeploy:BatchGetDeploymentTargets";
    let target_id = match known {
        Some(known) => known,
        None => match listed_target(aws, id).await? {
            Some(target_id) => target_id,
            None => return Ok((None, None)),
        },
    };
    let call = aws.reads().codedeploy.batch_get_deployment_targets();
    match call.deployment_id(id).target_ids(&target_id).send().await {
        Ok(answer) => {
            let told = answer.deployment_targets().iter().find_map(Destination::of);
            Ok((Some(target_id), told))
        }
        Err(error) if error.code() == Some("DeploymentNotStartedException") => Ok((None, None)),
        Err(error) => Err(fault(OPERATION, &error)),
    }
}

/// The id of the one target; a page may be empty and yet not be the last.
async fn listed_target(aws: &Aws, id: &str) -> Result<Option<String>, Fault> {
    let mut token = None;
    for _ in 0..PAGES {
        let call = aws.reads().codedeploy.list_deployment_targets().deployment_id(id);
        let answer = match call.set_next_token(token).send().await {
            Ok(answer) => answer,
            Err(error) if error.code() == Some("DeploymentNotStartedException") => return Ok(None),
            Err(error) => return Err(fault("codedeploy:ListDeploymentTargets", &error)),
        };
        token = answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() || !answer.target_ids().is_empty() {
            return Ok(answer.target_ids().first().cloned());
        }
    }
    Ok(None)
}

/// How a configuration shifts the traffic; a configuration never changes.
pub(super) async fn routing(aws: &Aws, name: &str) -> Result<Routing, Fault> {
    const OPERATION: &str = "codedeploy:GetDeploymentConfig";
    let call = aws.reads().codedeploy.get_deployment_config().deployment_config_name(name);
    let answer = call.send().await.map_err(|error| fault(OPERATION, &error))?;
    let garbled = |what: &str| Fault::new(FaultKind::Garbled, OPERATION, what.to_owned());
    let config = answer
        .deployment_config_info()
        .and_then(|info| info.traffic_routing_config())
        .ok_or_else(|| garbled("the configuration does not say how traffic is shifted"))?;
    let minutes = |minutes: i32| SignedDuration::from_mins(i64::from(minutes.max(0)));
    match config.r#type() {
        Some(TrafficRoutingType::AllAtOnce) => Ok(Routing::AllAtOnce),
        Some(TrafficRoutingType::TimeBasedCanary) => config
            .time_based_canary()
            .map(|canary| Routing::Canary {
                percent: f64::from(canary.canary_percentage()),
                every: minutes(canary.canary_interval()),
            })
            .ok_or_else(|| garbled("the canary has no figures")),
        Some(TrafficRoutingType::TimeBasedLinear) => config
            .time_based_linear()
            .filter(|linear| linear.linear_percentage() > 0)
            .map(|linear| Routing::Linear {
                percent: f64::from(linear.linear_percentage()),
                every: minutes(linear.linear_interval()),
            })
            .ok_or_else(|| garbled("the linear shift has no figures")),
        other => Err(garbled(&format!("unknown way to shift traffic: {other:?}"))),
    }
}
