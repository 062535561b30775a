//! CodeDeploy over instances: targets with labels and lifecycles, both waits, one target group.

use aws_sdk_codedeploy::Client;
use aws_sdk_codedeploy::types::{
    DeploymentStatus, DeploymentWaitType, InstanceTarget, LifecycleErrorCode, TargetFilterName,
    TargetLabel, TargetStatus,
};

use super::Running;

async fn newest(client: &Client) -> String {
    client.list_deployments().send().await.unwrap().deployments()[0].clone()
}

/// The instances of a deployment on one side.
async fn side(client: &Client, id: &str, label: TargetLabel) -> Vec<InstanceTarget> {
    let list = client.list_deployment_targets().deployment_id(id);
    let filter = TargetFilterName::ServerInstanceLabel;
    let list = list.target_filters(filter, vec![label.as_str().to_owned()]).send().await.unwrap();
    let batch = client.batch_get_deployment_targets().deployment_id(id);
    let batch = batch.set_target_ids(list.target_ids).send().await.unwrap();
    let targets = batch.deployment_targets.unwrap().into_iter();
    targets.map(|target| target.instance_target.unwrap()).collect()
}

/// The ids of the healthy instances in the target group.
async fn healthy(sim: &Running) -> Vec<String> {
    let elb = sim.elb();
    let group = elb.describe_target_groups().send().await.unwrap().target_groups.unwrap();
    assert_eq!(group.len(), 1);
    let health =
        elb.describe_target_health().target_group_arn(group[0].target_group_arn().unwrap());
    let health = health.send().await.unwrap().target_health_descriptions.unwrap().into_iter();
    health
        .filter(|one| one.target_health().unwrap().state().unwrap().as_str() == "healthy")
        .map(|one| one.target.unwrap().id.unwrap())
        .collect()
}

#[tokio::test]
async fn a_copy_of_the_group_takes_over_in_its_two_waits() {
    let sim = Running::scenario("ec2", 5).await;
    let client = sim.codedeploy();
    let id = newest(&client).await;
    let info = || async {
        let reply = client.get_deployment().deployment_id(&id).send().await.unwrap();
        reply.deployment_info.unwrap()
    };
    let waiting = info().await;
    assert_eq!(waiting.status(), Some(&DeploymentStatus::Ready));
    assert_eq!(waiting.compute_platform().unwrap().as_str(), "Server");
    assert_eq!(waiting.deployment_overview().unwrap().ready(), 4);
    assert_eq!(waiting.deployment_overview().unwrap().pending(), 4);
    assert_eq!(
        waiting.revision().unwrap().s3_location().unwrap().key(),
        Some("checkout/1.9.0.zip")
    );
    let greens = side(&client, &id, TargetLabel::Green).await;
    let blues = side(&client, &id, TargetLabel::Blue).await;
    assert_eq!((greens.len(), blues.len()), (4, 4));
    let before = healthy(&sim).await;
    assert!(blues.iter().all(|blue| before.contains(&blue.target_id().unwrap().to_owned())));

    let go_on = |wait| client.continue_deployment().deployment_id(&id).deployment_wait_type(wait);
    go_on(DeploymentWaitType::ReadyWait).send().await.unwrap();
    sim.pass(5);
    let after = healthy(&sim).await;
    assert!(greens.iter().all(|green| after.contains(&green.target_id().unwrap().to_owned())));
    assert_eq!(after.len(), 4);
    let baking = info().await;
    assert_eq!(baking.status(), Some(&DeploymentStatus::InProgress));
    assert!(baking.instance_termination_wait_time_started());
    go_on(DeploymentWaitType::TerminationWait).send().await.unwrap();
    sim.pass(2);
    assert_eq!(info().await.status(), Some(&DeploymentStatus::Succeeded));
}

#[tokio::test]
async fn a_failed_script_shows_the_end_of_its_log() {
    let sim = Running::scenario("ec2-validate-fails", 10).await;
    let client = sim.codedeploy();
    let list = client.list_deployments().include_only_statuses(DeploymentStatus::Failed);
    let id = list.send().await.unwrap().deployments()[0].clone();
    let info = client.get_deployment().deployment_id(&id).send().await.unwrap();
    let info = info.deployment_info.unwrap();
    assert_eq!(info.error_information().unwrap().code().unwrap().as_str(), "HEALTH_CONSTRAINTS");
    assert!(info.rollback_info().unwrap().rollback_deployment_id().is_some());
    let list = client.list_deployment_targets().deployment_id(&id);
    let status = TargetFilterName::TargetStatus;
    let list = list.target_filters(status, vec!["Failed".to_owned()]).send().await.unwrap();
    assert_eq!(list.target_ids().len(), 1);
    let target = client.get_deployment_target().deployment_id(&id).target_id(&list.target_ids()[0]);
    let target = target.send().await.unwrap().deployment_target.unwrap().instance_target.unwrap();
    assert_eq!(target.status(), Some(&TargetStatus::Failed));
    let failed = target.lifecycle_events().iter().find_map(|event| event.diagnostics()).unwrap();
    assert_eq!(failed.error_code(), Some(&LifecycleErrorCode::ScriptFailed));
    assert!(failed.log_tail().unwrap().contains("Connection refused"));
}

#[tokio::test]
async fn the_groups_of_instances_are_what_the_deployment_copies() {
    let sim = Running::scenario("ec2", 5).await;
    let ask = |more: &str| format!("Action=DescribeAutoScalingGroups&Version=2011-01-01{more}");
    let all = sim.raw("POST / HTTP/1.1", ask("").as_bytes()).await;
    assert_eq!(all.matches("<AutoScalingGroupName>").count(), 2, "{all}");
    assert_eq!(all.matches("<LifecycleState>InService").count(), 8, "{all}");
    let id = newest(&sim.codedeploy()).await;
    let green = format!("CodeDeploy_checkout_{id}");
    let one = ask(&format!("&AutoScalingGroupNames.member.1={green}"));
    let one = sim.raw("POST / HTTP/1.1", one.as_bytes()).await;
    assert!(
        one.contains(&format!("<AutoScalingGroupName>{green}</AutoScalingGroupName>")),
        "{one}"
    );
    assert_eq!(one.matches("<InstanceId>").count(), 4, "{one}");
    let paged = sim.raw("POST / HTTP/1.1", ask("&MaxRecords=1").as_bytes()).await;
    assert!(paged.contains("<NextToken>"), "{paged}");
    let none = ask("&AutoScalingGroupNames.member.1=gone");
    let none = sim.raw("POST / HTTP/1.1", none.as_bytes()).await;
    assert!(none.starts_with("HTTP/1.1 200") && !none.contains("<InstanceId>"), "{none}");
}
