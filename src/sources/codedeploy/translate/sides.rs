//! Which task set is blue and which is green, and what each runs.

use aws_sdk_codedeploy::types::{EcsTaskSet, TargetLabel};
use aws_sdk_ecs::types::{Task as EcsTask, TaskSet};

use crate::domain::{
    Environment, Fact, Fault, FaultKind, LogPlace, Revision, Side, Task, TaskCounts,
};
use crate::sources::balancer::targets_of;
use crate::sources::logs;
use crate::sources::tasks::{digest, image, task};

use super::super::destination::Destination;
use super::super::raw::{Deployment, Raw, Service};

/// One side, as far as its task set is known.
#[derive(Debug, Clone, Default)]
pub(crate) struct SideSet {
    /// The task set's id.
    pub(crate) id: Option<String>,
    /// What CodeDeploy says about it in the followed deployment.
    pub(crate) codedeploy: Option<EcsTaskSet>,
    /// What ECS says about it.
    pub(crate) ecs: Option<TaskSet>,
    /// Its target group's name.
    pub(crate) group: Option<String>,
    /// The task definition it had when ECS last named it.
    earlier_definition: Option<String>,
}

/// Both sides of the followed deployment.
///
/// Labels are those of the rollout: during a rollback blue stays what served before the rollout
/// that is undone, and green what is undone, whatever the rollback calls them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sides {
    /// What served before.
    pub(crate) blue: SideSet,
    /// What is new.
    pub(crate) green: SideSet,
    /// Whether both task sets were named: only then a missing one is gone and not unknown.
    pub(crate) named: bool,
}

impl Sides {
    /// From what CodeDeploy and ECS say.
    pub(crate) fn of(raw: &Raw) -> Self {
        let Some(control) = raw.control.value() else { return Self::default() };
        let Some(deployment) = &control.deployment else { return Self::default() };
        let labels = control.undone.as_ref().unwrap_or(deployment);
        let service = raw.service.value();
        let named = sets(labels).next().is_some();
        let mut blue = side(labels, deployment, service, &TargetLabel::Blue);
        let mut green = side(labels, deployment, service, &TargetLabel::Green);
        if !named {
            (blue, green) = by_ecs(deployment, control.undone.as_ref(), service);
        }
        // Of a rollout that is over blue is gone; who watched it or the AppSpec still knows its name.
        if control.undone.is_none() && blue.earlier_definition.is_none() {
            blue.earlier_definition.clone_from(&control.before);
        }
        let names = raw.group_names();
        blue.group = blue.group_name(&names);
        green.group = green.group_name(&names);
        complete_pair(&names, &mut blue.group, &mut green.group);
        Self { blue, green, named }
    }
}

/// Of two groups each side has one: who knows the one knows the other.
fn complete_pair(names: &[String], blue: &mut Option<String>, green: &mut Option<String>) {
    let [a, b] = names else { return };
    let other = |name: &String| if name == a { b.clone() } else { a.clone() };
    match (&blue, &green) {
        (Some(known), None) => *green = Some(other(known)),
        (None, Some(known)) => *blue = Some(other(known)),
        (Some(_), Some(_)) | (None, None) => {}
    }
}

fn sets(deployment: &Deployment) -> impl Iterator<Item = &EcsTaskSet> {
    deployment.destination().into_iter().flat_map(Destination::task_sets)
}

/// A side by its label in `labels`, with its numbers from the followed deployment.
fn side(
    labels: &Deployment,
    followed: &Deployment,
    service: Option<&Service>,
    label: &TargetLabel,
) -> SideSet {
    let labelled = sets(labels).find(|set| set.task_set_label() == Some(label));
    let id = labelled.and_then(|set| set.identifer()).map(str::to_owned);
    let same = |set: &&EcsTaskSet| id.is_some() && set.identifer() == id.as_deref();
    // What the undone deployment said last is history; only its names are still true.
    let codedeploy = sets(followed).find(same).cloned();
    let ecs = ecs_sets(service).find(|set| id.is_some() && set.id() == id.as_deref()).cloned();
    let group = labelled
        .and_then(|set| set.target_group())
        .and_then(|group| group.name())
        .map(str::to_owned);
    let earlier_definition =
        id.as_ref().and_then(|id| service?.definition_of(id)).map(str::to_owned);
    SideSet { id, codedeploy, ecs, group, earlier_definition }
}

fn ecs_sets(service: Option<&Service>) -> impl Iterator<Item = &TaskSet> {
    service.into_iter().flat_map(|service| service.service.task_sets())
}

/// Without CodeDeploy's labels the task set that the deployment made is green, and the one that is
/// primary before it is blue.
fn by_ecs(
    deployment: &Deployment,
    undone: Option<&Deployment>,
    service: Option<&Service>,
) -> (SideSet, SideSet) {
    let maker = undone.unwrap_or(deployment).id();
    let of = |set: &TaskSet| SideSet {
        id: set.id().map(str::to_owned),
        codedeploy: None,
        ecs: Some(set.clone()),
        group: None,
        earlier_definition: None,
    };
    let green = ecs_sets(service).find(|set| set.external_id() == Some(maker));
    let blue = ecs_sets(service)
        .filter(|set| green.is_none_or(|green| green.id() != set.id()))
        .max_by_key(|set| set.status() == Some("PRIMARY"));
    (blue.map(of).unwrap_or_default(), green.map(of).unwrap_or_default())
}

impl SideSet {
    /// The share of the production traffic that CodeDeploy gives it; the SDK reads an absent weight
    /// as 0, so that one side's 0 means nothing without the other side's weight.
    pub(crate) fn weight(&self) -> Option<f64> {
        Some(self.codedeploy.as_ref()?.traffic_weight())
    }

    /// Whether the set is being removed or gone.
    pub(crate) fn is_leaving(&self) -> bool {
        let status = self.codedeploy.as_ref().and_then(|set| set.status());
        let ecs = self.ecs.as_ref().and_then(|set| set.status());
        status == Some("DRAINING") || ecs == Some("DRAINING")
    }

    /// The ARN of its task definition.
    pub(crate) fn definition(&self) -> Option<&str> {
        let now = self.ecs.as_ref().and_then(TaskSet::task_definition);
        now.or(self.earlier_definition.as_deref())
    }

    fn group_name(&self, names: &[String]) -> Option<String> {
        let by_codedeploy = self
            .codedeploy
            .as_ref()
            .and_then(|set| set.target_group())
            .and_then(|group| group.name())
            .map(str::to_owned);
        let by_ecs = || {
            let arns = self.ecs.as_ref()?.load_balancers().iter();
            let names_of = |arn: &str| {
                names.iter().find(|name| arn.contains(&format!("targetgroup/{name}/"))).cloned()
            };
            arns.filter_map(|lb| lb.target_group_arn()).find_map(names_of)
        };
        self.group.clone().or(by_codedeploy).or_else(by_ecs)
    }

    fn counts(&self) -> Option<TaskCounts> {
        let count = |n: i64| u32::try_from(n).unwrap_or(0);
        if let Some(set) = &self.codedeploy {
            return Some(TaskCounts {
                desired: count(set.desired_count()),
                running: count(set.running_count()),
                pending: count(set.pending_count()),
            });
        }
        let set = self.ecs.as_ref()?;
        Some(TaskCounts {
            desired: count(set.computed_desired_count().into()),
            running: count(set.running_count().into()),
            pending: count(set.pending_count().into()),
        })
    }
}

/// A side with everything that is known about it.
pub(crate) fn environment(raw: &Raw, sides: &Sides, side: Side) -> Environment {
    let (own, other) = match side {
        Side::Blue => (&sides.blue, &sides.green),
        Side::Green => (&sides.green, &sides.blue),
    };
    let running = raw.around.tasks.value().map(Vec::as_slice).unwrap_or_default();
    let running = of_side(running, own, other);
    Environment {
        revision: revision(raw, own, &running),
        tasks: counts(raw, sides, own),
        task_list: task_list(raw, own, other),
        target_group: own.group.clone(),
        targets: match &own.group {
            Some(group) => targets_of(&raw.around.health, group),
            None => lacking(raw),
        },
        log: log(raw, own),
        runs: None,
    }
}

/// The tasks of one side: by their task set, else by their task definition where the sides differ.
fn of_side<'a>(tasks: &'a [EcsTask], own: &SideSet, other: &SideSet) -> Vec<&'a EcsTask> {
    let differs = own.definition().is_some() && own.definition() != other.definition();
    tasks
        .iter()
        .filter(|task| match (task.started_by(), own.id.as_deref()) {
            (Some(by), Some(id)) if by == id => true,
            (Some(by), _) if other.id.as_deref() == Some(by) => false,
            _ => differs && task.task_definition_arn() == own.definition(),
        })
        .collect()
}

fn counts(raw: &Raw, sides: &Sides, own: &SideSet) -> Fact<TaskCounts> {
    if let Some(counts) = own.counts() {
        return match raw.deployment().filter(|_| own.codedeploy.is_some()) {
            Some(deployment) => deployment.target.map(|_| counts),
            None => raw.service.map(|_| counts),
        };
    }
    // Both sets were named and this one is listed nowhere any more: it is gone.
    if sides.named && raw.service.value().is_some() {
        return raw.service.map(|_| TaskCounts::default());
    }
    lacking(raw)
}

/// What cannot be told without knowing which side is which, with the reason.
pub(crate) fn lacking<T>(raw: &Raw) -> Fact<T> {
    let target = raw.deployment().and_then(|deployment| deployment.target.fault());
    let said = target.or(raw.service.fault()).or(raw.control.fault());
    let no_sets = || {
        let service = raw.service.value()?;
        let text = "the service has no task sets";
        let fault = || Fault::new(FaultKind::Absent, "ecs:DescribeServices", text);
        service.service.task_sets().is_empty().then(fault)
    };
    match said.cloned().or_else(no_sets) {
        Some(fault) => Fact::Unknown { fault },
        None => Fact::Unasked,
    }
}

fn revision(raw: &Raw, own: &SideSet, running: &[&EcsTask]) -> Fact<Revision> {
    let Some(arn) = own.definition() else {
        return lacking(raw);
    };
    let definition = raw.service.value().and_then(|service| service.definitions.get(arn));
    let definition = definition.and_then(|definition| definition.as_ref().ok());
    let containers = definition
        .map(aws_sdk_ecs::types::TaskDefinition::container_definitions)
        .unwrap_or_default();
    let images = containers
        .iter()
        .map(|container| {
            let name = container.name().unwrap_or_default();
            image(name, container.image().unwrap_or_default(), digest(running, name))
        })
        .collect();
    let revision = Revision {
        name: arn.rsplit('/').next().unwrap_or(arn).to_owned(),
        arn: arn.to_owned(),
        images,
        active: definition.and_then(|d| d.status()).map(|status| status.as_str() == "ACTIVE"),
    };
    raw.service.map(|_| revision)
}

/// Where its tasks write.
fn log(raw: &Raw, own: &SideSet) -> Fact<LogPlace> {
    let Some(arn) = own.definition() else { return lacking(raw) };
    let definition = raw.service.value().and_then(|service| service.definitions.get(arn));
    match definition {
        Some(Err(fault)) => Fact::Unknown { fault: fault.clone() },
        definition => logs::place(definition.and_then(|one| one.as_ref().ok()), &raw.service),
    }
}

/// The side's tasks, those that should run first, then the newest stopped.
fn task_list(raw: &Raw, own: &SideSet, other: &SideSet) -> Fact<Vec<Task>> {
    let stopped = raw.around.stopped.value().map(Vec::as_slice).unwrap_or_default();
    let mut ended: Vec<Task> = of_side(stopped, own, other).into_iter().map(task).collect();
    ended.sort_by_key(|task| std::cmp::Reverse(task.stopped));
    raw.around.tasks.map(|tasks| {
        let running = of_side(tasks, own, other).into_iter().map(task);
        let mut list: Vec<Task> = running.collect();
        list.sort_by(|a, b| a.started.cmp(&b.started).then_with(|| a.id.cmp(&b.id)));
        list.extend(ended);
        list
    })
}

/// The side of a task set.
pub(crate) fn side_of(sides: &Sides, task_set: &str) -> Option<Side> {
    let is = |set: &SideSet| set.id.as_deref() == Some(task_set);
    if is(&sides.blue) {
        Some(Side::Blue)
    } else if is(&sides.green) {
        Some(Side::Green)
    } else {
        None
    }
}

/// The side of a stopped or running task.
pub(crate) fn side_of_task(sides: &Sides, task: &EcsTask) -> Option<Side> {
    if !of_side(std::slice::from_ref(task), &sides.blue, &sides.green).is_empty() {
        Some(Side::Blue)
    } else if !of_side(std::slice::from_ref(task), &sides.green, &sides.blue).is_empty() {
        Some(Side::Green)
    } else {
        None
    }
}
