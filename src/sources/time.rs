//! Moments and spans between the SDK's types and ours.

use jiff::{SignedDuration, Timestamp};

/// `span` after `at`, or the end of all time.
pub(super) fn later(at: Timestamp, span: SignedDuration) -> Timestamp {
    at.saturating_add(span).unwrap_or(Timestamp::MAX)
}

/// `span` before `at`, or the beginning of all time.
pub(super) fn earlier(at: Timestamp, span: SignedDuration) -> Timestamp {
    at.saturating_sub(span).unwrap_or(Timestamp::MIN)
}

/// A moment of the SDK; nothing when it is beyond what a timestamp can hold.
pub(super) fn moment(at: Option<&aws_smithy_types::DateTime>) -> Option<Timestamp> {
    let at = at?;
    Timestamp::new(at.secs(), i32::try_from(at.subsec_nanos()).unwrap_or(0)).ok()
}

/// A moment for the SDK.
pub(super) fn sdk_time(at: Timestamp) -> aws_smithy_types::DateTime {
    aws_smithy_types::DateTime::from_secs(at.as_second())
}
