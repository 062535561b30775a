//! What pods count, scrape by scrape: their parts of the requests that their version answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::Labels;
use super::parse::Selector;
use crate::sim::world::World;
use crate::sim::world::argo::Pod;
use crate::sim::world::keys::Pool;
use crate::sim::world::time::minute_start;
use crate::sim::world::traffic::Minute;

/// The upper bounds of the buckets of response times, in seconds.
const BOUNDS: [(&str, f64); 11] = [
    ("0.005", 0.005),
    ("0.01", 0.01),
    ("0.025", 0.025),
    ("0.05", 0.05),
    ("0.1", 0.1),
    ("0.25", 0.25),
    ("0.5", 0.5),
    ("1", 1.0),
    ("2.5", 2.5),
    ("5", 5.0),
    ("10", 10.0),
];
/// How long before now it goes back.
const KEPT: SignedDuration = SignedDuration::from_hours(6);

/// A counter or gauge of one pod.
pub(super) struct Series {
    pub(super) labels: Labels,
    /// The samples, by the minute that begins with them; the first one of them.
    first: i64,
    samples: Vec<f64>,
}

impl Series {
    /// The sample at the beginning of a minute.
    pub(super) fn at(&self, minute: i64) -> Option<f64> {
        let place = usize::try_from(minute - self.first).ok()?;
        self.samples.get(place).copied()
    }
}

/// All that was scraped.
pub(super) struct Scrapes {
    namespace: String,
    port: u16,
    pods: Vec<Scraped>,
}

/// A pod that was ready at some scrapes.
struct Scraped {
    pod: Pod,
    /// The first and the last minute at whose beginning it was.
    first: i64,
    last: i64,
    /// What it answered in the minutes from the first on.
    minutes: Vec<Answered>,
}

/// The part of a minute's requests that one of some pods answered.
struct Answered {
    minute: Option<Arc<Minute>>,
    place: u64,
    of: u64,
}

impl Answered {
    /// Its part of a count: all parts make the whole.
    fn part(&self, count: impl Fn(&Minute) -> u64) -> f64 {
        let whole = self.minute.as_deref().map_or(0, count);
        (whole * (self.place + 1) / self.of - whole * self.place / self.of) as f64
    }
}

fn number(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60)
}

impl Scrapes {
    /// What was scraped until a moment.
    pub(super) fn until(world: &World, at: Timestamp) -> Self {
        let Some(argo) = &world.argo else {
            return Self { namespace: String::new(), port: 0, pods: Vec::new() };
        };
        let (oldest, newest) = (number(at) - KEPT.as_secs() / 60, number(at.min(world.now())));
        // The first scrape is at the beginning of the minute after the one in which it got ready.
        let life = |pod: &Pod| {
            let first = number(pod.ready?) + 1;
            let last = pod.gone.map_or(newest, |gone| (number(gone)).min(newest));
            (first <= last && last >= oldest).then_some((first, last))
        };
        let lives: Vec<(&Pod, (i64, i64))> =
            argo.pods.iter().filter_map(|pod| Some((pod, life(pod)?))).collect();
        let scraped = |(pod, (first, last)): &(&Pod, (i64, i64))| {
            let answered = |minute: i64| {
                let start = Timestamp::from_second(60 * minute).ok()?;
                let pool = argo.served(&pod.hash, minute_start(start))?;
                Some((minute, pool))
            };
            let from = (*first).max(oldest);
            let minutes = (from - 1..*last).map(|minute| {
                let Some((minute, pool)) = answered(minute) else {
                    return Answered { minute: None, place: 0, of: 1 };
                };
                share(world, (pool, minute), pod, &lives)
            });
            Scraped { pod: (*pod).clone(), first: from, last: *last, minutes: minutes.collect() }
        };
        Self {
            namespace: argo.store.namespace().to_owned(),
            port: world.names.place.port,
            pods: lives.iter().map(scraped).collect(),
        }
    }

    /// The series that a selector means; a name that nobody exports has none.
    pub(super) fn select(&self, selector: &Selector) -> Result<Vec<Series>, String> {
        let mut found = Vec::new();
        for scraped in &self.pods {
            for (more, of) in kinds(&selector.name) {
                let mut labels = self.labels(&scraped.pod, &selector.name);
                labels.extend(more);
                if selector.matches(&labels) {
                    found.push(scraped.series(labels, &of));
                }
            }
        }
        Ok(found)
    }

    fn labels(&self, pod: &Pod, name: &str) -> Labels {
        let pairs = [
            ("__name__", name.to_owned()),
            ("namespace", self.namespace.clone()),
            ("pod", pod.name.clone()),
            ("instance", format!("{}:{}", pod.ip, self.port)),
            ("job", "pods".to_owned()),
            ("rollouts_pod_template_hash", pod.hash.clone()),
        ];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// The part that a pod has in a minute that its version answers.
fn share(
    world: &World,
    (pool, minute): (Pool, i64),
    pod: &Pod,
    lives: &[(&Pod, (i64, i64))],
) -> Answered {
    // Those that were ready at its beginning share it; in the first minute of a version, all that
    // got ready in it.
    let own = |(other, (first, last)): &&(&Pod, (i64, i64))| {
        other.hash == pod.hash && *first <= minute + 1 && *last > minute
    };
    let sharers: Vec<&str> = lives.iter().filter(own).map(|(one, _)| one.name.as_str()).collect();
    let place = sharers.iter().position(|name| *name == pod.name).unwrap_or_default();
    let start = Timestamp::from_second(60 * minute).unwrap_or(Timestamp::MIN);
    Answered {
        minute: Some(world.whole_minute(pool, start)),
        place: place as u64,
        of: sharers.len().max(1) as u64,
    }
}

/// What is counted of a minute.
enum Counted {
    Up,
    Class(fn(&Minute) -> u64),
    Within(f64),
    Answered,
    Seconds,
}

/// The series of a name: more labels, and what they count.
fn kinds(name: &str) -> Vec<(BTreeMap<String, String>, Counted)> {
    let label = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
    match name {
        "up" => vec![(Labels::new(), Counted::Up)],
        "http_requests_total" => {
            let class =
                |code, count: fn(&Minute) -> u64| (label("code", code), Counted::Class(count));
            vec![
                class("200", |minute| minute.c2xx),
                class("302", |minute| minute.c3xx),
                class("404", |minute| minute.c4xx),
                class("500", |minute| minute.c5xx),
            ]
        }
        "http_request_duration_seconds_bucket" => {
            let within = BOUNDS.map(|(text, bound)| (label("le", text), Counted::Within(bound)));
            let all = (label("le", "+Inf"), Counted::Answered);
            within.into_iter().chain([all]).collect()
        }
        "http_request_duration_seconds_count" => vec![(Labels::new(), Counted::Answered)],
        "http_request_duration_seconds_sum" => vec![(Labels::new(), Counted::Seconds)],
        _ => Vec::new(),
    }
}

impl Scraped {
    fn series(&self, labels: Labels, of: &Counted) -> Series {
        let grown = |answered: &Answered| match of {
            Counted::Up => 0.0,
            Counted::Class(count) => answered.part(count),
            Counted::Within(bound) => answered.part(|minute| minute.latency.count_at_most(*bound)),
            Counted::Answered => answered.part(|minute| minute.latency.count()),
            Counted::Seconds => {
                let whole = answered.minute.as_ref().map_or(0.0, |minute| minute.latency.sum());
                whole / answered.of as f64
            }
        };
        let first = if matches!(of, Counted::Up) { 1.0 } else { 0.0 };
        let samples = self.minutes.iter().scan(first, |sum, answered| {
            *sum += grown(answered);
            Some(*sum)
        });
        let samples: Vec<f64> = samples.collect();
        debug_assert!(samples.len() as i64 <= self.last - self.first + 1);
        Series { labels, first: self.first, samples }
    }
}
