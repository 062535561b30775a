//! The timeline: what Elastic Beanstalk says, and the causes that it names for bad health.

use aws_sdk_elasticbeanstalk::types::{EventDescription, EventSeverity};
use jiff::Timestamp;

use crate::domain::{EventKind, Side, TimelineEvent};
use crate::sources::time::moment;
use crate::sources::timeline::{MOST, entry};

use super::super::raw::Raw;

/// All entries, newest first.
pub(super) fn events(raw: &Raw) -> Vec<TimelineEvent> {
    let told = raw.events.value().map(Vec::as_slice).unwrap_or_default();
    let mut events: Vec<TimelineEvent> = told.iter().filter_map(|event| said(raw, event)).collect();
    events.extend(raw.causes.iter().cloned());
    events.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| b.key.cmp(&a.key)));
    events.truncate(MOST);
    events
}

fn said(raw: &Raw, event: &EventDescription) -> Option<TimelineEvent> {
    let (at, message) = (moment(event.event_date())?, event.message()?);
    let environment = event.environment_name().unwrap_or_default();
    let kind = if message.contains("CNAME") || message.contains("now points to") {
        EventKind::Traffic
    } else if message.contains("version") || message.contains("nvironment update") {
        EventKind::Deploy
    } else {
        EventKind::Service
    };
    let severity = event.severity().map(EventSeverity::as_str);
    let loud = severity.filter(|severity| matches!(*severity, "WARN" | "ERROR" | "FATAL"));
    let text = match loud {
        Some(severity) => format!("{environment} {severity}: {message}"),
        None => format!("{environment}: {message}"),
    };
    let key = format!("{environment} {} {message}", event.request_id().unwrap_or_default());
    Some(TimelineEvent { side: side(raw, environment), ..entry(at, kind, text, key) })
}

fn side(raw: &Raw, environment: &str) -> Option<Side> {
    let roles = raw.roles.as_ref().filter(|_| raw.splitting.is_none())?;
    Some(if roles.blue == environment { Side::Blue } else { Side::Green })
}

/// The causes of bad health that are told now; those that were told before keep their moment.
pub(crate) fn causes(raw: &Raw, now: Timestamp) -> Vec<TimelineEvent> {
    let mut known = raw.causes.clone();
    for (environment, health) in raw.health.value().into_iter().flatten() {
        let Ok(health) = health else { continue };
        let status = health.health_status().unwrap_or("?");
        for cause in health.causes() {
            let key = format!("{environment} {cause}");
            if !known.iter().any(|event| event.key == key) {
                let text = format!("{environment} {status}: {cause}");
                let side = side(raw, environment);
                known.push(TimelineEvent { side, ..entry(now, EventKind::Service, text, key) });
            }
        }
    }
    let surplus = known.len().saturating_sub(MOST);
    known.drain(..surplus);
    known
}
