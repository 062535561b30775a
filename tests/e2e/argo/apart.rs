//! What goes other ways than the weight: pods that a step asks for by themselves, a stable version that
//! shrinks with its weight, requests with a certain header, old versions of which only some are kept.

use serde_json::{Value, json};

use super::ground::{Ground, Screen, told};
use super::scene::{Scene, blue_green, canary};

told! {
    beside:
        pods_are_scaled_apart_from_the_weight
        a_stable_version_that_shrinks_with_its_weight_gets_its_pods_back_on_the_way_back
        one_that_has_shrunk_is_promoted_and_nothing_of_it_is_kept
        of_the_old_versions_only_as_many_are_kept_as_are_wanted
        requests_with_a_header_go_to_green_whatever_the_weight
        a_header_route_that_comes_before_the_pods_is_gone_again
        a_header_route_that_the_router_has_none_of_is_said_to_be_impossible;
}

fn wanted(scene: &Scene<impl Ground>, hash: &str) -> Value {
    scene.get("replicasets", &format!("app-{hash}")).unwrap()["spec"]["replicas"].clone()
}

fn weight(scene: &Scene<impl Ground>) -> Value {
    scene.rollout()["status"]["canary"]["weights"]["canary"]["weight"].clone()
}

fn listener(seen: &Value) -> f64 {
    let split = &seen["rollout"]["value"]["traffic"]["listener"]["value"]["split"]["green"];
    split.as_f64().unwrap_or(-1.0)
}

/// What the stages are called, those that are no shift and no gate.
fn stages(seen: &Value) -> Vec<String> {
    let stages = seen["rollout"]["value"]["stages"].as_array().unwrap();
    let other = stages.iter().filter_map(|stage| stage["kind"]["other"].as_str());
    other.map(str::to_owned).collect()
}

/// A canary of four pods in these steps.
fn of_four(steps: &Value) -> Value {
    let mut rollout = canary(steps);
    rollout["spec"]["replicas"] = json!(4);
    rollout
}

/// The same whose stable version has only the pods that its weight needs.
fn shrinking(steps: &Value) -> Value {
    let mut rollout = of_four(steps);
    let strategy = &mut rollout["spec"]["strategy"]["canary"];
    strategy["dynamicStableScale"] = json!(true);
    for field in ["scaleDownDelaySeconds", "abortScaleDownDelaySeconds"] {
        strategy.as_object_mut().unwrap().remove(field);
    }
    rollout
}

fn goes_on(scene: &Scene<impl Ground>) {
    let (ended, _) = scene.orders("continue", &["--wait"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

fn pods_are_scaled_apart_from_the_weight(ground: impl Ground) {
    let steps = json!([
        {"setCanaryScale": {"replicas": 3}}, {"pause": {}},
        {"setCanaryScale": {"weight": 50}}, {"setWeight": 25}, {"pause": {}},
        {"setCanaryScale": {"matchTrafficWeight": true}}, {"pause": {}},
    ]);
    let scene = Scene::with(ground, &of_four(&steps));
    let blue = scene.hash("stableRS");
    let green = scene.brings_out("v2");
    scene.pauses();
    let seen = scene.reaches("awaiting_approval");
    assert_eq!((wanted(&scene, &green), wanted(&scene, &blue)), (json!(3), json!(4)));
    assert_eq!((weight(&scene), listener(&seen)), (json!(0), 0.0));
    assert_eq!(seen["rollout"]["value"]["green"]["tasks"]["value"]["running"], 3);
    let names = ["scale to 3 pods", "scale to 50 %", "scale to the weight"];
    assert_eq!(stages(&seen), names);

    goes_on(&scene);
    scene.until("a quarter is on green", |scene| weight(scene) == 25);
    scene.pauses();
    assert_eq!(wanted(&scene, &green), 2, "half of the pods for a quarter of the requests");
    assert_eq!(listener(&scene.reaches("awaiting_approval")), 25.0);
    goes_on(&scene);
    scene.until("green has a quarter of the pods", |scene| wanted(scene, &green) == 1);
    scene.pauses();
    assert_eq!((weight(&scene), wanted(&scene, &blue)), (json!(25), json!(4)));
    goes_on(&scene);
    scene.until("it is promoted", Scene::is_healthy);
    assert_eq!(scene.hash("stableRS"), green);
}

fn a_stable_version_that_shrinks_with_its_weight_gets_its_pods_back_on_the_way_back(
    ground: impl Ground,
) {
    let steps = json!([{"setWeight": 25}, {"pause": {}}, {"setWeight": 75}, {"pause": {}}]);
    let scene = Scene::with(ground, &shrinking(&steps));
    let blue = scene.hash("stableRS");
    let green = scene.brings_out("v2");
    for share in [25, 75] {
        scene.until("the weight is there", |scene| weight(scene) == share);
        scene.pauses();
        scene.until("the pods follow it", |scene| wanted(scene, &blue) == 4 - share / 25);
        assert_eq!(wanted(&scene, &green), share / 25);
        let seen = scene.reaches("awaiting_approval");
        assert_eq!(listener(&seen), f64::from(share));
        if share == 25 {
            goes_on(&scene);
        }
    }
    // One pod is all that blue has: the way back is no matter of seconds.
    let mut screen = scene.screen();
    screen.sees("SLOW").sees("tasks have to start").sees(scene.ground.user());
    screen.asks("R").sees("The rolling update turns round").types("y");
    scene.until("it is aborted", Scene::is_aborted);
    let mut lowest = weight(&scene).as_u64().unwrap();
    scene.until("all requests are back", |scene| {
        let (share, ready) = (weight(scene).as_u64().unwrap(), {
            let set = scene.get("replicasets", &format!("app-{blue}")).unwrap();
            set["status"]["availableReplicas"].as_u64().unwrap_or(0)
        });
        assert!(share <= lowest, "it never goes up again: {lowest} {share}");
        lowest = share;
        assert!(share > 0 || ready == 4, "all on {ready} pods");
        share == 0
    });
    scene.until("green has no pods", |scene| wanted(scene, &green) == 0);
    screen.sees("ROLLED BACK");
    assert_eq!((wanted(&scene, &blue), scene.hash("stableRS")), (json!(4), blue));
}

fn one_that_has_shrunk_is_promoted_and_nothing_of_it_is_kept(ground: impl Ground) {
    let scene = Scene::with(ground, &shrinking(&json!([{"setWeight": 50}, {"pause": {}}])));
    let blue = scene.hash("stableRS");
    let green = scene.brings_out("v2");
    scene.until("half is on green", |scene| weight(scene) == 50);
    scene.pauses();
    goes_on(&scene);
    scene.until("it is promoted", Scene::is_healthy);
    scene.until("blue has no pods", |scene| wanted(scene, &blue) == 0);
    let seen = scene.reaches("succeeded");
    assert_eq!((listener(&seen), scene.hash("stableRS")), (100.0, green));
    let kept = seen["rollout"]["value"]["instant_rollback_until"].is_null();
    assert!(kept, "there is nothing that could be gone back to at once: {seen}");
}

fn of_the_old_versions_only_as_many_are_kept_as_are_wanted(ground: impl Ground) {
    let more = json!({"scaleDownDelaySeconds": 120, "scaleDownDelayRevisionLimit": 1});
    let scene = Scene::with(ground, &blue_green(&more));
    let first = scene.hash("stableRS");
    let mut versions = Vec::new();
    for tag in ["v2", "v3"] {
        versions.push(scene.brings_out(tag));
        scene.pauses();
        goes_on(&scene);
        scene.until("it is promoted", Scene::is_healthy);
        scene.is_quiet();
    }
    scene.until("the oldest goes", |scene| wanted(scene, &first) == 0);
    assert_eq!(wanted(&scene, &versions[0]), 3, "the newest of them stays");
    for (number, means) in [("1", "bring_out"), ("2", "switch_over")] {
        let (ended, report) = scene.orders("undo", &["--to", number, "--dry-run"]);
        assert_eq!(report["means"], means, "{number}: {ended:?}");
    }
}

/// A canary whose weights the load balancer of AWS holds, with a route for one header.
fn routed(steps: &Value) -> Value {
    let mut rollout = of_four(steps);
    rollout["spec"]["strategy"]["canary"]["trafficRouting"] = json!({
        "alb": {"ingress": "balancer", "rootService": "app-root", "servicePort": 80},
        "managedRoutes": [{"name": "testers"}],
    });
    rollout
}

fn testers() -> Value {
    let header = json!({"headerName": "x-canary", "headerValue": {"exact": "yes"}});
    json!({"setHeaderRoute": {"name": "testers", "match": [header]}})
}

/// An Ingress of the load balancer, and the Rollout behind it.
fn balanced<G: Ground>(ground: G, rollout: &Value) -> Scene<G> {
    let scene = Scene::new(ground);
    let port = json!({"name": "use-annotation"});
    let backend = json!({"service": {"name": "app-root", "port": port}});
    let paths = json!([{"path": "/*", "pathType": "ImplementationSpecific", "backend": backend}]);
    scene.create(
        "ingresses",
        &json!({
            "metadata": {"name": "balancer", "annotations": {"kubernetes.io/ingress.class": "alb"}},
            "spec": {"rules": [{"host": "app.example.test", "http": {"paths": paths}}]},
        }),
    );
    scene.create(
        "services",
        &json!({
            "metadata": {"name": "app-root"},
            "spec": {"selector": {"app": "app"}, "ports": [{"port": 80}]},
        }),
    );
    scene.create("rollouts", rollout);
    scene.until("the first version serves", Scene::is_healthy);
    scene.is_quiet();
    scene
}

/// Which header leads where, as the Ingress says; nothing where no rule does.
fn route(scene: &Scene<impl Ground>) -> Option<(String, String)> {
    let ingress = scene.get("ingresses", "balancer").unwrap();
    let note = |what: &str| {
        let key = format!("alb.ingress.kubernetes.io/{what}.testers");
        let text = ingress["metadata"]["annotations"][&key].as_str()?;
        Some(serde_json::from_str::<Value>(text).unwrap())
    };
    let (action, condition) = (note("actions")?, note("conditions")?);
    let paths = ingress["spec"]["rules"][0]["http"]["paths"].as_array().unwrap();
    assert_eq!(paths[0]["backend"]["service"]["name"], "testers", "it comes first");
    let header = &condition[0]["httpHeaderConfig"];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let header = format!("{}: {}", text(&header["httpHeaderName"]), text(&header["values"][0]));
    Some((header, text(&action["ForwardConfig"]["TargetGroups"][0]["ServiceName"])))
}

fn seen_routes(seen: &Value) -> Vec<Value> {
    seen["rollout"]["value"]["traffic"]["routes"].as_array().unwrap().clone()
}

fn requests_with_a_header_go_to_green_whatever_the_weight(ground: impl Ground) {
    let steps = json!([
        {"setCanaryScale": {"replicas": 1}}, testers(), {"pause": {}}, {"setWeight": 25}, {"pause": {}},
        {"setHeaderRoute": {"name": "testers"}}, {"pause": {}},
    ]);
    let scene = balanced(ground, &routed(&steps));
    scene.brings_out("v2");
    scene.pauses();
    let header = Some(("x-canary: yes".to_owned(), "app-preview".to_owned()));
    assert_eq!(route(&scene), header);
    let seen = scene.reaches("awaiting_approval");
    assert_eq!(listener(&seen), 0.0);
    let told = json!({"name": "testers", "requests": "x-canary: yes", "copied": false});
    assert_eq!(seen_routes(&seen), std::slice::from_ref(&told));
    assert_eq!(
        stages(&seen),
        ["scale to 1 pods", "header route testers", "header route testers ends"]
    );
    let mut screen = scene.screen();
    screen.sees("all traffic is on blue, x-canary: yes to green");

    goes_on(&scene);
    scene.until("a quarter is on green", |scene| weight(scene) == 25);
    scene.pauses();
    assert_eq!((route(&scene), seen_routes(&scene.status())), (header, vec![told]));
    goes_on(&scene);
    scene.until("the route is gone", |scene| route(scene).is_none());
    scene.pauses();
    assert_eq!(seen_routes(&scene.reaches("awaiting_approval")), [Value::Null; 0]);

    // Aborted and tried again, it is made again, and gone with the next abort.
    let (ended, _) = scene.orders("rollback", &["--wait"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    scene.is_quiet();
    goes_on(&scene);
    scene.until("the route is there", |scene| route(scene).is_some());
    scene.pauses();
    assert_eq!(seen_routes(&scene.reaches("awaiting_approval")).len(), 1);
    let (ended, _) = scene.orders("rollback", &["--wait"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    scene.until("the route is gone", |scene| route(scene).is_none());
    assert_eq!(seen_routes(&scene.status()), [Value::Null; 0]);
}

fn a_header_route_that_comes_before_the_pods_is_gone_again(ground: impl Ground) {
    let steps = json!([testers(), {"setWeight": 25}, {"pause": {}}]);
    let scene = balanced(ground, &routed(&steps));
    scene.brings_out("v2");
    scene.pauses();
    let seen = scene.reaches("awaiting_approval");
    assert_eq!((listener(&seen), route(&scene)), (25.0, None));
    assert_eq!(seen_routes(&seen), [Value::Null; 0], "and nobody is told that it is there");
}

fn a_header_route_that_the_router_has_none_of_is_said_to_be_impossible(ground: impl Ground) {
    let scene = Scene::with(ground, &of_four(&json!([{"setWeight": 25}, {"pause": {}}])));
    scene.patch(
        "rollouts/app",
        &json!({"spec": {
            "template": super::scene::template("v2"),
            "strategy": {"canary": {"steps": [testers(), {"setWeight": 25}, {"pause": {}}]}},
        }}),
    );
    let seen = scene.reaches("failed");
    let reason = &seen["rollout"]["value"]["end_reason"];
    assert_eq!(reason["code"], "InvalidSpec");
    let why = reason["message"].as_str().unwrap();
    assert!(why.contains("SetHeaderRoute requires TrafficRouting"), "{why}");
    assert_eq!(listener(&seen), 100.0, "the only version there is serves as it did");
    assert_eq!(stages(&seen)[0], "header route testers: the router has none");
}
