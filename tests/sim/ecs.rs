//! ECS: every read decodes.

use aws_sdk_ecs::types::{DesiredStatus, TaskDefinitionField};

use super::Running;

const CLUSTER: &str = "prod";
const SERVICE: &str = "checkout";

#[tokio::test]
async fn every_read_decodes() {
    let sim = Running::scenario("canary", 1).await;
    let client = sim.ecs();
    assert_eq!(client.list_clusters().send().await.unwrap().cluster_arns().len(), 1);
    let clusters = client.describe_clusters().clusters(CLUSTER).send().await.unwrap();
    assert_eq!(clusters.clusters()[0].cluster_name(), Some(CLUSTER));
    let services = client.list_services().cluster(CLUSTER).send().await.unwrap();
    let arn = &services.service_arns()[0];
    let services = client.describe_services().cluster(CLUSTER).services(arn).services("none");
    let services = services.send().await.unwrap();
    assert_eq!(services.failures()[0].reason(), Some("MISSING"));
    let service = &services.services()[0];
    assert!(service.created_at().is_some() && !service.events().is_empty());
    assert_eq!(service.task_sets().len(), 2);

    let sets = client.describe_task_sets().cluster(CLUSTER).service(SERVICE).send().await.unwrap();
    assert_eq!(sets.task_sets(), service.task_sets());
    let definition = sets.task_sets()[0].task_definition().unwrap();
    let definition = client.describe_task_definition().task_definition(definition);
    let definition = definition.include(TaskDefinitionField::Tags).send().await.unwrap();
    let containers = definition.task_definition().unwrap().container_definitions();
    assert!(containers[0].image().is_some());

    let list = client.list_tasks().cluster(CLUSTER).service_name(SERVICE).max_results(3);
    let tasks = list.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.unwrap();
    assert_eq!(tasks.len(), 8);
    let described = client.describe_tasks().cluster(CLUSTER).set_tasks(Some(tasks.clone()));
    let described = described.send().await.unwrap();
    assert_eq!(described.tasks().len(), tasks.len());
    assert!(described.tasks().iter().all(|task| task.last_status() == Some("RUNNING")));
}

#[tokio::test]
async fn dead_tasks_tell_why() {
    let sim = Running::scenario("crashloop", 5).await;
    let client = sim.ecs();
    let stopped = client.list_tasks().cluster(CLUSTER).service_name(SERVICE);
    let stopped = stopped.desired_status(DesiredStatus::Stopped).send().await.unwrap();
    let tasks = client.describe_tasks().cluster(CLUSTER).set_tasks(stopped.task_arns);
    let tasks = tasks.send().await.unwrap().tasks.unwrap();
    assert!(!tasks.is_empty());
    for task in tasks {
        assert!(task.stopped_reason().is_some() && task.stop_code().is_some());
        assert!(task.containers()[0].exit_code().is_some());
    }
}

#[tokio::test]
async fn what_does_not_exist_has_its_modelled_error() {
    let sim = Running::scenario("canary", 0).await;
    let client = sim.ecs();
    let error = client.list_tasks().cluster("none").send().await.unwrap_err();
    assert!(error.into_service_error().is_cluster_not_found_exception());
    let error = client.describe_task_sets().cluster(CLUSTER).service("none").send().await;
    assert!(error.unwrap_err().into_service_error().is_service_not_found_exception());
}
