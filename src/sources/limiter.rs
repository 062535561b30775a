//! How fast each service of one account and Region is asked: never faster than its cap, and after it
//! has throttled at half the rate, which comes back by a tenth each clean minute.
//!
//! Quotas belong to the account, so several people, consoles and pipelines draw from one bucket;
//! going on at full speed would take it from all of them. Only polling goes through here, never an
//! order or the reading that goes with it; and what shows the effect of an order is let through and
//! only counted.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::domain::Source;

use super::time::later;

/// The slowest: a tenth of the usual rate.
const LEAST: f64 = 0.1;
/// What comes back each clean minute.
const PER_MINUTE: f64 = 0.1;
/// Refusals this close together are one: calls go out side by side.
const ONE_STORM: SignedDuration = SignedDuration::from_secs(3);
/// How many seconds of the cap may be used at once: a start asks everything side by side, and so
/// does a person who wants to know now.
const BURST: f64 = 30.0;

/// The most questions a second to a service: a tenth of what AWS documents for the account, or what
/// is known not to disturb.
fn cap(service: Source) -> f64 {
    match service {
        Source::CodeDeploy
        | Source::Ecs
        | Source::Kubernetes
        | Source::BlueCluster
        | Source::GreenCluster
        | Source::Prometheus => 2.0,
        Source::Lambda => 1.5,
        Source::LoadBalancer | Source::Metrics | Source::Sts => 1.0,
        Source::Alarms => 0.9,
        // Route 53: five a second for the whole account, in all Regions together.
        // Of the last two nothing is documented; people were throttled who asked every few seconds.
        Source::Route53 | Source::CodePipeline | Source::Beanstalk => 0.5,
    }
}

/// The rates of all services of one account and Region, shared by everybody who polls there.
#[derive(Debug, Default)]
pub(super) struct Limiter(Mutex<BTreeMap<Source, Service>>);

/// One service.
#[derive(Debug, Clone, Copy)]
struct Service {
    /// Since when it is asked at this share of the usual rate.
    slow: Option<Slow>,
    /// How many questions may go out at once.
    tokens: f64,
    /// When that was.
    counted: Timestamp,
}

#[derive(Debug, Clone, Copy)]
struct Slow {
    rate: f64,
    since: Timestamp,
}

impl Limiter {
    fn with<T>(&self, service: Source, now: Timestamp, act: impl FnOnce(&mut Service) -> T) -> T {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let full = Service { slow: None, tokens: BURST * cap(service), counted: now };
        act(all.entry(service).or_insert(full))
    }

    /// A service has throttled.
    pub(super) fn throttled(&self, service: Source, now: Timestamp) {
        self.with(service, now, |known| {
            let is_new = known.slow.is_none_or(|slow| now.duration_since(slow.since) > ONE_STORM);
            if is_new {
                let rate = (known.rate(now) / 2.0).max(LEAST);
                known.slow = Some(Slow { rate, since: now });
            }
        });
    }

    /// How long to wait between two questions to a service.
    pub(super) fn period(
        &self,
        service: Source,
        usual: SignedDuration,
        now: Timestamp,
    ) -> SignedDuration {
        let rate = self.with(service, now, |known| known.rate(now));
        SignedDuration::try_from_secs_f64(usual.as_secs_f64() / rate).unwrap_or(usual)
    }

    /// Counts a question that goes out now, unless the service is asked at its cap already: then
    /// the moment at which it may go out. What is `reserved` goes out in any case.
    pub(super) fn admit(
        &self,
        service: Source,
        now: Timestamp,
        reserved: bool,
    ) -> Result<(), Timestamp> {
        self.with(service, now, |known| {
            let refill = cap(service) * known.rate(now);
            let passed = now.duration_since(known.counted).as_secs_f64().max(0.0);
            known.tokens = (known.tokens + passed * refill).min(BURST * cap(service));
            known.counted = now;
            if known.tokens >= 1.0 || reserved {
                known.tokens = (known.tokens - 1.0).max(0.0);
                return Ok(());
            }
            let wait = SignedDuration::try_from_secs_f64((1.0 - known.tokens) / refill);
            Err(later(now, wait.unwrap_or(ONE_STORM)))
        })
    }
}

impl Service {
    /// The share of the usual rate, 0.1 to 1.
    fn rate(&self, now: Timestamp) -> f64 {
        self.slow.map_or(1.0, |slow| {
            let minutes = now.duration_since(slow.since).as_secs_f64() / 60.0;
            (slow.rate + PER_MINUTE * minutes).clamp(LEAST, 1.0)
        })
    }
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

    #[test]
    fn a_service_is_never_asked_faster_than_its_cap_however_often_somebody_wants_to_know() {
        let limiter = Limiter::default();
        let asked = |from: i64, to: i64| {
            let moments =
                (from * 10..to * 10).map(|tenth| at(0) + SignedDuration::from_millis(tenth * 100));
            moments.filter(|now| limiter.admit(Source::Sts, *now, false).is_ok()).count()
        };
        assert_eq!(asked(0, 3), 30, "a burst goes out at once");
        let minute = asked(3, 63);
        assert!((59..=64).contains(&minute), "{minute} in a minute");
        limiter.throttled(Source::Sts, at(63));
        let slowed = asked(63, 123);
        assert!((30..=40).contains(&slowed), "{slowed} in a minute after it has throttled");
    }

    #[test]
    fn what_has_to_wait_is_told_until_when_and_what_is_reserved_never_waits() {
        let limiter = Limiter::default();
        while limiter.admit(Source::LoadBalancer, at(0), false).is_ok() {}
        let due = limiter.admit(Source::LoadBalancer, at(0), false).unwrap_err();
        assert!(due > at(0) && due <= at(1), "{due}");
        assert_eq!(limiter.admit(Source::LoadBalancer, at(0), true), Ok(()));
        assert_eq!(
            limiter.admit(Source::LoadBalancer, due + SignedDuration::from_secs(1), false),
            Ok(())
        );
    }
}
