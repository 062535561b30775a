//! The timeline that the controller tells.

use jiff::Timestamp;

use crate::domain::{EventKind, TimelineEvent};
use crate::sources::argo::Place;
use crate::sources::argo::raw::{Event, Raw};

use super::view::View;

/// No more entries than anybody reads.
const MOST: usize = 200;

/// All entries, newest first.
pub(crate) fn events(place: &Place, view: &View<'_>) -> Vec<TimelineEvent> {
    let own = about(view.raw, &view.rollout.metadata.uid);
    let mut events: Vec<_> = own.filter_map(|event| entry(view, event)).collect();
    events.extend(super::workload::event(view));
    events.extend(super::keepers::events(place, view));
    events.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| b.key.cmp(&a.key)));
    events.truncate(MOST);
    events
}

/// When the controller last moved the traffic in the present update, as far as the cluster remembers.
pub(crate) fn moved(view: &View<'_>) -> Option<Timestamp> {
    let began = view.set(view.current())?.metadata.creation_timestamp?;
    let blue_green = view.rollout.spec.strategy.blue_green.as_ref();
    let service = blue_green.map(|strategy| format!("'{}'", strategy.active_service));
    let moves = about(view.raw, &view.rollout.metadata.uid).filter(|event| match &service {
        Some(service) => event.reason == "SwitchService" && event.message.contains(service),
        None => event.reason == "TrafficWeightUpdated",
    });
    moves.filter_map(at).filter(|at| *at >= began).max()
}

/// What the cluster says about the object with this uid.
fn about<'a>(raw: &'a Raw, uid: &'a str) -> impl Iterator<Item = &'a Event> {
    let all = raw.events.value().into_iter().flat_map(|events| events.values());
    all.filter(move |event| event.involved_object.uid == *uid)
}

fn at(event: &Event) -> Option<Timestamp> {
    event.last_timestamp.or(event.event_time).or(event.metadata.creation_timestamp)
}

/// What the cluster tells of the object with this uid, newest first.
pub(crate) fn of(raw: &Raw, uid: &str) -> Vec<TimelineEvent> {
    let mut events: Vec<_> = about(raw, uid).filter_map(told).collect();
    events.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| b.key.cmp(&a.key)));
    events.truncate(MOST);
    events
}

/// An entry that concerns neither side.
fn told(event: &Event) -> Option<TimelineEvent> {
    let kind = match event.reason.as_str() {
        "RolloutAddedToInformer" => return None,
        "SwitchService" | "TrafficWeightUpdated" => EventKind::Traffic,
        reason if reason.starts_with("AnalysisRun") || reason.starts_with("Metric") => {
            EventKind::Alarm
        }
        _ => EventKind::Deploy,
    };
    let at = at(event)?;
    // The cluster counts repetitions in one event: a Service that flaps 25 times a second after
    // an abort stays one line.
    let times = if event.count > 1 { format!(" ({} times)", event.count) } else { String::new() };
    let text = format!("{}{times}", event.message);
    Some(TimelineEvent {
        at,
        kind,
        side: None,
        text,
        key: format!("event {}", event.metadata.name),
    })
}

fn entry(view: &View<'_>, event: &Event) -> Option<TimelineEvent> {
    let told = told(event)?;
    let side = [&view.green, &view.blue]
        .into_iter()
        .find(|hash| !hash.is_empty() && event.message.contains(hash.as_str()))
        .filter(|_| told.kind != EventKind::Traffic)
        .and_then(|hash| view.side(hash));
    Some(TimelineEvent { side, ..told })
}
