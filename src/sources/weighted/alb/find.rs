//! The calls: where the weights are, and what they are.

use aws_sdk_elasticloadbalancingv2::types::{Listener, Rule, TargetGroup};

use crate::domain::{AlbPlace, Fault, FaultKind};
use crate::sources::aws::Aws;
use crate::sources::balancer;
use crate::sources::error::fault;
use crate::sources::weighted::unfit;

use super::rule::{Divided, Held, is_between};

const RULES: &str = "elasticloadbalancing:DescribeRules";
const LISTENERS: &str = "elasticloadbalancing:DescribeListeners";
const GROUPS: &str = "elasticloadbalancing:DescribeTargetGroups";
/// A load balancer has at most 50 listeners; more pages than that is a server that repeats itself.
const PAGES: usize = 20;

/// What the target's weights are now. `known` is the ARN of the rule that was found for two groups:
/// it is searched for again only when it no longer divides between them.
pub(super) async fn read(
    aws: &Aws,
    place: &AlbPlace,
    known: Option<String>,
) -> Result<Divided, Fault> {
    match (place, known) {
        (AlbPlace::Arn { arn, .. }, _) => held(aws, arn).await,
        (AlbPlace::Groups { blue, green }, Some(arn)) => match held(aws, &arn).await {
            Ok(divided) if is_between(&divided.held.rule, [blue, green]) => Ok(divided),
            Err(fault) if fault.passes_by_itself() => Err(fault),
            Ok(_) | Err(_) => search(aws, [blue, green]).await,
        },
        (AlbPlace::Groups { blue, green }, None) => search(aws, [blue, green]).await,
    }
}

/// One rule, or a listener's default action, by its ARN.
async fn held(aws: &Aws, arn: &str) -> Result<Divided, Fault> {
    if arn.contains(":listener-rule/") {
        let call = aws.reads().elb.describe_rules().rule_arns(arn);
        let answer = call.send().await.map_err(|error| fault(RULES, &error))?;
        let found = answer.rules().iter().find(|rule| rule.rule_arn() == Some(arn));
        let held = found.and_then(Held::of).ok_or_else(|| missing(RULES, arn))?;
        return held.divided(RULES);
    }
    let call = aws.reads().elb.describe_listeners().listener_arns(arn);
    let answer = call.send().await.map_err(|error| fault(LISTENERS, &error))?;
    let found = answer.listeners().iter().find(|listener| listener.listener_arn() == Some(arn));
    let listener = found.ok_or_else(|| missing(LISTENERS, arn))?;
    let rule = Rule::builder().set_actions(Some(listener.default_actions().to_vec())).build();
    Held { arn: arn.to_owned(), rule }.divided(LISTENERS)
}

fn missing(operation: &str, what: &str) -> Fault {
    Fault::new(FaultKind::NotFound, operation, format!("{what} is not in the answer"))
}

/// The one rule that divides between two target groups, among all of their load balancers.
async fn search(aws: &Aws, names: [&String; 2]) -> Result<Divided, Fault> {
    let names = names.map(String::as_str);
    let call =
        aws.reads().elb.describe_target_groups().set_names(Some(names.map(str::to_owned).into()));
    let answer = call.send().await.map_err(|error| fault(GROUPS, &error))?;
    for name in names {
        if !answer.target_groups().iter().any(|group| group.target_group_name() == Some(name)) {
            return Err(missing(GROUPS, name));
        }
    }
    let mut balancers: Vec<&String> =
        answer.target_groups().iter().flat_map(TargetGroup::load_balancer_arns).collect();
    balancers.retain(|arn| arn.contains(":loadbalancer/app/"));
    balancers.sort_unstable();
    balancers.dedup();
    let mut found: Vec<Held> = Vec::new();
    for balancer in balancers {
        for listener in listeners(aws, balancer).await? {
            let Some(arn) = listener.listener_arn() else { continue };
            let rules = balancer::listener(aws, arn.to_owned()).await?;
            found.extend(rules.iter().filter(|rule| is_between(rule, names)).filter_map(Held::of));
        }
    }
    let arns: Vec<String> = found.iter().map(|held| held.arn.clone()).collect();
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(only), None) => only.divided(RULES),
        (None, _) => {
            let [blue, green] = names;
            Err(unfit(
                RULES,
                format!("no rule divides between {blue} and {green} and nothing else"),
            ))
        }
        (Some(_), Some(_)) => {
            let text = "several rules divide between the two; name the one that is meant";
            Err(unfit(RULES, format!("{text}: {}", arns.join(", "))))
        }
    }
}

async fn listeners(aws: &Aws, balancer: &str) -> Result<Vec<Listener>, Fault> {
    let mut found = Vec::new();
    let mut marker = None;
    for _ in 0..PAGES {
        let call = aws.reads().elb.describe_listeners().load_balancer_arn(balancer);
        let answer =
            call.set_marker(marker).send().await.map_err(|error| fault(LISTENERS, &error))?;
        found.extend(answer.listeners().iter().cloned());
        marker = answer.next_marker().filter(|marker| !marker.is_empty()).map(str::to_owned);
        if marker.is_none() {
            break;
        }
    }
    Ok(found)
}
