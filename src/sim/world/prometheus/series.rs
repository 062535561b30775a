//! What pods count, scrape by scrape: their parts of the requests that their version answers.

use std::collections::HashMap;
use std::rc::Rc;

use jiff::Timestamp;

use super::Labels;
use super::ingress::Gates;
use super::parse::Selector;
use crate::sim::world::World;
use crate::sim::world::argo::Pod;
use crate::sim::world::keys::Pool;
use crate::sim::world::traffic::Minute;

/// The upper bounds of the buckets of response times, in seconds.
pub(super) const BOUNDS: [(&str, f64); 11] = [
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
/// The codes of answers that are told apart.
pub(super) const CODES: [&str; 4] = ["200", "302", "404", "500"];

/// A counter or gauge of one pod.
pub(super) struct Series {
    pub(super) labels: Labels,
    /// The samples, by the minute that begins with them; the first one of them.
    first: i64,
    samples: Vec<f64>,
}

impl Series {
    /// Samples from the minute on that begins with the first of them.
    pub(super) fn new(labels: Labels, first: i64, samples: Vec<f64>) -> Self {
        Self { labels, first, samples }
    }

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
    gates: Option<Gates>,
}

/// A pod that was ready at some scrapes.
struct Scraped {
    pod: Pod,
    /// The first minute at whose beginning it was.
    first: i64,
    /// Its parts of the minutes before each scrape.
    parts: Vec<Part>,
}

/// The part of a minute's requests that one of some pods answered.
struct Part {
    tally: Rc<Tally>,
    place: u64,
    of: u64,
}

/// What all pods of a version counted in a minute.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) codes: [u64; CODES.len()],
    pub(super) within: [u64; BOUNDS.len()],
    pub(super) answered: u64,
    seconds: f64,
}

impl Tally {
    pub(super) fn of(minute: &Minute) -> Self {
        Self {
            codes: [minute.c2xx, minute.c3xx, minute.c4xx, minute.c5xx],
            within: BOUNDS.map(|(_, bound)| minute.latency.count_at_most(bound)),
            answered: minute.latency.count(),
            seconds: minute.latency.sum(),
        }
    }
}

impl Part {
    /// Its part of a count: all parts make the whole.
    fn part(&self, count: impl Fn(&Tally) -> u64) -> f64 {
        let whole = count(&self.tally);
        (whole * (self.place + 1) / self.of - whole * self.place / self.of) as f64
    }
}

/// A pod, with the first and the last minute at whose beginning it was ready.
type Life<'a> = (&'a Pod, i64, i64);

impl Scrapes {
    fn of(port: u16, gates: Option<Gates>) -> Self {
        Self { namespace: String::new(), port, pods: Vec::new(), gates }
    }

    /// What was scraped until a moment.
    pub(super) fn until(world: &World, at: Timestamp) -> Self {
        let mut scrapes = Self::of(world.names.place.port, Gates::until(world, at));
        let Some(argo) = &world.argo else { return scrapes };
        argo.store.namespace().clone_into(&mut scrapes.namespace);
        let number = |at: Timestamp| at.as_second().div_euclid(60);
        let (oldest, newest) = (number(argo.scraped_since), number(at.min(world.now())));
        let life = |pod: &Pod| {
            let first = (number(pod.ready?) + 1).max(oldest);
            let last = pod.gone.map_or(newest, |gone| number(gone).min(newest));
            (first <= last).then_some((first, last))
        };
        let lives = argo.pods.iter().filter_map(|pod| life(pod).map(|(from, to)| (pod, from, to)));
        let lives: Vec<Life<'_>> = lives.collect();
        let nothing = Rc::new(Tally::default());
        let mut known: HashMap<(Pool, i64), Rc<Tally>> = HashMap::new();
        let mut tally = |hash: &str, minute: i64| {
            let start = Timestamp::from_second(60 * minute).ok();
            let served = start.and_then(|start| Some((argo.served(hash, start)?, start)));
            let Some((pool, start)) = served else { return nothing.clone() };
            let draw = || Rc::new(Tally::of(&world.whole_minute(pool, start)));
            known.entry((pool, minute)).or_insert_with(draw).clone()
        };
        for (pod, first, last) in &lives {
            let parts = (*first..=*last).map(|minute| {
                let before = minute - 1;
                let (place, of) = share(pod, before, &lives);
                // Where it begins nothing has been counted yet.
                let begins = minute == oldest;
                let tally = if begins { nothing.clone() } else { tally(&pod.hash, before) };
                Part { tally, place, of }
            });
            let parts = parts.collect();
            scrapes.pods.push(Scraped { pod: (*pod).clone(), first: *first, parts });
        }
        scrapes
    }

    /// The series that a selector means; a name that nobody exports has none.
    pub(super) fn select(&self, selector: &Selector) -> Vec<Series> {
        let mut found: Vec<Series> =
            self.gates.iter().flat_map(|gates| gates.select(selector)).collect();
        for scraped in &self.pods {
            for (more, of) in kinds(&selector.name) {
                let mut labels = self.labels(&scraped.pod, &selector.name);
                labels.extend(more.map(|(name, value)| (name.to_owned(), value.to_owned())));
                if selector.matches(&labels) {
                    found.push(scraped.series(labels, &of));
                }
            }
        }
        found
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

/// Which of how many pods it is that share a minute of its version: those that were ready at the
/// scrape at its end.
fn share(pod: &Pod, minute: i64, lives: &[Life<'_>]) -> (u64, u64) {
    let own = |(other, first, last): &&Life<'_>| {
        other.hash == pod.hash && *first <= minute + 1 && *last > minute
    };
    let sharers = lives.iter().filter(own).map(|(one, ..)| one.name.as_str());
    let (mut place, mut of) = (0, 0);
    for (index, name) in sharers.enumerate() {
        if name == pod.name {
            place = index as u64;
        }
        of += 1;
    }
    (place, of.max(1))
}

/// What is counted of a minute.
enum Counted {
    Up,
    Code(usize),
    Within(usize),
    Answered,
    Seconds,
}

/// The series of a name: one more label, and what they count.
fn kinds(name: &str) -> Vec<(Option<(&'static str, &'static str)>, Counted)> {
    match name {
        "up" => vec![(None, Counted::Up)],
        "http_requests_total" => {
            let code = |(index, code)| (Some(("code", code)), Counted::Code(index));
            CODES.into_iter().enumerate().map(code).collect()
        }
        "http_request_duration_seconds_bucket" => {
            let within = |(index, (text, _))| (Some(("le", text)), Counted::Within(index));
            let all = (Some(("le", "+Inf")), Counted::Answered);
            BOUNDS.into_iter().enumerate().map(within).chain([all]).collect()
        }
        "http_request_duration_seconds_count" => vec![(None, Counted::Answered)],
        "http_request_duration_seconds_sum" => vec![(None, Counted::Seconds)],
        _ => Vec::new(),
    }
}

impl Scraped {
    fn series(&self, labels: Labels, of: &Counted) -> Series {
        let grown = |part: &Part| match of {
            Counted::Up => 0.0,
            Counted::Code(index) => part.part(|tally| tally.codes[*index]),
            Counted::Within(index) => part.part(|tally| tally.within[*index]),
            Counted::Answered => part.part(|tally| tally.answered),
            Counted::Seconds => part.tally.seconds / part.of as f64,
        };
        let first = if matches!(of, Counted::Up) { 1.0 } else { 0.0 };
        let samples = self.parts.iter().scan(first, |sum, part| {
            *sum += grown(part);
            Some(*sum)
        });
        Series { labels, first: self.first, samples: samples.collect() }
    }
}
