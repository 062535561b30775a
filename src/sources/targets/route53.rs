//! Two weighted records of one name and type.
//!
//! The whole account has five requests a second in Route 53, over all Regions and all who use it:
//! this takes one of them, and zones with fewer than four records are not asked about, two of
//! which every zone has.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_route53::types::{HostedZone, ResourceRecordSet};

use crate::domain::{Fault, Found, Share, What};
use crate::sources::aws::Aws;
use crate::sources::error::fault;

use super::{Shelf, Turns, divided};

/// No more zones are looked at.
const ZONES: usize = 50;
/// No more pages of records are asked for, over all zones; a page has 300.
const PAGES: usize = 100;
const PAGE: i32 = 300;

pub(super) async fn list(aws: &Aws, shelf: &mut Shelf) -> Result<(), Fault> {
    let mut turns = Turns::new(3, Duration::from_secs(1));
    let mut zones = zones(aws, &mut turns).await?;
    shelf.bound(&mut zones, ZONES, "hosted zones");
    let mut pages = PAGES;
    for zone in zones {
        let records = weighted(aws, zone.id(), &mut pages, &mut turns).await;
        let records = shelf.spare(records)?.unwrap_or_default();
        shelf.found.extend(pairs(&zone, &records));
        if pages == 0 {
            shelf.too_many(PAGES, "pages of records");
            break;
        }
    }
    Ok(())
}

/// The zones that may hold two weighted records.
async fn zones(aws: &Aws, turns: &mut Turns) -> Result<Vec<HostedZone>, Fault> {
    const LEAST: i64 = 4;
    let mut found = Vec::new();
    let mut marker = None;
    loop {
        turns.next().await;
        let call = aws.reads().route53.list_hosted_zones().max_items(100).set_marker(marker);
        let answer = call.send().await.map_err(|error| fault("route53:ListHostedZones", &error))?;
        let large =
            |zone: &&HostedZone| zone.resource_record_set_count().is_none_or(|n| n >= LEAST);
        found.extend(answer.hosted_zones().iter().filter(large).cloned());
        marker = answer.next_marker().filter(|_| answer.is_truncated()).map(str::to_owned);
        if marker.is_none() || found.len() > ZONES {
            return Ok(found);
        }
    }
}

/// The weighted records of a zone, as far as there are `pages` left.
async fn weighted(
    aws: &Aws,
    zone: &str,
    pages: &mut usize,
    turns: &mut Turns,
) -> Result<Vec<ResourceRecordSet>, Fault> {
    let mut found = Vec::new();
    let (mut name, mut kind, mut identifier) = (None, None, None);
    while let Some(left) = pages.checked_sub(1) {
        *pages = left;
        turns.next().await;
        let call = aws.reads().route53.list_resource_record_sets().hosted_zone_id(zone);
        let answer = call
            .max_items(PAGE)
            .set_start_record_name(name)
            .set_start_record_type(kind)
            .set_start_record_identifier(identifier)
            .send()
            .await
            .map_err(|error| fault("route53:ListResourceRecordSets", &error))?;
        let records = answer.resource_record_sets().iter();
        found.extend(records.filter(|record| record.weight().is_some()).cloned());
        name = answer.next_record_name().map(str::to_owned);
        kind = answer.next_record_type().cloned();
        identifier = answer.next_record_identifier().map(str::to_owned);
        if !answer.is_truncated() || name.is_none() {
            break;
        }
    }
    Ok(found)
}

/// What comes in twos: more than two records of a name are no pair of blue and green. A name with
/// a slash, as reverse zones have them, cannot be typed as a target.
fn pairs(zone: &HostedZone, records: &[ResourceRecordSet]) -> Vec<Found> {
    let mut sets: BTreeMap<(&str, &str), Vec<&ResourceRecordSet>> = BTreeMap::new();
    for record in records {
        sets.entry((record.name(), record.r#type().as_str())).or_default().push(record);
    }
    let twos =
        sets.into_iter().filter(|((name, _), records)| records.len() == 2 && !name.contains('/'));
    twos.map(|((name, kind), records)| found(zone, name, kind, &records)).collect()
}

fn found(zone: &HostedZone, name: &str, kind: &str, records: &[&ResourceRecordSet]) -> Found {
    let weight = |record: &ResourceRecordSet| record.weight().unwrap_or(0).clamp(0, 255) as u32;
    let share = |record: &&ResourceRecordSet| Share {
        name: record.set_identifier().unwrap_or("?").to_owned(),
        weight: weight(record),
    };
    let shares: Vec<Share> = records.iter().map(share).collect();
    let policy = records.iter().find_map(|record| record.traffic_policy_instance_id());
    let service = zone.linked_service().and_then(|service| service.service_principal());
    let id = zone.id().rsplit('/').next().unwrap_or_default();
    Found {
        target: format!("route53:{id}/{}/{kind}", name.trim_end_matches('.')),
        running: divided(&shares),
        what: What::Route53 { zone: zone.name().trim_end_matches('.').to_owned(), shares },
        rollout: None,
        status: None,
        owner: policy
            .map(|policy| format!("traffic policy instance {policy}"))
            .or_else(|| service.map(str::to_owned)),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_route53::types::RrType;

    use super::*;

    fn record(name: &str, identifier: &str, weight: i64) -> ResourceRecordSet {
        let record = ResourceRecordSet::builder().name(name).r#type(RrType::A);
        record.set_identifier(identifier).weight(weight).build().unwrap()
    }

    fn zone() -> HostedZone {
        let zone = HostedZone::builder().id("/hostedzone/Z1").name("example.com.");
        zone.caller_reference("x").build().unwrap()
    }

    #[test]
    fn two_records_of_a_name_are_a_pair_and_three_are_none() {
        let records = [
            record("api.example.com.", "blue", 90),
            record("api.example.com.", "green", 10),
            record("www.example.com.", "a", 1),
            record("www.example.com.", "b", 1),
            record("www.example.com.", "c", 1),
            record("old.example.com.", "only", 1),
        ];
        let found = pairs(&zone(), &records);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].target, "route53:Z1/api.example.com/A");
        assert!(found[0].running && found[0].owner.is_none());
        let one = [record("a.example.com.", "x", 255), record("a.example.com.", "y", 0)];
        assert!(!pairs(&zone(), &one)[0].running);
    }

    #[test]
    fn records_that_a_traffic_policy_keeps_are_named_as_its_own() {
        let mut records = [record("a.example.com.", "x", 1), record("a.example.com.", "y", 1)];
        records[1].traffic_policy_instance_id = Some("p-1".into());
        let owner = pairs(&zone(), &records)[0].owner.clone();
        assert_eq!(owner.as_deref(), Some("traffic policy instance p-1"));
    }
}
