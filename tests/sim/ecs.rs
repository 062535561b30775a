//! ECS: every read decodes.

use aws_sdk_ecs::types::{
    DeploymentLifecycleHookStatus, DesiredStatus, ServiceDeploymentStatus, TaskDefinitionField,
};

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

#[tokio::test]
async fn service_deployments_decode_and_answer_orders() {
    let sim = Running::scenario("ecs-canary", 0).await;
    let client = sim.ecs();
    let listed = client.list_service_deployments().cluster(CLUSTER).service(SERVICE);
    let listed = listed.status(ServiceDeploymentStatus::InProgress).send().await.unwrap();
    let arn = listed.service_deployments()[0].service_deployment_arn().unwrap();
    let describe = || client.describe_service_deployments().service_deployment_arns(arn).send();
    let described = describe().await.unwrap();
    let one = &described.service_deployments()[0];
    let hook = &one.lifecycle_hook_details()[0];
    assert_eq!(hook.status(), Some(&DeploymentLifecycleHookStatus::AwaitingAction));
    assert!(hook.expires_at().is_some());
    assert_eq!(one.deployment_circuit_breaker().unwrap().threshold(), 3);
    assert_eq!(
        one.source_service_revisions()[0].requested_production_traffic_weight(),
        Some(100.0)
    );
    let target = one.target_service_revision().unwrap().arn().unwrap();
    let revisions = client.describe_service_revisions().service_revision_arns(target);
    let revisions = revisions.send().await.unwrap();
    let resolved = revisions.service_revisions()[0].resolved_configuration().unwrap();
    let rule = resolved.load_balancers()[0].production_listener_rule().unwrap();
    assert!(sim.elb().describe_rules().rule_arns(rule).send().await.unwrap().rules().len() == 1);
    let services = client.describe_services().cluster(CLUSTER).services(SERVICE).send();
    let services = services.await.unwrap();
    let service = &services.services()[0];
    assert_eq!(service.current_service_deployment(), Some(arn));
    assert!(service.load_balancers()[0].advanced_configuration().is_some());

    let goes_on = client.continue_service_deployment().service_deployment_arn(arn);
    goes_on.hook_id(hook.hook_id().unwrap()).send().await.unwrap();
    sim.pass(1);
    client.stop_service_deployment().service_deployment_arn(arn).send().await.unwrap();
    sim.pass(2);
    let described = describe().await.unwrap();
    let one = &described.service_deployments()[0];
    assert_eq!(one.status(), Some(&ServiceDeploymentStatus::RollbackSuccessful));
    let late = client.stop_service_deployment().service_deployment_arn(arn).send().await;
    assert!(late.unwrap_err().into_service_error().is_conflict_exception());
    let update = client.update_service().cluster(CLUSTER).service(SERVICE);
    update.task_definition("checkout:41").force_new_deployment(true).send().await.unwrap();
}
