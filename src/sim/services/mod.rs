//! The services: each is a view of the one world, free of wire formats.

pub mod codedeploy;
pub mod ecs;
pub(crate) mod page;

use crate::sim::error::ApiError;
use crate::sim::value::Value;
use crate::sim::world::World;

/// A service of the pretend AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// AWS CodeDeploy.
    CodeDeploy,
    /// Amazon Elastic Container Service.
    Ecs,
}

/// Carries out an operation.
pub fn handle(
    world: &mut World,
    service: Service,
    operation: &str,
    input: &Value,
) -> Result<Value, ApiError> {
    match service {
        Service::CodeDeploy => codedeploy::handle(world, operation, input),
        Service::Ecs => ecs::handle(world, operation, input),
    }
}

/// The error for an operation that the service has not, or that is not simulated.
pub fn unknown_operation(service: Service, operation: &str) -> ApiError {
    let message = format!("{service:?}:{operation} is not simulated");
    ApiError::client("UnknownOperationException", message)
}
