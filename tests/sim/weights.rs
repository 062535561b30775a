//! Rules and listeners whose weights a person sets, without any deployment service.

use aws_sdk_elasticloadbalancingv2::error::ProvideErrorMetadata;
use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, AuthenticateOidcActionConfig, FixedResponseActionConfig,
    ForwardActionConfig, Rule, TargetGroupStickinessConfig, TargetGroupTuple,
};

use super::Running;

/// Where a rule forwards: group ARN and weight, and for how long clients stick.
fn forward(weights: &[(&str, i32)], sticky: Option<i32>) -> Action {
    let tuple = |(arn, weight): &(&str, i32)| {
        TargetGroupTuple::builder().target_group_arn(*arn).weight(*weight).build()
    };
    let stickiness = TargetGroupStickinessConfig::builder()
        .enabled(sticky.is_some())
        .set_duration_seconds(sticky)
        .build();
    let config = ForwardActionConfig::builder()
        .set_target_groups(Some(weights.iter().map(tuple).collect()))
        .target_group_stickiness_config(stickiness)
        .build();
    Action::builder().r#type(ActionTypeEnum::Forward).forward_config(config).build()
}

fn weights(action: &Action) -> Vec<(String, i32)> {
    let groups = action.forward_config().unwrap().target_groups();
    let pair = |group: &TargetGroupTuple| {
        let name = group.target_group_arn().unwrap().split('/').nth(1).unwrap().to_owned();
        (name, group.weight().unwrap())
    };
    groups.iter().map(pair).collect()
}

fn named(weights: &[(&str, i32)]) -> Vec<(String, i32)> {
    weights.iter().map(|(name, weight)| ((*name).to_owned(), *weight)).collect()
}

impl Running {
    fn groups(&self) -> Vec<String> {
        let groups = self.simulator.with_world(|world| world.target_groups());
        groups.into_iter().map(|group| group.arn).collect()
    }

    fn listener(&self) -> String {
        self.simulator.with_world(|world| world.listeners()[0].arn.clone())
    }

    /// The rules of the first listener.
    async fn rules(&self) -> Vec<Rule> {
        let asked = self.elb().describe_rules().listener_arn(self.listener());
        asked.send().await.unwrap().rules.unwrap()
    }

    /// The code of the refusal of actions for a rule.
    async fn refused(&self, rule: &str, actions: &[Action]) -> String {
        let asked = self.elb().modify_rule().rule_arn(rule).set_actions(Some(actions.to_vec()));
        let error = asked.send().await.unwrap_err();
        error.code().unwrap_or_default().to_owned()
    }

    /// Requests of each group in the minute six minutes ago.
    fn requests(&self) -> Vec<u64> {
        self.simulator.with_world(|world| {
            let at = world.now() - jiff::SignedDuration::from_mins(6);
            let of = |arn: &str| world.minute(arn, at).map_or(0, |minute| minute.requests);
            world.target_groups().iter().take(2).map(|group| of(&group.arn)).collect()
        })
    }
}

#[tokio::test]
async fn a_rule_is_shifted_by_hand_and_shows_it_at_once() {
    let sim = Running::scenario("alb", 0).await;
    let groups = sim.groups();
    let before = sim.rules().await;
    let priorities: Vec<_> = before.iter().filter_map(Rule::priority).collect();
    assert_eq!(priorities, ["10", "20", "default"]);
    assert_eq!(weights(&before[0].actions()[0]), named(&[("checkout-a", 100), ("checkout-b", 0)]));
    assert_eq!(before[1].actions()[0].r#type().unwrap().as_str(), "redirect");
    assert_eq!(weights(&before[2].actions()[0]), named(&[("checkout-a", 1)]));
    assert_eq!(before[2].actions()[0].target_group_arn(), Some(groups[0].as_str()));

    let rule = before[0].rule_arn().unwrap();
    let action = forward(&[(&groups[0], 70), (&groups[1], 30)], None);
    let answer = sim.elb().modify_rule().rule_arn(rule).actions(action).send().await.unwrap();
    let after = sim.rules().await;
    assert_eq!(answer.rules(), &after[..1]);
    assert_eq!(weights(&after[0].actions()[0]), named(&[("checkout-a", 70), ("checkout-b", 30)]));
    assert_eq!(after[0].actions()[0].target_group_arn(), None);
    assert_eq!(
        (after[0].priority(), after[0].conditions()),
        (before[0].priority(), before[0].conditions())
    );
    assert_eq!(after[1..], before[1..]);
    assert!(after[0].conditions()[0].path_pattern_config().is_some());

    sim.pass(10);
    let requests = sim.requests();
    let share = requests[1] as f64 / (requests[0] + requests[1]) as f64;
    assert!((0.28..0.32).contains(&share), "{requests:?}");
}

#[tokio::test]
async fn the_default_rule_is_shifted_through_its_listener() {
    let sim = Running::scenario("alb-worse", 0).await;
    let (groups, listener) = (sim.groups(), sim.listener());
    let action = forward(&[(&groups[0], 1), (&groups[1], 1)], Some(600));
    let change = sim.elb().modify_listener().listener_arn(&listener).default_actions(action);
    let answer = change.send().await.unwrap();
    let shown = sim.elb().describe_listeners().listener_arns(&listener).send().await.unwrap();
    assert_eq!(answer.listeners(), shown.listeners());
    let actions = shown.listeners()[0].default_actions();
    assert_eq!(weights(&actions[0]), named(&[("checkout-a", 1), ("checkout-b", 1)]));
    let stickiness = actions[0].forward_config().unwrap().target_group_stickiness_config().unwrap();
    assert_eq!((stickiness.enabled(), stickiness.duration_seconds()), (Some(true), Some(600)));
    let rules = sim.rules().await;
    assert_eq!(rules[0].actions(), actions);

    let rule = rules[0].rule_arn().unwrap();
    let action = forward(&[(&groups[0], 1)], None);
    let error = sim.elb().modify_rule().rule_arn(rule).actions(action).send().await.unwrap_err();
    assert_eq!(error.code(), Some("OperationNotPermitted"));
    assert!(error.into_service_error().is_operation_not_permitted_exception());
    assert_eq!(sim.rules().await, rules);
}

#[tokio::test]
async fn actions_before_the_forward_are_kept_only_when_they_are_sent_again() {
    let sim = Running::scenario("alb", 0).await;
    let (groups, rule) = (sim.groups(), sim.rules().await.remove(0));
    let rule = rule.rule_arn().unwrap();
    let url = "https://id.example.com";
    let oidc = AuthenticateOidcActionConfig::builder()
        .issuer(url)
        .authorization_endpoint(url)
        .token_endpoint(url)
        .user_info_endpoint(url)
        .client_id("shop")
        .client_secret("secret")
        .build();
    let login = Action::builder()
        .r#type(ActionTypeEnum::AuthenticateOidc)
        .order(1)
        .authenticate_oidc_config(oidc)
        .build();
    let mut then = forward(&[(&groups[0], 9), (&groups[1], 1)], None);
    then.order = Some(2);
    let both = sim.elb().modify_rule().rule_arn(rule).actions(then).actions(login);
    both.send().await.unwrap();
    let shown = sim.rules().await.remove(0);
    let orders: Vec<_> = shown.actions().iter().map(Action::order).collect();
    assert_eq!(orders, [Some(1), Some(2)]);
    let config = shown.actions()[0].authenticate_oidc_config().unwrap();
    assert_eq!((config.client_id(), config.client_secret()), (Some("shop"), None));
    assert_eq!(weights(&shown.actions()[1]), named(&[("checkout-a", 9), ("checkout-b", 1)]));

    let alone = forward(&[(&groups[0], 5), (&groups[1], 5)], None);
    sim.elb().modify_rule().rule_arn(rule).actions(alone).send().await.unwrap();
    assert_eq!(sim.rules().await[0].actions().len(), 1);
}

#[tokio::test]
async fn one_group_and_five_are_both_shown_as_they_are() {
    let sim = Running::scenario("alb", 0).await;
    let (groups, rule) = (sim.groups(), sim.rules().await.remove(0));
    let rule = rule.rule_arn().unwrap();
    let five: Vec<(&str, i32)> = groups.iter().map(String::as_str).zip([96, 1, 1, 1, 1]).collect();
    assert_eq!(five.len(), 5);
    for weighed in [&five[..], &five[..1]] {
        let action = forward(weighed, None);
        sim.elb().modify_rule().rule_arn(rule).actions(action).send().await.unwrap();
        let shown = sim.rules().await.remove(0).actions.unwrap().remove(0);
        assert_eq!(weights(&shown).len(), weighed.len());
        assert_eq!(shown.target_group_arn().is_some(), weighed.len() == 1);
    }
    let plain = Action::builder().r#type(ActionTypeEnum::Forward).target_group_arn(&groups[1]);
    sim.elb().modify_rule().rule_arn(rule).actions(plain.build()).send().await.unwrap();
    let shown = sim.rules().await.remove(0).actions.unwrap().remove(0);
    assert_eq!(weights(&shown), named(&[("checkout-b", 1)]));
    assert_eq!(shown.target_group_arn(), Some(groups[1].as_str()));
}

#[tokio::test]
async fn what_cannot_be_is_refused_and_changes_nothing() {
    let sim = Running::scenario("alb", 0).await;
    let (groups, before) = (sim.groups(), sim.rules().await);
    let rule = before[0].rule_arn().unwrap();
    let (blue, green) = (groups[0].as_str(), groups[1].as_str());
    let none = format!("{blue}0");
    let six: Vec<(&str, i32)> = [blue, green].iter().cycle().take(6).map(|arn| (*arn, 1)).collect();
    let mut both = forward(&[(blue, 1), (green, 1)], None);
    both.target_group_arn = Some(blue.to_owned());
    let fixed = FixedResponseActionConfig::builder().status_code("503").build();
    let fixed = Action::builder()
        .r#type(ActionTypeEnum::FixedResponse)
        .order(2)
        .fixed_response_config(fixed)
        .build();
    let mut first = forward(&[(blue, 1)], None);
    first.order = Some(1);
    for (actions, code) in [
        (vec![forward(&[(blue, 1000), (green, 0)], None)], "ValidationError"),
        (vec![forward(&[(blue, -1), (green, 0)], None)], "ValidationError"),
        (vec![forward(&[(blue, 1), (blue, 1)], None)], "ValidationError"),
        (vec![forward(&six, None)], "ValidationError"),
        (vec![forward(&[], None)], "ValidationError"),
        (vec![forward(&[(blue, 1), (green, 1)], Some(0))], "ValidationError"),
        (vec![forward(&[(blue, 1), (green, 1)], Some(604_801))], "ValidationError"),
        (vec![both], "ValidationError"),
        (vec![Action::builder().r#type(ActionTypeEnum::from("magic")).build()], "ValidationError"),
        (vec![forward(&[(blue, 1), (&none, 1)], None)], "TargetGroupNotFound"),
        (vec![first.clone(), fixed], "InvalidLoadBalancerAction"),
        (vec![first.clone(), first], "InvalidLoadBalancerAction"),
        (
            vec![Action::builder().r#type(ActionTypeEnum::Redirect).build()],
            "InvalidLoadBalancerAction",
        ),
        (Vec::new(), "ValidationError"),
    ] {
        assert_eq!(sim.refused(rule, &actions).await, code, "{actions:?}");
    }
    let fine = forward(&[(blue, 1)], None);
    assert_eq!(sim.refused(&format!("{rule}0"), std::slice::from_ref(&fine)).await, "RuleNotFound");
    let absent = sim.elb().modify_listener().listener_arn("arn:none").default_actions(fine);
    let error = absent.send().await.unwrap_err();
    assert!(error.into_service_error().is_listener_not_found_exception());
    assert_eq!(sim.rules().await, before);
}

#[tokio::test]
async fn sticky_groups_want_a_sticky_rule() {
    let sim = Running::scenario("alb-sticky", 0).await;
    let (groups, rule) = (sim.groups(), sim.rules().await.remove(0));
    let attributes = sim.elb().describe_target_group_attributes().target_group_arn(&groups[0]);
    let attributes = attributes.send().await.unwrap();
    let sticky = attributes.attributes().iter().find(|one| one.key() == Some("stickiness.enabled"));
    assert_eq!(sticky.unwrap().value(), Some("true"));
    let stickiness = rule.actions()[0].forward_config().unwrap().target_group_stickiness_config();
    assert_eq!(stickiness.unwrap().duration_seconds(), Some(240));
    let rule = rule.rule_arn().unwrap();
    let split = [(groups[0].as_str(), 9), (groups[1].as_str(), 1)];
    let refused = sim.refused(rule, &[forward(&split, None)]).await;
    assert_eq!(refused, "InvalidConfigurationRequest");
    let action = forward(&split, Some(240));
    sim.elb().modify_rule().rule_arn(rule).actions(action).send().await.unwrap();
}

#[tokio::test]
async fn no_deployment_service_knows_of_it() {
    for name in ["alb", "route53"] {
        let sim = Running::scenario(name, 0).await;
        let deploy = sim.codedeploy();
        assert!(deploy.list_applications().send().await.unwrap().applications().is_empty());
        assert!(deploy.list_deployments().send().await.unwrap().deployments().is_empty());
        let group = deploy.get_deployment_group().application_name("shop");
        let error = group.deployment_group_name("checkout").send().await.unwrap_err();
        assert!(error.into_service_error().is_application_does_not_exist_exception());
        let ecs = sim.ecs();
        assert!(ecs.list_clusters().send().await.unwrap().cluster_arns().is_empty());
        let clusters = ecs.describe_clusters().clusters("prod").send().await.unwrap();
        assert_eq!((clusters.clusters().len(), clusters.failures().len()), (0, 1));
        let error = ecs.describe_services().cluster("prod").services("checkout").send().await;
        assert!(error.unwrap_err().into_service_error().is_cluster_not_found_exception());
        let error = ecs.describe_task_definition().task_definition("checkout").send().await;
        assert!(error.unwrap_err().into_service_error().is_client_exception());
    }
}

#[tokio::test]
async fn a_deployment_overwrites_what_a_hand_has_set() {
    let sim = Running::scenario("canary", 1).await;
    let (groups, listener) = (sim.groups(), sim.listener());
    let action = forward(&[(&groups[0], 500), (&groups[1], 500)], None);
    let change = sim.elb().modify_listener().listener_arn(&listener).default_actions(action);
    change.send().await.unwrap();
    assert_eq!(weights(&sim.rules().await[0].actions()[0])[0].1, 500);
    sim.pass(10);
    let shown = weights(&sim.rules().await[0].actions()[0]);
    assert_eq!(shown.iter().map(|(_, weight)| weight).sum::<i32>(), 100, "{shown:?}");
}
