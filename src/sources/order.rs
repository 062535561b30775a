//! What all backends do with an order: its parameters, and what a failed call means.

use aws_sdk_codedeploy::error::ProvideErrorMetadata;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use serde_json::Value;

use crate::domain::{Fault, FaultKind, Order, Progress, RolloutId};

use super::error::fault;

/// A parameter of the order's call.
pub(super) fn param<'a>(order: &'a Order, name: &str) -> Option<&'a Value> {
    order.call.params.iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// Nothing was sent: the program was started to look only.
pub(super) fn read_only(order: &Order) -> Progress {
    let kind = FaultKind::Rejected { code: "read-only".to_owned() };
    let text = "this program was started to look only";
    Progress::Refused { fault: Fault::new(kind, &order.call.permission(), text) }
}

/// Nothing was sent: nobody here makes this call.
pub(super) fn unknown_call(order: &Order) -> Progress {
    let kind = FaultKind::Rejected { code: format!("unknown call {}", order.call.operation) };
    Progress::Refused { fault: Fault::new(kind, &order.call.permission(), String::new()) }
}

/// The answer was lost, and reading shows that the control plane has taken the order; the rollout that it led to, if
/// that has an id of its own.
pub(super) fn was_carried_out(rollout: Option<RolloutId>) -> Progress {
    let answer = "the answer was lost; reading shows that it was carried out".to_owned();
    Progress::Accepted { request_id: None, answer, rollout }
}

/// What a failed call means: refused, or nobody knows.
pub(super) fn failed<E>(order: &Order, error: &SdkError<E, HttpResponse>) -> Progress
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let fault = fault(&order.call.permission(), error);
    // Only an answer that says "no", or a request that never left, is certain; what cannot be
    // understood says nothing.
    let is_understood = fault.kind != FaultKind::Garbled;
    let certain = match error {
        SdkError::ServiceError(context) => is_understood && context.raw().status().as_u16() < 500,
        SdkError::ConstructionFailure(_) => true,
        SdkError::DispatchFailure(_) => fault.concerns_identity(),
        _ => false,
    };
    if certain { Progress::Refused { fault } } else { Progress::Unknown { fault } }
}
