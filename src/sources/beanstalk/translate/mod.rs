//! What Elastic Beanstalk said, as one picture. Pure.

mod events;
mod pair;
mod sides;
mod splitting;

use aws_sdk_elasticbeanstalk::types::EnvironmentDescription;
use jiff::Timestamp;

use crate::domain::{Call, Fact, Fault, FaultKind, Identity, Metrics, Rollout, Snapshot, Target};

use super::raw::{Raw, name, named};
pub(crate) use events::causes;
pub(crate) use splitting::noticed;

/// What an application's environments are to each other.
enum Found<'a> {
    /// Two that swap their names.
    Pair(&'a [EnvironmentDescription]),
    /// One that splits, or has split, its traffic between two versions.
    Split(&'a EnvironmentDescription),
    /// One, and nothing is deployed.
    Alone(&'a EnvironmentDescription),
}

/// What there is, or why it cannot be watched.
fn found<'a>(raw: &'a Raw, blue: Option<&str>) -> Result<Option<Found<'a>>, Fault> {
    let Some(environments) = raw.environments.value() else { return Ok(None) };
    let missing = |text: String| {
        Fault::new(FaultKind::NotFound, "elasticbeanstalk:DescribeEnvironments", text)
    };
    let names: Vec<&str> = environments.iter().map(name).collect();
    if let Some(blue) = blue.filter(|blue| named(environments, blue).is_none()) {
        return Err(missing(format!("no environment {blue}; there is {}", names.join(", "))));
    }
    match environments.as_slice() {
        [one] if raw.splitting.as_ref().is_some_and(|split| split.environment == name(one)) => {
            Ok(Some(Found::Split(one)))
        }
        [one] => Ok(Some(Found::Alone(one))),
        [_, _] => Ok(Some(Found::Pair(environments))),
        _ => Err(missing(format!(
            "{} web environments where two can be watched, blue and green: {}",
            names.len(),
            names.join(", ")
        ))),
    }
}

/// The picture of `target` at `now`.
pub(crate) fn snapshot(
    target: &Target,
    identity: &Fact<Identity>,
    raw: &Raw,
    now: Timestamp,
) -> Snapshot {
    let blue = match target {
        Target::Beanstalk { blue, .. } => blue.as_deref(),
        _ => None,
    };
    let none = || raw.environments.map(|_| None);
    let (rollout, at_rest): (Fact<Option<Rollout>>, _) = match found(raw, blue) {
        Err(fault) => (Fact::Unknown { fault }, None),
        Ok(None) => (none(), None),
        Ok(Some(Found::Alone(one))) => (none(), Some(sides::whole(raw, one))),
        Ok(Some(Found::Pair(both))) => match pair::rollout(raw, both, now) {
            Some(rollout) => (raw.environments.map(|_| Some(rollout.clone())), None),
            None => (Fact::Unasked, None),
        },
        Ok(Some(Found::Split(one))) => {
            let rollout = splitting::rollout(raw, one, now);
            (raw.environments.map(|_| rollout.clone()), None)
        }
    };
    Snapshot {
        identity: identity.clone(),
        rollout,
        at_rest,
        guards: raw.environments.map(|_| Vec::new()),
        metrics: metrics(raw, now),
        events: events::events(raw),
        ..Snapshot::unasked(target.clone(), now)
    }
}

/// The keys of the samples of both sides.
fn keys(raw: &Raw) -> Option<(String, String)> {
    if let Some(split) = &raw.splitting {
        return Some((split.blue.clone(), split.green.clone()));
    }
    let environments = raw.environments.value()?;
    let blue = raw.roles.as_ref()?.blue.clone();
    let green = environments.iter().map(name).find(|name| *name != blue)?.to_owned();
    Some((blue, green))
}

/// What the health measured while it was watched.
fn metrics(raw: &Raw, now: Timestamp) -> Fact<Metrics> {
    let keys = keys(raw);
    match (keys, raw.samples.newest()) {
        (Some((blue, green)), Some(at)) => {
            let metrics = raw.samples.metrics((&blue, &green), now);
            match raw.health.fault() {
                Some(fault) => Fact::Stale { value: metrics, at, fault: fault.clone() },
                None => Fact::known(metrics, at),
            }
        }
        _ => match raw.health.fault() {
            Some(fault) => Fact::Unknown { fault: fault.clone() },
            None => Fact::Unasked,
        },
    }
}

/// One call that changes something.
fn call(operation: &str, params: &[(&str, &str)]) -> Call {
    let params = params.iter().map(|(name, value)| ((*name).to_owned(), (*value).into()));
    Call {
        service: "elasticbeanstalk".to_owned(),
        operation: operation.to_owned(),
        params: params.collect(),
    }
}
