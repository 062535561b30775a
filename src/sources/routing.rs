//! How traffic is shifted: at once, by a first share, or in equal shares.

use jiff::{SignedDuration, Timestamp};

use crate::domain::{Due, Next, NextStep};

use super::forward::split;

/// Shares that differ by less are the same.
pub(super) const SAME: f64 = 0.05;
/// An increment that is this late is late: nothing is extrapolated any more.
const LATE: SignedDuration = SignedDuration::from_secs(90);
/// More steps than any configuration can have.
const STEPS: usize = 100;

/// How the traffic is shifted, from the deployment configuration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Routing {
    /// Everything at once.
    AllAtOnce,
    /// A first share, then after a while the rest.
    Canary {
        /// The first share in percent.
        percent: f64,
        /// How long it is held.
        every: SignedDuration,
    },
    /// Equal shares, one after the other.
    Linear {
        /// Each share in percent.
        percent: f64,
        /// How long each is held.
        every: SignedDuration,
    },
}

/// The shares that green gets, each with the time since the first one.
pub(super) fn steps(routing: Routing) -> Vec<(SignedDuration, f64)> {
    match routing {
        Routing::AllAtOnce => vec![(SignedDuration::ZERO, 100.0)],
        Routing::Canary { percent, every } => {
            vec![(SignedDuration::ZERO, percent.clamp(0.0, 100.0)), (every, 100.0)]
        }
        Routing::Linear { percent, every } => {
            let mut steps = Vec::new();
            let (mut at, mut share) = (SignedDuration::ZERO, percent);
            while steps.len() < STEPS {
                steps.push((at, share.min(100.0)));
                if share >= 100.0 {
                    break;
                }
                at = at.saturating_add(every);
                share += percent;
            }
            steps
        }
    }
}

/// The first step that gives green more than `share`.
pub(super) fn after(routing: Routing, share: f64) -> Option<(SignedDuration, f64)> {
    steps(routing).into_iter().find(|(_, percent)| *percent > share + SAME)
}

/// The next increment as an estimate; nothing when it is overdue.
pub(super) fn increment(percent: f64, at: Timestamp, now: Timestamp) -> Option<Next> {
    let late = now.duration_since(at) > LATE;
    (!late).then(|| Next { step: NextStep::Shift(split(percent)), due: Due::estimate(at) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(routing: Routing) -> Vec<(i64, f64)> {
        steps(routing).into_iter().map(|(at, share)| (at.as_secs() / 60, share)).collect()
    }

    #[test]
    fn the_increments_follow_the_configuration() {
        let every = SignedDuration::from_mins(5);
        assert_eq!(shares(Routing::AllAtOnce), [(0, 100.0)]);
        assert_eq!(shares(Routing::Canary { percent: 10.0, every }), [(0, 10.0), (5, 100.0)]);
        assert_eq!(
            shares(Routing::Linear { percent: 30.0, every }),
            [(0, 30.0), (5, 60.0), (10, 90.0), (15, 100.0)]
        );
        assert_eq!(steps(Routing::Linear { percent: 0.01, every }).len(), STEPS);
    }
}
