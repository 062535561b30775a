//! The split, as CodeDeploy was asked for it and as the listener holds it.

use crate::domain::{Fact, Phase, Split, Traffic};
use crate::sources::forward::{is_sticky, listener_split, split};

use super::super::raw::Raw;
use super::sides::{Sides, lacking};

/// Everything known about the split.
pub(crate) fn traffic(raw: &Raw, sides: &Sides, phase: &Phase) -> Traffic {
    let listener = match (sides.blue.group.as_deref(), sides.green.group.as_deref()) {
        // Weights of groups of which nobody knows the side say nothing.
        (None, None) if raw.around.listener.value().is_some() => lacking(raw),
        groups => raw.around.listener.map(|rules| listener_split(rules, groups)),
    };
    let sticky = raw.around.listener.value().is_some_and(|rules| is_sticky(rules));
    Traffic { planned: planned(raw, sides, phase), listener, sticky, ..Traffic::default() }
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
