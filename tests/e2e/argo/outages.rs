//! What is taken away: the controller, the API server, and a server that says nothing any more.

use serde_json::json;

use super::ground::{Ground, Program, Screen, told};
use super::scene::{Scene, blue_green, canary};

told! {
    alone:
        without_a_controller_what_was_asked_for_stays_asked_for
        an_api_server_that_dies_and_comes_back_is_gone_on_with
        an_api_server_that_falls_silent_ages_on_the_screen_and_is_gone_on_with;
}

fn without_a_controller_what_was_asked_for_stays_asked_for(ground: impl Ground) {
    let scene = Scene::with(ground, &blue_green(&json!({})));
    let blue = scene.hash("stableRS");
    let green = scene.brings_out("v2");
    scene.pauses();
    let mut screen = scene.screen();
    screen.sees("WAITS FOR YOU");
    scene.stops(Program::Controller);
    screen.asks("c").types("y");
    screen.sees("the controller has not acted on it");
    assert_eq!(scene.serves("app-active"), blue);
    assert!(!screen.shows().contains("BAKING"));
    // An abort on top of it is stored as well, and is what happens.
    scene.starts(Program::Controller);
    scene.until("the Service serves green", |scene| scene.serves("app-active") == green);
    screen.sees("BAKING");
}

fn an_api_server_that_dies_and_comes_back_is_gone_on_with(ground: impl Ground) {
    let scene = Scene::with(ground, &canary(&json!([{"setWeight": 25}, {"pause": {}}])));
    scene.brings_out("v2");
    scene.pauses();
    let mut screen = scene.screen();
    screen.sees("WAITS FOR YOU");
    scene.stops(Program::ApiServer);
    screen.sees("Kubernetes");
    screen.until(|text| text.contains("not reachable"));
    scene.starts(Program::ApiServer);
    scene.until("it answers again", |scene| scene.get("rollouts", "app").is_ok());
    // What happens from now on is only seen by a watch that has found its way back.
    scene.tells("the API server is back");
    screen.sees("the API server is back");
    // Orders go through at once; the controller may need half a minute to find its way back.
    let (ended, report) = scene.orders("continue", &["--wait", "--timeout", "90s"]);
    assert_eq!((ended.code, report["outcome"].as_str()), (Some(0), Some("done")), "{ended:?}");
    screen.until(|text| text.contains("BAKING") || text.contains("SUCCEEDED"));
}

fn an_api_server_that_falls_silent_ages_on_the_screen_and_is_gone_on_with(ground: impl Ground) {
    let scene = Scene::with(ground, &blue_green(&json!({})));
    scene.brings_out("v2");
    scene.pauses();
    let mut screen = scene.screen();
    screen.sees("WAITS FOR YOU");
    scene.ground.falls_silent();
    // No error comes, and no event: only the time passes.
    screen.sees("WAITS FOR YOU?").sees("Kubernetes: no answer");
    scene.rests(5);
    scene.ground.speaks_again();
    screen.until(|text| !text.contains("WAITS FOR YOU?"));
    let (ended, _) = scene.orders("continue", &["--wait"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    screen.sees("BAKING");
}
