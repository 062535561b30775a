//! Rules of Application Load Balancers that forward to exactly two target groups.
//!
//! All `Describe…` calls share one bucket of 40 that gets ten a second. Load balancers with fewer
//! than two target groups are not asked about, and after a first handful it is two a second.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_elasticloadbalancingv2::types::{Listener, Rule, RuleCondition};

use crate::domain::{Fault, Found, Share, What};
use crate::sources::aws::Aws;
use crate::sources::error::fault;
use crate::sources::forward::{forwards, weights};

use super::{Shelf, Turns, divided};

/// No more load balancers are looked at.
const BALANCERS: usize = 60;
/// No more listeners are looked at, over all load balancers.
const LISTENERS: usize = 150;
/// The API has 400 on a page.
const PAGE: i32 = 400;
/// More pages is a server that repeats itself.
const PAGES: usize = 20;

pub(super) async fn list(aws: &Aws, shelf: &mut Shelf) -> Result<(), Fault> {
    let mut turns = Turns::new(10, Duration::from_millis(500));
    let mut balancers = balancers(aws, &mut turns).await?;
    shelf.bound(&mut balancers, BALANCERS, "load balancers");
    let mut room = LISTENERS;
    for balancer in balancers {
        let listeners = listeners(aws, &balancer, &mut turns).await;
        for listener in shelf.spare(listeners)?.unwrap_or_default() {
            let Some(left) = room.checked_sub(1) else {
                shelf.too_many(LISTENERS, "listeners");
                return Ok(());
            };
            room = left;
            let Some(arn) = listener.listener_arn() else { continue };
            let rules = rules(aws, arn, &mut turns).await;
            let rules = shelf.spare(rules)?.unwrap_or_default();
            shelf.found.extend(rules.iter().filter_map(|rule| found(&listener, rule)));
        }
    }
    Ok(())
}

/// The ARNs of the Application Load Balancers with at least two target groups.
async fn balancers(aws: &Aws, turns: &mut Turns) -> Result<Vec<String>, Fault> {
    let mut groups: BTreeMap<String, u32> = BTreeMap::new();
    let mut marker = None;
    for _ in 0..PAGES {
        turns.next().await;
        let call = aws.reads().elb.describe_target_groups().page_size(PAGE).set_marker(marker);
        let answer = call
            .send()
            .await
            .map_err(|error| fault("elasticloadbalancing:DescribeTargetGroups", &error))?;
        let of = answer.target_groups().iter().flat_map(|group| group.load_balancer_arns());
        for balancer in of.filter(|arn| arn.contains(":loadbalancer/app/")) {
            *groups.entry(balancer.clone()).or_default() += 1;
        }
        marker = answer.next_marker().filter(|marker| !marker.is_empty()).map(str::to_owned);
        if marker.is_none() {
            break;
        }
    }
    Ok(groups.into_iter().filter(|(_, count)| *count > 1).map(|(arn, _)| arn).collect())
}

async fn listeners(aws: &Aws, balancer: &str, turns: &mut Turns) -> Result<Vec<Listener>, Fault> {
    let mut found = Vec::new();
    let mut marker = None;
    for _ in 0..PAGES {
        turns.next().await;
        let call = aws.reads().elb.describe_listeners().load_balancer_arn(balancer);
        let answer = call
            .set_marker(marker)
            .send()
            .await
            .map_err(|error| fault("elasticloadbalancing:DescribeListeners", &error))?;
        found.extend(answer.listeners().iter().cloned());
        marker = answer.next_marker().filter(|marker| !marker.is_empty()).map(str::to_owned);
        if marker.is_none() {
            break;
        }
    }
    Ok(found)
}

async fn rules(aws: &Aws, listener: &str, turns: &mut Turns) -> Result<Vec<Rule>, Fault> {
    let mut found = Vec::new();
    let mut marker = None;
    for _ in 0..PAGES {
        turns.next().await;
        let call = aws.reads().elb.describe_rules().listener_arn(listener);
        let answer = call
            .set_marker(marker)
            .send()
            .await
            .map_err(|error| fault("elasticloadbalancing:DescribeRules", &error))?;
        found.extend(answer.rules().iter().cloned());
        marker = answer.next_marker().filter(|marker| !marker.is_empty()).map(str::to_owned);
        if marker.is_none() {
            break;
        }
    }
    Ok(found)
}

/// The default rule has no ARN that can be changed: it is the listener's.
fn found(listener: &Listener, rule: &Rule) -> Option<Found> {
    let shares: Vec<Share> = forwards(rule)
        .flat_map(weights)
        .map(|(name, weight)| Share { name, weight: weight as u32 })
        .collect();
    if shares.len() != 2 {
        return None;
    }
    let default = rule.is_default() == Some(true);
    let listener_arn = listener.listener_arn()?;
    let arn = if default { listener_arn } else { rule.rule_arn()? };
    Some(Found {
        target: format!("alb:{arn}"),
        running: divided(&shares),
        what: What::Alb {
            balancer: listener_arn.split('/').nth(2).unwrap_or("?").to_owned(),
            port: listener.port(),
            priority: rule.priority().filter(|_| !default).map(str::to_owned),
            conditions: rule.conditions().iter().filter_map(condition).collect(),
            shares,
        },
        rollout: None,
        status: None,
        owner: None,
    })
}

/// What a request has to be, in the words of the API.
fn condition(condition: &RuleCondition) -> Option<String> {
    let paths = condition.path_pattern_config().map(|config| config.values());
    let hosts = condition.host_header_config().map(|config| config.values());
    let values = paths.or(hosts).filter(|values| !values.is_empty()).unwrap_or(condition.values());
    let field = condition.field()?;
    Some(if values.is_empty() {
        field.to_owned()
    } else {
        format!("{field} {}", values.join(", "))
    })
}
