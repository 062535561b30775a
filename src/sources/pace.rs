//! How fast the world changes, and when something is asked for next.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::time::later;
use crate::domain::{Phase, Reading, Source};

/// A source is as fresh as its freshest part, and fails when any part does.
pub(crate) fn merge(readings: &mut BTreeMap<Source, Reading>, source: Source, part: Reading) {
    let Some(known) = readings.get_mut(&source) else {
        readings.insert(source, part);
        return;
    };
    known.at = known.at.max(part.at);
    known.fault = known.fault.take().or(part.fault);
    known.next = match (known.next, part.next) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    known.period_seconds = known.period_seconds.min(part.period_seconds);
}

/// How fast the world changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// As always.
    Usual,
    /// Traffic moves.
    Shifting,
    /// A person or a timer is waited for.
    Waiting,
    /// An order was just given.
    Hurry,
    /// Nothing runs.
    Over,
}

impl Pace {
    /// The pace in a phase.
    pub(crate) fn of(phase: Option<&Phase>) -> Self {
        match phase {
            Some(Phase::Shifting) => Pace::Shifting,
            Some(Phase::AwaitingApproval | Phase::Baking) => Pace::Waiting,
            Some(phase) if phase.is_over() => Pace::Over,
            Some(_) | None => Pace::Usual,
        }
    }
}

/// How often something is asked for, in seconds.
pub(crate) struct Rhythm {
    /// While a rollout goes on; half as often while it waits.
    pub(crate) usual: f64,
    /// After an order.
    pub(crate) hurry: f64,
    /// While nothing runs.
    pub(crate) over: f64,
}

impl Rhythm {
    /// The period at a pace.
    pub(crate) fn at(self, pace: Pace) -> f64 {
        match pace {
            Pace::Usual | Pace::Shifting => self.usual,
            Pace::Waiting => 2.0 * self.usual,
            Pace::Hurry => self.hurry,
            Pace::Over => self.over,
        }
    }
}

/// When a part is asked for next.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot {
    /// When.
    pub(crate) due: Timestamp,
    /// It is being asked for.
    pub(crate) busy: bool,
    /// How often it was asked for.
    count: u32,
}

impl Slot {
    /// Due at once.
    pub(crate) fn due(now: Timestamp) -> Self {
        Self { due: now, busy: false, count: 0 }
    }

    /// The answer came: it is asked for again after about `period`.
    pub(crate) fn answered(&mut self, now: Timestamp, period: SignedDuration, seed: u64) {
        self.busy = false;
        self.count = self.count.wrapping_add(1);
        let seconds = period.as_secs_f64() * jitter(seed, self.count);
        self.due = later(now, SignedDuration::try_from_secs_f64(seconds).unwrap_or(period));
    }
}

/// A factor between 0.8 and 1.2, so that programs that started together do not ask together.
fn jitter(seed: u64, count: u32) -> f64 {
    // The finaliser of SplitMix64: neighbouring numbers come out unrelated.
    let mut x = seed ^ u64::from(count).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    0.8 + 0.4 * ((x ^ (x >> 31)) as f64 / u64::MAX as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_programs_ask_in_step() {
        let factors: Vec<f64> = (0..100).map(|count| jitter(7, count)).collect();
        assert!(factors.iter().all(|factor| (0.8..=1.2).contains(factor)));
        assert!(factors.iter().any(|f| *f < 0.9) && factors.iter().any(|f| *f > 1.1));
        assert!((jitter(7, 1) - jitter(8, 1)).abs() > 1e-6);
    }
}
