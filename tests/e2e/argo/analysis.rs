//! Analyses: failed, inconclusive, with their values and limits.

use serde_json::{Value, json};

use super::ground::{Ground, Screen, told};
use super::scene::{Scene, blue_green, canary, check};

told! {
    beside:
        a_failed_analysis_before_the_promotion_says_what_was_measured_against_what
        a_failed_analysis_after_the_cutover_is_seen_to_lead_back
        an_inconclusive_step_waits_for_a_person_who_gets_past_it;
}

fn guard(seen: &Value) -> Value {
    seen["guards"]["value"][0].clone()
}

fn a_failed_analysis_before_the_promotion_says_what_was_measured_against_what(ground: impl Ground) {
    let scene = Scene::with(ground, &blue_green(&json!({"prePromotionAnalysis": check()})));
    scene.measures(0.42);
    scene.brings_out("v2");
    scene.until("the analysis has aborted it", Scene::is_aborted);
    let seen = scene.status();
    let guard = guard(&seen);
    assert_eq!(
        (guard["state"].as_str(), guard["name"].as_str()),
        (Some("alarm"), Some("success-rate (before promotion)"))
    );
    let reason = guard["reason"].as_str().unwrap();
    for part in ["value 0.42", "needs result >= 0.95", "failed 1, allowed 0"] {
        assert!(reason.contains(part), "no {part:?} in {reason}");
    }
    let why = seen["rollout"]["value"]["end_reason"]["message"].as_str().unwrap();
    assert!(why.contains("success-rate"), "{why}");
    assert_eq!(seen["standing"], "wrong");
}

fn a_failed_analysis_after_the_cutover_is_seen_to_lead_back(ground: impl Ground) {
    let more = json!({"autoPromotionEnabled": true, "postPromotionAnalysis": check()});
    let scene = Scene::with(ground, &blue_green(&more));
    scene.goes_on_measuring();
    let blue = scene.hash("stableRS");
    let green = scene.brings_out("v2");
    scene.until("the Service serves green", |scene| scene.serves("app-active") == green);
    let mut screen = scene.screen();
    screen.sees("CHECKING");
    scene.measures(0.1);
    screen.until(|text| text.contains("REMOVING GREEN") || text.contains("ROLLED BACK"));
    assert_eq!(scene.serves("app-active"), blue);
}

fn an_inconclusive_step_waits_for_a_person_who_gets_past_it(ground: impl Ground) {
    let steps = json!([{"setWeight": 25}, {"analysis": check()}, {"setWeight": 50}, {"pause": {}}]);
    let scene = Scene::with(ground, &canary(&steps));
    // Neither good nor bad.
    scene.measures(0.7);
    scene.brings_out("v2");
    scene.pauses();
    let seen = scene.reaches("awaiting_approval");
    assert!(guard(&seen)["reason"].as_str().unwrap().contains("inconclusive 1, allowed 0"));
    let (ended, _) = scene.orders("continue", &["--wait"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    scene.until("half is on green", |scene| {
        scene.rollout()["status"]["canary"]["weights"]["canary"]["weight"] == 50
    });
    let runs = scene.list("analysisruns");
    assert_eq!(runs.len(), 1, "the same analysis did not begin again");
}
