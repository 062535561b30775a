//! A Rollout that a tool keeps as it is written in a repository: every question says so whose answer
//! the tool may take back, and what was taken back is no success. The tool's part is played by the
//! story: it puts its marks on the objects, and its template back.

use serde_json::{Value, json};

use super::ground::{Ground, Screen, told};
use super::scene::{Scene, blue_green, template};
use super::workload::{deployment, referring};

told! {
    beside:
        who_keeps_the_rollout_is_named_before_what_it_may_take_back
        what_was_taken_back_is_no_success
        who_keeps_the_deployment_is_named_before_an_undo_there;
}

const KEEPS: &str = "Argo CD keeps this Rollout (application shop-prod)";

/// A Rollout with the mark of Argo CD.
fn kept(ground: &impl Ground) -> Value {
    let mut rollout = blue_green(&json!({"scaleDownDelaySeconds": 90}));
    let mark = format!("shop-prod:argoproj.io/Rollout:{}/app", ground.namespace());
    rollout["metadata"]["annotations"] = json!({ "argocd.argoproj.io/tracking-id": mark });
    rollout
}

/// What is asked before an order, as one line.
fn question(scene: &Scene<impl Ground>, order: &str, more: &[&str]) -> String {
    let (ended, report) = scene.orders(order, &[&["--dry-run"], more].concat());
    assert_eq!(report["outcome"], "dry_run", "{order}: {ended:?}");
    ended.stderr.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Brings a version out to its end.
fn promotes(scene: &Scene<impl Ground>, version: &str) -> String {
    let green = scene.brings_out(version);
    scene.pauses();
    let (ended, _) = scene.orders("continue", &["--wait"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    scene.until("it is promoted", Scene::is_healthy);
    scene.is_quiet();
    green
}

fn who_keeps_the_rollout_is_named_before_what_it_may_take_back(ground: impl Ground) {
    let rollout = kept(&ground);
    let scene = Scene::with(ground, &rollout);
    scene.brings_out("v2");
    scene.pauses();
    let seen = scene.reaches("awaiting_approval");
    let keeper = &seen["rollout"]["value"]["keepers"][0];
    assert_eq!((&keeper["tool"], &keeper["keeps"]), (&json!("Argo CD"), &json!("rollout")));
    let events = seen["events"].as_array().unwrap();
    assert!(events.iter().any(|event| event["text"].as_str().unwrap().starts_with(KEEPS)));
    // A status is nobody's to keep.
    for order in ["continue", "rollback", "finish"] {
        let said = question(&scene, order, &[]);
        assert!(!said.contains("Argo CD"), "{order}: {said}");
    }
    for (order, field) in [("pause", "paused"), ("restart", "restartAt")] {
        let said = question(&scene, order, &[]);
        let told = format!("! {KEEPS}: it may take this back where its manifest sets `{field}`.");
        assert!(said.contains(&told), "{order}: {said}");
    }
    let said = question(&scene, "undo", &["--to", "1"]);
    let told = format!("! {KEEPS}: it may take the template back");
    assert!(said.contains(&told), "{said}");
    // An order that ends a pause by hand beside its own work changes that field, too.
    scene.patch("rollouts/app", &json!({"spec": {"paused": true}}));
    scene.is_quiet();
    for order in ["continue", "rollback", "resume"] {
        let said = question(&scene, order, &[]);
        assert!(said.contains("where its manifest sets `paused`"), "{order}: {said}");
    }
}

fn what_was_taken_back_is_no_success(ground: impl Ground) {
    let rollout = kept(&ground);
    let scene = Scene::with(ground, &rollout);
    let blue = scene.hash("stableRS");
    let green = promotes(&scene, "v2");
    let mut screen = scene.screen();
    screen.sees("BAKING").sees("Argo CD may take it back").sees(scene.ground.user());
    screen.asks("R").sees("it may take the template").types("y");
    scene.until("the Service serves blue", |scene| scene.serves("app-active") == blue);
    screen.sees("restored: the listener sends everything back");
    // The tool looks, and puts back what it knows.
    scene.is_quiet();
    scene.patch("rollouts/app", &json!({"spec": {"template": template("v2")}}));
    scene.until("green is asked for again", |scene| scene.hash("currentPodHash") == green);
    screen.sees("roll back was taken back");
    // From there an abort leads back, which nobody takes back.
    let (ended, report) = scene.orders("rollback", &["--wait"]);
    assert_eq!(report["means"], "stop_and_roll_back", "{ended:?}");
    scene.until("the Service serves blue", |scene| scene.serves("app-active") == blue);
}

fn who_keeps_the_deployment_is_named_before_an_undo_there(ground: impl Ground) {
    let scene = Scene::new(ground);
    let mut holder = deployment(0);
    holder["metadata"]["labels"] = json!({
        "kustomize.toolkit.fluxcd.io/name": "apps",
        "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
    });
    scene.create("deployments", &holder);
    scene.create("rollouts", &referring("web"));
    scene.until("the first version serves", Scene::is_healthy);
    scene.patch("deployments/web", &json!({"spec": {"template": template("v2")}}));
    scene.pauses();
    let told = "! Flux keeps Deployment web (Kustomization flux-system/apps): it may take the \
                template back";
    let said = question(&scene, "undo", &["--to", "1"]);
    assert!(said.contains(told), "{said}");
    // The Rollout itself is nobody's.
    for order in ["pause", "rollback"] {
        let said = question(&scene, order, &[]);
        assert!(!said.contains("Flux"), "{order}: {said}");
    }
}
