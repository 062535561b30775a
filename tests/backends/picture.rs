//! What a rollout looks like, from its first moment to its last.

use super::*;

#[tokio::test]
async fn dump() {
    for (name, minutes) in [("canary", 1), ("approval", 3), ("finished", 1), ("errors", 12)] {
        let mut watched = Watched::scenario(name).await;
        watched.pass(minutes * 60);
        let mut picture = watched.look().await;
        picture.events.truncate(8);
        if let cutover::domain::Fact::Known { value, .. } = &mut picture.metrics {
            for side in [&mut value.blue, &mut value.green] {
                for series in [
                    &mut side.requests,
                    &mut side.errors,
                    &mut side.client_errors,
                    &mut side.p50,
                    &mut side.p90,
                    &mut side.p99,
                ] {
                    let n = series.len();
                    *series = series.split_off(n.saturating_sub(4));
                }
            }
            value.balancer_errors.truncate(3);
        }
        println!("=== {name}\n{}", serde_json::to_string_pretty(&picture).unwrap());
    }
}
