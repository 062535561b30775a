//! Elastic Load Balancing, version 2: what the listeners hold, how a person changes it, and what
//! the health checks say.

mod actions;
mod modify;
mod render;

use self::render::{
    asked_target, listener, load_balancer, rule_value, target_group, target_health,
};
use super::{Service, unknown_operation};
use crate::sim::error::ApiError;
use crate::sim::value::{Value, list, map};
use crate::sim::world::{Rule, World};

/// The operations that are simulated.
pub const OPERATIONS: &[&str] = &[
    "DescribeListeners",
    "DescribeLoadBalancers",
    "DescribeRules",
    "DescribeTags",
    "DescribeTargetGroupAttributes",
    "DescribeTargetGroups",
    "DescribeTargetHealth",
    "ModifyListener",
    "ModifyRule",
];

/// The most items of a page, and how many there are when none is asked for.
const PAGE: usize = 400;

/// Carries out an operation.
pub fn handle(world: &mut World, operation: &str, input: &Value) -> Result<Value, ApiError> {
    match operation {
        "DescribeListeners" => describe_listeners(world, input),
        "DescribeLoadBalancers" => describe_load_balancers(world, input),
        "DescribeRules" => describe_rules(world, input),
        "DescribeTags" => describe_tags(world, input),
        "DescribeTargetGroupAttributes" => describe_target_group_attributes(world, input),
        "DescribeTargetGroups" => describe_target_groups(world, input),
        "DescribeTargetHealth" => describe_target_health(world, input),
        "ModifyListener" => modify::listener(world, input),
        "ModifyRule" => modify::rule(world, input),
        _ => Err(unknown_operation(Service::Elb, operation)),
    }
}

fn describe_load_balancers(world: &World, input: &Value) -> Result<Value, ApiError> {
    let all = world.load_balancers();
    let (arns, names) = (input.texts("LoadBalancerArns"), input.texts("Names"));
    let absent = |what: &str| not_found("LoadBalancerNotFound", "load balancers", what);
    all_known(&arns, |arn| all.iter().any(|lb| lb.arn == arn), absent)?;
    all_known(&names, |name| all.iter().any(|lb| lb.name == name), absent)?;
    let wanted = all.iter().filter(|lb| {
        (arns.is_empty() || arns.contains(&lb.arn.as_str()))
            && (names.is_empty() || names.contains(&lb.name.as_str()))
    });
    page("LoadBalancers", wanted.map(|lb| load_balancer(lb, world)).collect(), input)
}

fn describe_listeners(world: &World, input: &Value) -> Result<Value, ApiError> {
    let all = world.listeners();
    let arns = input.texts("ListenerArns");
    let absent = |what: &str| not_found("ListenerNotFound", "listeners", what);
    all_known(&arns, |arn| all.iter().any(|listener| listener.arn == arn), absent)?;
    let of_balancer = input.text("LoadBalancerArn");
    if arns.is_empty() && of_balancer.is_none() {
        return Err(validation("You must specify either listener ARNs or a load balancer ARN"));
    }
    if let Some(arn) = of_balancer
        && !world.load_balancers().iter().any(|lb| lb.arn == arn)
    {
        return Err(not_found("LoadBalancerNotFound", "load balancers", arn));
    }
    let wanted = all.iter().filter(|listener| {
        (arns.is_empty() || arns.contains(&listener.arn.as_str()))
            && of_balancer.is_none_or(|arn| arn == listener.load_balancer_arn)
    });
    page("Listeners", wanted.map(|one| listener(one, world)).collect(), input)
}

fn describe_rules(world: &World, input: &Value) -> Result<Value, ApiError> {
    let arns = input.texts("RuleArns");
    let all = all_rules(world);
    let rules = match input.text("ListenerArn") {
        Some(_) if !arns.is_empty() => {
            return Err(validation("You can't specify both a listener ARN and rule ARNs"));
        }
        Some(arn) => {
            if !world.listeners().iter().any(|listener| listener.arn == arn) {
                return Err(not_found("ListenerNotFound", "listeners", arn));
            }
            all.iter().filter(|rule| rule.listener_arn == arn).map(rule_value).collect()
        }
        None if arns.is_empty() => {
            return Err(validation("You must specify either a listener ARN or rule ARNs"));
        }
        None => {
            let absent = |what: &str| not_found("RuleNotFound", "rules", what);
            all_known(&arns, |arn| all.iter().any(|rule| rule.arn == arn), absent)?;
            all.iter().filter(|rule| arns.contains(&rule.arn.as_str())).map(rule_value).collect()
        }
    };
    page("Rules", rules, input)
}

fn all_rules(world: &World) -> Vec<Rule> {
    world.listeners().iter().flat_map(|listener| world.rules(&listener.arn)).collect()
}

fn describe_target_groups(world: &World, input: &Value) -> Result<Value, ApiError> {
    let all = world.target_groups();
    let (arns, names) = (input.texts("TargetGroupArns"), input.texts("Names"));
    let of_balancer = input.text("LoadBalancerArn");
    let absent = |what: &str| not_found("TargetGroupNotFound", "target groups", what);
    all_known(&arns, |arn| all.iter().any(|group| group.arn == arn), absent)?;
    all_known(&names, |name| all.iter().any(|group| group.name == name), absent)?;
    if let Some(arn) = of_balancer
        && !world.load_balancers().iter().any(|lb| lb.arn == arn)
    {
        return Err(not_found("LoadBalancerNotFound", "load balancers", arn));
    }
    let wanted = all.iter().filter(|group| {
        (arns.is_empty() || arns.contains(&group.arn.as_str()))
            && (names.is_empty() || names.contains(&group.name.as_str()))
            && of_balancer.is_none_or(|arn| group.load_balancer_arns.iter().any(|lb| lb == arn))
    });
    page("TargetGroups", wanted.map(target_group).collect(), input)
}

fn describe_target_health(world: &World, input: &Value) -> Result<Value, ApiError> {
    let arn = input.text("TargetGroupArn").ok_or_else(|| null("targetGroupArn"))?;
    let targets =
        world.targets(arn).ok_or_else(|| not_found("TargetGroupNotFound", "target groups", arn))?;
    let asked = input.list("Targets");
    let descriptions: Vec<Value> = if asked.is_empty() {
        targets.iter().map(target_health).collect()
    } else {
        asked.iter().map(|one| asked_target(&targets, one)).collect()
    };
    Ok(map([("TargetHealthDescriptions", Value::List(descriptions))]))
}

fn describe_target_group_attributes(world: &World, input: &Value) -> Result<Value, ApiError> {
    let arn = input.text("TargetGroupArn").ok_or_else(|| null("targetGroupArn"))?;
    if world.targets(arn).is_none() {
        return Err(not_found("TargetGroupNotFound", "target groups", arn));
    }
    let sticky = if world.sticky_targets() { "true" } else { "false" };
    let attribute =
        |(key, value): (&str, &str)| map([("Key", Value::from(key)), ("Value", value.into())]);
    let attributes = [
        ("stickiness.enabled", sticky),
        ("stickiness.type", "lb_cookie"),
        ("stickiness.lb_cookie.duration_seconds", "86400"),
        ("deregistration_delay.timeout_seconds", "30"),
        ("load_balancing.algorithm.type", "round_robin"),
    ];
    Ok(map([("Attributes", list(attributes.map(attribute)))]))
}

fn describe_tags(world: &World, input: &Value) -> Result<Value, ApiError> {
    const MOST: usize = 20;
    let arns = input.texts("ResourceArns");
    if arns.is_empty() || arns.len() > MOST {
        return Err(validation(&format!("You must specify 1 to {MOST} resource ARNs")));
    }
    let known: Vec<String> = (world.load_balancers().into_iter().map(|lb| lb.arn))
        .chain(world.target_groups().into_iter().map(|group| group.arn))
        .chain(world.listeners().into_iter().map(|listener| listener.arn))
        .collect();
    let absent = |what: &str| not_found("TargetGroupNotFound", "resources", what);
    all_known(&arns, |arn| known.iter().any(|one| one == arn), absent)?;
    let none = |arn: &str| map([("ResourceArn", Value::from(arn)), ("Tags", list::<Value>([]))]);
    Ok(map([("TagDescriptions", list(arns.into_iter().map(none)))]))
}

/// One page of `items`: the marker is the number of items before it.
fn page(member: &str, items: Vec<Value>, input: &Value) -> Result<Value, ApiError> {
    let size = match input.int("PageSize") {
        None => PAGE,
        Some(size) => usize::try_from(size)
            .ok()
            .filter(|size| (1..=PAGE).contains(size))
            .ok_or_else(|| validation(&format!("PageSize must be between 1 and {PAGE}")))?,
    };
    let first = match input.text("Marker") {
        None | Some("") => 0,
        Some(marker) => marker
            .parse()
            .ok()
            .filter(|first| *first <= items.len())
            .ok_or_else(|| validation("The marker is not valid"))?,
    };
    let next = first.saturating_add(size);
    let marker = (next < items.len()).then(|| next.to_string());
    let items = items.into_iter().skip(first).take(size).collect();
    Ok(map([(member, Value::List(items)), ("NextMarker", Value::from(marker))]))
}

fn all_known(
    asked: &[&str],
    known: impl Fn(&str) -> bool,
    absent: impl Fn(&str) -> ApiError,
) -> Result<(), ApiError> {
    asked.iter().find(|one| !known(one)).map_or(Ok(()), |one| Err(absent(one)))
}

/// The codes of this service are those of the query protocol: the exceptions' names without suffix.
fn not_found(code: &str, what: &str, which: &str) -> ApiError {
    ApiError::client(code, format!("One or more {what} not found: '{which}'"))
}

fn null(member: &str) -> ApiError {
    validation(&format!(
        "1 validation error detected: Value null at '{member}' failed to satisfy constraint: \
         Member must not be null"
    ))
}

fn validation(message: &str) -> ApiError {
    ApiError::client("ValidationError", message)
}
