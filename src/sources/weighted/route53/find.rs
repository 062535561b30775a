//! The calls: the zone, its records, a change on its way, and the load balancers behind the records.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::types::LoadBalancer;
use aws_sdk_route53::types::{HostedZone, HostedZoneConfig, ResourceRecordSet, RrType};
use futures::future::join_all;

use crate::domain::{Fault, FaultKind};
use crate::sources::aws::Aws;
use crate::sources::error::fault;
use crate::sources::weighted::unfit;

use super::records::{Pair, RECORDS, is_named, plain};

const ZONES: &str = "route53:ListHostedZonesByName";
const BALANCERS: &str = "elasticloadbalancing:DescribeLoadBalancers";
/// As many records as a page can have; two are wanted.
const A_PAGE: i32 = 300;
/// The API has 400 on a page; more pages is a server that repeats itself.
const PAGES: usize = 20;

/// The id of the hosted zone with this id or name.
pub(super) async fn zone(aws: &Aws, zone: &str) -> Result<String, Fault> {
    let is_id = zone.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    if is_id {
        return Ok(zone.to_owned());
    }
    let call = aws.reads().route53.list_hosted_zones_by_name().dns_name(zone);
    let answer = call.send().await.map_err(|error| fault(ZONES, &error))?;
    let same = |found: &&HostedZone| plain(found.name()) == plain(zone);
    let found: Vec<&HostedZone> = answer.hosted_zones().iter().filter(same).collect();
    let id = |zone: &HostedZone| zone.id().rsplit('/').next().unwrap_or_default().to_owned();
    match found.as_slice() {
        [only] => Ok(id(only)),
        [] => Err(Fault::new(FaultKind::NotFound, ZONES, format!("no hosted zone {zone}"))),
        several => {
            let name = |zone: &&HostedZone| {
                let private = zone.config().is_some_and(HostedZoneConfig::private_zone);
                format!("{} ({})", id(zone), if private { "private" } else { "public" })
            };
            let names: Vec<String> = several.iter().map(name).collect();
            let text = "hosted zones have this name; name the one that is meant by its id";
            Err(unfit(ZONES, format!("{} {text}: {}", names.len(), names.join(", "))))
        }
    }
}

/// The two records of a name and type.
pub(super) async fn pair(aws: &Aws, zone: &str, (name, kind): (&str, &str)) -> Result<Pair, Fault> {
    let call = aws.reads().route53.list_resource_record_sets().hosted_zone_id(zone);
    let answer = call
        .start_record_name(name)
        .start_record_type(RrType::from(kind))
        .max_items(A_PAGE)
        .send()
        .await
        .map_err(|error| fault(RECORDS, &error))?;
    let listed: &[ResourceRecordSet] = answer.resource_record_sets();
    // The first that is not of this name ends them: the API has them in order.
    let all = listed.iter().any(|record| !is_named(record, (name, kind)));
    if !all && answer.is_truncated() {
        return Err(unfit(RECORDS, format!("{name} {kind} has more than {A_PAGE} records")));
    }
    Pair::of(zone, (name, kind), listed)
}

/// Whether all name servers have a change.
pub(super) async fn is_in_sync(aws: &Aws, id: &str) -> Result<bool, Fault> {
    let call = aws.reads().route53.get_change().id(id);
    let answer = call.send().await.map_err(|error| fault("route53:GetChange", &error))?;
    let status = answer.change_info().map(|info| info.status().as_str());
    Ok(status == Some("INSYNC"))
}

/// A load balancer that a record is an alias of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Balancer {
    /// Its ARN.
    pub(crate) arn: String,
    /// Its Region, where it is not the one that is watched.
    pub(crate) region: Option<String>,
    /// Its target groups: ARNs by name.
    pub(crate) groups: BTreeMap<String, String>,
}

/// The load balancers by their names in DNS, each as far as it could be found out.
pub(crate) type Balancers = BTreeMap<String, Result<Balancer, Fault>>;

/// The Region in the name that AWS gives a load balancer, `NAME.REGION.elb.amazonaws.com` or
/// `NAME.elb.REGION.amazonaws.com`; nothing for other names.
pub(super) fn region(name: &str) -> Option<String> {
    let name = plain(name);
    let parts: Vec<&str> = name.split('.').collect();
    let at = parts.iter().rposition(|part| *part == "elb")?;
    let named = |index: usize| parts.get(index).filter(|part| part.contains('-'));
    let after = named(at + 1);
    after.or_else(|| at.checked_sub(1).and_then(named)).map(|region| (*region).to_owned())
}

/// The load balancers that have these names in DNS, each looked for in its Region. A Region that
/// does not answer leaves the others as they are.
pub(super) async fn balancers(aws: &Aws, names: Vec<String>) -> Result<Balancers, Fault> {
    let mut by_region: BTreeMap<Option<String>, Vec<String>> = BTreeMap::new();
    for name in names {
        let elsewhere = region(&name).filter(|region| region != aws.region());
        by_region.entry(elsewhere).or_default().push(name);
    }
    let looks = by_region.into_iter().map(|(region, names)| async move {
        let all = names.clone();
        match balancers_in(aws, region, names).await {
            Ok(found) => found.into_iter().map(|(name, one)| (name, Ok(one))).collect(),
            Err(fault) => all.into_iter().map(|name| (name, Err(fault.clone()))).collect(),
        }
    });
    let looked: Vec<Balancers> = join_all(looks).await;
    let found: Balancers = looked.into_iter().flatten().collect();
    match found.values().find_map(|one| one.as_ref().err()) {
        Some(fault) if found.values().all(Result::is_err) => Err(fault.clone()),
        Some(_) | None => Ok(found),
    }
}

/// The same for the names of one Region; without one it is the Region that is watched.
async fn balancers_in(
    aws: &Aws,
    region: Option<String>,
    names: Vec<String>,
) -> Result<BTreeMap<String, Balancer>, Fault> {
    let elb = aws.elb(region.as_deref());
    let mut found: Vec<LoadBalancer> = Vec::new();
    let mut marker = None;
    for _ in 0..PAGES {
        let call = elb.describe_load_balancers().set_marker(marker);
        let answer = call.send().await.map_err(|error| fault(BALANCERS, &error))?;
        found.extend(answer.load_balancers().iter().cloned());
        marker = answer.next_marker().filter(|marker| !marker.is_empty()).map(str::to_owned);
        if marker.is_none() {
            break;
        }
    }
    let mut balancers = BTreeMap::new();
    for name in names {
        let is_it = |one: &&LoadBalancer| {
            // The console puts a word before the name.
            let wanted = plain(&name);
            let own = one.dns_name().map(plain);
            own.as_deref() == Some(wanted.strip_prefix("dualstack.").unwrap_or(&wanted))
        };
        let Some(arn) = found.iter().find(is_it).and_then(LoadBalancer::load_balancer_arn) else {
            continue;
        };
        let groups = groups(&elb, arn).await?;
        balancers.insert(name, Balancer { arn: arn.to_owned(), region: region.clone(), groups });
    }
    Ok(balancers)
}

async fn groups(elb: &Client, balancer: &str) -> Result<BTreeMap<String, String>, Fault> {
    let call = elb.describe_target_groups().load_balancer_arn(balancer);
    let answer = call
        .send()
        .await
        .map_err(|error| fault("elasticloadbalancing:DescribeTargetGroups", &error))?;
    let groups = answer.target_groups().iter();
    let pair = |group: &aws_sdk_elasticloadbalancingv2::types::TargetGroup| {
        Some((group.target_group_name()?.to_owned(), group.target_group_arn()?.to_owned()))
    };
    Ok(groups.filter_map(pair).collect())
}
