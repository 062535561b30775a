//! Which two records divide the answers, and the call that sets their weights. Pure.

use aws_sdk_route53::types::{
    AliasTarget, Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType,
};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::domain::{Call, Fault, FaultKind};
use crate::sources::weighted::{call, number, object, text, unfit};

pub(super) const RECORDS: &str = "route53:ListResourceRecordSets";
/// For how long clients keep what a load balancer's name answers.
const ALIAS: SignedDuration = SignedDuration::from_secs(60);

/// Two weighted records of one name and type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pair {
    /// The id of the hosted zone.
    pub(crate) zone: String,
    /// The records in Route 53's order.
    pub(crate) records: [ResourceRecordSet; 2],
}

impl Pair {
    /// The two weighted records among those of a name and type, or why there are not two.
    pub(crate) fn of(
        zone: &str,
        (name, kind): (&str, &str),
        listed: &[ResourceRecordSet],
    ) -> Result<Self, Fault> {
        let own = |record: &&ResourceRecordSet| is_named(record, (name, kind));
        let own: Vec<&ResourceRecordSet> = listed.iter().filter(own).collect();
        let weighted = own.iter().filter(|record| record.weight().is_some());
        let weighted: Vec<ResourceRecordSet> = weighted.map(|record| (*record).clone()).collect();
        let divides = "cutover divides between two";
        match (<[ResourceRecordSet; 2]>::try_from(weighted), own.as_slice()) {
            (Ok(records), _) => Ok(Self { zone: zone.to_owned(), records }),
            (Err(_), []) => {
                let text = format!("zone {zone} has no record {name} of type {kind}");
                Err(Fault::new(FaultKind::NotFound, RECORDS, text))
            }
            (Err(none), _) if none.is_empty() => {
                let text = format!("{name} {kind} is not weighted; {divides} weighted records");
                Err(unfit(RECORDS, text))
            }
            (Err(others), _) => {
                let names: Vec<&str> = others.iter().map(identifier).collect();
                let count = match names.len() {
                    1 => "one weighted record".to_owned(),
                    3 => "three weighted records".to_owned(),
                    more => format!("{more} weighted records"),
                };
                let text = format!("{name} {kind} has {count}: {}; {divides}", names.join(", "));
                Err(unfit(RECORDS, text))
            }
        }
    }

    /// Who keeps these records, when it is a traffic policy.
    pub(crate) fn policy(&self) -> Option<String> {
        let policy = self.records.iter().find_map(|record| record.traffic_policy_instance_id());
        policy.map(|id| format!("the traffic policy instance {id}"))
    }

    /// For how long clients keep an answer.
    pub(crate) fn life(&self) -> SignedDuration {
        let life = |record: &ResourceRecordSet| record.ttl().map(SignedDuration::from_secs);
        self.records.iter().map(|record| life(record).unwrap_or(ALIAS)).max().unwrap_or(ALIAS)
    }

    /// The one call that sets both weights, with the weights as they are; the reason when it would
    /// lose something.
    pub(crate) fn call(&self) -> Result<Call, String> {
        let change = |record: &ResourceRecordSet| {
            let faithful = of_json(&json_of(record)).as_ref() == Some(record);
            faithful.then(|| change_json(&ChangeAction::Upsert, record)).ok_or_else(|| {
                let name = identifier(record);
                format!("the record {name} has something that this program cannot send back")
            })
        };
        let changes = self.records.iter().map(change).collect::<Result<Vec<Value>, String>>()?;
        let batch = json!({ "Changes": changes });
        let zone = json!(self.zone);
        let params = [("HostedZoneId", zone), ("ChangeBatch", batch)];
        Ok(call("route53", "ChangeResourceRecordSets", params))
    }
}

/// Where the weight of the record at `index` is in the call.
pub(super) fn place(index: usize) -> String {
    format!("/ChangeBatch/Changes/{index}/ResourceRecordSet/Weight")
}

/// What tells a record from the others of its name.
pub(super) fn identifier(record: &ResourceRecordSet) -> &str {
    record.set_identifier().unwrap_or("?")
}

/// Where a record points, in a word.
pub(super) fn leads_to(record: &ResourceRecordSet) -> String {
    match (record.alias_target(), record.resource_records()) {
        (Some(alias), _) => alias.dns_name().trim_end_matches('.').to_owned(),
        (None, [first, ..]) => first.value().trim_end_matches('.').to_owned(),
        (None, []) => "?".to_owned(),
    }
}

/// Whether a record has this name and type; names are compared as DNS does.
pub(super) fn is_named(record: &ResourceRecordSet, (name, kind): (&str, &str)) -> bool {
    plain(record.name()) == plain(name) && record.r#type().as_str() == kind
}

/// A name in lower case, without the dot at its end, and with the characters that Route 53 shows in
/// octal: `\052.example.com.` is `*.example.com`.
pub(super) fn plain(name: &str) -> String {
    let mut left = name.as_bytes();
    let mut found = Vec::with_capacity(left.len());
    while let [first, rest @ ..] = left {
        let octal = |digits: &[u8]| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok();
        let code = rest.get(..3).filter(|_| *first == b'\\').and_then(octal);
        found.push(code.unwrap_or(*first));
        left = if code.is_some() { &rest[3..] } else { rest };
    }
    let name = String::from_utf8_lossy(&found).to_lowercase();
    name.trim_end_matches('.').to_owned()
}

fn change_json(action: &ChangeAction, record: &ResourceRecordSet) -> Value {
    json!({ "Action": action.as_str(), "ResourceRecordSet": json_of(record) })
}

/// The batch that an order's call describes; nothing when it would not be sent just like that.
pub(super) fn batch(value: &Value) -> Option<ChangeBatch> {
    let change = |change: &Value| {
        Change::builder()
            .action(ChangeAction::from(text(change, "Action")?.as_str()))
            .resource_record_set(of_json(change.get("ResourceRecordSet")?)?)
            .build()
            .ok()
    };
    let changes = value.get("Changes")?.as_array()?.iter().map(change).collect::<Option<Vec<_>>>();
    let batch = ChangeBatch::builder().set_changes(Some(changes?)).build().ok()?;
    let again = |change: &Change| Some(change_json(change.action(), change.resource_record_set()?));
    let again = batch.changes().iter().map(again).collect::<Option<Vec<Value>>>()?;
    (json!({ "Changes": again }) == *value).then_some(batch)
}

fn json_of(record: &ResourceRecordSet) -> Value {
    let alias = record.alias_target().map(|alias| {
        json!({
            "HostedZoneId": alias.hosted_zone_id(),
            "DNSName": alias.dns_name(),
            "EvaluateTargetHealth": alias.evaluate_target_health(),
        })
    });
    let values = record.resource_records.as_ref().map(|records| {
        records.iter().map(|one| json!({ "Value": one.value() })).collect::<Vec<_>>()
    });
    object([
        ("Name", Some(json!(record.name()))),
        ("Type", Some(json!(record.r#type().as_str()))),
        ("SetIdentifier", record.set_identifier().map(Value::from)),
        ("Weight", record.weight().map(Value::from)),
        ("TTL", record.ttl().map(Value::from)),
        ("ResourceRecords", values.map(Value::from)),
        ("AliasTarget", alias),
        ("HealthCheckId", record.health_check_id().map(Value::from)),
    ])
}

fn of_json(value: &Value) -> Option<ResourceRecordSet> {
    let record = |one: &Value| ResourceRecord::builder().value(text(one, "Value")?).build().ok();
    let records = value.get("ResourceRecords").and_then(Value::as_array);
    let records = match records {
        Some(list) => Some(list.iter().map(record).collect::<Option<Vec<_>>>()?),
        None => None,
    };
    let alias = |alias: &Value| {
        AliasTarget::builder()
            .hosted_zone_id(text(alias, "HostedZoneId")?)
            .dns_name(text(alias, "DNSName")?)
            .evaluate_target_health(alias.get("EvaluateTargetHealth")?.as_bool()?)
            .build()
            .ok()
    };
    let alias = match value.get("AliasTarget") {
        Some(target) => Some(alias(target)?),
        None => None,
    };
    ResourceRecordSet::builder()
        .name(text(value, "Name")?)
        .r#type(RrType::from(text(value, "Type")?.as_str()))
        .set_set_identifier(text(value, "SetIdentifier"))
        .set_weight(number(value, "Weight"))
        .set_ttl(number(value, "TTL"))
        .set_resource_records(records)
        .set_alias_target(alias)
        .set_health_check_id(text(value, "HealthCheckId"))
        .build()
        .ok()
}
