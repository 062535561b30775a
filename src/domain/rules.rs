//! What the person's own configuration forbids or makes harder.

use jiff::Timestamp;
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;

use super::{Action, Refusal, Snapshot, Target};

/// The rules of `[policy]`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rules {
    /// Targets at which nothing may be ordered.
    pub read_only: Vec<Target>,
    /// Actions that ask for the name in every case, as [`Action::words`] has them.
    pub typed_name: Vec<String>,
    /// Actions that want a few words why, as [`Action::words`] has them.
    pub reason: Vec<String>,
    /// When green may be brought forward; absent: at any time.
    pub hours: Option<Hours>,
}

/// Hours of some days of the week.
#[derive(Debug, Clone, PartialEq)]
pub struct Hours {
    /// The first and the last day; a week may be crossed, e.g. from Saturday to Monday.
    pub days: (Weekday, Weekday),
    /// From, and up to but not including; a night may be crossed.
    pub times: (Time, Time),
    /// Whose time.
    pub zone: TimeZone,
    /// As it was written, for the refusal.
    pub text: String,
}

impl Rules {
    /// Why `action` may not be ordered on what the picture shows; nothing when it may.
    pub fn refuse(&self, snapshot: &Snapshot, action: Action) -> Option<Refusal> {
        let is_here = |target: &&Target| [&snapshot.target, snapshot.configured()].contains(target);
        if self.read_only.iter().any(|target| is_here(&target)) {
            return Some(Refusal::ByRule("the policy makes this target read-only".to_owned()));
        }
        let hours = self.hours.as_ref().filter(|_| brings_forward(action))?;
        let closed = !hours.hold(snapshot.taken);
        closed.then(|| Refusal::ByRule(format!("the policy allows it {} only", hours.text)))
    }

    /// Whether `action` asks for the name in every case.
    pub fn wants_name(&self, action: Action) -> bool {
        self.typed_name.iter().any(|words| words == action.words())
    }

    /// Whether it has to be said why `action` is ordered.
    pub fn wants_reason(&self, action: Action) -> bool {
        self.reason.iter().any(|words| words == action.words())
    }
}

/// Whether an action brings green forward. The ways back are open at any hour.
fn brings_forward(action: Action) -> bool {
    match action {
        Action::Continue
        | Action::Finish
        | Action::Shift(_)
        | Action::Resume
        | Action::Terminate(_) => true,
        Action::RollBack | Action::Stop | Action::Pause | Action::Restart | Action::Undo(_) => {
            false
        }
    }
}

impl Hours {
    /// Whether the moment lies in them. A night that is crossed belongs to the day it began on.
    fn hold(&self, at: Timestamp) -> bool {
        let local = self.zone.to_datetime(at);
        let (from, to) = self.times;
        let time = local.time();
        let (today, yesterday) = (local.date().weekday(), local.date().weekday().previous());
        if from < to {
            return (from..to).contains(&time) && self.has(today);
        }
        (time >= from && self.has(today)) || (time < to && self.has(yesterday))
    }

    fn has(&self, day: Weekday) -> bool {
        let (first, last) = self.days;
        day.since(first) <= last.since(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(days: (Weekday, Weekday), from: i8, to: i8) -> Hours {
        let times = (Time::constant(from, 0, 0, 0), Time::constant(to, 0, 0, 0));
        Hours { days, times, zone: TimeZone::UTC, text: String::new() }
    }

    /// A moment of the week of Monday, 2 March 2026.
    fn at(day: i8, hour: i8) -> Timestamp {
        let moment = jiff::civil::date(2026, 3, 1 + day).at(hour, 30, 0, 0);
        TimeZone::UTC.to_timestamp(moment).unwrap()
    }

    #[test]
    fn hours_hold_on_their_days_across_nights_and_weeks() {
        let work = hours((Weekday::Monday, Weekday::Friday), 9, 17);
        for (day, hour, open) in [(1, 9, true), (5, 16, true), (1, 8, false), (1, 17, false)] {
            assert_eq!(work.hold(at(day, hour)), open, "{day} {hour}");
        }
        assert!(!work.hold(at(6, 12)) && !work.hold(at(7, 12)));
        let weekend = hours((Weekday::Saturday, Weekday::Monday), 22, 4);
        for (day, hour, open) in [
            (6, 23, true),
            (7, 3, true),
            (6, 3, false),
            (1, 23, true),
            (2, 3, true),
            (2, 23, false),
        ] {
            assert_eq!(weekend.hold(at(day, hour)), open, "{day} {hour}");
        }
    }

    #[test]
    fn a_day_that_is_given_alone_is_one_day() {
        let tuesday = hours((Weekday::Tuesday, Weekday::Tuesday), 0, 23);
        assert!(tuesday.hold(at(2, 12)) && !tuesday.hold(at(1, 12)) && !tuesday.hold(at(3, 12)));
    }
}
