//! What time it is: the only reader of the clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// However fast a simulated clock runs, nothing is asked or drawn anew by itself sooner than this
/// in real time.
const SOONEST: Duration = Duration::from_millis(250);

/// The variable by which a simulator hands over its time.
const VARIABLE: &str = "CUTOVER_CLOCK";

/// AWS time; clones are the same clock.
#[derive(Debug, Clone)]
pub struct Clock(Kind);

#[derive(Debug, Clone)]
enum Kind {
    /// This machine's clock, put right by what AWS says the time is.
    Real {
        /// Milliseconds that AWS is ahead.
        ahead: Arc<AtomicI64>,
    },
    /// A simulator's clock. Follows the runtime's time, so that paused tests control it.
    Simulated { start: Timestamp, since: Instant, speed: f64 },
}

/// A text that is no clock of a simulator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{VARIABLE} is `{0}`, not three numbers with commas between them\n\n\
     hint: copy the line that `cutover sim` prints, or unset {VARIABLE} to use the real time"
)]
pub struct NoClock(String);

impl Clock {
    /// This machine's clock.
    pub fn real() -> Self {
        Self(Kind::Real { ahead: Arc::default() })
    }

    /// A clock that shows `start` now and runs `speed` times as fast as real time.
    pub fn simulated(start: Timestamp, speed: f64) -> Self {
        Self(Kind::Simulated { start, since: Instant::now(), speed })
    }

    /// The clock that a simulator hands over as `REAL_EPOCH_MS,SIMULATED_EPOCH_MS,SPEED`: at the
    /// first moment its clock showed the second one and ran at that speed.
    pub fn handed_over(text: &str) -> Result<Self, NoClock> {
        Self::read(text, Timestamp::now()).ok_or_else(|| NoClock(text.to_owned()))
    }

    fn read(text: &str, now: Timestamp) -> Option<Self> {
        let mut parts = text.split(',').map(str::trim);
        let real: i64 = parts.next()?.parse().ok()?;
        let simulated: i64 = parts.next()?.parse().ok()?;
        let speed: f64 = parts.next()?.parse().ok()?;
        let usable = parts.next().is_none() && speed.is_finite() && speed >= 0.0;
        let passed = now.as_millisecond().checked_sub(real)? as f64 * speed;
        let start = simulated.saturating_add(passed as i64);
        usable.then_some(Self::simulated(Timestamp::from_millisecond(start).ok()?, speed))
    }

    /// The moment.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Kind::Real { ahead } => {
                later(Timestamp::now(), SignedDuration::from_millis(ahead.load(Ordering::Relaxed)))
            }
            Kind::Simulated { start, since, speed } => {
                let passed = since.elapsed().as_secs_f64() * speed;
                later(*start, SignedDuration::from_millis((passed * 1000.0) as i64))
            }
        }
    }

    /// AWS said that it is `aws` there just now. A simulated clock already is the simulator's.
    pub fn correct(&self, aws: Timestamp) {
        if let Kind::Real { ahead } = &self.0 {
            let now = Timestamp::now();
            ahead.store(aws.duration_since(now).as_millis() as i64, Ordering::Relaxed);
        }
    }

    /// How long to sleep until `at`, in real time; nothing when it never comes.
    pub fn until(&self, at: Timestamp) -> Option<Duration> {
        self.real_time(at.duration_since(self.now()))
    }

    /// How long this much AWS time lasts in real time; nothing when the clock stands still.
    pub fn real_time(&self, span: SignedDuration) -> Option<Duration> {
        let span = Duration::try_from(span).unwrap_or_default();
        match &self.0 {
            Kind::Real { .. } => Some(span),
            Kind::Simulated { speed, .. } if *speed > 1.0 => {
                Some(span.div_f64(*speed).max(SOONEST))
            }
            Kind::Simulated { speed, .. } => {
                Duration::try_from_secs_f64(span.as_secs_f64() / speed).ok()
            }
        }
    }
}

/// `span` after `at`, or the end of all time.
fn later(at: Timestamp, span: SignedDuration) -> Timestamp {
    at.saturating_add(span).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Timestamp {
        Timestamp::from_second(1_760_000_000).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_simulated_clock_multiplies_real_time() {
        let clock = Clock::simulated(start(), 20.0);
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!(clock.now(), later(start(), SignedDuration::from_secs(60)));
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_is_divided_by_the_speed_down_to_a_quarter_second() {
        let at = |seconds| later(start(), SignedDuration::from_secs(seconds));
        let clock = Clock::simulated(start(), 20.0);
        assert_eq!(clock.until(at(60)), Some(Duration::from_secs(3)));
        assert_eq!(clock.until(at(1)), Some(SOONEST));
        assert_eq!(clock.until(at(-9)), Some(SOONEST));
        let slow = Clock::simulated(start(), 0.5);
        assert_eq!(slow.until(at(1)), Some(Duration::from_secs(2)));
        assert_eq!(slow.until(at(-9)), Some(Duration::ZERO));
        assert_eq!(Clock::simulated(start(), 0.0).until(at(1)), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_is_handed_over_with_the_time_that_has_passed_since() {
        let now = Timestamp::from_millisecond(10_500).unwrap();
        let clock = Clock::read("10000,1760000000000,20", now).unwrap();
        assert_eq!(clock.now(), later(start(), SignedDuration::from_secs(10)));
    }

    #[test]
    fn a_text_that_is_no_clock_says_what_to_do() {
        for text in ["", "1,2", "1,2,3,4", "a,2,3", "1,2,-3", "1,2,inf", "0,9223372036854775807,1"] {
            let error = Clock::handed_over(text).unwrap_err().to_string();
            assert!(error.contains("hint: copy the line"), "{text}: {error}");
        }
    }

    #[test]
    fn the_real_clock_follows_aws() {
        let clock = Clock::real();
        clock.correct(later(Timestamp::now(), SignedDuration::from_mins(10)));
        assert!(clock.now().duration_since(Timestamp::now()) > SignedDuration::from_mins(9));
    }
}
