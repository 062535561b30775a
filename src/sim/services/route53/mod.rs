//! Amazon Route 53: hosted zones, their records, and changes of them on the way to the servers.

mod batch;
mod render;

use self::render::{change_info, hosted_zone, record_set};
use super::{Service, unknown_operation};
use crate::sim::error::ApiError;
use crate::sim::value::{Value, list, map};
use crate::sim::world::World;
use crate::sim::world::dns::{Refusal, Zone};
use crate::sim::world::records::{RecordSet, absolute, by_labels};

/// The operations that are simulated.
pub const OPERATIONS: &[&str] = &[
    "ChangeResourceRecordSets",
    "GetChange",
    "GetHostedZone",
    "ListHostedZones",
    "ListHostedZonesByName",
    "ListResourceRecordSets",
];

/// Zones on a page, at most and when no number is asked for.
const ZONES: usize = 100;
/// Records on a page, at most and when no number is asked for.
const RECORDS: usize = 300;

/// Carries out an operation.
pub fn handle(world: &mut World, operation: &str, input: &Value) -> Result<Value, ApiError> {
    match operation {
        "ChangeResourceRecordSets" => change_records(world, input),
        "GetChange" => get_change(world, input),
        "GetHostedZone" => get_hosted_zone(world, input),
        "ListHostedZones" => list_hosted_zones(world, input),
        "ListHostedZonesByName" => list_hosted_zones_by_name(world, input),
        "ListResourceRecordSets" => list_records(world, input),
        _ => Err(unknown_operation(Service::Route53, operation)),
    }
}

fn zones(world: &World) -> &[Zone] {
    world.dns.as_ref().map_or(&[], |dns| &dns.zones)
}

fn zone<'w>(world: &'w World, id: &str) -> Result<&'w Zone, ApiError> {
    let zone = world.dns.as_ref().and_then(|dns| dns.zone(id));
    zone.ok_or_else(|| no_such_zone(id))
}

fn get_hosted_zone(world: &World, input: &Value) -> Result<Value, ApiError> {
    let zone = zone(world, input.text("Id").unwrap_or_default())?;
    let servers = map([("NameServers", list(world.names.name_servers()))]);
    let vpc =
        || map([("VPCRegion", world.region().into()), ("VPCId", Value::from(world.names.vpc()))]);
    Ok(map([
        ("HostedZone", hosted_zone(zone)),
        ("DelegationSet", (!zone.private).then_some(servers).into()),
        ("VPCs", zone.private.then(|| list([vpc()])).into()),
    ]))
}

fn list_hosted_zones(world: &World, input: &Value) -> Result<Value, ApiError> {
    let size = max_items(input, ZONES)?;
    let all = zones(world);
    let marker = input.text("Marker").filter(|marker| !marker.is_empty());
    let first = match marker {
        None => 0,
        Some(id) => all.iter().position(|zone| zone.id == id).ok_or_else(|| no_such_zone(id))?,
    };
    let next = all.get(first.saturating_add(size)).map(|zone| zone.id.as_str());
    let shown = all.iter().skip(first).take(size).map(hosted_zone);
    Ok(map([
        ("HostedZones", list(shown)),
        ("Marker", Value::from(marker)),
        ("IsTruncated", Value::from(next.is_some())),
        ("NextMarker", Value::from(next)),
        ("MaxItems", Value::from(size.to_string())),
    ]))
}

fn list_hosted_zones_by_name(world: &World, input: &Value) -> Result<Value, ApiError> {
    let size = max_items(input, ZONES)?;
    let (name, id) = (input.text("DNSName"), input.text("HostedZoneId"));
    if id.is_some() && name.is_none() {
        return Err(invalid_input("HostedZoneId needs a DNSName"));
    }
    let mut all: Vec<&Zone> = zones(world).iter().collect();
    all.sort_by(|one, other| {
        by_labels(&one.domain, &other.domain).then_with(|| one.id.cmp(&other.id))
    });
    let start = name.map(absolute);
    let before = |zone: &&&Zone| {
        start.as_ref().is_some_and(|start| {
            let rest = || id.map_or(std::cmp::Ordering::Equal, |id| zone.id.as_str().cmp(id));
            by_labels(&zone.domain, start).then_with(rest).is_lt()
        })
    };
    let from: Vec<&&Zone> = all.iter().skip_while(before).collect();
    let next = from.get(size);
    Ok(map([
        ("HostedZones", list(from.iter().take(size).map(|zone| hosted_zone(zone)))),
        ("DNSName", Value::from(name)),
        ("HostedZoneId", Value::from(id)),
        ("IsTruncated", Value::from(next.is_some())),
        ("NextDNSName", Value::from(next.map(|zone| zone.domain.as_str()))),
        ("NextHostedZoneId", Value::from(next.map(|zone| zone.id.as_str()))),
        ("MaxItems", Value::from(size.to_string())),
    ]))
}

fn list_records(world: &World, input: &Value) -> Result<Value, ApiError> {
    let zone = zone(world, input.text("HostedZoneId").unwrap_or_default())?;
    let size = max_items(input, RECORDS)?;
    let name = input.text("StartRecordName").map(absolute);
    let (kind, identifier) = (input.text("StartRecordType"), input.text("StartRecordIdentifier"));
    if (kind.is_some() && name.is_none()) || (identifier.is_some() && kind.is_none()) {
        return Err(invalid_input("A type needs a name to start at, and an identifier a type"));
    }
    let before = |set: &&RecordSet| {
        name.as_ref().is_some_and(|name| {
            let mut order = by_labels(&set.name, name);
            if let Some(kind) = kind {
                order = order.then_with(|| set.kind.as_str().cmp(kind));
            }
            if let Some(identifier) = identifier {
                order = order.then_with(|| set.set_identifier.as_deref().cmp(&Some(identifier)));
            }
            order.is_lt()
        })
    };
    let from: Vec<&RecordSet> = zone.records.iter().skip_while(before).collect();
    let next = from.get(size);
    Ok(map([
        ("ResourceRecordSets", list(from.iter().take(size).map(|set| record_set(set)))),
        ("IsTruncated", Value::from(next.is_some())),
        ("NextRecordName", Value::from(next.map(|set| set.name.as_str()))),
        ("NextRecordType", Value::from(next.map(|set| set.kind.as_str()))),
        ("NextRecordIdentifier", Value::from(next.and_then(|set| set.set_identifier.as_deref()))),
        ("MaxItems", Value::from(size.to_string())),
    ]))
}

fn change_records(world: &mut World, input: &Value) -> Result<Value, ApiError> {
    let id = input.text("HostedZoneId").unwrap_or_default();
    zone(world, id)?;
    let batch = batch::read(input.get("ChangeBatch"))?;
    let comment = input.get("ChangeBatch").text("Comment").map(str::to_owned);
    let change = world.change_records(id, &batch, comment).map_err(|refusal| match refusal {
        Refusal::NoSuchZone => no_such_zone(id),
        Refusal::Busy => ApiError::client(
            "PriorRequestNotComplete",
            "The request was rejected because Route 53 was still processing a prior request.",
        ),
        Refusal::Invalid(against) => {
            ApiError::client("InvalidChangeBatch", format!("[{}]", against.join(", ")))
        }
    })?;
    let submitted = world.dns.as_ref().and_then(|dns| dns.changes.get(change));
    Ok(map([("ChangeInfo", submitted.map(|change| change_info(change, world.now())).into())]))
}

fn get_change(world: &World, input: &Value) -> Result<Value, ApiError> {
    let id = input.text("Id").unwrap_or_default();
    let mut changes = world.dns.iter().flat_map(|dns| &dns.changes);
    let change = changes.find(|change| change.id == id).ok_or_else(|| ApiError {
        status: 404,
        ..ApiError::client("NoSuchChange", format!("Could not find resource with ID: {id}"))
    })?;
    Ok(map([("ChangeInfo", change_info(change, world.now()))]))
}

/// How many items the request wants on a page; more than `most` are not given.
fn max_items(input: &Value, most: usize) -> Result<usize, ApiError> {
    if !input.has("MaxItems") {
        return Ok(most);
    }
    let asked = input.int("MaxItems").and_then(|asked| usize::try_from(asked).ok());
    let asked = asked.filter(|asked| *asked > 0);
    asked.map(|asked| asked.min(most)).ok_or_else(|| invalid_input("MaxItems must be above 0"))
}

fn no_such_zone(id: &str) -> ApiError {
    let message = format!("No hosted zone found with ID: {id}");
    ApiError { status: 404, ..ApiError::client("NoSuchHostedZone", message) }
}

fn invalid_input(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidInput", message)
}
