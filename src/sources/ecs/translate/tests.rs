//! The picture of hand-made answers: what no simulator is asked to say.

use aws_sdk_ecs::types::{
    AdvancedConfiguration, CanaryConfiguration, DeploymentConfiguration, DeploymentLifecycleHook,
    DeploymentLifecycleHookAction, DeploymentLifecycleHookDetail, DeploymentLifecycleHookStage,
    DeploymentLifecycleHookStatus, DeploymentLifecycleHookTargetType, DeploymentStrategy,
    LoadBalancer, ResolvedConfiguration, Rollback, Service, ServiceDeployment,
    ServiceDeploymentLifecycleStage, ServiceDeploymentStatus, ServiceRevision,
    ServiceRevisionLoadBalancer, ServiceRevisionSummary,
};
use aws_smithy_types::DateTime;

use crate::domain::{Action, FaultKind, Means, NextStep, Refusal, ShareOf, StageKind, StageState};

use super::super::seen::Seen;
use super::*;

const DEPLOYMENT: &str = "arn:aws:ecs:r:1:service-deployment/prod/search/Ab12";

fn function(name: &str) -> String {
    format!("arn:aws:lambda:r:1:function:{name}")
}

fn group(name: &str) -> String {
    format!("arn:aws:elasticloadbalancing:r:1:targetgroup/{name}/ab")
}

fn revision_arn(number: u32) -> String {
    format!("arn:aws:ecs:r:1:service-revision/prod/search/{number}")
}

fn summary(number: u32, weight: Option<f64>, running: i32) -> ServiceRevisionSummary {
    ServiceRevisionSummary::builder()
        .arn(revision_arn(number))
        .requested_task_count(running)
        .running_task_count(running)
        .set_requested_production_traffic_weight(weight)
        .build()
}

/// A revision that runs `search:NUMBER`, behind a group once that is resolved.
fn revision(number: u32, resolved: Option<&str>) -> (String, ServiceRevision) {
    let resolved = resolved.map(|name| {
        let balancer = ServiceRevisionLoadBalancer::builder().target_group_arn(group(name));
        ResolvedConfiguration::builder().load_balancers(balancer.build()).build()
    });
    let revision = ServiceRevision::builder()
        .service_revision_arn(revision_arn(number))
        .task_definition(format!("arn:aws:ecs:r:1:task-definition/search:{number}"))
        .set_resolved_configuration(resolved);
    (revision_arn(number), revision.build())
}

/// A canary of 5 % for 10 minutes; revision 41 serves behind `search-b`, 42 comes behind `search-a`,
/// which the service calls its own group: the names and the roles in the service lie.
struct Scene {
    status: &'static str,
    stage: &'static str,
    weights: (Option<f64>, Option<f64>),
    hook: Option<(&'static str, &'static str)>,
    strategy: &'static str,
    goes_back: bool,
    /// Lambda functions that are configured, with their stages.
    functions: Vec<(&'static str, &'static str)>,
    /// Those that run or ran, with their state.
    runs: Vec<(&'static str, &'static str)>,
}

impl Scene {
    fn at(status: &'static str, stage: &'static str, green: f64) -> Self {
        let weights = (Some(100.0 - green), Some(green));
        Self {
            status,
            stage,
            weights,
            hook: None,
            strategy: "CANARY",
            goes_back: false,
            functions: Vec::new(),
            runs: Vec::new(),
        }
    }

    fn deployment(&self) -> ServiceDeployment {
        let canary =
            CanaryConfiguration::builder().canary_percent(5.0).canary_bake_time_in_minutes(10);
        let config = DeploymentConfiguration::builder()
            .strategy(DeploymentStrategy::from(self.strategy))
            .canary_configuration(canary.build())
            .bake_time_in_minutes(10);
        let functions = self.functions.iter().map(|(name, stage)| {
            DeploymentLifecycleHook::builder()
                .hook_target_arn(function(name))
                .lifecycle_stages(DeploymentLifecycleHookStage::from(*stage))
                .build()
        });
        let config = config.set_lifecycle_hooks(Some(functions.collect()));
        let runs = self.runs.iter().map(|(name, status)| {
            DeploymentLifecycleHookDetail::builder()
                .target_type(DeploymentLifecycleHookTargetType::AwsLambda)
                .target_arn(function(name))
                .status(DeploymentLifecycleHookStatus::from(*status))
                .build()
        });
        let hook = self.hook.map(|(status, action)| {
            DeploymentLifecycleHookDetail::builder()
                .hook_id("pause-1")
                .target_type(DeploymentLifecycleHookTargetType::Pause)
                .status(DeploymentLifecycleHookStatus::from(status))
                .timeout_action(DeploymentLifecycleHookAction::from(action))
                .expires_at(DateTime::from_secs(3600))
                .build()
        });
        let back = Rollback::builder().reason("alarm").service_revision_arn(revision_arn(41));
        let stage = Some(self.stage).filter(|stage| !stage.is_empty());
        ServiceDeployment::builder()
            .service_deployment_arn(DEPLOYMENT)
            .service_arn("arn:aws:ecs:r:1:service/prod/search")
            .status(ServiceDeploymentStatus::from(self.status))
            .set_lifecycle_stage(stage.map(ServiceDeploymentLifecycleStage::from))
            .set_lifecycle_hook_details(Some(runs.chain(hook).collect()))
            .set_rollback(self.goes_back.then(|| back.build()))
            .source_service_revisions(summary(41, self.weights.0, 3))
            .target_service_revision(summary(42, self.weights.1, 1))
            .deployment_configuration(config.build())
            .created_at(DateTime::from_secs(0))
            .build()
    }

    fn raw(&self) -> Raw {
        let advanced = AdvancedConfiguration::builder()
            .alternate_target_group_arn(group("search-b"))
            .production_listener_rule("arn:aws:elasticloadbalancing:r:1:listener-rule/app/x/1/2/3");
        let balancer = LoadBalancer::builder().target_group_arn(group("search-a"));
        let rolling = self.strategy == "ROLLING";
        let balancer =
            if rolling { balancer } else { balancer.advanced_configuration(advanced.build()) };
        let service = Service::builder()
            .service_name("search")
            .cluster_arn("arn:aws:ecs:r:1:cluster/prod")
            .load_balancers(balancer.build());
        let revisions = [revision(41, Some("search-b")), revision(42, None)];
        let control = Control {
            deployment: self.deployment(),
            revisions: revisions.into(),
            definitions: std::collections::BTreeMap::new(),
        };
        let mut raw = Raw {
            service: Fact::known(service.build(), at(0)),
            control: Fact::known(Some(control), at(0)),
            ..Raw::default()
        };
        let known = to_remember(&raw);
        raw.seen = raw.control().map(|control| Seen::after(None, control, known, at(0)));
        raw
    }

    fn rollout(&self) -> Rollout {
        let target = "ecs:prod/search".parse().unwrap();
        let picture = snapshot(&target, &Fact::Unasked, &self.raw(), at(60));
        picture.rollout().unwrap().clone()
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn offer(rollout: &Rollout, action: Action) -> Result<(Means, String), Refusal> {
    rollout.offer(action).map(|(means, call)| (means, call.operation))
}

#[test]
fn every_stage_is_a_phase_also_those_that_the_sdk_does_not_know() {
    for (stage, green, phase) in [
        ("SCALE_UP", 0.0, Phase::Preparing),
        ("TEST_TRAFFIC_SHIFT", 0.0, Phase::Validating),
        ("PRE_PRODUCTION_TRAFFIC_SHIFT", 0.0, Phase::BeforeShift),
        ("PRE_PRODUCTION_TRAFFIC_SHIFT", 5.0, Phase::Shifting),
        ("PRODUCTION_TRAFFIC_SHIFT", 5.0, Phase::Shifting),
        ("BAKE_TIME", 100.0, Phase::Baking),
        ("CLEAN_UP", 100.0, Phase::Finishing),
        ("SOMETHING_NEW", 5.0, Phase::Other("SOMETHING_NEW".into())),
    ] {
        let rollout = Scene::at("IN_PROGRESS", stage, green).rollout();
        assert_eq!(rollout.phase, phase, "{stage}");
        let held = rollout.traffic.planned.value().map(|split| split.green.get());
        assert_eq!(held, Some(green), "{stage}");
    }
}

#[test]
fn the_sides_come_from_the_revisions_and_never_from_the_names_in_the_service() {
    let rollout = Scene::at("IN_PROGRESS", "PRODUCTION_TRAFFIC_SHIFT", 5.0).rollout();
    assert_eq!(rollout.blue.target_group.as_deref(), Some("search-b"));
    assert_eq!(rollout.green.target_group.as_deref(), Some("search-a"));
    assert_eq!(rollout.blue.revision.value().unwrap().name, "search:41");
    assert_eq!(rollout.green.revision.value().unwrap().name, "search:42");
    assert_eq!(rollout.blue.tasks.value().unwrap().running, 3);
}

#[test]
fn a_weight_that_is_not_said_is_no_zero() {
    for (weights, share) in [
        ((None, Some(5.0)), Some(5.0)),
        ((Some(95.0), None), Some(5.0)),
        ((None, None), None),
        ((Some(f64::NAN), Some(-1.0)), None),
        ((Some(0.0), Some(0.0)), None),
    ] {
        let scene = Scene { weights, ..Scene::at("IN_PROGRESS", "BAKE_TIME", 0.0) };
        let planned = scene.rollout().traffic.planned;
        assert_eq!(planned.value().map(|split| split.green.get()), share, "{weights:?}");
    }
}

#[test]
fn a_pausing_hook_is_a_gate_with_an_exact_end_and_is_answered_by_its_id() {
    let mut scene = Scene::at("IN_PROGRESS", "POST_TEST_TRAFFIC_SHIFT", 0.0);
    scene.hook = Some(("AWAITING_ACTION", "ROLLBACK"));
    let rollout = scene.rollout();
    assert_eq!(rollout.phase, Phase::AwaitingApproval);
    assert_eq!(rollout.gate, Some(Gate::Hook { id: "pause-1".into() }));
    let next = rollout.next.clone().unwrap();
    assert_eq!(
        (next.step, next.due.at, next.due.exact),
        (NextStep::RollBackUnapproved, at(3600), true)
    );
    for action in [Action::Continue, Action::RollBack] {
        let (_, operation) = offer(&rollout, action).unwrap();
        assert_eq!(operation, "ContinueServiceDeployment", "{action:?}");
    }
    // An answered hook may stay in the list: it is a gate no longer.
    scene.hook = Some(("SUCCEEDED", "ROLLBACK"));
    let rollout = scene.rollout();
    assert_eq!((rollout.phase.clone(), rollout.gate.clone()), (Phase::Validating, None));
    assert_eq!(offer(&rollout, Action::Continue), Err(Refusal::NoGate));
}

#[test]
fn the_way_back_depends_on_how_far_it_is() {
    let stop = Ok((Means::StopAndRollBack, "StopServiceDeployment".to_owned()));
    let anew = Ok((Means::RedeployPrevious, "UpdateService".to_owned()));
    for (status, stage, green, way) in [
        ("PENDING", "", 0.0, stop.clone()),
        ("IN_PROGRESS", "SCALE_UP", 0.0, stop.clone()),
        ("IN_PROGRESS", "PRODUCTION_TRAFFIC_SHIFT", 5.0, stop.clone()),
        ("IN_PROGRESS", "SOMETHING_NEW", 5.0, stop.clone()),
        ("IN_PROGRESS", "BAKE_TIME", 100.0, stop),
        ("IN_PROGRESS", "CLEAN_UP", 100.0, Err(Refusal::BlueIsGoing)),
        ("SUCCESSFUL", "CLEAN_UP", 100.0, anew.clone()),
        ("ROLLBACK_FAILED", "", 5.0, anew),
        ("ROLLBACK_IN_PROGRESS", "", 5.0, Err(Refusal::AlreadyGoingBack)),
        ("ROLLBACK_SUCCESSFUL", "", 0.0, Err(Refusal::Over)),
        ("A_NEW_STATUS", "", 0.0, Err(Refusal::StateUnknown)),
    ] {
        let rollout = Scene::at(status, stage, green).rollout();
        assert_eq!(offer(&rollout, Action::RollBack), way, "{status} {stage}");
        assert!(offer(&rollout, Action::Stop).is_err(), "nothing is ever aborted: {status}");
        assert!(offer(&rollout, Action::Finish).is_err(), "{status}");
    }
}

#[test]
fn a_rollback_is_the_same_rollout_turned_round() {
    let mut scene = Scene::at("ROLLBACK_IN_PROGRESS", "PRODUCTION_TRAFFIC_SHIFT", 5.0);
    scene.goes_back = true;
    let rollout = scene.rollout();
    assert_eq!(rollout.kind, RolloutKind::Rollback { undoes: None });
    assert_eq!(rollout.end_reason.as_ref().unwrap().message, "alarm");
    let states: Vec<_> = rollout.stages.iter().map(|s| (s.kind.clone(), s.state.clone())).collect();
    let running = (StageKind::Restore, StageState::Running);
    assert_eq!(states, [running, (StageKind::RemoveGreen, StageState::Pending)]);
    assert_eq!(rollout.blue.revision.value().unwrap().name, "search:41");
    scene.weights = (Some(100.0), Some(0.0));
    assert_eq!(scene.rollout().phase, Phase::Finishing, "green is removed");
}

#[test]
fn a_canary_has_a_stage_for_each_share_and_says_what_comes() {
    let rollout = Scene::at("IN_PROGRESS", "PRODUCTION_TRAFFIC_SHIFT", 5.0).rollout();
    let shift = |percent: f64| StageKind::Shift(crate::sources::forward::split(percent));
    let state = |kind: StageKind| {
        rollout.stages.iter().find(|stage| stage.kind == kind).unwrap().state.clone()
    };
    assert_eq!(state(StageKind::GreenTasks), StageState::Done);
    assert_eq!(state(shift(5.0)), StageState::Running);
    assert_eq!(state(shift(100.0)), StageState::Pending);
    let next = rollout.next.unwrap();
    assert_eq!((next.step, next.due.exact), (NextStep::Shift(Split::ALL_GREEN), false));
    assert_eq!(next.due.at, at(600));
    assert_eq!(rollout.instant_rollback_until.unwrap().at, at(1200));
}

#[test]
fn hooks_stand_on_the_rail_with_their_own_state() {
    let functions =
        vec![("smoke", "POST_TEST_TRAFFIC_SHIFT"), ("gate", "PRE_PRODUCTION_TRAFFIC_SHIFT")];
    let hook = |rollout: &Rollout, name: &str| {
        let kind = StageKind::Hook(name.to_owned());
        let stages = &rollout.stages;
        let place = stages.iter().position(|stage| stage.kind == kind).unwrap();
        let before = stages[..place].iter().filter(|s| matches!(s.kind, StageKind::Shift(_)));
        (stages[place].state.clone(), before.count())
    };
    for (stage, share, run, smoke, gate) in [
        ("SCALE_UP", 0.0, None, StageState::Pending, (StageState::Pending, 0)),
        (
            "POST_TEST_TRAFFIC_SHIFT",
            0.0,
            Some(("smoke", "IN_PROGRESS")),
            StageState::Running,
            (StageState::Pending, 0),
        ),
        (
            "PRE_PRODUCTION_TRAFFIC_SHIFT",
            0.0,
            Some(("gate", "IN_PROGRESS")),
            StageState::Done,
            (StageState::Running, 0),
        ),
        // It is asked again before every step, and stands before the one that comes.
        (
            "PRODUCTION_TRAFFIC_SHIFT",
            5.0,
            Some(("gate", "SUCCEEDED")),
            StageState::Done,
            (StageState::Pending, 1),
        ),
        (
            "PRE_PRODUCTION_TRAFFIC_SHIFT",
            5.0,
            Some(("gate", "IN_PROGRESS")),
            StageState::Done,
            (StageState::Running, 1),
        ),
        ("BAKE_TIME", 100.0, Some(("gate", "SUCCEEDED")), StageState::Done, (StageState::Done, 2)),
    ] {
        let scene = Scene {
            functions: functions.clone(),
            runs: run.into_iter().collect(),
            ..Scene::at("IN_PROGRESS", stage, share)
        };
        let rollout = scene.rollout();
        assert_eq!(hook(&rollout, "smoke").0, smoke, "{stage} {share}");
        assert_eq!(hook(&rollout, "gate"), gate, "{stage} {share}: {:?}", rollout.stages);
    }
}

#[test]
fn a_hook_that_failed_is_told_beside_the_way_back() {
    let mut scene = Scene::at("ROLLBACK_IN_PROGRESS", "POST_TEST_TRAFFIC_SHIFT", 0.0);
    (scene.goes_back, scene.runs) = (true, vec![("smoke", "FAILED")]);
    let rollout = scene.rollout();
    let first = rollout.stages.first().unwrap();
    assert_eq!(first.kind, StageKind::Hook("smoke".into()));
    assert_eq!(first.state, StageState::Failed);
}

#[test]
fn a_rolling_update_shows_tasks_and_pretends_no_weights() {
    let scene =
        Scene { strategy: "ROLLING", weights: (None, None), ..Scene::at("IN_PROGRESS", "", 0.0) };
    let rollout = scene.rollout();
    assert_eq!(rollout.traffic.of, ShareOf::Tasks);
    assert_eq!(rollout.traffic.planned.value().map(|split| split.green.get()), Some(25.0));
    assert!(matches!(rollout.traffic.listener, Fact::Unknown { .. }));
    let target = "ecs:prod/search".parse().unwrap();
    let metrics = snapshot(&target, &Fact::Unasked, &scene.raw(), at(60)).metrics;
    assert_eq!(metrics.fault().unwrap().kind, FaultKind::Absent);
}

#[test]
fn without_the_service_the_reason_stands_where_the_rollout_would() {
    let fault = Fault::new(FaultKind::NotFound, "ecs:DescribeServices", "no service");
    let raw = Raw { service: Fact::Unknown { fault: fault.clone() }, ..Raw::default() };
    let target = "ecs:prod/search".parse().unwrap();
    let picture = snapshot(&target, &Fact::Unasked, &raw, at(0));
    assert_eq!(picture.rollout, Fact::Unknown { fault });
}
