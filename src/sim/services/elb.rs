//! Elastic Load Balancing, version 2: what the listeners hold and what the health checks say.

use super::{Service, unknown_operation};
use crate::sim::error::ApiError;
use crate::sim::value::{Value, list, map};
use crate::sim::world::{Forward, Listener, LoadBalancer, Rule, Target, TargetGroup, World};

/// The operations that are simulated.
pub const OPERATIONS: &[&str] = &[
    "DescribeListeners",
    "DescribeLoadBalancers",
    "DescribeRules",
    "DescribeTags",
    "DescribeTargetGroups",
    "DescribeTargetHealth",
];

/// The most items of a page, and how many there are when none is asked for.
const PAGE: usize = 400;

/// Carries out an operation.
pub fn handle(world: &World, operation: &str, input: &Value) -> Result<Value, ApiError> {
    match operation {
        "DescribeListeners" => describe_listeners(world, input),
        "DescribeLoadBalancers" => describe_load_balancers(world, input),
        "DescribeRules" => describe_rules(world, input),
        "DescribeTags" => describe_tags(world, input),
        "DescribeTargetGroups" => describe_target_groups(world, input),
        "DescribeTargetHealth" => describe_target_health(world, input),
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
    let all: Vec<Rule> =
        world.listeners().iter().flat_map(|listener| world.rules(&listener.arn)).collect();
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

fn load_balancer(lb: &LoadBalancer, world: &World) -> Value {
    let zone = |letter: &str| {
        map([
            ("ZoneName", Value::from(format!("{}{letter}", world.region()))),
            ("SubnetId", Value::from(format!("subnet-000000000000000{letter}"))),
            ("LoadBalancerAddresses", list::<Value>([])),
        ])
    };
    map([
        ("LoadBalancerArn", Value::from(lb.arn.as_str())),
        ("DNSName", Value::from(lb.dns_name.as_str())),
        ("CanonicalHostedZoneId", Value::from("Z32O12XQLNTSW2")),
        ("CreatedTime", Value::from(lb.created)),
        ("LoadBalancerName", Value::from(lb.name.as_str())),
        ("Scheme", Value::from("internet-facing")),
        ("VpcId", Value::from(lb.vpc_id.as_str())),
        ("State", map([("Code", Value::from("active"))])),
        ("Type", Value::from("application")),
        ("AvailabilityZones", list(["a", "b", "c"].map(zone))),
        ("SecurityGroups", list(["sg-00000000000000001"])),
        ("IpAddressType", Value::from("ipv4")),
    ])
}

fn listener(one: &Listener, world: &World) -> Value {
    let certificate = format!(
        "arn:aws:acm:{}:{}:certificate/00000000-0000-4000-8000-000000000000",
        world.region(),
        world.account()
    );
    let secure = one.protocol == "HTTPS";
    map([
        ("ListenerArn", Value::from(one.arn.as_str())),
        ("LoadBalancerArn", Value::from(one.load_balancer_arn.as_str())),
        ("Port", Value::from(i64::from(one.port))),
        ("Protocol", Value::from(one.protocol)),
        (
            "Certificates",
            secure.then(|| list([map([("CertificateArn", Value::from(certificate))])])).into(),
        ),
        ("SslPolicy", secure.then_some("ELBSecurityPolicy-TLS13-1-2-2021-06").into()),
        ("DefaultActions", list([action(&one.forward)])),
    ])
}

fn rule_value(rule: &Rule) -> Value {
    map([
        ("RuleArn", Value::from(rule.arn.as_str())),
        ("Priority", Value::from(rule.priority)),
        ("Conditions", list::<Value>([])),
        ("Actions", list([action(&rule.forward)])),
        ("IsDefault", Value::from(rule.priority == "default")),
    ])
}

/// A forward action; with a single group AWS names it at the top level, too.
fn action(forward: &Forward) -> Value {
    let groups = forward.weights.iter().map(|(arn, weight)| {
        map([
            ("TargetGroupArn", Value::from(arn.as_str())),
            ("Weight", Value::from(i64::from(*weight))),
        ])
    });
    let stickiness = map([
        ("Enabled", Value::from(forward.stickiness_seconds.is_some())),
        ("DurationSeconds", Value::from(forward.stickiness_seconds)),
    ]);
    let only = match forward.weights.as_slice() {
        [(arn, _)] => Some(arn.as_str()),
        _ => None,
    };
    map([
        ("Type", Value::from("forward")),
        ("TargetGroupArn", Value::from(only)),
        ("Order", Value::from(1_i64)),
        (
            "ForwardConfig",
            map([("TargetGroups", list(groups)), ("TargetGroupStickinessConfig", stickiness)]),
        ),
    ])
}

fn target_group(group: &TargetGroup) -> Value {
    map([
        ("TargetGroupArn", Value::from(group.arn.as_str())),
        ("TargetGroupName", Value::from(group.name.as_str())),
        ("Protocol", Value::from("HTTP")),
        ("Port", Value::from(i64::from(group.port))),
        ("VpcId", Value::from(group.vpc_id.as_str())),
        ("HealthCheckProtocol", Value::from("HTTP")),
        ("HealthCheckPort", Value::from("traffic-port")),
        ("HealthCheckEnabled", Value::from(true)),
        ("HealthCheckIntervalSeconds", Value::from(10_i64)),
        ("HealthCheckTimeoutSeconds", Value::from(5_i64)),
        ("HealthyThresholdCount", Value::from(2_i64)),
        ("UnhealthyThresholdCount", Value::from(3_i64)),
        ("HealthCheckPath", Value::from(group.health_check_path)),
        ("Matcher", map([("HttpCode", Value::from("200"))])),
        ("LoadBalancerArns", list(group.load_balancer_arns.iter().map(String::as_str))),
        ("TargetType", Value::from(group.target_type)),
        ("ProtocolVersion", Value::from("HTTP1")),
        ("IpAddressType", Value::from("ipv4")),
    ])
}

fn target_health(target: &Target) -> Value {
    let health = map([
        ("State", Value::from(target.state)),
        ("Reason", Value::from(target.reason)),
        ("Description", Value::from(target.description.clone())),
    ]);
    let address = map([
        ("Id", Value::from(target.id.as_str())),
        ("Port", Value::from(i64::from(target.port))),
        ("AvailabilityZone", Value::from(target.availability_zone.as_str())),
    ]);
    map([
        ("Target", address),
        ("HealthCheckPort", Value::from(target.port.to_string())),
        ("TargetHealth", health),
    ])
}

/// The health of a target that was asked for; one that is not registered has a state, too.
fn asked_target(targets: &[Target], asked: &Value) -> Value {
    let same = |target: &&Target| {
        Some(target.id.as_str()) == asked.text("Id")
            && asked.int("Port").is_none_or(|port| port == i64::from(target.port))
    };
    targets.iter().find(same).map_or_else(
        || {
            let health = map([
                ("State", Value::from("unused")),
                ("Reason", Value::from("Target.NotRegistered")),
                ("Description", Value::from("Target is not registered to the target group")),
            ]);
            map([("Target", asked.clone()), ("TargetHealth", health)])
        },
        target_health,
    )
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
