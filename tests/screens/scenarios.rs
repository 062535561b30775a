//! Every scenario at a telling moment, through the real SDK, at every size.

use cutover::cli::rehearsal::Rehearsal;
use cutover::sim::scenario::Scenario;

use super::{SIZES, screen, text};

/// The moment of each scenario at which there is something to see.
fn moment(name: &str) -> u32 {
    match name {
        "approval" | "canary" | "argo-kept" => 240,
        "clusters" | "clusters-alb" => 540,
        "crashloop" | "stuck" | "ecs-bluegreen" | "ecs-canary" | "ecs-hook-failure"
        | "ecs-rolling" => 300,
        "finished" => 60,
        "argo-bluegreen" | "argo-abort" | "argo-workloadref" => 180,
        "argo-experiment" => 120,
        "hook-failure" | "alarm" => 720,
        "aa" | "ab" | "errors-small" | "cold-start" | "low-traffic" | "sticky" => 1800,
        _ => 600,
    }
}

#[tokio::test]
async fn every_scenario_looks_like_this() {
    for name in Scenario::names() {
        let mut rehearsal = Rehearsal::begin(name, 1).await.unwrap();
        rehearsal.play(moment(name), 4).await;
        for size in SIZES {
            let shown = text(&screen(&mut rehearsal.state, size, "dark"));
            insta::assert_snapshot!(format!("{name}-{}x{}", size.0, size.1), shown);
        }
    }
}
