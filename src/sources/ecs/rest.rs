//! A service of which no deployment is on record: it was never deployed, or too long ago for ECS to
//! remember.

use aws_sdk_ecs::types::{Service, TaskDefinition};

use crate::sources::aws::Aws;
use crate::sources::balancer::load_balancer;
use crate::sources::service::definition;

/// What is read of it once.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rest {
    /// What it runs.
    pub(crate) definition: Option<TaskDefinition>,
    /// The ARN of the load balancer in front of it.
    pub(crate) balancer: Option<String>,
}

impl Rest {
    /// Reads what is missing; a failure leaves it missing.
    pub(crate) async fn read(aws: &Aws, service: &Service, before: Option<Self>) -> Self {
        let arn = service.task_definition();
        let known = before.filter(|rest| {
            let named = rest.definition.as_ref().and_then(TaskDefinition::task_definition_arn);
            named.is_some() && named == arn
        });
        if let Some(known) = known {
            return known;
        }
        let group = service.load_balancers().first().and_then(|b| b.target_group_arn());
        let definition = async {
            match arn {
                Some(arn) => definition(aws, arn).await.ok(),
                None => None,
            }
        };
        let balancer = async {
            match group {
                Some(group) => load_balancer(aws, group).await.ok().flatten(),
                None => None,
            }
        };
        let (definition, balancer) = tokio::join!(definition, balancer);
        Self { definition, balancer }
    }
}
