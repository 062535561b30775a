//! From when to when, in whole minutes, and which of them may still change.

use jiff::{SignedDuration, Timestamp};

use crate::sources::time::earlier;
use crate::stats::Settle;

/// Minutes before the rollout: the history of blue that the verdict learns from.
pub(super) const HISTORY: i64 = 120;
/// The most minutes that are asked for: a day and a half of baking.
const MOST: i64 = 2160;

/// Minutes are counted from the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// The first minute.
    pub(super) start: i64,
    /// The one after the last: the minute that runs is not among them.
    pub(super) end: i64,
    /// Earlier minutes do not change any more.
    pub(super) settled: i64,
    /// When the rollout began.
    pub(super) began: Option<Timestamp>,
}

impl Span {
    /// The minutes of a rollout that began at `began` with blue's history before it, or at least
    /// the last `window` minutes. What is younger than `settle` may still change.
    pub(crate) fn of_rollout(
        began: Option<Timestamp>,
        window: u32,
        settle: Settle,
        now: Timestamp,
    ) -> Self {
        let end = minute(now);
        let history = began.map_or(end, |at| minute(at).min(end)) - HISTORY;
        let start = history.min(end - i64::from(window)).max(end - MOST);
        let settled = minute(earlier(now, SignedDuration::from_secs(settle.get().into())));
        Self { start, end, settled, began }
    }

    /// How many minutes there are.
    pub(super) fn minutes(self) -> usize {
        usize::try_from(self.end - self.start).unwrap_or(0)
    }

    /// The minutes before the rollout that blue's history is taken from; nothing before all of
    /// them are settled, so that what is learnt from them is always the same.
    pub(super) fn history(self) -> Option<std::ops::Range<i64>> {
        let end = minute(self.began?);
        (end <= self.settled).then_some(end - HISTORY..end)
    }
}

/// The minute that a moment is in.
pub(super) fn minute(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60)
}

/// When a minute begins.
pub(super) fn moment(minute: i64) -> Timestamp {
    Timestamp::from_second(minute.saturating_mul(60)).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_760_000_430;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_running_minute_is_left_out_and_young_ones_are_not_settled() {
        let span = Span::of_rollout(None, 5, Settle::THREE_MINUTES, at(NOW));
        assert_eq!((span.end, span.settled), (NOW / 60, (NOW - 180) / 60));
        assert_eq!(span.end - span.start, HISTORY);
        assert_eq!(span.history(), None);
    }

    #[test]
    fn the_history_stays_where_it_is_while_the_rollout_goes_on() {
        let began = NOW - 45;
        let of = |now| Span::of_rollout(Some(at(began)), 30, Settle::THREE_MINUTES, at(now));
        assert_eq!(of(NOW).history(), None, "its last minutes may still change");
        for later in [300, 3600, 3659] {
            let span = of(NOW + later);
            assert_eq!(span.start, began / 60 - HISTORY);
            assert_eq!(span.history(), Some(span.start..began / 60));
        }
        let long = of(NOW + 100 * 3600);
        assert_eq!(long.end - long.start, MOST);
    }
}
