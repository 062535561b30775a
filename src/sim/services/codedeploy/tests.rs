use jiff::{SignedDuration, Timestamp};

use super::{OPERATIONS, handle};
use crate::sim::scenario::Scenario;
use crate::sim::value::{Value, list, map};
use crate::sim::world::World;

fn world(name: &str) -> World {
    let start: Timestamp = "2026-03-10T14:00:20Z".parse().unwrap();
    World::new(Scenario::named(name).unwrap(), 20, start)
}

fn pass(world: &mut World, seconds: i64) {
    world.advance(world.now().saturating_add(SignedDuration::from_secs(seconds)).unwrap());
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

fn text<const N: usize>(members: [(&'static str, &str); N]) -> Value {
    map(members.map(|(key, value)| (key, value.into())))
}

fn none() -> Value {
    Value::Map(Vec::new())
}

fn newest(world: &mut World) -> String {
    let reply = ask(world, "ListDeployments", &none());
    reply.texts("deployments")[0].to_owned()
}

fn targets_of(id: &str) -> Value {
    map([("deploymentId", id.into()), ("targetIds", list(["prod:checkout"]))])
}

const NAMES: [(&str, &str); 2] = [("applicationName", "shop"), ("deploymentGroupName", "checkout")];

#[test]
fn a_running_canary_reads_as_the_service_model_says() {
    let mut world = world("canary");
    pass(&mut world, 60);
    let id = newest(&mut world);
    let info = ask(&mut world, "GetDeployment", &text([("deploymentId", &id)]));
    let info = info.get("deploymentInfo");
    assert_eq!(info.text("status"), Some("InProgress"));
    assert_eq!(info.text("computePlatform"), Some("ECS"));
    assert_eq!(info.bool("instanceTerminationWaitTimeStarted"), Some(false));
    assert_eq!(info.get("deploymentOverview").int("InProgress"), Some(1));
    let pair = &info.get("loadBalancerInfo").list("targetGroupPairInfoList")[0];
    assert_eq!(pair.list("targetGroups").len(), 2);
    let revision = info.get("revision").get("appSpecContent");
    assert_eq!((revision.text("content"), revision.text("sha256").map(str::len)), (None, Some(64)));

    let reply = ask(&mut world, "BatchGetDeploymentTargets", &targets_of(&id));
    let target = reply.list("deploymentTargets")[0].get("ecsTarget").clone();
    let event = |name: &str| {
        let events = target.list("lifecycleEvents");
        let event = events.iter().find(|event| event.text("lifecycleEventName") == Some(name));
        event.unwrap().text("status").unwrap().to_owned()
    };
    assert_eq!(
        (event("Install"), event("AllowTraffic")),
        ("Succeeded".into(), "InProgress".into())
    );
    let green = &target.list("taskSetsInfo")[1];
    assert!(green.text("identifer").unwrap().starts_with("ecs-svc/"));
    assert_eq!(*green.get("trafficWeight"), Value::Double(10.0));
    assert_eq!(green.get("targetGroup").text("name"), Some("checkout-b"));
}

#[test]
fn the_revision_text_comes_from_the_application_only() {
    let mut world = world("canary");
    let id = newest(&mut world);
    let info = ask(&mut world, "GetDeployment", &text([("deploymentId", &id)]));
    let revision = info.get("deploymentInfo").get("revision").clone();
    let input = map([("applicationName", "shop".into()), ("revision", revision.clone())]);
    let found = ask(&mut world, "GetApplicationRevision", &input);
    let content = found.get("revision").get("appSpecContent").text("content").unwrap().to_owned();
    assert!(content.contains("task-definition/checkout:42"), "{content}");
    let input = map([("applicationName", "shop".into()), ("revisions", list([revision]))]);
    let found = ask(&mut world, "BatchGetApplicationRevisions", &input);
    assert_eq!(found.list("revisions").len(), 1);
}

#[test]
fn targets_are_refused_before_the_start_and_for_other_names() {
    let start: Timestamp = "2026-03-10T14:00:20Z".parse().unwrap();
    let mut scenario = Scenario::named("canary").unwrap();
    scenario.start_at = SignedDuration::ZERO;
    let mut world = World::new(scenario, 20, start);
    let id = newest(&mut world);
    let get = "BatchGetDeploymentTargets";
    let not_started = "DeploymentNotStartedException";
    assert_eq!(refusal(&mut world, get, &targets_of(&id)), not_started);
    let only_id = text([("deploymentId", &id)]);
    assert_eq!(refusal(&mut world, "ListDeploymentTargets", &only_id), not_started);
    pass(&mut world, 5);
    let listed = ask(&mut world, "ListDeploymentTargets", &only_id);
    assert_eq!(listed.texts("targetIds"), ["prod:checkout"]);
    assert_eq!(refusal(&mut world, get, &only_id), "DeploymentTargetIdRequiredException");
    let other = map([("deploymentId", id.as_str().into()), ("targetIds", list(["prod:cart"]))]);
    assert_eq!(refusal(&mut world, get, &other), "DeploymentTargetDoesNotExistException");
    let wrong = text([("deploymentId", &id), ("targetId", "nonsense")]);
    let code = refusal(&mut world, "GetDeploymentTarget", &wrong);
    assert_eq!(code, "InvalidDeploymentTargetIdException");
    let many = map([("deploymentId", id.into()), ("targetIds", list(vec!["prod:checkout"; 26]))]);
    assert_eq!(refusal(&mut world, get, &many), "DeploymentTargetListSizeExceededException");
}

#[test]
fn ids_and_names_that_are_absent_malformed_or_unknown_are_refused() {
    let mut world = world("canary");
    for (operation, input, code) in [
        ("GetDeployment", none(), "DeploymentIdRequiredException"),
        ("GetDeployment", text([("deploymentId", "x")]), "InvalidDeploymentIdException"),
        (
            "StopDeployment",
            text([("deploymentId", "d-000000000")]),
            "DeploymentDoesNotExistException",
        ),
        ("GetDeploymentGroup", none(), "ApplicationNameRequiredException"),
        (
            "GetDeploymentGroup",
            text([("applicationName", "shop")]),
            "DeploymentGroupNameRequiredException",
        ),
        (
            "ListDeploymentGroups",
            text([("applicationName", "other")]),
            "ApplicationDoesNotExistException",
        ),
        (
            "GetDeploymentGroup",
            text([("applicationName", "shop"), ("deploymentGroupName", "other")]),
            "DeploymentGroupDoesNotExistException",
        ),
        ("GetDeploymentConfig", none(), "DeploymentConfigNameRequiredException"),
        (
            "GetDeploymentConfig",
            text([("deploymentConfigName", "other")]),
            "DeploymentConfigDoesNotExistException",
        ),
        ("BatchGetDeployments", none(), "DeploymentIdRequiredException"),
        ("DeleteApplication", none(), "UnknownOperationException"),
    ] {
        assert_eq!(refusal(&mut world, operation, &input), code, "{operation} {input:?}");
    }
}

#[test]
fn batches_leave_out_unknown_ids_and_have_a_limit() {
    let mut world = world("canary");
    let id = newest(&mut world);
    let ids = |ids: Vec<&str>| map([("deploymentIds", list(ids))]);
    let found = ask(&mut world, "BatchGetDeployments", &ids(vec![&id, "d-000000000"]));
    assert_eq!(found.list("deploymentsInfo").len(), 1);
    let code = refusal(&mut world, "BatchGetDeployments", &ids(vec![&id; 26]));
    assert_eq!(code, "BatchLimitExceededException");
}

#[test]
fn deployments_are_filtered_and_paged() {
    let mut world = world("canary");
    world.set_page_size(2);
    let first = ask(&mut world, "ListDeployments", &none());
    assert_eq!(first.list("deployments").len(), 2);
    let token = first.text("nextToken").unwrap();
    let second = ask(&mut world, "ListDeployments", &text([("nextToken", token)]));
    assert_eq!((second.list("deployments").len(), second.text("nextToken")), (1, None));
    let code = refusal(&mut world, "ListDeployments", &text([("nextToken", "zz")]));
    assert_eq!(code, "InvalidNextTokenException");

    let active = map([("includeOnlyStatuses", list(["Created", "InProgress", "Baking", "Ready"]))]);
    assert_eq!(ask(&mut world, "ListDeployments", &active).list("deployments").len(), 1);
    let wrong = map([("includeOnlyStatuses", list(["Running"]))]);
    let code = refusal(&mut world, "ListDeployments", &wrong);
    assert_eq!(code, "InvalidDeploymentStatusException");

    let hour_ago = world.now().saturating_sub(SignedDuration::from_hours(1)).unwrap();
    let recent = map([("createTimeRange", map([("start", hour_ago.into())]))]);
    assert_eq!(ask(&mut world, "ListDeployments", &recent).list("deployments").len(), 1);
    let turned = [("start", world.now().into()), ("end", hour_ago.into())];
    let turned = map([("createTimeRange", map(turned))]);
    let code = refusal(&mut world, "ListDeployments", &turned);
    assert_eq!(code, "InvalidTimeRangeException");
}

#[test]
fn a_list_wants_both_names_or_neither() {
    let mut world = world("canary");
    let list = "ListDeployments";
    let only_app = text([("applicationName", "shop")]);
    assert_eq!(refusal(&mut world, list, &only_app), "DeploymentGroupNameRequiredException");
    let only_group = text([("deploymentGroupName", "checkout")]);
    assert_eq!(refusal(&mut world, list, &only_group), "ApplicationNameRequiredException");
    assert_eq!(ask(&mut world, list, &text(NAMES)).list("deployments").len(), 3);
}

#[test]
fn the_group_tells_its_guards_its_pair_and_its_last_deployments() {
    let mut world = world("approval");
    let reply = ask(&mut world, "GetDeploymentGroup", &text(NAMES));
    let group = reply.get("deploymentGroupInfo");
    assert_eq!(group.list("ecsServices")[0].text("serviceName"), Some("checkout"));
    assert_eq!(group.get("alarmConfiguration").list("alarms").len(), 2);
    let ready = group.get("blueGreenDeploymentConfiguration").get("deploymentReadyOption");
    assert_eq!(ready.text("actionOnTimeout"), Some("STOP_DEPLOYMENT"));
    assert_eq!(ready.int("waitTimeInMinutes"), Some(60));
    let last = |member: &str| group.get(member).text("deploymentId").unwrap().to_owned();
    assert_ne!(last("lastSuccessfulDeployment"), last("lastAttemptedDeployment"));
    assert_eq!(last("lastAttemptedDeployment"), newest(&mut world));
    let batch =
        [("applicationName", "shop".into()), ("deploymentGroupNames", list(["checkout", "x"]))];
    let reply = ask(&mut world, "BatchGetDeploymentGroups", &map(batch));
    assert_eq!(reply.list("deploymentGroupsInfo").len(), 1);
}

#[test]
fn configurations_tell_their_routing() {
    let mut world = world("ab");
    let names = ask(&mut world, "ListDeploymentConfigs", &none());
    assert_eq!(names.list("deploymentConfigsList").len(), 18);
    let mut routing = |name: &str| {
        let reply = ask(&mut world, "GetDeploymentConfig", &text([("deploymentConfigName", name)]));
        reply.get("deploymentConfigInfo").get("trafficRoutingConfig").clone()
    };
    let half = routing("checkout.half-for-two-hours");
    assert_eq!(half.get("timeBasedCanary").int("canaryPercentage"), Some(50));
    let linear = routing("CodeDeployDefault.ECSLinear10PercentEvery3Minutes");
    assert_eq!(linear.get("timeBasedLinear").int("linearInterval"), Some(3));
    assert_eq!(routing("CodeDeployDefault.ECSAllAtOnce").text("type"), Some("AllAtOnce"));
}

#[test]
fn stop_with_rollback_answers_pending_then_succeeded_and_links_the_two() {
    let mut world = world("canary");
    pass(&mut world, 60);
    let id = newest(&mut world);
    let stop = map([("deploymentId", id.as_str().into()), ("autoRollbackEnabled", true.into())]);
    assert_eq!(ask(&mut world, "StopDeployment", &stop).text("status"), Some("Pending"));
    pass(&mut world, 10);
    assert_eq!(ask(&mut world, "StopDeployment", &stop).text("status"), Some("Succeeded"));
    let reply = ask(&mut world, "GetDeployment", &text([("deploymentId", &id)]));
    let stopped = reply.get("deploymentInfo");
    assert_eq!(stopped.get("errorInformation").text("code"), Some("MANUAL_STOP"));
    let rollback = stopped.get("rollbackInfo").text("rollbackDeploymentId").unwrap();
    assert_eq!(rollback, newest(&mut world));
    let reply = ask(&mut world, "GetDeployment", &text([("deploymentId", rollback)]));
    let rollback = reply.get("deploymentInfo");
    assert_eq!(rollback.text("creator"), Some("codeDeployRollback"));
    let trigger = rollback.get("rollbackInfo").text("rollbackTriggeringDeploymentId");
    assert_eq!(trigger, Some(id.as_str()));
}

#[test]
fn waits_that_do_not_wait_are_refused() {
    let mut world = world("canary");
    let id = newest(&mut world);
    let mut resume = |wait: &str| {
        let input = text([("deploymentId", &id), ("deploymentWaitType", wait)]);
        refusal(&mut world, "ContinueDeployment", &input)
    };
    assert_eq!(resume("READY_WAIT"), "DeploymentIsNotInReadyStateException");
    assert_eq!(resume("TERMINATION_WAIT"), "InvalidDeploymentStatusException");
    assert_eq!(resume("COFFEE"), "InvalidDeploymentWaitTypeException");
}

fn creation(revision: Value) -> Value {
    let [application, group] = NAMES.map(|(key, value)| (key, value.into()));
    map([application, group, ("revision", revision)])
}

fn appspec(content: &str) -> Value {
    map([
        ("revisionType", "AppSpecContent".into()),
        ("appSpecContent", text([("content", content)])),
    ])
}

#[test]
fn the_previous_revision_is_deployed_again_by_its_hash_or_its_text() {
    let mut world = world("finished");
    let id = newest(&mut world);
    let reply = ask(&mut world, "GetDeployment", &text([("deploymentId", &id)]));
    let previous = reply.get("deploymentInfo").get("previousRevision").clone();
    let created = ask(&mut world, "CreateDeployment", &creation(previous));
    assert_eq!(created.text("deploymentId"), Some(newest(&mut world).as_str()));

    let busy =
        refusal(&mut world, "CreateDeployment", &creation(appspec("TaskDefinition: checkout:41")));
    assert_eq!(busy, "DeploymentLimitExceededException");
    let id = newest(&mut world);
    ask(&mut world, "StopDeployment", &text([("deploymentId", &id)]));
    pass(&mut world, 30);
    let yaml = "Resources:\n  - Properties:\n      TaskDefinition: checkout:41\n";
    ask(&mut world, "CreateDeployment", &creation(appspec(yaml)));
}

#[test]
fn bad_creations_are_refused() {
    let mut world = world("finished");
    let mut create = |input: &Value| refusal(&mut world, "CreateDeployment", input);
    assert_eq!(create(&text(NAMES)), "RevisionRequiredException");
    assert_eq!(create(&creation(text([("revisionType", "Tape")]))), "InvalidRevisionException");
    let unknown = create(&creation(appspec("TaskDefinition: checkout:7")));
    assert_eq!(unknown, "InvalidRevisionException");
    let hash = map([
        ("revisionType", "AppSpecContent".into()),
        ("appSpecContent", text([("sha256", "00")])),
    ]);
    assert_eq!(create(&creation(hash)), "RevisionDoesNotExistException");
    let with = |key: &'static str, value: Value| {
        let Value::Map(mut members) = creation(appspec("TaskDefinition: checkout:41")) else {
            panic!("a creation is a map");
        };
        members.push((key.to_owned(), value));
        Value::Map(members)
    };
    let long = create(&with("description", "x".repeat(257).into()));
    assert_eq!(long, "DescriptionTooLongException");
    let config = create(&with("deploymentConfigName", "other".into()));
    assert_eq!(config, "DeploymentConfigDoesNotExistException");
    let rollback = map([("enabled", true.into()), ("events", list(["NOON"]))]);
    let rollback = create(&with("autoRollbackConfiguration", rollback));
    assert_eq!(rollback, "InvalidAutoRollbackConfigException");
    let alarms = map([("alarms", list(vec![text([("name", "a")]); 11]))]);
    let alarms = create(&with("overrideAlarmConfiguration", alarms));
    assert_eq!(alarms, "AlarmsLimitExceededException");
}

#[test]
fn every_listed_operation_is_known() {
    let mut world = world("canary");
    for operation in OPERATIONS {
        if let Err(error) = handle(&mut world, operation, &none()) {
            assert_ne!(error.code, "UnknownOperationException", "{operation}");
        }
    }
}
