//! How much slower a service is asked after it has throttled: the rate is halved at once and comes
//! back by a tenth each clean minute.
//!
//! Quotas belong to the account, so several people, consoles and pipelines draw from one bucket;
//! going on at full speed would take it from all of them. Only polling goes through here, never an
//! order or the reading that goes with it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::domain::Source;

/// The slowest: a tenth of the usual rate.
const LEAST: f64 = 0.1;
/// What comes back each clean minute.
const PER_MINUTE: f64 = 0.1;
/// Refusals this close together are one: calls go out side by side.
const ONE_STORM: SignedDuration = SignedDuration::from_secs(3);

/// The rates of all services of one account and Region, shared by everybody who polls there.
#[derive(Debug, Default)]
pub(super) struct Limiter(Mutex<BTreeMap<Source, Slow>>);

/// Since when a service is asked at this share of the usual rate.
#[derive(Debug, Clone, Copy)]
struct Slow {
    rate: f64,
    since: Timestamp,
}

impl Limiter {
    /// A service has throttled.
    pub(super) fn throttled(&self, service: Source, now: Timestamp) {
        let mut slow = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = slow.get(&service);
        if known.is_none_or(|slow| now.duration_since(slow.since) > ONE_STORM) {
            let rate = (rate(known, now) / 2.0).max(LEAST);
            slow.insert(service, Slow { rate, since: now });
        }
    }

    /// How long to wait between two questions to a service.
    pub(super) fn period(
        &self,
        service: Source,
        usual: SignedDuration,
        now: Timestamp,
    ) -> SignedDuration {
        let slow = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let slower = usual.as_secs_f64() / rate(slow.get(&service), now);
        SignedDuration::try_from_secs_f64(slower).unwrap_or(usual)
    }
}

/// The share of the usual rate, 0.1 to 1.
fn rate(slow: Option<&Slow>, now: Timestamp) -> f64 {
    slow.map_or(1.0, |slow| {
        let minutes = now.duration_since(slow.since).as_secs_f64() / 60.0;
        (slow.rate + PER_MINUTE * minutes).clamp(LEAST, 1.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: SignedDuration = SignedDuration::from_secs(10);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_storm_halves_the_rate_once_and_clean_minutes_bring_it_back() {
        let limiter = Limiter::default();
        for second in [0, 0, 1, 2] {
            limiter.throttled(Source::Ecs, at(second));
        }
        let seconds = |now| limiter.period(Source::Ecs, USUAL, at(now)).as_secs();
        assert_eq!([seconds(0), seconds(60), seconds(300), seconds(900)], [20, 16, 10, 10]);
    }

    #[test]
    fn only_the_service_that_throttles_is_slowed_and_never_for_good() {
        let limiter = Limiter::default();
        for second in 0..100 {
            limiter.throttled(Source::Ecs, at(second * 5));
        }
        assert_eq!(limiter.period(Source::Ecs, USUAL, at(495)).as_secs(), 100);
        assert_eq!(limiter.period(Source::CodeDeploy, USUAL, at(495)), USUAL);
    }
}
