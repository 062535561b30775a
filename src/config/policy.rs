//! `[policy]`: what may be ordered, where and when.

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer};

use crate::domain::{Action, Hours, nearest};

/// The table as it is written.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct PolicyTable {
    /// Targets, or names of `[targets]`, at which nothing may be ordered.
    pub(super) read_only: Vec<String>,
    /// Actions that ask for the name in every case.
    pub(super) typed_name: Vec<Word>,
    /// Actions that want a few words why.
    pub(super) reason: Vec<Word>,
    /// When green may be brought forward, e.g. `mon-fri 09:00-17:00`.
    pub(super) hours: Option<Written>,
    /// Whose time that is, e.g. `Europe/London`; absent: this machine's.
    pub(super) time_zone: Option<Zone>,
}

/// The name of an action, e.g. `roll-back`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word(String);

/// Days and times.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Written {
    days: (Weekday, Weekday),
    times: (Time, Time),
    text: String,
}

/// A time zone.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Zone(TimeZone);

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

impl PolicyTable {
    /// The words of the actions that ask for the name.
    pub(super) fn typed_name(&self) -> Vec<String> {
        words(&self.typed_name)
    }

    /// The words of the actions that want to be explained.
    pub(super) fn reason(&self) -> Vec<String> {
        words(&self.reason)
    }

    /// The hours in the zone that was chosen.
    pub(super) fn hours(&self) -> Option<Hours> {
        let Written { days, times, text } = self.hours.clone()?;
        let zone = self.time_zone.clone().map_or_else(TimeZone::system, |zone| zone.0);
        Some(Hours { days, times, zone, text })
    }
}

fn words(actions: &[Word]) -> Vec<String> {
    actions.iter().map(|word| word.0.clone()).collect()
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let known = Action::KINDS.map(|action| action.words().replace(' ', "-"));
        if known.contains(&text) {
            return Ok(Self(text.replace('-', " ")));
        }
        let hint = match nearest(&text, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("one of {}", known.join(", ")),
        };
        Err(serde::de::Error::custom(format!("`{text}` is no action: {hint}")))
    }
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        read(&text).ok_or_else(|| {
            let example =
                "days and times are written like `mon-fri 09:00-17:00` or `sat 10:00-12:00`";
            serde::de::Error::custom(format!("`{text}` are no hours: {example}"))
        })
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let zone = TimeZone::get(&text);
        zone.map(Self).map_err(|error| serde::de::Error::custom(error.to_string()))
    }
}

fn read(text: &str) -> Option<Written> {
    let (days, times) = text.trim().split_once(' ')?;
    let day = |text: &str| {
        let known = DAYS.iter().find(|(name, _)| text.eq_ignore_ascii_case(name));
        known.map(|(_, day)| *day)
    };
    let (first, last) = days.split_once('-').unwrap_or((days, days));
    let (from, to) = times.trim().split_once('-')?;
    let time = |text: &str| Time::strptime("%H:%M", text.trim()).ok();
    let times = (time(from)?, time(to)?);
    let days = (day(first)?, day(last)?);
    (times.0 != times.1).then(|| Written { days, times, text: text.trim().to_owned() })
}
