//! What is compared: bad requests out of all requests, of each side, minute by minute.

use serde::Serialize;

/// Above this a count is no measurement any more, and `f64` stops counting one by one.
const MOST_REQUESTS: f64 = 1e15;
/// Below this there was no request, whatever an interpolation left over.
const FEWEST_REQUESTS: f64 = 1e-6;

/// Bad requests out of all requests of one side in one bucket. Never empty, never more bad than all.
///
/// Counts may be fractional: those interpolated from a histogram are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Counts {
    bad: f64,
    requests: f64,
}

impl Counts {
    /// `bad` of `requests`; nothing when there was no request or when a number is not one.
    ///
    /// Errors are counted when they end and requests when they start, so `bad` can exceed
    /// `requests` by a few in one minute: it is cut to them.
    pub fn new(bad: f64, requests: f64) -> Option<Self> {
        let measured = (FEWEST_REQUESTS..=MOST_REQUESTS).contains(&requests) && !bad.is_nan();
        measured.then(|| Self { bad: bad.clamp(0.0, requests), requests })
    }

    /// Requests that failed, or that were slower than the edge.
    pub fn bad(self) -> f64 {
        self.bad
    }

    /// All requests.
    pub fn requests(self) -> f64 {
        self.requests
    }

    /// Requests that were not bad.
    pub(super) fn good(self) -> f64 {
        self.requests - self.bad
    }

    /// What `requests` of this rate would bring; `rate` is from 0 to 1.
    pub(super) fn expected(rate: f64, requests: f64) -> Self {
        Self { bad: rate * requests, requests }
    }
}

/// Both sides of one thing in one bucket; a side that is `None` was not measured or had no request.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Sides<T> {
    /// The side that served before the rollout.
    pub blue: Option<T>,
    /// The new revision.
    pub green: Option<T>,
}

impl<T> Sides<T> {
    /// Neither side was measured.
    pub const MISSING: Sides<T> = Sides { blue: None, green: None };

    /// Both, when both are there.
    pub fn both(self) -> Option<(T, T)> {
        self.blue.zip(self.green)
    }
}

/// The counts of one side in one bucket, under the three strictnesses that the three questions use.
///
/// For errors they are the same count. For latency the margin is in time, so that each question
/// counts above an edge of its own: see [`Edge`](super::Edge).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Tally {
    plain: Counts,
    beyond_ignored: f64,
    beyond_accepted: f64,
}

impl Tally {
    /// `errors` of `requests`.
    pub fn errors(errors: f64, requests: f64) -> Option<Self> {
        Self::slower([errors; 3], requests)
    }

    /// Requests slower than the edge, than the edge and what is ignored, and than the edge and what
    /// is accepted: by default above `x`, `1.05 x` and `1.25 x`. Blue's third is not used.
    pub fn slower(than: [f64; 3], requests: f64) -> Option<Self> {
        let [edge, ignored, accepted] = than;
        let plain = Counts::new(edge, requests)?;
        let beyond_ignored = Counts::new(ignored, requests)?.bad();
        let beyond_accepted = Counts::new(accepted, requests)?.bad();
        Some(Self { plain, beyond_ignored, beyond_accepted })
    }

    /// Errors, or requests slower than the edge itself.
    pub fn plain(self) -> Counts {
        self.plain
    }

    /// Errors, or requests slower than the edge and the slowdown that is ignored.
    pub fn beyond_ignored(self) -> Counts {
        Counts { bad: self.beyond_ignored, ..self.plain }
    }

    /// Errors, or requests slower than the edge and the slowdown that is accepted.
    pub fn beyond_accepted(self) -> Counts {
        Counts { bad: self.beyond_accepted, ..self.plain }
    }
}

/// The increment of a counter that only grows, per series and before summing; nothing at first sight.
///
/// A counter that fell was restarted: everything it shows is new.
pub fn counter_delta(previous: Option<f64>, current: Option<f64>) -> Option<f64> {
    let (previous, current) = previous.zip(current)?;
    Some(if current >= previous { current - previous } else { current })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_request_is_no_count_and_more_bad_than_all_is_all() {
        for requests in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e16] {
            assert_eq!(Counts::new(0.0, requests), None, "{requests}");
        }
        assert_eq!(Counts::new(f64::NAN, 10.0), None);
        assert_eq!(Counts::new(12.0, 10.0).map(Counts::bad), Some(10.0));
        assert_eq!(Counts::new(-1.0, 10.0).map(Counts::bad), Some(0.0));
    }
}
