use jiff::{SignedDuration, Timestamp};

use super::{OPERATIONS, handle};
use crate::sim::scenario::Scenario;
use crate::sim::value::{Value, list, map};
use crate::sim::world::World;

/// A canary at 10 %.
fn world() -> World {
    let start: Timestamp = "2026-03-10T14:00:20Z".parse().unwrap();
    let mut world = World::new(Scenario::named("canary").unwrap(), 20, start);
    world.advance(start.saturating_add(SignedDuration::from_secs(60)).unwrap());
    world
}

fn ask(world: &mut World, operation: &str, input: &Value) -> Value {
    handle(world, operation, input).unwrap_or_else(|error| panic!("{operation}: {error:?}"))
}

fn refusal(world: &mut World, operation: &str, input: &Value) -> String {
    match handle(world, operation, input) {
        Ok(reply) => panic!("{operation} answered {reply:?}"),
        Err(error) => error.code,
    }
}

fn with(members: Vec<(&str, Value)>) -> Value {
    let mut all = vec![("cluster".to_owned(), "prod".into())];
    all.extend(members.into_iter().map(|(key, value)| (key.to_owned(), value)));
    Value::Map(all)
}

fn service(world: &mut World) -> Value {
    let input = with(vec![("services", list(["checkout", "cart"]))]);
    let reply = ask(world, "DescribeServices", &input);
    assert_eq!(reply.list("failures")[0].text("reason"), Some("MISSING"));
    reply.list("services")[0].clone()
}

#[test]
fn the_service_shows_two_task_sets_joined_to_the_deployment() {
    let mut world = world();
    let service = service(&mut world);
    assert_eq!(service.get("deploymentController").text("type"), Some("CODE_DEPLOY"));
    assert_eq!(service.int("runningCount"), Some(8));
    let sets = service.list("taskSets");
    assert_eq!(sets.len(), 2);
    assert!(sets.iter().all(|set| set.text("startedBy") == Some("CODE_DEPLOY")));
    assert_eq!(sets[1].text("externalId"), Some(world.deploy.deployments[2].id.as_str()));
    assert_eq!(sets[1].text("stabilityStatus"), Some("STEADY_STATE"));
    assert_ne!(sets[0].text("taskDefinition"), sets[1].text("taskDefinition"));
    let events = service.list("events");
    assert!(!events.is_empty() && events.len() <= 100);
    assert!(events[0].text("message").unwrap().contains("taskSet ecs-svc/"));
    let times: Vec<_> = events.iter().map(|event| event.time("createdAt")).collect();
    assert!(times.is_sorted_by(|newer, older| newer >= older));
}

#[test]
fn tasks_are_listed_by_their_set_and_described_with_their_address() {
    let mut world = world();
    let service = service(&mut world);
    let green = service.list("taskSets")[1].text("id").unwrap().to_owned();
    let listed = ask(&mut world, "ListTasks", &with(vec![("startedBy", green.as_str().into())]));
    let arns = listed.texts("taskArns");
    assert_eq!(arns.len(), 4);
    let input = with(vec![("tasks", list(arns.iter().copied().chain(["0123abcd"])))]);
    let reply = ask(&mut world, "DescribeTasks", &input);
    assert_eq!((reply.list("tasks").len(), reply.list("failures").len()), (4, 1));
    let task = &reply.list("tasks")[0];
    assert_eq!(task.text("startedBy"), Some(green.as_str()));
    assert_eq!(task.text("healthStatus"), Some("HEALTHY"));
    let container = &task.list("containers")[0];
    assert!(container.text("image").unwrap().ends_with("checkout:1.9.0"));
    assert!(container.text("imageDigest").unwrap().starts_with("sha256:"));
    assert_eq!(*container.get("exitCode"), Value::Null);
    let address = container.list("networkInterfaces")[0].text("privateIpv4Address").unwrap();
    let groups = world.target_groups();
    let targets = world.targets(&groups[1].arn).unwrap();
    assert!(targets.iter().any(|target| target.id == address));
}

#[test]
fn pages_of_tasks_join_to_the_whole() {
    let mut world = world();
    let first = ask(&mut world, "ListTasks", &with(vec![("maxResults", 5_i64.into())]));
    assert_eq!(first.list("taskArns").len(), 5);
    let token = first.text("nextToken").unwrap();
    let rest = with(vec![("maxResults", 5_i64.into()), ("nextToken", token.into())]);
    let rest = ask(&mut world, "ListTasks", &rest);
    assert_eq!((rest.list("taskArns").len(), rest.text("nextToken")), (3, None));
}

#[test]
fn pending_is_never_a_desired_status_and_stopped_tasks_are_their_own_list() {
    let mut world = world();
    for status in ["PENDING", "STOPPED"] {
        let input =
            with(vec![("serviceName", "checkout".into()), ("desiredStatus", status.into())]);
        assert!(ask(&mut world, "ListTasks", &input).list("taskArns").is_empty(), "{status}");
    }
}

#[test]
fn the_two_task_definitions_differ_in_image_and_environment() {
    let mut world = world();
    let service = service(&mut world);
    let mut define = |side: usize| {
        let arn = service.list("taskSets")[side].text("taskDefinition").unwrap();
        let input = map([("taskDefinition", arn.into())]);
        let reply = ask(&mut world, "DescribeTaskDefinition", &input);
        reply.get("taskDefinition").list("containerDefinitions")[0].clone()
    };
    let (blue, green) = (define(0), define(1));
    assert_ne!(blue.text("image"), green.text("image"));
    assert_ne!(blue.get("environment"), green.get("environment"));
    let stream = green.get("logConfiguration").get("options").text("awslogs-stream-prefix");
    assert_eq!(stream, Some("ecs"));
}

#[test]
fn wrong_requests_are_refused() {
    let mut world = world();
    for (operation, input, code) in [
        ("DescribeServices", map([("services", list(["checkout"]))]), "ClusterNotFoundException"),
        ("DescribeServices", with(vec![]), "InvalidParameterException"),
        (
            "DescribeServices",
            with(vec![("services", list(vec!["checkout"; 11]))]),
            "InvalidParameterException",
        ),
        ("ListTasks", with(vec![("serviceName", "cart".into())]), "ServiceNotFoundException"),
        (
            "ListTasks",
            with(vec![("startedBy", "x".into()), ("serviceName", "checkout".into())]),
            "InvalidParameterException",
        ),
        ("ListTasks", with(vec![("maxResults", 101_i64.into())]), "InvalidParameterException"),
        ("ListTasks", with(vec![("nextToken", "zz".into())]), "InvalidParameterException"),
        ("DescribeTasks", with(vec![]), "InvalidParameterException"),
        ("DescribeTasks", with(vec![("tasks", list(vec!["x"; 101]))]), "InvalidParameterException"),
        ("DescribeTaskSets", with(vec![("service", "cart".into())]), "ServiceNotFoundException"),
        ("DescribeTaskDefinition", map([("taskDefinition", "cart:1".into())]), "ClientException"),
        ("DeleteCluster", with(vec![]), "UnknownOperationException"),
    ] {
        assert_eq!(refusal(&mut world, operation, &input), code, "{operation} {input:?}");
    }
}

#[test]
fn clusters_services_and_task_sets_are_found() {
    let mut world = world();
    let clusters = ask(&mut world, "ListClusters", &with(vec![]));
    assert!(clusters.texts("clusterArns")[0].ends_with("cluster/prod"));
    let input = map([("clusters", list(["prod", "dev"]))]);
    let reply = ask(&mut world, "DescribeClusters", &input);
    assert_eq!((reply.list("clusters").len(), reply.list("failures").len()), (1, 1));
    assert_eq!(reply.list("clusters")[0].int("runningTasksCount"), Some(8));
    let services = ask(&mut world, "ListServices", &with(vec![]));
    assert_eq!(services.list("serviceArns").len(), 1);
    let sets = ask(&mut world, "DescribeTaskSets", &with(vec![("service", "checkout".into())]));
    assert_eq!(sets.list("taskSets").len(), 2);
}

#[test]
fn every_listed_operation_is_known() {
    let mut world = world();
    for operation in OPERATIONS {
        if let Err(error) = handle(&mut world, operation, &Value::Map(Vec::new())) {
            assert_ne!(error.code, "UnknownOperationException", "{operation}");
        }
    }
}
