//! Virtual time in whole milliseconds, saturating: bad input never panics.

use jiff::{SignedDuration, Timestamp};

/// Milliseconds in a minute, the period of every metric.
const MINUTE: i64 = 60_000;

/// `span` after `at`.
pub(crate) fn after(at: Timestamp, span: SignedDuration) -> Timestamp {
    let span = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    at_millisecond(at.as_millisecond().saturating_add(span))
}

/// `span` before `at`.
pub(crate) fn before(at: Timestamp, span: SignedDuration) -> Timestamp {
    let span = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    at_millisecond(at.as_millisecond().saturating_sub(span))
}

/// Seconds from `earlier` to `later`, negative when they are the other way round.
pub(crate) fn seconds_between(earlier: Timestamp, later: Timestamp) -> f64 {
    later.as_millisecond().saturating_sub(earlier.as_millisecond()) as f64 / 1000.0
}

/// The start of the minute that holds `at`.
pub(crate) fn minute_start(at: Timestamp) -> Timestamp {
    at_millisecond(at.as_millisecond().div_euclid(MINUTE) * MINUTE)
}

/// The start of the minute after the one that holds `at`.
pub(crate) fn next_minute(at: Timestamp) -> Timestamp {
    after(minute_start(at), SignedDuration::from_mins(1))
}

/// The start of the last span of so many seconds that is over at `at`.
pub(crate) fn last_span(at: Timestamp, seconds: i64) -> Timestamp {
    let span = seconds.max(1).saturating_mul(1000);
    at_millisecond((at.as_millisecond().div_euclid(span) - 1).saturating_mul(span))
}

/// The number of the minute that holds `at`, counted from the epoch.
pub(crate) fn minute_number(at: Timestamp) -> u64 {
    at.as_millisecond().div_euclid(MINUTE).max(0) as u64
}

/// A number of seconds as a span.
pub(crate) fn seconds(number: f64) -> SignedDuration {
    SignedDuration::from_millis((number * 1000.0).round() as i64)
}

fn at_millisecond(millisecond: i64) -> Timestamp {
    let (least, most) = (Timestamp::MIN.as_millisecond(), Timestamp::MAX.as_millisecond());
    Timestamp::from_millisecond(millisecond.clamp(least, most)).unwrap_or(Timestamp::UNIX_EPOCH)
}
