//! The timeline that ECS tells, with what was seen of the deployment while it was watched.

use crate::domain::{EventKind, Side, TimelineEvent};
use crate::sources::time::moment;
use crate::sources::timeline::{MOST, died, entry, said};

use super::super::raw::{Control, Raw};
use super::super::seen::plain;
use super::sides::{SideRevision, Sides, side_of_task};

/// All entries, newest first.
pub(crate) fn events(raw: &Raw, sides: &Sides<'_>) -> Vec<TimelineEvent> {
    let mut events = raw.seen.as_ref().map(|seen| seen.entries.clone()).unwrap_or_default();
    if let Some(control) = raw.control() {
        deployment_events(control, &mut events);
    }
    if let Some(service) = raw.service.value() {
        let name = service.service_name().unwrap_or_default();
        let side = |message: &str| side_of_message(sides, message);
        events.extend(service.events().iter().filter_map(|event| said(event, name, side)));
    }
    let stopped = raw.around.stopped.value().map(Vec::as_slice).unwrap_or_default();
    events.extend(stopped.iter().filter_map(|task| died(task, side_of_task(raw, sides, task))));
    events.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| b.key.cmp(&a.key)));
    events.truncate(MOST);
    events
}

/// The side whose target group or revision a message names.
fn side_of_message(sides: &Sides<'_>, message: &str) -> Option<Side> {
    let names = |side: &SideRevision<'_>| {
        let group = side.group.as_ref().is_some_and(|group| message.contains(&group.arn));
        group || side.arn.is_some_and(|arn| message.contains(arn))
    };
    match (names(&sides.blue), names(&sides.green)) {
        (true, false) => Some(Side::Blue),
        (false, true) => Some(Side::Green),
        (true, true) | (false, false) => None,
    }
}

fn deployment_events(control: &Control, events: &mut Vec<TimelineEvent>) {
    let (id, deployment) = (control.id(), &control.deployment);
    let mut say = |at, what: &str, text: String| {
        if let Some(at) = moment(at) {
            events.push(entry(at, EventKind::Deploy, text, format!("{id} {what}")));
        }
    };
    let strategy = control.strategy();
    say(deployment.created_at(), "created", format!("{id} created, {}", plain(strategy)));
    if let Some(rollback) = deployment.rollback() {
        let why = rollback.reason().map(|why| format!(": {why}")).unwrap_or_default();
        say(rollback.started_at(), "rollback", format!("{id} is rolled back{why}"));
    }
    if control.is_over() {
        let ended = deployment.finished_at().or(deployment.stopped_at());
        let why = deployment.status_reason().filter(|why| !why.is_empty());
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        say(ended, "ended", format!("{id} {}{why}", plain(control.status())));
    }
}
