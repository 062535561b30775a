//! What is measured on both sides, minute by minute.

use cutover::domain::{Metrics, Point, Snapshot};
use cutover::stats::Config;

use super::Bench;

const GROUP: &str = "codedeploy:shop/checkout";

fn metrics(picture: &Snapshot) -> &Metrics {
    picture.metrics.fresh().unwrap()
}

#[tokio::test]
async fn the_newest_minutes_are_left_alone_for_as_long_as_the_config_says() {
    for (text, young) in [("", 3), ("settle-seconds = 60", 1), ("settle-seconds = 600", 10)] {
        let config: Config = toml::from_str(text).unwrap();
        let mut bench = Bench::judged("canary", GROUP, config).await;
        let picture = bench.look().await;
        let requests = &metrics(&picture).blue.requests;
        let pending = requests.iter().rev().take_while(|point| !point.is_closed()).count();
        assert_eq!(pending, young, "{text}");
        // A minute that is delivered later than it is taken for settled has no point yet.
        let settled = requests[requests.len() - 1 - young.max(3)];
        assert!(matches!(settled, Point::Value(_)), "{text}");
    }
}
