//! The actions of a request, read and checked as the service does.

use super::{not_found, validation};
use crate::sim::error::ApiError;
use crate::sim::value::Value;
use crate::sim::world::{Action, Forward, World};

/// Target groups in one action.
const GROUPS: usize = 5;
/// The highest weight.
const HEAVIEST: i64 = 999;
/// The longest stickiness in seconds: seven days.
const STICKIEST: i64 = 604_800;
/// The highest order of an action.
const LAST: i64 = 50_000;
/// The types of actions, each with its configuration and whether it answers a request.
const TYPES: [(&str, &str, bool); 5] = [
    ("forward", "ForwardConfig", true),
    ("redirect", "RedirectConfig", true),
    ("fixed-response", "FixedResponseConfig", true),
    ("authenticate-oidc", "AuthenticateOidcConfig", false),
    ("authenticate-cognito", "AuthenticateCognitoConfig", false),
];

/// Where actions are to stand.
pub(super) struct Place {
    /// The member of the request, as messages spell it.
    pub(super) member: &'static str,
    /// The load balancer of the listener.
    pub(super) balancer_arn: String,
    /// The protocol of the listener.
    pub(super) protocol: &'static str,
}

/// The actions, in their order.
pub(super) fn read(world: &World, place: &Place, given: &[Value]) -> Result<Vec<Action>, ApiError> {
    let mut ordered: Vec<(usize, &Value)> = given.iter().enumerate().collect();
    if given.len() > 1 {
        for (index, action) in &ordered {
            let order = action.int("Order").filter(|order| (1..=LAST).contains(order));
            let twice = given[..*index].iter().any(|other| other.int("Order") == order);
            if order.is_none() || twice {
                let why = "Each of several actions must have an order of its own from 1 to 50000";
                return Err(invalid(why));
            }
        }
        ordered.sort_by_key(|(_, action)| action.int("Order"));
    }
    let mut kinds = Vec::new();
    for (index, action) in &ordered {
        kinds.push(kind(place, *index, action)?);
    }
    let answers = kinds.iter().filter(|(_, _, answers)| *answers).count();
    if answers != 1 || kinds.last().is_none_or(|(_, _, answers)| !answers) {
        return Err(invalid(
            "Exactly one of the actions must be forward, redirect or fixed-response, and the last",
        ));
    }
    if answers < kinds.len() && place.protocol != "HTTPS" {
        return Err(invalid("Authentication needs an HTTPS listener"));
    }
    let action = |((index, action), (name, config, _)): ((usize, &Value), (&str, &str, bool))| {
        if name == "forward" {
            return Ok(Action::Forward(forward(world, (place, index), action)?));
        }
        if !action.has(config) {
            return Err(invalid(&format!("An action of type {name} needs {config}")));
        }
        Ok(Action::Other(shown(action)))
    };
    ordered.into_iter().zip(kinds).map(action).collect()
}

fn kind(
    place: &Place,
    index: usize,
    action: &Value,
) -> Result<(&'static str, &'static str, bool), ApiError> {
    let word = action.text("Type").unwrap_or_default();
    TYPES.into_iter().find(|(known, _, _)| *known == word).ok_or_else(|| {
        let known = TYPES.map(|(known, _, _)| known).join(", ");
        constraint(place, index, ("type", word), &format!("satisfy enum value set: [{known}]"))
    })
}

/// What is shown of an action: all of it, but for the secret of a client.
fn shown(action: &Value) -> Value {
    let Value::Map(members) = action else { return action.clone() };
    let hidden = |(name, value): &(String, Value)| match (name.as_str(), value) {
        ("AuthenticateOidcConfig", Value::Map(config)) => {
            let secret = ["ClientSecret", "UseExistingClientSecret"];
            let kept = config.iter().filter(|(name, _)| !secret.contains(&name.as_str()));
            (name.clone(), Value::Map(kept.cloned().collect()))
        }
        _ => (name.clone(), value.clone()),
    };
    Value::Map(members.iter().map(hidden).collect())
}

fn forward(
    world: &World,
    (place, index): (&Place, usize),
    action: &Value,
) -> Result<Forward, ApiError> {
    let config = action.get("ForwardConfig");
    let tuples = config.list("TargetGroups");
    let arn_of = |tuple: &Value| tuple.text("TargetGroupArn").map(str::to_owned);
    let weights: Vec<(String, u32)> = match (action.text("TargetGroupArn"), tuples) {
        (None, []) => return Err(validation("You must specify a target group to forward to")),
        (Some(arn), []) => vec![(arn.to_owned(), 1)],
        (Some(arn), [one]) if one.text("TargetGroupArn") == Some(arn) => {
            vec![(arn.to_owned(), weight((place, index, 0), one)?)]
        }
        (Some(_), _) => {
            return Err(validation(
                "You cannot specify both a target group ARN and a forward configuration with \
                 other target groups",
            ));
        }
        (None, tuples) => {
            let pair = |(number, tuple): (usize, &Value)| {
                let arn = arn_of(tuple)
                    .ok_or_else(|| validation("A target group of the action has no ARN"))?;
                Ok((arn, weight((place, index, number), tuple)?))
            };
            tuples.iter().enumerate().map(pair).collect::<Result<_, ApiError>>()?
        }
    };
    check_groups(world, place, &weights)?;
    let (sticky, seconds) = stickiness(config.get("TargetGroupStickinessConfig"))?;
    if world.sticky_targets() && weights.len() > 1 && !sticky {
        let (first, _) = weights.first().cloned().unwrap_or_default();
        return Err(ApiError::client(
            "InvalidConfigurationRequest",
            format!(
                "You must enable group stickiness on the action, as target stickiness is enabled \
                 on its target group '{first}'"
            ),
        ));
    }
    let order = action.int("Order");
    Ok(Forward { order, weights, sticky, stickiness_seconds: seconds })
}

fn weight((place, index, number): (&Place, usize, usize), tuple: &Value) -> Result<u32, ApiError> {
    if !tuple.has("Weight") {
        return Ok(1);
    }
    let given = tuple.int("Weight");
    given.filter(|weight| (0..=HEAVIEST).contains(weight)).map(|weight| weight as u32).ok_or_else(
        || {
            let member = format!("forwardConfig.targetGroups.{}.member.weight", number + 1);
            let value = tuple.text("Weight").unwrap_or_default();
            let rule = if given.is_some_and(|weight| weight < 0) {
                "have value greater than or equal to 0".to_owned()
            } else {
                format!("have value less than or equal to {HEAVIEST}")
            };
            constraint(place, index, (&member, value), &rule)
        },
    )
}

fn check_groups(world: &World, place: &Place, weights: &[(String, u32)]) -> Result<(), ApiError> {
    if weights.len() > GROUPS {
        return Err(validation(&format!(
            "An action can forward to {GROUPS} target groups at most"
        )));
    }
    let known = world.target_groups();
    for (index, (arn, _)) in weights.iter().enumerate() {
        let group = known.iter().find(|group| group.arn == *arn);
        let group = group.ok_or_else(|| not_found("TargetGroupNotFound", "target groups", arn))?;
        if weights[..index].iter().any(|(other, _)| other == arn) {
            return Err(validation(&format!(
                "The target group '{arn}' appears twice in an action"
            )));
        }
        let elsewhere = |balancer: &String| *balancer != place.balancer_arn;
        if group.load_balancer_arns.iter().any(elsewhere) {
            return Err(ApiError::client(
                "TargetGroupAssociationLimit",
                format!(
                    "The following target groups cannot be associated with more than one load \
                     balancer: {arn}"
                ),
            ));
        }
    }
    Ok(())
}

/// Whether clients stick to a group, and for how long.
fn stickiness(config: &Value) -> Result<(bool, Option<i64>), ApiError> {
    let sticky = config.bool("Enabled").unwrap_or(false);
    let seconds = config.int("DurationSeconds");
    let sane = seconds.is_some_and(|seconds| (1..=STICKIEST).contains(&seconds));
    if sane || (seconds.is_none() && !sticky) {
        return Ok((sticky, seconds));
    }
    Err(validation(&format!(
        "Target group stickiness duration must be between 1 and {STICKIEST} seconds"
    )))
}

fn constraint(place: &Place, index: usize, (member, value): (&str, &str), rule: &str) -> ApiError {
    validation(&format!(
        "1 validation error detected: Value '{value}' at '{}.{}.member.{member}' failed to satisfy \
         constraint: Member must {rule}",
        place.member,
        index + 1
    ))
}

fn invalid(message: &str) -> ApiError {
    ApiError::client("InvalidLoadBalancerAction", message)
}
