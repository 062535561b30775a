//! What time it is: the only reader of the clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use crate::sources::AwsTime;

/// However fast a simulated clock runs, nothing is asked or drawn anew by itself sooner than this
/// in real time.
const SOONEST: Duration = Duration::from_millis(250);

/// The variable by which a simulator hands over its time.
const VARIABLE: &str = "CUTOVER_CLOCK";

/// AWS time; clones are the same clock.
#[derive(Clone)]
pub struct Clock(Kind);

#[derive(Clone)]
enum Kind {
    /// This machine's clock, put right by what AWS says the time is.
    Real {
        /// Milliseconds that AWS is ahead.
        ahead: Arc<AtomicI64>,
    },
    /// A simulator's clock.
    Simulated {
        /// What it shows.
        now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
        /// How many of its seconds pass in one; 0 when it stands still or is moved by hand.
        speed: f64,
    },
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

    /// A simulator's clock: what it shows, and how many of its seconds pass in one.
    pub fn simulated(now: impl Fn() -> Timestamp + Send + Sync + 'static, speed: f64) -> Self {
        Self(Kind::Simulated { now: Arc::new(now), speed })
    }

    /// The clock that a simulator hands over as `REAL_EPOCH_MS,SIMULATED_EPOCH_MS,SPEED`: at the
    /// first moment its clock showed the second one and ran at that speed.
    pub fn handed_over(text: &str) -> Result<Self, NoClock> {
        let (start, speed) =
            read(text, Timestamp::now()).ok_or_else(|| NoClock(text.to_owned()))?;
        let since = Instant::now();
        Ok(Self::simulated(move || after(start, since.elapsed(), speed), speed))
    }

    /// The moment.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Kind::Real { ahead } => {
                later(Timestamp::now(), SignedDuration::from_millis(ahead.load(Ordering::Relaxed)))
            }
            Kind::Simulated { now, .. } => now(),
        }
    }

    /// How many of its seconds pass in one.
    pub fn speed(&self) -> f64 {
        match &self.0 {
            Kind::Real { .. } => 1.0,
            Kind::Simulated { speed, .. } => *speed,
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

impl AwsTime for Clock {
    fn now(&self) -> Timestamp {
        self.now()
    }

    fn until(&self, at: Timestamp) -> Option<Duration> {
        self.until(at)
    }

    fn correct(&self, aws: Timestamp) {
        self.correct(aws);
    }
}

/// What a simulated clock shows now, and how fast it runs.
fn read(text: &str, now: Timestamp) -> Option<(Timestamp, f64)> {
    let mut parts = text.split(',').map(str::trim);
    let real: i64 = parts.next()?.parse().ok()?;
    let simulated: i64 = parts.next()?.parse().ok()?;
    let speed: f64 = parts.next()?.parse().ok()?;
    if parts.next().is_some() || !speed.is_finite() || speed < 0.0 {
        return None;
    }
    let passed = now.as_millisecond().checked_sub(real)?.max(0).unsigned_abs();
    let start = Timestamp::from_millisecond(simulated).ok()?;
    Some((after(start, Duration::from_millis(passed), speed), speed))
}

/// What a clock shows that showed `start` this long ago and runs at this speed.
fn after(start: Timestamp, passed: Duration, speed: f64) -> Timestamp {
    later(start, SignedDuration::from_millis((passed.as_secs_f64() * speed * 1000.0) as i64))
}

/// `span` after `at`, or the end of all time.
fn later(at: Timestamp, span: SignedDuration) -> Timestamp {
    at.saturating_add(span).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_760_000_000 + seconds).unwrap()
    }

    fn standing(speed: f64) -> Clock {
        Clock::simulated(|| at(0), speed)
    }

    #[test]
    fn a_handed_over_clock_has_run_on_since() {
        let now = Timestamp::from_millisecond(10_500).unwrap();
        assert_eq!(read("10000,1760000000000,20", now), Some((at(10), 20.0)));
        assert_eq!(after(at(0), Duration::from_secs(3), 20.0), at(60));
        assert_eq!(after(at(0), Duration::MAX, 1e9), Timestamp::MAX);
    }

    #[test]
    fn waiting_is_divided_by_the_speed_down_to_a_quarter_second() {
        let fast = standing(20.0);
        assert_eq!(fast.until(at(60)), Some(Duration::from_secs(3)));
        assert_eq!(fast.until(at(1)), Some(SOONEST));
        assert_eq!(fast.until(at(-9)), Some(SOONEST));
        let slow = standing(0.5);
        assert_eq!(slow.until(at(1)), Some(Duration::from_secs(2)));
        assert_eq!(slow.until(at(-9)), Some(Duration::ZERO));
        assert_eq!(standing(0.0).until(at(1)), None);
    }

    #[test]
    fn a_text_that_is_no_clock_says_what_to_do() {
        for text in ["", "1,2", "1,2,3,4", "a,2,3", "1,2,-3", "1,2,inf", "0,9223372036854775807,1"]
        {
            let Err(error) = Clock::handed_over(text) else { panic!("{text} was taken") };
            assert!(error.to_string().contains("hint: copy the line"), "{text}: {error}");
        }
    }

    #[test]
    fn the_real_clock_follows_aws() {
        let clock = Clock::real();
        clock.correct(later(Timestamp::now(), SignedDuration::from_mins(10)));
        assert!(clock.now().duration_since(Timestamp::now()) > SignedDuration::from_mins(9));
    }
}
