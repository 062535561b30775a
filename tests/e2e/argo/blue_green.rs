//! Blue/green: promoted, aborted before and after the cutover, and what can go wrong with that.

use serde_json::json;

use super::ground::{Ground, Screen, told};
use super::scene::{Scene, blue_green, check};

told! {
    beside:
        it_is_promoted_by_two_keys_and_followed_to_the_end_of_blue
        an_abort_before_the_cutover_moves_nothing_and_ends_green
        an_abort_after_the_cutover_leads_back_at_once
        after_the_cutover_with_crashing_pods_the_way_back_is_the_one_that_works
        an_abort_by_somebody_else_that_leaves_nobody_serving_is_called_a_failure
        to_try_again_while_the_aborted_pods_are_there_says_that_it_ships_at_once
        after_the_promotion_a_roll_back_is_instant_while_blue_is_kept;
}

fn it_is_promoted_by_two_keys_and_followed_to_the_end_of_blue(ground: impl Ground) {
    let more = json!({"prePromotionAnalysis": check()});
    let scene = Scene::with(ground, &blue_green(&more));
    let blue = scene.hash("stableRS");
    let mut screen = scene.screen();
    screen.sees(&blue);
    let green = scene.brings_out("v2");
    screen.sees(&green).sees("TESTING GREEN");
    scene.pauses();
    screen.sees("WAITS FOR YOU");
    assert_eq!(scene.serves("app-active"), blue);
    screen.asks("c").types("y");
    scene.until("the Service serves green", |scene| scene.serves("app-active") == green);
    screen.sees("BAKING").sees("blue is removed").sees("SUCCEEDED");
    assert_eq!(screen.types("q").ends(), 0);
}

fn an_abort_before_the_cutover_moves_nothing_and_ends_green(ground: impl Ground) {
    let scene = Scene::with(ground, &blue_green(&json!({})));
    let blue = scene.hash("stableRS");
    let green = scene.brings_out("v2");
    scene.pauses();
    scene.reaches("awaiting_approval");
    let (ended, report) = scene.orders("rollback", &["--wait"]);
    assert_eq!((ended.code, report["outcome"].as_str()), (Some(0), Some("done")), "{ended:?}");
    assert!(scene.is_aborted());
    assert_eq!(scene.serves("app-active"), blue);
    scene.reaches("succeeded");
    scene.is_quiet();
    let seen = scene.status();
    let rollout = &seen["rollout"]["value"];
    assert_eq!(rollout["kind"]["rollback"]["undoes"], green);
    assert_eq!(rollout["green"]["tasks"]["value"]["running"], 0);
}

fn an_abort_after_the_cutover_leads_back_at_once(ground: impl Ground) {
    let more = json!({"autoPromotionEnabled": true, "postPromotionAnalysis": check()});
    let scene = Scene::with(ground, &blue_green(&more));
    // Between the limits: it is measured on and on.
    scene.goes_on_measuring();
    let blue = scene.hash("stableRS");
    let green = scene.brings_out("v2");
    scene.until("the Service serves green", |scene| scene.serves("app-active") == green);
    scene.reaches("after_shift");
    scene.is_quiet();
    let (ended, report) = scene.orders("rollback", &["--wait"]);
    assert_eq!((ended.code, report["outcome"].as_str()), (Some(0), Some("done")), "{ended:?}");
    assert_eq!(scene.serves("app-active"), blue);
    let restored = report["steps"]["restored"].as_f64().unwrap();
    // The controller has moved it long since; how soon that is seen is the program's affair.
    assert!(restored < 5.0, "{report}");
}

fn after_the_cutover_with_crashing_pods_the_way_back_is_the_one_that_works(ground: impl Ground) {
    let more = json!({"autoPromotionEnabled": true, "postPromotionAnalysis": check()});
    let scene = Scene::with(ground, &blue_green(&more));
    scene.goes_on_measuring();
    let blue = scene.hash("stableRS");
    let green = scene.brings_out("v2");
    scene.until("the Service serves green", |scene| scene.serves("app-active") == green);
    scene.ground.pods_do(&green, "crash");
    scene.until("no pod of green is there", |scene| {
        let set = scene.get("replicasets", &format!("app-{green}")).unwrap();
        set["status"]["availableReplicas"].as_u64().unwrap_or(0) == 0
    });
    scene.is_quiet();
    // An abort would leave the Service where it is, and then end the pods behind it.
    let (ended, report) = scene.orders("rollback", &["--wait"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(report["call"]["operation"] == "patch rollouts", "{report}");
    assert_eq!(scene.serves("app-active"), blue);
    scene.until("it is healthy again", Scene::is_healthy);
}

fn an_abort_by_somebody_else_that_leaves_nobody_serving_is_called_a_failure(ground: impl Ground) {
    let more = json!({"autoPromotionEnabled": true, "postPromotionAnalysis": check()});
    let scene = Scene::with(ground, &blue_green(&more));
    scene.goes_on_measuring();
    let blue = scene.hash("stableRS");
    let green = scene.brings_out("v2");
    scene.until("the Service serves green", |scene| scene.serves("app-active") == green);
    scene.ground.pods_do(&green, "crash");
    scene.is_quiet();
    scene.patch("rollouts/app/status", &json!({"status": {"abort": true}}));
    let mut screen = scene.screen();
    screen.sees("ROLLBACK FAILED");
    assert_eq!(scene.serves("app-active"), green, "the controller leaves it there");
    // The way out is a key away, and says what it does.
    screen.asks("R").types("y");
    scene.until("blue serves again", |scene| scene.serves("app-active") == blue);
    screen.sees("ROLLED BACK");
}

fn to_try_again_while_the_aborted_pods_are_there_says_that_it_ships_at_once(ground: impl Ground) {
    let more = json!({"prePromotionAnalysis": check(), "abortScaleDownDelaySeconds": 60});
    let scene = Scene::with(ground, &blue_green(&more));
    scene.measures(0.1);
    let green = scene.brings_out("v2");
    scene.until("the analysis has aborted it", Scene::is_aborted);
    scene.is_quiet();
    let (ended, report) = scene.orders("continue", &["--dry-run"]);
    assert_eq!(report["means"], "ship_again", "{ended:?}");
    assert!(ended.stderr.contains("no pause and no analysis"), "{}", ended.stderr);
    // And it does, although what is measured is as bad as before.
    let (ended, report) = scene.orders("continue", &[]);
    assert_eq!(report["outcome"], "accepted", "{ended:?}");
    scene.until("green serves", |scene| scene.serves("app-active") == green);
}

fn after_the_promotion_a_roll_back_is_instant_while_blue_is_kept(ground: impl Ground) {
    let scene = Scene::with(ground, &blue_green(&json!({"scaleDownDelaySeconds": 60})));
    let blue = scene.hash("stableRS");
    let green = scene.brings_out("v2");
    scene.pauses();
    let (ended, _) = scene.orders("continue", &["--wait"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let seen = scene.reaches("baking");
    assert_eq!(scene.serves("app-active"), green);
    assert!(seen["rollout"]["value"]["instant_rollback_until"]["at"].is_string(), "{seen}");
    scene.is_quiet();
    let (ended, report) = scene.orders("rollback", &["--wait", "--timeout", "60s"]);
    assert_eq!(report["means"], "stop_and_roll_back", "{ended:?}");
    assert_eq!(scene.serves("app-active"), blue, "{ended:?}");
    assert!(report["steps"]["restored"].as_f64().unwrap() < 10.0, "{report}");
}
