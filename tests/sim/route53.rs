//! Route 53: restXml.

use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat};
use aws_sdk_route53::error::ProvideErrorMetadata;
use aws_sdk_route53::types::{
    Change, ChangeAction, ChangeBatch, ChangeStatus, ResourceRecord, ResourceRecordSet, RrType,
};
use jiff::SignedDuration;

use super::Running;

const NAME: &str = "checkout.example.com.";

fn change(action: ChangeAction, set: ResourceRecordSet) -> Change {
    Change::builder().action(action).resource_record_set(set).build().unwrap()
}

fn upsert(set: &ResourceRecordSet, weight: i64) -> Change {
    change(ChangeAction::Upsert, weighing(set, weight))
}

/// The same set with another weight.
fn weighing(set: &ResourceRecordSet, weight: i64) -> ResourceRecordSet {
    let mut set = set.clone();
    set.weight = Some(weight);
    set
}

/// A record with values of its own.
fn record(name: &str, kind: RrType, ttl: i64, values: &[&str]) -> ResourceRecordSet {
    let value = |value: &&str| ResourceRecord::builder().value(*value).build().unwrap();
    ResourceRecordSet::builder()
        .name(name)
        .r#type(kind)
        .ttl(ttl)
        .set_resource_records(Some(values.iter().map(value).collect()))
        .build()
        .unwrap()
}

fn weighted(mut set: ResourceRecordSet, identifier: &str, weight: i64) -> ResourceRecordSet {
    set.set_identifier = Some(identifier.to_owned());
    weighing(&set, weight)
}

impl Running {
    fn route53(&self) -> aws_sdk_route53::Client {
        aws_sdk_route53::Client::new(&self.config())
    }

    /// The id of the public zone, as the API gives it.
    async fn zone(&self) -> String {
        let zones = self.route53().list_hosted_zones().send().await.unwrap();
        let public = |zone: &&aws_sdk_route53::types::HostedZone| {
            zone.config().is_some_and(|config| !config.private_zone())
        };
        zones.hosted_zones().iter().find(public).unwrap().id().to_owned()
    }

    /// The two weighted records.
    async fn pair(&self) -> Vec<ResourceRecordSet> {
        let asked = self.route53().list_resource_record_sets().hosted_zone_id(self.zone().await);
        let records = asked.start_record_name(NAME).send().await.unwrap().resource_record_sets;
        records.into_iter().filter(|set| set.name() == NAME).collect()
    }

    fn weigh(&self, zone: &str, changes: Vec<Change>) -> ChangeCall {
        let batch = ChangeBatch::builder().set_changes(Some(changes)).comment("by hand").build();
        let call = self.route53().change_resource_record_sets().hosted_zone_id(zone);
        call.change_batch(batch.unwrap())
    }

    /// Code and message of the refusal of some changes.
    async fn denied(&self, zone: &str, changes: Vec<Change>) -> (String, String) {
        let error = self.weigh(zone, changes).send().await.unwrap_err();
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        (text(error.code()), text(error.message()))
    }

    fn pass_seconds(&self, seconds: i64) {
        self.simulator.clock().advance(SignedDuration::from_secs(seconds));
    }
}

type ChangeCall =
    aws_sdk_route53::operation::change_resource_record_sets::builders::ChangeResourceRecordSetsFluentBuilder;

#[tokio::test]
async fn the_zone_is_found_by_its_name_beside_a_private_one_of_the_same() {
    let sim = Running::scenario("route53", 0).await;
    let client = sim.route53();
    let found = client.list_hosted_zones_by_name().dns_name("example.com").send().await.unwrap();
    let private: Vec<_> = found
        .hosted_zones()
        .iter()
        .map(|zone| (zone.name(), zone.config().unwrap().private_zone()))
        .collect();
    assert_eq!(private.len(), 2);
    assert!(
        private.contains(&("example.com.", false)) && private.contains(&("example.com.", true))
    );
    let after = client.list_hosted_zones_by_name().dns_name("example.net").send().await.unwrap();
    assert!(after.hosted_zones().is_empty());

    let zone = client.get_hosted_zone().id(sim.zone().await).send().await.unwrap();
    assert_eq!(zone.delegation_set().unwrap().name_servers().len(), 4);
    assert_eq!(zone.hosted_zone().unwrap().resource_record_set_count(), Some(4));
    let pages = client.list_hosted_zones().max_items(1).into_paginator().items().send();
    assert_eq!(pages.collect::<Result<Vec<_>, _>>().await.unwrap().len(), 2);
}

#[tokio::test]
async fn records_are_listed_in_order_and_page_by_page() {
    let sim = Running::scenario("route53", 0).await;
    let zone = sim.zone().await;
    let list = || sim.route53().list_resource_record_sets().hosted_zone_id(&zone);
    let whole = list().send().await.unwrap();
    let shown: Vec<_> = (whole.resource_record_sets().iter())
        .map(|set| (set.name(), set.r#type().as_str(), set.set_identifier()))
        .collect();
    assert_eq!(
        shown,
        [
            ("example.com.", "NS", None),
            ("example.com.", "SOA", None),
            (NAME, "A", Some("blue")),
            (NAME, "A", Some("green")),
        ]
    );
    assert!(!whole.is_truncated() && whole.max_items() == 300);

    let mut joined = Vec::new();
    let mut page = list().max_items(1).send().await.unwrap();
    loop {
        joined.extend(page.resource_record_sets().to_vec());
        if !page.is_truncated() {
            break;
        }
        let next = list().max_items(1).start_record_name(page.next_record_name().unwrap());
        let next = next.set_start_record_type(page.next_record_type.clone());
        let next = next.set_start_record_identifier(page.next_record_identifier.clone());
        page = next.send().await.unwrap();
    }
    assert_eq!(joined, whole.resource_record_sets());
    let error = list().start_record_type(RrType::A).send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidInput"));
}

#[tokio::test]
async fn a_shift_is_shown_at_once_is_pending_for_a_while_and_moves_the_requests_later() {
    let sim = Running::scenario("route53", 0).await;
    let (zone, pair) = (sim.zone().await, sim.pair().await);
    let shift = vec![upsert(&pair[0], 128), upsert(&pair[1], 127)];
    let submitted = sim.weigh(&zone, shift).send().await.unwrap().change_info.unwrap();
    assert_eq!(
        (submitted.status(), submitted.comment()),
        (&ChangeStatus::Pending, Some("by hand"))
    );
    let shown = sim.pair().await;
    let weights: Vec<_> = shown.iter().map(ResourceRecordSet::weight).collect();
    assert_eq!(weights, [Some(128), Some(127)]);
    assert_eq!(shown[0].alias_target(), pair[0].alias_target());

    let status = || async {
        let asked = sim.route53().get_change().id(submitted.id()).send().await.unwrap();
        asked.change_info.unwrap().status
    };
    sim.pass_seconds(29);
    assert_eq!(status().await, ChangeStatus::Pending);
    sim.pass_seconds(1);
    assert_eq!(status().await, ChangeStatus::Insync);

    sim.pass(20);
    let requests = sim.balancer_requests().await;
    assert!(requests.iter().all(|count| (11_000.0..16_000.0).contains(count)), "{requests:?}");
}

impl Running {
    /// Requests of both load balancers, by the dimension of the balancer alone, ten minutes ago.
    async fn balancer_requests(&self) -> Vec<f64> {
        let (now, balancers) =
            self.simulator.with_world(|world| (world.now(), world.load_balancers()));
        let query = |(id, balancer): (&str, &cutover::sim::world::LoadBalancer)| {
            let value = balancer.arn.split_once(":loadbalancer/").unwrap().1;
            let dimension = Dimension::builder().name("LoadBalancer").value(value).build();
            let metric = Metric::builder()
                .namespace("AWS/ApplicationELB")
                .metric_name("RequestCount")
                .dimensions(dimension)
                .build();
            let stat = MetricStat::builder().metric(metric).period(60).stat("Sum").build();
            MetricDataQuery::builder().id(id).metric_stat(stat).build()
        };
        let time = |minutes: i64| {
            let at = now - SignedDuration::from_mins(minutes);
            aws_smithy_types::DateTime::from_secs(at.as_second() / 60 * 60)
        };
        let queries = ["blue", "green"].into_iter().zip(&balancers).map(query).collect();
        let asked = self.cloudwatch().get_metric_data().set_metric_data_queries(Some(queries));
        let data = asked.start_time(time(10)).end_time(time(9)).send().await.unwrap();
        data.metric_data_results().iter().map(|one| one.values()[0]).collect()
    }
}

#[tokio::test]
async fn a_change_keeps_the_next_one_out_for_a_moment() {
    let sim = Running::scenario("route53", 0).await;
    let (zone, pair) = (sim.zone().await, sim.pair().await);
    let shift = |weight| vec![upsert(&pair[0], weight)];
    sim.weigh(&zone, shift(200)).send().await.unwrap();
    let error = sim.weigh(&zone, shift(100)).send().await.unwrap_err();
    assert_eq!(error.code(), Some("PriorRequestNotComplete"));
    assert!(error.into_service_error().is_prior_request_not_complete());
    assert_eq!(sim.pair().await[0].weight(), Some(200));
    sim.pass_seconds(1);
    sim.weigh(&zone, shift(100)).send().await.unwrap();
}

#[tokio::test]
async fn a_batch_is_carried_out_as_a_whole_or_not_at_all() {
    let sim = Running::scenario("route53", 0).await;
    let (zone, pair) = (sim.zone().await, sim.pair().await);
    let absent = record("gone.example.com", RrType::A, 60, &["10.0.0.1"]);
    let mixed = vec![upsert(&pair[0], 1), change(ChangeAction::Delete, absent)];
    let (code, message) = sim.denied(&zone, mixed).await;
    assert_eq!(code, "InvalidChangeBatch");
    assert_eq!(
        message,
        "[Tried to delete resource record set [name='gone.example.com.', type='A'] but it was not \
         found]"
    );
    let changed = vec![change(ChangeAction::Delete, weighing(&pair[1], 7))];
    let (_, message) = sim.denied(&zone, changed).await;
    assert!(message.contains("set-identifier='green'] but the values provided"), "{message}");
    assert_eq!(sim.pair().await, pair);

    let moved = vec![
        change(ChangeAction::Delete, pair[0].clone()),
        change(ChangeAction::Create, weighted(pair[0].clone(), "old", 255)),
    ];
    sim.weigh(&zone, moved).send().await.unwrap();
    let names: Vec<_> = sim.pair().await.into_iter().filter_map(|set| set.set_identifier).collect();
    assert_eq!(names, ["green", "old"]);
}

#[tokio::test]
async fn records_that_cannot_be_are_refused_with_the_reason() {
    let sim = Running::scenario("route53", 0).await;
    let (zone, pair) = (sim.zone().await, sim.pair().await);
    let a = |name: &str, ttl| record(name, RrType::A, ttl, &["10.0.0.1"]);
    let two = record("w.example.com", RrType::A, 60, &["10.0.0.1", "10.0.0.2"]);
    let mut lost = pair[1].clone();
    lost.alias_target.as_mut().unwrap().dns_name = "nobody.elb.amazonaws.com".to_owned();
    let create = |set| change(ChangeAction::Create, set);
    let cases = [
        (vec![create(pair[0].clone())], "but it already exists"),
        (vec![create(a("checkout.example.com", 60))], "cannot be created as other RRSets exist"),
        (
            vec![create(a("s.example.com", 60)), create(weighted(a("s.example.com", 60), "x", 1))],
            "cannot be created as a non-weighted set exists with the same name and type",
        ),
        (
            vec![
                create(weighted(a("w.example.com", 60), "x", 1)),
                create(weighted(a("w.example.com", 300), "y", 1)),
            ],
            "cannot be created as weighted sets must contain the same TTL",
        ),
        (vec![create(weighted(two, "x", 1))], "must contain one record"),
        (vec![create(a("example.net", 60))], "is not permitted in zone example.com."),
        (
            vec![create(record("example.com", RrType::Cname, 60, &["a.example.com"]))],
            "is not permitted at apex",
        ),
        (
            vec![create(record("checkout.example.com", RrType::Cname, 60, &["a.example.com"]))],
            "conflicts with other records",
        ),
        (vec![create(record("x.example.com", RrType::A, 60, &["10.0.0"]))], "IllegalIPv4Address"),
        (vec![upsert(&lost, 1)], "does not lie within the target zone"),
        (vec![upsert(&pair[0], 1), upsert(&pair[0], 2)], "invalid set of changes"),
    ];
    for (changes, said) in cases {
        let (code, message) = sim.denied(&zone, changes).await;
        assert_eq!(code, "InvalidChangeBatch", "{message}");
        assert!(message.starts_with('[') && message.contains(said), "{said}: {message}");
    }
    let mut bare = pair[0].clone();
    bare.set_identifier = None;
    let mut timeless = a("x.example.com", 60);
    timeless.ttl = None;
    for (changes, said) in [
        (vec![upsert(&pair[0], 256)], "less than or equal to 255"),
        (vec![upsert(&pair[0], -1)], "greater than or equal to 0"),
        (vec![upsert(&bare, 1)], "Missing field 'SetIdentifier'"),
        (vec![create(timeless)], "Expected exactly one of [AliasTarget"),
        (Vec::new(), "greater than or equal to 1"),
    ] {
        let (code, message) = sim.denied(&zone, changes).await;
        assert_eq!(code, "InvalidInput", "{message}");
        assert!(message.contains(said), "{said}: {message}");
    }
    assert_eq!(sim.pair().await, pair);
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let sim = Running::scenario("route53", 0).await;
    let client = sim.route53();
    let error = client.get_hosted_zone().id("Z0").send().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 404);
    assert!(error.into_service_error().is_no_such_hosted_zone());
    let error = client.get_change().id("C0").send().await.unwrap_err();
    assert!(error.into_service_error().is_no_such_change());
    let error = client.list_resource_record_sets().hosted_zone_id("Z0").send().await.unwrap_err();
    assert!(error.into_service_error().is_no_such_hosted_zone());

    let elsewhere = Running::scenario("canary", 0).await;
    let zones = elsewhere.route53().list_hosted_zones().send().await.unwrap();
    assert!(zones.hosted_zones().is_empty());
}

#[tokio::test]
async fn faults_have_the_spelling_of_this_protocol_and_calls_are_logged() {
    let sim = Running::scenario("route53", 0).await;
    let (zone, pair) = (sim.zone().await, sim.pair().await);
    for (fault, code) in [
        ("deny", "AccessDenied"),
        ("throttle", "Throttling"),
        ("expired", "ExpiredToken"),
        ("error:503", "ServiceUnavailable"),
    ] {
        let fault = format!("route53.ChangeResourceRecordSets={fault}*1");
        sim.simulator.set_fault(fault.parse().unwrap());
        assert_eq!(sim.denied(&zone, vec![upsert(&pair[0], 1)]).await.0, code, "{fault}");
    }
    assert_eq!(sim.pair().await, pair);
    sim.simulator.set_fault("route53.ChangeResourceRecordSets=drop-after*1".parse().unwrap());
    sim.weigh(&zone, vec![upsert(&pair[0], 1)]).send().await.unwrap_err();
    assert_eq!(sim.pair().await[0].weight(), Some(1));
    let calls = sim.simulator.calls();
    let last = calls.iter().rfind(|call| call.operation == "ChangeResourceRecordSets").unwrap();
    assert!(last.carried_out);
    let changed = &last.input.get("ChangeBatch").list("Changes")[0];
    assert_eq!(changed.get("ResourceRecordSet").int("Weight"), Some(1));
}

#[tokio::test]
async fn other_clients_write_the_path_with_a_slash_at_its_end() {
    let sim = Running::scenario("route53", 0).await;
    let zone = sim.zone().await;
    let zone = zone.trim_start_matches("/hostedzone/");
    let head = format!("GET /2013-04-01/hostedzone/{zone}/rrset/?maxitems=1 HTTP/1.1");
    let answer = sim.raw(&head, b"").await;
    assert!(answer.contains("<ListResourceRecordSetsResponse xmlns="), "{answer}");
    let answer = sim.raw("GET /2013-04-01/hostedzone/Z0 HTTP/1.1", b"").await;
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    let wrapped = "<ErrorResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Error>\
                   <Type>Sender</Type><Code>NoSuchHostedZone</Code>";
    assert!(answer.contains(wrapped), "{answer}");
}
