//! Where the traffic really is: asked for, held, measured, and whether the three agree.

use jiff::{SignedDuration, Timestamp};

use crate::domain::{
    ListenerSplit, MeasuredShare, Rollout, SHARE_MINUTES, ShareOf, Split, StageKind, Weight,
};

use super::super::{Cockpit, State};

/// Shares of listener and control plane that are nearer than this are the same, in points.
const SAME: f64 = 0.5;

/// How long the listener may differ from what was asked for.
const SETTLING: SignedDuration = SignedDuration::from_secs(90);

/// How long the measured share lags behind a shift: the minutes it is taken over, as many until a
/// minute's numbers are settled, and those in which the shift and the next question fall.
const LAG: SignedDuration = SignedDuration::from_mins(2 * SHARE_MINUTES as i64 + 2);

/// How the three answers stand to each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Agreement {
    /// They say the same, within what chance explains.
    Agree,
    /// A shift is so young that they cannot agree yet.
    StillMoving,
    /// They differ although they had the time to agree.
    NotConverged {
        /// When the split was last changed, if that is known.
        since: Option<Timestamp>,
    },
    /// The requests lag behind the weights because clients stick to their side.
    Sticky,
    /// The requests of the whole step are divided otherwise than planned, beyond chance.
    OffPlan {
        /// Green's shares that fit the plan.
        fitting: (Weight, Weight),
    },
    /// There is nothing to compare.
    Unknown,
}

/// The three answers to where the traffic is.
#[derive(Debug, Clone, PartialEq)]
pub struct TrafficTruth {
    /// What the shares are shares of.
    pub of: ShareOf,
    /// What the control plane was asked for.
    pub planned: Option<Split>,
    /// What the load balancer holds.
    pub listener: Option<ListenerSplit>,
    /// What was measured.
    pub measured: Option<MeasuredShare>,
    /// The split of the test traffic.
    pub test: Option<Split>,
    /// Whether they agree.
    pub agreement: Agreement,
}

/// Where the traffic of the watched rollout is.
pub fn traffic(state: &State) -> TrafficTruth {
    let cockpit = state.cockpit();
    let rollout = cockpit.and_then(|cockpit| cockpit.snapshot.rollout());
    let planned = rollout.and_then(|rollout| rollout.traffic.planned.value()).copied();
    let listener = rollout.and_then(|rollout| rollout.traffic.listener.value()).cloned();
    let measured = cockpit.and_then(|cockpit| cockpit.snapshot.measured_share());
    let agreement = match (cockpit, rollout) {
        (Some(cockpit), Some(rollout)) => {
            let moment = Moment { now: state.now, since: last_shift(rollout, cockpit) };
            let answers = (planned, listener.as_ref(), measured);
            match agreement(&moment, rollout.traffic.sticky, answers) {
                Agreement::Agree => off_plan(cockpit, planned).unwrap_or(Agreement::Agree),
                other => other,
            }
        }
        _ => Agreement::Unknown,
    };
    let read = rollout.map(|rollout| &rollout.traffic);
    TrafficTruth {
        of: read.map(|traffic| traffic.of).unwrap_or_default(),
        planned,
        listener,
        measured,
        test: read.and_then(|traffic| traffic.test),
        agreement,
    }
}

/// What the last minutes are too few to show: all requests under the present plan, taken together,
/// are divided otherwise.
fn off_plan(cockpit: &Cockpit, planned: Option<Split>) -> Option<Agreement> {
    let split = cockpit.verdict.as_ref()?.split.filter(|split| split.mismatch)?;
    let wanted = planned?.green.get() / 100.0;
    // What was found about an earlier plan says nothing about this one.
    if !(split.low..=split.high).contains(&wanted) {
        return None;
    }
    let weight = |share: f64| Weight::percent((100.0 * share).clamp(0.0, 100.0));
    Some(Agreement::OffPlan { fitting: (weight(split.low)?, weight(split.high)?) })
}

/// Now, and when the split was last changed.
struct Moment {
    now: Timestamp,
    since: Option<Timestamp>,
}

impl Moment {
    /// Whether the last shift is younger than `limit`.
    fn is_within(&self, limit: SignedDuration) -> bool {
        self.since.is_some_and(|since| self.now.duration_since(since) < limit)
    }
}

type Answers<'a> = (Option<Split>, Option<&'a ListenerSplit>, Option<MeasuredShare>);

fn agreement(moment: &Moment, sticky: bool, answers: Answers<'_>) -> Agreement {
    let (planned, listener, measured) = answers;
    let apart = |limit| {
        if moment.is_within(limit) {
            Agreement::StillMoving
        } else {
            Agreement::NotConverged { since: moment.since }
        }
    };
    let held = match listener {
        Some(ListenerSplit::Split(split)) => Some(*split),
        Some(ListenerSplit::Mixed(_) | ListenerSplit::Elsewhere) => return apart(SETTLING),
        None => None,
    };
    if let (Some(planned), Some(held)) = (planned, held)
        && !planned.green.is_near(held.green, SAME)
    {
        return apart(SETTLING);
    }
    match (held.or(planned), measured) {
        (Some(wanted), Some(measured)) => {
            let near = tolerance(wanted.green, measured.requests);
            match measured.split.green.is_near(wanted.green, near) {
                true => Agreement::Agree,
                false if moment.is_within(LAG) => Agreement::StillMoving,
                false if sticky => Agreement::Sticky,
                false => Agreement::NotConverged { since: moment.since },
            }
        }
        (Some(_), None) if held.is_some() && planned.is_some() => Agreement::Agree,
        (Some(_) | None, _) => Agreement::Unknown,
    }
}

/// How far a measured share may be off by chance, in points: three standard deviations of a share
/// of `requests`, and one point for the edges of the minutes.
fn tolerance(share: Weight, requests: f64) -> f64 {
    let p = share.get() / 100.0;
    1.0 + 300.0 * (p * (1.0 - p) / requests.max(1.0)).sqrt()
}

/// When the split was last changed: as the stages say, else as it was seen here.
fn last_shift(rollout: &Rollout, cockpit: &Cockpit) -> Option<Timestamp> {
    rollout
        .stages
        .iter()
        .filter(|stage| matches!(stage.kind, StageKind::Shift(_) | StageKind::Restore))
        .filter_map(|stage| stage.started)
        .max()
        .or(cockpit.changed)
}
