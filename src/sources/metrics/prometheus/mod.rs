//! What Prometheus counted for the pods of both versions, minute by minute.
//!
//! | module | what |
//! |---|---|
//! | `door` | how a Prometheus is reached, and one range of one question |
//! | `sign` | the signature that Amazon wants on it |
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
mod sign;
mod translate;

use std::collections::BTreeSet;

use crate::domain::{Fault, FaultKind, LatencyEdge, Metrics, Prometheus, Quantile, Side, Target};
use crate::stats::{Config, Edge, Growth};

use super::kept::{Answer, Kept};
use super::query::id;
use super::span::Span;
use crate::sources::argo::Cluster;
use crate::sources::aws::Aws;
use door::Door;
use jiff::Timestamp;
use series::{Bound, Grown};

/// The pods of which version are which side's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Versions {
    /// What is watched.
    pub(crate) target: Target,
    /// The namespace they run in.
    pub(crate) namespace: String,
    /// The name of blue's ReplicaSet, with which the names of its pods begin.
    pub(crate) blue: String,
    /// The name of green's.
    pub(crate) green: String,
    /// When the rollout began; what blue did before is its history.
    pub(crate) began: Option<Timestamp>,
}

/// What is measured: another one begins from nothing.
#[derive(Debug, Clone, PartialEq)]
struct Subject {
    versions: Versions,
    margins: [(Growth, Growth); 3],
}

/// Reads the metrics of a rollout again and again, and asks only for what is new.
#[derive(Clone, Default)]
pub(crate) struct Reader {
    subject: Option<Subject>,
    door: Option<Door>,
    kept: Kept,
    /// The bounds of the latency's buckets, ascending, without the infinite one.
    bounds: BTreeSet<Bound>,
    /// How many seconds a bound of 1 is.
    unit: f64,
    /// The sides that were ever seen: before that a side without counters has had no requests.
    seen: BTreeSet<Side>,
    /// The latencies that requests are counted above, once blue's history is complete.
    edges: Option<Vec<LatencyEdge>>,
}

impl Reader {
    /// The metrics of `versions` over `span`, and the reader with what it learnt.
    pub(crate) async fn read(
        mut self,
        (prometheus, aws, cluster): (&Prometheus, &Aws, &Cluster),
        versions: Versions,
        span: Span,
        config: &Config,
    ) -> (Result<Metrics, Fault>, Self) {
        let margins = Quantile::ALL.map(|quantile| config.latency(quantile).growth());
        let subject = Subject { versions, margins };
        if self.subject.as_ref() != Some(&subject) {
            self = Self::default();
        }
        self.unit = prometheus.latency_unit;
        let door = match self.door.take() {
            Some(door) => Ok(door),
            None => Door::open(&prometheus.address, aws, cluster),
        };
        let result = match door {
            Ok(door) => {
                let result = self.refresh(&door, prometheus, &subject, span).await;
                self.door = Some(door);
                result
            }
            Err(fault) => Err(fault),
        };
        let result = result.map(|()| translate::metrics(&self, prometheus, span));
        self.subject = Some(subject);
        (result, self)
    }

    async fn refresh(
        &mut self,
        door: &Door,
        prometheus: &Prometheus,
        subject: &Subject,
        span: Span,
    ) -> Result<(), Fault> {
        let versions = &subject.versions;
        let from = [Side::Blue, Side::Green].map(|side| id(side, "requests"));
        let from = from.iter().map(|id| self.kept.missing_from(id, span)).min();
        let from = from.unwrap_or(span.start);
        let ask = async |selector: &str, by: &str| {
            let query = series::query(selector, by, versions);
            door.range(&query, (from, span.end)).await
        };
        let (requests, errors) = tokio::try_join!(
            ask(&prometheus.requests, "pod, instance"),
            ask(&prometheus.errors, "pod, instance"),
        )?;
        let buckets = match &prometheus.latency {
            Some(selector) => ask(selector, "pod, instance, le").await?,
            None => Vec::new(),
        };
        let grown = Grown::of(versions, (&requests, &errors, &buckets), from..span.end);
        if self.seen.is_empty() && grown.seen.is_empty() {
            return Err(Fault::new(
                FaultKind::Absent,
                door.operation(),
                format!("Prometheus counts no requests of the pods of {}", versions.green),
            ));
        }
        self.keep(&grown, from, span);
        if self.edges.is_none() {
            self.edges = self.edges(subject, span);
        }
        Ok(())
    }

    /// Keeps what each side's counters grew by from a minute on.
    fn keep(&mut self, grown: &Grown, from: i64, span: Span) {
        for side in [Side::Blue, Side::Green] {
            let other = match side {
                Side::Blue => Side::Green,
                Side::Green => Side::Blue,
            };
            let counted = |side: Side, minute: i64| grown.requests(side, minute).is_some();
            let born = self.seen.contains(&side);
            let first = (from..span.end).find(|minute| counted(side, *minute));
            // While nobody's counters are there, it is Prometheus that was not.
            let unknown = |minute: i64| {
                let lives = born || first.is_some_and(|first| first <= minute);
                lives && !counted(side, minute) && !counted(other, minute)
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
            let last = self.bounds.last()?.0 * self.unit;
            (accepted < last).then_some(LatencyEdge { quantile, edge, ignored, accepted })
        };
        Some(Quantile::ALL.into_iter().zip(subject.margins).filter_map(edge).collect())
    }
}
