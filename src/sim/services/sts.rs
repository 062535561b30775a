//! STS: who asks. Every caller is the same person, whatever key signed the request.

use super::{Service, unknown_operation};
use crate::sim::error::ApiError;
use crate::sim::value::{Value, map};
use crate::sim::world::World;

/// The operations that are simulated.
pub const OPERATIONS: &[&str] = &["GetCallerIdentity"];

/// Carries out an operation.
pub fn handle(world: &World, operation: &str) -> Result<Value, ApiError> {
    match operation {
        "GetCallerIdentity" => Ok(map([
            ("UserId", Value::from("AROASIMULATEDROLE0000:operator")),
            ("Account", Value::from(world.account())),
            ("Arn", Value::from(caller_arn(world))),
        ])),
        _ => Err(unknown_operation(Service::Sts, operation)),
    }
}

/// The assumed role that every request counts as.
pub(crate) fn caller_arn(world: &World) -> String {
    format!("arn:aws:sts::{}:assumed-role/rollout-operator/operator", world.account())
}
