//! Orders: the state is read again, then the one call goes out, once.

use aws_sdk_ecs::operation::RequestId;
use aws_sdk_ecs::types as ecs;
use aws_sdk_ecs::types::{DeploymentLifecycleHookAction, StopServiceDeploymentStopType};
use serde_json::Value;

use crate::domain::{
    Fact, Fault, Means, Order, Progress, RolloutId, RolloutKind, Snapshot, Target,
};
use crate::sources::aws::{Aws, Changes};
use crate::sources::order::{failed, param, unknown_call, was_carried_out};

use super::control::look;
use super::raw::{Raw, last_part};
use super::translate::snapshot;

/// Reads afresh what an order rests on: the caller, the service and its deployment.
pub(crate) async fn read_again(aws: &Aws, order: &Order) -> Snapshot {
    let (identity, control) = tokio::join!(aws.identity(), read(aws, order));
    let now = aws.now();
    let identity = Fact::default().after(identity, now);
    let (service, control) = control;
    let raw = Raw {
        service: Fact::default().after(service, now),
        control: Fact::default().after(control, now),
        ..Raw::default()
    };
    snapshot(&order.target, &identity, &raw, now)
}

type Read = (Result<ecs::Service, Fault>, Result<Option<super::raw::Control>, Fault>);

async fn read(aws: &Aws, order: &Order) -> Read {
    let names = match &order.target {
        Target::Ecs { cluster, service } => (cluster.clone(), service.clone()),
        other => {
            let text = format!("{other} is no ECS service");
            let kind = crate::domain::FaultKind::NotFound;
            let fault = Fault::new(kind, "ecs:DescribeServices", text);
            return (Err(fault.clone()), Err(fault));
        }
    };
    match super::service(aws, names).await {
        Ok(service) => {
            let control = look(aws, &service, None).await;
            (Ok(service), control)
        }
        Err(fault) => (Err(fault.clone()), Err(fault)),
    }
}

/// Sends the one call of an order. It is never sent again: what became of a lost answer is found
/// out by reading.
pub(crate) async fn send(changes: &Changes, order: &Order) -> Progress {
    let client = &changes.ecs;
    let text = |name: &str| param(order, name).and_then(Value::as_str).map(str::to_owned);
    let accepted = |request: Option<&str>, answer: &str, rollout: Option<RolloutId>| {
        let request_id = request.map(str::to_owned);
        Progress::Accepted { request_id, answer: answer.to_owned(), rollout }
    };
    match order.call.operation.as_str() {
        "StopServiceDeployment" => {
            let kind = text("stopType").map(|kind| StopServiceDeploymentStopType::from(&*kind));
            let call = client.stop_service_deployment();
            let call = call.set_service_deployment_arn(text("serviceDeploymentArn"));
            match call.set_stop_type(kind).send().await {
                Ok(answer) => accepted(answer.request_id(), "", None),
                Err(error) => failed(order, &error),
            }
        }
        "ContinueServiceDeployment" => {
            let action = text("action").map(|word| DeploymentLifecycleHookAction::from(&*word));
            let call = client.continue_service_deployment();
            let call = call.set_service_deployment_arn(text("serviceDeploymentArn"));
            match call.set_hook_id(text("hookId")).set_action(action).send().await {
                Ok(answer) => accepted(answer.request_id(), "", None),
                Err(error) => failed(order, &error),
            }
        }
        "UpdateService" => {
            let call = client.update_service().set_cluster(text("cluster"));
            let call = call.set_service(text("service"));
            match call.set_task_definition(text("taskDefinition")).send().await {
                Ok(answer) => {
                    // The answer may still name the deployment before.
                    let named = answer.service().and_then(|s| s.current_service_deployment());
                    let new = named.map(|arn| RolloutId::new(last_part(arn)));
                    let new = new.filter(|id| *id != order.expected.rollout);
                    accepted(answer.request_id(), "", new)
                }
                Err(error) => failed(order, &error),
            }
        }
        _ => unknown_call(order),
    }
}

/// Finds out by reading what became of an order whose answer was lost. That it was not carried out
/// is never certain: the call may still be on its way.
pub(crate) async fn reconcile(aws: &Aws, order: &Order, lost: Fault) -> Progress {
    let now = Box::pin(read_again(aws, order)).await;
    let Some(rollout) = now.rollout() else { return Progress::Unknown { fault: lost } };
    let same = rollout.id == order.expected.rollout;
    let carried_out = match order.expected.means {
        Means::RedeployPrevious => {
            let ordered = param(order, "taskDefinition").and_then(Value::as_str);
            let brought = rollout.green.revision.value().map(|revision| revision.arn.as_str());
            !same && brought.is_some() && brought == ordered
        }
        Means::StopAndRollBack | Means::TurnRound => same && rollout.kind != RolloutKind::Rollout,
        Means::OpenGate => {
            same && rollout.kind == RolloutKind::Rollout && rollout.gate != order.expected.gate
        }
        // Never offered here.
        Means::StopOnly
        | Means::EndBake
        | Means::SkipToEnd
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
        | Means::Reject => false,
    };
    if !carried_out {
        return Progress::Unknown { fault: lost };
    }
    was_carried_out((!same).then(|| rollout.id.clone()))
}
