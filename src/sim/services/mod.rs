//! The services: each is a view of the one world, free of wire formats.
//!
//! A service takes an operation's name and members and answers with members or a modelled error.

pub mod autoscaling;
pub mod beanstalk;
pub mod cloudwatch;
pub mod codedeploy;
pub mod codepipeline;
pub mod ecs;
pub mod elb;
pub mod kubernetes;
pub mod lambda;
pub mod logs;
pub(crate) mod page;
pub mod prometheus;
pub mod route53;
pub mod sts;

use crate::sim::error::ApiError;
use crate::sim::value::Value;
use crate::sim::world::World;

/// The member that names the cluster which a request is for.
pub(crate) const CLUSTER: &str = "cluster";

/// A service of the pretend AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// AWS CodeDeploy.
    CodeDeploy,
    /// Amazon Elastic Container Service.
    Ecs,
    /// Elastic Load Balancing, version 2.
    Elb,
    /// Amazon CloudWatch.
    CloudWatch,
    /// AWS Security Token Service.
    Sts,
    /// Amazon Route 53.
    Route53,
    /// AWS Lambda.
    Lambda,
    /// AWS Elastic Beanstalk.
    Beanstalk,
    /// AWS CodePipeline.
    CodePipeline,
    /// Amazon CloudWatch Logs.
    Logs,
    /// Amazon EC2 Auto Scaling.
    AutoScaling,
    /// The API server of a Kubernetes cluster.
    Kubernetes,
    /// A Prometheus in that cluster.
    Prometheus,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::CodeDeploy,
        Self::Ecs,
        Self::Elb,
        Self::CloudWatch,
        Self::Sts,
        Self::Route53,
        Self::Lambda,
        Self::Beanstalk,
        Self::CodePipeline,
        Self::Logs,
        Self::AutoScaling,
        Self::Kubernetes,
        Self::Prometheus,
    ];

    /// The name in IAM actions, in the call log and in the text of faults.
    pub fn name(self) -> &'static str {
        match self {
            Self::CodeDeploy => "codedeploy",
            Self::Ecs => "ecs",
            Self::Elb => "elasticloadbalancing",
            Self::CloudWatch => "cloudwatch",
            Self::Sts => "sts",
            Self::Route53 => "route53",
            Self::Lambda => "lambda",
            Self::Beanstalk => "elasticbeanstalk",
            Self::CodePipeline => "codepipeline",
            Self::Logs => "logs",
            Self::AutoScaling => "autoscaling",
            Self::Kubernetes => "kubernetes",
            Self::Prometheus => "prometheus",
        }
    }

    /// The operations that are simulated.
    pub fn operations(self) -> &'static [&'static str] {
        match self {
            Self::CodeDeploy => codedeploy::OPERATIONS,
            Self::Ecs => ecs::OPERATIONS,
            Self::Elb => elb::OPERATIONS,
            Self::CloudWatch => cloudwatch::OPERATIONS,
            Self::Sts => sts::OPERATIONS,
            Self::Route53 => route53::OPERATIONS,
            Self::Lambda => lambda::OPERATIONS,
            Self::Beanstalk => beanstalk::OPERATIONS,
            Self::CodePipeline => codepipeline::OPERATIONS,
            Self::Logs => logs::OPERATIONS,
            Self::AutoScaling => autoscaling::OPERATIONS,
            Self::Kubernetes => kubernetes::OPERATIONS,
            Self::Prometheus => prometheus::OPERATIONS,
        }
    }

    /// The prefix of the header `x-amz-target`, for services that speak JSON.
    pub(crate) fn target_prefix(self) -> Option<&'static str> {
        match self {
            Self::CodeDeploy => Some("CodeDeploy_20141006"),
            Self::Ecs => Some("AmazonEC2ContainerServiceV20141113"),
            Self::CloudWatch => Some("GraniteServiceVersion20100801"),
            Self::CodePipeline => Some("CodePipeline_20150709"),
            Self::Logs => Some("Logs_20140328"),
            Self::Elb
            | Self::Sts
            | Self::Route53
            | Self::Lambda
            | Self::Beanstalk
            | Self::AutoScaling
            | Self::Kubernetes
            | Self::Prometheus => None,
        }
    }

    /// The name in the path, for services that speak CBOR.
    pub(crate) fn rpc_name(self) -> Option<&'static str> {
        match self {
            Self::CloudWatch => Some("GraniteServiceVersion20100801"),
            Self::CodeDeploy
            | Self::Ecs
            | Self::Elb
            | Self::Sts
            | Self::Route53
            | Self::Lambda
            | Self::Beanstalk
            | Self::CodePipeline
            | Self::Logs
            | Self::AutoScaling
            | Self::Kubernetes
            | Self::Prometheus => None,
        }
    }

    /// Version and XML namespace, for services that speak the query protocol.
    pub(crate) fn query(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Elb => {
                Some(("2015-12-01", "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"))
            }
            Self::CloudWatch => {
                Some(("2010-08-01", "http://monitoring.amazonaws.com/doc/2010-08-01/"))
            }
            Self::Sts => Some(("2011-06-15", "https://sts.amazonaws.com/doc/2011-06-15/")),
            Self::Beanstalk => {
                Some(("2010-12-01", "http://elasticbeanstalk.amazonaws.com/docs/2010-12-01/"))
            }
            Self::AutoScaling => {
                Some(("2011-01-01", "http://autoscaling.amazonaws.com/doc/2011-01-01/"))
            }
            Self::CodeDeploy
            | Self::Ecs
            | Self::Route53
            | Self::Lambda
            | Self::CodePipeline
            | Self::Logs
            | Self::Kubernetes
            | Self::Prometheus => None,
        }
    }
}

/// Whether an operation changes nothing, as AWS names its operations.
pub fn reads(operation: &str) -> bool {
    ["Get", "List", "Describe", "BatchGet"].iter().any(|verb| operation.starts_with(verb))
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
        Service::Elb => elb::handle(world, operation, input),
        Service::CloudWatch => cloudwatch::handle(world, operation, input),
        Service::Sts => sts::handle(world, operation, input),
        Service::Route53 => route53::handle(world, operation, input),
        Service::Lambda => lambda::handle(world, operation, input),
        Service::Beanstalk => beanstalk::handle(world, operation, input),
        Service::CodePipeline => codepipeline::handle(world, operation, input),
        Service::Logs => logs::handle(world, operation, input),
        Service::AutoScaling => autoscaling::handle(world, operation, input),
        Service::Kubernetes => world
            .at_cluster(input.text(CLUSTER), |world| kubernetes::handle(world, operation, input)),
        Service::Prometheus => world
            .at_cluster(input.text(CLUSTER), |world| prometheus::handle(world, operation, input)),
    }
}

/// The error for an operation that the service has not, or that is not simulated.
pub fn unknown_operation(service: Service, operation: &str) -> ApiError {
    let message = format!("{}:{operation} is not simulated", service.name());
    ApiError::client("UnknownOperationException", message)
}
