//! What watching costs: calls in a minute, everything asked only when it is due.

use super::*;

#[tokio::test]
async fn a_minute_of_watching_stays_within_its_budget() {
    for (scenario, target, most) in [
        ("canary", "codedeploy:shop/checkout", 80),
        ("lambda-canary", "codedeploy:shop/checkout", 60),
        ("ec2", "codedeploy:shop/checkout", 60),
        ("beanstalk", "beanstalk:shop", 24),
        ("beanstalk-split", "beanstalk:shop", 20),
        ("pipeline", "codedeploy:shop/checkout", 80),
    ] {
        let mut bench = Bench::target(scenario, target).await;
        let calls = bench.minute().await;
        assert!((8..=most).contains(&calls), "{scenario}: {calls} calls in a minute");
    }
}
