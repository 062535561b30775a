//! What Prometheus counted for the pods of both versions, minute by minute.
//!
//! | module | what |
//! |---|---|
//! | `door` | how a Prometheus is reached, and one range of one question |
//! | `sign` | the signature that Amazon wants on it |
//! | `service` | what is counted by Service |
//! | `series` | its answer → what each side's counters grew by in each minute, pure |
//! | `histogram` | the buckets of a minute → percentiles and requests beyond an edge, pure |
//! | `translate` | what is kept → [`Metrics`], pure |
//!
//! Counters are read as they are and compared here, series by series and before they are summed:
//! `increase()` would extrapolate, and a sum hides the restart of one of its parts.

mod door;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing;
mod histogram;
mod series;
mod service;
mod sign;
mod translate;

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{
    CountedBy, Fault, FaultKind, LatencyEdge, Metrics, Prometheus, Quantile, Side, Target,
};
use crate::stats::{Config, Edge, Growth};

use super::kept::{Answer, Kept};
use super::owners::Owners;
use super::query::id;
use super::span::Span;
use crate::sources::argo::Cluster;
use crate::sources::aws::Aws;
use door::Door;
use jiff::Timestamp;
use series::{Bound, Grown};
pub(crate) use service::Services;

/// The pods of which versions are which side's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Versions {
    /// What is watched.
    pub(crate) target: Target,
    /// Blue's pods.
    pub(crate) blue: Pods,
    /// Green's.
    pub(crate) green: Pods,
    /// When the rollout began; what blue did before is its history.
    pub(crate) began: Option<Timestamp>,
}

/// The pods of one side.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Pods {
    /// The namespace they run in.
    pub(crate) namespace: String,
    /// The names of their ReplicaSets, with which their own names begin.
    pub(crate) sets: Vec<String>,
}

impl Versions {
    /// The pods of a side.
    fn pods(&self, side: Side) -> &Pods {
        match side {
            Side::Blue => &self.blue,
            Side::Green => &self.green,
        }
    }
}

/// Whose requests are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Whose {
    /// Those of the pods of each side.
    Pods(Versions),
    /// Those that go to Services: what is kept as a side's is a Service's.
    Services(Services),
}

impl Whose {
    /// What is watched.
    pub(crate) fn target(&self) -> &Target {
        match self {
            Self::Pods(versions) => &versions.target,
            Self::Services(services) => &services.target,
        }
    }

    /// When the rollout began.
    pub(crate) fn began(&self) -> Option<Timestamp> {
        match self {
            Self::Pods(versions) => versions.began,
            Self::Services(services) => services.began,
        }
    }
}

/// A Prometheus, the cluster that it is in, and the sides whose pods it counts.
#[derive(Clone)]
pub(crate) struct Counter {
    pub(crate) prometheus: Prometheus,
    pub(crate) cluster: Cluster,
    pub(crate) sides: Vec<Side>,
}

/// What is measured: another one begins from nothing.
#[derive(Debug, Clone, PartialEq)]
struct Subject {
    whose: Whose,
    margins: [(Growth, Growth); 3],
}

/// Reads the metrics of a rollout again and again, and asks only for what is new.
#[derive(Clone, Default)]
pub(crate) struct Reader {
    subject: Option<Subject>,
    /// The ways that were found, by the sides that are counted there.
    doors: BTreeMap<Vec<Side>, Door>,
    kept: Kept,
    /// The bounds of the latency's buckets in seconds, ascending, without the infinite one.
    bounds: BTreeSet<Bound>,
    /// The sides that were ever seen: before that a side without counters has had no requests.
    seen: BTreeSet<Side>,
    /// The latencies that requests are counted above, once blue's history is complete.
    edges: Option<Vec<LatencyEdge>>,
    /// Why one side could not be counted the last time while the other one was.
    trouble: Option<Fault>,
}

impl Reader {
    /// The metrics over `span`, each minute given to whom it belongs where that is not said by pods, and
    /// the reader with what it learnt. One of several counters that fails leaves what the others
    /// count.
    pub(crate) async fn read(
        mut self,
        (counters, aws): (&[Counter], &Aws),
        (whose, owners): (Whose, Option<&Owners>),
        span: Span,
        config: &Config,
    ) -> (Result<Metrics, Fault>, Self) {
        let margins = Quantile::ALL.map(|quantile| config.latency(quantile).growth());
        let subject = Subject { whose, margins };
        if self.subject.as_ref() != Some(&subject) {
            self = Self::default();
        }
        let result = self.refresh((counters, aws), &subject, span).await;
        let view = match owners {
            Some(owners) => Self { kept: self.kept.by(owners), ..self.clone() },
            None => self.clone(),
        };
        if self.edges.is_none() && result.is_ok() {
            self.edges = view.edges(&subject, span);
        }
        let view = Self { edges: self.edges.clone(), ..view };
        let result = result.map(|()| translate::metrics(&view, counters, span));
        self.subject = Some(subject);
        (result, self)
    }

    /// Why one side could not be counted the last time while the other one was.
    pub(crate) fn trouble(&self) -> Option<&Fault> {
        self.trouble.as_ref()
    }

    async fn refresh(
        &mut self,
        (counters, aws): (&[Counter], &Aws),
        subject: &Subject,
        span: Span,
    ) -> Result<(), Fault> {
        let ways = counters.iter().map(|counter| {
            let known = self.doors.get(&counter.sides).cloned();
            let open = || Door::open(&counter.prometheus.address, aws, &counter.cluster);
            (counter, known.map_or_else(open, Ok))
        });
        let (whose, kept) = (&subject.whose, &self.kept);
        let asking = ways.map(|(counter, door)| async move {
            let ids = counter.sides.iter().map(|side| id(*side, "requests"));
            let from = ids.map(|id| kept.missing_from(&id, span)).min().unwrap_or(span.start);
            let grown = match &door {
                Ok(door) => count(door, counter, whose, from..span.end).await,
                Err(fault) => Err(fault.clone()),
            };
            (counter, door.ok(), from, grown)
        });
        let answers = futures::future::join_all(asking).await;
        let (mut found, mut faults) = (0, Vec::new());
        for (counter, door, from, grown) in answers {
            if let Some(door) = door {
                self.doors.insert(counter.sides.clone(), door);
            }
            match grown {
                Ok(grown) => {
                    found += 1;
                    self.keep(&grown, &counter.sides, from, span);
                }
                Err(fault) => faults.push(fault),
            }
        }
        self.trouble = faults.pop();
        match self.trouble.take_if(|_| found == 0) {
            Some(fault) => Err(fault),
            None if self.seen.is_empty() => Err(self.nothing(counters, whose)),
            None => Ok(()),
        }
    }

    /// Nobody counts anything of either side.
    fn nothing(&self, counters: &[Counter], whose: &Whose) -> Fault {
        let counter = counters.first().and_then(|counter| self.doors.get(&counter.sides));
        let operation = counter.map_or("prometheus:query_range", Door::operation);
        let what = match whose {
            Whose::Pods(versions) => format!("of the pods of {}", versions.green.sets.join(", ")),
            Whose::Services(services) => format!("to {}", services.names.join(" and ")),
        };
        let text = format!("Prometheus counts no requests {what}");
        Fault::new(FaultKind::Absent, operation, text)
    }

    /// Keeps what the counters of the sides that are counted together grew by from a minute on.
    fn keep(&mut self, grown: &Grown, sides: &[Side], from: i64, span: Span) {
        for side in sides.iter().copied() {
            let counted = |side: Side, minute: i64| grown.requests(side, minute).is_some();
            let born = self.seen.contains(&side);
            let first = (from..span.end).find(|minute| counted(side, *minute));
            // While nobody's counters are there, it is Prometheus that was not.
            let unknown = |minute: i64| {
                let lives = born || first.is_some_and(|first| first <= minute);
                lives && sides.iter().all(|side| !counted(*side, minute))
            };
            for (name, growth) in grown.of_side(side) {
                let gap = |minute| unknown(minute).then_some(f64::NAN);
                let cells = (from..span.end).filter_map(|minute| {
                    let value = growth.get(&minute).copied().or_else(|| gap(minute))?;
                    Some((60 * minute, value))
                });
                self.kept.put(&id(side, &name), &Answer::complete(cells.collect()), from, span);
            }
        }
        self.seen.extend(&grown.seen);
        self.bounds.extend(&grown.bounds);
    }

    /// Blue's percentiles over its history; nothing before that is complete.
    fn edges(&self, subject: &Subject, span: Span) -> Option<Vec<LatencyEdge>> {
        let history = span.history()?;
        let edge = |(quantile, growth): (Quantile, (Growth, Growth))| {
            let percentile = |minute| {
                let (buckets, timed) = translate::buckets(self, Side::Blue, minute)?;
                histogram::percentile(quantile, &buckets, timed)
            };
            let known: Vec<Option<f64>> = history.clone().map(percentile).collect();
            let [edge, ignored, accepted] =
                Edge::from_history(quantile, &known)?.thresholds(growth);
            // Beyond the last bound nothing is counted.
            let last = self.bounds.last()?.0;
            (accepted < last).then_some(LatencyEdge { quantile, edge, ignored, accepted })
        };
        Some(Quantile::ALL.into_iter().zip(subject.margins).filter_map(edge).collect())
    }
}

/// Asks one Prometheus what its sides' counters grew by.
async fn count(
    door: &Door,
    counter: &Counter,
    whose: &Whose,
    minutes: std::ops::Range<i64>,
) -> Result<Grown, Fault> {
    let (sides, unit) = (counter.sides.as_slice(), counter.prometheus.latency_unit);
    let range = (minutes.start, minutes.end);
    match whose {
        Whose::Pods(versions) => {
            let pods: Vec<&Pods> = sides.iter().map(|side| versions.pods(*side)).collect();
            let query = |selector: &str, by: &str| series::query(selector, by, &pods);
            let [requests, errors, buckets] =
                ask(door, counter, ("pod, instance", &query), range).await?;
            Ok(Grown::of((versions, sides, unit), (&requests, &errors, &buckets), minutes))
        }
        Whose::Services(services) => {
            let is_nginx = counter.prometheus.counted_by == CountedBy::Ingress;
            let by = if is_nginx {
                "instance, namespace, exported_namespace, service, exported_service"
            } else {
                "instance"
            };
            let mut grown = Grown::default();
            for (place, name) in [Side::Blue, Side::Green].into_iter().zip(&services.names) {
                let query = |selector: &str, by: &str| services.query(selector, by, name);
                let answers = ask(door, counter, (by, &query), range).await?;
                let own = |all| if is_nginx { services.own(all) } else { all.iter().collect() };
                let answers = answers.each_ref().map(|all| own(all.as_slice()));
                grown.take((&|_| Some(place), unit), answers, &minutes);
            }
            Ok(grown)
        }
    }
}

/// How a selector becomes a question whose answers are told apart by some labels.
type Query<'a> = &'a (dyn Fn(&str, &str) -> String + Sync);

/// The samples of requests, errors and latency buckets.
async fn ask(
    door: &Door,
    counter: &Counter,
    (by, query): (&str, Query<'_>),
    range: (i64, i64),
) -> Result<[Vec<series::Series>; 3], Fault> {
    let Prometheus { requests, errors, latency, .. } = &counter.prometheus;
    let ask = |selector: &str, by: &str| {
        let query = query(selector, by);
        async move { door.range(&query, range).await }
    };
    let (requests, errors) = tokio::try_join!(ask(requests, by), ask(errors, by))?;
    let buckets = match latency {
        Some(selector) => ask(selector, &format!("{by}, le")).await?,
        None => Vec::new(),
    };
    Ok([requests, errors, buckets])
}
