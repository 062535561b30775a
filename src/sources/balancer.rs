//! The load balancer's part: what the listener holds, and which targets are healthy.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::operation::describe_target_groups::builders::DescribeTargetGroupsFluentBuilder;
use aws_sdk_elasticloadbalancingv2::types::{Rule, TargetGroup, TargetHealthDescription};
use futures::future::join_all;
use jiff::Timestamp;

use crate::domain::{Fact, Fault, FaultKind, TargetState, Targets, region_of};

use super::aws::Aws;
use super::error::fault;

/// A listener has at most a few hundred rules; more pages than that is a server that repeats itself.
const PAGES: usize = 20;

/// The target groups that are asked for.
async fn groups(call: DescribeTargetGroupsFluentBuilder) -> Result<Vec<TargetGroup>, Fault> {
    const OPERATION: &str = "elasticloadbalancing:DescribeTargetGroups";
    let answer = call.send().await.map_err(|error| fault(OPERATION, &error))?;
    Ok(answer.target_groups.unwrap_or_default())
}

/// The ARNs of target groups by their names.
async fn group_arns(aws: &Aws, names: Vec<String>) -> Result<BTreeMap<String, String>, Fault> {
    let groups = groups(aws.reads().elb.describe_target_groups().set_names(Some(names))).await?;
    Ok(groups
        .iter()
        .filter_map(|group| {
            Some((group.target_group_name()?.to_owned(), group.target_group_arn()?.to_owned()))
        })
        .collect())
}

/// The ARN of the load balancer that a target group is behind.
pub(crate) async fn load_balancer(aws: &Aws, group: &str) -> Result<Option<String>, Fault> {
    let groups = groups(aws.reads().elb.describe_target_groups().target_group_arns(group)).await?;
    Ok(groups.first().and_then(|group| group.load_balancer_arns().first()).cloned())
}

/// The ARNs of the load balancers that each target group is behind; all are of one Region.
pub(crate) async fn load_balancers(
    aws: &Aws,
    arns: Vec<String>,
) -> Result<BTreeMap<String, Vec<String>>, Fault> {
    let elb = aws.elb(arns.first().and_then(|group| region_of(group)));
    let groups = groups(elb.describe_target_groups().set_target_group_arns(Some(arns))).await?;
    Ok(groups
        .iter()
        .filter_map(|group| {
            Some((group.target_group_arn()?.to_owned(), group.load_balancer_arns().to_vec()))
        })
        .collect())
}

/// The ARNs of the groups and the health of their targets.
pub(crate) struct Health {
    /// ARNs by name.
    pub(crate) arns: BTreeMap<String, String>,
    /// Targets by the group's name.
    pub(crate) health: BTreeMap<String, Result<Targets, Fault>>,
}

/// The health of the named groups; ARNs that are not known yet are asked for first.
pub(crate) async fn look(
    aws: &Aws,
    names: Vec<String>,
    known: BTreeMap<String, String>,
) -> Result<Health, Fault> {
    let missing: Vec<String> =
        names.iter().filter(|name| !known.contains_key(*name)).cloned().collect();
    let mut arns = known;
    if !missing.is_empty() {
        arns.extend(group_arns(aws, missing).await?);
    }
    arns.retain(|name, _| names.contains(name));
    let health = health(aws, arns.clone()).await;
    // When no group answers there is no health at all, and the reason is the fault of the part.
    match health.values().find_map(|targets| targets.as_ref().err()) {
        Some(fault) if health.values().all(Result::is_err) => Err(fault.clone()),
        _ => Ok(Health { arns, health }),
    }
}

/// The health of each group's targets; one group that fails leaves the others.
async fn health(
    aws: &Aws,
    groups: BTreeMap<String, String>,
) -> BTreeMap<String, Result<Targets, Fault>> {
    let reads = groups.into_iter().map(|(name, arn)| async move {
        let elb = aws.elb(region_of(&arn));
        let call = elb.describe_target_health().target_group_arn(arn);
        let answer = call
            .send()
            .await
            .map_err(|error| fault("elasticloadbalancing:DescribeTargetHealth", &error));
        let targets = answer.map(|answer| Targets {
            list: answer.target_health_descriptions().iter().map(target).collect(),
        });
        (name, targets)
    });
    join_all(reads).await.into_iter().collect()
}

fn target(description: &TargetHealthDescription) -> TargetState {
    let id = description.target().and_then(|target| target.id()).unwrap_or("?");
    let port = description
        .target()
        .and_then(aws_sdk_elasticloadbalancingv2::types::TargetDescription::port);
    let health = description.target_health();
    TargetState {
        id: port.map_or_else(|| id.to_owned(), |port| format!("{id}:{port}")),
        state: health
            .and_then(|health| health.state())
            .map_or("unavailable", |state| state.as_str())
            .to_owned(),
        reason: health.and_then(|h| h.reason()).map(|reason| reason.as_str().to_owned()),
        description: health.and_then(|h| h.description()).map(str::to_owned),
    }
}

/// What `arn` routes by: one rule, or the default actions of a network load balancer's listener.
pub(crate) async fn route(aws: &Aws, arn: String) -> Result<Vec<Rule>, Fault> {
    if arn.contains(":listener-rule/") {
        let call = aws.reads().elb.describe_rules().rule_arns(arn);
        let answer = call.send().await;
        let answer = answer.map_err(|error| fault("elasticloadbalancing:DescribeRules", &error))?;
        return Ok(answer.rules().to_vec());
    }
    let call = aws.reads().elb.describe_listeners().listener_arns(arn);
    let answer = call.send().await;
    let answer = answer.map_err(|error| fault("elasticloadbalancing:DescribeListeners", &error))?;
    let actions = answer.listeners().iter().map(|listener| listener.default_actions().to_vec());
    Ok(actions.map(|actions| Rule::builder().set_actions(Some(actions)).build()).collect())
}

/// All rules of the production listener.
pub(crate) async fn listener(aws: &Aws, arn: String) -> Result<Vec<Rule>, Fault> {
    let mut rules: Vec<Rule> = Vec::new();
    let mut marker = None;
    for _ in 0..PAGES {
        let call = aws.reads().elb.describe_rules().listener_arn(&arn);
        let answer = call
            .set_marker(marker)
            .send()
            .await
            .map_err(|error| fault("elasticloadbalancing:DescribeRules", &error))?;
        rules.extend(answer.rules().iter().cloned());
        marker = answer.next_marker().filter(|marker| !marker.is_empty()).map(str::to_owned);
        if marker.is_none() {
            break;
        }
    }
    Ok(rules)
}

/// The health of every target group's targets, by the group's name.
pub(crate) type GroupHealth = BTreeMap<String, Result<Targets, Fault>>;

/// The targets of the group `name`.
pub(crate) fn targets_of(health: &Fact<GroupHealth>, name: &str) -> Fact<Targets> {
    let missing = || {
        Fault::new(
            FaultKind::NotFound,
            "elasticloadbalancing:DescribeTargetGroups",
            format!("no target group {name}"),
        )
    };
    let read = |at: Timestamp| match health.value().and_then(|groups| groups.get(name)) {
        Some(Ok(targets)) => Fact::known(targets.clone(), at),
        Some(Err(fault)) => Fact::Unknown { fault: fault.clone() },
        None => Fact::Unknown { fault: missing() },
    };
    match (health, health.at()) {
        (Fact::Stale { at, fault, .. }, _) => match read(*at) {
            Fact::Known { value, at } => Fact::Stale { value, at, fault: fault.clone() },
            other => other,
        },
        (Fact::Unknown { fault }, _) => Fact::Unknown { fault: fault.clone() },
        (_, Some(at)) => read(at),
        (_, None) => Fact::Unasked,
    }
}
