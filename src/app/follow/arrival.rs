//! When the traffic is where an order wanted it: as seen, never as a status tells.

use jiff::Timestamp;

use crate::app::{SeenBy, Track};
use crate::domain::{Action, Call, ListenerSplit, Metrics, Rollout, ShareOf, Side, Split, Weight};

/// From this share of the requests on, the traffic counts as being on one side.
const RESTORED: f64 = 99.0;

/// Shares that differ by less, in points, are the same: weights are whole numbers.
pub(super) const SAME: f64 = 0.5;

/// What shows that all traffic is on `goal`: the listener as it was read after the order, or the
/// requests of minutes that began after it. Never a status.
pub(super) fn arrived(
    rollout: &Rollout,
    metrics: Option<&Metrics>,
    goal: Side,
    since: Timestamp,
) -> Option<SeenBy> {
    let traffic = &rollout.traffic;
    let (read, by) = match traffic.of {
        ShareOf::Requests => (traffic.listener.at(), SeenBy::Listener),
        ShareOf::Tasks => (traffic.planned.at(), SeenBy::Tasks),
        ShareOf::Instances => (traffic.planned.at(), SeenBy::Instances),
        ShareOf::Answers => (traffic.listener.at(), SeenBy::Answers),
    };
    if read.is_some_and(|at| at >= since) && is_on(rollout, goal) {
        return Some(by);
    }
    let share = measured_since(metrics?, since)?;
    (on(share, goal).get() >= RESTORED).then_some(SeenBy::Requests)
}

/// Whether everything is on `side`, as it was just read: every rule of the listener sends it there,
/// or, where there are no weights, every running task is of that side.
pub(in crate::app) fn is_on(rollout: &Rollout, side: Side) -> bool {
    let traffic = &rollout.traffic;
    match traffic.of {
        ShareOf::Requests | ShareOf::Answers => {
            traffic.listener.fresh().is_some_and(|held| holds(held, side))
        }
        ShareOf::Tasks | ShareOf::Instances => {
            let split = traffic.planned.fresh();
            split.is_some_and(|split| on(*split, side).is_near(Weight::ALL, 0.05))
        }
    }
}

/// What shows that the weights are what an order wanted, as they were read after it.
pub(super) fn set(rollout: &Rollout, goal: Split, since: Timestamp) -> Option<SeenBy> {
    let traffic = &rollout.traffic;
    let by = match traffic.of {
        ShareOf::Requests => SeenBy::Listener,
        ShareOf::Tasks => SeenBy::Tasks,
        ShareOf::Instances => SeenBy::Instances,
        ShareOf::Answers => SeenBy::Answers,
    };
    let read = traffic.listener.at().is_some_and(|at| at >= since);
    let held = matches!(
        traffic.listener.fresh(),
        Some(ListenerSplit::Split(split)) if split.green.is_near(goal.green, SAME)
    );
    (read && held).then_some(by)
}

fn holds(held: &ListenerSplit, side: Side) -> bool {
    let all = |split: &Split| on(*split, side).is_near(Weight::ALL, 0.05);
    match held {
        ListenerSplit::Split(split) => all(split),
        ListenerSplit::Mixed(splits) => !splits.is_empty() && splits.iter().all(all),
        ListenerSplit::Elsewhere => false,
    }
}

fn on(split: Split, side: Side) -> Weight {
    match side {
        Side::Blue => split.blue(),
        Side::Green => split.green,
    }
}

/// The split of the requests over the settled minutes that began at `since` or later.
fn measured_since(metrics: &Metrics, since: Timestamp) -> Option<Split> {
    let (mut green, mut all) = (0.0, 0.0);
    for minute in (0..metrics.minutes()).filter(|minute| metrics.minute(*minute) >= since) {
        let count = |side: Side| metrics.side(side).requests.get(minute).copied()?.count();
        let (Some(b), Some(g)) = (count(Side::Blue), count(Side::Green)) else { continue };
        green += g;
        all += b + g;
    }
    Weight::ratio(green, all).map(|green| Split { green })
}

/// Whether the gate that waits now is another one than the order was about: what lay between the two was
/// over before anybody looked.
pub(super) fn waits_anew(track: &Track, rollout: &Rollout) -> bool {
    let since = |call: &Call| {
        let param = call.params.iter().find(|(name, _)| name == "pausedSince");
        param.map(|(_, since)| since.clone())
    };
    let now = rollout.offer(Action::Continue).ok().and_then(|(_, call)| since(&call));
    since(&track.order.call).zip(now).is_some_and(|(ordered, now)| ordered != now)
}
