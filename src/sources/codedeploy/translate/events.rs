//! The timeline that the APIs themselves tell; what changes between two pictures is seen elsewhere.

use aws_sdk_codedeploy::types::{EcsTarget, LifecycleEvent, LifecycleEventStatus};
use jiff::Timestamp;

use crate::domain::{EventKind, Side, TimelineEvent};
use crate::sources::time::moment;

use super::super::raw::{Deployment, Raw};
use super::sides::{Sides, side_of, side_of_task, task};
use super::stages::{failure, took_part};

/// No more entries than anybody reads.
const MOST: usize = 200;

/// All entries, newest first.
pub(crate) fn events(raw: &Raw, sides: &Sides) -> Vec<TimelineEvent> {
    let mut events = Vec::new();
    if let Some(control) = raw.control.value() {
        for deployment in control.undone.iter().chain(&control.deployment) {
            deployment_events(deployment, &mut events);
        }
    }
    service_events(raw, sides, &mut events);
    task_events(raw, sides, &mut events);
    events.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| b.key.cmp(&a.key)));
    events.truncate(MOST);
    events
}

fn entry(at: Timestamp, kind: EventKind, text: String, key: String) -> TimelineEvent {
    TimelineEvent { at, kind, side: None, text, key }
}

fn deployment_events(deployment: &Deployment, events: &mut Vec<TimelineEvent>) {
    let (id, info) = (deployment.id(), &deployment.info);
    if let Some(at) = moment(info.create_time()) {
        let creator = info.creator().map_or("?", |creator| creator.as_str());
        let text = format!("{id} created by {creator}");
        events.push(entry(at, EventKind::Deploy, text, format!("{id} created")));
    }
    let target = deployment.target.value().and_then(Option::as_ref);
    for event in target.map(EcsTarget::lifecycle_events).unwrap_or_default() {
        events.extend(lifecycle(id, target, event));
    }
    let ended = moment(info.complete_time()).zip(info.status());
    if let Some((at, status)) = ended {
        let mut text = format!("{id} {}", status.as_str());
        if let Some(error) = info.error_information() {
            let code = error.code().map_or("", |code| code.as_str());
            text = format!("{text}: {code} {}", error.message().unwrap_or_default());
        }
        events.push(entry(at, EventKind::Deploy, text.trim().to_owned(), format!("{id} ended")));
    }
}

/// One lifecycle event, when something happened in it.
fn lifecycle(
    id: &str,
    target: Option<&EcsTarget>,
    event: &LifecycleEvent,
) -> Option<TimelineEvent> {
    let name = event.lifecycle_event_name()?;
    let (start, end) = (moment(event.start_time()), moment(event.end_time()));
    let hook = !matches!(name, "Install" | "AllowTraffic" | "AllowTestTraffic");
    if hook && !took_part(target, name) {
        return None;
    }
    let kind = if hook { EventKind::Hook } else { EventKind::Deploy };
    let what = match name {
        "Install" => "green's tasks",
        "AllowTraffic" => "traffic shift",
        "AllowTestTraffic" => "test traffic",
        other => other,
    };
    let took = |start: Option<Timestamp>| {
        let seconds = end?.duration_since(start?).as_secs().max(0);
        Some(format!(" in {}:{:02}", seconds / 60, seconds % 60))
    };
    let (at, text) = match event.status()? {
        LifecycleEventStatus::InProgress => (start?, format!("{what} began")),
        LifecycleEventStatus::Succeeded => {
            (end.or(start)?, format!("{what} done{}", took(start).unwrap_or_default()))
        }
        LifecycleEventStatus::Failed => {
            let why = failure(event).map(|why| format!(": {why}")).unwrap_or_default();
            (end.or(start)?, format!("{what} failed{why}"))
        }
        _ => return None,
    };
    let key = format!("{id} {name} {}", event.status()?.as_str());
    Some(entry(at, kind, text, key))
}

fn service_events(raw: &Raw, sides: &Sides, events: &mut Vec<TimelineEvent>) {
    let Some(service) = raw.service.value() else { return };
    for event in service.service.events() {
        let (Some(at), Some(message)) = (moment(event.created_at()), event.message()) else {
            continue;
        };
        let side = message
            .split(|c: char| !(c.is_ascii_alphanumeric() || "-/".contains(c)))
            .filter(|word| word.starts_with("ecs-svc/"))
            .find_map(|word| side_of(sides, word));
        let text = shorten(message, service.service.service_name().unwrap_or_default());
        let key = format!("service {}", event.id().unwrap_or(message));
        events.push(TimelineEvent { at, kind: EventKind::Service, side, text, key });
    }
}

/// ECS begins every message with `(service NAME…) `, which the title already says, and names
/// things by whole ARNs and ids, of which the name or the beginning is enough.
fn shorten(message: &str, service: &str) -> String {
    let prefix = format!("(service {service}");
    let rest = message.strip_prefix(&prefix).and_then(|rest| rest.split_once(") "));
    let text = rest.map_or(message, |(_, rest)| rest);
    text.split(' ').map(short_word).collect::<Vec<_>>().join(" ")
}

/// A word without what nobody reads in it.
fn short_word(word: &str) -> String {
    let name = word.trim_start_matches('(').trim_end_matches([')', '.', ',']);
    let short = if let Some((_, group)) = name.split_once(":targetgroup/") {
        group.split('/').next().unwrap_or(group)
    } else if name.len() == 32 && name.bytes().all(|b| b.is_ascii_hexdigit()) {
        &name[..6]
    } else {
        return word.to_owned();
    };
    word.replace(name, short)
}

fn task_events(raw: &Raw, sides: &Sides, events: &mut Vec<TimelineEvent>) {
    for stopped in raw.stopped.value().map(Vec::as_slice).unwrap_or_default() {
        let side = side_of_task(sides, stopped);
        // The end of a side that is no longer needed; on green the scheduler also stops tasks that
        // fail their health checks, and says so.
        let scheduler = stopped.stop_code().map(aws_sdk_ecs::types::TaskStopCode::as_str)
            == Some("ServiceSchedulerInitiated");
        let scaled_in =
            stopped.stopped_reason().is_some_and(|why| why.starts_with("Scaling activity"));
        let expected = scheduler && (side == Some(Side::Blue) || scaled_in);
        let task = task(stopped);
        let (Some(at), false) = (task.stopped, expected) else { continue };
        let short: String = task.id.chars().take(6).collect();
        let exit = task.exit_code.map(|code| format!(", exit {code}")).unwrap_or_default();
        let why = task.reason.map(|why| format!(": {why}")).unwrap_or_default();
        let text = format!("{short} stopped{exit}{why}");
        let key = format!("task {}", task.id);
        events.push(TimelineEvent { at, kind: EventKind::Task, side, text, key });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_messages_keep_what_people_read() {
        let group =
            "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/checkout-b/fde1504d38dd9acf";
        let message = format!(
            "(service checkout, taskSet ecs-svc/12) registered 1 targets in (target-group {group})."
        );
        assert_eq!(
            shorten(&message, "checkout"),
            "registered 1 targets in (target-group checkout-b)."
        );
        let message = "has started 1 tasks: (task 9c2f9a0cd6c8b1f7d1b377b7d525ed0d).";
        assert_eq!(shorten(message, "x"), "has started 1 tasks: (task 9c2f9a).");
    }
}
