//! Canary: stepped, frozen, aborted, tried again, undone, promoted in full, and writes that get lost.

use std::time::Duration;

use serde_json::{Value, json};

use super::ground::{Ground, Program, told};
use super::live::Live;
use super::scene::{Scene, canary, rolling};

told! {
    beside:
        it_goes_step_by_step_aborts_and_is_tried_again
        a_promoted_one_is_undone_through_the_same_steps
        one_that_was_frozen_by_hand_waits_for_a_person_and_is_thawed;
    alone:
        a_promotion_in_full_is_braked_by_the_roll_back;
}

fn weight(scene: &Scene<impl Ground>) -> Value {
    scene.rollout()["status"]["canary"]["weights"]["canary"]["weight"].clone()
}

fn is_full(scene: &Scene<impl Ground>) -> bool {
    scene.rollout()["status"]["promoteFull"] == true
}

fn listener(seen: &Value) -> f64 {
    let split = &seen["rollout"]["value"]["traffic"]["listener"]["value"]["split"]["green"];
    split.as_f64().unwrap_or(-1.0)
}

fn it_goes_step_by_step_aborts_and_is_tried_again(ground: impl Ground) {
    let steps = json!([{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}, {"pause": {}}]);
    let scene = Scene::with(ground, &canary(&steps));
    let blue = scene.hash("stableRS");
    let green = scene.brings_out("v2");
    scene.pauses();
    assert_eq!(listener(&scene.reaches("awaiting_approval")), 25.0);
    let (ended, _) = scene.orders("continue", &["--wait"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    scene.until("half is on green", |scene| weight(scene) == 50);
    scene.pauses();
    assert_eq!(listener(&scene.reaches("awaiting_approval")), 50.0);

    let (ended, report) = scene.orders("rollback", &["--wait"]);
    assert_eq!((ended.code, report["outcome"].as_str()), (Some(0), Some("done")), "{ended:?}");
    assert_eq!(weight(&scene), 0);
    let seen = scene.reaches("succeeded");
    // The canary's Service flaps some 25 times a second meanwhile: that is not one line each.
    let lines = seen["events"].as_array().unwrap();
    let switches = lines.iter().filter(|line| line["kind"] == "traffic").count();
    assert!(switches < 20, "{switches} lines of {}", lines.len());

    scene.is_quiet();
    let (ended, _) = scene.orders("continue", &["--wait"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    scene.pauses();
    assert_eq!(listener(&scene.reaches("awaiting_approval")), 25.0, "it began again");
    assert_eq!(scene.hash("currentPodHash"), green);
    assert_eq!(scene.hash("stableRS"), blue);
}

fn a_promotion_in_full_is_braked_by_the_roll_back(ground: impl Ground) {
    let scene = Scene::with(ground, &canary(&json!([{"setWeight": 25}, {"pause": {}}])));
    let blue = scene.hash("stableRS");
    scene.brings_out("v2");
    scene.pauses();
    // No pod becomes ready any more, so it cannot end.
    scene.stops(Program::Kubelets);
    let (ended, report) = scene.orders("finish", &[]);
    assert_eq!(report["means"], "skip_to_end", "{ended:?}");
    scene.until("it is being promoted in full", is_full);
    scene.is_quiet();
    assert!(is_full(&scene));
    let (ended, report) = scene.orders("rollback", &[]);
    assert_eq!((ended.code, report["outcome"].as_str()), (Some(0), Some("accepted")), "{ended:?}");
    scene.starts(Program::Kubelets);
    let seen = scene.reaches("succeeded");
    assert!(seen["rollout"]["value"]["kind"]["rollback"].is_object(), "{seen}");
    assert!(scene.is_aborted() && !is_full(&scene));
    assert_eq!(scene.hash("stableRS"), blue);
    assert_eq!(weight(&scene), 0);
}

fn a_promoted_one_is_undone_through_the_same_steps(ground: impl Ground) {
    let scene = Scene::with(ground, &canary(&json!([{"setWeight": 50}, {"pause": {}}])));
    let blue = scene.hash("stableRS");
    scene.brings_out("v2");
    scene.pauses();
    scene.orders("continue", &["--wait"]);
    scene.until("it is promoted", Scene::is_healthy);
    scene.is_quiet();
    let (ended, report) = scene.orders("rollback", &[]);
    assert_eq!(report["means"], "redeploy_previous", "{ended:?}");
    scene.until("the old version is asked for", |scene| scene.hash("currentPodHash") == blue);
    scene.pauses();
    let seen = scene.reaches("awaiting_approval");
    assert!(seen["rollout"]["value"]["kind"]["rollback"].is_object(), "{seen}");
    let (ended, _) = scene.orders("continue", &["--wait"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    scene.until("blue is stable again", |scene| scene.hash("stableRS") == blue);
}

fn one_that_was_frozen_by_hand_waits_for_a_person_and_is_thawed(ground: impl Ground) {
    let steps = json!([{"setWeight": 34}, {"pause": {"duration": 2}}]);
    let scene = Scene::with(ground, &rolling(&steps));
    scene.patch("rollouts/app", &json!({"spec": {"paused": true}}));
    scene.patch("rollouts/app", &json!({"spec": {"template": super::scene::template("v2")}}));
    let seen = scene.reaches("awaiting_approval");
    assert_eq!(seen["rollout"]["value"]["gate"], "approval");
    let (ended, report) = scene.orders("continue", &["--wait"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(report["call"]["operation"], "patch rollouts");
    scene.until("it is promoted", Scene::is_healthy);
}

/// Its twin in the simulator is in `contract::argo`: here it takes luck to lose a write, there it is
/// certain, and only who goes on watching sees that nothing comes of it.
#[test]
#[ignore = "real controller: just e2e-argo"]
fn a_release_that_the_controller_has_missed_is_seen_and_nudged_on() {
    let mut rollout = canary(&json!([{"setWeight": 25}, {"pause": {}}]));
    // Old versions that go would be written down by the controller, which heals what it has missed.
    rollout["spec"]["strategy"]["canary"]["scaleDownDelaySeconds"] = json!(600);
    let scene = Scene::with(Live::beside(), &rollout);
    let mut screen = scene.screen();
    for tag in ["v2", "v3", "v4", "v5", "v6", "v7"] {
        let hash = scene.brings_out(tag);
        // What somebody sends in the very moment of the pause, controller 1.9 never learns of.
        scene.pauses_just_now();
        scene.patch("rollouts/app/status", &json!({"status": {"pauseConditions": null}}));
        scene.is_quiet();
        let status = scene.rollout()["status"].clone();
        if status["controllerPause"] == true && status["pauseConditions"].is_null() {
            // The next reading beside the watch shows that it has not gone on for too long.
            screen.sees(&hash).rests(Duration::from_secs(16)).sees("WAITS FOR YOU");
            screen.asks("c").types("y");
            scene.until("it is promoted", Scene::is_healthy);
            return;
        }
        if status["pauseConditions"].is_array() {
            // The controller has written its pause over the release.
            let (ended, _) = scene.orders("continue", &["--wait"]);
            assert_eq!(ended.code, Some(0), "{ended:?}");
        }
        scene.until("it is promoted", Scene::is_healthy);
    }
    panic!("none of six was lost: this controller does not need the nudge any more");
}
