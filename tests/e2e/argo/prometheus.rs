//! What a real Prometheus has scraped, through the API server and by its URL.

use serde_json::{Value, json};

use super::bed::Bed;
use super::scene::{Scene, canary};

/// Requests a second of each pod.
const RATE: f64 = 20.0;

fn counts(scene: &Scene, hash: &str, failing: f64, slow: f64) -> Vec<String> {
    let pods = scene.list("pods");
    let own = |pod: &&Value| pod["metadata"]["labels"]["rollouts-pod-template-hash"] == hash;
    let names: Vec<String> = pods
        .iter()
        .filter(own)
        .map(|pod| pod["metadata"]["name"].as_str().unwrap().to_owned())
        .collect();
    let all: Vec<Value> = names
        .iter()
        .map(|pod| {
            json!({"pod": pod, "namespace": scene.namespace, "rate": RATE, "failing": failing, "slow": slow})
        })
        .collect();
    scene.bed.measure("count", &json!(all));
    names
}

/// The last minutes of a series that are settled or not.
fn numbers(seen: &Value, side: &str, series: &str) -> Vec<f64> {
    let points = seen["metrics"]["value"][side][series].as_array().cloned().unwrap_or_default();
    points.iter().filter_map(|point| point["value"].as_f64()).collect()
}

#[test]
#[ignore = "real controller: just e2e-argo"]
fn both_versions_are_counted_and_a_restarted_counter_is_no_loss() {
    let bed = Bed::beside();
    let url = bed.prometheus.clone();
    let rollout = canary(&json!([{"setWeight": 25}, {"pause": {}}]));
    let scene = Scene::with(bed, &rollout);
    let blue = counts(&scene, &scene.hash("stableRS"), 0.0, 0.0);
    let green = scene.brings_out("v2");
    scene.pauses();
    counts(&scene, &green, 0.25, 0.5);
    let by_proxy = scene.configured("[prometheus]\naddress = \"monitoring/prometheus:9090\"\n");
    let begun = std::time::Instant::now();
    by_proxy.until("green is counted", |scene| {
        !numbers(&scene.status(), "green", "requests").is_empty()
    });
    // One pod of blue is restarted in the middle of a minute.
    by_proxy.bed.measure("restart", &json!({"namespace": by_proxy.namespace, "pod": blue[0]}));
    while begun.elapsed() < std::time::Duration::from_secs(240) {
        std::thread::sleep(std::time::Duration::from_secs(5));
    }
    let seen = by_proxy.status();
    println!("{:#}", seen["metrics"]["value"]["blue"]["requests"]);
    println!("{:#}", seen["metrics"]["value"]["green"]);
    let by_url = by_proxy.configured(&format!("[prometheus]\naddress = \"{url}\"\n"));
    let again = by_url.status();
    assert!(!numbers(&again, "green", "requests").is_empty(), "{again:#}");
}
