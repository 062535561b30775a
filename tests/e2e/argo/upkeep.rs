//! Pausing by hand, restarting, an earlier revision, the end of an analysis: on the real controller.

use serde_json::{Value, json};

use super::ground::{Ground, Screen, told};
use super::scene::{Scene, blue_green, canary, check};

told! {
    beside:
        a_pause_by_hand_holds_the_timer_up_and_a_resume_lets_it_go
        a_resume_at_a_gate_leaves_the_gate
        a_restart_replaces_every_pod_and_moves_no_traffic
        a_revision_that_was_chosen_is_brought_out_with_every_stage
        after_an_abort_the_stable_revision_asked_for_again_ends_the_matter
        a_chosen_revision_of_a_blue_green_that_still_waits_is_served_at_once
        an_analysis_is_ended_and_counts_as_passed
        an_experiment_is_on_the_screen_and_can_be_ended;
}

fn weight(scene: &Scene<impl Ground>) -> Value {
    scene.rollout()["status"]["canary"]["weights"]["canary"]["weight"].clone()
}

fn image(scene: &Scene<impl Ground>) -> Value {
    scene.rollout()["spec"]["template"]["spec"]["containers"][0]["image"].clone()
}

/// What the pods are called.
fn names(scene: &Scene<impl Ground>) -> Vec<String> {
    let pods = scene.list("pods");
    pods.iter().map(|pod| pod["metadata"]["name"].as_str().unwrap().to_owned()).collect()
}

/// Brings out one version after the other, each to its end.
fn promotes(scene: &Scene<impl Ground>, versions: [&str; 2]) {
    for version in versions {
        scene.brings_out(version);
        scene.pauses();
        let (ended, _) = scene.orders("continue", &["--wait"]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        scene.until("it is promoted", Scene::is_healthy);
        scene.is_quiet();
    }
}

fn a_pause_by_hand_holds_the_timer_up_and_a_resume_lets_it_go(ground: impl Ground) {
    let steps =
        json!([{"setWeight": 25}, {"pause": {"duration": 6}}, {"setWeight": 50}, {"pause": {}}]);
    let scene = Scene::with(ground, &canary(&steps));
    let mut screen = scene.screen();
    scene.brings_out("v2");
    scene.pauses();
    screen.sees("25 %");
    screen.asks("P").types("y");
    screen.sees("pause: done");
    assert_eq!(scene.rollout()["spec"]["paused"], true);
    // The timer has long run out, and nothing has come of it.
    screen.rests(std::time::Duration::from_secs(8));
    assert_eq!(weight(&scene), 25);
    screen.sees("paused by hand").sees("resume");
    screen.asks("C").types("y");
    scene.until("it goes on", |scene| weight(scene) == 50);
    screen.sees("resume: done");
}

fn a_resume_at_a_gate_leaves_the_gate(ground: impl Ground) {
    let scene = Scene::with(ground, &blue_green(&json!({})));
    let blue = scene.hash("stableRS");
    let green = scene.brings_out("v2");
    scene.pauses();
    let (ended, report) = scene.orders("pause", &["--wait"]);
    assert_eq!((ended.code, report["means"].as_str()), (Some(0), Some("freeze")), "{ended:?}");
    let (ended, report) = scene.orders("pause", &[]);
    assert_eq!((ended.code, report["outcome"].as_str()), (Some(1), Some("not_permitted")));
    let (ended, _) = scene.orders("resume", &["--wait"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    scene.is_quiet();
    assert_eq!(scene.serves("app-active"), blue);
    scene.reaches("awaiting_approval");
    // Paused again, a continue ends both.
    scene.orders("pause", &["--wait"]);
    scene.is_quiet();
    let (ended, _) = scene.orders("continue", &["--wait"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    scene.until("the Service serves green", |scene| scene.serves("app-active") == green);
    assert_eq!(scene.rollout()["spec"]["paused"], false);
}

fn a_restart_replaces_every_pod_and_moves_no_traffic(ground: impl Ground) {
    let scene = Scene::with(ground, &blue_green(&json!({})));
    let blue = scene.hash("stableRS");
    let before = names(&scene);
    // Pods are dated in whole seconds, and one of the same second is new enough.
    scene.rests(2);
    let (ended, report) = scene.orders("restart", &["--wait", "--timeout", "150s"]);
    assert_eq!((ended.code, report["outcome"].as_str()), (Some(0), Some("done")), "{ended:?}");
    assert!(report["steps"]["steady"].is_number(), "{report}");
    let after = names(&scene);
    assert!(before.iter().all(|name| !after.contains(name)), "{before:?} {after:?}");
    assert_eq!(scene.serves("app-active"), blue);
    assert!(scene.is_healthy());
}

fn a_revision_that_was_chosen_is_brought_out_with_every_stage(ground: impl Ground) {
    let scene = Scene::with(ground, &canary(&json!([{"setWeight": 25}, {"pause": {}}])));
    promotes(&scene, ["v2", "v3"]);
    let (ended, report) = scene.orders("undo", &[]);
    assert_eq!(report["outcome"], "not_permitted", "{ended:?}");
    assert!(report["why"].as_str().unwrap().contains("which one?"), "{report}");

    let mut screen = scene.screen();
    screen
        .sees("SUCCEEDED")
        .sees(scene.ground.user())
        .asks("U")
        .sees("Bring out which revision again?");
    screen.sees("revision 2").sees("app:v1");
    screen.rests(std::time::Duration::from_millis(500));
    // From the newest to the first.
    screen.types("j").types("\r").sees("revision 1");
    screen.rests(std::time::Duration::from_millis(500));
    screen.types("app").types("\r");
    scene.pauses();
    assert_eq!(image(&scene), "shop/app:v1");
    assert_eq!(weight(&scene), 25, "every stage is gone through");
    screen.sees("WAITS FOR YOU");
    screen.asks("c").types("y");
    scene.until("it is promoted", Scene::is_healthy);
    assert_eq!(image(&scene), "shop/app:v1");
}

fn after_an_abort_the_stable_revision_asked_for_again_ends_the_matter(ground: impl Ground) {
    let scene = Scene::with(ground, &blue_green(&json!({})));
    let blue = scene.hash("stableRS");
    scene.brings_out("v2");
    scene.pauses();
    let (ended, _) = scene.orders("rollback", &["--wait"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    scene.is_quiet();
    assert_eq!(scene.rollout()["status"]["phase"], "Degraded");
    let (ended, report) = scene.orders("undo", &["--to", "1", "--wait"]);
    assert_eq!((ended.code, report["outcome"].as_str()), (Some(0), Some("done")), "{ended:?}");
    scene.until("it is healthy again", Scene::is_healthy);
    assert_eq!(image(&scene), "shop/app:v1");
    assert_eq!(scene.serves("app-active"), blue);
}

fn a_chosen_revision_of_a_blue_green_that_still_waits_is_served_at_once(ground: impl Ground) {
    let more = json!({"scaleDownDelaySeconds": 90});
    let scene = Scene::with(ground, &blue_green(&more));
    let first = scene.hash("stableRS");
    promotes(&scene, ["v2", "v3"]);
    let (ended, report) = scene.orders("undo", &["--to", "1", "--wait", "--timeout", "60s"]);
    assert_eq!(report["means"], "switch_over", "{ended:?}");
    assert_eq!(scene.serves("app-active"), first, "{ended:?}");
    assert!(report["steps"]["restored"].as_f64().unwrap() < 10.0, "{report}");
}

fn an_analysis_is_ended_and_counts_as_passed(ground: impl Ground) {
    let steps = json!([{"setWeight": 25}, {"analysis": check()}, {"setWeight": 50}, {"pause": {}}]);
    let scene = Scene::with(ground, &canary(&steps));
    scene.goes_on_measuring();
    scene.brings_out("v2");
    scene.until("it measures", |scene| {
        scene.list("analysisruns").iter().any(|run| run["status"]["phase"] == "Running")
    });
    let mut screen = scene.screen();
    screen.sees("success-rate").sees(scene.ground.user());
    screen.asks("X").sees("The analysis ends now");
    screen.rests(std::time::Duration::from_millis(500));
    screen.types("app").types("\r").sees("terminate: done");
    scene.until("half is on green", |scene| weight(scene) == 50);
    let runs = scene.list("analysisruns");
    assert_eq!(runs[0]["status"]["phase"], "Successful");
    assert_eq!(runs[0]["status"]["message"], "Run Terminated");
    let (ended, report) = scene.orders("terminate", &[]);
    assert_eq!((ended.code, report["outcome"].as_str()), (Some(1), Some("not_permitted")));
    assert!(report["why"].as_str().unwrap().contains("no analysis runs"), "{report}");
}

fn an_experiment_is_on_the_screen_and_can_be_ended(ground: impl Ground) {
    let version = |name: &str, of: &str| json!({"name": name, "specRef": of, "replicas": 1});
    let templates = json!([version("baseline", "stable"), version("candidate", "canary")]);
    let analyses = json!([{"name": "check", "templateName": "check"}]);
    let steps = json!([
        {"experiment": {"templates": templates, "analyses": analyses}},
        {"setWeight": 50}, {"pause": {}},
    ]);
    let scene = Scene::with(ground, &canary(&steps));
    scene.goes_on_measuring();
    scene.brings_out("v2");
    scene.until("the experiment runs", |scene| {
        scene.list("experiments").iter().any(|own| own["status"]["phase"] == "Running")
    });
    let seen = scene.reaches("validating");
    let guards = seen["guards"]["value"].as_array().cloned().unwrap_or_default();
    let told = guards
        .iter()
        .find(|guard| guard["name"].as_str().is_some_and(|name| name.ends_with("(experiment)")));
    let told = told.unwrap_or_else(|| panic!("{guards:?}"));
    let reason = told["reason"].as_str().unwrap();
    for part in ["Running", "baseline: 1 of 1 pods available", "candidate: 1 of 1"] {
        assert!(reason.contains(part), "no {part:?} in {reason}");
    }
    let mut screen = scene.screen();
    screen.sees("TESTING GREEN").sees("(experiment)");
    let (ended, report) = scene.orders("terminate", &["--wait"]);
    assert_eq!((ended.code, report["outcome"].as_str()), (Some(0), Some("done")), "{ended:?}");
    assert_eq!(report["call"]["operation"], "patch experiments");
    screen.sees("WAITS FOR YOU");
}
