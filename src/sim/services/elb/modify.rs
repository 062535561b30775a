//! ModifyRule and ModifyListener: they replace the whole list of actions.

use super::actions::{Place, read};
use super::{all_rules, not_found, null, render, validation};
use crate::sim::error::ApiError;
use crate::sim::value::{Value, list, map};
use crate::sim::world::{Rule, World};

/// What ModifyListener can also change, but not here.
const FIXED: [&str; 6] =
    ["Port", "Protocol", "SslPolicy", "Certificates", "AlpnPolicy", "MutualAuthentication"];

/// Answers ModifyRule.
pub(super) fn rule(world: &mut World, input: &Value) -> Result<Value, ApiError> {
    let arn = input.text("RuleArn").ok_or_else(|| null("ruleArn"))?;
    let absent = || not_found("RuleNotFound", "rules", arn);
    let rule = all_rules(world).into_iter().find(|rule| rule.arn == arn).ok_or_else(absent)?;
    if rule.priority.is_none() {
        let why = "Default rules cannot be modified with ModifyRule; use ModifyListener instead";
        return Err(ApiError::client("OperationNotPermitted", why));
    }
    let (conditions, actions) = (input.list("Conditions"), input.list("Actions"));
    if conditions.is_empty() && actions.is_empty() {
        return Err(validation("You must specify at least one of conditions and actions"));
    }
    let place = place(world, &rule.listener_arn, "actions")?;
    let actions = (!actions.is_empty()).then(|| read(world, &place, actions)).transpose()?;
    let conditions = (!conditions.is_empty()).then(|| conditions.to_vec());
    world.change_rule(&rule, conditions, actions);
    let after = all_rules(world).into_iter().find(|rule| rule.arn == arn).ok_or_else(absent)?;
    Ok(map([("Rules", list([render::rule_value(&after)]))]))
}

/// Answers ModifyListener, of which only the default actions can be changed.
pub(super) fn listener(world: &mut World, input: &Value) -> Result<Value, ApiError> {
    let arn = input.text("ListenerArn").ok_or_else(|| null("listenerArn"))?;
    let place = place(world, arn, "defaultActions")?;
    if let Some(fixed) = FIXED.iter().find(|member| input.has(member)) {
        return Err(validation(&format!("{fixed} cannot be changed in the simulator")));
    }
    let actions = input.list("DefaultActions");
    if !actions.is_empty() {
        let actions = read(world, &place, actions)?;
        let rules = world.rules(arn);
        let default = rules.iter().find(|rule| rule.priority.is_none());
        let default: &Rule =
            default.ok_or_else(|| not_found("ListenerNotFound", "listeners", arn))?;
        world.change_rule(default, None, Some(actions));
    }
    let after = world.listeners().into_iter().filter(|listener| listener.arn == arn);
    let shown: Vec<Value> = after.map(|one| render::listener(&one, world)).collect();
    Ok(map([("Listeners", Value::List(shown))]))
}

/// Where the actions are to stand.
fn place(world: &World, listener_arn: &str, member: &'static str) -> Result<Place, ApiError> {
    let all = world.listeners();
    let listener = all.into_iter().find(|listener| listener.arn == listener_arn);
    let absent = || not_found("ListenerNotFound", "listeners", listener_arn);
    let listener = listener.ok_or_else(absent)?;
    Ok(Place { member, balancer_arn: listener.load_balancer_arn, protocol: listener.protocol })
}
