//! Faults as clients meet them, in every protocol.

use std::time::Duration;

use aws_sdk_cloudwatch::types::AlarmType;
use aws_sdk_codedeploy::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_types::timeout::TimeoutConfig;
use jiff::SignedDuration;

use super::Running;

impl Running {
    fn fault(&self, text: &str) {
        self.simulator.set_fault(text.parse().unwrap());
    }

    /// The error codes of a read of each service: JSON, query, CBOR.
    async fn codes(&self) -> [Option<String>; 3] {
        let code = |code: Option<&str>| code.map(str::to_owned);
        [
            self.codedeploy().list_applications().send().await.err().and_then(|e| code(e.code())),
            self.elb().describe_load_balancers().send().await.err().and_then(|e| code(e.code())),
            self.cloudwatch().describe_alarms().send().await.err().and_then(|e| code(e.code())),
        ]
    }
}

#[tokio::test]
async fn every_protocol_has_its_own_spelling() {
    let sim = Running::scenario("canary", 0).await;
    for (fault, codes) in [
        ("all=deny", ["AccessDeniedException", "AccessDenied", "AccessDenied"]),
        ("all=throttle", ["ThrottlingException", "Throttling", "Throttling"]),
        ("all=expired", ["ExpiredTokenException", "ExpiredToken", "ExpiredToken"]),
        ("all=error:503", ["ServiceUnavailable"; 3]),
    ] {
        sim.fault(fault);
        assert_eq!(sim.codes().await, codes.map(|code| Some(code.to_owned())), "{fault}");
    }
    assert!(sim.simulator.calls().iter().all(|call| !call.carried_out));
    sim.simulator.clear_faults();
    assert_eq!(sim.codes().await, [None, None, None]);
}

#[tokio::test]
async fn a_denial_names_the_user_the_action_and_the_resource() {
    let sim = Running::scenario("canary", 0).await;
    let arn = sim.simulator.with_world(|world| world.target_groups()[0].arn.clone());
    sim.fault("elb.DescribeTargetHealth=deny*1");
    let ask = || sim.elb().describe_target_health().target_group_arn(&arn).send();
    let error = ask().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 403);
    let message = error.into_service_error().message().unwrap_or_default().to_owned();
    assert!(message.contains("perform: elasticloadbalancing:DescribeTargetHealth"), "{message}");
    assert!(message.contains(&arn) && message.contains(":assumed-role/"), "{message}");
    assert!(ask().await.is_ok());
}

#[tokio::test]
async fn an_empty_server_fault_has_a_status_but_no_code() {
    let sim = Running::scenario("canary", 0).await;
    sim.fault("codedeploy=error-empty:502");
    let error = sim.codedeploy().list_applications().send().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 502);
    assert_eq!(error.code(), None);
}

#[tokio::test]
async fn a_dropped_connection_is_no_answer_whether_carried_out_or_not() {
    let sim = Running::scenario("canary", 0).await;
    for (fault, carried_out) in [("sts=drop-before*1", false), ("sts=drop-after*1", true)] {
        sim.fault(fault);
        let error = sim.sts().get_caller_identity().send().await.unwrap_err();
        assert!(matches!(error, SdkError::DispatchFailure(_)), "{fault}: {error:?}");
        let call = sim.simulator.calls().pop().unwrap();
        assert_eq!(call.carried_out, carried_out, "{fault}");
        assert!(sim.sts().get_caller_identity().send().await.is_ok());
    }
}

#[tokio::test]
async fn silence_lasts_until_the_client_gives_up() {
    let sim = Running::scenario("canary", 0).await;
    sim.fault("sts=no-answer");
    let short = TimeoutConfig::builder().operation_timeout(Duration::from_millis(50)).build();
    let config = sim.config().to_builder().timeout_config(short).build();
    let asked = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await;
    assert!(matches!(asked.unwrap_err(), SdkError::TimeoutError(_)));
    assert!(!sim.simulator.calls()[0].carried_out);
}

#[tokio::test]
async fn a_virtual_delay_ends_when_simulated_time_has_passed() {
    let sim = Running::scenario("canary", 0).await;
    sim.fault("cloudwatch=delay-virtual:2m");
    let client = sim.cloudwatch();
    let asked = tokio::spawn(client.describe_alarms().alarm_types(AlarmType::MetricAlarm).send());
    while sim.simulator.calls().is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(!asked.is_finished() && !sim.simulator.calls()[0].carried_out);
    // Moved in small steps, as the call waits from the moment it noticed its delay.
    while !asked.is_finished() {
        sim.simulator.clock().advance(SignedDuration::from_secs(1));
        tokio::task::yield_now().await;
    }
    assert!(asked.await.unwrap().is_ok());
    assert!(sim.simulator.calls()[0].carried_out);
}

#[tokio::test]
async fn the_log_has_every_call_with_its_members_in_order_of_arrival() {
    let sim = Running::scenario("canary", 3).await;
    sim.codedeploy().get_deployment().deployment_id("d-NONE").send().await.unwrap_err();
    sim.sts().get_caller_identity().send().await.unwrap();
    let calls = sim.simulator.calls();
    let said: Vec<_> = calls
        .iter()
        .map(|call| (call.sequence, call.operation.as_str(), call.carried_out))
        .collect();
    assert_eq!(said, [(1, "GetDeployment", true), (2, "GetCallerIdentity", true)]);
    assert_eq!(calls[0].input.text("deploymentId"), Some("d-NONE"));
    assert_eq!(calls[0].at, sim.simulator.clock().now());
    assert!(calls[0].user_agent.starts_with("aws-sdk-rust/"));
}

/// A read of each service: JSON, query, CBOR; whether it succeeded.
async fn reads(sim: &Running) -> [Result<(), String>; 4] {
    let text = |error: &dyn std::fmt::Debug| format!("{error:?}");
    [
        sim.codedeploy().list_applications().send().await.map(|_| ()).map_err(|e| text(&e)),
        sim.ecs().list_clusters().send().await.map(|_| ()).map_err(|e| text(&e)),
        sim.elb().describe_load_balancers().send().await.map(|_| ()).map_err(|e| text(&e)),
        sim.cloudwatch().describe_alarms().send().await.map(|_| ()).map_err(|e| text(&e)),
    ]
}

#[tokio::test]
async fn an_answer_that_is_broken_on_its_way_is_an_error_in_every_protocol_and_was_carried_out() {
    let sim = Running::scenario("canary", 0).await;
    for fault in ["cut", "truncate", "garbage", "error-after:503"] {
        sim.simulator.clear_faults();
        sim.fault(&format!("all={fault}"));
        for (index, read) in reads(&sim).await.into_iter().enumerate() {
            // The SDK takes XML that ends early for what was read of it so far.
            let is_xml = index == 2;
            assert!(
                read.is_err() || (is_xml && fault == "truncate"),
                "{fault}: taken for an answer"
            );
        }
        assert!(sim.simulator.calls().iter().rev().take(4).all(|call| call.carried_out), "{fault}");
    }
    for fault in ["html:502", "html:403"] {
        sim.simulator.clear_faults();
        sim.fault(&format!("all={fault}"));
        assert!(reads(&sim).await.iter().all(Result::is_err), "{fault}");
        assert!(sim.simulator.calls().iter().rev().take(4).all(|call| !call.carried_out));
    }
}

#[tokio::test]
async fn an_answer_that_only_comes_late_or_with_news_is_an_answer() {
    let sim = Running::scenario("canary", 0).await;
    for fault in ["trickle:40ms", "late:20ms", "extra-members", "unknown-words"] {
        sim.simulator.clear_faults();
        sim.fault(&format!("all={fault}"));
        for read in reads(&sim).await {
            assert!(read.is_ok(), "{fault}: {read:?}");
        }
    }
}

#[tokio::test]
async fn a_stalled_answer_never_ends() {
    let sim = Running::scenario("canary", 0).await;
    sim.fault("codedeploy=stall");
    let short = TimeoutConfig::builder().operation_timeout(Duration::from_millis(80)).build();
    let config = sim.config().to_builder().timeout_config(short).build();
    let asked = aws_sdk_codedeploy::Client::new(&config).list_applications().send().await;
    assert!(matches!(asked.unwrap_err(), SdkError::TimeoutError(_)));
    assert!(sim.simulator.calls()[0].carried_out);
}

#[tokio::test]
async fn a_clock_that_is_off_is_learned_from_the_refusal() {
    for fault in ["all=skew:90m", "all=skew:-3h"] {
        let sim = Running::scenario("canary", 0).await;
        sim.fault(fault);
        let client = sim.ecs();
        let refused = client.list_clusters().send().await.unwrap_err();
        assert_eq!(refused.code(), Some("InvalidSignatureException"), "{fault}");
        assert!(!sim.simulator.calls()[0].carried_out || refused.code().is_none());
        assert!(client.list_clusters().send().await.is_ok(), "{fault}: signed by its Date");
    }
}

#[tokio::test]
async fn somebody_else_acts_just_before() {
    let sim = Running::scenario("canary", 3).await;
    let id = sim.codedeploy().list_deployments().send().await.unwrap().deployments.unwrap();
    let read = || sim.codedeploy().get_deployment().deployment_id(&id[0]).send();
    let status = |answer: aws_sdk_codedeploy::operation::get_deployment::GetDeploymentOutput| {
        answer.deployment_info.unwrap().status.unwrap().as_str().to_owned()
    };
    assert_eq!(status(read().await.unwrap()), "InProgress");
    sim.fault("codedeploy.GetDeployment=rival:rollback*1");
    read().await.unwrap();
    sim.pass(1);
    assert_eq!(status(read().await.unwrap()), "Stopped");
}

#[tokio::test]
async fn the_caller_may_belong_to_another_account() {
    let sim = Running::scenario("canary", 0).await;
    sim.fault("sts=account:444455556666*1");
    let asked = || async { sim.sts().get_caller_identity().send().await.unwrap().account };
    assert_eq!(asked().await.as_deref(), Some("444455556666"));
    assert_eq!(asked().await.as_deref(), Some("111122223333"));
}
