//! Whose each minute is of what is counted by Service: a Service leads to one version after another.
//!
//! What is kept is kept by place, as it was asked for. Here each minute of a place is given to the
//! side whose version the Service led to during all of it. A minute in which that changed, and the
//! one after it, in which the load balancer follows, are nobody's: the side that it was led to has
//! more requests then than its other place counts. So is the time of which nobody knows where the
//! Service led.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::domain::Side;

use super::kept::{Cell, Kept};
use super::query::id;
use super::span::moment;

/// How long a load balancer takes to follow a Service that has been led elsewhere.
const FOLLOWS: SignedDuration = SignedDuration::from_mins(1);
/// How many changes of a Service are remembered; those in one minute are one.
const MOST: usize = 256;

/// Which version a Service has led to since when, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Tenures(Vec<(Timestamp, String)>);

impl Tenures {
    /// It has led to a version since a moment, as is known now. The moment may be later than the
    /// truth, never earlier.
    pub(crate) fn note(&mut self, since: Timestamp, version: &str) {
        let minute = |at: Timestamp| at.as_second().div_euclid(60);
        match self.0.last_mut() {
            Some((known, of)) if *known == since && of == version => return,
            // What somebody else wrote earlier is no news.
            Some((known, _)) if since < *known => return,
            Some(last) if minute(last.0) == minute(since) => {
                *last = (since, version.to_owned());
                return;
            }
            Some(_) | None => self.0.push((since, version.to_owned())),
        }
        if self.0.len() > MOST {
            self.0.remove(0);
        }
    }

    /// The version that it leads to now.
    pub(crate) fn last(&self) -> Option<&str> {
        self.0.last().map(|(_, version)| version.as_str())
    }

    /// Whether it may have begun to lead to a version in a minute, or a load balancer to follow it.
    fn arrives(&self, version: &str, minute: i64) -> bool {
        let (start, end) = (moment(minute), moment(minute + 1));
        self.0.iter().any(|(since, of)| {
            of == version
                && *since < end
                && since.saturating_add(FOLLOWS).is_ok_and(|at| at > start)
        })
    }

    /// The version that all requests of a minute were answered by, if one alone can have been.
    fn of(&self, minute: i64) -> Option<&str> {
        let (start, end) = (moment(minute), moment(minute + 1));
        let followed = |(since, _): &&(Timestamp, String)| {
            since.saturating_add(FOLLOWS).is_ok_and(|since| since <= start)
        };
        let (at, (_, version)) = self.0.iter().enumerate().rev().find(|(_, one)| followed(one))?;
        let stays = self.0.get(at + 1).is_none_or(|(next, _)| *next >= end);
        stays.then_some(version.as_str())
    }
}

/// Who has the two places that are counted, and which versions are the sides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Owners {
    /// What led to the place that is asked for as blue's, and as green's. Where both lead to the same
    /// version the first one has the requests.
    pub(crate) places: [Tenures; 2],
    /// The versions that are blue and green.
    pub(crate) versions: [Version; 2],
}

/// A version that a Service can lead to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Version {
    pub(crate) hash: String,
    /// When it was made.
    pub(crate) born: Option<Timestamp>,
}

/// What is known of a side in a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Share {
    /// What was counted at the place that is asked for as this side's.
    At(Side),
    /// Nothing led to it.
    Nothing,
    /// Nobody knows.
    Unknown,
}

impl Owners {
    fn share(&self, side: Side, minute: i64) -> Share {
        let [blue, green] = &self.versions;
        let version = match side {
            Side::Blue => blue,
            Side::Green => green,
        };
        let places = [Side::Blue, Side::Green].into_iter().zip(&self.places);
        // A place that was never led anywhere is none.
        let mut there = places.filter(|(_, place)| place.last().is_some()).peekable();
        if version.hash.is_empty() || there.peek().is_none() {
            return Share::Unknown;
        }
        if version.born.is_some_and(|born| born >= moment(minute + 1)) {
            return Share::Nothing;
        }
        if self.places.iter().any(|place| place.arrives(&version.hash, minute)) {
            return Share::Unknown;
        }
        let mut known = true;
        for (place, tenures) in there {
            match tenures.of(minute) {
                Some(of) if of == version.hash => return Share::At(place),
                Some(_) => {}
                None => known = false,
            }
        }
        if known { Share::Nothing } else { Share::Unknown }
    }
}

impl Kept {
    /// The same by side: each minute is given to whom it belongs.
    pub(super) fn by(&self, owners: &Owners) -> Self {
        let mut given = self.clone();
        let Some(minutes) = self.minutes() else { return given };
        let sides = [Side::Blue, Side::Green];
        let names: BTreeSet<&str> = self.ids().filter_map(name).collect();
        for side in sides {
            let shares: Vec<Share> =
                minutes.clone().map(|minute| owners.share(side, minute)).collect();
            for name in &names {
                let places = sides.map(|place| id(place, name));
                let cells = minutes.clone().zip(&shares).map(|(minute, share)| match share {
                    Share::At(Side::Blue) => self.cell(&places[0], minute),
                    Share::At(Side::Green) => self.cell(&places[1], minute),
                    Share::Nothing => Cell::Nothing,
                    Share::Unknown => Cell::Unknown,
                });
                given.replace(&id(side, name), minutes.start, cells.collect());
            }
        }
        given
    }
}

/// The name of a series without its side.
fn name(id: &str) -> Option<&str> {
    id.strip_prefix("blue_").or_else(|| id.strip_prefix("green_"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::metrics::kept::Answer;
    use crate::sources::metrics::span::Span;

    fn at(minute: i64, second: i64) -> Timestamp {
        Timestamp::from_second(60 * minute + second).unwrap()
    }

    fn versions(blue: &str, green: &str) -> [Version; 2] {
        [blue, green].map(|hash| Version { hash: hash.to_owned(), born: None })
    }

    fn tenures(all: &[(i64, i64, &str)]) -> Tenures {
        let mut tenures = Tenures::default();
        for (minute, second, version) in all {
            tenures.note(at(*minute, *second), version);
        }
        tenures
    }

    /// Requests of both places, so that each number says where and when it was counted.
    fn kept() -> Kept {
        let span = Span { start: 100, end: 112, settled: 112, began: None };
        let mut kept = Kept::default();
        for (side, base) in [(Side::Blue, 0.0), (Side::Green, 1000.0)] {
            let values = (100..112).map(|minute| (60 * minute, base + minute as f64)).collect();
            kept.put(&id(side, "requests"), &Answer::complete(values), 100, span);
        }
        kept
    }

    fn row(kept: &Kept, side: Side) -> String {
        let cell = |minute| match kept.cell(&id(side, "requests"), minute) {
            Cell::Unknown => "?".to_owned(),
            Cell::Nothing => "-".to_owned(),
            Cell::Value(value) => value.to_string(),
        };
        (100..112).map(cell).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn at_a_promotion_the_stable_place_goes_over_and_two_minutes_are_nobody_s() {
        let owners = Owners {
            places: [tenures(&[(90, 0, "v1"), (106, 20, "v2")]), tenures(&[(101, 30, "v2")])],
            versions: versions("v1", "v2"),
        };
        let by = kept().by(&owners);
        assert_eq!(row(&by, Side::Blue), "100 101 102 103 104 105 ? ? - - - -");
        assert_eq!(row(&by, Side::Green), "? ? ? 1103 1104 1105 ? ? 108 109 110 111");
    }

    #[test]
    fn after_an_abort_the_canary_place_is_blue_s_which_has_its_requests_elsewhere() {
        let owners = Owners {
            places: [tenures(&[(90, 0, "v1")]), tenures(&[(98, 0, "v2"), (104, 59, "v1")])],
            versions: versions("v1", "v2"),
        };
        let by = kept().by(&owners);
        assert_eq!(row(&by, Side::Blue), "100 101 102 103 ? ? 106 107 108 109 110 111");
        assert_eq!(row(&by, Side::Green), "1100 1101 1102 1103 ? ? - - - - - -");
    }

    #[test]
    fn services_that_take_turns_keep_their_versions() {
        let owners = Owners {
            places: [tenures(&[(90, 0, "v2")]), tenures(&[(80, 0, "v1"), (103, 30, "v3")])],
            versions: versions("v2", "v3"),
        };
        let by = kept().by(&owners);
        assert_eq!(row(&by, Side::Blue), "100 101 102 103 104 105 106 107 108 109 110 111");
        assert_eq!(row(&by, Side::Green), "- - - ? ? 1105 1106 1107 1108 1109 1110 1111");
    }

    #[test]
    fn what_was_there_before_anybody_looked_is_nobody_s() {
        let owners = Owners {
            places: [tenures(&[(105, 1, "v2")]), Tenures::default()],
            versions: versions("v1", "v2"),
        };
        let by = kept().by(&owners);
        assert_eq!(row(&by, Side::Blue), "? ? ? ? ? ? ? - - - - -");
        assert_eq!(row(&by, Side::Green), "? ? ? ? ? ? ? 107 108 109 110 111");
    }

    #[test]
    fn before_a_version_was_made_it_had_no_requests() {
        let [blue, green] = versions("v1", "v2");
        let green = Version { born: Some(at(103, 30)), ..green };
        let owners = Owners {
            places: [tenures(&[(90, 0, "v1")]), tenures(&[(105, 0, "v2")])],
            versions: [blue, green],
        };
        let by = kept().by(&owners);
        assert_eq!(row(&by, Side::Green), "- - - ? ? ? 1106 1107 1108 1109 1110 1111");
    }

    #[test]
    fn a_service_that_flaps_belongs_to_nobody_and_is_not_remembered_for_ever() {
        let mut flapping = tenures(&[(90, 0, "v1")]);
        for second in 0..100_000 {
            let version = if second % 2 == 0 { "v2" } else { "v1" };
            flapping.note(at(103, second), version);
        }
        assert!(flapping.0.len() <= MOST);
        let quick = tenures(&[(90, 0, "v1"), (103, 5, "v2"), (103, 6, "v1"), (103, 7, "v1")]);
        let of: Vec<_> = (102..107).map(|minute| quick.of(minute)).collect();
        assert_eq!(of, [Some("v1"), None, None, Some("v1"), Some("v1")]);
    }
}
