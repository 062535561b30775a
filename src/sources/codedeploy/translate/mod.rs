//! What the APIs said, as one picture. Pure: the same answers at the same moment give the same
//! snapshot.

mod events;
pub(crate) mod fleet;
pub(crate) mod function;
mod offers;
mod phase;
mod schedule;
mod sides;
mod stages;
mod traffic;

use aws_sdk_codedeploy::types::DeploymentInfo;
use jiff::Timestamp;

use crate::domain::{
    EndReason, Environment, Fact, Gate, Identity, ListenerSplit, Phase, RollbackLink, Rollout,
    RolloutId, RolloutKind, Side, Snapshot, Split, Stage, Target, Traffic,
};
use crate::sources::measure;
use crate::sources::metrics::Measured;
use crate::sources::pipeline;
use crate::sources::time::moment;

use super::destination::Platform;
use super::raw::{Control, Deployment, Raw};
use phase::phase;
use sides::Sides;

/// The picture of `target` at `now`; how fresh each source is is added by who asked them.
pub(crate) fn snapshot(
    target: &Target,
    identity: &Fact<Identity>,
    raw: &Raw,
    now: Timestamp,
) -> Snapshot {
    let sides = Sides::of(raw);
    let rollout = raw.control.map(|control| {
        control.deployment.as_ref().map(|deployment| {
            let mut rollout = rollout(raw, control, deployment, now);
            pipeline::offer(&mut rollout, &raw.around.pipeline);
            rollout
        })
    });
    let mut events = events::events(raw, &sides);
    events.extend(pipeline::events(&raw.around.pipeline));
    events.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| b.key.cmp(&a.key)));
    Snapshot {
        identity: identity.clone(),
        rollout,
        guards: raw.around.guards.clone(),
        metrics: match &raw.around.metrics_of(measured(raw).as_ref()) {
            Fact::Unasked => sides::lacking(raw),
            metrics if raw.fleet.value().is_some() => {
                metrics.map(|metrics| fleet::told_apart(metrics, raw))
            }
            metrics => metrics.clone(),
        },
        events,
        pipeline: raw.around.pipeline.clone(),
        part_of: part_of(target, raw),
        ..Snapshot::unasked(target.clone(), now)
    }
}

/// Where a deployment stands.
pub(crate) fn phase_of(raw: &Raw, deployment: &Deployment) -> Phase {
    match deployment.platform() {
        Platform::Service | Platform::Function => phase(deployment, &Sides::of(raw)),
        Platform::Instances => fleet::phase(raw, deployment),
    }
}

/// The group of a deployment that was asked for by its id, once that is known.
pub(crate) fn part_of(target: &Target, raw: &Raw) -> Option<Target> {
    let Target::Deployment(_) = target else { return None };
    let info = &raw.deployment()?.info;
    let name = |text: Option<&str>| text.map(str::to_owned);
    Some(Target::CodeDeploy {
        application: name(info.application_name())?,
        group: name(info.deployment_group_name())?,
    })
}

fn rollout(raw: &Raw, control: &Control, deployment: &Deployment, now: Timestamp) -> Rollout {
    let info = &deployment.info;
    let phase = phase_of(raw, deployment);
    let kind = kind(info);
    let traffic = traffic_of(raw, deployment, &phase);
    let environment = |side| environment(raw, deployment, &phase, side);
    let is_rollout = kind == RolloutKind::Rollout;
    let goes_back_by_itself = is_rollout && offers::goes_back_by_itself(info, now);
    let situation = offers::Situation {
        deployment,
        group: control.group.value(),
        last_good: control.last_good.as_ref(),
        phase: &phase,
        kind: &kind,
        goes_back_by_itself,
    };
    Rollout {
        id: RolloutId::new(deployment.id()),
        name: name(raw, info),
        configuration: info.deployment_config_name().unwrap_or_default().to_owned(),
        creator: info.creator().map(|c| c.as_str().to_owned()).unwrap_or_default(),
        description: info.description().map(str::to_owned),
        created: moment(info.create_time()),
        ended: moment(info.complete_time()),
        stages: stages_of(raw, deployment, (&phase, &traffic), is_rollout),
        gate: match phase {
            Phase::AwaitingApproval => Some(Gate::Approval),
            Phase::Baking => Some(Gate::Bake),
            _ => None,
        },
        next: if deployment.is_to_instances() {
            fleet::next(raw, deployment, &phase)
        } else {
            schedule::next(raw, deployment, &phase, now)
        }
        .filter(|_| is_rollout),
        instant_rollback_until: if deployment.is_to_instances() {
            fleet::instant_rollback_until(raw, deployment, &phase)
        } else {
            schedule::instant_rollback_until(deployment, &phase)
        }
        .filter(|_| is_rollout),
        blue: environment(Side::Blue),
        green: environment(Side::Green),
        sides_are_guessed: false,
        keepers: Vec::new(),
        paused: false,
        restart: None,
        end_reason: end_reason(info),
        rollback: rollback(info, goes_back_by_itself),
        offers: offers::offers(&situation),
        traffic,
        phase,
        kind,
    }
}

/// Who gets the requests, by whatever divides them.
fn traffic_of(raw: &Raw, deployment: &Deployment, phase: &Phase) -> Traffic {
    match deployment.platform() {
        Platform::Service => traffic::traffic(raw, &Sides::of(raw), phase),
        Platform::Function => function::traffic(raw),
        Platform::Instances => fleet::traffic(raw, deployment),
    }
}

fn environment(raw: &Raw, deployment: &Deployment, phase: &Phase, side: Side) -> Environment {
    match deployment.platform() {
        Platform::Service => sides::environment(raw, &Sides::of(raw), side),
        Platform::Function => function::environment(raw, side),
        Platform::Instances => fleet::environment(raw, deployment, phase, side),
    }
}

fn stages_of(
    raw: &Raw,
    deployment: &Deployment,
    (phase, traffic): (&Phase, &Traffic),
    is_rollout: bool,
) -> Vec<Stage> {
    let restored = match (deployment.platform(), traffic.listener.fresh()) {
        (Platform::Instances, _) => traffic.planned.fresh() == Some(&Split::ALL_BLUE),
        (_, Some(ListenerSplit::Split(split))) => *split == Split::ALL_BLUE,
        (_, _) => false,
    };
    let share = traffic.planned.value().map(|split| split.green.get());
    match (deployment.is_to_instances(), is_rollout) {
        (false, true) => stages::rollout(deployment, phase, share),
        (false, false) => stages::rollback(deployment, phase, restored),
        (true, true) => fleet::rollout(raw, deployment, phase),
        (true, false) => fleet::rollback(raw, phase, restored),
    }
}

/// A deployment that undoes another one is a rollback, whoever made it.
fn kind(info: &DeploymentInfo) -> RolloutKind {
    let undoes = info
        .rollback_info()
        .and_then(|info| info.rollback_triggering_deployment_id())
        .filter(|id| !id.is_empty());
    let made_by_codedeploy =
        info.creator().map(aws_sdk_codedeploy::types::DeploymentCreator::as_str)
            == Some("codeDeployRollback");
    if undoes.is_some() || made_by_codedeploy {
        RolloutKind::Rollback { undoes: undoes.map(RolloutId::new) }
    } else {
        RolloutKind::Rollout
    }
}

/// What the title calls it: the service or function, else the group.
fn name(raw: &Raw, info: &DeploymentInfo) -> String {
    let service = raw.service_names().map(|(_, service)| service);
    let function = || function::Versions::of(raw).map(|versions| versions.function);
    service
        .or_else(function)
        .or_else(|| info.deployment_group_name().map(str::to_owned))
        .unwrap_or_default()
}

/// Why it ended badly; some servers send an empty reason with every deployment.
fn end_reason(info: &DeploymentInfo) -> Option<EndReason> {
    let error = info.error_information()?;
    let code = error.code().map(|code| code.as_str().to_owned()).unwrap_or_default();
    let message = error.message().unwrap_or_default().to_owned();
    (!code.is_empty() || !message.is_empty()).then_some(EndReason { code, message })
}

/// The rollback that it led to, or that is about to appear.
fn rollback(info: &DeploymentInfo, comes: bool) -> Option<RollbackLink> {
    let link = info.rollback_info();
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let id = text(link.and_then(|link| link.rollback_deployment_id())).map(RolloutId::new);
    let message = text(link.and_then(|link| link.rollback_message()));
    (comes || id.is_some() || message.is_some()).then_some(RollbackLink { id, message })
}

/// Green's planned share, for those who watch when it changes.
pub(crate) fn planned_share(raw: &Raw) -> Option<(String, f64)> {
    let deployment = raw.deployment()?;
    let share = match deployment.platform() {
        Platform::Service => Sides::of(raw).green.weight()?,
        Platform::Function => function::share(raw)?,
        Platform::Instances => return None,
    };
    Some((deployment.id().to_owned(), share))
}

/// What CloudWatch calls the two sides.
pub(crate) fn measured(raw: &Raw) -> Option<Measured> {
    match raw.deployment().map(Deployment::platform) {
        Some(Platform::Instances) => return fleet::measured(raw),
        Some(Platform::Function) => return function::measured(raw),
        Some(Platform::Service) | None => {}
    }
    let sides = Sides::of(raw);
    let arn = |name: &Option<String>| raw.around.group_arns.get(name.as_ref()?);
    let measured =
        measure::groups(&raw.listener_arn()?, arn(&sides.blue.group)?, arn(&sides.green.group)?)?;
    Some(measure::running(measured, sides.blue.definition(), sides.green.definition()))
}
