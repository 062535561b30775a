//! Which of two environments is blue, and which one serves. Pure.

use aws_sdk_elasticbeanstalk::types::{EnvironmentDescription, EventDescription};
use jiff::{SignedDuration, Timestamp};

use crate::sources::time::moment;

use super::raw::{Raw, Roles, name, named};

/// How long clients may follow a swap late: then requests say who serves.
const SETTLING: SignedDuration = SignedDuration::from_mins(5);
/// The share of the requests from which on an environment surely serves.
const SURELY: f64 = 0.8;

/// What is known of the roles after an answer.
///
/// Requests say who serves, unless a swap is so young that clients have not followed it. Each swap
/// since the last new version has changed who serves, so that their number tells who served before.
pub(crate) fn settle(raw: &Raw, named_blue: Option<&str>, now: Timestamp) -> Option<Roles> {
    let environments = raw.environments.value()?;
    let [a, b] = environments.as_slice() else { return None };
    let events = raw.events.value().map(Vec::as_slice).unwrap_or_default();
    let answered = |read: bool, failed: bool| read || failed;
    let asked = answered(raw.events.value().is_some(), raw.events.fault().is_some())
        && answered(raw.health.value().is_some(), raw.health.fault().is_some());
    let deployed = newest_version(events);
    if let Some(known) = &raw.roles {
        let there = environments.iter().any(|one| one.cname() == Some(&known.served_name))
            && named(environments, &known.blue).is_some();
        if there && (deployed.is_none() || deployed <= known.deployed) && !known.guessed {
            return Some(known.clone());
        }
    }
    if !asked {
        return raw.roles.clone();
    }
    let (serves, sure) = serving(raw, (a, b), events, now);
    let other = if name(serves) == name(a) { b } else { a };
    let swapped = swaps(events, deployed).len() % 2 == 1;
    let blue = if swapped { other } else { serves };
    // What was guessed stays as it was guessed until something speaks for it.
    if let Some(known) = raw.roles.as_ref().filter(|known| known.guessed && !sure) {
        return Some(Roles { deployed, ..known.clone() });
    }
    Some(Roles {
        served_name: serves.cname()?.to_owned(),
        blue: named_blue.unwrap_or(name(blue)).to_owned(),
        guessed: !sure,
        deployed,
    })
}

/// Who serves, and whether that is sure.
fn serving<'a>(
    raw: &Raw,
    (a, b): (&'a EnvironmentDescription, &'a EnvironmentDescription),
    events: &[EventDescription],
    now: Timestamp,
) -> (&'a EnvironmentDescription, bool) {
    let rate = |one: &EnvironmentDescription| raw.samples.rate(name(one));
    let (Some(of_a), Some(of_b)) = (rate(a), rate(b)) else { return (older(a, b), false) };
    if of_a + of_b <= 0.0 {
        return (older(a, b), false);
    }
    let (more, less) = if of_a >= of_b { (a, b) } else { (b, a) };
    let sure = of_a.max(of_b) / (of_a + of_b) >= SURELY;
    let last = swaps(events, None).into_iter().map(|(at, _)| at).max();
    match last.map(|at| now.duration_since(at)) {
        // Most clients still ask where the name led before.
        Some(ago) if ago < SETTLING && sure => (less, false),
        Some(ago) if ago < SETTLING => (more, false),
        Some(_) | None => (more, sure),
    }
}

/// Of two that nobody asks for anything, the older one.
fn older<'a>(
    a: &'a EnvironmentDescription,
    b: &'a EnvironmentDescription,
) -> &'a EnvironmentDescription {
    match (moment(a.date_created()), moment(b.date_created())) {
        (Some(of_a), Some(of_b)) if of_b < of_a => b,
        _ => a,
    }
}

/// The completed swaps after `since`, each once.
pub(crate) fn swaps(
    events: &[EventDescription],
    since: Option<Timestamp>,
) -> Vec<(Timestamp, String)> {
    let mut found: Vec<(Timestamp, String)> = Vec::new();
    for event in events {
        let Some(at) = moment(event.event_date()) else { continue };
        let done = says(event, "Completed swapping CNAMEs");
        if !done || since.is_some_and(|since| at <= since) {
            continue;
        }
        let request = event.request_id().map_or_else(|| at.to_string(), str::to_owned);
        if !found.iter().any(|(_, known)| *known == request) {
            found.push((at, request));
        }
    }
    found
}

/// When the last version came to either environment.
fn newest_version(events: &[EventDescription]) -> Option<Timestamp> {
    let brings = |event: &&EventDescription| {
        ["New application version was deployed", "Successfully launched environment"]
            .iter()
            .any(|words| says(event, words))
    };
    events.iter().filter(brings).filter_map(|event| moment(event.event_date())).max()
}

fn says(event: &EventDescription, words: &str) -> bool {
    event.message().is_some_and(|message| message.contains(words))
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticbeanstalk::types::ApplicationMetrics;
    use aws_smithy_types::DateTime;

    use super::super::samples::Sample;
    use super::*;
    use crate::domain::Fact;

    const NOW: i64 = 1_760_000_000;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// `old` has the name `shop`, `new` another; who gets how many requests, and what was said.
    fn settled(rates: (i32, i32), said: &[(i64, &str, &str)]) -> Roles {
        let environment = |name: &str, cname: &str| {
            EnvironmentDescription::builder().environment_name(name).cname(cname).build()
        };
        let event = |(before, request, message): &(i64, &str, &str)| {
            EventDescription::builder()
                .event_date(DateTime::from_secs(NOW - before))
                .request_id(*request)
                .message(*message)
                .build()
        };
        let mut raw = Raw {
            environments: Fact::known(
                vec![environment("new", "other"), environment("old", "shop")],
                at(NOW),
            ),
            events: Fact::known(said.iter().map(event).collect(), at(NOW)),
            health: Fact::known([].into(), at(NOW)),
            ..Raw::default()
        };
        let sample = |rate| Sample::of(&ApplicationMetrics::builder().request_count(rate).build());
        let told = [("old", rates.0), ("new", rates.1)];
        let told = told.map(|(name, rate)| (name.to_owned(), sample(rate))).into();
        raw.samples.keep(at(NOW), told);
        settle(&raw, None, at(NOW)).unwrap()
    }

    const DONE: &str = "Completed swapping CNAMEs for environments 'old' and 'new'.";
    const DEPLOYED: &str = "New application version was deployed to running EC2 instances.";

    #[test]
    fn whoever_serves_is_blue_until_a_swap_says_who_served_before() {
        let roles = |rates, said| {
            let Roles { served_name, blue, guessed, .. } = settled(rates, said);
            (served_name, blue, guessed)
        };
        let is = |name: &str, blue: &str, guessed| (name.to_owned(), blue.to_owned(), guessed);
        assert_eq!(roles((90, 0), &[]), is("shop", "old", false));
        assert_eq!(roles((0, 90), &[]), is("other", "new", false));
        // One swap, told for both environments; then back again.
        let once = [(900, "a", DONE), (900, "a", DONE)];
        assert_eq!(roles((0, 90), &once), is("other", "old", false));
        let twice = [(900, "b", DONE), (1800, "a", DONE)];
        assert_eq!(roles((90, 0), &twice), is("shop", "old", false));
        // A swap before the newest version belongs to the rollout before.
        let before = [(900, "c", DEPLOYED), (1800, "a", DONE)];
        assert_eq!(roles((90, 0), &before), is("shop", "old", false));
    }

    #[test]
    fn requests_that_have_not_followed_a_swap_yet_are_no_proof() {
        let roles = settled((90, 10), &[(20, "a", DONE)]);
        assert_eq!((roles.served_name.as_str(), roles.blue.as_str()), ("other", "old"));
        assert!(roles.guessed);
        assert!(settled((0, 0), &[]).guessed);
        assert!(settled((50, 40), &[]).guessed);
    }
}
