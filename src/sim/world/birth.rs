//! The beginning: names, releases, the founding task set, and the story as planned events.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::World;
use super::alarms::{Alarm, AlarmState};
use super::argo::Argo;
use super::beanstalk::Beanstalk;
use super::clusters::Clusters;
use super::codedeploy::{CodeDeploy, Config, PREDEFINED, Pace, Platform, Revision};
use super::dns::Dns;
use super::ecs::{Ecs, SetStatus, TaskDefinition};
use super::elb::{Elb, Held};
use super::fleet::Fleet;
use super::keys::{Pool, ReleaseKey};
use super::lambda::{Lambda, Version};
use super::names::{Door, Names};
use super::native::{Native, ServiceRevision};
use super::pipeline::Pipeline;
use super::queue::{Event, Queue};
use super::random::Seed;
use super::rules::Weights;
use super::time::{after, before};
use super::traffic::Traffic;
use crate::sim::scenario::{self, AlarmMetric, HeldBy, Release, Scenario, Strategy};
use crate::sim::value::{Value, list, map};

/// The image tag before the first rollout of the history.
const FOUNDING_TAG: &str = "1.8.0";
/// The task definition revision of the founding release.
const FIRST_REVISION: usize = 39;
/// Items on a page of a CodeDeploy list.
const PAGE: usize = 100;

/// The world of a scenario, long before `start`, with everything planned that leads there.
pub(super) fn world(mut scenario: Scenario, seed: Seed, start: Timestamp) -> World {
    if scenario.weighted.is_some() {
        // Where nothing is deployed, nothing ever was: both pools were always there.
        scenario.history.clear();
    }
    let story = before(start, scenario.start_at);
    let oldest = scenario.history.iter().map(|past| past.ago).max().unwrap_or_default();
    let dawn = before(story, oldest.saturating_add(SignedDuration::from_hours(24)));
    let releases = releases(&scenario);
    let names = Names::new(&scenario, seed);
    let (first, clusters) = clusters(&scenario, &names, (seed, dawn, story));
    let mut world = World {
        deploy: deploy(&scenario, &names, dawn),
        ecs: ecs(&scenario, story, dawn),
        elb: elb(&scenario),
        traffic: Traffic::new(seed, scenario.traffic.clone(), releases.clone()),
        alarms: alarms(&scenario, &names, dawn),
        native: native(&scenario, seed, dawn),
        dns: Dns::new(&scenario, &names, seed),
        lambda: lambda(&scenario, story, dawn),
        fleet: fleet(&scenario, seed),
        beanstalk: scenario.beanstalk.clone().map(|one| Beanstalk::new(one, &names, seed, dawn)),
        argo: argo(&scenario, &names, (seed, dawn, story)).or(first),
        clusters,
        pipeline: scenario.pipeline.clone().map(|one| Pipeline::new(one, dawn)),
        spent_codes: BTreeSet::new(),
        asked_in: None,
        request: String::new(),
        page_size: PAGE,
        queue: Queue::default(),
        now: dawn,
        scenario,
        names,
        releases,
        seed,
    };
    let targets = world.has_service() || world.scenario.weighted.is_some();
    if targets && world.clusters.is_none() {
        found_service(&mut world);
    }
    world.queue = Queue::default();
    // What the clusters make of their first Rollout is still to come.
    for side in 0..=usize::from(world.clusters.is_some()) {
        world.at_side(side, |world| world.change_cluster(|_, _| ()));
    }
    plan_story(&mut world, story);
    world
}

/// What served before all rollouts; where nothing is ever deployed, the other side, too.
fn found_service(world: &mut World) {
    let founding = world.add_set("d-FOUNDING0", ReleaseKey(0), Pool::A, SetStatus::Primary);
    world.found(founding);
    let first = world.native.as_mut().and_then(|native| native.revisions.first_mut());
    if let Some(first) = first {
        first.set = Some(founding);
    }
    if world.scenario.weighted.is_some() {
        let green = world.add_set("", ReleaseKey(1), Pool::B, SetStatus::Active);
        world.found(green);
        world.reflow();
    }
}

/// The function with a version for each release, published shortly before it is rolled out.
fn lambda(scenario: &Scenario, story: Timestamp, dawn: Timestamp) -> Option<Lambda> {
    let config = scenario.lambda.clone()?;
    let published = dates(scenario, story, dawn);
    let version = |(index, (release, at)): (usize, (Release, Timestamp))| Version {
        number: FIRST_REVISION + index,
        release: ReleaseKey(index),
        published: before(at, SignedDuration::from_secs(40)),
        sha256: base64(&Sha256::digest(format!("{}:{}", config.function, release.tag))),
    };
    let versions = releases(scenario).into_iter().zip(published).enumerate().map(version).collect();
    Some(Lambda::new(config, versions))
}

/// The clusters behind the weights, each with the release of its side; the first one is taken to hand.
fn clusters(
    scenario: &Scenario,
    names: &Names,
    (seed, dawn, story): (Seed, Timestamp, Timestamp),
) -> (Option<Argo>, Option<Clusters>) {
    let Some([blue, green]) = &scenario.clusters else { return (None, None) };
    let cluster = |config: &scenario::Cluster, release: &Release, seed| {
        let own = Scenario { blue: release.clone(), ..scenario.clone() };
        let releases = std::slice::from_ref(release);
        Argo::new(config.argo.clone(), (&own, releases), names, (seed, dawn, story))
    };
    let first = cluster(blue, &scenario.blue, seed);
    // Names and addresses of the other one are others.
    let second = cluster(green, &scenario.green, Seed(seed.0 ^ 0x5EED));
    let contexts = [blue.context.clone(), green.context.clone()];
    (Some(first), Some(Clusters::new(contexts, second)))
}

/// The cluster whose Rollout asks for the founding release.
fn argo(scenario: &Scenario, names: &Names, times: (Seed, Timestamp, Timestamp)) -> Option<Argo> {
    let config = scenario.argo.clone()?;
    Some(Argo::new(config, (scenario, &releases(scenario)), names, times))
}

/// The instances that have long been serving.
fn fleet(scenario: &Scenario, seed: Seed) -> Option<Fleet> {
    let place = &scenario.place;
    let config = scenario.ec2.clone()?;
    Some(Fleet::new(config, &place.service, place.desired, seed))
}

/// Bytes in Base64, as Lambda spells hashes.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let chunk = |chunk: &[u8]| {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        let letter = move |place: usize| {
            let index = (bits >> (18 - 6 * place) & 63) as usize;
            if place > chunk.len() { '=' } else { char::from(LETTERS[index]) }
        };
        (0..4).map(letter).collect::<String>()
    };
    bytes.chunks(3).map(chunk).collect()
}

/// Only an ECS service is tested through a listener of its own.
fn has_test_listener(scenario: &Scenario) -> bool {
    scenario.rollout.test_listener
        && [
            scenario.lambda.is_some(),
            scenario.ec2.is_some(),
            scenario.beanstalk.is_some(),
            scenario.argo.is_some(),
        ]
        .into_iter()
        .all(|other| !other)
}

/// The rules at the beginning, and how many targets each group has.
fn elb(scenario: &Scenario) -> Elb {
    let held = |door, weights| Held { door, priority: None, conditions: Vec::new(), weights };
    let desired = scenario.place.desired;
    let Some(weighted) = &scenario.weighted else {
        // Everything on the first group, in the single-target form that precedes all rollouts.
        let test = has_test_listener(scenario).then_some(Door::Test);
        let doors = std::iter::once(Door::Production).chain(test);
        let rules = doors.map(|door| held(door, Weights::single(Pool::A)));
        return Elb::new(rules.collect(), [desired, 0]);
    };
    let split = Weights::both(weighted.weights);
    let blue = held(Door::Production, Weights::single(Pool::A));
    let rules = match &weighted.held_by {
        HeldBy::Listener => vec![held(Door::Production, split)],
        HeldBy::Rule { priority, path } => {
            let carrier = Held {
                priority: Some(*priority),
                conditions: vec![path_condition(path)],
                ..held(Door::Production, split)
            };
            let moved = Held {
                priority: Some(priority + 10),
                conditions: vec![path_condition("/old/*")],
                ..held(Door::Production, Weights::redirect())
            };
            vec![carrier, moved, blue]
        }
        HeldBy::Records(_) => vec![blue, held(Door::Second, Weights::single(Pool::B))],
    };
    Elb::new(rules, [desired, desired])
}

/// The condition of a rule that is for some paths.
fn path_condition(path: &str) -> Value {
    let values = || list([path]);
    map([
        ("Field", Value::from("path-pattern")),
        ("Values", values()),
        ("PathPatternConfig", map([("Values", values())])),
    ])
}

/// The service as its first revision, when ECS deploys it.
fn native(scenario: &Scenario, seed: Seed, dawn: Timestamp) -> Option<Native> {
    let config = scenario.native.clone()?;
    let revision = ServiceRevision {
        id: seed.digits("service revision", 0, 19),
        release: ReleaseKey(0),
        pool: Pool::A,
        created: dawn,
        set: None,
    };
    Some(Native { config, revisions: vec![revision], deployments: Vec::new() })
}

/// The founding release, those of the history, and green, in the order they are rolled out.
fn releases(scenario: &Scenario) -> Vec<Release> {
    let founding = if scenario.history.is_empty() { &scenario.blue.tag } else { FOUNDING_TAG };
    let past = scenario.history.iter().map(|past| past.tag.as_str());
    let blues = std::iter::once(founding).chain(past);
    let blues = blues.map(|tag| Release { tag: tag.to_owned(), ..scenario.blue.clone() });
    blues.chain(std::iter::once(scenario.green.clone())).collect()
}

/// When each release was rolled out, the founding one at `dawn`.
fn dates(scenario: &Scenario, story: Timestamp, dawn: Timestamp) -> Vec<Timestamp> {
    let past = scenario.history.iter().map(|past| before(story, past.ago));
    std::iter::once(dawn).chain(past).chain(std::iter::once(story)).collect()
}

fn plan_story(world: &mut World, story: Timestamp) {
    const ALARMS_BEFORE: SignedDuration = SignedDuration::from_mins(12);
    if world.scenario.weighted.is_none() {
        let dates = dates(&world.scenario, story, world.now);
        for (index, at) in dates.into_iter().skip(1).enumerate() {
            world.queue.plan(at, Event::Create(index));
        }
    }
    if !world.alarms.is_empty() {
        world.queue.plan(before(story, ALARMS_BEFORE), Event::Alarms);
    }
}

fn ecs(scenario: &Scenario, story: Timestamp, dawn: Timestamp) -> Ecs {
    let registered = dates(scenario, story, dawn);
    let definition = |(index, (release, at)): (usize, (Release, Timestamp))| TaskDefinition {
        revision: FIRST_REVISION + index,
        digest: format!("sha256:{}", sha256(&release.tag)),
        registered: before(at, SignedDuration::from_secs(75)),
    };
    Ecs {
        created: dawn,
        definitions: releases(scenario)
            .into_iter()
            .zip(registered)
            .enumerate()
            .map(definition)
            .collect(),
        sets: Vec::new(),
        tasks: Vec::new(),
        events: std::collections::VecDeque::new(),
        events_said: 0,
    }
}

fn deploy(scenario: &Scenario, names: &Names, dawn: Timestamp) -> CodeDeploy {
    let own = if scenario.lambda.is_some() { Platform::Lambda } else { Platform::Ecs };
    let custom = scenario.rollout.configs.iter();
    let custom = custom.map(|one| (own, one.name.clone(), Pace::Shares(one.routing)));
    let predefined = PREDEFINED
        .into_iter()
        .map(|(platform, rest, pace)| (platform, format!("{}{rest}", platform.prefix()), pace));
    let configs = predefined.chain(custom).enumerate().map(|(index, (platform, name, pace))| {
        let id = sha256(&name).get(..8).unwrap_or_default().to_owned();
        let created = after(dawn, SignedDuration::from_secs(index as i64));
        Config { name, id, platform, pace, created }
    });
    let revisions = (0..releases(scenario).len()).map(|index| {
        let content = match (&scenario.lambda, &scenario.ec2) {
            (Some(lambda), _) => function_appspec(lambda, FIRST_REVISION + index),
            (None, Some(_)) => bundle(scenario, index),
            (None, None) => appspec(names, FIRST_REVISION + index),
        };
        Revision {
            sha256: sha256(&content),
            content,
            release: ReleaseKey(index),
            registered: dawn,
            first_used: None,
            last_used: None,
        }
    });
    CodeDeploy {
        created: dawn,
        deployments: Vec::new(),
        revisions: revisions.collect(),
        configs: configs.collect(),
        last_successful: None,
    }
}

/// The AppSpec that rolls out a revision of the task definition.
fn appspec(names: &Names, revision: usize) -> String {
    let arn = names.task_definition(revision);
    let (container, port) = (&names.place.service, names.place.port);
    format!(
        r#"{{"version":0.0,"Resources":[{{"TargetService":{{"Type":"AWS::ECS::Service","Properties":{{"TaskDefinition":"{arn}","LoadBalancerInfo":{{"ContainerName":"{container}","ContainerPort":{port}}}}}}}}}]}}"#
    )
}

/// The AppSpec that shifts the alias to a version.
fn function_appspec(lambda: &scenario::Lambda, version: usize) -> String {
    let scenario::Lambda { function, alias } = lambda;
    let current = version.saturating_sub(1);
    format!(
        r#"{{"version":0.0,"Resources":[{{"{function}":{{"Type":"AWS::Lambda::Function","Properties":{{"Name":"{function}","Alias":"{alias}","CurrentVersion":"{current}","TargetVersion":"{version}"}}}}}}]}}"#
    )
}

/// The key of the bundle of a release.
fn bundle(scenario: &Scenario, index: usize) -> String {
    let tag = releases(scenario).get(index).map(|release| release.tag.clone()).unwrap_or_default();
    format!("{}/{tag}.zip", scenario.place.service)
}

/// The lower-case hexadecimal SHA-256 of a text.
pub(crate) fn sha256(text: &str) -> String {
    let digits = Sha256::digest(text).into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}

fn alarms(scenario: &Scenario, names: &Names, dawn: Timestamp) -> Vec<Alarm> {
    // The groups swap with every rollout, but for one that rolls within a group: after an even number of them green uses the second one.
    let rolling = scenario.native.as_ref().is_some_and(|one| one.strategy == Strategy::Rolling);
    let one_group = rolling || scenario.ec2.is_some();
    let second = scenario.history.len().is_multiple_of(2) && !one_group;
    let green = if second { Pool::B } else { Pool::A };
    let alarm = |rule: &crate::sim::scenario::AlarmRule| Alarm {
        arn: names.alarm(&rule.name),
        target_group_arn: match rule.metric {
            AlarmMetric::Target5xx | AlarmMetric::P99 | AlarmMetric::UnhealthyHosts => {
                Some(names.target_group(green))
            }
            AlarmMetric::Elb502 => None,
        },
        load_balancer_arn: names.load_balancer(names.balancer_of(green)),
        rule: rule.clone(),
        state: AlarmState::InsufficientData,
        reason: "Unchecked: Initial alarm creation".to_owned(),
        updated: dawn,
        transitioned: dawn,
        pool: green,
    };
    scenario.alarms.iter().map(alarm).collect()
}
