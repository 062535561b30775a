//! Numbers, times and texts from outside, as people read them.

use std::borrow::Cow;
use std::fmt::Write as _;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::domain::{Due, Image};

/// A text from outside, harmless: control characters, escape sequences, marks that turn or hide
/// text and line breaks are shown and not obeyed.
///
/// Everything an API, a file or a person's configuration returns passes here before it is drawn.
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_harmless) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            c if is_harmless(c) => out.push(c),
            '\n' | '\r' | '\t' => out.push(' '),
            c => {
                // Writing to a string cannot fail.
                let _ = write!(out, "<{:x}>", u32::from(c));
            }
        }
    }
    Cow::Owned(out)
}

/// Whether a character draws itself and nothing else.
fn is_harmless(c: char) -> bool {
    let hides = matches!(
        c,
        '\u{00ad}'
            | '\u{034f}'
            | '\u{061c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}'
    );
    let combines = matches!(
        c,
        '\u{0300}'..='\u{036f}'
            | '\u{0483}'..='\u{0489}'
            | '\u{1ab0}'..='\u{1aff}'
            | '\u{1dc0}'..='\u{1dff}'
            | '\u{20d0}'..='\u{20ff}'
            | '\u{fe20}'..='\u{fe2f}'
    );
    !c.is_control() && !hides && !combines
}

/// A share or rate in percent: `0.44`, `10`, `91.2`.
pub(super) fn percent(value: f64) -> String {
    let rounded = (value * 100.0).round() / 100.0;
    if value > 0.0 && rounded == 0.0 {
        return "<0.01".to_owned();
    }
    if value.abs() < 10.0 && (value - value.round()).abs() > 0.005 {
        format!("{value:.2}")
    } else {
        short(value)
    }
}

/// A share of the traffic, in percent: whole where it is whole.
pub(super) fn share(value: f64) -> String {
    short(value)
}

fn short(value: f64) -> String {
    let tenth = (value * 10.0).round() / 10.0;
    if (tenth - tenth.round()).abs() < 1e-9 { format!("{tenth:.0}") } else { format!("{tenth:.1}") }
}

/// Something a second: `412`, `3.2`, `12k`.
pub(super) fn rate(value: f64) -> String {
    if value >= 100_000.0 {
        format!("{:.0}k", value / 1000.0)
    } else if value >= 10_000.0 {
        format!("{:.1}k", value / 1000.0)
    } else if value >= 10.0 || value == 0.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}

/// A number of any size, to three digits where it has a fraction: `1240`, `87.2`, `0.0315`.
pub(super) fn level(value: f64) -> String {
    let digits = if value == 0.0 { 0 } else { 2 - value.abs().log10().floor() as i32 };
    let text = format!("{value:.*}", usize::try_from(digits.clamp(0, 6)).unwrap_or(0));
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// A latency, given in seconds, in milliseconds: `187`, `2 340`, `0.8`.
pub(super) fn millis(seconds: f64) -> String {
    let ms = seconds * 1000.0;
    if ms >= 1000.0 {
        let whole = ms.round() as u64;
        format!("{} {:03}", whole / 1000, whole % 1000)
    } else if ms >= 10.0 {
        format!("{ms:.0}")
    } else {
        format!("{ms:.1}")
    }
}

/// A clock time with seconds.
pub(super) fn clock(at: Timestamp, zone: &TimeZone) -> String {
    let time = zone.to_datetime(at).time();
    format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())
}

/// When something was: the time of today, else the day with it. At most nine columns.
pub(super) fn moment(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (then, today) = (zone.to_datetime(at), zone.to_datetime(now).date());
    let days = (today - then.date()).get_days();
    match days {
        0 => clock(at, zone),
        1..=6 => then.strftime("%a %H:%M").to_string(),
        _ if then.year() == today.year() => then.strftime("%d %b").to_string(),
        _ => then.strftime("%b %Y").to_string(),
    }
}

/// A clock time without seconds.
pub(super) fn minute(at: Timestamp, zone: &TimeZone) -> String {
    let time = zone.to_datetime(at).time();
    format!("{:02}:{:02}", time.hour(), time.minute())
}

/// A span that is counted: `3:12`, `1:04:50`, `2 days 4:05`.
pub(super) fn span(span: SignedDuration) -> String {
    let seconds = span.as_secs().max(0);
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let (minutes, seconds) = (seconds / 60 % 60, seconds % 60);
    match (days, hours) {
        (0, 0) => format!("{minutes}:{seconds:02}"),
        (0, _) => format!("{hours}:{minutes:02}:{seconds:02}"),
        (1, _) => format!("1 day {hours}:{minutes:02}"),
        _ => format!("{days} days {hours}:{minutes:02}"),
    }
}

/// A span in words for what lies back: `41 s`, `3 min`, `5 h`, `3 days`.
pub(super) fn age(span: SignedDuration) -> String {
    let seconds = span.as_secs().max(0);
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds / 60),
        7200..=172_799 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// A planned span: `5 min`, `1 h`, `90 s`.
pub(super) fn planned(span: SignedDuration) -> String {
    let seconds = span.as_secs().max(0);
    match seconds {
        s if s == 0 || s % 60 != 0 => format!("{s} s"),
        s if s % 3600 != 0 || s == 3600 => format!("{} min", s / 60),
        s => format!("{} h", s / 3600),
    }
}

/// The time left until something; `~` before what is estimated.
pub(super) fn left(due: &Due, now: Timestamp) -> String {
    let sign = if due.exact { "" } else { "~" };
    format!("{sign}{}", span(due.at.duration_since(now)))
}

/// The clock time of something; `~` before what is estimated.
pub(super) fn due(due: &Due, zone: &TimeZone) -> String {
    let sign = if due.exact { "" } else { "~" };
    match due.latest {
        Some(latest) => format!("{sign}{} to {}", minute(due.at, zone), minute(latest, zone)),
        None => format!("{sign}{}", minute(due.at, zone)),
    }
}

/// An account as people read it: `1234-5678-9012`.
pub(super) fn account(account: &str) -> String {
    if account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()) {
        format!("{}-{}-{}", &account[..4], &account[4..8], &account[8..])
    } else {
        clean(account).into_owned()
    }
}

/// The beginning of a digest, without its algorithm.
pub(super) fn digest(digest: &str) -> String {
    let hex = digest.split_once(':').map_or(digest, |(_, hex)| hex);
    clean(hex).chars().take(6).collect()
}

/// An image in a few words: its tag and the beginning of its digest.
pub(super) fn image(image: &Image) -> String {
    let tag = image.tag.as_deref().map(clean);
    match (&tag, &image.digest) {
        (Some(tag), Some(hex)) => format!("{tag}  {}", digest(hex)),
        (Some(tag), None) => tag.clone().into_owned(),
        (None, Some(hex)) => digest(hex),
        (None, None) => clean(&image.repository).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_today_has_its_day() {
        let moment = |at: &str| {
            let at = format!("{at}Z").parse().unwrap();
            super::moment(at, "2026-03-05T03:10:00Z".parse().unwrap(), &TimeZone::UTC)
        };
        assert_eq!(moment("2026-03-05T03:09:58"), "03:09:58");
        assert_eq!(moment("2026-03-05T00:00:00"), "00:00:00");
        assert_eq!(moment("2026-03-04T23:59:59"), "Wed 23:59");
        assert_eq!(moment("2026-02-27T12:00:00"), "Fri 12:00");
        assert_eq!(moment("2026-02-26T12:00:00"), "26 Feb");
        assert_eq!(moment("2025-12-31T12:00:00"), "Dec 2025");
    }

    #[test]
    fn nothing_from_outside_is_obeyed() {
        assert_eq!(clean("plain text, naïve and 日本"), "plain text, naïve and 日本");
        assert_eq!(clean("a\x1b[2Jb"), "a<1b>[2Jb");
        assert_eq!(clean("one\ntwo\tthree"), "one two three");
        assert_eq!(clean("\u{202e}evil\u{200b}"), "<202e>evil<200b>");
        assert_eq!(clean("e\u{301}"), "e<301>");
    }

    #[test]
    fn numbers_have_the_digits_that_matter() {
        let all = [0.0, 0.001, 0.44, 1.0, 1.93, 10.0, 33.33, 91.2, 100.0].map(percent);
        assert_eq!(all, ["0", "<0.01", "0.44", "1", "1.93", "10", "33.3", "91.2", "100"]);
        assert_eq!([0.0, 3.21, 412.4, 12_345.0].map(rate), ["0", "3.2", "412", "12.3k"]);
        assert_eq!([0.0008, 0.0375, 0.187, 2.34].map(millis), ["0.8", "38", "187", "2 340"]);
    }

    #[test]
    fn spans_are_counted_and_ages_are_told() {
        let seconds = SignedDuration::from_secs;
        assert_eq!(span(seconds(192)), "3:12");
        assert_eq!(span(seconds(3890)), "1:04:50");
        assert_eq!(span(seconds(-5)), "0:00");
        assert_eq!(age(seconds(41)), "41 s");
        assert_eq!(age(seconds(259_300)), "3 days");
        assert_eq!(planned(seconds(300)), "5 min");
        assert_eq!(planned(seconds(3600)), "60 min");
    }
}
