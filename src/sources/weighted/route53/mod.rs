//! Two weighted records of one name in Route 53.
//!
//! | module | what |
//! |---|---|
//! | `find` | the calls |
//! | `records` | which two records, and the call that sets them: pure |
//! | `sync` | whether the name servers answer with the newest: pure |
//! | `translate` | raw answers → one snapshot, pure |
//! | `orders` | reading again before an order, and its one call |
//!
//! The whole account has five requests a second here, over all Regions and everybody in it. Watching
//! takes one in ten seconds, and after an order two in five.

mod find;
pub(super) mod orders;
mod records;
mod sync;
#[cfg(test)]
mod tests;
mod translate;

use std::collections::BTreeMap;

use futures::future::FutureExt;
use jiff::Timestamp;

use crate::domain::{Fact, Fault, Identity, Origin, Phase, Side, Snapshot, Source, Target};
use crate::sources::around::{self, Around, Route, Surroundings, Whereabouts, age};
use crate::sources::aws::Aws;
use crate::sources::metrics::Measured;
use crate::sources::pace::{Pace, Rhythm};
use crate::sources::poll::{self, Ask, Kept, Kind, Question, replace};

use super::memory::Memory;
use super::sides::Roles;
use super::{PHASE, unfit};
use find::Balancers;
use records::{Pair, RECORDS, identifier};
pub(crate) use sync::Sync;

/// The records that are watched.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The zone's id or name.
    zone: String,
    /// The records' name.
    name: String,
    /// Their type.
    kind: String,
    /// The identifier of blue, where a person has said it.
    blue: Option<String>,
    /// Where a person says that blue and green are measured.
    named: [Option<Origin>; 2],
}

impl Place {
    /// The place that a target names, if it is one.
    pub(crate) fn of(target: &Target) -> Option<Self> {
        let Target::Route53 { zone, name, kind, blue } = target else { return None };
        let (zone, name, kind) = (zone.clone(), name.clone(), kind.clone());
        Some(Self { zone, name, kind, blue: blue.clone(), named: [None, None] })
    }

    /// Where a person says that a side is measured.
    fn named(&self, side: Side) -> Option<&Origin> {
        let [blue, green] = &self.named;
        match side {
            Side::Blue => blue.as_ref(),
            Side::Green => green.as_ref(),
        }
    }

    fn target(&self) -> Target {
        let Self { zone, name, kind, blue, .. } = self.clone();
        Target::Route53 { zone, name, kind, blue }
    }

    fn record(&self) -> (&str, &str) {
        (&self.name, &self.kind)
    }
}

/// What is known of two records.
pub(crate) struct Route53 {
    place: Place,
    memory: Memory,
    raw: Raw,
    /// A Prometheus counts both sides.
    is_counted: bool,
}

/// What the APIs said, each part with its age.
#[derive(Debug, Clone, Default)]
pub(crate) struct Raw {
    /// The id of the zone; it never changes.
    pub(crate) zone: Fact<String>,
    /// The records, with which of them is blue.
    pub(crate) records: Fact<(Pair, Roles)>,
    /// Whether a change of this program is everywhere.
    pub(crate) change: Fact<()>,
    /// What the name servers answer, as far as that is known.
    pub(crate) sync: Option<Sync>,
    /// The load balancers that the records lead to, by their names in DNS.
    pub(crate) balancers: Fact<Balancers>,
    /// The targets' health and the metrics.
    pub(crate) around: Surroundings,
}

/// One part of it, asked for by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// The id of the zone.
    Zone,
    /// The two records.
    Records,
    /// A change on its way.
    Change,
    /// The load balancers behind the records.
    Balancers,
    /// Health or metrics.
    Around(Around),
}

impl poll::Part for Part {
    fn all() -> impl Iterator<Item = Self> {
        let around = [Around::Health, Around::Metrics].map(Part::Around);
        [Part::Zone, Part::Records, Part::Change, Part::Balancers].into_iter().chain(around)
    }

    fn source(self) -> Source {
        match self {
            Part::Zone | Part::Records | Part::Change => Source::Route53,
            Part::Balancers => Source::LoadBalancer,
            Part::Around(part) => part.source(),
        }
    }

    fn shows_an_order(self) -> bool {
        matches!(self, Part::Records | Part::Change)
    }

    fn period(self, pace: Pace) -> f64 {
        match self {
            Part::Zone => 15.0,
            Part::Records | Part::Change => Rhythm { usual: 10.0, hurry: 5.0, over: 60.0 }.at(pace),
            Part::Balancers => 300.0,
            Part::Around(part) => part.period(pace),
        }
    }
}

/// What one part answered.
pub(crate) enum Answer {
    Zone(Result<String, Fault>),
    Records(Box<Result<Pair, Fault>>),
    Change(String, Result<bool, Fault>),
    Balancers(Result<Balancers, Fault>),
    Around(around::Answer),
}

impl Route53 {
    /// Nothing is known yet of the records at this place.
    pub(crate) fn new(
        aws: &Aws,
        (zone, name, kind, blue): (&str, &str, &str, Option<&str>),
    ) -> Self {
        let (zone, name, kind) = (zone.to_owned(), name.to_owned(), kind.to_owned());
        let mut place =
            Place { zone, name, kind, blue: blue.map(str::to_owned), named: [None, None] };
        let said = aws.sides().of(&place.target());
        place.named = said.each_ref().map(|side| side.origin.clone());
        let is_counted = said.iter().any(|side| side.prometheus.is_some());
        Self { place, memory: aws.weighted().clone(), raw: Raw::default(), is_counted }
    }
}

/// Which of the two records is blue.
fn roles(memory: &Memory, place: &Place, pair: &Pair) -> Result<Roles, Fault> {
    let weights =
        pair.records.each_ref().map(|record| (identifier(record), translate::raw(record)));
    let found = memory.roles(&place.target(), weights, place.blue.as_deref());
    found.map_err(|why| unfit(RECORDS, why))
}

impl Kind for Route53 {
    type Part = Part;
    type Answer = Answer;

    fn question(&self, aws: &Aws, part: Part, ask: Ask) -> Option<Question<Answer>> {
        let (aws, raw) = (aws.clone(), &self.raw);
        Some(match part {
            Part::Zone if raw.zone.fresh().is_some() => return None,
            Part::Zone => {
                let zone = self.place.zone.clone();
                async move { Answer::Zone(find::zone(&aws, &zone).await) }.boxed()
            }
            Part::Records => {
                let (zone, place) = (raw.zone.value()?.clone(), self.place.clone());
                async move {
                    Answer::Records(Box::new(find::pair(&aws, &zone, place.record()).await))
                }
                .boxed()
            }
            Part::Change => {
                let id = self.memory.answers(&self.place.target())?.pending()?.to_owned();
                async move {
                    let found = find::is_in_sync(&aws, &id).await;
                    Answer::Change(id, found)
                }
                .boxed()
            }
            Part::Balancers => {
                let names = translate::aliases(&raw.records.value()?.0);
                if names.is_empty() {
                    return None;
                }
                async move { Answer::Balancers(find::balancers(&aws, names).await) }.boxed()
            }
            Part::Around(part) => {
                raw.around.question(&aws, part, self, ask)?.map(Answer::Around).boxed()
            }
        })
    }

    fn keep(&mut self, answer: Answer, now: Timestamp) -> Kept<Part> {
        let (target, raw) = (self.place.target(), &mut self.raw);
        let (part, fault) = match answer {
            Answer::Zone(result) => (Part::Zone, replace(&mut raw.zone, result, now)),
            Answer::Records(result) => {
                let result = result.and_then(|pair| {
                    let roles = roles(&self.memory, &self.place, &pair)?;
                    Ok((pair, roles))
                });
                if let Ok((pair, roles)) = &result
                    && let Some(newest) = translate::split(pair, roles)
                {
                    self.memory.looked(&target, newest, now);
                }
                (Part::Records, replace(&mut raw.records, result, now))
            }
            Answer::Change(id, result) => {
                self.memory.note(&target, |sync| match &result {
                    Ok(true) => sync.is_in_sync(&id, now),
                    Err(fault) if !fault.passes_by_itself() => sync.is_not_told(&id),
                    Ok(false) | Err(_) => {}
                });
                (Part::Change, replace(&mut raw.change, result.map(|_| ()), now))
            }
            Answer::Balancers(result) => {
                let part = result
                    .as_ref()
                    .ok()
                    .and_then(|found| found.values().find_map(|one| one.as_ref().err()).cloned());
                (Part::Balancers, replace(&mut raw.balancers, result, now).or(part))
            }
            Answer::Around(answer) => {
                let (part, fault) = raw.around.keep(answer, now);
                (Part::Around(part), fault)
            }
        };
        self.raw.sync = self.memory.answers(&target);
        Kept { part, fault, anew: false }
    }

    fn phase(&self) -> Option<Phase> {
        self.raw.records.value().map(|_| PHASE)
    }

    fn age(&self, part: Part) -> (Option<Timestamp>, Option<Fault>) {
        match part {
            Part::Zone => age(&self.raw.zone),
            Part::Records => age(&self.raw.records),
            Part::Change => age(&self.raw.change),
            Part::Balancers => age(&self.raw.balancers),
            Part::Around(part) => self.raw.around.age(part),
        }
    }

    fn snapshot(&self, identity: &Fact<Identity>, now: Timestamp) -> Snapshot {
        translate::snapshot(&self.place, identity, &self.raw, now)
    }
}

impl Whereabouts for Route53 {
    fn target(&self) -> Target {
        self.place.target()
    }

    fn service(&self) -> Option<(String, String)> {
        None
    }

    fn target_groups(&self) -> Option<(Vec<String>, BTreeMap<String, String>)> {
        // By their ARNs: groups of two Regions may have the same name.
        let found = self.raw.balancers.value()?.values().flatten();
        let all = found.flat_map(|one| one.groups.values().cloned());
        let known: BTreeMap<String, String> = all.map(|arn| (arn.clone(), arn)).collect();
        let names: Vec<String> = known.keys().cloned().collect();
        (!names.is_empty()).then_some((names, known))
    }

    fn route(&self) -> Option<Route> {
        None
    }

    fn alarms(&self) -> Option<Vec<String>> {
        None
    }

    fn measured(&self) -> Option<Measured> {
        // Where a Prometheus counts both sides nobody else is asked.
        translate::measured(&self.place, &self.raw).ok().filter(|_| !self.is_counted)
    }

    fn created(&self) -> Option<Timestamp> {
        None
    }
}
