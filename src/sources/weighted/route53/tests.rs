//! Records as they are read, and what is made of them.

use std::collections::BTreeMap;

use aws_sdk_route53::types::{AliasTarget, ResourceRecord, ResourceRecordSet, RrType};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::find::Balancer;
use super::records::{Pair, batch, plain};
use super::translate::{measured, snapshot};
use super::{Place, Raw};
use crate::domain::{Action, At, Fact, FaultKind, Origin, Percent, Refusal, ShareOf, Snapshot};
use crate::sources::metrics::Measured;
use crate::sources::weighted::sides::Roles;

const NAME: (&str, &str) = ("api.example.com", "A");

fn named(
    name: &str,
    identifier: &str,
) -> aws_sdk_route53::types::builders::ResourceRecordSetBuilder {
    ResourceRecordSet::builder().name(name).r#type(RrType::A).set_identifier(identifier)
}

fn alias(identifier: &str, weight: i64) -> ResourceRecordSet {
    let target = AliasTarget::builder()
        .hosted_zone_id("ZELB")
        .dns_name(format!("dualstack.shop-{identifier}.eu-west-1.elb.amazonaws.com."))
        .evaluate_target_health(true)
        .build();
    let record = named("api.example.com.", identifier).weight(weight).health_check_id("h-1");
    record.alias_target(target.unwrap()).build().unwrap()
}

fn address(identifier: &str, weight: i64) -> ResourceRecordSet {
    let value = ResourceRecord::builder().value("192.0.2.7").build().unwrap();
    let record = named("api.example.com.", identifier).weight(weight).ttl(300);
    record.resource_records(value).build().unwrap()
}

fn pair(records: &[ResourceRecordSet]) -> Pair {
    Pair::of("Z1", NAME, records).unwrap()
}

fn read(records: &[ResourceRecordSet]) -> Raw {
    let pair = pair(records);
    let weights = pair.records.each_ref();
    let weights = weights.map(|r| (r.set_identifier().unwrap(), r.weight().unwrap() as u32));
    let roles = Roles::of(weights, None, None).unwrap();
    Raw { records: Fact::known((pair, roles), Timestamp::UNIX_EPOCH), ..Raw::default() }
}

fn place() -> Place {
    Place::of(&"route53:Z1/api.example.com/A".parse().unwrap()).unwrap()
}

fn picture(raw: &Raw) -> Snapshot {
    snapshot(&place(), &Fact::Unasked, raw, Timestamp::UNIX_EPOCH)
}

fn green(picture: &Snapshot) -> Option<f64> {
    let planned = &picture.rollout().unwrap().traffic.planned;
    planned.value().map(|split| split.green.get())
}

#[test]
fn two_weighted_records_are_a_split_of_the_answers() {
    let picture = picture(&read(&[alias("blue", 255), alias("green", 0)]));
    let seen = picture.rollout().unwrap();
    assert_eq!((seen.id.as_str(), seen.name.as_str()), ("api.example.com/A", "api.example.com"));
    assert_eq!(green(&picture), Some(0.0));
    assert_eq!(seen.traffic.of, ShareOf::Answers);
    assert_eq!(seen.traffic.lag, Some(SignedDuration::from_secs(60)));
    let name = "green -> dualstack.shop-green.eu-west-1.elb.amazonaws.com";
    assert_eq!(seen.green.revision.value().unwrap().name, name);
    assert!(!seen.sides_are_guessed);
    let even = self::picture(&read(&[address("a", 0), address("b", 0)]));
    assert_eq!(green(&even), Some(50.0), "all 0 are answered alike");
    assert_eq!(even.rollout().unwrap().traffic.lag, Some(SignedDuration::from_secs(300)));
}

#[test]
fn an_order_sets_both_weights_in_one_batch_and_keeps_the_rest() {
    for records in
        [[alias("blue", 255), alias("green", 0)], [address("blue", 9), address("green", 1)]]
    {
        let picture = picture(&read(&records));
        let call = picture.rollout().unwrap().dial().unwrap().at(Percent::new(25).unwrap());
        let sent = batch(&call.params[1].1).unwrap();
        let set = |index: usize| sent.changes()[index].resource_record_set().unwrap().clone();
        for (index, weight) in [(0, 75), (1, 25)] {
            assert_eq!(sent.changes()[index].action().as_str(), "UPSERT");
            let mut wanted = records[index].clone();
            wanted.weight = Some(weight);
            assert_eq!(set(index), wanted);
        }
        let line = call.cli(None);
        let begin = "aws route53 change-resource-record-sets --hosted-zone-id Z1 --change-batch '{";
        assert!(line.starts_with(begin), "{line}");
    }
}

#[test]
fn what_are_not_two_weighted_records_says_what_they_are() {
    let simple = ResourceRecordSet::builder().name("api.example.com").r#type(RrType::A);
    let simple = simple.ttl(60).build().unwrap();
    let other = named("other.example.com.", "x").weight(1).build().unwrap();
    let three = [address("a", 1), address("b", 1), address("c", 0)];
    for (records, part) in [
        (vec![simple], "api.example.com A is not weighted"),
        (three.to_vec(), "has three weighted records: a, b, c; cutover divides between two"),
        (three[..1].to_vec(), "has one weighted record: a"),
    ] {
        let fault = Pair::of("Z1", NAME, &records).unwrap_err();
        assert!(fault.message.contains(part), "{fault}");
    }
    let fault = Pair::of("Z1", NAME, &[other]).unwrap_err();
    assert_eq!(fault.kind, FaultKind::NotFound);
}

#[test]
fn what_a_traffic_policy_keeps_is_its_own() {
    let mut records = [address("a", 1), address("b", 0)];
    records[0].traffic_policy_instance_id = Some("p-1".into());
    let picture = picture(&read(&records));
    let why = picture.rollout().unwrap().offer(Action::Shift(Percent::ALL)).unwrap_err();
    assert_eq!(why, Refusal::ManagedBy("the traffic policy instance p-1".into()));
}

#[test]
fn what_would_be_lost_on_the_way_is_not_sent() {
    let mut records = [address("a", 1), address("b", 0)];
    records[1].multi_value_answer = Some(true);
    let picture = picture(&read(&records));
    let why = picture.rollout().unwrap().offer(Action::Shift(Percent::ALL)).unwrap_err();
    assert!(matches!(&why, Refusal::NoSuchCall(text) if text.contains("the record b")), "{why:?}");
}

#[test]
fn names_are_compared_as_dns_does() {
    for (a, b) in [
        ("\\052.Example.com.", "*.example.com"),
        ("api.example.com.", "API.example.com"),
        ("a\\057b.example.com", "a/b.example.com"),
        ("odd\\9.example.com", "odd\\9.example.com"),
    ] {
        assert_eq!(plain(a), plain(b));
    }
    assert_ne!(plain("a.example.com"), plain("b.example.com"));
}

#[test]
fn both_load_balancers_are_measured_or_it_is_said_why_not() {
    let mut raw = read(&[alias("blue", 1), alias("green", 0)]);
    let mut place = place();
    assert_eq!(measured(&place, &raw), Err(None), "not asked yet");
    let balancer = |kind: &str, name: &str| {
        let arn = format!("arn:aws:elasticloadbalancing:r:1:loadbalancer/{kind}/{name}/11");
        let dns = format!("dualstack.shop-{name}.eu-west-1.elb.amazonaws.com.");
        (dns, Balancer { arn, region: None, groups: BTreeMap::new() })
    };
    let known = |list: Vec<(String, Balancer)>| {
        Fact::known(
            list.into_iter().map(|(dns, one)| (dns, Ok(one))).collect(),
            Timestamp::UNIX_EPOCH,
        )
    };
    raw.balancers = known(vec![balancer("app", "blue"), balancer("app", "green")]);
    let at = |name: &str| Origin::here(At::Balancer { name: format!("{name}/11"), group: None });
    let both = Measured::new(at("app/blue"), Some(at("app/green")));
    assert_eq!(measured(&place, &raw), Ok(both));
    raw.balancers = known(vec![balancer("net", "blue"), balancer("net", "green")]);
    let both = Measured::new(at("net/blue"), Some(at("net/green")));
    assert_eq!(measured(&place, &raw), Ok(both), "they count connections");
    raw.balancers = known(vec![balancer("app", "blue")]);
    let fault = picture(&raw).metrics.fault().cloned().unwrap();
    let why = "green leads to no load balancer of this account";
    assert!(fault.message.contains(why), "{fault}");
    let api = Origin {
        region: Some("eu-north-1".into()),
        at: At::HttpApi { id: "a1".into(), stage: "x".into() },
    };
    place.named[1] = Some(api.clone());
    let both = Measured::new(at("app/blue"), Some(api));
    assert_eq!(measured(&place, &raw), Ok(both), "what a person has named is known");
    let plain = picture(&read(&[address("a", 1), address("b", 0)]));
    assert!(plain.metrics.fault().unwrap().message.contains("a is no alias of a load balancer"));
}

#[test]
fn a_load_balancers_name_says_its_region() {
    for (name, region) in [
        ("dualstack.shop-1.eu-west-1.elb.amazonaws.com.", Some("eu-west-1")),
        ("shop-1.eu-north-1.elb.amazonaws.com", Some("eu-north-1")),
        ("net-0f.elb.us-east-1.amazonaws.com.", Some("us-east-1")),
        ("shop-1.cn-north-1.elb.amazonaws.com.cn", Some("cn-north-1")),
        ("shop.example.com", None),
        ("elb", None),
        ("d111.cloudfront.net", None),
    ] {
        assert_eq!(super::find::region(name).as_deref(), region, "{name}");
    }
}

#[test]
fn a_batch_that_is_none_is_not_sent() {
    for value in [
        json!(null),
        json!({}),
        json!({"Changes": [{}]}),
        json!({"Changes": [{"Action": "UPSERT"}]}),
    ] {
        assert_eq!(batch(&value), None, "{value}");
    }
}
