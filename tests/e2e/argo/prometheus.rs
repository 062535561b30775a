//! What a real Prometheus has scraped, through the API server and by its URL.

use serde_json::{Value, json};

use super::ground::Ground;
use super::live::Live;
use super::scene::{Scene, canary};

/// Requests a second of each pod.
const RATE: f64 = 20.0;

fn counts(scene: &Scene<Live>, hash: &str, failing: f64, slow: f64) -> Vec<String> {
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
            json!({"pod": pod, "namespace": scene.ground.namespace, "rate": RATE, "failing": failing, "slow": slow})
        })
        .collect();
    scene.ground.bed.measure("count", &json!(all));
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
    let ground = Live::beside();
    let url = ground.bed.prometheus.clone();
    let scene = Scene::with(ground, &canary(&json!([{"setWeight": 25}, {"pause": {}}])));
    let blue = counts(&scene, &scene.hash("stableRS"), 0.0, 0.0);
    let green = scene.brings_out("v2");
    scene.pauses();
    counts(&scene, &green, 0.25, 0.5);
    let proxy = "[prometheus]\naddress = \"monitoring/prometheus:9090\"\n";
    let scene = scene.configured(proxy);
    let mut seen = Value::Null;
    let enough = |seen: &Value| {
        // The first minute is not whole.
        let minutes = numbers(seen, "blue", "requests").len();
        let green = numbers(seen, "green", "errors");
        minutes >= 4 && green.len() >= 3
    };
    scene.until_within(std::time::Duration::from_mins(7), "minutes are counted", |scene| {
        if numbers(&seen, "blue", "requests").len() == 1 {
            // One of three processes is restarted in the middle of it all.
            let pod = json!({"namespace": scene.ground.namespace, "pod": blue[0]});
            scene.ground.bed.measure("restart", &pod);
        }
        seen = scene.status();
        enough(&seen)
    });
    // Counters are read at the beginning of every minute, so a minute is whole or not told.
    let requests = numbers(&seen, "green", "requests");
    let newest = requests[requests.len() - 2];
    assert!((newest / (60.0 * RATE) - 1.0).abs() < 0.1, "{requests:?} a minute");
    let errors = numbers(&seen, "green", "errors");
    let share = errors[errors.len() - 2] / newest;
    assert!((share - 0.25).abs() < 0.05, "{errors:?} of {requests:?}");
    let own = numbers(&seen, "blue", "requests");
    // What a counter had before it began anew is unknown: less is told, and never less than nothing.
    assert!(own.iter().all(|count| (0.0..=1.1 * 180.0 * RATE).contains(count)), "{own:?}");
    let slow = numbers(&seen, "green", "p99");
    assert!(slow.iter().all(|p99| (0.25..=0.5).contains(p99)), "{slow:?}");
    assert_eq!(seen["readings"]["prometheus"]["fault"], Value::Null);
    println!("blue {own:?}, green {requests:?} a minute, errors {errors:?}, p99 {slow:?}");

    let mut screen = scene.screen();
    screen.until(|screen| {
        let mut rows = screen.rows(60, 60);
        rows.any(|row| row.contains("errors") && row.contains("25 %"))
    });
    let by_url = scene.configured(&format!("[prometheus]\naddress = \"{url}\"\n"));
    assert!(enough(&by_url.status()), "by its URL");
}
