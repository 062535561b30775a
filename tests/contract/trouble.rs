//! What is shown when the services do not answer, or not as they should.

use cutover::domain::{Fact, FaultKind, Source};

use super::*;

#[tokio::test]
async fn a_failed_reading_in_the_middle_of_a_shift_changes_no_traffic_on_the_screen() {
    for fault in ["throttle", "deny", "error-empty"] {
        let mut bench = Bench::group("canary").await;
        bench.reach(&Phase::Shifting).await;
        bench.fault(&format!("codedeploy.BatchGetDeploymentTargets={fault}"));
        bench.pass(5);
        let picture = bench.look().await;
        assert_eq!(rollout(&picture).phase, Phase::Shifting, "{fault}");
        assert_eq!(planned(&picture), Some(10.0), "{fault}");
        assert!(matches!(rollout(&picture).traffic.planned, Fact::Stale { .. }), "{fault}");
        assert!(picture.readings[&Source::CodeDeploy].fault.is_some(), "{fault}");
    }
}

#[tokio::test]
async fn without_its_target_nobody_claims_to_know_where_a_deployment_stands() {
    let mut bench = Bench::group("canary").await;
    bench.pass(120);
    bench.fault("codedeploy.BatchGetDeploymentTargets=deny");
    let picture = bench.look().await;
    let seen = rollout(&picture);
    assert_eq!(seen.phase, Phase::Other("InProgress".into()));
    assert!(seen.traffic.planned.value().is_none(), "{:?}", seen.traffic.planned);
    assert_eq!(seen.blue.tasks.fresh().unwrap().running, 4, "ECS still tells");
    assert!(seen.traffic.listener.fresh().is_some(), "the load balancer still tells");
    assert!(possible(&picture).contains(&Action::RollBack));
}

#[tokio::test]
async fn a_service_that_is_denied_leaves_the_others_alone() {
    for (name, source) in [
        ("ecs", Source::Ecs),
        ("elbv2", Source::LoadBalancer),
        ("cloudwatch.GetMetricData", Source::Metrics),
        ("cloudwatch.DescribeAlarms", Source::Alarms),
    ] {
        let mut bench = Bench::group("canary").await;
        bench.pass(120);
        bench.fault(&format!("{name}=deny"));
        let picture = bench.look().await;
        assert_eq!(planned(&picture), Some(10.0), "{name}");
        for (other, reading) in &picture.readings {
            let denied = reading.fault.as_ref().map(|fault| &fault.kind);
            let expected = *other == source;
            assert_eq!(
                matches!(denied, Some(FaultKind::Denied { .. })),
                expected,
                "{name} {other:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_service_that_hangs_holds_up_no_other() {
    for name in ["ecs", "elbv2", "cloudwatch", "sts"] {
        let mut bench = Bench::group("canary").await;
        bench.pass(120);
        bench.fault(&format!("{name}=no-answer"));
        let mut picture = bench.watch.observe(Wish { window: 15, all: true }).await;
        // Each look ends with the next answer; the hanging one is never among them.
        while picture.rollout().is_none() || planned(&picture).is_none() {
            picture = bench.watch.observe(Wish { window: 15, all: false }).await;
        }
        assert_eq!(rollout(&picture).phase, Phase::Shifting, "{name}");
    }
}

#[tokio::test]
async fn an_expired_login_is_said_and_what_was_known_stays() {
    let mut bench = Bench::group("canary").await;
    bench.reach(&Phase::Shifting).await;
    bench.fault("all=expired");
    let picture = bench.look().await;
    let fault = picture.identity.fault().unwrap();
    assert_eq!(fault.kind, FaultKind::CredentialsExpired);
    assert_eq!(planned(&picture), Some(10.0));
    bench.simulator.clear_faults();
    bench.pass(10);
    let picture = bench.look().await;
    assert!(picture.identity.fresh().is_some());
    assert!(rollout(&picture).traffic.planned.fresh().is_some());
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    for target in ["codedeploy:shop/nothing", "ecs:prod/nothing", "d-000000000"] {
        let mut bench = Bench::target("canary", target).await;
        let picture = bench.look().await;
        let fault = picture.rollout.fault().unwrap_or_else(|| panic!("{target}: no fault"));
        assert_eq!(fault.kind, FaultKind::NotFound, "{target}: {fault}");
    }
}

#[tokio::test]
async fn without_the_sides_every_panel_says_why_it_is_empty() {
    let mut bench = Bench::group("canary").await;
    bench.pass(120);
    bench.fault("codedeploy.BatchGetDeploymentTargets=error-empty");
    bench.fault("ecs=deny");
    let picture = bench.look().await;
    let seen = rollout(&picture);
    for side in [&seen.blue, &seen.green] {
        assert!(matches!(side.tasks, Fact::Unknown { .. }), "{:?}", side.tasks);
        assert!(matches!(side.revision, Fact::Unknown { .. }), "{:?}", side.revision);
        assert!(matches!(side.targets, Fact::Unknown { .. }), "{:?}", side.targets);
    }
    let listener = &seen.traffic.listener;
    assert!(matches!(listener, Fact::Unknown { .. }), "whose weights are these? {listener:?}");
    assert!(matches!(picture.metrics, Fact::Unknown { .. }), "{:?}", picture.metrics);
    assert!(possible(&picture).contains(&Action::RollBack));
}

#[tokio::test]
async fn a_page_that_somebody_between_here_and_aws_sends_is_no_yes() {
    let shift = Action::Shift(cutover::domain::Percent::new(30).unwrap());
    for (scenario, action) in [("beanstalk", Action::Continue), ("alb", shift)] {
        let target = Scenario::named(scenario).unwrap().target(7);
        let mut bench = Bench::target(scenario, &target).await;
        let picture = bench.reach(&Phase::Held).await;
        let order = bench.order(&picture, action);
        bench.fault(&format!("{}.{}=html:200", order.call.service, order.call.operation));
        let said = bench.carry_out(&order).await;
        assert!(matches!(said, Ok(Progress::Unknown { .. })), "{scenario}: {said:?}");
    }
}
