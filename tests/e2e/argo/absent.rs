//! What is not there, and what is not allowed: said in clear words, and alive afterwards.

use std::time::Duration;

use serde_json::json;

use super::ground::{Ground, Login, Screen, told};
use super::live::Live;
use super::login::SCRIBBLE;
use super::scene::{Scene, blue_green};
use super::simulated::Simulated;

told! {
    beside:
        a_rollout_that_comes_and_goes_is_seen_to
        a_wrong_name_is_an_error_with_a_hint
        a_login_that_runs_out_darkens_what_is_known_and_goes_on_when_it_is_renewed
        neither_strategy_is_said_to_be_invalid_and_mended_while_it_is_watched
        both_strategies_and_a_service_that_is_missing_are_said_to_be_invalid;
}

fn a_rollout_that_comes_and_goes_is_seen_to(ground: impl Ground) {
    let scene = Scene::new(ground);
    let mut screen = scene.screen();
    screen.sees("CANNOT READ IT").sees("there is no Rollout app");
    scene.create("rollouts", &blue_green(&json!({})));
    screen.sees("SUCCEEDED");
    scene.delete("rollouts/app");
    screen.sees("there is no Rollout app");
    assert_eq!(screen.types("q").ends(), 0);
}

#[test]
#[ignore = "real controller: just e2e-argo"]
fn a_wrong_context_is_an_error_with_a_hint() {
    let scene = Scene::with(Live::beside(), &blue_green(&json!({})));
    let target = format!("argo:nowhere/{}/app", scene.ground.namespace());
    scene.run(&["status", &target]).says(2, &["nowhere", "hint:"]);
}

fn a_wrong_name_is_an_error_with_a_hint(ground: impl Ground) {
    let scene = Scene::with(ground, &blue_green(&json!({})));
    let target = format!("argo:{}/other", scene.ground.namespace());
    scene.ground.status(&target).says(2, &["there is no Rollout other", "hint:"]);
}

fn neither_strategy_is_said_to_be_invalid_and_mended_while_it_is_watched(ground: impl Ground) {
    let scene = Scene::new(ground);
    let mut rollout = blue_green(&json!({}));
    rollout["spec"]["strategy"] = json!({});
    scene.create("rollouts", &rollout);
    let mut screen = scene.screen();
    screen.sees("InvalidSpec").sees("strategy");
    scene.ground.status(&scene.target()).says(2, &["InvalidSpec", "missing field"]);
    let strategy = blue_green(&json!({}))["spec"]["strategy"].clone();
    scene.is_quiet();
    scene.patch("rollouts/app", &json!({"spec": {"strategy": strategy}}));
    screen.sees("SUCCEEDED");
}

fn a_login_that_runs_out_darkens_what_is_known_and_goes_on_when_it_is_renewed(ground: impl Ground) {
    let scene = Scene::with(ground.logging_in(), &blue_green(&json!({})));
    scene.brings_out("v2");
    scene.pauses();
    let mut screen = scene.screen();
    screen.sees("WAITS FOR YOU");
    scene.ground.login(Login::Ended);
    screen.sees("WAITS FOR YOU?").sees("login expired");
    assert!(!screen.shows().contains(SCRIBBLE));
    scene.ground.status(&scene.target()).says(2, &["login", "hint: renew"]);
    // A token that the cluster does not take is the same to a person.
    scene.ground.login(Login::NotTaken);
    screen.rests(Duration::from_secs(12)).sees("login expired");
    scene.ground.login(Login::Good);
    screen.until(|text| !text.contains("WAITS FOR YOU?"));
    screen.asks("c").types("y").sees("BAKING");
    assert!(!screen.shows().contains(SCRIBBLE));
}

#[test]
fn a_permission_that_is_missing_is_named_on_the_screen_and_nothing_is_sent() {
    let scene = Scene::with(Simulated::beside(), &blue_green(&json!({})));
    let blue = scene.hash("stableRS");
    scene.brings_out("v2");
    scene.pauses();
    let scene = scene.denied("kubernetes.patch");
    let mut screen = scene.screen();
    screen.sees("WAITS FOR YOU").types("R").sees("patch rollouts/status");
    let (_, report) = scene.orders("continue", &[]);
    assert_eq!(report["outcome"], "not_permitted", "{report}");
    assert!(report["why"].as_str().unwrap().contains("patch rollouts/status"), "{report}");
    assert_eq!(scene.serves("app-active"), blue);
    assert!(!scene.is_aborted());
}

#[test]
#[ignore = "real controller: just e2e-argo"]
fn the_roles_that_the_program_prints_are_enough_and_needed() {
    let scene = Scene::with(Live::beside(), &blue_green(&json!({}))).acting_as("reader");
    scene
        .run(&["status", &scene.target()])
        .says(2, &["no permission for list rollouts", "cutover rbac"]);
    scene.brings_out("v2");
    scene.pauses();

    // To look.
    scene.apply(&scene.run(&["rbac", "--read-only"]).stdout);
    scene.binds("reader", &["cutover-read"]);
    scene.until("it may look", |scene| scene.run(&["status", &scene.target()]).code == Some(0));
    let (ended, report) = scene.orders("rollback", &[]);
    assert_eq!(report["outcome"], "not_permitted", "{ended:?}");
    assert!(report["why"].as_str().unwrap().contains("patch rollouts/status"), "{ended:?}");

    // To act.
    scene.apply(&scene.run(&["rbac"]).stdout);
    scene.binds("reader", &["cutover-read", "cutover-act", "cutover-act-on-deployments"]);
    scene.until("it may act", |scene| {
        let (_, report) = scene.orders("rollback", &["--dry-run"]);
        report["outcome"] == "dry_run"
    });
    let (ended, _) = scene.orders("rollback", &["--wait"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(scene.is_aborted());
}

fn both_strategies_and_a_service_that_is_missing_are_said_to_be_invalid(ground: impl Ground) {
    let scene = Scene::with(ground, &blue_green(&json!({})));
    let canary = json!({"spec": {"strategy": {"canary": {"steps": [{"setWeight": 5}]}}}});
    scene.patch("rollouts/app", &canary);
    let seen = scene.reaches("failed");
    let why = &seen["rollout"]["value"]["end_reason"];
    assert_eq!(why["code"], "InvalidSpec");
    assert!(why["message"].as_str().unwrap().contains("Multiple Strategies"), "{why}");
    scene.is_quiet();
    scene.patch("rollouts/app", &json!({"spec": {"strategy": {"canary": null}}}));
    scene.reaches("succeeded");
    scene.is_quiet();
    scene.patch(
        "rollouts/app",
        &json!({"spec": {"strategy": {"blueGreen": {"activeService": "none"}}}}),
    );
    let seen = scene.reaches("failed");
    let why = seen["rollout"]["value"]["end_reason"]["message"].as_str().unwrap().to_owned();
    assert!(why.contains("service \"none\" not found"), "{why}");
}
