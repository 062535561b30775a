//! What a deployment deploys to: a service, the alias of a function, or instances.

use aws_sdk_codedeploy::types::{
    ComputePlatform, DeploymentInfo, DeploymentTarget, EcsTarget, EcsTaskSet, LambdaFunctionInfo,
    LambdaTarget, LifecycleEvent, TargetStatus,
};
use aws_smithy_types::DateTime;

/// The kinds of things that CodeDeploy deploys to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Platform {
    /// An ECS service.
    Service,
    /// A function, by its alias.
    Function,
    /// Instances, on EC2 or on premises.
    Instances,
}

impl Platform {
    /// Of a deployment; one that does not say is one of a service.
    pub(crate) fn of(info: &DeploymentInfo) -> Self {
        match info.compute_platform().map(ComputePlatform::as_str) {
            Some("Lambda") => Platform::Function,
            Some("Server") => Platform::Instances,
            _ => Platform::Service,
        }
    }
}

/// The one thing that a deployment deploys to, as CodeDeploy tells it; instances are many.
#[derive(Debug, Clone)]
pub(crate) enum Destination {
    /// An ECS service.
    Service(Box<EcsTarget>),
    /// The alias of a function.
    Function(Box<LambdaTarget>),
}

impl Destination {
    /// From an answer; nothing for what is not watched here, e.g. a stack of CloudFormation.
    pub(crate) fn of(target: &DeploymentTarget) -> Option<Self> {
        let service = target.ecs_target().cloned().map(Box::new).map(Destination::Service);
        let function = || target.lambda_target().cloned().map(Box::new).map(Destination::Function);
        service.or_else(function)
    }

    /// How far it is.
    pub(crate) fn status(&self) -> Option<&TargetStatus> {
        match self {
            Destination::Service(target) => target.status(),
            Destination::Function(target) => target.status(),
        }
    }

    /// Its steps in order.
    pub(crate) fn lifecycle_events(&self) -> &[LifecycleEvent] {
        match self {
            Destination::Service(target) => target.lifecycle_events(),
            Destination::Function(target) => target.lifecycle_events(),
        }
    }

    /// When something changed last.
    pub(crate) fn last_updated_at(&self) -> Option<&DateTime> {
        match self {
            Destination::Service(target) => target.last_updated_at(),
            Destination::Function(target) => target.last_updated_at(),
        }
    }

    /// The task sets of a service.
    pub(crate) fn task_sets(&self) -> &[EcsTaskSet] {
        match self {
            Destination::Service(target) => target.task_sets_info(),
            Destination::Function(_) => &[],
        }
    }

    /// Cluster and service, from the id `CLUSTER:SERVICE`.
    pub(crate) fn service(&self) -> Option<(&str, &str)> {
        match self {
            Destination::Service(target) => target.target_id()?.split_once(':'),
            Destination::Function(_) => None,
        }
    }

    /// The function, its alias and its versions.
    pub(crate) fn function(&self) -> Option<&LambdaFunctionInfo> {
        match self {
            Destination::Service(_) => None,
            Destination::Function(target) => target.lambda_function_info(),
        }
    }
}
