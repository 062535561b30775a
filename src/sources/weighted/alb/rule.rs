//! What holds the weights: which two target groups it divides between, and the call that sets them.
//! Pure.

use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, ForwardActionConfig, HostHeaderConditionConfig,
    PathPatternConditionConfig, Rule, RuleCondition,
};
use jiff::SignedDuration;
use serde_json::json;

use crate::domain::{Call, Fault};
use crate::sources::forward::{forwards, group_name};
use crate::sources::weighted::{call, unfit};

use super::actions::to_send;

/// A rule, or a listener with its default actions, as it was read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Held {
    /// The ARN that the call for its weights takes: a rule's, or for the default rule the listener's.
    pub(crate) arn: String,
    /// With its conditions and actions.
    pub(crate) rule: Rule,
}

/// One of two target groups that a rule divides between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    /// Its name.
    pub(crate) name: String,
    /// Its ARN.
    pub(crate) arn: String,
    /// Its raw weight.
    pub(crate) weight: u32,
    /// Where its weight is in the call, as a JSON pointer.
    pub(super) place: String,
}

/// What a rule divides between.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Divided {
    /// What was read.
    pub(crate) held: Held,
    /// The two groups, in the rule's order.
    pub(crate) groups: [Group; 2],
    /// For how long a client stays with its group, where it does.
    pub(crate) sticky: Option<SignedDuration>,
}

impl Held {
    /// The rule that was read. The default rule is changed through its listener.
    pub(crate) fn of(rule: &Rule) -> Option<Self> {
        let arn = rule.rule_arn()?;
        let is_default = rule.is_default() == Some(true) || rule.priority() == Some("default");
        let arn = if is_default { listener_of(arn)? } else { arn.to_owned() };
        Some(Self { arn, rule: rule.clone() })
    }

    /// Whether it is a listener's default action.
    pub(crate) fn is_default(&self) -> bool {
        !self.arn.contains(":listener-rule/")
    }

    fn words(&self) -> &'static str {
        if self.is_default() { "the listener's default action" } else { "the rule" }
    }

    /// The last part of the ARN: short, and the same for as long as the rule is there.
    pub(crate) fn id(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or(&self.arn)
    }

    /// What people call it: the host and path it is for, else its load balancer.
    pub(crate) fn name(&self) -> String {
        // …:listener-rule/app/NAME/HEX/…
        let balancer = self.arn.split('/').nth(2).unwrap_or(&self.arn);
        let conditions = self.rule.conditions();
        let only = |field: &str| {
            let of = |condition: &&RuleCondition| condition.field() == Some(field);
            let values = conditions.iter().filter(of).flat_map(values);
            let mut values = values.filter(|value| !value.is_empty());
            values.next().filter(|_| values.next().is_none())
        };
        match (only("host-header"), only("path-pattern")) {
            (Some(host), Some(path)) => format!("{host}{path}"),
            (Some(host), None) => host.to_owned(),
            (None, Some(path)) => format!("{balancer}{path}"),
            (None, None) => balancer.to_owned(),
        }
    }

    /// What it divides between, or why those are not two groups.
    pub(crate) fn divided(self, operation: &str) -> Result<Divided, Fault> {
        let refused = |does: String| {
            let text =
                format!("{} {does}; cutover divides between two target groups", self.words());
            unfit(operation, text)
        };
        let at = self.rule.actions().iter().position(is_forward);
        let Some((at, action)) = at.and_then(|at| Some((at, self.rule.actions().get(at)?))) else {
            return Err(refused(does_else(self.rule.actions())));
        };
        let groups = groups(at, action);
        let Ok(groups) = <[Group; 2]>::try_from(groups.clone()) else {
            return Err(refused(format!("forwards to {}", listing(&groups))));
        };
        let sticky = action
            .forward_config()
            .and_then(|config| config.target_group_stickiness_config())
            .filter(|sticky| sticky.enabled() == Some(true))
            .map(|sticky| SignedDuration::from_secs(sticky.duration_seconds().unwrap_or(0).into()));
        Ok(Divided { groups, sticky, held: self })
    }
}

/// …:listener-rule/app/NAME/HEX/LISTENER/RULE is of the listener …:listener/app/NAME/HEX/LISTENER.
pub(crate) fn listener_of(rule_arn: &str) -> Option<String> {
    let (listener, _) = rule_arn.rsplit_once('/')?;
    Some(listener.replacen(":listener-rule/", ":listener/", 1))
}

fn is_forward(action: &Action) -> bool {
    action.r#type().map(ActionTypeEnum::as_str) == Some("forward")
}

/// The values of a condition, in its new or its old spelling.
fn values(condition: &RuleCondition) -> Vec<&str> {
    let hosts = condition.host_header_config().map(HostHeaderConditionConfig::values);
    let paths = condition.path_pattern_config().map(PathPatternConditionConfig::values);
    let new = hosts.or(paths).filter(|values| !values.is_empty());
    new.unwrap_or(condition.values()).iter().map(String::as_str).collect()
}

/// The groups of a forward action; one that stands alone has no list and no weight to set.
fn groups(at: usize, action: &Action) -> Vec<Group> {
    let listed =
        action.forward_config().map(ForwardActionConfig::target_groups).unwrap_or_default();
    let group = |(index, arn, weight): (usize, &str, Option<i32>)| Group {
        name: group_name(arn).to_owned(),
        arn: arn.to_owned(),
        weight: weight.map_or(1, |weight| u32::try_from(weight).unwrap_or(0)),
        place: format!("{at}/ForwardConfig/TargetGroups/{index}/Weight"),
    };
    let listed = listed.iter().enumerate().filter_map(|(index, tuple)| {
        Some(group((index, tuple.target_group_arn()?, tuple.weight())))
    });
    let listed: Vec<Group> = listed.collect();
    match action.target_group_arn() {
        Some(alone) if listed.is_empty() => vec![group((0, alone, None))],
        Some(_) | None => listed,
    }
}

/// What a rule does that forwards nothing.
fn does_else(actions: &[Action]) -> String {
    let last = actions.last().and_then(|action| action.r#type()).map(ActionTypeEnum::as_str);
    match last {
        Some("redirect") => "redirects and forwards nothing".to_owned(),
        Some("fixed-response") => "answers by itself and forwards nothing".to_owned(),
        Some(other) => format!("ends in `{other}` and forwards nothing"),
        None => "has no action".to_owned(),
    }
}

/// `three target groups: a, b, c`.
fn listing(groups: &[Group]) -> String {
    let count = match groups.len() {
        0 => "no target group".to_owned(),
        1 => "one target group".to_owned(),
        2 => "two target groups".to_owned(),
        3 => "three target groups".to_owned(),
        4 => "four target groups".to_owned(),
        5 => "five target groups".to_owned(),
        more => format!("{more} target groups"),
    };
    let names: Vec<&str> = groups.iter().map(|group| group.name.as_str()).collect();
    if names.is_empty() { count } else { format!("{count}: {}", names.join(", ")) }
}

/// Whether a rule forwards to exactly these two, by their names.
pub(crate) fn is_between(rule: &Rule, names: [&str; 2]) -> bool {
    let groups: Vec<Group> = forwards(rule).flat_map(|action| groups(0, action)).collect();
    groups.len() == 2 && names.iter().all(|name| groups.iter().any(|group| group.name == *name))
}

impl Divided {
    /// The call that sets the weights, with the weights as they are; the reason when it would lose
    /// something.
    pub(crate) fn call(&self) -> Result<Call, String> {
        let actions = to_send(self.held.rule.actions())?;
        let arn = json!(self.held.arn);
        let (operation, of, list) = if self.held.is_default() {
            ("ModifyListener", "ListenerArn", "DefaultActions")
        } else {
            ("ModifyRule", "RuleArn", "Actions")
        };
        Ok(call("elasticloadbalancing", operation, [(of, arn), (list, actions)]))
    }

    /// Where a group's weight is in that call.
    pub(crate) fn place(&self, group: &Group) -> String {
        let list = if self.held.is_default() { "DefaultActions" } else { "Actions" };
        format!("/{list}/{}", group.place)
    }
}
