//! The split, as CodeDeploy was asked for it and as the listener holds it.

use aws_sdk_elasticloadbalancingv2::types::{Action, Rule, TargetGroupTuple};

use crate::domain::{Fact, ListenerSplit, Phase, Split, Traffic, Weight};

use super::super::raw::Raw;
use super::schedule::split;
use super::sides::{Sides, lacking};

/// Weights that differ by less are the same: 0.1 % is rounded onto whole weights.
const SAME: f64 = 0.2;

/// Everything known about the split.
pub(crate) fn traffic(raw: &Raw, sides: &Sides, phase: &Phase) -> Traffic {
    let listener = match (sides.blue.group.as_deref(), sides.green.group.as_deref()) {
        // Weights of groups of which nobody knows the side say nothing.
        (None, None) if raw.listener.value().is_some() => lacking(raw),
        groups => raw.listener.map(|listener| listener_split(&listener.rules, groups)),
    };
    let sticky = raw.listener.value().is_some_and(|listener| is_sticky(&listener.rules));
    Traffic { planned: planned(raw, sides, phase), listener, sticky }
}

/// The split CodeDeploy was asked for.
///
/// A weight that is missing from the answer looks like 0, so that one 0 alone proves nothing.
/// Before the shift the phase says it.
fn planned(raw: &Raw, sides: &Sides, phase: &Phase) -> Fact<Split> {
    let by_weight = green_share(sides.blue.weight(), sides.green.weight());
    let split = by_weight.map(split).or(match phase {
        Phase::Queued | Phase::Preparing => Some(Split::ALL_BLUE),
        _ => None,
    });
    let Some(deployment) = raw.deployment() else { return Fact::Unasked };
    match (split, deployment.target.fault()) {
        (Some(split), _) if deployment.target.at().is_some() => deployment.target.map(|_| split),
        (Some(split), _) => raw.control.map(|_| split),
        (None, Some(fault)) => Fact::Unknown { fault: fault.clone() },
        (None, None) => Fact::Unasked,
    }
}

/// Green's share in percent by both weights, which make up the whole; where they do not, the one
/// that was really said decides.
fn green_share(blue: Option<f64>, green: Option<f64>) -> Option<f64> {
    let said = |weight: Option<f64>| weight.filter(|weight| *weight > 0.0 && *weight <= 100.0);
    match (said(blue), said(green)) {
        (Some(blue), Some(green)) => Some(100.0 * green / (blue + green)),
        (Some(blue), None) => Some(100.0 - blue),
        (None, green) => green,
    }
}

/// The forward actions of a rule.
fn forwards(rule: &Rule) -> impl Iterator<Item = &Action> {
    rule.actions().iter().filter(|action| {
        action.r#type().map(aws_sdk_elasticloadbalancingv2::types::ActionTypeEnum::as_str)
            == Some("forward")
    })
}

/// The groups an action forwards to, with their weights; one group alone has everything.
fn weights(action: &Action) -> Vec<(String, f64)> {
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
fn group_name(arn: &str) -> &str {
    arn.split('/').nth(1).unwrap_or(arn)
}

/// What the rules that forward to either group say.
fn listener_split(rules: &[Rule], (blue, green): (Option<&str>, Option<&str>)) -> ListenerSplit {
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

fn is_sticky(rules: &[Rule]) -> bool {
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
    fn a_weight_that_is_not_said_is_no_zero() {
        for (blue, green, share) in [
            (90.0, 10.0, Some(10.0)),
            (90.0, 0.0, Some(10.0)),
            (0.0, 10.0, Some(10.0)),
            (100.0, 0.0, Some(0.0)),
            (0.0, 0.0, None),
            (f64::NAN, -1.0, None),
        ] {
            assert_eq!(green_share(Some(blue), Some(green)), share, "{blue} {green}");
        }
        assert_eq!(green_share(None, Some(100.0)), Some(100.0));
        assert_eq!(green_share(None, None), None);
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
