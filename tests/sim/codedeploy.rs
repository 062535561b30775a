//! CodeDeploy: every read decodes, every order and its refusal arrives.

use aws_sdk_codedeploy::Client;
use aws_sdk_codedeploy::types::{
    DeploymentInfo, DeploymentStatus, DeploymentWaitType, RevisionLocation, StopStatus,
};

use super::Running;

const APPLICATION: &str = "shop";
const GROUP: &str = "checkout";

/// The ids of the group's deployments, newest first.
async fn ids(client: &Client) -> Vec<String> {
    let list = client.list_deployments().application_name(APPLICATION);
    let list = list.deployment_group_name(GROUP).into_paginator().items().send();
    list.collect::<Result<_, _>>().await.unwrap()
}

async fn info(client: &Client, id: &str) -> DeploymentInfo {
    client.get_deployment().deployment_id(id).send().await.unwrap().deployment_info.unwrap()
}

#[tokio::test]
async fn every_read_decodes() {
    let sim = Running::scenario("canary", 1).await;
    let client = sim.codedeploy();
    let applications = client.list_applications().send().await.unwrap();
    assert_eq!(applications.applications(), [APPLICATION]);
    let application = client.get_application().application_name(APPLICATION).send().await.unwrap();
    assert!(application.application().unwrap().create_time().is_some());
    let batch = client.batch_get_applications().application_names(APPLICATION).send().await;
    assert_eq!(batch.unwrap().applications_info().len(), 1);
    let groups =
        client.list_deployment_groups().application_name(APPLICATION).send().await.unwrap();
    assert_eq!(groups.deployment_groups(), [GROUP]);
    let group = client.get_deployment_group().application_name(APPLICATION);
    let group = group.deployment_group_name(GROUP).send().await.unwrap();
    let group = group.deployment_group_info.unwrap();
    let config = group.deployment_config_name().unwrap();
    let config = client.get_deployment_config().deployment_config_name(config).send().await;
    assert!(config.unwrap().deployment_config_info().unwrap().traffic_routing_config().is_some());
    let batch = client.batch_get_deployment_groups().application_name(APPLICATION);
    let batch = batch.deployment_group_names(GROUP).send().await.unwrap();
    assert_eq!(batch.deployment_groups_info(), [group]);

    let ids = ids(&client).await;
    assert!(ids.len() >= 3, "{ids:?}");
    let one = info(&client, &ids[0]).await;
    assert_eq!(one.status(), Some(&DeploymentStatus::InProgress));
    let batch = client.batch_get_deployments().set_deployment_ids(Some(ids.clone()));
    let batch = batch.send().await.unwrap().deployments_info.unwrap();
    assert!(batch.contains(&one));
    let revision = one.revision().unwrap().clone();
    let read = client.get_application_revision().application_name(APPLICATION);
    let read = read.revision(revision).send().await.unwrap();
    assert!(read.revision().unwrap().app_spec_content().unwrap().content().is_some());

    let targets = client.list_deployment_targets().deployment_id(&ids[0]).send().await.unwrap();
    let targets = targets.target_ids.unwrap();
    let batch = client.batch_get_deployment_targets().deployment_id(&ids[0]);
    let batch = batch.set_target_ids(Some(targets.clone())).send().await.unwrap();
    let target = batch.deployment_targets()[0].ecs_target().unwrap().clone();
    let weights: f64 = target
        .task_sets_info()
        .iter()
        .map(aws_sdk_codedeploy::types::EcsTaskSet::traffic_weight)
        .sum();
    assert!((weights - 100.0).abs() < 1e-9, "{weights}");
    let get = client.get_deployment_target().deployment_id(&ids[0]).target_id(&targets[0]);
    let get = get.send().await.unwrap().deployment_target.unwrap();
    assert_eq!(get.ecs_target(), Some(&target));
}

#[tokio::test]
async fn lists_come_in_pages() {
    let sim = Running::scenario("canary", 1).await;
    let client = sim.codedeploy();
    let whole = ids(&client).await;
    sim.simulator.with_world(|world| world.set_page_size(1));
    assert_eq!(ids(&client).await, whole);
    let error = client.list_deployments().next_token("none").send().await.unwrap_err();
    assert!(error.into_service_error().is_invalid_next_token_exception());
}

#[tokio::test]
async fn an_approval_is_given_once() {
    let sim = Running::scenario("approval", 10).await;
    let client = sim.codedeploy();
    let id = &ids(&client).await[0];
    assert_eq!(info(&client, id).await.status(), Some(&DeploymentStatus::Ready));
    let go_on = || {
        let order = client.continue_deployment().deployment_id(id);
        order.deployment_wait_type(DeploymentWaitType::ReadyWait).send()
    };
    go_on().await.unwrap();
    assert_eq!(info(&client, id).await.status(), Some(&DeploymentStatus::InProgress));
    let error = go_on().await.unwrap_err();
    assert!(error.into_service_error().is_deployment_is_not_in_ready_state_exception());
}

#[tokio::test]
async fn a_stop_with_rollback_brings_a_new_deployment() {
    let sim = Running::scenario("canary", 1).await;
    let client = sim.codedeploy();
    let id = &ids(&client).await[0];
    let stop = || client.stop_deployment().deployment_id(id).auto_rollback_enabled(true).send();
    assert_eq!(stop().await.unwrap().status(), Some(&StopStatus::Pending));
    sim.pass(1);
    let stopped = info(&client, id).await;
    assert_eq!(stopped.status(), Some(&DeploymentStatus::Stopped));
    let rollback = stopped.rollback_info().unwrap().rollback_deployment_id().unwrap();
    let rollback = info(&client, rollback).await;
    assert_eq!(
        rollback.rollback_info().unwrap().rollback_triggering_deployment_id(),
        Some(id.as_str())
    );
    assert_eq!(stop().await.unwrap().status(), Some(&StopStatus::Succeeded));
}

#[tokio::test]
async fn the_previous_revision_can_be_deployed_again_but_not_twice_at_once() {
    let sim = Running::scenario("finished", 0).await;
    let client = sim.codedeploy();
    sim.pass(24 * 60);
    let before = ids(&client).await;
    let previous: RevisionLocation = info(&client, &before[1]).await.revision.unwrap();
    let create = || {
        let order = client.create_deployment().application_name(APPLICATION);
        order.deployment_group_name(GROUP).revision(previous.clone()).send()
    };
    let id = create().await.unwrap().deployment_id.unwrap();
    assert_eq!(
        info(&client, &id).await.previous_revision(),
        info(&client, &before[0]).await.revision()
    );
    let error = create().await.unwrap_err();
    assert!(error.into_service_error().is_deployment_limit_exceeded_exception());
}

#[tokio::test]
async fn what_does_not_exist_has_its_modelled_error() {
    let sim = Running::scenario("canary", 0).await;
    let client = sim.codedeploy();
    let error = client.get_deployment().deployment_id("d-NONE00000").send().await.unwrap_err();
    assert!(error.into_service_error().is_deployment_does_not_exist_exception());
    let error = client.get_application().application_name("none").send().await.unwrap_err();
    assert!(error.into_service_error().is_application_does_not_exist_exception());
    let error = client.get_deployment_group().application_name(APPLICATION);
    let error = error.deployment_group_name("none").send().await.unwrap_err();
    assert!(error.into_service_error().is_deployment_group_does_not_exist_exception());
}
