//! Lambda, and CodeDeploy over it: the alias, its compare-and-swap, and the metrics of both versions.

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat};
use aws_sdk_codedeploy::types::{
    DeploymentCreator, DeploymentStatus, DeploymentTargetType, DeploymentWaitType,
};
use aws_sdk_lambda::error::ProvideErrorMetadata;
use aws_sdk_lambda::types::AliasRoutingConfiguration;

use super::Running;

async fn newest(sim: &Running) -> String {
    let list = sim.codedeploy().list_deployments().send().await.unwrap();
    list.deployments()[0].clone()
}

/// The version of the alias, and the other one with its share.
async fn alias(sim: &Running) -> (String, Option<(String, f64)>) {
    let alias = sim.lambda().get_alias().function_name("checkout").name("live").send();
    let alias = alias.await.unwrap();
    let extra = alias.routing_config().and_then(|routing| {
        let (version, share) = routing.additional_version_weights()?.iter().next()?;
        Some((version.clone(), *share))
    });
    (alias.function_version.unwrap(), extra)
}

#[tokio::test]
async fn a_deployment_tells_the_function_and_its_versions() {
    let sim = Running::scenario("lambda-canary", 1).await;
    let client = sim.codedeploy();
    let id = newest(&sim).await;
    let info = client.get_deployment().deployment_id(&id).send().await.unwrap();
    let info = info.deployment_info.unwrap();
    assert_eq!(info.compute_platform().unwrap().as_str(), "Lambda");
    assert!(info.blue_green_deployment_configuration().is_none());
    let ids = client.list_deployment_targets().deployment_id(&id).send().await.unwrap();
    assert_eq!(ids.target_ids(), ["checkout"]);
    let batch = client.batch_get_deployment_targets().deployment_id(&id).target_ids("checkout");
    let targets = batch.send().await.unwrap().deployment_targets.unwrap();
    assert_eq!(targets[0].deployment_target_type(), Some(&DeploymentTargetType::LambdaTarget));
    let target = targets[0].lambda_target().unwrap();
    let events: Vec<_> =
        target.lifecycle_events().iter().filter_map(|one| one.lifecycle_event_name()).collect();
    assert_eq!(events, ["BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic"]);
    let function = target.lambda_function_info().unwrap();
    assert_eq!(function.current_version(), Some("41"));
    assert_eq!(function.target_version(), Some("42"));
    assert!((function.target_version_weight() - 0.1).abs() < 1e-9);
    assert_eq!(alias(&sim).await, ("41".to_owned(), Some(("42".to_owned(), 0.1))));
    let error = client.continue_deployment().deployment_id(&id);
    let error = error.deployment_wait_type(DeploymentWaitType::ReadyWait).send().await.unwrap_err();
    let error = error.into_service_error();
    assert!(error.is_unsupported_action_for_deployment_type_exception(), "{error:?}");
}

#[tokio::test]
async fn a_stop_with_rollback_resets_the_alias_by_a_deployment_of_its_own() {
    let sim = Running::scenario("lambda-canary", 1).await;
    let client = sim.codedeploy();
    let id = newest(&sim).await;
    let stop = client.stop_deployment().deployment_id(&id).auto_rollback_enabled(true).send();
    stop.await.unwrap();
    sim.pass(1);
    assert_eq!(alias(&sim).await, ("41".to_owned(), None));
    let rollback = client.get_deployment().deployment_id(newest(&sim).await).send().await.unwrap();
    let rollback = rollback.deployment_info.unwrap();
    assert_eq!(rollback.creator(), Some(&DeploymentCreator::CodeDeployRollback));
    assert_eq!(rollback.status(), Some(&DeploymentStatus::Succeeded));
    let trigger = rollback.rollback_info().unwrap().rollback_triggering_deployment_id();
    assert_eq!(trigger, Some(id.as_str()));
}

#[tokio::test]
async fn the_alias_moves_by_hand_only_from_the_state_that_was_seen() {
    let sim = Running::scenario("lambda-canary", 30).await;
    let client = sim.lambda();
    let read = || client.get_alias().function_name("checkout").name("live").send();
    let seen = read().await.unwrap();
    assert_eq!(seen.function_version(), Some("42"));
    let shift = |revision: &str, weight: f64| {
        let routing =
            AliasRoutingConfiguration::builder().additional_version_weights("41", weight).build();
        let order = client.update_alias().function_name("checkout").name("live");
        order.routing_config(routing).revision_id(revision).send()
    };
    let known = seen.revision_id().unwrap();
    let moved = shift(known, 0.25).await.unwrap();
    assert_ne!(moved.revision_id(), Some(known));
    assert_eq!(alias(&sim).await, ("42".to_owned(), Some(("41".to_owned(), 0.25))));
    let error = shift(known, 0.5).await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 412);
    assert!(error.into_service_error().is_precondition_failed_exception());
    let error = shift(moved.revision_id().unwrap(), 1.5).await.unwrap_err();
    assert!(error.into_service_error().is_invalid_parameter_value_exception());

    let back = client.update_alias().function_name("checkout").name("live").function_version("41");
    let none = AliasRoutingConfiguration::builder();
    let none = none.set_additional_version_weights(Some([].into())).build();
    back.routing_config(none).send().await.unwrap();
    assert_eq!(alias(&sim).await, ("41".to_owned(), None));
}

#[tokio::test]
async fn versions_have_a_code_hash_and_what_is_absent_is_not_found() {
    let sim = Running::scenario("lambda-canary", 1).await;
    let client = sim.lambda();
    let read = |version: &str| {
        client.get_function_configuration().function_name("checkout").qualifier(version).send()
    };
    let (old, new) = (read("41").await.unwrap(), read("42").await.unwrap());
    assert_eq!(old.code_sha256().map(str::len), Some(44));
    assert_ne!(old.code_sha256(), new.code_sha256());
    let env = new.environment().unwrap().variables().unwrap();
    assert_eq!(env.get("NEW_BASKET").map(String::as_str), Some("on"));
    let error = read("99").await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 404);
    assert!(error.into_service_error().is_resource_not_found_exception());
    let error = client.get_alias().function_name("checkout").name("none").send().await;
    assert!(error.unwrap_err().into_service_error().is_resource_not_found_exception());
    let aliases = client.list_aliases().function_name("checkout").send().await.unwrap();
    assert_eq!(aliases.aliases().len(), 1);
}

#[tokio::test]
async fn a_throttled_function_answers_429() {
    let sim = Running::scenario("lambda-canary", 1).await;
    sim.simulator.set_fault("lambda.GetAlias=throttle*1".parse().unwrap());
    let error = sim.lambda().get_alias().function_name("checkout").name("live").send().await;
    let error = error.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 429);
    assert_eq!(error.code(), Some("TooManyRequestsException"));
    alias(&sim).await;
}

#[tokio::test]
async fn cloudwatch_tells_the_versions_apart() {
    let sim = Running::scenario("lambda-errors", 25).await;
    let now = sim.simulator.clock().now().as_second();
    let query = |id: &str, metric: &str, stat: &str, version: &str| {
        let dimension = |name: &str, value: &str| Dimension::builder().name(name).value(value);
        let metric = Metric::builder().namespace("AWS/Lambda").metric_name(metric);
        let metric = metric.dimensions(dimension("FunctionName", "checkout").build());
        let metric = metric.dimensions(dimension("Resource", "checkout:live").build());
        let metric = metric.dimensions(dimension("ExecutedVersion", version).build()).build();
        let stat = MetricStat::builder().metric(metric).stat(stat).period(300).build();
        MetricDataQuery::builder().id(id).metric_stat(stat).build()
    };
    let request = sim.cloudwatch().get_metric_data();
    let request = request.metric_data_queries(query("blue", "Invocations", "Sum", "41"));
    let request = request.metric_data_queries(query("green", "Invocations", "Sum", "42"));
    let request = request.metric_data_queries(query("bad", "Errors", "Average", "42"));
    let request = request.metric_data_queries(query("slow", "Duration", "p99", "42"));
    let request = request.metric_data_queries(query("throttled", "Throttles", "Sum", "42"));
    let request = request.start_time(DateTime::from_secs(now - 900));
    let reply = request.end_time(DateTime::from_secs(now - 300)).send().await.unwrap();
    let value = |id: &str| {
        let results = reply.metric_data_results();
        results.iter().find(|one| one.id() == Some(id)).unwrap().values()[0]
    };
    let share = value("green") / (value("blue") + value("green"));
    assert!((0.15..0.25).contains(&share), "{share}");
    assert!((0.02..0.04).contains(&value("bad")), "{}", value("bad"));
    assert!((200.0..450.0).contains(&value("slow")), "{} ms", value("slow"));
    assert!(value("throttled").abs() < f64::EPSILON);
}
