//! What the rules of a listener say about the traffic of two target groups. Pure.

use std::collections::BTreeSet;

use aws_sdk_elasticloadbalancingv2::types::{Action, Rule, TargetGroupTuple};

use crate::domain::{ListenerSplit, Split, Weight};

/// Weights that differ by less are the same: 0.1 % is rounded onto whole weights.
const SAME: f64 = 0.2;

/// The split with this share of green, in percent.
pub(super) fn split(percent: f64) -> Split {
    Split { green: Weight::percent(percent).unwrap_or(Weight::NONE) }
}

/// The forward actions of a rule.
pub(super) fn forwards(rule: &Rule) -> impl Iterator<Item = &Action> {
    rule.actions().iter().filter(|action| {
        action.r#type().map(aws_sdk_elasticloadbalancingv2::types::ActionTypeEnum::as_str)
            == Some("forward")
    })
}

/// The groups an action forwards to, with their weights; one group alone has everything.
pub(super) fn weights(action: &Action) -> Vec<(String, f64)> {
    let name = |arn: &str| group_name(arn).to_owned();
    let listed = |tuple: &TargetGroupTuple| {
        Some((name(tuple.target_group_arn()?), f64::from(tuple.weight().unwrap_or(1).max(0))))
    };
    let groups: Vec<_> = action
        .forward_config()
        .map(|config| config.target_groups().iter().filter_map(listed).collect())
        .unwrap_or_default();
    match (groups.is_empty(), action.target_group_arn()) {
        (true, Some(arn)) => vec![(name(arn), 1.0)],
        _ => groups,
    }
}

/// The name in `arn:…:targetgroup/NAME/HEX`.
pub(super) fn group_name(arn: &str) -> &str {
    arn.split('/').nth(1).unwrap_or(arn)
}

/// What the rules that forward to either group say.
pub(super) fn listener_split(
    rules: &[Rule],
    (blue, green): (Option<&str>, Option<&str>),
) -> ListenerSplit {
    let mut splits: Vec<Split> = Vec::new();
    for action in rules.iter().flat_map(forwards) {
        let weights = weights(action);
        let of = |wanted: Option<&str>| -> f64 {
            weights.iter().filter(|(name, _)| Some(name.as_str()) == wanted).map(|(_, w)| w).sum()
        };
        let known = |name: &str| Some(name) == blue || Some(name) == green;
        if !weights.iter().any(|(name, _)| known(name)) {
            continue;
        }
        let total: f64 = weights.iter().map(|(_, weight)| weight).sum();
        if let Some(share) = Weight::ratio(of(green), total) {
            splits.push(split(share.get()));
        }
    }
    match splits.as_slice() {
        [] => ListenerSplit::Elsewhere,
        [first, rest @ ..] if rest.iter().all(|s| s.green.is_near(first.green, SAME)) => {
            ListenerSplit::Split(*first)
        }
        _ => ListenerSplit::Mixed(splits),
    }
}

/// The names of the groups that get anything by these rules.
pub(super) fn served(rules: &[Rule]) -> BTreeSet<String> {
    let weights = rules.iter().flat_map(forwards).flat_map(weights);
    weights.filter(|(_, weight)| *weight > 0.0).map(|(name, _)| name).collect()
}

/// Whether clients are kept on a side by a cookie.
pub(super) fn is_sticky(rules: &[Rule]) -> bool {
    rules
        .iter()
        .flat_map(forwards)
        .filter_map(|action| action.forward_config()?.target_group_stickiness_config())
        .any(|sticky| sticky.enabled() == Some(true))
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticloadbalancingv2::types::{ActionTypeEnum, ForwardActionConfig};

    use super::*;

    fn rule(weights: &[(&str, i32)]) -> Rule {
        let mut config = ForwardActionConfig::builder();
        for (name, weight) in weights {
            let arn = format!("arn:aws:elasticloadbalancing:r:1:targetgroup/{name}/ab");
            let tuple = TargetGroupTuple::builder().target_group_arn(arn).weight(*weight).build();
            config = config.target_groups(tuple);
        }
        let action = Action::builder().r#type(ActionTypeEnum::Forward);
        Rule::builder().actions(action.forward_config(config.build()).build()).build()
    }

    fn green(rules: &[Rule]) -> ListenerSplit {
        listener_split(rules, (Some("a"), Some("b")))
    }

    #[test]
    fn weights_are_shares_of_their_sum() {
        assert_eq!(green(&[rule(&[("a", 90), ("b", 10)])]), ListenerSplit::Split(split(10.0)));
        assert_eq!(green(&[rule(&[("a", 3), ("b", 1)])]), ListenerSplit::Split(split(25.0)));
        assert_eq!(green(&[rule(&[("b", 100), ("a", 0)])]), ListenerSplit::Split(split(100.0)));
        assert_eq!(green(&[rule(&[("a", 1)])]), ListenerSplit::Split(split(0.0)));
    }

    #[test]
    fn rules_that_disagree_or_lead_elsewhere_are_said_so() {
        let other = rule(&[("x", 1)]);
        assert_eq!(green(std::slice::from_ref(&other)), ListenerSplit::Elsewhere);
        let mixed = [rule(&[("a", 90), ("b", 10)]), other, rule(&[("a", 1)])];
        assert_eq!(green(&mixed), ListenerSplit::Mixed(vec![split(10.0), split(0.0)]));
        assert_eq!(green(&[rule(&[("a", 0), ("b", 0)])]), ListenerSplit::Elsewhere);
    }
}
