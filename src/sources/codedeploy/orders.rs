//! Orders: the state is read again, then the one call goes out, once.

use aws_sdk_codedeploy::error::ProvideErrorMetadata;
use aws_sdk_codedeploy::operation::RequestId;
use aws_sdk_codedeploy::types::{
    AppSpecContent, BundleType, DeploymentWaitType, GitHubLocation, RevisionLocation,
    RevisionLocationType, S3Location,
};
use serde_json::Value;

use crate::domain::{Fact, Fault, FaultKind, Means, Order, Progress, RolloutId, Snapshot, Target};
use crate::sources::aws::{Aws, Changes};
use crate::sources::order::{failed, param, unknown_call, was_carried_out};

use super::appspec::registered;
use super::calls::deployment;
use super::control::{Memory, look};
use super::raw::Raw;
use super::translate::snapshot;

/// Reads afresh what an order rests on: the caller, the deployment, and blue's tasks.
pub(crate) async fn read_again(aws: &Aws, order: &Order) -> Snapshot {
    let memory = Memory::of(&order.target, &order.expected.rollout);
    let (identity, (control, _)) = tokio::join!(aws.identity(), look(aws, &order.target, memory));
    let now = aws.now();
    let mut raw = Raw::default();
    let identity = Fact::default().after(identity, now);
    raw.control = raw.control.after(control, now);
    let picture = snapshot(&order.target, &identity, &raw, now);
    let knows_blue = picture.rollout().is_none_or(|rollout| rollout.blue.tasks.value().is_some());
    if let Some(of) = super::translate::function::Versions::of(&raw) {
        let alias = super::function::look(aws, of.function, of.alias).await;
        raw.alias = raw.alias.after(alias, aws.now());
        return snapshot(&order.target, &identity, &raw, aws.now());
    }
    if let Some(wanted) = super::translate::fleet::wanted(&raw) {
        let fleet = super::fleet::look(aws, wanted, None).await;
        raw.fleet = raw.fleet.after(fleet, aws.now());
        return snapshot(&order.target, &identity, &raw, aws.now());
    }
    match raw.service_names() {
        // CodeDeploy did not name the task sets; ECS can.
        Some(names) if !knows_blue => {
            let service = super::service::look(aws, names, None, None).await;
            raw.service = raw.service.after(service, aws.now());
            snapshot(&order.target, &identity, &raw, aws.now())
        }
        _ => picture,
    }
}

/// Sends the one call of an order. It is never sent again: what became of a lost answer is found
/// out by reading.
pub(crate) async fn send(aws: &Aws, changes: &Changes, order: &Order) -> Progress {
    let client = &changes.codedeploy;
    let text = |name: &str| param(order, name).and_then(Value::as_str).map(str::to_owned);
    match order.call.operation.as_str() {
        "StopDeployment" => {
            let call = client.stop_deployment().set_deployment_id(text("deploymentId"));
            let roll_back = param(order, "autoRollbackEnabled").and_then(Value::as_bool);
            match call.set_auto_rollback_enabled(roll_back).send().await {
                Ok(answer) => Progress::Accepted {
                    request_id: answer.request_id().map(str::to_owned),
                    answer: format!(
                        "{} {}",
                        answer.status().map_or("", |status| status.as_str()),
                        answer.status_message().unwrap_or_default()
                    )
                    .trim()
                    .to_owned(),
                    rollout: None,
                },
                Err(error) => failed(order, &error),
            }
        }
        "ContinueDeployment" => {
            let wait = text("deploymentWaitType").map(|wait| DeploymentWaitType::from(&*wait));
            let call = client.continue_deployment().set_deployment_id(text("deploymentId"));
            match call.set_deployment_wait_type(wait).send().await {
                Ok(answer) => Progress::Accepted {
                    request_id: answer.request_id().map(str::to_owned),
                    answer: String::new(),
                    rollout: None,
                },
                Err(error) => failed(order, &error),
            }
        }
        "CreateDeployment" => create(aws, client, order).await,
        _ => unknown_call(order),
    }
}

/// A full deployment of an earlier revision.
///
/// A registered revision is named by its hash alone. A service that wants its content refuses that
/// without doing anything, so that sending it with the content is no repetition.
async fn create(aws: &Aws, client: &aws_sdk_codedeploy::Client, order: &Order) -> Progress {
    let text = |name: &str| param(order, name).and_then(Value::as_str).map(str::to_owned);
    let Some(mut location) = param(order, "revision").and_then(revision) else {
        let kind = FaultKind::Rejected { code: "no revision".to_owned() };
        let fault = Fault::new(kind, &order.call.permission(), "the order names no revision");
        return Progress::Refused { fault };
    };
    let mut with_content = false;
    loop {
        let call = client
            .create_deployment()
            .set_application_name(text("applicationName"))
            .set_deployment_group_name(text("deploymentGroupName"))
            .set_deployment_config_name(text("deploymentConfigName"))
            .set_description(text("description"))
            .revision(location.clone());
        match call.send().await {
            Ok(answer) => {
                return Progress::Accepted {
                    request_id: answer.request_id().map(str::to_owned),
                    answer: String::new(),
                    rollout: answer.deployment_id().map(RolloutId::new),
                };
            }
            Err(error) if !with_content && error.code() == Some("InvalidRevisionException") => {
                with_content = true;
                match registered(aws, text("applicationName"), location).await {
                    Some(complete) => location = complete,
                    None => return failed(order, &error),
                }
            }
            Err(error) => return failed(order, &error),
        }
    }
}

/// A revision from the parameters of a call.
fn revision(value: &Value) -> Option<RevisionLocation> {
    let text = |value: &Value, name: &str| value.get(name)?.as_str().map(str::to_owned);
    let kind = text(value, "revisionType").map(|kind| RevisionLocationType::from(&*kind))?;
    let mut location = RevisionLocation::builder().revision_type(kind);
    if let Some(content) = value.get("appSpecContent") {
        let content = AppSpecContent::builder().set_sha256(text(content, "sha256"));
        location = location.app_spec_content(content.build());
    }
    if let Some(place) = value.get("s3Location") {
        let bundle = text(place, "bundleType").map(|kind| BundleType::from(&*kind));
        let s3 = S3Location::builder()
            .set_bucket(text(place, "bucket"))
            .set_key(text(place, "key"))
            .set_bundle_type(bundle)
            .set_version(text(place, "version"))
            .set_e_tag(text(place, "eTag"));
        location = location.s3_location(s3.build());
    }
    if let Some(place) = value.get("gitHubLocation") {
        let commit = GitHubLocation::builder()
            .set_repository(text(place, "repository"))
            .set_commit_id(text(place, "commitId"));
        location = location.git_hub_location(commit.build());
    }
    Some(location.build())
}

/// Finds out by reading what became of an order whose answer was lost.
///
/// It was carried out when the deployment is where the order wanted it, or when a deployment
/// carries the order's id. That it was not is never certain: the call may still be on its way.
pub(crate) async fn reconcile(aws: &Aws, order: &Order, lost: Fault) -> Progress {
    let carried_out = match order.expected.means {
        Means::RedeployPrevious => made_by(aws, order).await,
        Means::StopAndRollBack | Means::TurnRound | Means::StopOnly => {
            let info = deployment(aws, order.expected.rollout.as_str()).await.ok();
            let stopped = info.filter(|info| {
                let code = info.error_information().and_then(|error| error.code());
                code.is_some_and(|code| code.as_str() == "MANUAL_STOP")
            });
            stopped.map(|_| None)
        }
        Means::OpenGate | Means::EndBake => {
            let now = Box::pin(read_again(aws, order)).await;
            let moved = now.rollout().is_some_and(|rollout| {
                rollout.id == order.expected.rollout && rollout.phase != order.expected.phase
            });
            moved.then_some(None)
        }
        // Never offered here.
        Means::SkipToEnd
        | Means::TryAgain
        | Means::ShipAgain
        | Means::Freeze
        | Means::Thaw
        | Means::ReplaceTasks
        | Means::BringOut
        | Means::SwitchOver
        | Means::EndAnalysis
        | Means::SetWeights
        | Means::SwapNames
        | Means::Approve
        | Means::Reject => None,
    };
    match carried_out {
        Some(rollout) => was_carried_out(rollout),
        None => Progress::Unknown { fault: lost },
    }
}

/// The deployment that carries the order's id, inside an option that says whether there is one.
async fn made_by(aws: &Aws, order: &Order) -> Option<Option<RolloutId>> {
    let text = |name: &str| param(order, name).and_then(Value::as_str).map(str::to_owned);
    // The order's own target may be a service or one deployment.
    let group = Target::CodeDeploy {
        application: text("applicationName")?,
        group: text("deploymentGroupName")?,
    };
    let active = super::list::active(aws).await.ok()?;
    for summary in active.iter().filter(|summary| summary.target == group) {
        let info = deployment(aws, summary.id.as_str()).await.ok()?;
        if info.description().is_some_and(|text| text.contains(order.id.as_str())) {
            return Some(Some(summary.id.clone()));
        }
    }
    None
}
