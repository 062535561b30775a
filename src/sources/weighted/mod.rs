//! Weights that a person sets, with no control plane in charge of them.
//!
//! | module | what |
//! |---|---|
//! | `alb` | a rule of an Application Load Balancer, or a listener's default action |
//! | `route53` | two weighted records of one name |
//! | `clusters` | what runs on each side, where a person has named it |
//! | `sides` | which of two is blue, what offers follow from that: pure |
//! | `memory` | what everybody who watches or orders has to know alike while the program runs |
//!
//! There is no rollout on record here: what is shown as one is the pair of sides, held at a split until
//! somebody sets another.

mod alb;
mod clusters;
mod memory;
mod route53;
mod sides;

pub(super) use alb::Alb;
pub(super) use clusters::Joined;
pub(super) use memory::Memory;
pub(super) use route53::Route53;

use serde_json::Value;

use crate::domain::{Call, Fault, FaultKind, Order, Phase, Progress, Snapshot, Target};

use super::aws::{Aws, Changes};
use super::order::unknown_call;

/// Whether the weights of this target are a person's to set.
pub(super) fn is_for(target: &Target) -> bool {
    matches!(target, Target::Alb(_) | Target::Route53 { .. })
}

/// Reads afresh what an order rests on.
pub(super) async fn read_again(aws: &Aws, order: &Order) -> Snapshot {
    match &order.target {
        Target::Route53 { .. } => Box::pin(route53::orders::read_again(aws, &order.target)).await,
        _ => Box::pin(alb::orders::read_again(aws, &order.target)).await,
    }
}

/// Sends the one call of an order, once.
pub(super) async fn send(aws: &Aws, changes: &Changes, order: &Order) -> Progress {
    match &order.target {
        Target::Alb(_) => alb::orders::send(changes, order).await,
        Target::Route53 { .. } => route53::orders::send(aws, changes, order).await,
        _ => unknown_call(order),
    }
}

/// Finds out by reading what became of an order whose answer was lost. That it was not carried out is
/// never certain: the call may still be on its way.
pub(super) async fn reconcile(aws: &Aws, order: &Order, lost: Fault) -> Progress {
    let is_set = match &order.target {
        Target::Route53 { .. } => Box::pin(route53::orders::is_set(aws, order)).await,
        _ => Box::pin(alb::orders::is_set(aws, order)).await,
    };
    if !is_set {
        return Progress::Unknown { fault: lost };
    }
    Progress::Accepted {
        request_id: None,
        answer: "the answer was lost; reading shows that the weights are set".to_owned(),
        rollout: None,
    }
}

/// What was read is nothing that has two sides, in words.
fn unfit(operation: &str, text: impl Into<String>) -> Fault {
    Fault::new(FaultKind::Rejected { code: "not two sides".to_owned() }, operation, text)
}

/// What there is none of here, with the reason.
fn absent(operation: &str, text: &str) -> Fault {
    Fault::new(FaultKind::Absent, operation, text)
}

/// The phase of everything here: the split stays until a person sets another.
const PHASE: Phase = Phase::Held;

/// A call with its parameters.
fn call(service: &str, operation: &str, params: [(&str, Value); 2]) -> Call {
    Call {
        service: service.to_owned(),
        operation: operation.to_owned(),
        params: params.map(|(name, value)| (name.to_owned(), value)).into(),
    }
}

/// An object of those members that there are.
fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    let there = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(there.collect())
}

/// A member that is a text.
fn text(object: &Value, name: &str) -> Option<String> {
    object.get(name).and_then(Value::as_str).map(str::to_owned)
}

/// A member that is a whole number.
fn number<N: TryFrom<i64>>(object: &Value, name: &str) -> Option<N> {
    object.get(name).and_then(Value::as_i64).and_then(|number| N::try_from(number).ok())
}
