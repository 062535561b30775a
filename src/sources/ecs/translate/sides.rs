//! Which service revision is blue and which is green, and what each runs.

use aws_sdk_ecs::types as ecs;
use aws_sdk_ecs::types::{
    ServiceDeployment, ServiceRevision, ServiceRevisionSummary, Task as EcsTask,
    TaskDefinition as Definition,
};

use crate::domain::{
    Environment, Fact, Fault, FaultKind, Image, LogPlace, Revision, Side, Task, TaskCounts,
};
use crate::sources::balancer::targets_of;
use crate::sources::forward::served;
use crate::sources::logs;
use crate::sources::tasks::{digest, image, task};

use super::super::raw::{Control, Group, Raw, last_part};

/// One side, as far as its revision is known.
#[derive(Debug, Clone, Default)]
pub(crate) struct SideRevision<'a> {
    /// The service revision's ARN.
    pub(crate) arn: Option<&'a str>,
    /// Its numbers in the followed deployment.
    pub(crate) summary: Option<&'a ServiceRevisionSummary>,
    /// What it is.
    pub(crate) revision: Option<&'a ServiceRevision>,
    /// Its target group.
    pub(crate) group: Option<Group>,
}

/// Both sides of the followed deployment.
///
/// Blue stays what served before the rollout and green what it brought, also while it is rolled
/// back: only the destination changes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sides<'a> {
    /// What served before.
    pub(crate) blue: SideRevision<'a>,
    /// What is new.
    pub(crate) green: SideRevision<'a>,
}

impl<'a> Sides<'a> {
    /// From what ECS says.
    pub(crate) fn of(raw: &'a Raw) -> Self {
        let Some(control) = raw.control() else { return Self::default() };
        let pinned = raw.seen.as_ref().and_then(|seen| seen.blue.as_deref());
        let blue = blue_arn(&control.deployment, pinned);
        let green = revisions(&control.deployment)
            .filter_map(ServiceRevisionSummary::arn)
            .find(|arn| Some(*arn) != blue);
        let groups = raw.groups();
        let (mut blue, mut green) = (side(control, blue, &groups), side(control, green, &groups));
        if let [a, b] = groups.as_slice() {
            if (&blue.group, &green.group) == (&None, &None) {
                blue.group = sole_server(raw, &green, [a, b]);
            }
            let other = |known: &Group| if known == a { b.clone() } else { a.clone() };
            match (&blue.group, &green.group) {
                (Some(known), None) => green.group = Some(other(known)),
                (None, Some(known)) => blue.group = Some(other(known)),
                (Some(_), Some(_)) | (None, None) => {}
            }
        } else if let [only] = groups.as_slice() {
            blue.group = Some(only.clone());
            green.group = Some(only.clone());
        }
        Self { blue, green }
    }

    /// Whether both sides are behind one target group, as in a rolling update: nothing that the
    /// load balancer says is of one side then.
    pub(crate) fn share_a_group(&self) -> bool {
        self.blue.group.is_some() && self.blue.group == self.green.group
    }
}

/// Target first, then the sources: all revisions of a deployment.
fn revisions(deployment: &ServiceDeployment) -> impl Iterator<Item = &ServiceRevisionSummary> {
    deployment.target_service_revision().into_iter().chain(deployment.source_service_revisions())
}

/// What served before: where a rollback leads, else what was known as it, else the source with the
/// most traffic and tasks.
pub(crate) fn blue_arn<'a>(
    deployment: &'a ServiceDeployment,
    pinned: Option<&'a str>,
) -> Option<&'a str> {
    let destination = deployment.rollback().and_then(|rollback| rollback.service_revision_arn());
    destination.or(pinned).or_else(|| {
        let sources = deployment.source_service_revisions().iter();
        let weight = |s: &ServiceRevisionSummary| s.requested_production_traffic_weight();
        let busiest = sources.max_by(|a, b| {
            let by_weight = weight(a).unwrap_or(0.0).total_cmp(&weight(b).unwrap_or(0.0));
            by_weight.then(a.running_task_count().cmp(&b.running_task_count()))
        });
        busiest?.arn()
    })
}

fn side<'a>(control: &'a Control, arn: Option<&'a str>, groups: &[Group]) -> SideRevision<'a> {
    let summary =
        revisions(&control.deployment).find(|summary| arn.is_some() && summary.arn() == arn);
    let revision = arn.and_then(|arn| control.revisions.get(arn));
    let resolved = revision.and_then(|revision| revision.resolved_configuration());
    let group = resolved
        .into_iter()
        .flat_map(ecs::ResolvedConfiguration::load_balancers)
        .filter_map(|balancer| balancer.target_group_arn())
        .find_map(|arn| groups.iter().find(|group| group.arn == arn).cloned());
    SideRevision { arn, summary, revision, group }
}

/// Before green gets requests, the one group that gets any is blue's. A revision names its own group
/// only once it is active.
fn sole_server(raw: &Raw, green: &SideRevision<'_>, pair: [&Group; 2]) -> Option<Group> {
    let untouched = green.summary?.requested_production_traffic_weight() == Some(0.0);
    let served = served(raw.around.listener.value().filter(|_| untouched)?);
    let [a, b] = pair;
    match (served.contains(&a.name), served.contains(&b.name)) {
        (true, false) => Some(a.clone()),
        (false, true) => Some(b.clone()),
        (true, true) | (false, false) => None,
    }
}

impl SideRevision<'_> {
    /// The share of the production traffic that ECS was asked to give it, in percent.
    pub(crate) fn weight(&self) -> Option<f64> {
        self.summary?.requested_production_traffic_weight()
    }

    /// The same of the test traffic.
    pub(crate) fn test_weight(&self) -> Option<f64> {
        self.summary?.requested_test_traffic_weight()
    }

    /// The ARN of its task definition.
    pub(crate) fn definition(&self) -> Option<&str> {
        self.revision?.task_definition()
    }
}

/// A side with everything that is known about it.
pub(crate) fn environment(raw: &Raw, sides: &Sides<'_>, side: Side) -> Environment {
    let own = match side {
        Side::Blue => &sides.blue,
        Side::Green => &sides.green,
    };
    let running = raw.around.tasks.value().map(Vec::as_slice).unwrap_or_default();
    let running: Vec<&EcsTask> = of_side(raw, sides, running, side).collect();
    Environment {
        revision: revision(raw, own, &running),
        tasks: counts(raw, own),
        task_list: task_list(raw, sides, side),
        target_group: own.group.as_ref().map(|group| group.name.clone()),
        targets: match &own.group {
            Some(group) => targets_of(&raw.around.health, &group.name),
            None => lacking(raw),
        },
        log: log(raw, own),
        runs: None,
    }
}

/// How many tasks a revision has: by the deployment, or by the service once the deployment is over.
/// The SDK reads an absent count as 0, so that where both speak a number counts more than none.
pub(crate) fn counts(raw: &Raw, own: &SideRevision<'_>) -> Fact<TaskCounts> {
    let Some(arn) = own.arn else { return lacking(raw) };
    let current = raw.service.value().map(ecs::Service::current_service_revisions);
    let current = current.filter(|list| !list.is_empty());
    let listed = current.and_then(|list| list.iter().find(|entry| entry.arn() == Some(arn)));
    let listed = listed.map(|entry| {
        let counts = (entry.requested_task_count(), entry.running_task_count());
        task_counts(counts.0, counts.1, entry.pending_task_count())
    });
    let summary = own.summary.map(|summary| {
        let counts = (summary.requested_task_count(), summary.running_task_count());
        task_counts(counts.0, counts.1, summary.pending_task_count())
    });
    let is_over = raw.control().is_some_and(Control::is_over);
    let said = summary.filter(|counts| *counts != TaskCounts::default() && !is_over);
    match (said, listed, summary) {
        (Some(counts), _, _) => raw.control.map(|_| counts),
        (None, Some(counts), _) => raw.service.map(|_| counts),
        // The service names what it runs, and this is not among it.
        (None, None, _) if is_over && current.is_some() => {
            raw.service.map(|_| TaskCounts::default())
        }
        (None, None, Some(counts)) => raw.control.map(|_| counts),
        (None, None, None) => lacking(raw),
    }
}

fn task_counts(desired: i32, running: i32, pending: i32) -> TaskCounts {
    let count = |n: i32| u32::try_from(n).unwrap_or(0);
    TaskCounts { desired: count(desired), running: count(running), pending: count(pending) }
}

/// What cannot be told, with the reason.
pub(crate) fn lacking<T>(raw: &Raw) -> Fact<T> {
    let said = raw.control.fault().or(raw.service.fault()).cloned();
    let nothing_before = || {
        let deployment = &raw.control()?.deployment;
        let text = "the deployment names no revision that served before";
        let fault = || Fault::new(FaultKind::Absent, "ecs:DescribeServiceDeployments", text);
        deployment.source_service_revisions().is_empty().then(fault)
    };
    match said.or_else(nothing_before) {
        Some(fault) => Fact::Unknown { fault },
        None => Fact::Unasked,
    }
}

fn revision(raw: &Raw, own: &SideRevision<'_>, running: &[&EcsTask]) -> Fact<Revision> {
    let (Some(arn), Some(control)) = (own.definition(), raw.control()) else {
        return lacking(raw);
    };
    let definition = control.definitions.get(arn);
    let revision = Revision {
        name: last_part(arn).to_owned(),
        arn: arn.to_owned(),
        images: images(own, definition, running),
        active: definition.and_then(Definition::status).map(|status| status.as_str() == "ACTIVE"),
    };
    raw.control.map(|_| revision)
}

/// Where its tasks write.
fn log(raw: &Raw, own: &SideRevision<'_>) -> Fact<LogPlace> {
    let (Some(arn), Some(control)) = (own.definition(), raw.control()) else {
        return lacking(raw);
    };
    logs::place(control.definitions.get(arn), &raw.control)
}

/// The images as the revision resolved them, else as the task definition names them.
fn images(
    own: &SideRevision<'_>,
    definition: Option<&Definition>,
    running: &[&EcsTask],
) -> Vec<Image> {
    let resolved = own.revision.map(ecs::ServiceRevision::container_images).unwrap_or_default();
    if resolved.is_empty() {
        let containers = definition.map(Definition::container_definitions).unwrap_or_default();
        return containers
            .iter()
            .map(|container| {
                let name = container.name().unwrap_or_default();
                image(name, container.image().unwrap_or_default(), digest(running, name))
            })
            .collect();
    }
    resolved
        .iter()
        .map(|container| {
            let name = container.container_name().unwrap_or_default();
            let digest = container.image_digest().map(str::to_owned);
            image(name, container.image().unwrap_or_default(), digest)
        })
        .collect()
}

/// The tasks of one side.
fn of_side<'a>(
    raw: &Raw,
    sides: &Sides<'_>,
    tasks: &'a [EcsTask],
    side: Side,
) -> impl Iterator<Item = &'a EcsTask> {
    tasks.iter().filter(move |task| side_of_task(raw, sides, task) == Some(side))
}

/// The side of a task: by what started it, else by its task definition where the sides differ, else
/// by the target group its address is registered in.
pub(crate) fn side_of_task(raw: &Raw, sides: &Sides<'_>, task: &EcsTask) -> Option<Side> {
    let find = |is: &dyn Fn(&SideRevision<'_>) -> bool| match (is(&sides.blue), is(&sides.green)) {
        (true, false) => Some(Side::Blue),
        (false, true) => Some(Side::Green),
        (true, true) | (false, false) => None,
    };
    let starter = task.started_by().map(last_part);
    let address = task.containers().iter().flat_map(ecs::Container::network_interfaces);
    let addresses: Vec<&str> = address.filter_map(|n| n.private_ipv4_address()).collect();
    find(&|side| starter.is_some() && side.arn.map(last_part) == starter)
        .or_else(|| {
            let own = task.task_definition_arn();
            find(&|side| own.is_some() && side.definition() == own)
        })
        .or_else(|| {
            find(&|side| {
                let group = side.group.as_ref();
                let health = group.and_then(|group| raw.around.health.value()?.get(&group.name));
                let targets = health.and_then(|targets| targets.as_ref().ok());
                targets.is_some_and(|targets| {
                    let registered = |id: &str| id.split(':').next().unwrap_or(id).to_owned();
                    targets.list.iter().any(|t| addresses.contains(&registered(&t.id).as_str()))
                })
            })
        })
}

/// The side's tasks, those that should run first, then the newest stopped.
fn task_list(raw: &Raw, sides: &Sides<'_>, side: Side) -> Fact<Vec<Task>> {
    let stopped = raw.around.stopped.value().map(Vec::as_slice).unwrap_or_default();
    let mut ended: Vec<Task> = of_side(raw, sides, stopped, side).map(task).collect();
    ended.sort_by_key(|task| std::cmp::Reverse(task.stopped));
    raw.around.tasks.map(|tasks| {
        let mut list: Vec<Task> = of_side(raw, sides, tasks, side).map(task).collect();
        list.sort_by(|a, b| a.started.cmp(&b.started).then_with(|| a.id.cmp(&b.id)));
        list.extend(ended);
        list
    })
}
