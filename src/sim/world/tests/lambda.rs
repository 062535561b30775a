//! A function: what the alias gives to which version, and what CloudWatch counts of it.

use super::*;
use crate::sim::world::keys::{ReleaseKey, SetKey};
use crate::sim::world::time::before;

/// Number and share in per cent of the versions behind the alias.
fn alias(story: &Story) -> Vec<(usize, f64)> {
    let lambda = story.world.lambda.as_ref().unwrap();
    let shares = (0..lambda.versions.len())
        .map(|index| (lambda.versions[index].number, lambda.alias.share(SetKey(index)) * 100.0));
    shares.filter(|(_, share)| *share > 0.0).collect()
}

fn version(story: &Story, release: usize) -> Option<SetKey> {
    story.world.lambda.as_ref().unwrap().of_release(ReleaseKey(release))
}

#[test]
fn a_canary_gives_a_tenth_then_everything_and_is_over_at_once() {
    let mut story = Story::of("lambda-canary");
    assert_eq!(alias(&story), [(41, 100.0)]);
    story.until_event(Lifecycle::AllowTraffic);
    assert_eq!(alias(&story), [(41, 90.0), (42, 10.0)]);
    let events: Vec<Lifecycle> =
        story.deployment().progress.iter().flat_map(|at| &at.events).map(|one| one.event).collect();
    assert_eq!(
        events,
        [Lifecycle::BeforeAllowTraffic, Lifecycle::AllowTraffic, Lifecycle::AfterAllowTraffic]
    );
    story.until(700, |story| story.status() == Status::Succeeded);
    assert!(story.seconds() > 600, "{}", story.seconds());
    assert_eq!(alias(&story), [(42, 100.0)]);
}

#[test]
fn a_stop_with_rollback_resets_the_alias_and_a_bare_one_leaves_it() {
    for roll_back in [true, false] {
        let mut story = Story::of("lambda-canary");
        story.until_event(Lifecycle::AllowTraffic);
        story.stop(roll_back);
        story.until(30, |story| story.status() == Status::Stopped);
        let at = story.seconds();
        story.at(at + 60);
        assert_eq!(story.rollback().is_some(), roll_back);
        let expected = if roll_back { vec![(41, 100.0)] } else { vec![(41, 90.0), (42, 10.0)] };
        assert_eq!(alias(&story), expected);
    }
}

#[test]
fn there_is_no_wait_to_continue_from() {
    let mut story = Story::of("lambda-canary");
    story.until_event(Lifecycle::AllowTraffic);
    for wait in [Wait::Ready, Wait::Termination] {
        let error = story.world.continue_deployment(story.rollout, wait).unwrap_err();
        assert_eq!(error.code, "UnsupportedActionForDeploymentTypeException");
    }
}

#[test]
fn each_version_has_its_own_invocations_and_together_they_are_the_alias() {
    let mut story = Story::of("lambda-errors");
    story.at(1500);
    let minute = before(story.world.now(), SignedDuration::from_mins(8));
    let count = |version| {
        let minute = story.world.invocations(version, minute);
        minute.map_or((0, 0), |minute| (minute.requests, minute.c5xx))
    };
    let (blue, green) = (count(version(&story, 2)), count(version(&story, 3)));
    let whole = count(None);
    assert_eq!((blue.0 + green.0, blue.1 + green.1), whole);
    let share = green.0 as f64 / whole.0 as f64;
    assert!((0.17..0.23).contains(&share), "{share}");
    let rate = |(requests, errors): (u64, u64)| errors as f64 / requests as f64;
    assert!(rate(green) > 4.0 * rate(blue), "{green:?} {blue:?}");
    assert_eq!(count(version(&story, 0)), (0, 0));
}

#[test]
fn a_version_that_returns_keeps_the_stream_of_its_requests() {
    let mut story = Story::of("lambda-canary");
    story.until(900, |story| story.status() == Status::Succeeded);
    let (old, new) = (version(&story, 2).unwrap(), version(&story, 3).unwrap());
    story.world.set_alias(old, Some((new, 0.25)));
    let at = story.seconds();
    story.at(at + 600);
    let minute = before(story.world.now(), SignedDuration::from_mins(5));
    let requests = |version| story.world.invocations(Some(version), minute).unwrap().requests;
    let share = requests(new) as f64 / (requests(old) + requests(new)) as f64;
    assert!((0.22..0.28).contains(&share), "{share}");
}
