//! Service deployments as a client sees them.

use jiff::{SignedDuration, Timestamp};

use super::super::handle;
use crate::sim::scenario::Scenario;
use crate::sim::value::{Value, list, map};
use crate::sim::world::World;

/// A world, some seconds after its start.
fn world(scenario: &str, seconds: i64) -> World {
    let start: Timestamp = "2026-03-10T14:00:20Z".parse().unwrap();
    let mut world = World::new(Scenario::named(scenario).unwrap(), 20, start);
    pass(&mut world, seconds);
    world
}

fn pass(world: &mut World, seconds: i64) {
    let to = world.now().saturating_add(SignedDuration::from_secs(seconds)).unwrap();
    world.advance(to);
}

fn ask(world: &mut World, operation: &str, input: &Value) -> Value {
    handle(world, operation, input).unwrap_or_else(|error| panic!("{operation}: {error:?}"))
}

fn refusal(world: &mut World, operation: &str, input: &Value) -> String {
    handle(world, operation, input).unwrap_err().code
}

fn of_service(members: Vec<(&str, Value)>) -> Value {
    let mut all: Vec<(String, Value)> =
        vec![("cluster".into(), "prod".into()), ("service".into(), "checkout".into())];
    all.extend(members.into_iter().map(|(key, value)| (key.to_owned(), value)));
    Value::Map(all)
}

fn service(world: &mut World) -> Value {
    let input = of_service(vec![("services", list(["checkout"]))]);
    ask(world, "DescribeServices", &input).list("services")[0].clone()
}

fn running(world: &mut World) -> String {
    service(world).text("currentServiceDeployment").unwrap().to_owned()
}

fn describe(world: &mut World, arn: &str) -> Value {
    let input = map([("serviceDeploymentArns", list([arn]))]);
    let reply = ask(world, "DescribeServiceDeployments", &input);
    assert!(reply.list("failures").is_empty());
    reply.list("serviceDeployments")[0].clone()
}

#[test]
fn a_paused_canary_is_described_with_its_hook_and_both_revisions() {
    let mut world = world("ecs-canary", 0);
    let arn = running(&mut world);
    let one = describe(&mut world, &arn);
    assert_eq!(one.text("status"), Some("IN_PROGRESS"));
    assert_eq!(one.text("lifecycleStage"), Some("POST_TEST_TRAFFIC_SHIFT"));
    let hook = &one.list("lifecycleHookDetails")[0];
    assert_eq!(hook.text("status"), Some("AWAITING_ACTION"));
    assert_eq!(hook.text("timeoutAction"), Some("ROLLBACK"));
    assert!(hook.time("expiresAt").unwrap() > world.now());
    let (source, target) =
        (&one.list("sourceServiceRevisions")[0], one.get("targetServiceRevision"));
    let share = "requestedProductionTrafficWeight";
    assert_eq!(*source.get(share), Value::Double(100.0));
    assert_eq!(*target.get(share), Value::Double(0.0));
    assert_eq!(*target.get("requestedTestTrafficWeight"), Value::Double(100.0));
    let config = one.get("deploymentConfiguration");
    assert_eq!(config.text("strategy"), Some("CANARY"));
    assert_eq!(config.get("canaryConfiguration").int("canaryBakeTimeInMinutes"), Some(10));
    assert_eq!(one.get("alarms").text("status"), Some("MONITORING"));
}

#[test]
fn a_hook_is_answered_once_and_by_its_own_id() {
    let mut world = world("ecs-canary", 0);
    let arn = running(&mut world);
    let hook = describe(&mut world, &arn).list("lifecycleHookDetails")[0].clone();
    let hook = hook.text("hookId").unwrap();
    let answer =
        |id: &str| map([("serviceDeploymentArn", arn.as_str().into()), ("hookId", id.into())]);
    let operation = "ContinueServiceDeployment";
    assert_eq!(refusal(&mut world, operation, &answer("ecs-pause-x")), "InvalidParameterException");
    ask(&mut world, operation, &answer(hook));
    assert_eq!(refusal(&mut world, operation, &answer(hook)), "InvalidParameterException");
    pass(&mut world, 30);
    let one = describe(&mut world, &arn);
    assert_eq!(one.text("lifecycleStage"), Some("PRODUCTION_TRAFFIC_SHIFT"));
    let share = one.get("targetServiceRevision").get("requestedProductionTrafficWeight").clone();
    assert_eq!(share, Value::Double(5.0));
}

#[test]
fn a_stop_turns_the_same_deployment_round_and_a_later_one_conflicts() {
    let mut world = world("ecs-bluegreen", 120);
    let arn = running(&mut world);
    let stop =
        map([("serviceDeploymentArn", arn.as_str().into()), ("stopType", "ROLLBACK".into())]);
    ask(&mut world, "StopServiceDeployment", &stop);
    assert_eq!(describe(&mut world, &arn).text("status"), Some("ROLLBACK_REQUESTED"));
    pass(&mut world, 120);
    let one = describe(&mut world, &arn);
    assert_eq!(one.text("status"), Some("ROLLBACK_SUCCESSFUL"));
    let source = one.list("sourceServiceRevisions")[0].text("arn").map(str::to_owned);
    assert_eq!(one.get("rollback").text("serviceRevisionArn").map(str::to_owned), source);
    assert_eq!(refusal(&mut world, "StopServiceDeployment", &stop), "ConflictException");
    assert!(!service(&mut world).has("currentServiceDeployment"));
}

#[test]
fn only_active_revisions_say_their_target_group() {
    let mut world = world("ecs-bluegreen", 0);
    let arn = running(&mut world);
    let one = describe(&mut world, &arn);
    let (source, target) =
        (&one.list("sourceServiceRevisions")[0], one.get("targetServiceRevision"));
    let arns = [source, target].map(|side| side.text("arn").unwrap());
    let old = world.names.service_revision(&world.native.as_ref().unwrap().revisions[0].id);
    let input = map([("serviceRevisionArns", list([arns[0], arns[1], &old]))]);
    let reply = ask(&mut world, "DescribeServiceRevisions", &input);
    let group = |index: usize| {
        let resolved = reply.list("serviceRevisions")[index].get("resolvedConfiguration");
        resolved.list("loadBalancers").first().and_then(|one| one.text("targetGroupArn"))
    };
    assert!(group(0).is_some() && group(1).is_some() && group(0) != group(1));
    assert_eq!(group(2), None);
}

#[test]
fn deployments_are_listed_newest_first_by_state_and_page() {
    let mut world = world("ecs-bluegreen", 0);
    let all = ask(&mut world, "ListServiceDeployments", &of_service(vec![]));
    let times: Vec<_> =
        all.list("serviceDeployments").iter().map(|one| one.time("createdAt")).collect();
    assert_eq!(times.len(), 3);
    assert!(times.is_sorted_by(|newer, older| newer > older));
    let done = of_service(vec![("status", list(["SUCCESSFUL"]))]);
    assert_eq!(
        ask(&mut world, "ListServiceDeployments", &done).list("serviceDeployments").len(),
        2
    );
    let first = of_service(vec![("maxResults", 2_i64.into())]);
    let first = ask(&mut world, "ListServiceDeployments", &first);
    let token = first.text("nextToken").unwrap();
    let rest = of_service(vec![("maxResults", 2_i64.into()), ("nextToken", token.into())]);
    assert_eq!(
        ask(&mut world, "ListServiceDeployments", &rest).list("serviceDeployments").len(),
        1
    );
    let wrong = of_service(vec![("status", list(["DONE"]))]);
    assert_eq!(refusal(&mut world, "ListServiceDeployments", &wrong), "InvalidParameterException");
}

#[test]
fn an_update_rolls_a_task_definition_out() {
    let mut world = world("ecs-bluegreen", 3600);
    let before = service(&mut world);
    assert!(!before.has("currentServiceDeployment"));
    let same = before.text("taskDefinition").unwrap().to_owned();
    let same = of_service(vec![("taskDefinition", same.as_str().into())]);
    let reply = ask(&mut world, "UpdateService", &same);
    assert!(!reply.get("service").has("currentServiceDeployment"), "nothing changed");
    let previous = of_service(vec![("taskDefinition", "checkout:41".into())]);
    let reply = ask(&mut world, "UpdateService", &previous);
    assert!(reply.get("service").text("taskDefinition").unwrap().ends_with("checkout:41"));
    let arn = reply.get("service").text("currentServiceDeployment").unwrap().to_owned();
    assert_eq!(describe(&mut world, &arn).text("status"), Some("PENDING"));
    let unknown = of_service(vec![("taskDefinition", "checkout:7".into())]);
    assert_eq!(refusal(&mut world, "UpdateService", &unknown), "ClientException");
    let count = of_service(vec![("desiredCount", 3_i64.into())]);
    assert_eq!(refusal(&mut world, "UpdateService", &count), "InvalidParameterException");
}

#[test]
fn a_rolling_service_has_two_deployments_and_no_weights() {
    let mut world = world("ecs-rolling", 60);
    let service = service(&mut world);
    let deployments = service.list("deployments");
    let state = |index: usize| {
        let one = &deployments[index];
        (one.text("status").unwrap(), one.text("rolloutState").unwrap())
    };
    assert_eq!((state(0), state(1)), (("PRIMARY", "IN_PROGRESS"), ("ACTIVE", "COMPLETED")));
    assert!(!service.list("loadBalancers")[0].has("advancedConfiguration"));
    let green = deployments[0].text("id").unwrap();
    let input = map([("cluster", "prod".into()), ("startedBy", green.into())]);
    assert!(!ask(&mut world, "ListTasks", &input).list("taskArns").is_empty());
    let arn = running(&mut world);
    let one = describe(&mut world, &arn);
    assert!(!one.has("lifecycleStage"));
    assert!(!one.get("targetServiceRevision").has("requestedProductionTrafficWeight"));
}

#[test]
fn what_does_not_exist_or_is_code_deploys_is_refused() {
    let mut native = world("ecs-bluegreen", 0);
    let none = "arn:aws:ecs:eu-west-1:111122223333:service-deployment/prod/checkout/none";
    let input = map([("serviceDeploymentArn", none.into()), ("hookId", "x".into())]);
    for operation in ["StopServiceDeployment", "ContinueServiceDeployment"] {
        let code = refusal(&mut native, operation, &input);
        assert_eq!(code, "ServiceDeploymentNotFoundException");
    }
    let input = map([("serviceDeploymentArns", list([none]))]);
    let reply = ask(&mut native, "DescribeServiceDeployments", &input);
    assert_eq!(reply.list("failures")[0].text("reason"), Some("MISSING"));
    let many = map([("serviceDeploymentArns", list(vec![none; 21]))]);
    let code = refusal(&mut native, "DescribeServiceDeployments", &many);
    assert_eq!(code, "InvalidParameterException");
    let mut other = world("canary", 0);
    let update = of_service(vec![("taskDefinition", "checkout:41".into())]);
    assert_eq!(refusal(&mut other, "UpdateService", &update), "InvalidParameterException");
    let listed = ask(&mut other, "ListServiceDeployments", &of_service(vec![]));
    assert!(listed.list("serviceDeployments").is_empty());
}
