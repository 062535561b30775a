//! The timeline that the APIs themselves tell; what changes between two pictures is seen elsewhere.

use aws_sdk_codedeploy::types::{LifecycleEvent, LifecycleEventStatus};
use jiff::Timestamp;

use crate::domain::{EventKind, TimelineEvent};
use crate::sources::time::moment;
use crate::sources::timeline::{MOST, died, entry, said, words};

use super::super::destination::Destination;
use super::super::raw::{Deployment, Raw};
use super::sides::{Sides, side_of, side_of_task};
use super::stages::{failure, took_part};

/// All entries, newest first.
pub(crate) fn events(raw: &Raw, sides: &Sides) -> Vec<TimelineEvent> {
    let mut events = Vec::new();
    if let Some(control) = raw.control.value() {
        for deployment in control.undone.iter().chain(&control.deployment) {
            deployment_events(deployment, &mut events);
        }
    }
    super::fleet::events(raw, &mut events);
    service_events(raw, sides, &mut events);
    task_events(raw, sides, &mut events);
    events.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| b.key.cmp(&a.key)));
    events.truncate(MOST);
    events
}

fn deployment_events(deployment: &Deployment, events: &mut Vec<TimelineEvent>) {
    let (id, info) = (deployment.id(), &deployment.info);
    if let Some(at) = moment(info.create_time()) {
        let creator = info.creator().map_or("?", |creator| creator.as_str());
        let text = format!("{id} created by {creator}");
        events.push(entry(at, EventKind::Deploy, text, format!("{id} created")));
    }
    let target = deployment.destination();
    for event in target.map(Destination::lifecycle_events).unwrap_or_default() {
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
    target: Option<&Destination>,
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
    let name = service.service.service_name().unwrap_or_default();
    let side = |message: &str| words(message).find_map(|word| side_of(sides, word));
    let told = service.service.events().iter();
    events.extend(told.filter_map(|event| said(event, name, side)));
}

fn task_events(raw: &Raw, sides: &Sides, events: &mut Vec<TimelineEvent>) {
    let stopped = raw.around.stopped.value().map(Vec::as_slice).unwrap_or_default();
    events.extend(stopped.iter().filter_map(|task| died(task, side_of_task(sides, task))));
}
