//! What the simulator does not play: instances that are changed in place, and large fleets.

use aws_sdk_codedeploy::types::{
    ComputePlatform, DeploymentInfo, DeploymentOverview, DeploymentStatus, DeploymentStyle,
    DeploymentType, Diagnostics, InstanceTarget, LifecycleErrorCode, LifecycleEvent,
    LifecycleEventStatus, RevisionLocation, RevisionLocationType, S3Location, TargetStatus,
};
use jiff::Timestamp;

use crate::domain::{
    Action, Fact, Identity, Means, Phase, Rollout, ShareOf, Side, Snapshot, StageKind, Target,
    Weight,
};
use crate::sources::codedeploy::fleet::Fleet;
use crate::sources::codedeploy::raw::{Control, Deployment, Raw};
use crate::sources::codedeploy::translate::snapshot;

fn now() -> Timestamp {
    Timestamp::from_second(1_760_000_000).unwrap()
}

fn revision(key: &str) -> RevisionLocation {
    let place = S3Location::builder().bucket("releases").key(key).build();
    RevisionLocation::builder().revision_type(RevisionLocationType::S3).s3_location(place).build()
}

fn info(kind: DeploymentType) -> aws_sdk_codedeploy::types::builders::DeploymentInfoBuilder {
    DeploymentInfo::builder()
        .deployment_id("d-1")
        .application_name("shop")
        .deployment_group_name("checkout")
        .compute_platform(ComputePlatform::Server)
        .deployment_style(DeploymentStyle::builder().deployment_type(kind).build())
        .revision(revision("1.9.0.zip"))
        .previous_revision(revision("1.8.2.zip"))
        .status(DeploymentStatus::InProgress)
}

fn raw(info: DeploymentInfo, fleet: Fleet) -> Raw {
    let target = Fact::known(None, now());
    let deployment = Deployment { info, target, routing: Fact::Unasked };
    let control = Control {
        deployment: Some(deployment),
        undone: None,
        last_good: None,
        before: None,
        group: Fact::Unasked,
    };
    Raw { control: Fact::known(control, now()), fleet: Fact::known(fleet, now()), ..Raw::default() }
}

fn picture(raw: &Raw) -> Snapshot {
    let target = Target::CodeDeploy { application: "shop".into(), group: "checkout".into() };
    snapshot(&target, &Fact::<Identity>::Unasked, raw, now())
}

fn shown(picture: &Snapshot) -> &Rollout {
    picture.rollout().unwrap()
}

fn ids(count: usize, prefix: &str) -> std::collections::BTreeSet<String> {
    (0..count).map(|index| format!("i-{prefix}{index:04}")).collect()
}

fn counts(pending: i64, busy: i64, done: i64, ready: i64) -> DeploymentOverview {
    DeploymentOverview::builder()
        .pending(pending)
        .in_progress(busy)
        .succeeded(done)
        .ready(ready)
        .build()
}

fn failing(id: &str) -> InstanceTarget {
    let said = Diagnostics::builder()
        .error_code(LifecycleErrorCode::ScriptFailed)
        .script_name("stop.sh")
        .log_tail("one\ntwo\n\u{1b}[31mthree\n")
        .build();
    let event = LifecycleEvent::builder()
        .lifecycle_event_name("ApplicationStop")
        .status(LifecycleEventStatus::Failed)
        .diagnostics(said)
        .start_time(aws_smithy_types::DateTime::from_secs(1_759_999_000));
    InstanceTarget::builder()
        .target_id(id)
        .status(TargetStatus::Failed)
        .lifecycle_events(event.build())
        .build()
}

#[test]
fn in_place_is_shown_as_what_it_is() {
    let info = info(DeploymentType::InPlace).deployment_overview(counts(5, 1, 2, 0)).build();
    let fleet = Fleet { green: ids(8, "a"), told: vec![failing("i-a0000")], ..Fleet::default() };
    let picture = picture(&raw(info, fleet));
    let seen = shown(&picture);
    assert_eq!((&seen.phase, seen.traffic.of), (&Phase::Shifting, ShareOf::Instances));
    assert_eq!(seen.traffic.planned.value().unwrap().green, Weight::percent(25.0).unwrap());
    assert_eq!(seen.stages.len(), 1);
    assert_eq!(seen.stages[0].kind, StageKind::Other("replace in place".to_owned()));
    assert_eq!(seen.stages[0].step.as_deref(), Some("2 of 8"));
    let tasks = |side: Side| *seen.side(side).tasks.value().unwrap();
    assert_eq!((tasks(Side::Blue).running, tasks(Side::Green).running), (5, 2));
    // The way back installs the revision before on instance after instance: that takes minutes.
    let (means, call) = seen.offer(Action::RollBack).unwrap();
    assert_eq!((means, call.operation.as_str()), (Means::TurnRound, "StopDeployment"));
    let reason = seen.green.task_list.value().unwrap()[0].reason.clone().unwrap();
    assert_eq!(reason, "ScriptFailed: stop.sh: one / two / \u{1b}[31mthree");
}

#[test]
fn a_large_fleet_is_counted_by_its_overview() {
    let info =
        info(DeploymentType::BlueGreen).deployment_overview(counts(1000, 40, 0, 900)).build();
    let fleet = Fleet { blue: ids(1000, "b"), green: ids(1000, "g"), ..Fleet::default() };
    let picture = picture(&raw(info, fleet));
    let seen = shown(&picture);
    assert_eq!(seen.phase, Phase::Preparing);
    assert_eq!(seen.blue.tasks.value().unwrap().running, 1000);
    let green = seen.green.tasks.value().unwrap();
    assert_eq!((green.running, green.desired), (900, 1000));
    assert_eq!(seen.offer(Action::RollBack).unwrap().0, Means::StopAndRollBack);
}

#[test]
fn without_any_detail_nothing_is_claimed() {
    let info = info(DeploymentType::BlueGreen).build();
    let mut raw = raw(info, Fleet::default());
    raw.fleet = Fact::Unasked;
    let picture = picture(&raw);
    let seen = shown(&picture);
    assert_eq!(seen.phase, Phase::Other("InProgress".to_owned()));
    assert_eq!(seen.traffic.planned.value(), None);
    assert_eq!(seen.green.tasks.value(), None);
}
