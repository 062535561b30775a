//! What the APIs said, as one picture. Pure: the same answers at the same moment give the same
//! snapshot.

mod events;
mod offers;
mod phase;
mod rest;
mod schedule;
mod sides;
mod stages;
#[cfg(test)]
mod tests;
mod traffic;

use jiff::Timestamp;

use crate::domain::{
    EndReason, Fact, Fault, FaultKind, Gate, Guard, GuardState, Identity, ListenerSplit, Metrics,
    Phase, RollbackLink, Rollout, RolloutId, RolloutKind, ShareOf, Side, Snapshot, Split, Target,
};
use crate::sources::measure;
use crate::sources::metrics::Measured;
use crate::sources::pipeline;
use crate::sources::time::moment;

use super::raw::{Control, Raw};
use sides::Sides;

/// The picture of `target` at `now`; how fresh each source is is added by who asked them.
pub(crate) fn snapshot(
    target: &Target,
    identity: &Fact<Identity>,
    raw: &Raw,
    now: Timestamp,
) -> Snapshot {
    let sides = Sides::of(raw);
    let rollout = match (&raw.control, raw.service.fault()) {
        // Nobody can ask for a deployment before the service is known.
        (Fact::Unasked, Some(fault)) => Fact::Unknown { fault: fault.clone() },
        (control, _) => control.map(|control| {
            control.as_ref().map(|control| {
                let mut rollout = rollout(raw, control, &sides, now);
                pipeline::offer(&mut rollout, &raw.around.pipeline);
                rollout
            })
        }),
    };
    let mut events = events::events(raw, &sides);
    events.extend(pipeline::events(&raw.around.pipeline));
    events.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| b.key.cmp(&a.key)));
    Snapshot {
        identity: identity.clone(),
        rollout,
        guards: guards(raw),
        metrics: metrics(raw, &sides),
        events,
        pipeline: raw.around.pipeline.clone(),
        at_rest: rest::environment(raw),
        ..Snapshot::unasked(target.clone(), now)
    }
}

/// Where the followed deployment stands.
pub(crate) fn phase(raw: &Raw) -> Option<Phase> {
    let share = traffic::green_share(&Sides::of(raw));
    raw.control().map(|control| phase::phase(control, share))
}

/// What is worth remembering of a look: green's requested share, and which revision is blue.
pub(crate) fn to_remember(raw: &Raw) -> (Option<f64>, Option<String>) {
    let sides = Sides::of(raw);
    (traffic::green_share(&sides), sides.blue.arn.map(str::to_owned))
}

/// What CloudWatch calls the groups.
pub(crate) fn measured(raw: &Raw) -> Option<Measured> {
    if let Some(at_rest) = rest::measured(raw) {
        return Some(at_rest);
    }
    let sides = Sides::of(raw);
    if sides.share_a_group() {
        return None;
    }
    let (blue, green) = (sides.blue.group.as_ref()?, sides.green.group.as_ref()?);
    let measured = measure::groups(raw.route()?, &blue.arn, &green.arn)?;
    Some(measure::running(measured, sides.blue.definition(), sides.green.definition()))
}

fn rollout(raw: &Raw, control: &Control, sides: &Sides<'_>, now: Timestamp) -> Rollout {
    let deployment = &control.deployment;
    let share = traffic::green_share(sides);
    let phase = phase::phase(control, share);
    let traffic = traffic::traffic(raw, control, sides, &phase);
    let goes_back = control.goes_back();
    let restored = match (traffic.of, traffic.listener.fresh()) {
        (ShareOf::Requests | ShareOf::Answers, Some(held)) => {
            *held == ListenerSplit::Split(Split::ALL_BLUE)
        }
        (ShareOf::Requests | ShareOf::Answers, None) => share == Some(0.0),
        (ShareOf::Tasks | ShareOf::Instances, _) => {
            traffic.planned.fresh() == Some(&Split::ALL_BLUE)
        }
    };
    let rail = stages::Rail::of(raw, control, &phase, share);
    let situation = offers::Situation { raw, control, sides, phase: &phase };
    let seen = raw.seen.as_ref();
    Rollout {
        id: RolloutId::new(control.id()),
        kind: if goes_back { RolloutKind::Rollback { undoes: None } } else { RolloutKind::Rollout },
        name: name(control),
        configuration: control.strategy().to_owned(),
        creator: "?".to_owned(),
        description: None,
        created: moment(deployment.created_at()),
        ended: moment(deployment.finished_at().or(deployment.stopped_at()))
            .filter(|_| control.is_over()),
        stages: if goes_back { rail.back(restored) } else { rail.forward() },
        gate: gate(control, &phase),
        next: schedule::next(control, seen, &phase, now).filter(|_| !goes_back),
        instant_rollback_until: schedule::instant_rollback_until(control, seen, &phase)
            .filter(|_| !goes_back),
        blue: sides::environment(raw, sides, Side::Blue),
        green: sides::environment(raw, sides, Side::Green),
        sides_are_guessed: false,
        keepers: Vec::new(),
        paused: false,
        restart: None,
        end_reason: end_reason(control),
        rollback: deployment.rollback().filter(|_| goes_back).map(|rollback| RollbackLink {
            id: None,
            message: rollback.reason().map(str::to_owned),
        }),
        offers: offers::offers(&situation),
        traffic,
        phase,
    }
}

/// The service's name, from the deployment's `arn:…:service/CLUSTER/SERVICE`.
fn name(control: &Control) -> String {
    super::raw::last_part(control.deployment.service_arn().unwrap_or_default()).to_owned()
}

fn gate(control: &Control, phase: &Phase) -> Option<Gate> {
    match phase {
        Phase::AwaitingApproval => {
            let id = phase::paused(control)?.hook_id()?.to_owned();
            Some(Gate::Hook { id })
        }
        Phase::Baking => Some(Gate::Bake),
        _ => None,
    }
}

/// Why it ended badly, or why it is rolled back. ECS has sentences for it and no codes.
fn end_reason(control: &Control) -> Option<EndReason> {
    let deployment = &control.deployment;
    let said = deployment.status_reason().filter(|text| !text.is_empty());
    let reason = deployment.rollback().and_then(|rollback| rollback.reason());
    let message = match control.status() {
        "STOPPED" | "ROLLBACK_FAILED" => said.or(reason),
        "ROLLBACK_REQUESTED" | "ROLLBACK_IN_PROGRESS" | "ROLLBACK_SUCCESSFUL" => reason.or(said),
        _ => return None,
    };
    let message = message.filter(|text| !text.is_empty())?.to_owned();
    Some(EndReason { code: String::new(), message })
}

/// The alarms, and the circuit breaker as one more guard.
fn guards(raw: &Raw) -> Fact<Vec<Guard>> {
    if raw.control.value() == Some(&None) {
        return raw.control.map(|_| Vec::new());
    }
    let Some(breaker) = raw.control().and_then(breaker) else { return raw.around.guards.clone() };
    raw.around.guards.map(|alarms| std::iter::once(breaker).chain(alarms.iter().cloned()).collect())
}

/// The circuit breaker counts green's tasks that fail.
fn breaker(control: &Control) -> Option<Guard> {
    let breaker = control.deployment.deployment_circuit_breaker()?;
    let state = match breaker.status()?.as_str() {
        "DISABLED" => return None,
        "TRIGGERED" => GuardState::Alarm,
        _ => GuardState::Ok,
    };
    Some(Guard {
        name: "circuit breaker".to_owned(),
        state,
        reason: Some(format!(
            "{} failed tasks of {} that open it",
            breaker.failure_count(),
            breaker.threshold()
        )),
        since: None,
        measured: None,
    })
}

/// The metrics, or why there are none of each side.
fn metrics(raw: &Raw, sides: &Sides<'_>) -> Fact<Metrics> {
    let measured = measured(raw);
    let metrics = raw.around.metrics_of(measured.as_ref());
    if metrics != Fact::Unasked {
        return metrics;
    }
    let why = match (raw.control(), raw.service.value()) {
        (None, Some(service)) if raw.rest.is_some() && measured.is_none() => {
            match service.load_balancers() {
                [] => "the service is behind no load balancer",
                _ => "the target group names no load balancer",
            }
        }
        (Some(_), _) if sides.share_a_group() => "both revisions share one target group",
        (Some(_), Some(service)) if service.load_balancers().is_empty() => {
            "the service is behind no load balancer"
        }
        _ => return sides::lacking(raw),
    };
    Fact::Unknown { fault: Fault::new(FaultKind::Absent, "cloudwatch:GetMetricData", why) }
}
