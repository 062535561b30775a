//! What watching costs: calls in a minute, everything asked only when it is due.

use super::*;

#[tokio::test]
async fn a_minute_of_watching_stays_within_its_budget() {
    let mut all = Vec::new();
    for (scenario, target, most) in [
        ("canary", "codedeploy:shop/checkout", 80),
        ("lambda-canary", "codedeploy:shop/checkout", 50),
        ("ec2", "codedeploy:shop/checkout", 40),
        ("beanstalk", "beanstalk:shop", 16),
        ("beanstalk-split", "beanstalk:shop", 16),
        ("pipeline", "codedeploy:shop/checkout", 40),
    ] {
        let mut bench = Bench::target(scenario, target).await;
        let calls = bench.minute().await;
        all.push((scenario, calls, (8..=most).contains(&calls)));
    }
    assert!(all.iter().all(|(_, _, fine)| *fine), "calls in a minute: {all:?}");
}
