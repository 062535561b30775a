//! What ECS is asked about a service: the service itself, its tasks, what they are defined as.

use aws_sdk_ecs::types::{DesiredStatus, Service as EcsService, Task, TaskDefinition};

use crate::domain::{Fault, FaultKind};

use super::aws::Aws;
use super::error::fault;

/// The API takes a hundred tasks a call.
const TASKS_A_CALL: usize = 100;
/// More pages than any service has tasks for; more is a server that repeats itself.
const PAGES: usize = 20;

/// One service.
pub(crate) async fn describe(aws: &Aws, cluster: &str, name: &str) -> Result<EcsService, Fault> {
    const OPERATION: &str = "ecs:DescribeServices";
    let call = aws.reads().ecs.describe_services().cluster(cluster).services(name);
    let answer = call.send().await.map_err(|error| fault(OPERATION, &error))?;
    answer.services().first().cloned().ok_or_else(|| {
        let reason = answer.failures().first().and_then(|failure| failure.reason());
        let reason = reason.unwrap_or("not in the answer");
        Fault::new(FaultKind::NotFound, OPERATION, format!("service {cluster}/{name}: {reason}"))
    })
}

/// One task definition.
pub(crate) async fn definition(aws: &Aws, arn: &str) -> Result<TaskDefinition, Fault> {
    const OPERATION: &str = "ecs:DescribeTaskDefinition";
    let call = aws.reads().ecs.describe_task_definition().task_definition(arn);
    let answer = call.send().await.map_err(|error| fault(OPERATION, &error))?;
    answer
        .task_definition
        .ok_or_else(|| Fault::new(FaultKind::Garbled, OPERATION, "the answer has no definition"))
}

/// The service's tasks that should run, or those that stopped within the last hour.
pub(crate) async fn tasks(
    aws: &Aws,
    (cluster, name): (String, String),
    status: DesiredStatus,
) -> Result<Vec<Task>, Fault> {
    let mut arns: Vec<String> = Vec::new();
    let mut token = None;
    for _ in 0..PAGES {
        let call = aws.reads().ecs.list_tasks().cluster(&cluster).service_name(&name);
        let answer = call
            .desired_status(status.clone())
            .set_next_token(token)
            .send()
            .await
            .map_err(|error| fault("ecs:ListTasks", &error))?;
        arns.extend(answer.task_arns().iter().cloned());
        token = answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    arns.sort_unstable();
    arns.dedup();
    let mut tasks = Vec::with_capacity(arns.len());
    for chunk in arns.chunks(TASKS_A_CALL) {
        // A task that vanished between the two calls is in `failures`, which is no error.
        let call =
            aws.reads().ecs.describe_tasks().cluster(&cluster).set_tasks(Some(chunk.to_vec()));
        let answer = call.send().await.map_err(|error| fault("ecs:DescribeTasks", &error))?;
        tasks.extend(answer.tasks().iter().cloned());
    }
    Ok(tasks)
}
