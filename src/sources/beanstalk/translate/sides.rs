//! An environment of Elastic Beanstalk, or the part of one that runs one version, as a side.

use aws_sdk_elasticbeanstalk::types::{EnvironmentDescription, SingleInstanceHealth};

use crate::domain::{Environment, Fact, Fault, FaultKind, Revision, Targets, Task, TaskCounts};
use crate::sources::logs;
use crate::sources::time::moment;

use super::super::raw::{Each, Raw, name};

/// A whole environment.
pub(super) fn whole(raw: &Raw, environment: &EnvironmentDescription) -> Environment {
    side(raw, environment, environment.version_label(), &|_| true)
}

/// The instances of an environment that run a version.
pub(super) fn part(raw: &Raw, environment: &EnvironmentDescription, version: &str) -> Environment {
    side(raw, environment, Some(version), &|instance| version_of(instance) == Some(version))
}

/// The version that an instance runs.
pub(crate) fn version_of(instance: &SingleInstanceHealth) -> Option<&str> {
    instance.deployment().and_then(|deployment| deployment.version_label())
}

fn side(
    raw: &Raw,
    environment: &EnvironmentDescription,
    version: Option<&str>,
    wanted: &dyn Fn(&SingleInstanceHealth) -> bool,
) -> Environment {
    let (name, version) = (name(environment), version.unwrap_or("?"));
    let revision = Revision {
        name: format!("{name}:{version}"),
        arn: environment.environment_arn().unwrap_or(name).to_owned(),
        images: Vec::new(),
        active: None,
    };
    let list = of(&raw.instances, name);
    let own = |all: &Vec<SingleInstanceHealth>| -> Vec<SingleInstanceHealth> {
        all.iter().filter(|instance| wanted(instance)).cloned().collect()
    };
    Environment {
        revision: raw.environments.map(|_| revision.clone()),
        tasks: list.map(|all| counts(&own(all))),
        task_list: list.map(|all| own(all).iter().map(task).collect()),
        target_group: None,
        targets: absent(),
        log: logs::unread("the logs of instances are not read here; hint: eb logs"),
        runs: None,
    }
}

/// What was read about one of the environments.
pub(super) fn of<T: Clone>(each: &Fact<Each<T>>, name: &str) -> Fact<T> {
    match (each.value().and_then(|each| each.get(name)), each) {
        (Some(Ok(value)), Fact::Known { at, .. }) => Fact::known(value.clone(), *at),
        (Some(Ok(value)), Fact::Stale { at, fault, .. }) => {
            Fact::Stale { value: value.clone(), at: *at, fault: fault.clone() }
        }
        (Some(Err(fault)), _) | (None, Fact::Unknown { fault }) => {
            Fact::Unknown { fault: fault.clone() }
        }
        (_, _) => Fact::Unasked,
    }
}

/// Those that Elastic Beanstalk calls well, of all.
fn counts(all: &[SingleInstanceHealth]) -> TaskCounts {
    let are = |wanted: &[&str]| {
        let words = all.iter().filter_map(SingleInstanceHealth::health_status);
        let count = words.filter(|word| wanted.contains(word)).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    };
    TaskCounts {
        desired: u32::try_from(all.len()).unwrap_or(u32::MAX),
        running: are(&["Ok", "Info"]),
        pending: are(&["Pending"]),
    }
}

fn task(instance: &SingleInstanceHealth) -> Task {
    let causes = instance.causes().join(" / ");
    let deployment = instance.deployment().and_then(|deployment| deployment.status());
    Task {
        id: instance.instance_id().unwrap_or("?").to_owned(),
        status: instance.health_status().unwrap_or("?").to_owned(),
        health: deployment.map(str::to_owned),
        started: moment(instance.launched_at()),
        stopped: None,
        reason: (!causes.is_empty()).then_some(causes),
        exit_code: None,
    }
}

fn absent() -> Fact<Targets> {
    let text = "its health is told by instance";
    Fact::Unknown {
        fault: Fault::new(FaultKind::Absent, "elasticbeanstalk:DescribeInstancesHealth", text),
    }
}
