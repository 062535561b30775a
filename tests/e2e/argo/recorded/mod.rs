//! The simulated controller beside recordings of the real one: the same changes by hand lead through
//! the same statuses. Moments, counts of pods on their way and names do not matter; versions are
//! called by the order in which they were asked for.

mod course;
mod hand;

use serde_json::json;

use self::course::{REST, differences, recorded, text};
use self::hand::Hand;
use super::ground::Ground;

/// The simulated course is the recorded one, but for what is named with its reason.
#[track_caller]
fn is_as_recorded(name: &str, hand: Hand, but: &[(&str, &str)]) {
    let Hand { mut course, ground, start, .. } = hand;
    let now = ground.now().duration_since(start).as_millis();
    course.rests_until(i64::try_from(now).unwrap() + REST);
    let real = recorded(name);
    let mut found = differences(&real.states, &course.states);
    found.extend(differences(&real.rests, &course.rests));
    let named: Vec<&str> = but.iter().map(|(line, _why)| *line).collect();
    let unknown: Vec<&String> =
        found.iter().filter(|line| !named.contains(&line.as_str())).collect();
    let unused: Vec<&&str> =
        named.iter().filter(|line| !found.iter().any(|one| one == **line)).collect();
    assert!(
        unknown.is_empty() && unused.is_empty(),
        "{name}\nunknown: {unknown:#?}\nunused: {unused:#?}"
    );
}

#[test]
fn a_blue_green_that_is_promoted() {
    let mut hand = Hand::of("bluegreen-success");
    hand.until_healthy();
    hand.brings_out("v2");
    hand.until_paused();
    hand.rests(3000);
    hand.promotes();
    hand.until_healthy();
    hand.until_gone(1);
    is_as_recorded("bluegreen-success", hand, &[]);
}

#[test]
fn a_blue_green_whose_analysis_fails() {
    let mut hand = Hand::of("bluegreen-failed-analysis");
    hand.until_healthy();
    hand.rests(1000);
    hand.measures(0.5);
    hand.brings_out("v2");
    hand.until_phase("Degraded");
    hand.until_gone(2);
    hand.rests(1000);
    hand.undoes();
    hand.until_healthy();
    hand.rests(500);
    is_as_recorded("bluegreen-failed-analysis", hand, &[]);
}

#[test]
fn a_blue_green_that_goes_back_after_the_cutover() {
    let mut hand = Hand::of("bluegreen-post-failure");
    hand.until_healthy();
    hand.brings_out("v2");
    hand.until_paused();
    hand.promotes();
    hand.until(|rollout| {
        text(rollout, "/status/blueGreen/postPromotionAnalysisRunStatus/status") == "Running"
    });
    hand.measures(0.1);
    hand.until_phase("Degraded");
    hand.until_gone(2);
    is_as_recorded("bluegreen-post-failure", hand, &[]);
}

#[test]
fn a_blue_green_that_is_aborted_while_its_pods_crash() {
    let mut hand = Hand::of("bluegreen-abort-outage");
    hand.until_healthy();
    hand.brings_out("v2");
    hand.until(|rollout| {
        text(rollout, "/status/blueGreen/postPromotionAnalysisRunStatus/status") == "Running"
    });
    hand.rests(2000);
    let green = hand.course.versions[1].clone();
    hand.ground.pods_do(&green, "crash");
    hand.rests(1000);
    hand.aborts();
    hand.until_gone(2);
    hand.rests(2000);
    hand.undoes();
    hand.until_healthy();
    is_as_recorded("bluegreen-abort-outage", hand, &[]);
}

#[test]
fn a_canary_that_is_promoted() {
    let mut hand = Hand::of("canary-nginx-success");
    hand.until_healthy();
    hand.brings_out("v2");
    hand.until_paused();
    hand.rests(2000);
    hand.promotes();
    hand.until_healthy();
    hand.until_gone(1);
    is_as_recorded("canary-nginx-success", hand, &[]);
}

#[test]
fn a_canary_that_is_aborted_and_tried_again() {
    let mut hand = Hand::of("canary-nginx-abort-retry");
    hand.until_healthy();
    hand.brings_out("v2");
    hand.until_paused();
    hand.measures(0.2);
    hand.promotes();
    hand.until_phase("Degraded");
    hand.rests(3000);
    hand.measures(1.0);
    hand.tries_again();
    hand.until_paused();
    hand.promotes();
    hand.until(|rollout| rollout["status"]["canary"]["weights"]["canary"]["weight"] == 50);
    hand.aborts();
    hand.until_gone(2);
    hand.rests(200);
    hand.undoes();
    hand.until_healthy();
    hand.rests(500);
    let but = [(
        "- Progressing \"more replicas need to be updated\", asks v2 stable v1, step 0, weight 0",
        "the pods beyond the first step are counted out one look later there, so the step is done later",
    )];
    is_as_recorded("canary-nginx-abort-retry", hand, &but);
}

#[test]
fn a_canary_that_is_promoted_in_full_and_undone() {
    let mut hand = Hand::of("canary-nginx-full");
    hand.until_healthy();
    hand.brings_out("v2");
    hand.until_paused();
    hand.promotes_in_full();
    hand.until_healthy();
    hand.rests(1000);
    hand.undoes();
    hand.rests(3000);
    is_as_recorded("canary-nginx-full", hand, &[]);
}

#[test]
fn a_canary_by_pods_that_crashes_and_is_followed_by_others() {
    let mut hand = Hand::of("canary-basic-crash");
    hand.until_healthy();
    hand.brings_out("v2-crash");
    hand.until_phase("Degraded");
    hand.brings_out("v3-missing");
    hand.rests(4000);
    hand.brings_out("v4");
    hand.until_paused();
    hand.aborts();
    hand.until_phase("Degraded");
    hand.rests(4000);
    hand.tries_again();
    hand.until_paused();
    hand.promotes();
    hand.until_healthy();
    let but = [(
        "- Progressing \"old replicas are pending termination\", asks v4 stable v1, step 4",
        "the last two pods were ready one look after the other; here they are in the same one",
    )];
    is_as_recorded("canary-basic-crash", hand, &but);
}

#[test]
fn a_canary_whose_release_gets_lost() {
    let mut hand = Hand::of("canary-lost-promote");
    hand.until_healthy();
    hand.brings_out("v2");
    hand.until(|rollout| rollout["status"]["pauseConditions"].is_array());
    hand.rests(20);
    hand.promotes();
    hand.rests(5000);
    hand.patches(false, &json!({"metadata": {"annotations": {"example.test/nudge": "1"}}}));
    hand.until(|rollout| {
        text(rollout, "/status/canary/currentStepAnalysisRunStatus/status") == "Running"
    });
    is_as_recorded("canary-lost-promote", hand, &[]);
}
