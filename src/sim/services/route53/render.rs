//! How zones, records and changes look in replies; member names as in the service model.

use jiff::Timestamp;

use crate::sim::value::{Value, list, map};
use crate::sim::world::dns::{Submitted, Zone};
use crate::sim::world::records::{Answer, RecordSet};

/// A `HostedZone`.
pub(super) fn hosted_zone(zone: &Zone) -> Value {
    map([
        ("Id", Value::from(format!("/hostedzone/{}", zone.id))),
        ("Name", Value::from(zone.domain.as_str())),
        ("CallerReference", Value::from(zone.reference.as_str())),
        (
            "Config",
            map([
                ("Comment", Value::from(zone.comment)),
                ("PrivateZone", Value::from(zone.private)),
            ]),
        ),
        ("ResourceRecordSetCount", Value::from(zone.records.len() as i64)),
    ])
}

/// A `ResourceRecordSet`.
pub(super) fn record_set(set: &RecordSet) -> Value {
    let (ttl, records, alias) = match &set.answer {
        Answer::Values { ttl, values } => {
            let record = |value: &String| map([("Value", Value::from(value.as_str()))]);
            (Some(i64::from(*ttl)), Some(list(values.iter().map(record))), None)
        }
        Answer::Alias(alias) => {
            let target = map([
                ("HostedZoneId", Value::from(alias.zone.as_str())),
                ("DNSName", Value::from(alias.dns_name.as_str())),
                ("EvaluateTargetHealth", Value::from(alias.evaluate_health)),
            ]);
            (None, None, Some(target))
        }
    };
    map([
        ("Name", Value::from(set.name.as_str())),
        ("Type", Value::from(set.kind.as_str())),
        ("SetIdentifier", Value::from(set.set_identifier.as_deref())),
        ("Weight", Value::from(set.weight.map(i64::from))),
        ("TTL", Value::from(ttl)),
        ("ResourceRecords", Value::from(records)),
        ("AliasTarget", Value::from(alias)),
        ("HealthCheckId", Value::from(set.health_check.as_deref())),
    ])
}

/// A `ChangeInfo`.
pub(super) fn change_info(change: &Submitted, now: Timestamp) -> Value {
    let status = if now >= change.in_sync { "INSYNC" } else { "PENDING" };
    map([
        ("Id", Value::from(format!("/change/{}", change.id))),
        ("Status", Value::from(status)),
        ("SubmittedAt", Value::from(change.at)),
        ("Comment", Value::from(change.comment.as_deref())),
    ])
}
