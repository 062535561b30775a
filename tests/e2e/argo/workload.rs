//! A Rollout whose template is a Deployment's.

use serde_json::{Value, json};

use super::ground::{Ground, told};
use super::scene::{Scene, blue_green, template};

told! {
    beside:
        its_deployment_is_followed_and_undone_in_its_place
        its_own_pods_go_when_the_first_version_is_there
        a_deployment_that_is_not_there_is_named;
}

pub(super) fn deployment(replicas: u32) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "app"}}, "template": template("v1")},
    })
}

pub(super) fn referring(name: &str) -> Value {
    let mut rollout = blue_green(&json!({"scaleDownDelaySeconds": 60}));
    rollout["spec"].as_object_mut().unwrap().remove("template");
    rollout["spec"].as_object_mut().unwrap().remove("selector");
    let workload = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": name});
    rollout["spec"]["workloadRef"] = workload;
    rollout
}

fn its_deployment_is_followed_and_undone_in_its_place(ground: impl Ground) {
    let scene = Scene::new(ground);
    scene.create("deployments", &deployment(2));
    scene.create("rollouts", &referring("web"));
    scene.until("the first version serves", Scene::is_healthy);
    let blue = scene.hash("stableRS");
    scene.until("the program tells of the Deployment's own pods", |scene| {
        let seen = scene.status();
        let said = seen["rollout"]["value"]["description"].as_str().unwrap_or_default();
        said.contains("Deployment web's") && said.contains("runs 2 pods")
    });
    scene.patch("deployments/web", &json!({"spec": {"template": template("v2"), "replicas": 0}}));
    scene.pauses();
    let seen = scene.reaches("awaiting_approval");
    let images = &seen["rollout"]["value"]["green"]["revision"]["value"]["images"];
    assert_eq!(images[0]["tag"], "v2");
    let (ended, _) = scene.orders("continue", &["--wait"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    scene.until("it is promoted", Scene::is_healthy);
    scene.is_quiet();

    let (ended, report) = scene.orders("rollback", &[]);
    assert_eq!(report["call"]["operation"], "patch deployments", "{ended:?}");
    scene.until("blue serves again", |scene| scene.serves("app-active") == blue);
    let held = scene.get("deployments", "web").unwrap();
    assert_eq!(held["spec"]["template"]["spec"]["containers"][0]["image"], "shop/app:v1");
}

fn its_own_pods_go_when_the_first_version_is_there(ground: impl Ground) {
    let scene = Scene::new(ground);
    scene.create("deployments", &deployment(2));
    let mut rollout = referring("web");
    rollout["spec"]["workloadRef"]["scaleDown"] = json!("onsuccess");
    scene.create("rollouts", &rollout);
    scene.until("the first version serves", Scene::is_healthy);
    scene.until("the Deployment has none of its own", |scene| {
        let held = scene.get("deployments", "web").unwrap();
        held["spec"]["replicas"] == 0 && held["status"]["replicas"].as_u64().unwrap_or(0) == 0
    });
    scene.until("the program says so", |scene| {
        let seen = scene.status();
        let said = seen["rollout"]["value"]["description"].as_str().unwrap_or_default();
        said.contains("which runs no pods itself")
    });
}

fn a_deployment_that_is_not_there_is_named(ground: impl Ground) {
    let scene = Scene::new(ground);
    scene.create("rollouts", &referring("nothing"));
    scene.until("the program names it", |scene| {
        let ended = scene.ground.status(&scene.target());
        let text = format!("{}{}", ended.stdout, ended.stderr);
        text.contains("nothing")
    });
}
