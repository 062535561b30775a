//! A rollout of five hundred pods: how soon a change is on the screen, and what the program takes.

use std::time::{Duration, Instant};

use serde_json::json;

use super::ground::{Ground, Screen, told};
use super::live::Live;
use super::scene::{Scene, rolling};

const PODS: u32 = 500;

told! {
    alone:
        five_hundred_pods_are_on_the_screen_and_replaced_under_it;
}

/// A canary of so many pods, the newest version at 2 %.
fn wide() -> serde_json::Value {
    let mut rollout = rolling(&json!([{"setWeight": 2}, {"pause": {}}]));
    rollout["spec"]["replicas"] = json!(PODS);
    rollout
}

/// Everything about it goes as fast as pods may.
fn at_once<G: Ground>(scene: &Scene<G>) {
    let steps = json!({"spec": {"strategy": {"canary": {"steps": [], "maxSurge": "25%"}}}});
    scene.patch("rollouts/app", &steps);
    scene.brings_out("v2");
}

fn five_hundred_pods_are_on_the_screen_and_replaced_under_it(ground: impl Ground) {
    let scene = Scene::with(ground, &wide());
    let mut screen = scene.screen();
    screen.sees(&format!("{PODS} of {PODS} running"));
    screen.types("e").sees("events");
    scene.tells("something about one of many");
    screen.sees("something about one of many");
    screen.types("\x1b");
    at_once(&scene);
    scene.until("all pods are replaced", Scene::is_healthy);
    screen.sees("SUCCEEDED").sees(&format!("{PODS} of {PODS} running"));
    assert_eq!(screen.types("q").ends(), 0);
}

#[test]
#[ignore = "real controller: just e2e-argo"]
fn five_hundred_pods_cost_little_and_a_change_is_on_the_screen_within_a_second() {
    let scene = Scene::with(Live::alone(), &wide());
    let mut screen = scene.screen();
    screen.sees(&format!("{PODS} of {PODS} running"));
    let (before, from) = (used(screen.process()), Instant::now());
    screen.rests(Duration::from_secs(20));
    let (memory, cpu) = used(screen.process());
    let idle = cpu.saturating_sub(before.1).as_secs_f64() / from.elapsed().as_secs_f64();
    println!("at rest: {memory} MB resident, {:.1} % of a core", 100.0 * idle);

    // From the API server's answer to the screen.
    screen.types("e").sees("events");
    let mut took = Vec::new();
    for number in 0..5 {
        let text = format!("marker number {number}");
        scene.tells(&text);
        let since = Instant::now();
        screen.sees(&text);
        took.push(since.elapsed());
    }
    println!("from the API server to the screen: {took:?}");
    assert!(took.iter().all(|took| *took < Duration::from_secs(1)), "{took:?}");

    // All of them are replaced.
    screen.types("\x1b");
    let (before, from) = (used(screen.process()), Instant::now());
    at_once(&scene);
    scene.until("all pods are replaced", Scene::is_healthy);
    screen.rests(Duration::from_secs(1)).sees("SUCCEEDED");
    let (memory, cpu) = used(screen.process());
    let all = from.elapsed();
    let busy = 100.0 * cpu.saturating_sub(before.1).as_secs_f64() / all.as_secs_f64();
    println!("while all pods are replaced in {all:?}: {memory} MB resident, {busy:.1} % of a core");
}

/// Resident megabytes and processor time of a process, as Linux counts them.
fn used(process: u32) -> (u64, Duration) {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/{process}/{name}")).unwrap();
    let pages: u64 = read("statm").split(' ').nth(1).unwrap().parse().unwrap();
    let stat = read("stat");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().unwrap()).sum();
    (pages * 4096 / 1_000_000, Duration::from_millis(10 * ticks))
}
