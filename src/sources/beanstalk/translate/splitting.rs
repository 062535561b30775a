//! A traffic-splitting deployment: old and new instances inside one environment, until an evaluation
//! ends well or somebody aborts it.

use aws_sdk_elasticbeanstalk::types::{EnvironmentDescription, SingleInstanceHealth};
use jiff::Timestamp;

use crate::domain::{
    Action, Call, Fact, Fault, FaultKind, ListenerSplit, Means, Offered, Percent, Phase, Refusal,
    Rollout, RolloutId, RolloutKind, ShareOf, Split, Stage, StageKind, StageState, Traffic,
};

use super::super::raw::{Raw, Splitting, name, status};
use super::call;
use super::sides::{self, version_of};

/// The deployment that splits the traffic now, or that did so last.
pub(crate) fn noticed(raw: &Raw, now: Timestamp) -> Option<Splitting> {
    let known = raw.splitting.clone();
    let Some([one]) = raw.environments.value().map(Vec::as_slice) else { return None };
    let splits = raw.split.value().is_some_and(Option::is_some);
    let abortable = one.abortable_operation_in_progress() == Some(true);
    let fresh = abortable && splits;
    let Some((blue, green)) = versions(&instances(raw, one)).filter(|_| fresh) else {
        return known
            .map(|known| Splitting { undone: known.undone || status(one) == "Aborting", ..known });
    };
    let same = known.filter(|known| known.blue == blue && known.green == green && !known.undone);
    Some(same.unwrap_or_else(|| Splitting {
        environment: name(one).to_owned(),
        blue,
        green,
        since: now,
        undone: false,
    }))
}

fn instances(raw: &Raw, environment: &EnvironmentDescription) -> Vec<SingleInstanceHealth> {
    let told = sides::of(&raw.instances, name(environment));
    told.value().cloned().unwrap_or_default()
}

/// The old and the new version, by the numbers of their deployments.
fn versions(instances: &[SingleInstanceHealth]) -> Option<(String, String)> {
    let numbered = |one: &SingleInstanceHealth| {
        Some((one.deployment()?.deployment_id()?, version_of(one)?.to_owned()))
    };
    let mut all: Vec<(i64, String)> = instances.iter().filter_map(numbered).collect();
    all.sort_unstable();
    let (first, last) = (all.first()?, all.last()?);
    (first.1 != last.1).then(|| (first.1.clone(), last.1.clone()))
}

/// The rollout, when one was seen.
pub(super) fn rollout(
    raw: &Raw,
    environment: &EnvironmentDescription,
    now: Timestamp,
) -> Option<Rollout> {
    let splitting = raw.splitting.as_ref()?;
    let undone = splitting.undone
        || status(environment) == "Aborting"
        || (status(environment) == "Ready"
            && environment.version_label() == Some(splitting.blue.as_str()));
    let phase = phase(raw, environment, splitting, undone);
    Some(Rollout {
        id: RolloutId::new(format!("{}:{}", splitting.environment, splitting.green)),
        kind: if undone { RolloutKind::Rollback { undoes: None } } else { RolloutKind::Rollout },
        name: splitting.environment.clone(),
        configuration: "TrafficSplitting".to_owned(),
        creator: "user".to_owned(),
        description: None,
        created: Some(splitting.since.min(now)),
        ended: None,
        stages: stages(raw, &phase, undone),
        gate: None,
        next: None,
        instant_rollback_until: None,
        traffic: traffic(raw, environment, (splitting, undone), &phase),
        blue: sides::part(raw, environment, &splitting.blue),
        green: sides::part(raw, environment, &splitting.green),
        sides_are_guessed: false,
        keepers: Vec::new(),
        paused: false,
        restart: None,
        end_reason: None,
        rollback: None,
        offers: offers(environment),
        phase,
    })
}

fn phase(
    raw: &Raw,
    environment: &EnvironmentDescription,
    splitting: &Splitting,
    undone: bool,
) -> Phase {
    let abortable = environment.abortable_operation_in_progress() == Some(true);
    let installing = instances(raw, environment).iter().any(|one| {
        let status = one.deployment().and_then(|deployment| deployment.status());
        version_of(one) == Some(&splitting.green) && status == Some("In Progress")
    });
    match status(environment) {
        "Ready" => Phase::Succeeded,
        "Aborting" => Phase::Shifting,
        "Updating" if undone => Phase::Shifting,
        "Updating" if abortable && installing => Phase::Preparing,
        "Updating" if abortable => Phase::Shifting,
        "Updating" => Phase::Finishing,
        other => Phase::Other(other.to_owned()),
    }
}

/// The share that was asked for. The rules of the load balancer are Elastic Beanstalk's own; where
/// only one version is left, it has everything.
fn traffic(
    raw: &Raw,
    environment: &EnvironmentDescription,
    (splitting, undone): (&Splitting, bool),
    phase: &Phase,
) -> Traffic {
    let asked = match phase {
        Phase::Preparing => Some(Split::ALL_BLUE),
        Phase::Succeeded if undone => Some(Split::ALL_BLUE),
        Phase::Succeeded | Phase::Finishing => Some(Split::ALL_GREEN),
        Phase::Shifting if !undone => raw.split.value().copied().flatten(),
        _ => None,
    };
    let told = sides::of(&raw.instances, name(environment));
    let left = told.value().and_then(|all| {
        let has = |version: &str| all.iter().any(|one| version_of(one) == Some(version));
        match (has(&splitting.blue), has(&splitting.green)) {
            (true, false) => Some(Split::ALL_BLUE),
            (false, true) => Some(Split::ALL_GREEN),
            _ => None,
        }
    });
    let hidden = || {
        Fault::new(
            FaultKind::Absent,
            "elasticbeanstalk:DescribeInstancesHealth",
            "Elastic Beanstalk does not show what its load balancer holds",
        )
    };
    Traffic {
        of: ShareOf::Requests,
        planned: match asked {
            Some(split) => raw.environments.map(|_| split),
            None => Fact::Unasked,
        },
        listener: match left {
            Some(split) => told.map(|_| ListenerSplit::Split(split)),
            None => Fact::Unknown { fault: hidden() },
        },
        ..Traffic::default()
    }
}

fn stages(raw: &Raw, phase: &Phase, undone: bool) -> Vec<Stage> {
    let state = |running: bool, done: bool| match (running, done) {
        (true, _) => StageState::Running,
        (false, true) => StageState::Done,
        (false, false) => StageState::Pending,
    };
    if undone {
        let state = state(*phase != Phase::Succeeded, *phase == Phase::Succeeded);
        return vec![Stage { state, ..Stage::pending(StageKind::Restore) }];
    }
    let preparing = *phase == Phase::Preparing;
    let over = matches!(phase, Phase::Finishing | Phase::Succeeded);
    let shift = |split, running, done| {
        let state = state(running, done);
        Stage { state, ..Stage::pending(StageKind::Shift(split)) }
    };
    let first = raw.split.value().copied().flatten();
    let mut stages = vec![Stage {
        state: state(preparing, !preparing),
        ..Stage::pending(StageKind::GreenTasks)
    }];
    stages.extend(first.map(|split| shift(split, *phase == Phase::Shifting, over)));
    stages.push(shift(Split::ALL_GREEN, false, over));
    let removed = state(*phase == Phase::Finishing, *phase == Phase::Succeeded);
    stages.push(Stage { state: removed, ..Stage::pending(StageKind::RemoveBlue) });
    stages
}

fn offers(environment: &EnvironmentDescription) -> Vec<Offered> {
    let no = |action, text: &str| Offered::of(action, Err(Refusal::NoSuchCall(text.to_owned())));
    vec![
        Offered::of(Action::RollBack, abort(environment)),
        no(Action::Continue, "the evaluation ends by itself: nothing ends it sooner"),
        no(Action::Finish, "the old instances end by themselves after the evaluation"),
        no(Action::Stop, "an abort leads the traffic back: nothing stops without that"),
        no(Action::Shift(Percent::ALL), "the share is a setting of the environment"),
    ]
}

/// The abort names the environment by its id, which no other account has.
fn abort(environment: &EnvironmentDescription) -> Result<(Means, Call), Refusal> {
    match (status(environment), environment.abortable_operation_in_progress()) {
        ("Aborting", _) => Err(Refusal::AlreadyGoingBack),
        (_, Some(true)) => {
            let id = environment.environment_id().ok_or(Refusal::StateUnknown)?;
            let call = call("AbortEnvironmentUpdate", &[("EnvironmentId", id)]);
            Ok((Means::StopAndRollBack, call))
        }
        (_, Some(false) | None) => Err(Refusal::Over),
    }
}
