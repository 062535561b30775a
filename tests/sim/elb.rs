//! ELBv2 and STS: the query protocol.

use aws_sdk_elasticloadbalancingv2::error::ProvideErrorMetadata;
use aws_sdk_elasticloadbalancingv2::types::TargetHealthStateEnum;

use super::Running;

#[tokio::test]
async fn a_canary_shows_both_groups_their_weights_and_their_targets() {
    let sim = Running::scenario("canary", 12).await;
    let elb = sim.elb();

    let balancers = elb.describe_load_balancers().send().await.unwrap();
    let balancer = &balancers.load_balancers()[0];
    assert_eq!(balancer.state().unwrap().code().unwrap().as_str(), "active");
    assert!(balancer.created_time().is_some());
    let arn = balancer.load_balancer_arn().unwrap();

    let listeners =
        elb.describe_listeners().load_balancer_arn(arn).send().await.unwrap().listeners.unwrap();
    let listener = listeners[0].listener_arn().unwrap();
    let by_arn = elb.describe_listeners().listener_arns(listener).send().await.unwrap();
    assert_eq!(by_arn.listeners(), &listeners[..1]);

    let rules = elb.describe_rules().listener_arn(listener).send().await.unwrap().rules.unwrap();
    assert_eq!((rules[0].priority(), rules[0].is_default()), (Some("default"), Some(true)));
    let rule = rules[0].rule_arn().unwrap();
    let by_arn = elb.describe_rules().rule_arns(rule).send().await.unwrap();
    assert_eq!(by_arn.rules(), &rules[..]);
    assert_eq!(rules[0].actions(), listeners[0].default_actions());
    let weights = rules[0].actions()[0].forward_config().unwrap().target_groups();
    assert_eq!(
        weights
            .iter()
            .filter_map(aws_sdk_elasticloadbalancingv2::types::TargetGroupTuple::weight)
            .sum::<i32>(),
        100
    );

    for weight in weights {
        let arn = weight.target_group_arn().unwrap();
        let group = elb.describe_target_groups().target_group_arns(arn).send().await.unwrap();
        let name = group.target_groups()[0].target_group_name().unwrap().to_owned();
        let by_name = elb.describe_target_groups().names(name).send().await.unwrap();
        assert_eq!(by_name.target_groups(), group.target_groups());
        let health = elb.describe_target_health().target_group_arn(arn).send().await.unwrap();
        assert!(!health.target_health_descriptions().is_empty());
        for one in health.target_health_descriptions() {
            let state = one.target_health().unwrap().state().unwrap();
            assert_eq!(state, &TargetHealthStateEnum::Healthy);
        }
    }
}

#[tokio::test]
async fn asking_for_one_target_answers_for_it_alone_even_when_it_is_not_registered() {
    use aws_sdk_elasticloadbalancingv2::types::{TargetDescription, TargetHealthReasonEnum};
    let sim = Running::scenario("canary", 0).await;
    let arn = sim.simulator.with_world(|world| world.target_groups()[0].arn.clone());
    let known = sim.simulator.with_world(|world| world.targets(&arn).unwrap()[0].id.clone());
    let target = |id: &str| TargetDescription::builder().id(id).build();
    let asked = sim.elb().describe_target_health().target_group_arn(arn);
    let health = asked.targets(target(&known)).targets(target("10.9.9.9")).send().await.unwrap();
    let reasons: Vec<_> = (health.target_health_descriptions().iter())
        .map(|one| one.target_health().unwrap().reason().cloned())
        .collect();
    assert_eq!(reasons, [None, Some(TargetHealthReasonEnum::NotRegistered)]);
}

#[tokio::test]
async fn pages_join_to_the_whole() {
    let sim = Running::scenario("canary", 0).await;
    let pages = sim.elb().describe_target_groups().page_size(1).into_paginator().send();
    let pages = pages.collect::<Result<Vec<_>, _>>().await.unwrap();
    assert_eq!(pages.len(), 2);
    let first = sim.elb().describe_target_groups().page_size(1).marker("what").send().await;
    assert_eq!(first.unwrap_err().code(), Some("ValidationError"));
}

#[tokio::test]
async fn what_does_not_exist_has_its_modelled_error() {
    let sim = Running::scenario("canary", 0).await;
    let elb = sim.elb();
    let error = elb.describe_target_health().target_group_arn("arn:none").send().await.unwrap_err();
    assert_eq!(error.code(), Some("TargetGroupNotFound"));
    assert!(error.into_service_error().is_target_group_not_found_exception());
    let error = elb.describe_rules().rule_arns("arn:none").send().await.unwrap_err();
    assert!(error.into_service_error().is_rule_not_found_exception());
    let error = elb.describe_rules().listener_arn("arn:none").send().await.unwrap_err();
    assert!(error.into_service_error().is_listener_not_found_exception());
    let error = elb.describe_load_balancers().names("none").send().await.unwrap_err();
    assert!(error.into_service_error().is_load_balancer_not_found_exception());
    let error = elb.describe_rules().send().await.unwrap_err();
    assert_eq!(error.code(), Some("ValidationError"));
    let error = elb.describe_account_limits().send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidAction"));
}

#[tokio::test]
async fn the_caller_is_an_assumed_role_of_the_simulated_account() {
    let sim = Running::scenario("canary", 0).await;
    let identity = sim.sts().get_caller_identity().send().await.unwrap();
    let account = sim.simulator.with_world(|world| world.account().to_owned());
    assert_eq!(identity.account(), Some(account.as_str()));
    assert!(identity.arn().unwrap().contains(&format!("::{account}:assumed-role/")));
}
