//! What ECS says about a service and its tasks, as entries of the timeline. Pure.

use aws_sdk_ecs::types::{ServiceEvent, Task, TaskStopCode};
use jiff::Timestamp;

use crate::domain::{EventKind, Side, TimelineEvent};

use super::tasks::task;
use super::time::moment;

/// No more entries than anybody reads.
pub(super) const MOST: usize = 200;

/// An entry that concerns neither side.
pub(super) fn entry(at: Timestamp, kind: EventKind, text: String, key: String) -> TimelineEvent {
    TimelineEvent { at, kind, side: None, text, key }
}

/// What the service says; `side` finds the side in its words.
pub(super) fn said(
    event: &ServiceEvent,
    service: &str,
    side: impl Fn(&str) -> Option<Side>,
) -> Option<TimelineEvent> {
    let (at, message) = (moment(event.created_at())?, event.message()?);
    let text = shorten(message, service);
    let key = format!("service {}", event.id().unwrap_or(message));
    Some(TimelineEvent { side: side(message), ..entry(at, EventKind::Service, text, key) })
}

/// The words of a message that can be names: `ecs-svc/12`, an ARN's parts.
pub(super) fn words(message: &str) -> impl Iterator<Item = &str> {
    message.split(|c: char| !(c.is_ascii_alphanumeric() || "-/".contains(c)))
}

/// A task that stopped, unless that was expected: the end of a side that is no longer needed.
///
/// On green the scheduler also stops tasks that fail their health checks, and says so.
pub(super) fn died(stopped: &Task, side: Option<Side>) -> Option<TimelineEvent> {
    let scheduler =
        stopped.stop_code().map(TaskStopCode::as_str) == Some("ServiceSchedulerInitiated");
    let scaled_in = stopped.stopped_reason().is_some_and(|why| why.starts_with("Scaling activity"));
    if scheduler && (side == Some(Side::Blue) || scaled_in) {
        return None;
    }
    let task = task(stopped);
    let short: String = task.id.chars().take(6).collect();
    let exit = task.exit_code.map(|code| format!(", exit {code}")).unwrap_or_default();
    let why = task.reason.map(|why| format!(": {why}")).unwrap_or_default();
    let text = format!("{short} stopped{exit}{why}");
    Some(TimelineEvent {
        side,
        ..entry(task.stopped?, EventKind::Task, text, format!("task {}", task.id))
    })
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
