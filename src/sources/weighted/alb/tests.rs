//! Rules as they are read, and what is made of them.

use std::collections::HashMap;

use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, AuthenticateCognitoActionConfig,
    AuthenticateOidcActionConditionalBehaviorEnum, AuthenticateOidcActionConfig,
    FixedResponseActionConfig, ForwardActionConfig, HostHeaderConditionConfig,
    RedirectActionConfig, RedirectActionStatusCodeEnum, Rule, RuleCondition,
    TargetGroupStickinessConfig, TargetGroupTuple,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::actions::{of_call, to_send};
use super::rule::{Divided, Held};
use super::translate::{doubt, snapshot};
use super::{Owner, Raw};
use crate::domain::{
    Fact, Fault, FaultKind, Offered, Percent, Refusal, Rollout, ShareOf, Snapshot, Target,
};
use crate::sources::weighted::sides::Roles;

const RULE: &str = "arn:aws:elasticloadbalancing:r:1:listener-rule/app/shop/11/22/33";

fn arn(name: &str) -> String {
    format!("arn:aws:elasticloadbalancing:r:1:targetgroup/{name}/ab")
}

fn forward(weights: &[(&str, i32)], sticky: Option<i32>) -> Action {
    let tuple = |(name, weight): &(&str, i32)| {
        TargetGroupTuple::builder().target_group_arn(arn(name)).weight(*weight).build()
    };
    let stickiness = TargetGroupStickinessConfig::builder()
        .enabled(sticky.is_some())
        .set_duration_seconds(sticky)
        .build();
    let config = ForwardActionConfig::builder()
        .set_target_groups(Some(weights.iter().map(tuple).collect()))
        .target_group_stickiness_config(stickiness)
        .build();
    Action::builder().r#type(ActionTypeEnum::Forward).order(2).forward_config(config).build()
}

fn login() -> Action {
    let params = HashMap::from([("prompt".to_owned(), "login".to_owned())]);
    let config = AuthenticateOidcActionConfig::builder()
        .issuer("https://id.example.com")
        .authorization_endpoint("https://id.example.com/a")
        .token_endpoint("https://id.example.com/t")
        .user_info_endpoint("https://id.example.com/u")
        .client_id("shop")
        .session_cookie_name("AWSELBAuthSessionCookie")
        .scope("openid")
        .session_timeout(604_800)
        .set_authentication_request_extra_params(Some(params))
        .on_unauthenticated_request(AuthenticateOidcActionConditionalBehaviorEnum::Authenticate)
        .build();
    let kind = ActionTypeEnum::AuthenticateOidc;
    Action::builder().r#type(kind).order(1).authenticate_oidc_config(config).build()
}

fn rule(actions: Vec<Action>) -> Rule {
    Rule::builder().rule_arn(RULE).priority("10").set_actions(Some(actions)).build()
}

fn divided(rule: &Rule) -> Result<Divided, Fault> {
    Held::of(rule).unwrap().divided("elasticloadbalancing:DescribeRules")
}

fn picture(rule: &Rule, owner: Fact<Owner>) -> Snapshot {
    let divided = divided(rule).unwrap();
    let [a, b] = &divided.groups;
    let pair = [(a.name.as_str(), a.weight), (b.name.as_str(), b.weight)];
    let roles = Roles::of(pair, None, None).unwrap();
    let now = Timestamp::UNIX_EPOCH;
    let raw = Raw {
        rule: Fact::known((divided, roles), now),
        doubt: doubt(&owner, now),
        owner,
        ..Raw::default()
    };
    let target: Target = format!("alb:{RULE}").parse().unwrap();
    snapshot(&target, &Fact::Unasked, &raw, now)
}

fn free() -> Fact<Owner> {
    Fact::known(Owner::Nobody, Timestamp::UNIX_EPOCH)
}

fn rollout(picture: &Snapshot) -> &Rollout {
    picture.rollout().unwrap()
}

fn green(picture: &Snapshot) -> Option<f64> {
    rollout(picture).traffic.planned.value().map(|split| split.green.get())
}

#[test]
fn raw_weights_are_a_split_of_two_named_groups() {
    let picture = picture(&rule(vec![forward(&[("b", 1), ("a", 3)], Some(600))]), free());
    let seen = rollout(&picture);
    assert_eq!(green(&picture), Some(25.0));
    assert_eq!((seen.blue.target_group.as_deref(), seen.sides_are_guessed), (Some("a"), true));
    assert_eq!(seen.green.revision.value().unwrap().arn, arn("b"));
    assert_eq!((seen.traffic.of, seen.traffic.sticky), (ShareOf::Requests, true));
    assert_eq!(seen.traffic.lag, Some(SignedDuration::from_secs(600)));
    assert_eq!((seen.id.as_str(), seen.name.as_str()), ("33", "shop"));
    assert_eq!(seen.blue.tasks.fault().unwrap().kind, FaultKind::Absent);
    assert_eq!(picture.guards.value(), Some(&Vec::new()));
}

#[test]
fn people_call_a_rule_by_what_it_is_for() {
    let condition = |field: &str| RuleCondition::builder().field(field);
    let host = HostHeaderConditionConfig::builder().values("api.example.com").build();
    let host = condition("host-header").host_header_config(host).build();
    let path = condition("path-pattern").values("/checkout/*").build();
    let several = condition("path-pattern").values("/a").values("/b").build();
    let name = |conditions: Vec<RuleCondition>| {
        let rule = Rule::builder().rule_arn(RULE).set_conditions(Some(conditions)).build();
        Held::of(&rule).unwrap().name()
    };
    assert_eq!(name(vec![host.clone(), path.clone()]), "api.example.com/checkout/*");
    assert_eq!(name(vec![host]), "api.example.com");
    assert_eq!(name(vec![path]), "shop/checkout/*");
    assert_eq!(name(vec![several]), "shop");
}

#[test]
fn what_has_not_two_groups_says_what_it_has() {
    let redirect = Action::builder().r#type(ActionTypeEnum::Redirect).build();
    let answer = Action::builder().r#type(ActionTypeEnum::FixedResponse).build();
    let alone =
        Action::builder().r#type(ActionTypeEnum::Forward).target_group_arn(arn("a")).build();
    let five = forward(&[("a", 1), ("b", 1), ("c", 1), ("d", 1), ("e", 0)], None);
    for (action, words) in [
        (five, "the rule forwards to five target groups: a, b, c, d, e"),
        (forward(&[("a", 1)], None), "the rule forwards to one target group: a"),
        (alone, "the rule forwards to one target group: a"),
        (forward(&[], None), "the rule forwards to no target group"),
        (redirect, "the rule redirects and forwards nothing"),
        (answer, "the rule answers by itself and forwards nothing"),
    ] {
        let fault = divided(&rule(vec![action])).unwrap_err();
        let whole = format!("{words}; cutover divides between two target groups");
        assert_eq!(fault.message, whole);
        assert!(!fault.passes_by_itself());
    }
    assert!(divided(&rule(Vec::new())).unwrap_err().message.contains("has no action"));
}

#[test]
fn a_default_rule_is_changed_through_its_listener() {
    let default = Rule::builder().rule_arn(RULE).priority("default").is_default(true);
    let default = default.actions(forward(&[("a", 1), ("b", 0)], None)).build();
    let call = divided(&default).unwrap().call().unwrap();
    assert_eq!(
        (call.operation.as_str(), call.params[1].0.as_str()),
        ("ModifyListener", "DefaultActions")
    );
    assert_eq!(call.params[0].1, json!("arn:aws:elasticloadbalancing:r:1:listener/app/shop/11/22"));
}

#[test]
fn an_order_sets_the_weights_and_sends_all_else_as_it_was_read() {
    let rule = rule(vec![login(), forward(&[("a", 999), ("b", 0)], Some(600))]);
    let picture = picture(&rule, free());
    let call = rollout(&picture).dial().unwrap().at(Percent::new(25).unwrap());
    assert_eq!(
        (call.service.as_str(), call.permission()),
        ("elasticloadbalancing", "elasticloadbalancing:ModifyRule".to_owned())
    );
    let sent = of_call(&call.params[1].1).unwrap();
    let mut login = login();
    login.authenticate_oidc_config.as_mut().unwrap().use_existing_client_secret = Some(true);
    assert_eq!(sent, [login, forward(&[("a", 75), ("b", 25)], Some(600))]);
    let line = call.cli(None);
    assert!(line.starts_with("aws elbv2 modify-rule --rule-arn arn:aws:"), "{line}");
    assert!(line.contains(" --actions '[{\"AuthenticateOidcConfig\":{"), "{line}");
    assert!(
        line.contains("\"UseExistingClientSecret\":true") && !line.contains("ClientSecret\":\"")
    );
}

#[test]
fn every_kind_of_action_comes_back_from_json_as_it_was() {
    let cognito = AuthenticateCognitoActionConfig::builder()
        .user_pool_arn("arn:aws:cognito-idp:r:1:userpool/x")
        .user_pool_client_id("c")
        .user_pool_domain("d")
        .session_timeout(60)
        .build();
    let redirect = RedirectActionConfig::builder()
        .protocol("HTTPS")
        .port("443")
        .host("#{host}")
        .path("/")
        .query("")
        .status_code(RedirectActionStatusCodeEnum::Http301)
        .build();
    let fixed = FixedResponseActionConfig::builder()
        .status_code("503")
        .content_type("text/plain")
        .message_body("soon")
        .build();
    let kind = |kind| Action::builder().r#type(kind);
    let actions = vec![
        kind(ActionTypeEnum::AuthenticateCognito).authenticate_cognito_config(cognito).build(),
        kind(ActionTypeEnum::Redirect).redirect_config(redirect).build(),
        kind(ActionTypeEnum::FixedResponse).fixed_response_config(fixed).build(),
        forward(&[("a", 1), ("b", 2)], None),
    ];
    assert_eq!(of_call(&to_send(&actions).unwrap()), Some(actions));
    // A group beside the list is not taken back, and a weight that was left out is 1.
    let mut doubled = forward(&[("a", 1), ("b", 2)], None);
    doubled.target_group_arn = Some(arn("a"));
    doubled.forward_config.as_mut().unwrap().target_groups.as_mut().unwrap()[0].weight = None;
    let wanted = vec![forward(&[("a", 1), ("b", 2)], None)];
    assert_eq!(of_call(&to_send(&[doubled]).unwrap()), Some(wanted));
    let unknown = json!([{ "Type": "forward", "Order": 1, "Mirror": true }]);
    assert_eq!(of_call(&unknown), None, "something would be left out");
}

#[test]
fn a_secret_that_was_read_is_not_written_anywhere() {
    let mut login = login();
    login.authenticate_oidc_config.as_mut().unwrap().client_secret = Some("hush".to_owned());
    let sent = to_send(&[login]).unwrap().to_string();
    assert!(!sent.contains("hush") && sent.contains("UseExistingClientSecret"));
}

#[test]
fn what_this_program_does_not_know_is_not_sent_back_without_it() {
    let new = Action::builder().r#type(ActionTypeEnum::from("mirror")).order(1).build();
    let picture = picture(&rule(vec![new, forward(&[("a", 1), ("b", 0)], None)]), free());
    let seen = rollout(&picture);
    let why = seen.offer(crate::domain::Action::Shift(Percent::ALL)).unwrap_err();
    let Refusal::NoSuchCall(text) = why else { panic!("{why:?}") };
    assert!(text.contains("(mirror)"), "{text}");
    assert_eq!(green(&picture), Some(0.0), "it is shown all the same");
}

#[test]
fn who_owns_the_groups_keeps_the_weights() {
    let rule = rule(vec![forward(&[("a", 50), ("b", 50)], None)]);
    let offer = |owner| {
        let picture = picture(&rule, owner);
        let shift = crate::domain::Action::Shift(Percent::ALL);
        (rollout(&picture).offer(shift).map(|(means, _)| means), picture.events.len())
    };
    let known = |owner| Fact::known(owner, Timestamp::UNIX_EPOCH);
    let owned = offer(known(Owner::Service("the ECS service prod/checkout".into())));
    let why = Refusal::ManagedBy("the ECS service prod/checkout".into());
    assert_eq!(owned, (Err(why), 0));
    assert_eq!(offer(Fact::Unasked), (Err(Refusal::StateUnknown), 0));
    assert!(matches!(offer(free()), (Ok(_), 0)));
    assert!(matches!(offer(known(Owner::Unknown("too many".into()))), (Ok(_), 1)));
    let denied = FaultKind::Denied { permission: "ecs:ListClusters".into() };
    let fault = Fault::new(denied, "ecs:ListClusters", "");
    assert!(matches!(offer(Fact::Unknown { fault }), (Ok(_), 1)), "said, and not in the way");
}

#[test]
fn all_on_blue_has_nothing_to_go_back_and_no_weight_at_all_is_no_split() {
    let picture_of = |a, b| picture(&rule(vec![forward(&[("a", a), ("b", b)], None)]), free());
    let at_home = picture_of(100, 0);
    let back = rollout(&at_home).offer(crate::domain::Action::RollBack);
    assert_eq!(back.unwrap_err(), Refusal::AlreadyThere);
    let nothing = picture_of(0, 0);
    let seen = rollout(&nothing);
    assert_eq!(green(&nothing), None);
    assert!(seen.traffic.planned.fault().unwrap().message.contains("both weights are 0"));
    let (_, call) = seen.offer(crate::domain::Action::RollBack).unwrap();
    let weights: Vec<&Value> = [0, 1]
        .map(|group| &call.params[1].1[0]["ForwardConfig"]["TargetGroups"][group]["Weight"])
        .into();
    assert_eq!(weights, [&json!(100), &json!(0)]);
    let stop = seen.offers.iter().find_map(|offer| match offer {
        Offered::Refused { action: crate::domain::Action::Stop, why } => Some(why.to_string()),
        _ => None,
    });
    assert_eq!(stop.as_deref(), Some("nothing runs that could be stopped"));
}
