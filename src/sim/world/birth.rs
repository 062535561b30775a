//! The beginning: names, releases, the founding task set, and the story as planned events.

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::World;
use super::alarms::{Alarm, AlarmState};
use super::codedeploy::{CodeDeploy, Config, PREDEFINED, Revision};
use super::dns::Dns;
use super::ecs::{Ecs, SetStatus, TaskDefinition};
use super::elb::{Elb, Held};
use super::keys::{Pool, ReleaseKey};
use super::names::{Door, Names};
use super::native::{Native, ServiceRevision};
use super::queue::{Event, Queue};
use super::random::Seed;
use super::rules::Weights;
use super::time::{after, before};
use super::traffic::Traffic;
use crate::sim::scenario::{AlarmMetric, HeldBy, Release, Scenario, Strategy};
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
    let mut world = World {
        deploy: deploy(&scenario, &names, dawn),
        ecs: ecs(&scenario, story, dawn),
        elb: elb(&scenario),
        traffic: Traffic::new(seed, scenario.traffic.clone(), releases.clone()),
        alarms: alarms(&scenario, &names, dawn),
        native: native(&scenario, seed, dawn),
        dns: Dns::new(&scenario, &names, seed),
        page_size: PAGE,
        queue: Queue::default(),
        now: dawn,
        scenario,
        names,
        releases,
        seed,
    };
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
    world.queue = Queue::default();
    plan_story(&mut world, story);
    world
}

/// The rules at the beginning, and how many targets each group has.
fn elb(scenario: &Scenario) -> Elb {
    let held = |door, weights| Held { door, priority: None, conditions: Vec::new(), weights };
    let desired = scenario.place.desired;
    let Some(weighted) = &scenario.weighted else {
        // Everything on the first group, in the single-target form that precedes all rollouts.
        let test = scenario.rollout.test_listener.then_some(Door::Test);
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
    let custom = scenario.rollout.configs.iter().map(|own| (own.name.as_str(), own.routing));
    let configs =
        PREDEFINED.into_iter().chain(custom).enumerate().map(|(index, (name, routing))| {
            let id = sha256(name).get(..8).unwrap_or_default().to_owned();
            let created = after(dawn, SignedDuration::from_secs(index as i64));
            Config { name: name.to_owned(), id, routing, created }
        });
    let revisions = (0..releases(scenario).len()).map(|index| {
        let content = appspec(names, FIRST_REVISION + index);
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

/// The lower-case hexadecimal SHA-256 of a text.
pub(crate) fn sha256(text: &str) -> String {
    let digits = Sha256::digest(text).into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}

fn alarms(scenario: &Scenario, names: &Names, dawn: Timestamp) -> Vec<Alarm> {
    // The groups swap with every rollout, but for one that rolls within a group: after an even number of them green uses the second one.
    let rolling = scenario.native.as_ref().is_some_and(|one| one.strategy == Strategy::Rolling);
    let second = scenario.history.len().is_multiple_of(2) && !rolling;
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
