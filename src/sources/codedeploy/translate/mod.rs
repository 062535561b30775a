//! What the APIs said, as one picture. Pure: the same answers at the same moment give the same
//! snapshot.

mod events;
mod offers;
mod phase;
mod schedule;
mod sides;
mod stages;
mod traffic;

use aws_sdk_codedeploy::types::DeploymentInfo;
use jiff::Timestamp;

use crate::domain::{
    EndReason, Fact, Gate, Identity, ListenerSplit, Phase, RollbackLink, Rollout, RolloutId,
    RolloutKind, Side, Snapshot, Split, Target,
};
use crate::sources::measure;
use crate::sources::metrics::Groups;
use crate::sources::time::moment;

use super::raw::{Control, Deployment, Raw};
pub(crate) use phase::phase;
pub(crate) use sides::Sides;

/// The picture of `target` at `now`; how fresh each source is is added by who asked them.
pub(crate) fn snapshot(
    target: &Target,
    identity: &Fact<Identity>,
    raw: &Raw,
    now: Timestamp,
) -> Snapshot {
    let sides = Sides::of(raw);
    let rollout = raw.control.map(|control| {
        control.deployment.as_ref().map(|deployment| rollout(raw, control, deployment, now))
    });
    Snapshot {
        identity: identity.clone(),
        rollout,
        guards: raw.around.guards.clone(),
        metrics: match &raw.around.metrics {
            Fact::Unasked => sides::lacking(raw),
            metrics => metrics.clone(),
        },
        events: events::events(raw, &sides),
        part_of: part_of(target, raw),
        ..Snapshot::unasked(target.clone(), now)
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
    let sides = Sides::of(raw);
    let phase = phase(deployment, &sides);
    let kind = kind(info);
    let traffic = traffic::traffic(raw, &sides, &phase);
    let share = traffic.planned.value().map(|split| split.green.get());
    let is_rollout = kind == RolloutKind::Rollout;
    let restored = matches!(
        traffic.listener.fresh(),
        Some(ListenerSplit::Split(split)) if *split == Split::ALL_BLUE
    );
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
        stages: if is_rollout {
            stages::rollout(deployment, &phase, share)
        } else {
            stages::rollback(deployment, &phase, restored)
        },
        gate: match phase {
            Phase::AwaitingApproval => Some(Gate::Approval),
            Phase::Baking => Some(Gate::Bake),
            _ => None,
        },
        next: schedule::next(raw, deployment, &phase, now).filter(|_| is_rollout),
        instant_rollback_until: schedule::instant_rollback_until(deployment, &phase)
            .filter(|_| is_rollout),
        blue: sides::environment(raw, &sides, Side::Blue),
        green: sides::environment(raw, &sides, Side::Green),
        sides_are_guessed: false,
        end_reason: end_reason(info),
        rollback: rollback(info, goes_back_by_itself),
        offers: offers::offers(&situation),
        traffic,
        phase,
        kind,
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

/// What the title calls it: the service, else the group.
fn name(raw: &Raw, info: &DeploymentInfo) -> String {
    let service = raw.service_names().map(|(_, service)| service);
    service.or_else(|| info.deployment_group_name().map(str::to_owned)).unwrap_or_default()
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
    let share = Sides::of(raw).green.weight()?;
    Some((deployment.id().to_owned(), share))
}

/// What CloudWatch calls the two groups.
pub(crate) fn groups(raw: &Raw) -> Option<Groups> {
    let sides = Sides::of(raw);
    let arn = |name: &Option<String>| raw.around.group_arns.get(name.as_ref()?);
    let groups =
        measure::groups(&raw.listener_arn()?, arn(&sides.blue.group)?, arn(&sides.green.group)?)?;
    Some(measure::running(groups, sides.blue.definition(), sides.green.definition()))
}
