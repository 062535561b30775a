//! Orders: the rule is read again, then the one call goes out, once.

use aws_sdk_elasticloadbalancingv2::operation::RequestId;
use aws_sdk_elasticloadbalancingv2::types::{Action, ForwardActionConfig, TargetGroupTuple};
use serde_json::Value;

use crate::domain::{Fact, Order, Progress, Snapshot, Target};
use crate::sources::aws::{Aws, Changes};
use crate::sources::order::{failed, param, unknown_call};

use super::actions::of_call;
use super::rule::Group;
use super::translate::snapshot;
use super::{Raw, find, roles};

/// Reads afresh what an order rests on: the caller and the rule. Who owns the groups is what was found
/// out last; to look for it takes longer than an order may.
pub(in super::super) async fn read_again(aws: &Aws, target: &Target) -> Snapshot {
    let Target::Alb(place) = target else { return Snapshot::unasked(target.clone(), aws.now()) };
    let (identity, rule) = tokio::join!(aws.identity(), find::read(aws, place, None));
    let now = aws.now();
    let rule = rule.and_then(|divided| {
        let roles = roles(aws.weighted(), target, &divided)?;
        Ok((divided, roles))
    });
    let found =
        rule.as_ref().ok().and_then(|(divided, _)| aws.weighted().owner(&super::arns(divided)));
    let not_found = || super::Owner::Unknown("it was not found out before the order".to_owned());
    let owner = found.map_or_else(not_found, |(owner, _)| owner);
    let raw = Raw {
        rule: Fact::default().after(rule, now),
        owner: Fact::known(owner, now),
        ..Raw::default()
    };
    snapshot(target, &Fact::default().after(identity, now), &raw, now)
}

/// Sends the one call of an order. It is never sent again.
pub(in super::super) async fn send(changes: &Changes, order: &Order) -> Progress {
    let client = &changes.elb;
    let text = |name: &str| param(order, name).and_then(Value::as_str).map(str::to_owned);
    let actions = |name: &str| param(order, name).and_then(of_call);
    let accepted = |request: Option<&str>| Progress::Accepted {
        request_id: request.map(str::to_owned),
        answer: String::new(),
        rollout: None,
    };
    match order.call.operation.as_str() {
        "ModifyRule" => {
            let Some(actions) = actions("Actions") else { return unknown_call(order) };
            let call = client.modify_rule().set_rule_arn(text("RuleArn"));
            match call.set_actions(Some(actions)).send().await {
                Ok(answer) => accepted(answer.request_id()),
                Err(error) => failed(order, &error),
            }
        }
        "ModifyListener" => {
            let Some(actions) = actions("DefaultActions") else { return unknown_call(order) };
            let call = client.modify_listener().set_listener_arn(text("ListenerArn"));
            match call.set_default_actions(Some(actions)).send().await {
                Ok(answer) => accepted(answer.request_id()),
                Err(error) => failed(order, &error),
            }
        }
        _ => unknown_call(order),
    }
}

/// Whether the weights are those that an order sets; what else is there says nothing about it.
pub(in super::super) async fn is_set(aws: &Aws, order: &Order) -> bool {
    let Target::Alb(place) = &order.target else { return false };
    let Ok(divided) = find::read(aws, place, None).await else { return false };
    let one_of = |names: [&str; 2]| names.iter().find_map(|name| param(order, name));
    let arn = one_of(["RuleArn", "ListenerArn"]).and_then(Value::as_str);
    let sent = one_of(["Actions", "DefaultActions"]).and_then(of_call).unwrap_or_default();
    let sent = sent.iter().filter_map(Action::forward_config);
    let sent: Vec<&TargetGroupTuple> = sent.flat_map(ForwardActionConfig::target_groups).collect();
    let is_set = |group: &Group| {
        let tuple = sent.iter().find(|tuple| tuple.target_group_arn() == Some(group.arn.as_str()));
        tuple.and_then(|tuple| tuple.weight()).map(i64::from) == Some(i64::from(group.weight))
    };
    arn == Some(divided.held.arn.as_str()) && divided.groups.iter().all(is_set)
}
