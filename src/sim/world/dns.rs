//! Hosted zones, their changes on the way to the DNS servers, and what those answer meanwhile.

use jiff::{SignedDuration, Timestamp};

use super::World;
use super::elb::dns_zone;
use super::names::Names;
use super::queue::Event;
use super::random::Seed;
use super::records::{Alias, Answer, Change, RecordSet, absolute, changed};
use super::time::after;
use crate::sim::scenario::{Records, Scenario};

/// How long an alias for a load balancer may be kept.
const ALIAS_TTL: SignedDuration = SignedDuration::from_secs(60);
/// The type of the records that lead to the load balancers.
pub(super) const KIND: &str = "A";
/// The type of records that a person may put in their place.
const CNAME: &str = "CNAME";

/// The DNS of the account.
#[derive(Debug, Clone)]
pub(crate) struct Dns {
    /// The zone that clients ask, then a private one of the same name.
    pub(crate) zones: Vec<Zone>,
    pub(crate) changes: Vec<Submitted>,
    /// What all DNS servers answer now.
    pub(crate) answers: Answers,
}

/// A hosted zone.
#[derive(Debug, Clone)]
pub(crate) struct Zone {
    pub(crate) id: String,
    /// As [`absolute`] spells it.
    pub(crate) domain: String,
    pub(crate) reference: String,
    pub(crate) comment: &'static str,
    pub(crate) private: bool,
    /// The newest version, in the order of the API.
    pub(crate) records: Vec<RecordSet>,
    /// Until when a change keeps the next one out.
    busy: Option<Timestamp>,
}

/// A change that was accepted.
#[derive(Debug, Clone)]
pub(crate) struct Submitted {
    pub(crate) id: String,
    pub(crate) comment: Option<String>,
    pub(crate) at: Timestamp,
    pub(crate) in_sync: Timestamp,
    answers: Answers,
}

/// Which load balancer clients are sent to, and for how long they keep to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Answers {
    /// The share of each load balancer, 0-1.
    pub(crate) shares: [f64; 2],
    pub(crate) ttl: SignedDuration,
}

/// Why a batch of changes is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    NoSuchZone,
    /// Another change of the zone is being processed.
    Busy,
    /// Everything that speaks against it.
    Invalid(Vec<String>),
}

/// The id of the zone that clients ask.
pub(super) fn zone_id(seed: Seed) -> String {
    format!("Z{}", seed.word("hosted zone", 0, 20).to_uppercase())
}

impl Dns {
    /// The zones of a scenario whose records hold the weights.
    pub(super) fn new(scenario: &Scenario, names: &Names, seed: Seed) -> Option<Self> {
        let weighted = scenario.weighted.as_ref()?;
        let held = weighted.records()?;
        let domain = absolute(&held.zone);
        let weighted_set = |index: usize, identifier: &str| RecordSet {
            name: absolute(&held.name),
            kind: KIND.to_owned(),
            set_identifier: Some(identifier.to_owned()),
            weight: weighted.weights.get(index).copied(),
            answer: Answer::Alias(Alias {
                zone: dns_zone(names.region(index)).to_owned(),
                dns_name: absolute(&names.dns_name(index)),
                evaluate_health: true,
            }),
            health_check: None,
        };
        let both = [weighted_set(0, "blue"), weighted_set(1, "green")];
        let zone = |index: usize, id: String, own: Vec<RecordSet>| {
            let mut records = [apex(&domain, names), own].concat();
            records.sort_by(RecordSet::order);
            Zone {
                id,
                domain: domain.clone(),
                reference: seed.uuid("caller reference", index),
                comment: if index == 0 { "public" } else { "inside the VPC" },
                private: index > 0,
                records,
                busy: None,
            }
        };
        let private = format!("Z{}", seed.word("hosted zone", 1, 20).to_uppercase());
        let zones = vec![zone(0, zone_id(seed), both.into()), zone(1, private, Vec::new())];
        let answers = answers(&zones, held, names);
        Some(Self { zones, changes: Vec::new(), answers })
    }

    /// A zone by id.
    pub(crate) fn zone(&self, id: &str) -> Option<&Zone> {
        self.zones.iter().find(|zone| zone.id == id)
    }
}

/// What every zone holds at its apex.
fn apex(domain: &str, names: &Names) -> Vec<RecordSet> {
    let set = |kind: &str, ttl, values| RecordSet {
        name: domain.to_owned(),
        kind: kind.to_owned(),
        set_identifier: None,
        weight: None,
        answer: Answer::Values { ttl, values },
        health_check: None,
    };
    let servers = names.name_servers();
    let first = servers.first().cloned().unwrap_or_default();
    let soa = format!("{first} awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400");
    vec![set("NS", 172_800, servers), set("SOA", 900, vec![soa])]
}

/// What the servers answer once the records are theirs.
fn answers(zones: &[Zone], held: &Records, names: &Names) -> Answers {
    let name = absolute(&held.name);
    let records = zones.first().map_or(&[][..], |zone| &zone.records);
    let asked = records.iter().filter(|set| set.name == name);
    let asked: Vec<&RecordSet> =
        asked.filter(|set| [KIND, CNAME].contains(&set.kind.as_str())).collect();
    let whole: u32 = asked.iter().filter_map(|set| set.weight).sum();
    let mut answers = Answers { shares: [0.0; 2], ttl: ALIAS_TTL };
    for set in &asked {
        // With all weights 0 every record is answered equally often.
        let share = match set.weight {
            Some(weight) if whole > 0 => f64::from(weight) / f64::from(whole),
            Some(_) | None => 1.0 / asked.len().max(1) as f64,
        };
        if let Some(ttl) = set.ttl() {
            answers.ttl = SignedDuration::from_secs(i64::from(ttl));
        }
        if let Some(index) = (0..names.balancers()).find(|index| leads(set, *index, names)) {
            answers.shares[index] += share;
        }
    }
    answers
}

/// Whether a record leads to a load balancer; by address it never does, as those change.
fn leads(set: &RecordSet, index: usize, names: &Names) -> bool {
    match &set.answer {
        Answer::Alias(alias) => is_balancer(alias, index, names),
        Answer::Values { values, .. } => {
            let own = absolute(&names.dns_name(index));
            set.kind == CNAME && values.iter().any(|value| absolute(value) == own)
        }
    }
}

/// Whether an alias leads to a load balancer, with or without the prefix that the console adds.
fn is_balancer(alias: &Alias, index: usize, names: &Names) -> bool {
    let name = alias.dns_name.strip_prefix("dualstack.").unwrap_or(&alias.dns_name);
    alias.zone == dns_zone(names.region(index)) && name == absolute(&names.dns_name(index))
}

impl World {
    /// Carries out a batch of changes, all of it or nothing; the position of the change.
    pub(crate) fn change_records(
        &mut self,
        zone_id: &str,
        batch: &[Change],
        comment: Option<String>,
    ) -> Result<usize, Refusal> {
        let (now, names) = (self.now, &self.names);
        let weighted = self.scenario.weighted.as_ref();
        let held = weighted.and_then(|one| one.records()).ok_or(Refusal::NoSuchZone)?;
        let dns = self.dns.as_mut().ok_or(Refusal::NoSuchZone)?;
        let zone = dns.zones.iter_mut().find(|zone| zone.id == zone_id);
        let zone = zone.ok_or(Refusal::NoSuchZone)?;
        if zone.busy.is_some_and(|until| now < until) {
            return Err(Refusal::Busy);
        }
        let targets = |alias: &Alias, records: &[RecordSet]| {
            if alias.zone == zone_id {
                let known = records.iter().any(|set| set.name == alias.dns_name);
                return (!known).then_some("the alias target name was not found");
            }
            let known = (0..names.balancers()).any(|index| is_balancer(alias, index, names));
            (!known).then_some("the alias target name does not lie within the target zone")
        };
        let records = changed(&zone.records, &zone.domain, batch, targets);
        zone.records = records.map_err(Refusal::Invalid)?;
        zone.busy = Some(after(now, held.busy));
        let index = dns.changes.len();
        let in_sync = after(now, held.sync);
        dns.changes.push(Submitted {
            id: format!("C{}", self.seed.word("change", index, 20).to_uppercase()),
            comment,
            at: now,
            in_sync,
            answers: answers(&dns.zones, held, names),
        });
        self.queue.plan(in_sync, Event::Answers(index));
        Ok(index)
    }

    /// All DNS servers have learned of a change.
    pub(super) fn on_answers(&mut self, change: usize) {
        let Some(dns) = self.dns.as_mut() else { return };
        let Some(change) = dns.changes.get(change) else { return };
        dns.answers = change.answers;
        self.reflow();
    }
}
