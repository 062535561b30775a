//! What the ingress controller counts: the requests of the Rollout's ingress, those that were led on to
//! the canary's Service with a label of their own.
//!
//! As the real one it names for every request the ingress and the Service that it came in for, also
//! where it was led on to the other one; and whoever scrapes it has a namespace and a Service of the
//! controller's own, so that these names are found with `exported_` before them.

use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};

use super::Labels;
use super::parse::Selector;
use super::series::{BOUNDS, CODES, Series, Tally};
use crate::sim::world::World;
use crate::sim::world::argo::Gate;
use crate::sim::world::keys::Pool;
use crate::sim::world::time::{after, seconds_between};

/// Where it is scraped.
const INSTANCE: &str = "10.0.99.7:10254";

/// All that was scraped of it.
pub(super) struct Gates {
    names: Names,
    /// The first scrape.
    first: i64,
    /// The requests of the minute before each scrape.
    minutes: Vec<Vec<Part>>,
}

/// What its labels say.
#[derive(Default)]
struct Names {
    namespace: String,
    ingress: String,
    service: String,
    canary: String,
}

/// What a stream of requests counted in a minute, and the share of it that went to the canary's Service.
#[derive(Clone)]
struct Part {
    tally: Rc<Tally>,
    canary: f64,
}

impl Part {
    /// What the stable Service, or the canary's, has of a count: both together have all of it.
    fn of(&self, role: usize, count: impl Fn(&Tally) -> u64) -> u64 {
        let whole = count(&self.tally);
        let canary = ((whole as f64 * self.canary).round() as u64).min(whole);
        if role == 0 { whole - canary } else { canary }
    }
}

impl Gates {
    /// What was scraped until a moment; nothing where no ingress of nginx holds weights.
    pub(super) fn until(world: &World, at: Timestamp) -> Option<Self> {
        let argo = world.argo.as_ref()?;
        let [stable, canary] = argo.ingress_services()?;
        let number = |at: Timestamp| at.as_second().div_euclid(60);
        let (first, last) = (number(argo.scraped_since), number(at.min(world.now())));
        let namespace = argo.store.namespace().to_owned();
        let names = Names {
            canary: format!("{namespace}-{canary}-80"),
            ingress: argo.ingress().to_owned(),
            service: stable,
            namespace,
        };
        let minutes = (first..=last).map(|scrape| {
            let start = Timestamp::from_second(60 * (scrape - 1)).ok();
            match start.filter(|_| scrape > first) {
                Some(start) => parts(world, argo.gates(), start),
                None => Vec::new(),
            }
        });
        Some(Self { names, first, minutes: minutes.collect() })
    }

    /// The series that a selector means.
    pub(super) fn select(&self, selector: &Selector) -> Vec<Series> {
        let mut found = Vec::new();
        for role in [0, 1] {
            for (more, count) in kinds(&selector.name) {
                let labels = self.labels(role, &selector.name, more);
                if selector.matches(&labels) {
                    let grown = |minute: &Vec<Part>| -> u64 {
                        minute.iter().map(|part| part.of(role, &*count)).sum()
                    };
                    let samples = self.minutes.iter().scan(0, |sum, minute| {
                        *sum += grown(minute);
                        Some(*sum as f64)
                    });
                    found.push(Series::new(labels, self.first, samples.collect()));
                }
            }
        }
        found
    }

    fn labels(&self, role: usize, name: &str, more: (&str, &str)) -> Labels {
        let Names { namespace, ingress, service, canary } = &self.names;
        let canary = (role == 1).then_some(("canary", canary.as_str()));
        let pairs = [
            ("__name__", name),
            ("controller_class", "k8s.io/ingress-nginx"),
            ("exported_namespace", namespace),
            ("exported_service", service),
            ("ingress", ingress),
            ("instance", INSTANCE),
            ("method", "GET"),
            ("namespace", "ingress-nginx"),
            ("path", "/"),
            ("service", "ingress-nginx-controller-metrics"),
            more,
        ];
        let pairs = pairs.into_iter().chain(canary);
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

/// The requests of a minute.
fn parts(world: &World, gates: &[Gate], start: Timestamp) -> Vec<Part> {
    let end = after(start, SignedDuration::from_mins(1));
    let part = |pool: Pool| {
        // What each role had of the stream, in seconds of all requests.
        let mut had = [0.0, 0.0];
        for (index, gate) in gates.iter().enumerate() {
            let until = gates.get(index + 1).map_or(end, |next| next.since.min(end));
            let span = seconds_between(gate.since.max(start), until).max(0.0);
            for (had, (of, share)) in had.iter_mut().zip(&gate.roles) {
                *had += if *of == pool { span * share } else { 0.0 };
            }
        }
        let whole: f64 = had.iter().sum();
        (whole > 0.0).then(|| Part {
            tally: Rc::new(Tally::of(&world.whole_minute(pool, start))),
            canary: had[1] / whole,
        })
    };
    Pool::ALL.into_iter().filter_map(part).collect()
}

/// How something is counted.
type Count = Box<dyn Fn(&Tally) -> u64>;

/// The series of a name: one more label, and what they count.
fn kinds(name: &str) -> Vec<((&'static str, &'static str), Count)> {
    match name {
        "nginx_ingress_controller_requests" => {
            let code = |(index, code): (usize, &'static str)| {
                let count: Count = Box::new(move |tally: &Tally| tally.codes[index]);
                (("status", code), count)
            };
            CODES.into_iter().enumerate().map(code).collect()
        }
        "nginx_ingress_controller_request_duration_seconds_bucket" => {
            let within = |(index, (text, _)): (usize, (&'static str, f64))| {
                let count: Count = Box::new(move |tally: &Tally| tally.within[index]);
                (("le", text), count)
            };
            let all: Count = Box::new(|tally: &Tally| tally.answered);
            BOUNDS.into_iter().enumerate().map(within).chain([(("le", "+Inf"), all)]).collect()
        }
        _ => Vec::new(),
    }
}
