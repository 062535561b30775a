//! The picture of the controller's own tool beside that of the program, of the same cluster at the
//! same moment. Where they differ on purpose `docs/argo-findings.md` says why.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::{Value, json};

use super::bed::Bed;
use super::ground::Ground;
use super::live::Live;
use super::scene::{Scene, blue_green, canary};

/// What the plugin prints, as far as the program says the same.
#[derive(Debug)]
struct Printed {
    status: String,
    actual_weight: Option<f64>,
    /// By hash: its tags, and how many of its pods are ready.
    sets: BTreeMap<String, (Vec<String>, u64)>,
}

impl Printed {
    fn of(scene: &Scene<Live>) -> Self {
        let output = Command::new(Bed::program("kubectl-argo-rollouts"))
            .args(["get", "rollout", "app", "--no-color", "--namespace", &scene.ground.namespace])
            .env("KUBECONFIG", Bed::kubeconfig("admin"))
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.trim().strip_prefix(name));
            line.map(|rest| rest.split_whitespace().last().unwrap_or_default().to_owned())
        };
        let mut sets: BTreeMap<String, (Vec<String>, u64)> = BTreeMap::new();
        let mut last = String::new();
        for line in text.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            if words.contains(&"ReplicaSet") {
                // The mark before the name may be joined to it.
                let name = words.iter().find_map(|word| word.split_once("app-"));
                last = name.map(|(_, hash)| hash.to_owned()).unwrap_or_default();
                let tags = words.last().unwrap().split(',').map(str::to_owned).collect();
                sets.insert(last.clone(), (tags, 0));
            } else if words.contains(&"Pod") && line.contains("ready:1/1") {
                sets.get_mut(&last).unwrap().1 += 1;
            }
        }
        Self {
            status: field("Status:").unwrap_or_else(|| panic!("{text}")),
            actual_weight: field("ActualWeight:").map(|weight| weight.parse().unwrap()),
            sets,
        }
    }

    /// The hash that carries a tag.
    fn tagged(&self, tag: &str) -> Option<&str> {
        let carries = |(tags, _): &(Vec<String>, u64)| tags.iter().any(|own| own == tag);
        self.sets.iter().find(|(_, set)| carries(set)).map(|(hash, _)| hash.as_str())
    }
}

/// Both pictures of a state that stays.
#[track_caller]
fn both(scene: &Scene<Live>) -> (Printed, Value) {
    scene.is_quiet();
    let printed = Printed::of(scene);
    (printed, scene.status()["rollout"]["value"].take())
}

fn hash(side: &Value) -> &str {
    let name = side["revision"]["value"]["arn"].as_str().unwrap_or_default();
    name.strip_prefix("app-").unwrap_or(name)
}

/// The pods of a side are those of its ReplicaSet.
#[track_caller]
fn same_pods(printed: &Printed, side: &Value) {
    let (_, ready) = &printed.sets[hash(side)];
    assert_eq!(side["tasks"]["value"]["running"], *ready, "{printed:?}");
}

fn share(rollout: &Value) -> Option<f64> {
    rollout["traffic"]["listener"]["value"]["split"]["green"].as_f64()
}

#[test]
#[ignore = "real controller: just e2e-argo"]
fn a_canary_looks_the_same_to_the_controller_s_own_tool() {
    let steps = json!([{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}, {"pause": {}}]);
    let scene = Scene::with(Live::beside(), &canary(&steps));
    scene.brings_out("v2");
    for weight in [25.0, 50.0] {
        scene.pauses();
        let (printed, ours) = both(&scene);
        assert_eq!(
            (printed.status.as_str(), ours["phase"].as_str()),
            ("Paused", Some("awaiting_approval"))
        );
        assert_eq!(printed.actual_weight, Some(weight));
        assert_eq!(share(&ours), Some(weight));
        assert_eq!(printed.tagged("stable"), Some(hash(&ours["blue"])));
        assert_eq!(printed.tagged("canary"), Some(hash(&ours["green"])));
        same_pods(&printed, &ours["blue"]);
        same_pods(&printed, &ours["green"]);
        if weight < 50.0 {
            let (ended, _) = scene.orders("continue", &["--wait"]);
            assert_eq!(ended.code, Some(0), "{ended:?}");
        }
    }
    let (ended, _) = scene.orders("rollback", &["--wait"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    scene.reaches("succeeded");
    let (printed, ours) = both(&scene);
    // For good: the template still asks for what was aborted.
    assert_eq!(printed.status, "Degraded");
    assert_eq!(ours["end_reason"]["code"], "RolloutAborted");
    assert_eq!(printed.actual_weight, Some(0.0));
    assert_eq!(share(&ours), Some(0.0));
    assert_eq!(printed.tagged("stable"), Some(hash(&ours["blue"])));
    same_pods(&printed, &ours["blue"]);
}

#[test]
#[ignore = "real controller: just e2e-argo"]
fn a_blue_green_looks_the_same_to_the_controller_s_own_tool() {
    let scene = Scene::with(Live::beside(), &blue_green(&json!({"scaleDownDelaySeconds": 60})));
    scene.brings_out("v2");
    scene.pauses();
    let (printed, ours) = both(&scene);
    assert_eq!(
        (printed.status.as_str(), ours["phase"].as_str()),
        ("Paused", Some("awaiting_approval"))
    );
    assert_eq!(printed.tagged("active"), Some(hash(&ours["blue"])));
    assert_eq!(printed.tagged("preview"), Some(hash(&ours["green"])));
    assert_eq!(share(&ours), Some(0.0));
    same_pods(&printed, &ours["blue"]);
    same_pods(&printed, &ours["green"]);

    let (ended, _) = scene.orders("continue", &["--wait"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    scene.reaches("baking");
    let (printed, ours) = both(&scene);
    assert_eq!(printed.status, "Healthy");
    assert_eq!(printed.tagged("stable"), Some(hash(&ours["green"])));
    assert_eq!(printed.tagged("active"), Some(hash(&ours["green"])));
    assert_eq!(share(&ours), Some(100.0));
    same_pods(&printed, &ours["blue"]);
    same_pods(&printed, &ours["green"]);
}
