//! What the APIs said, as one picture. Pure.

use aws_sdk_route53::types::ResourceRecordSet;
use jiff::Timestamp;

use crate::domain::{
    Environment, Fact, Fault, Identity, ListenerSplit, Metrics, Origin, Percent, Revision, Rollout,
    ShareOf, Side, Snapshot, Split, Targets, Traffic,
};
use crate::sources::balancer::targets_of;
use crate::sources::logs;
use crate::sources::measure;
use crate::sources::metrics::Measured;
use crate::sources::weighted::absent;
use crate::sources::weighted::sides::{self, Owned, Roles};

use super::find::Balancer;
use super::records::{self, Pair, RECORDS, identifier, leads_to};
use super::{Place, Raw, Sync};

const BALANCERS: &str = "elasticloadbalancing:DescribeLoadBalancers";

/// The picture of `place` at `now`; how fresh each source is is added by who asked them.
pub(crate) fn snapshot(
    place: &Place,
    identity: &Fact<Identity>,
    raw: &Raw,
    now: Timestamp,
) -> Snapshot {
    let rollout = match (&raw.records, raw.zone.fault()) {
        // Nobody can ask for records before the zone is known.
        (Fact::Unasked, Some(fault)) => Fact::Unknown { fault: fault.clone() },
        (records, _) => records.map(|(pair, roles)| Some(rollout(place, raw, (pair, roles), now))),
    };
    Snapshot {
        identity: identity.clone(),
        rollout,
        // No alarm is named for it anywhere.
        guards: raw.records.map(|_| Vec::new()),
        metrics: metrics(place, raw),
        ..Snapshot::unasked(place.target(), now)
    }
}

/// The raw weight of a record.
pub(crate) fn raw(record: &ResourceRecordSet) -> u32 {
    record.weight().and_then(|weight| u32::try_from(weight).ok()).unwrap_or(0)
}

/// The split of the answers. With both weights 0 both are answered equally often.
pub(crate) fn split(pair: &Pair, roles: &Roles) -> Option<Split> {
    let [(_, blue), (_, green)] = sides(pair, roles);
    match (raw(blue), raw(green)) {
        (0, 0) => Percent::new(50).map(Percent::split),
        (blue, green) => sides::split(blue, green),
    }
}

/// Blue, then green, each with its index among the records.
fn sides<'a>(pair: &'a Pair, roles: &Roles) -> [(usize, &'a ResourceRecordSet); 2] {
    let [a, b] = &pair.records;
    match roles.side(identifier(a)) {
        Side::Blue => [(0, a), (1, b)],
        Side::Green => [(1, b), (0, a)],
    }
}

/// The names in DNS that the records are aliases of.
pub(crate) fn aliases(pair: &Pair) -> Vec<String> {
    let aliases = pair.records.iter().filter_map(|record| record.alias_target());
    let mut names: Vec<String> = aliases.map(|alias| alias.dns_name().to_owned()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn rollout(place: &Place, raw: &Raw, (pair, roles): (&Pair, &Roles), now: Timestamp) -> Rollout {
    let [blue, green] = sides(pair, roles);
    let read = sides::reading(&raw.records);
    let planned = sides::planned(split(pair, roles), &read, RECORDS);
    let places = [blue, green].map(|(index, _)| records::place(index));
    let held = planned.value().copied();
    let dial = sides::dial(pair.call(), places.each_ref().map(String::as_str), held);
    let owned = pair.policy().map_or(Owned::Free, Owned::By);
    let life = pair.life();
    let answered = raw.sync.as_ref().map(Sync::answered);
    let traffic = Traffic {
        of: ShareOf::Answers,
        listener: planned.map(|newest| ListenerSplit::Split(answered.unwrap_or(*newest))),
        planned,
        sticky: false,
        test: None,
        lag: Some(life),
        routes: Vec::new(),
    };
    let (name, kind) = place.record();
    let words = sides::Pair {
        id: format!("{name}/{kind}"),
        name: name.to_owned(),
        held_by: "record weights",
        guessed: roles.guessed,
    };
    let environments = [blue, green].map(|(_, record)| environment(raw, record));
    Rollout {
        next: raw.sync.as_ref().and_then(|sync| sync.arrival(life, now)),
        ..sides::rollout(words, traffic, environments, sides::offers(dial, &owned))
    }
}

fn environment(raw: &Raw, record: &ResourceRecordSet) -> Environment {
    let missing = || absent(RECORDS, "a record does not say which tasks are behind it");
    let leads_to = leads_to(record);
    let revision = Revision {
        name: format!("{} -> {leads_to}", identifier(record)),
        arn: leads_to,
        images: Vec::new(),
        active: None,
    };
    let balancer = balancer(raw, record);
    let group = balancer.as_ref().ok().and_then(|found| match found.groups.len() {
        1 => found.groups.keys().next().cloned(),
        _ => None,
    });
    Environment {
        revision: raw.records.map(|_| revision),
        tasks: Fact::Unknown { fault: missing() },
        task_list: Fact::Unknown { fault: missing() },
        target_group: group,
        targets: match balancer {
            Ok(balancer) => targets(raw, balancer),
            Err(Some(fault)) => Fact::Unknown { fault },
            Err(None) => Fact::Unasked,
        },
        log: logs::unread("it is not known which tasks are behind it"),
        runs: None,
    }
}

/// The load balancer behind a record; else why it is not known, if that was asked at all.
fn balancer<'a>(raw: &'a Raw, record: &ResourceRecordSet) -> Result<&'a Balancer, Option<Fault>> {
    let Some(alias) = record.alias_target() else {
        let text = format!("{} is no alias of a load balancer", identifier(record));
        return Err(Some(absent(RECORDS, &text)));
    };
    let known = raw.balancers.value().ok_or_else(|| raw.balancers.fault().cloned())?;
    match known.get(alias.dns_name()) {
        Some(Ok(found)) => Ok(found),
        Some(Err(fault)) => Err(Some(fault.clone())),
        None => {
            let text = format!("{} leads to no load balancer of this account", identifier(record));
            Err(Some(absent(BALANCERS, &text)))
        }
    }
}

/// The targets of all groups behind a load balancer.
fn targets(raw: &Raw, balancer: &Balancer) -> Fact<Targets> {
    let health = &raw.around.health;
    let mut all = balancer.groups.values().map(|arn| targets_of(health, arn));
    let Some(first) = all.next() else {
        let text = "no target group is behind the load balancer";
        return Fact::Unknown { fault: absent(BALANCERS, text) };
    };
    // One group that is not known leaves it open whether the side is healthy.
    all.fold(first, |known, next| match (known.value(), next.value()) {
        (Some(_), None) => next,
        (Some(_), Some(more)) => known.map(|targets| {
            let list = targets.list.iter().chain(&more.list).cloned();
            Targets { list: list.collect() }
        }),
        (None, _) => known,
    })
}

/// Where the two sides are measured: what a person has named, else the load balancer that the record
/// leads to; else why there is nothing to measure.
pub(crate) fn measured(place: &Place, raw: &Raw) -> Result<Measured, Option<Fault>> {
    let (pair, roles) = raw.records.value().ok_or(None)?;
    let [(_, blue), (_, green)] = sides(pair, roles);
    let why = |text: &str| Some(absent(BALANCERS, text));
    let origin = |side, record| {
        if let Some(named) = place.named(side) {
            return Ok(named.clone());
        }
        let balancer = balancer(raw, record)?;
        let region = balancer.region.clone();
        let origin = measure::whole(&balancer.arn).map(|origin| Origin { region, ..origin });
        origin.ok_or_else(|| why("the load balancer has no name that CloudWatch knows"))
    };
    let (blue, green) = (origin(Side::Blue, blue)?, origin(Side::Green, green)?);
    if blue == green {
        return Err(why("both records lead to the same load balancer"));
    }
    Ok(Measured::new(blue, Some(green)))
}

/// The metrics, or why there are none.
fn metrics(place: &Place, raw: &Raw) -> Fact<Metrics> {
    let measured = measured(place, raw);
    match (raw.around.metrics_of(measured.as_ref().ok()), measured) {
        (Fact::Unasked, Err(Some(fault))) => Fact::Unknown { fault },
        (metrics, _) => metrics,
    }
}
