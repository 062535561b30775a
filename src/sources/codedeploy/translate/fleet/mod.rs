//! Instances: who is on which side, and who gets requests. There are no weights: each registered
//! instance takes its turn.

mod measured;
mod progress;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use aws_sdk_codedeploy::types::{
    DeploymentOverview, InstanceTarget, LifecycleEvent, LifecycleEventStatus, RevisionLocation,
    TargetStatus,
};

use crate::domain::{
    Environment, Fact, Fault, FaultKind, Phase, Revision, ShareOf, Side, Split, Targets, Task,
    TaskCounts, Traffic, Weight,
};
use crate::sources::balancer::targets_of;
use crate::sources::logs;
use crate::sources::time::moment;

use super::super::fleet::{Fleet, Wanted};
use super::super::raw::{Deployment, Raw};
use super::schedule::terminates;
use super::sides::lacking;
pub(crate) use measured::{measured, told_apart};
pub(crate) use progress::{events, instant_rollback_until, next, phase, rollback, rollout};

/// What to ask about the instances of the followed deployment.
pub(crate) fn wanted(raw: &Raw) -> Option<Wanted> {
    let control = raw.control.value()?;
    let deployment = control.deployment.as_ref().filter(|one| one.is_to_instances())?;
    let group = raw.group_names().first().and_then(|name| raw.around.group_arns.get(name)).cloned();
    Some(Wanted {
        id: deployment.id().to_owned(),
        undone: control.undone.as_ref().map(|undone| undone.id().to_owned()),
        in_place: deployment.is_in_place(),
        group,
    })
}

/// The instances of one side; in place there is one side, green.
fn members(fleet: &Fleet, side: Side) -> &BTreeSet<String> {
    match side {
        Side::Blue => &fleet.blue,
        Side::Green => &fleet.green,
    }
}

/// Those of a side that were asked about.
fn told(fleet: &Fleet, side: Side) -> impl Iterator<Item = &InstanceTarget> {
    fleet.told.iter().filter(move |one| belongs(fleet, side, one))
}

fn belongs(fleet: &Fleet, side: Side, instance: &InstanceTarget) -> bool {
    instance.target_id().is_some_and(|id| members(fleet, side).contains(id))
}

fn event<'a>(instance: &'a InstanceTarget, name: &str) -> Option<&'a LifecycleEvent> {
    instance.lifecycle_events().iter().find(|event| event.lifecycle_event_name() == Some(name))
}

/// Whether a step of an instance is behind it.
fn has_done(instance: &InstanceTarget, name: &str) -> bool {
    event(instance, name).and_then(LifecycleEvent::status) == Some(&LifecycleEventStatus::Succeeded)
}

/// One side with everything that is known about it.
pub(crate) fn environment(
    raw: &Raw,
    deployment: &Deployment,
    phase: &Phase,
    side: Side,
) -> Environment {
    let group = raw.group_names().first().cloned();
    let targets = match &group {
        Some(group) => targets(raw, deployment, group, side),
        None => Fact::Unknown {
            fault: Fault::new(
                FaultKind::Absent,
                "codedeploy:GetDeployment",
                "the instances are behind no target group",
            ),
        },
    };
    let task_list = raw.fleet.map(|fleet| {
        // What failed in the rollout is of interest while it is undone, too.
        let failed = || fleet.failed.iter().flatten().filter(move |one| belongs(fleet, side, one));
        let is_other = |one: &&InstanceTarget| failed().all(|f| f.target_id() != one.target_id());
        let shown = failed().chain(told(fleet, side).filter(is_other));
        let mut list: Vec<Task> = shown.map(|one| task(one, &targets)).collect();
        list.sort_by(|a, b| (a.exit_code.is_none(), &a.id).cmp(&(b.exit_code.is_none(), &b.id)));
        list
    });
    Environment {
        revision: revision(raw, side),
        tasks: counts(raw, deployment, phase, side),
        task_list,
        target_group: group,
        targets,
        log: logs::unread("the logs of instances are not read here"),
        runs: None,
    }
}

/// What a side runs: the archive or the commit that was deployed.
fn revision(raw: &Raw, side: Side) -> Fact<Revision> {
    let Some(control) = raw.control.value() else { return lacking(raw) };
    let of = control.undone.as_ref().or(control.deployment.as_ref());
    let location = of.and_then(|of| match side {
        Side::Blue => of.info.previous_revision(),
        Side::Green => of.info.revision(),
    });
    match location.and_then(named) {
        Some(revision) => raw.control.map(|_| revision),
        None => lacking(raw),
    }
}

fn named(location: &RevisionLocation) -> Option<Revision> {
    let of = |name: &str, arn: String| Revision {
        name: name.to_owned(),
        arn,
        images: Vec::new(),
        active: None,
    };
    if let Some(s3) = location.s3_location() {
        let (bucket, key) = (s3.bucket().unwrap_or_default(), s3.key()?);
        let version = s3.version().or(s3.e_tag());
        let version = version.map(|version| format!("@{version}")).unwrap_or_default();
        return Some(of(key, format!("s3://{bucket}/{key}{version}")));
    }
    let git = location.git_hub_location()?;
    let commit = git.commit_id()?;
    let short: String = commit.chars().take(8).collect();
    Some(of(&short, format!("{}@{commit}", git.repository().unwrap_or_default())))
}

/// How many instances a side should have, and how many serve or could.
fn counts(raw: &Raw, deployment: &Deployment, phase: &Phase, side: Side) -> Fact<TaskCounts> {
    let overview = Overview::of(deployment);
    if deployment.is_in_place() {
        let (done, open) = (overview.done, overview.pending);
        return raw.control.map(|_| match side {
            Side::Blue => TaskCounts { desired: open, running: open, pending: 0 },
            Side::Green => {
                TaskCounts { desired: overview.all, running: done, pending: overview.busy }
            }
        });
    }
    let gone = *phase == Phase::Succeeded && terminates(&deployment.info);
    raw.fleet.map(|fleet| {
        let all = u32::try_from(members(fleet, side).len()).unwrap_or(u32::MAX);
        let whole =
            |running: u32| TaskCounts { desired: all, running: running.min(all), pending: 0 };
        match side {
            Side::Blue if gone => TaskCounts::default(),
            Side::Blue => whole(all),
            Side::Green if told(fleet, side).count() == all as usize => {
                let up = told(fleet, side).filter(|one| is_up(one)).count();
                whole(u32::try_from(up).unwrap_or(0))
            }
            // Only some of a large fleet were asked about.
            Side::Green => whole(overview.ready.saturating_add(overview.done)),
        }
    })
}

/// Whether an instance runs its revision: it is installed and has not failed.
fn is_up(instance: &InstanceTarget) -> bool {
    match instance.status() {
        Some(TargetStatus::Ready | TargetStatus::Succeeded) => true,
        Some(TargetStatus::InProgress | TargetStatus::Skipped) => {
            has_done(instance, "ValidateService") || event(instance, "ValidateService").is_none()
        }
        _ => false,
    }
}

/// The overview's counts.
struct Overview {
    pending: u32,
    busy: u32,
    ready: u32,
    done: u32,
    all: u32,
}

impl Overview {
    fn of(deployment: &Deployment) -> Self {
        let overview = deployment.info.deployment_overview();
        let count = |of: fn(&DeploymentOverview) -> i64| {
            overview.map_or(0, |overview| u32::try_from(of(overview)).unwrap_or(0))
        };
        let pending = count(DeploymentOverview::pending);
        let busy = count(DeploymentOverview::in_progress);
        let (ready, done) =
            (count(DeploymentOverview::ready), count(DeploymentOverview::succeeded));
        let rest =
            count(DeploymentOverview::failed).saturating_add(count(DeploymentOverview::skipped));
        let all =
            [pending, busy, ready, done, rest].iter().fold(0, |a: u32, b| a.saturating_add(*b));
        Self { pending, busy, ready, done, all }
    }
}

/// The targets of the group that are a side's instances.
fn targets(raw: &Raw, deployment: &Deployment, group: &str, side: Side) -> Fact<Targets> {
    if deployment.is_in_place() && side == Side::Blue {
        let text = "the instances are changed in place";
        return Fact::Unknown {
            fault: Fault::new(FaultKind::Absent, "codedeploy:GetDeployment", text),
        };
    }
    let all = targets_of(&raw.around.health, group);
    let Some(fleet) = raw.fleet.value() else { return lacking(raw) };
    all.map(|targets| Targets {
        list: targets.list.iter().filter(|one| owns(fleet, side, &one.id)).cloned().collect(),
    })
}

/// Whether a target, `INSTANCE:PORT`, is an instance of a side.
fn owns(fleet: &Fleet, side: Side, target: &str) -> bool {
    let instance = target.split_once(':').map_or(target, |(instance, _)| instance);
    members(fleet, side).contains(instance)
}

/// How the requests are divided: by the registered instances that are healthy, else by what
/// CodeDeploy has done with each.
pub(crate) fn traffic(raw: &Raw, deployment: &Deployment) -> Traffic {
    let text = "instances have no weights";
    let fault = Fault::new(FaultKind::Absent, "codedeploy:GetDeployment", text);
    Traffic {
        of: ShareOf::Instances,
        planned: share(raw, deployment),
        listener: Fact::Unknown { fault },
        ..Traffic::default()
    }
}

fn share(raw: &Raw, deployment: &Deployment) -> Fact<Split> {
    let split = |green: u32, blue: u32| {
        let all = f64::from(green) + f64::from(blue);
        Weight::ratio(f64::from(green), all).map(|green| Split { green })
    };
    if deployment.is_in_place() {
        let overview = Overview::of(deployment);
        let rest = overview.all.saturating_sub(overview.done);
        return match split(overview.done, rest) {
            Some(share) => raw.control.map(|_| share),
            None => lacking(raw),
        };
    }
    let Some(fleet) = raw.fleet.value() else {
        return match raw.fleet.fault() {
            Some(fault) => Fact::Unknown { fault: fault.clone() },
            None => lacking(raw),
        };
    };
    if let Some(group) = raw.group_names().first() {
        let targets = targets_of(&raw.around.health, group);
        let healthy = |targets: &Targets, side| {
            let own = targets.list.iter().filter(|one| owns(fleet, side, &one.id));
            u32::try_from(own.filter(|one| one.state == "healthy").count()).unwrap_or(0)
        };
        let both = |all: &Targets| split(healthy(all, Side::Green), healthy(all, Side::Blue));
        return match (targets.value().and_then(both), targets.fault()) {
            (Some(share), _) => targets.map(|_| share),
            (None, Some(fault)) => Fact::Unknown { fault: fault.clone() },
            (None, None) => lacking(raw),
        };
    }
    let with = |side, name, wanted: bool| {
        let counted = told(fleet, side).filter(|one| has_done(one, name) == wanted);
        u32::try_from(counted.count()).unwrap_or(0)
    };
    match split(with(Side::Green, "AllowTraffic", true), with(Side::Blue, "BlockTraffic", false)) {
        Some(share) => raw.fleet.map(|_| share),
        None => lacking(raw),
    }
}

/// One instance, with the step that it is at, and why it failed.
fn task(instance: &InstanceTarget, targets: &Fact<Targets>) -> Task {
    let id = instance.target_id().unwrap_or("?");
    let events = instance.lifecycle_events();
    let failed = events.iter().find(|event| event.status() == Some(&LifecycleEventStatus::Failed));
    let runs =
        events.iter().find(|event| event.status() == Some(&LifecycleEventStatus::InProgress));
    let status = instance.status().map_or("?", |status| status.as_str());
    let step = failed.or(runs).and_then(LifecycleEvent::lifecycle_event_name);
    let health = targets
        .value()
        .and_then(|targets| targets.list.iter().find(|one| one.id.split(':').next() == Some(id)));
    Task {
        id: id.to_owned(),
        status: step.map_or_else(|| status.to_owned(), |step| format!("{status} {step}")),
        health: health.map(|target| target.state.clone()),
        started: events.iter().filter_map(|event| moment(event.start_time())).min(),
        stopped: None,
        reason: failed.and_then(why),
        exit_code: failed.map(|_| 1),
    }
}

/// What a failed step says: the script, and the end of its log.
fn why(event: &LifecycleEvent) -> Option<String> {
    let said = event.diagnostics()?;
    let log = said.log_tail().unwrap_or_default();
    let lines: Vec<&str> = log.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let tail = lines[lines.len().saturating_sub(3)..].join(" / ");
    let message = said.message().filter(|text| !text.is_empty());
    let code = said.error_code().map(aws_sdk_codedeploy::types::LifecycleErrorCode::as_str);
    let script = said.script_name().filter(|text| !text.is_empty());
    let parts = [code, script, message, Some(tail.as_str()).filter(|text| !text.is_empty())];
    let text = parts.into_iter().flatten().collect::<Vec<_>>().join(": ");
    (!text.is_empty()).then_some(text)
}
