//! Simulated time: faster than real time, or moved by hand, and shared with other processes.
//!
//! This file is the simulator's only reader of the real clock.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::time::Instant;

/// The variable by which [`Clock::handover`] reaches another process.
pub const HANDOVER_VARIABLE: &str = "CUTOVER_CLOCK";

/// The fastest that makes sense: a day a second.
const MAX_SPEED: f64 = 86_400.0;

/// What time it is in the simulated world; clones are the same clock.
#[derive(Debug, Clone)]
pub struct Clock(Kind);

#[derive(Debug, Clone)]
enum Kind {
    /// Follows the runtime's clock, so that paused tests control it.
    Running { start: Timestamp, since: Instant, speed: f64 },
    /// Moves only when told to.
    Manual(Arc<watch::Sender<Timestamp>>),
}

impl Clock {
    /// A clock that shows `start` now and runs `speed` times as fast as real time.
    ///
    /// The speed is brought into 0 to 86 400 (a day a second); what is no number stands still.
    pub fn at_speed(start: Timestamp, speed: f64) -> Self {
        let speed = if speed.is_nan() { 0.0 } else { speed.clamp(0.0, MAX_SPEED) };
        Self(Kind::Running { start, since: Instant::now(), speed })
    }

    /// A clock that shows `start` until it is moved by [`Clock::advance`].
    pub fn manual(start: Timestamp) -> Self {
        Self(Kind::Manual(Arc::new(watch::Sender::new(start))))
    }

    /// Moves a manual clock; a clock that runs by itself stays as it is. Time never goes back.
    pub fn advance(&self, by: SignedDuration) {
        if let Kind::Manual(now) = &self.0 {
            now.send_modify(|now| *now = later(*now, by.max(SignedDuration::ZERO)));
        }
    }

    /// The simulated moment.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Kind::Running { start, since, speed } => shown(*start, since.elapsed(), *speed),
            Kind::Manual(now) => *now.borrow(),
        }
    }

    /// Returns once this much simulated time has passed.
    pub async fn sleep(&self, span: SignedDuration) {
        match &self.0 {
            Kind::Running { speed, .. } => match real(span, *speed) {
                Some(real) => tokio::time::sleep(real).await,
                None => std::future::pending().await,
            },
            Kind::Manual(now) => {
                let due = later(self.now(), span);
                // The sender lives as long as this clock, so the wait ends only by the condition.
                let _ = now.subscribe().wait_for(|now| *now >= due).await;
            }
        }
    }

    /// This clock as text for [`HANDOVER_VARIABLE`]: `REAL_EPOCH_MS,SIM_EPOCH_MS,SPEED`.
    ///
    /// Another process on this machine computes the simulated moment as
    /// `SIM_EPOCH_MS + (its own real epoch milliseconds − REAL_EPOCH_MS) × SPEED`. The speed is a
    /// decimal number; 0 is a clock that stands still. A manual clock hands over where it stands.
    pub fn handover(&self) -> String {
        let real = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let speed = match &self.0 {
            Kind::Running { speed, .. } => *speed,
            Kind::Manual(_) => 0.0,
        };
        format!("{real},{},{speed}", self.now().as_millisecond())
    }
}

/// The real time: what the `Date` of replies and the check of signatures go by.
pub(super) fn real_now() -> Timestamp {
    Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// What a clock shows that showed `start` this much real time ago.
fn shown(start: Timestamp, elapsed: Duration, speed: f64) -> Timestamp {
    let milliseconds = elapsed.as_secs_f64() * speed * 1000.0;
    later(start, SignedDuration::from_millis(milliseconds as i64))
}

/// How long simulated time lasts; `None` when the clock stands still or no run lasts that long.
fn real(span: SignedDuration, speed: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(span.as_secs_f64().max(0.0) / speed).ok()
}

/// `span` after `at`, or the end of all time.
fn later(at: Timestamp, span: SignedDuration) -> Timestamp {
    at.checked_add(span).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Timestamp {
        Timestamp::from_second(1_760_000_000).unwrap()
    }

    #[test]
    fn a_running_clock_multiplies_real_time() {
        let after = |seconds| later(start(), SignedDuration::from_secs(seconds));
        assert_eq!(shown(start(), Duration::from_secs(3), 20.0), after(60));
        assert_eq!(shown(start(), Duration::from_secs(99), 0.0), start());
        assert_eq!(real(SignedDuration::from_mins(2), 60.0), Some(Duration::from_secs(2)));
        assert_eq!(real(SignedDuration::from_secs(-5), 60.0), Some(Duration::ZERO));
        assert_eq!(real(SignedDuration::from_secs(1), 0.0), None);
    }

    #[test]
    fn absurd_spans_end_at_the_end_of_time() {
        assert_eq!(shown(start(), Duration::MAX, MAX_SPEED), Timestamp::MAX);
        assert_eq!(later(start(), SignedDuration::MAX), Timestamp::MAX);
        assert!(real(SignedDuration::MAX, 1e-300).is_none());
    }

    #[tokio::test]
    async fn a_manual_clock_wakes_its_sleepers_when_moved_far_enough() {
        let clock = Clock::manual(start());
        let sleeper = clock.clone();
        let (asleep, mut waits) = tokio::sync::mpsc::channel(1);
        let task = tokio::spawn(async move {
            let sleep = sleeper.sleep(SignedDuration::from_secs(30));
            asleep.send(()).await.unwrap();
            sleep.await;
            sleeper.now()
        });
        waits.recv().await.unwrap();
        tokio::task::yield_now().await;
        clock.advance(SignedDuration::from_secs(-100));
        clock.advance(SignedDuration::from_secs(60));
        assert_eq!(task.await.unwrap(), later(start(), SignedDuration::from_secs(60)));
    }

    #[tokio::test]
    async fn absurd_speeds_are_brought_into_range() {
        for (asked, speed) in [(f64::NAN, "0"), (-5.0, "0"), (1e300, "86400"), (2.5, "2.5")] {
            let handover = Clock::at_speed(start(), asked).handover();
            assert_eq!(handover.rsplit(',').next(), Some(speed));
        }
    }

    #[tokio::test]
    async fn the_handover_names_both_times_and_the_speed() {
        let handover = Clock::manual(start()).handover();
        let parts: Vec<&str> = handover.split(',').collect();
        assert_eq!(parts[1..], ["1760000000000", "0"]);
        assert!(parts[0].parse::<u64>().unwrap() > 1_700_000_000_000);
    }
}
