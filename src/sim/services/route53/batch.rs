//! The changes of a request, read and checked as far as each can be by itself.

use super::invalid_input;
use crate::sim::error::ApiError;
use crate::sim::value::Value;
use crate::sim::world::records::{Alias, Answer, Change, RecordSet, Verb, absolute};

/// Values in a batch; those of an upsert count twice.
const VALUES: usize = 1000;
/// Characters of all values in a batch.
const CHARACTERS: usize = 32_000;
/// The highest weight.
const HEAVIEST: i64 = 255;
/// The longest time to live in seconds.
const LONGEST: i64 = 2_147_483_647;
/// The longest set identifier.
const IDENTIFIER: usize = 128;
/// Ways to route that the service has, too.
const FOREIGN: [&str; 6] = [
    "Region",
    "GeoLocation",
    "GeoProximityLocation",
    "Failover",
    "MultiValueAnswer",
    "CidrRoutingConfig",
];
/// Types of records.
const TYPES: [&str; 16] = [
    "SOA", "A", "TXT", "NS", "CNAME", "MX", "NAPTR", "PTR", "SRV", "SPF", "AAAA", "CAA", "DS",
    "TLSA", "SSHFP", "SVCB",
];

/// The changes, in their order.
pub(super) fn read(batch: &Value) -> Result<Vec<Change>, ApiError> {
    let given = batch.list("Changes");
    if given.is_empty() {
        return Err(constraint(
            "changeBatch.changes",
            "",
            "have length greater than or equal to 1",
        ));
    }
    let changes: Vec<Change> = given
        .iter()
        .enumerate()
        .map(|(index, one)| change(index, one))
        .collect::<Result<_, _>>()?;
    let (mut values, mut characters) = (0, 0);
    for change in &changes {
        let Answer::Values { values: own, .. } = &change.set.answer else { continue };
        let times = if change.verb == Verb::Upsert { 2 } else { 1 };
        values += times * own.len();
        characters += times * own.iter().map(|value| value.chars().count()).sum::<usize>();
    }
    for (what, count, most) in [("records", values, VALUES), ("characters", characters, CHARACTERS)]
    {
        if count > most {
            let message = format!("[Number of {what} limit of {most} exceeded.]");
            return Err(ApiError::client("InvalidChangeBatch", message));
        }
    }
    Ok(changes)
}

fn change(index: usize, given: &Value) -> Result<Change, ApiError> {
    let at = |member: &str| format!("changeBatch.changes.{}.member.{member}", index + 1);
    let action = given.text("Action").unwrap_or_default();
    let verb = match action {
        "CREATE" => Verb::Create,
        "UPSERT" => Verb::Upsert,
        "DELETE" => Verb::Delete,
        _ => {
            let rule = "satisfy enum value set: [CREATE, DELETE, UPSERT]";
            return Err(constraint(&at("action"), action, rule));
        }
    };
    let set = given.get("ResourceRecordSet");
    let name = set.text("Name").filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| constraint(&at("resourceRecordSet.name"), "", "not be null"))?;
    let kind = set.text("Type").unwrap_or_default();
    if !TYPES.contains(&kind) {
        let rule = format!("satisfy enum value set: [{}]", TYPES.join(", "));
        return Err(constraint(&at("resourceRecordSet.type"), kind, &rule));
    }
    if let Some(foreign) = FOREIGN.iter().find(|member| set.has(member)) {
        return Err(invalid_input(format!("{foreign} is not simulated")));
    }
    let weight = number(set, "Weight", &at("resourceRecordSet.weight"), HEAVIEST)?;
    let identifier = set.text("SetIdentifier");
    let described = format!(
        "Change with [Action={action}, Name={}, Type={kind}, SetIdentifier={}]",
        absolute(name),
        identifier.unwrap_or("null")
    );
    match (weight, identifier) {
        (Some(_), None | Some("")) => {
            return Err(invalid_request(&format!("Missing field 'SetIdentifier' in {described}")));
        }
        (None, Some(_)) => {
            return Err(invalid_request(&format!(
                "Expected exactly one of [Weight, Region, Failover, GeoLocation, MultiValueAnswer, \
                 GeoProximityLocation, or CidrRoutingConfig], but found none in {described}"
            )));
        }
        (Some(_), Some(identifier)) if identifier.chars().count() > IDENTIFIER => {
            let rule = format!("have length less than or equal to {IDENTIFIER}");
            return Err(constraint(&at("resourceRecordSet.setIdentifier"), identifier, &rule));
        }
        (Some(_), Some(_)) | (None, None) => {}
    }
    let ttl = number(set, "TTL", &at("resourceRecordSet.tTL"), LONGEST)?;
    let set = RecordSet {
        name: absolute(name),
        kind: kind.to_owned(),
        set_identifier: identifier.map(str::to_owned),
        weight,
        answer: answer(set, ttl, &described)?,
        health_check: set.text("HealthCheckId").map(str::to_owned),
    };
    Ok(Change { verb, set })
}

fn answer(set: &Value, ttl: Option<u32>, described: &str) -> Result<Answer, ApiError> {
    let expected = |found: &str| {
        invalid_request(&format!(
            "Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or \
             TrafficPolicyInstanceId], but found {found} in {described}"
        ))
    };
    let records = set.list("ResourceRecords");
    let values = records.iter().filter_map(|record| record.text("Value").map(str::to_owned));
    let values: Vec<String> = values.collect();
    match (set.has("AliasTarget"), ttl, values.is_empty()) {
        (true, None, true) => {
            let target = set.get("AliasTarget");
            let text = |member| target.text(member).filter(|text| !text.is_empty());
            let (Some(zone), Some(name)) = (text("HostedZoneId"), text("DNSName")) else {
                return Err(invalid_request(&format!(
                    "Missing field of AliasTarget in {described}"
                )));
            };
            let evaluate_health = target.bool("EvaluateTargetHealth").unwrap_or(false);
            let dns_name = absolute(name);
            Ok(Answer::Alias(Alias { zone: zone.to_owned(), dns_name, evaluate_health }))
        }
        (true, _, _) => Err(expected("more than one")),
        (false, Some(ttl), false) => Ok(Answer::Values { ttl, values }),
        (false, _, _) => Err(expected("none")),
    }
}

/// A whole number from 0 to `most`.
fn number(set: &Value, member: &str, at: &str, most: i64) -> Result<Option<u32>, ApiError> {
    if !set.has(member) {
        return Ok(None);
    }
    let text = set.text(member).unwrap_or_default();
    let given = set.int(member);
    match given.filter(|number| (0..=most).contains(number)) {
        Some(number) => Ok(Some(number as u32)),
        None if given.is_some_and(|number| number < 0) => {
            Err(constraint(at, text, "have value greater than or equal to 0"))
        }
        None => Err(constraint(at, text, &format!("have value less than or equal to {most}"))),
    }
}

fn constraint(at: &str, value: &str, rule: &str) -> ApiError {
    invalid_input(format!(
        "1 validation error detected: Value '{value}' at '{at}' failed to satisfy constraint: \
         Member must {rule}"
    ))
}

fn invalid_request(message: &str) -> ApiError {
    invalid_input(format!("Invalid request: {message}"))
}
