//! What a service runs of which no deployment is on record.

use aws_sdk_ecs::types::{Task as EcsTask, TaskDefinition};

use crate::domain::{Environment, Fact, Revision, Task, TaskCounts};
use crate::sources::balancer::targets_of;
use crate::sources::forward::served;
use crate::sources::logs;
use crate::sources::measure;
use crate::sources::metrics::Measured;
use crate::sources::tasks::{digest, image, task};

use super::super::raw::{Group, Raw, last_part};

/// All of it, when it is known that no deployment is on record.
pub(crate) fn environment(raw: &Raw) -> Option<Environment> {
    let rest = raw.rest.as_ref().filter(|_| raw.control.value() == Some(&None))?;
    let service = raw.service.value()?;
    let count = |n: i32| u32::try_from(n).unwrap_or(0);
    let counts = TaskCounts {
        desired: count(service.desired_count()),
        running: count(service.running_count()),
        pending: count(service.pending_count()),
    };
    let running: Vec<&EcsTask> = raw.around.tasks.value().into_iter().flatten().collect();
    let revision = service.task_definition().map(|arn| Revision {
        name: last_part(arn).to_owned(),
        arn: arn.to_owned(),
        images: rest
            .definition
            .iter()
            .flat_map(|definition| images(definition, &running))
            .collect(),
        active: rest
            .definition
            .as_ref()
            .and_then(TaskDefinition::status)
            .map(|status| status.as_str() == "ACTIVE"),
    });
    let group = serving(raw);
    Some(Environment {
        revision: revision.map_or(Fact::Unasked, |revision| raw.service.map(|_| revision)),
        tasks: raw.service.map(|_| counts),
        task_list: raw.around.tasks.map(|tasks| {
            let mut list: Vec<Task> = tasks.iter().map(task).collect();
            list.sort_by(|a, b| a.started.cmp(&b.started).then_with(|| a.id.cmp(&b.id)));
            list
        }),
        targets: match &group {
            Some(group) => targets_of(&raw.around.health, &group.name),
            None => Fact::Unasked,
        },
        target_group: group.map(|group| group.name),
        log: logs::place(rest.definition.as_ref(), &raw.service),
        runs: None,
    })
}

/// The group that gets requests: of two the only one that the rule forwards to, else the service's
/// own.
fn serving(raw: &Raw) -> Option<Group> {
    let groups = raw.groups();
    let served = served(raw.around.listener.value().map(Vec::as_slice).unwrap_or_default());
    let only = groups.iter().find(|group| served.len() == 1 && served.contains(&group.name));
    only.or(groups.first()).cloned()
}

/// What CloudWatch calls it.
pub(crate) fn measured(raw: &Raw) -> Option<Measured> {
    let rest = raw.rest.as_ref().filter(|_| raw.control.value() == Some(&None))?;
    let before = raw.route().or(rest.balancer.as_deref())?;
    Some(Measured::new(measure::group(before, &serving(raw)?.arn)?, None))
}

fn images(
    definition: &TaskDefinition,
    running: &[&EcsTask],
) -> impl Iterator<Item = crate::domain::Image> {
    definition.container_definitions().iter().map(|container| {
        let name = container.name().unwrap_or_default();
        image(name, container.image().unwrap_or_default(), digest(running, name))
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::types::{LoadBalancer, Service};
    use jiff::Timestamp;

    use super::super::super::rest::Rest;
    use super::super::{measured, snapshot};
    use super::*;
    use crate::domain::{At, FaultKind, Origin};

    fn raw(balancer: Option<&str>) -> Raw {
        let group = "arn:aws:elasticloadbalancing:r:1:targetgroup/search-a/ab";
        let service = Service::builder()
            .task_definition("arn:aws:ecs:r:1:task-definition/search:41")
            .desired_count(3)
            .running_count(2)
            .load_balancers(LoadBalancer::builder().target_group_arn(group).build())
            .build();
        let balancer = balancer.map(str::to_owned);
        Raw {
            service: Fact::known(service, Timestamp::UNIX_EPOCH),
            control: Fact::known(None, Timestamp::UNIX_EPOCH),
            rest: Some(Rest { definition: None, balancer }),
            ..Raw::default()
        }
    }

    #[test]
    fn a_service_without_a_deployment_on_record_shows_what_it_runs() {
        let raw = raw(Some("arn:aws:elasticloadbalancing:r:1:loadbalancer/app/shop/11"));
        let serving = environment(&raw).unwrap();
        assert_eq!(serving.revision.value().unwrap().name, "search:41");
        assert_eq!(serving.tasks.value().unwrap().running, 2);
        assert_eq!(serving.target_group.as_deref(), Some("search-a"));
        let measured = measured(&raw).unwrap();
        let group = Some("targetgroup/search-a/ab".to_owned());
        let at = At::Balancer { name: "app/shop/11".to_owned(), group };
        assert_eq!(measured, Measured::new(Origin::here(at), None));
    }

    #[test]
    fn a_group_of_a_network_load_balancer_says_why_nothing_is_measured() {
        let raw = raw(Some("arn:aws:elasticloadbalancing:r:1:loadbalancer/net/shop/11"));
        let target = "ecs:prod/search".parse().unwrap();
        let picture = snapshot(&target, &Fact::Unasked, &raw, Timestamp::UNIX_EPOCH);
        let fault = picture.metrics.fault().unwrap();
        assert!(fault.message.contains("a network load balancer counts connections"), "{fault}");
    }

    #[test]
    fn a_group_without_a_load_balancer_says_why_nothing_is_measured() {
        let target = "ecs:prod/search".parse().unwrap();
        let picture = snapshot(&target, &Fact::Unasked, &raw(None), Timestamp::UNIX_EPOCH);
        assert_eq!(picture.rollout.value(), Some(&None));
        assert_eq!(picture.metrics.fault().unwrap().kind, FaultKind::Absent);
    }
}
