//! ECS's part: the service, its task sets, its tasks.

use std::collections::BTreeMap;

use aws_sdk_ecs::types::{DesiredStatus, Service as EcsService, Task, TaskDefinition};
use futures::future::join_all;

use crate::domain::{Fault, FaultKind};
use crate::sources::aws::Aws;
use crate::sources::error::fault;

use super::raw::Service;

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

/// The service with the task definitions of all its task sets and an `earlier` one; those known
/// before are not read again.
pub(crate) async fn look(
    aws: &Aws,
    (cluster, name): (String, String),
    before: Option<Service>,
    earlier: Option<String>,
) -> Result<Service, Fault> {
    let service = describe(aws, &cluster, &name).await?;
    let sets = service.task_sets().iter().filter_map(|set| set.task_definition());
    let mut wanted: Vec<String> =
        sets.chain(service.task_definition()).map(str::to_owned).chain(earlier).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let (known, mut seen) = before.map(|s| (s.definitions, s.seen)).unwrap_or_default();
    for set in service.task_sets() {
        if let (Some(id), Some(arn)) = (set.id(), set.task_definition()) {
            seen.insert(id.to_owned(), arn.to_owned());
        }
    }
    let mut definitions: BTreeMap<_, _> =
        known.into_iter().filter(|(_, definition)| definition.is_ok()).collect();
    wanted.retain(|arn| !definitions.contains_key(arn));
    let read = join_all(wanted.iter().map(|arn| definition(aws, arn))).await;
    definitions.extend(wanted.into_iter().zip(read));
    Ok(Service { service, definitions, seen })
}

async fn definition(aws: &Aws, arn: &str) -> Result<TaskDefinition, Fault> {
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
