//! Ways of bringing out that fewer people take: fewer pods to look at first, a pause that ends by
//! itself, an analysis beside the steps, a way back that asks nobody, two Services that take turns.

use serde_json::{Value, json};

use super::ground::{Ground, told};
use super::scene::{Scene, blue_green, canary, check};
use super::simulated::Simulated;

told! {
    beside:
        a_preview_of_one_pod_gets_all_of_them_before_it_serves
        a_pause_with_a_time_ends_by_itself
        an_analysis_beside_the_steps_ends_the_rollout
        a_way_back_within_the_window_asks_nobody
        an_abort_that_keeps_the_pods_for_good_ends_without_taking_them_away;
}

fn wanted(scene: &Scene<impl Ground>, hash: &str) -> Value {
    scene.get("replicasets", &format!("app-{hash}")).unwrap()["spec"]["replicas"].clone()
}

fn weight(scene: &Scene<impl Ground>) -> Value {
    scene.rollout()["status"]["canary"]["weights"]["canary"]["weight"].clone()
}

fn a_preview_of_one_pod_gets_all_of_them_before_it_serves(ground: impl Ground) {
    let scene = Scene::with(ground, &blue_green(&json!({"previewReplicaCount": 1})));
    let blue = scene.hash("stableRS");
    let green = scene.brings_out("v2");
    scene.pauses();
    assert_eq!((wanted(&scene, &green), scene.serves("app-active")), (json!(1), blue));
    let (ended, _) = scene.orders("continue", &["--wait"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!((wanted(&scene, &green), scene.serves("app-active")), (json!(3), green));
}

fn a_pause_with_a_time_ends_by_itself(ground: impl Ground) {
    let more = json!({"autoPromotionEnabled": true, "autoPromotionSeconds": 5});
    let scene = Scene::with(ground, &blue_green(&more));
    let green = scene.brings_out("v2");
    scene.pauses();
    assert_ne!(scene.serves("app-active"), green);
    scene.until("the Service serves green", |scene| scene.serves("app-active") == green);
    scene.until("it is promoted", Scene::is_healthy);
}

fn an_analysis_beside_the_steps_ends_the_rollout(ground: impl Ground) {
    let steps = json!([{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}, {"pause": {}}]);
    let mut rollout = canary(&steps);
    let mut beside = check();
    beside["startingStep"] = json!(1);
    rollout["spec"]["strategy"]["canary"]["analysis"] = beside;
    let scene = Scene::with(ground, &rollout);
    scene.goes_on_measuring();
    scene.brings_out("v2");
    scene.pauses();
    scene.until("it measures", |scene| {
        scene.list("analysisruns").iter().any(|run| run["status"]["phase"] == "Running")
    });
    scene.measures(0.1);
    scene.until("the analysis has aborted it", Scene::is_aborted);
    scene.until("blue has everything", |scene| weight(scene) == 0);
    let seen = scene.status();
    let why = seen["rollout"]["value"]["end_reason"]["message"].as_str().unwrap().to_owned();
    assert!(why.contains("Background analysis"), "{why}");
    assert_eq!(seen["guards"]["value"][0]["name"], "success-rate (background)");
}

fn a_way_back_within_the_window_asks_nobody(ground: impl Ground) {
    let mut rollout = canary(&json!([{"setWeight": 50}, {"pause": {}}]));
    rollout["spec"]["rollbackWindow"] = json!({"revisions": 2});
    let scene = Scene::with(ground, &rollout);
    let blue = scene.hash("stableRS");
    // Versions are told apart by the second in which they were made.
    scene.rests(2);
    scene.brings_out("v2");
    scene.pauses();
    let (ended, _) = scene.orders("continue", &["--wait"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    scene.until("it is promoted", Scene::is_healthy);
    scene.is_quiet();
    let (ended, report) = scene.orders("rollback", &[]);
    assert_eq!(ended.code, Some(0), "{report}");
    scene.until("blue is stable again", |scene| {
        assert!(scene.rollout()["status"]["pauseConditions"].is_null(), "it asks nobody");
        scene.hash("stableRS") == blue
    });
}

fn an_abort_that_keeps_the_pods_for_good_ends_without_taking_them_away(ground: impl Ground) {
    let scene = Scene::with(ground, &blue_green(&json!({"abortScaleDownDelaySeconds": 0})));
    let blue = scene.hash("stableRS");
    let green = scene.brings_out("v2");
    scene.pauses();
    let (ended, report) = scene.orders("rollback", &["--wait"]);
    assert_eq!((ended.code, report["outcome"].as_str()), (Some(0), Some("done")), "{ended:?}");
    scene.rests(3);
    let seen = scene.reaches("succeeded");
    assert_eq!((wanted(&scene, &green), scene.serves("app-active")), (json!(3), blue));
    let stages = seen["rollout"]["value"]["stages"].as_array().unwrap();
    assert_eq!(stages.last().unwrap()["state"], "skipped", "{stages:?}");
    // Nothing says that these pods are to go, so a retry asks as ever.
    scene.is_quiet();
    let (ended, report) = scene.orders("continue", &["--dry-run"]);
    assert_eq!(report["means"], "try_again", "{ended:?}");
}

#[test]
fn two_services_take_turns_behind_a_load_balancer() {
    let mut rollout = canary(&json!([{"setWeight": 25}, {"pause": {}}]));
    let strategy = &mut rollout["spec"]["strategy"]["canary"];
    for field in ["stableService", "canaryService"] {
        strategy.as_object_mut().unwrap().remove(field);
    }
    strategy["pingPong"] = json!({"pingService": "app-active", "pongService": "app-preview"});
    strategy["trafficRouting"] =
        json!({"alb": {"ingress": "app", "rootService": "app-root", "servicePort": 80}});
    let scene = Scene::with(Simulated::beside(), &rollout);
    let action = |scene: &Scene<Simulated>| {
        let ingress = scene.get("ingresses", "app").unwrap();
        let notes = &ingress["metadata"]["annotations"];
        let text = notes["alb.ingress.kubernetes.io/actions.app-root"].as_str().unwrap();
        let groups = serde_json::from_str::<Value>(text).unwrap();
        let groups = groups["ForwardConfig"]["TargetGroups"].as_array().unwrap().clone();
        let shares = groups.iter().map(|one| {
            (one["ServiceName"].as_str().unwrap().to_owned(), one["Weight"].as_u64().unwrap())
        });
        shares.collect::<std::collections::BTreeMap<_, _>>()
    };
    for (stable, new, tag) in
        [("app-active", "app-preview", "v2"), ("app-preview", "app-active", "v3")]
    {
        let blue = scene.hash("stableRS");
        let green = scene.brings_out(tag);
        scene.pauses();
        assert_eq!((scene.serves(stable), scene.serves(new)), (blue, green));
        assert_eq!((action(&scene)[stable], action(&scene)[new]), (75, 25));
        scene.patch("rollouts/app/status", &json!({"status": {"pauseConditions": null}}));
        scene.until("it is promoted", Scene::is_healthy);
        scene.until("all is on the new one", |scene| action(scene)[new] == 100);
        scene.is_quiet();
    }
}
