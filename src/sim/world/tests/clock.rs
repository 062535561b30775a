use super::super::argo::{Kind, text};
use super::*;
use rand::{RngExt, SeedableRng};

/// Everything that a client could tell two worlds apart by.
fn fingerprint(world: &World) -> String {
    let groups = world.target_groups();
    let metrics: Vec<_> = (1..30)
        .flat_map(|back| {
            let at = after(world.now(), SignedDuration::from_mins(-back));
            groups
                .iter()
                .map(move |group| (world.minute(&group.arn, at), world.hosts(&group.arn, at)))
        })
        .collect();
    let targets: Vec<_> = groups.iter().map(|group| world.targets(&group.arn)).collect();
    format!(
        "{:?}{:?}{:?}{:?}{:?}{:?}",
        world.deploy.deployments,
        world.ecs,
        world.listeners(),
        world.alarms(),
        targets,
        metrics
    )
}

/// Plays a story whose operator stops it after 400 s, with the given stops on the way.
fn played(name: &str, looks: impl Iterator<Item = f64>) -> String {
    const END: f64 = 1200.0;
    let mut story = Story::of(name);
    let mut stopped = false;
    for second in looks.take_while(|second| *second < END).chain([END]) {
        if !stopped && second >= 400.0 {
            story.at(400);
            let _ = story.world.stop_deployment(story.rollout, Some(true));
            stopped = true;
        }
        story.world.advance(after(start(), super::super::time::seconds(second)));
        let _ = story.world.minute(&story.world.target_groups()[0].arn, story.world.now());
    }
    fingerprint(&story.world)
}

#[test]
fn the_world_does_not_depend_on_when_it_is_looked_at() {
    for name in ["errors", "alarm", "crashloop", "out-of-memory"] {
        let leap = played(name, std::iter::empty());
        let seconds = played(name, (0..).map(f64::from));
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        let mut at = 0.0;
        let strides = played(
            name,
            std::iter::from_fn(|| {
                at += random.random_range(0.05..90.0);
                Some(at)
            }),
        );
        assert!(leap == seconds, "{name}: one leap differs from steps of a second");
        assert!(leap == strides, "{name}: one leap differs from random strides");
    }
}

#[test]
fn the_same_seed_gives_the_same_world_and_another_seed_another() {
    let world = |seed| {
        let mut world = World::new(Scenario::named("errors").unwrap(), seed, start());
        world.advance(after(start(), SignedDuration::from_mins(20)));
        fingerprint(&world)
    };
    assert!(world(1) == world(1));
    assert!(world(1) != world(2));
}

#[test]
fn time_never_runs_backwards() {
    let mut world = World::new(Scenario::named("canary").unwrap(), 1, start());
    world.advance(Timestamp::MIN);
    assert_eq!(world.now(), start());
}

#[test]
fn every_scenario_begins_where_it_says() {
    for name in Scenario::names() {
        let scenario = Scenario::named(name).unwrap();
        if scenario.weighted.is_some() {
            continue; // nothing is deployed there
        }
        let start_at = scenario.start_at;
        let world = World::new(scenario, SEED, start());
        let newest = world.deploy.deployments.last().map(|rollout| rollout.created);
        let native = world.native.as_ref().and_then(|native| native.deployments.last());
        let executions = world.pipeline.as_ref().and_then(|pipeline| pipeline.executions.last());
        let updates = world.beanstalk.iter().flat_map(|beanstalk| &beanstalk.notices);
        let begun = "Environment update is starting.";
        let update = updates.filter(|notice| notice.message == begun).map(|notice| notice.at);
        let begun = native.map(|rollout| rollout.created);
        let begun = begun.or(executions.map(|execution| execution.started));
        let sets = world.argo.iter().flat_map(|argo| argo.store.all(Kind::ReplicaSet));
        let set = sets.filter_map(|set| text(set, "/metadata/creationTimestamp").parse().ok());
        let created = begun.or(update.max()).or(set.max()).or(newest).unwrap();
        assert_eq!(world.now(), start(), "{name}");
        assert_eq!(start().duration_since(created), start_at, "{name}");
    }
}
