//! How load balancers, rules and targets look in replies; member names as in the service model.

use crate::sim::value::{Value, list, map};
use crate::sim::world::{Action, Listener, LoadBalancer, Rule, Target, TargetGroup, World};

pub(super) fn load_balancer(lb: &LoadBalancer, world: &World) -> Value {
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
        ("CanonicalHostedZoneId", Value::from(lb.dns_zone)),
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

pub(super) fn listener(one: &Listener, world: &World) -> Value {
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
        ("DefaultActions", list(one.actions.iter().map(action))),
    ])
}

pub(super) fn rule_value(rule: &Rule) -> Value {
    let priority = rule.priority.map_or_else(|| "default".to_owned(), |number| number.to_string());
    map([
        ("RuleArn", Value::from(rule.arn.as_str())),
        ("Priority", Value::from(priority)),
        ("Conditions", Value::List(rule.conditions.clone())),
        ("Actions", list(rule.actions.iter().map(action))),
        ("IsDefault", Value::from(rule.priority.is_none())),
    ])
}

/// An action; a forward with a single group names it at the top level, too.
fn action(action: &Action) -> Value {
    let forward = match action {
        Action::Other(shown) => return shown.clone(),
        Action::Forward(forward) => forward,
    };
    let groups = forward.weights.iter().map(|(arn, weight)| {
        map([
            ("TargetGroupArn", Value::from(arn.as_str())),
            ("Weight", Value::from(i64::from(*weight))),
        ])
    });
    let stickiness = map([
        ("Enabled", Value::from(forward.sticky)),
        ("DurationSeconds", Value::from(forward.stickiness_seconds)),
    ]);
    let only = match forward.weights.as_slice() {
        [(arn, _)] => Some(arn.as_str()),
        _ => None,
    };
    map([
        ("Type", Value::from("forward")),
        ("TargetGroupArn", Value::from(only)),
        ("Order", Value::from(forward.order)),
        (
            "ForwardConfig",
            map([("TargetGroups", list(groups)), ("TargetGroupStickinessConfig", stickiness)]),
        ),
    ])
}

pub(super) fn target_group(group: &TargetGroup) -> Value {
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

pub(super) fn target_health(target: &Target) -> Value {
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
pub(super) fn asked_target(targets: &[Target], asked: &Value) -> Value {
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
