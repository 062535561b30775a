//! The split, as ECS was asked for it and as the listener holds it.

use crate::domain::{Fact, Fault, FaultKind, Phase, ShareOf, Split, Traffic, Weight};
use crate::sources::forward::{is_sticky, listener_split, split};

use super::super::raw::{Control, Raw};
use super::sides::{Sides, counts, lacking};

/// Everything known about the split.
pub(crate) fn traffic(raw: &Raw, control: &Control, sides: &Sides<'_>, phase: &Phase) -> Traffic {
    if control.strategy() == "ROLLING" {
        return capacity(raw, sides);
    }
    let names = (sides.blue.group.as_ref(), sides.green.group.as_ref());
    let names = (names.0.map(|g| g.name.as_str()), names.1.map(|g| g.name.as_str()));
    let listener = match names {
        // Weights of groups of which nobody knows the side say nothing.
        (None, None) => unrouted(raw),
        names => raw.around.listener.map(|rules| listener_split(rules, names)),
    };
    let test = share(sides.blue.test_weight(), sides.green.test_weight());
    Traffic {
        of: ShareOf::Requests,
        planned: planned(raw, green_share(sides), phase),
        listener,
        sticky: raw.around.listener.value().is_some_and(|rules| is_sticky(rules)),
        test: test.map(split),
        lag: None,
        routes: Vec::new(),
    }
}

/// What ECS was asked to give green, in percent.
pub(crate) fn green_share(sides: &Sides<'_>) -> Option<f64> {
    share(sides.blue.weight(), sides.green.weight())
}

/// Green's share by both weights, which make up the whole; a weight that was not said is no zero.
fn share(blue: Option<f64>, green: Option<f64>) -> Option<f64> {
    let valid = |weight: &f64| (0.0..=100.0).contains(weight);
    match (blue.filter(valid), green.filter(valid)) {
        (Some(blue), Some(green)) => Weight::ratio(green, blue + green).map(Weight::get),
        (Some(blue), None) => Some(100.0 - blue),
        (None, green) => green,
    }
}

/// The split that ECS was asked for; before the shift the phase says it.
fn planned(raw: &Raw, share: Option<f64>, phase: &Phase) -> Fact<Split> {
    let early = matches!(phase, Phase::Queued | Phase::Preparing).then_some(Split::ALL_BLUE);
    match share.map(split).or(early) {
        Some(split) => raw.control.map(|_| split),
        None => lacking(raw),
    }
}

/// Why there are no weights to be seen.
fn unrouted<T>(raw: &Raw) -> Fact<T> {
    let Some(service) = raw.service.value() else { return lacking(raw) };
    let text = if service.load_balancers().is_empty() {
        "the service is behind no load balancer"
    } else {
        "no target group is known to be blue's or green's"
    };
    let fault = Fault::new(FaultKind::Absent, "ecs:DescribeServiceRevisions", text);
    Fact::Unknown { fault }
}

/// A rolling update has no weights: both revisions are behind one target group, and each running
/// task takes its turn.
fn capacity(raw: &Raw, sides: &Sides<'_>) -> Traffic {
    let (blue, green) = (counts(raw, &sides.blue), counts(raw, &sides.green));
    let running = (blue.value().map_or(0, |t| t.running), green.value().map_or(0, |t| t.running));
    let all = f64::from(running.0) + f64::from(running.1);
    let green_share = Weight::ratio(f64::from(running.1), all).map(|green| Split { green });
    let text = "a rolling update has no weights";
    let fault = Fault::new(FaultKind::Absent, "ecs:DescribeServices", text);
    Traffic {
        of: ShareOf::Tasks,
        planned: match green_share {
            Some(share) => green.map(|_| share),
            None => lacking(raw),
        },
        listener: Fact::Unknown { fault },
        ..Traffic::default()
    }
}
