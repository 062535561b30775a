//! What CodeDeploy would do in this state, each with the exact call, and what it would refuse.

use aws_sdk_codedeploy::types::{
    AutoRollbackEvent, DeploymentGroupInfo, DeploymentInfo, DeploymentStatus, ErrorCode,
    RevisionLocation,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::domain::{Action, Call, Means, Offered, Phase, Refusal, RolloutKind};

use super::super::destination::Platform;
use super::super::raw::Deployment;
use crate::sources::time::moment;

/// How long a rollback that begins by itself may take to appear.
const APPEARS: SignedDuration = SignedDuration::from_mins(1);

/// Everything that decides what is offered.
pub(crate) struct Situation<'a> {
    /// The followed deployment.
    pub(crate) deployment: &'a Deployment,
    /// Its group.
    pub(crate) group: Option<&'a DeploymentGroupInfo>,
    /// What the group deployed well last, where the followed deployment did not end well.
    pub(crate) last_good: Option<&'a RevisionLocation>,
    /// Where it stands.
    pub(crate) phase: &'a Phase,
    /// Rollout or rollback.
    pub(crate) kind: &'a RolloutKind,
    /// Whether its rollback is about to appear by itself.
    pub(crate) goes_back_by_itself: bool,
}

/// One entry for each action.
pub(crate) fn offers(situation: &Situation<'_>) -> Vec<Offered> {
    if let Some(owner) = owner(&situation.deployment.info) {
        let why = Refusal::ManagedBy(owner);
        return Action::ALL.map(|action| Offered::of(action, Err(why.clone()))).into();
    }
    vec![
        Offered::of(Action::RollBack, roll_back(situation)),
        Offered::of(Action::Continue, open_gate(situation)),
        Offered::of(Action::Finish, end_bake(situation)),
        Offered::of(Action::Stop, stop(situation)),
    ]
}

type Offer = Result<(Means, Call), Refusal>;

/// A deployment that belongs to a stack is stopped by cancelling the stack's update.
fn owner(info: &DeploymentInfo) -> Option<String> {
    let creator = info.creator()?.as_str();
    creator.starts_with("CloudFormation").then(|| "CloudFormation".to_owned())
}

fn call(operation: &str, params: Vec<(&str, Value)>) -> Call {
    Call {
        service: "codedeploy".to_owned(),
        operation: operation.to_owned(),
        params: params.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
    }
}

fn stop_call(deployment: &Deployment, roll_back: bool) -> Call {
    call(
        "StopDeployment",
        vec![("deploymentId", json!(deployment.id())), ("autoRollbackEnabled", json!(roll_back))],
    )
}

fn continue_call(deployment: &Deployment, wait: &str) -> Call {
    call(
        "ContinueDeployment",
        vec![("deploymentId", json!(deployment.id())), ("deploymentWaitType", json!(wait))],
    )
}

fn roll_back(situation: &Situation<'_>) -> Offer {
    if *situation.kind != RolloutKind::Rollout {
        return match situation.phase {
            // The way back has failed: what is left is to deploy the old revision anew.
            Phase::Failed | Phase::Stopped => redeploy(situation),
            Phase::Succeeded => Err(Refusal::Over),
            _ => Err(Refusal::AlreadyGoingBack),
        };
    }
    match situation.phase {
        Phase::Finishing => Err(Refusal::BlueIsGoing),
        Phase::Failed | Phase::Stopped
            if situation.goes_back_by_itself || rolls_back(&situation.deployment.info) =>
        {
            Err(Refusal::AlreadyGoingBack)
        }
        Phase::Succeeded | Phase::Failed | Phase::Stopped => redeploy(situation),
        Phase::Queued
        | Phase::Preparing
        | Phase::Validating
        | Phase::AwaitingApproval
        | Phase::BeforeShift
        | Phase::Shifting
        | Phase::AfterShift
        | Phase::Baking
        | Phase::Held
        | Phase::Other(_) => {
            // In place the revision before is installed again, instance by instance.
            let means = if situation.deployment.is_in_place() {
                Means::TurnRound
            } else {
                Means::StopAndRollBack
            };
            Ok((means, stop_call(situation.deployment, true)))
        }
    }
}

/// Whether a rollback deployment was made for it.
fn rolls_back(info: &DeploymentInfo) -> bool {
    info.rollback_info().and_then(|info| info.rollback_deployment_id()).is_some()
}

/// Whether a rollout that has just ended badly is configured to be undone for what ended it: its
/// rollback, which takes seconds, appears a little later. A redeployment would be in its way.
pub(crate) fn goes_back_by_itself(info: &DeploymentInfo, now: Timestamp) -> bool {
    use AutoRollbackEvent::{DeploymentFailure, DeploymentStopOnAlarm, DeploymentStopOnRequest};
    let code = info.error_information().and_then(|error| error.code()).map(ErrorCode::as_str);
    let event = match (info.status(), code) {
        (Some(DeploymentStatus::Failed), _) => DeploymentFailure,
        (Some(DeploymentStatus::Stopped), Some("ALARM_ACTIVE")) => DeploymentStopOnAlarm,
        (Some(DeploymentStatus::Stopped), Some("MANUAL_STOP")) => DeploymentStopOnRequest,
        _ => return false,
    };
    let config = info.auto_rollback_configuration().filter(|config| config.enabled());
    let lately =
        moment(info.complete_time()).is_some_and(|ended| now.duration_since(ended) < APPEARS);
    // A message says that nothing comes.
    let told = info.rollback_info().and_then(|link| link.rollback_message());
    lately
        && told.is_none_or(str::is_empty)
        && !rolls_back(info)
        && config.is_some_and(|config| config.events().contains(&event))
}

fn open_gate(situation: &Situation<'_>) -> Offer {
    match situation.phase {
        Phase::AwaitingApproval => {
            Ok((Means::OpenGate, continue_call(situation.deployment, "READY_WAIT")))
        }
        phase if phase.is_over() => Err(Refusal::Over),
        _ if situation.deployment.platform() == Platform::Function => Err(Refusal::NoSuchCall(
            "a function has no gate: its alias shifts by the configuration alone".to_owned(),
        )),
        _ => Err(Refusal::NoGate),
    }
}

fn end_bake(situation: &Situation<'_>) -> Offer {
    match situation.phase {
        Phase::Baking => {
            Ok((Means::EndBake, continue_call(situation.deployment, "TERMINATION_WAIT")))
        }
        Phase::Finishing => Err(Refusal::BlueIsGoing),
        phase if phase.is_over() => Err(Refusal::Over),
        _ if situation.deployment.platform() == Platform::Function => {
            Err(Refusal::NoSuchCall("a function does not bake: its old version stays".to_owned()))
        }
        _ => Err(Refusal::NoBake),
    }
}

fn stop(situation: &Situation<'_>) -> Offer {
    match situation.phase {
        Phase::Finishing => Err(Refusal::BlueIsGoing),
        phase if phase.is_over() => Err(Refusal::Over),
        _ => Ok((Means::StopOnly, stop_call(situation.deployment, false))),
    }
}

/// A full deployment of the revision that served before.
fn redeploy(situation: &Situation<'_>) -> Offer {
    let info = &situation.deployment.info;
    let newer = situation
        .group
        .and_then(DeploymentGroupInfo::last_attempted_deployment)
        .and_then(|last| last.deployment_id())
        .is_some_and(|id| id != situation.deployment.id());
    if newer {
        return Err(Refusal::Over);
    }
    // A failed rollout's way back is what the group deployed well last; a successful one's is what
    // was before it.
    let revision = match situation.phase {
        Phase::Succeeded => info.previous_revision(),
        _ => situation.last_good,
    };
    let location = revision.and_then(location).ok_or(Refusal::NothingToGoBackTo)?;
    if revision == info.revision() {
        return Err(Refusal::NothingToGoBackTo);
    }
    let name = |text: Option<&str>| text.map(str::to_owned).ok_or(Refusal::StateUnknown);
    let mut params = vec![
        ("applicationName", json!(name(info.application_name())?)),
        ("deploymentGroupName", json!(name(info.deployment_group_name())?)),
        ("revision", location),
    ];
    if let Some(config) = info.deployment_config_name() {
        params.push(("deploymentConfigName", json!(config)));
    }
    Ok((Means::RedeployPrevious, call("CreateDeployment", params)))
}

/// A revision as the API takes it back. The content of an AppSpec is never given out, its hash is.
fn location(revision: &RevisionLocation) -> Option<Value> {
    let kind = revision.revision_type()?.as_str();
    if let Some(content) = revision.app_spec_content() {
        let sha = content.sha256()?;
        return Some(json!({"revisionType": kind, "appSpecContent": {"sha256": sha}}));
    }
    if let Some(commit) = revision.git_hub_location() {
        let place = json!({"repository": commit.repository()?, "commitId": commit.commit_id()?});
        return Some(json!({"revisionType": kind, "gitHubLocation": place}));
    }
    let s3 = revision.s3_location()?;
    let mut place = serde_json::Map::new();
    let fields = [
        ("bucket", s3.bucket()),
        ("key", s3.key()),
        ("bundleType", s3.bundle_type().map(aws_sdk_codedeploy::types::BundleType::as_str)),
        ("version", s3.version()),
        ("eTag", s3.e_tag()),
    ];
    for (name, value) in fields {
        if let Some(value) = value {
            place.insert(name.to_owned(), json!(value));
        }
    }
    Some(json!({"revisionType": kind, "s3Location": place}))
}
