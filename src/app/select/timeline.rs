//! What happened: what the APIs tell and what the program saw, as one story.

use std::cmp::Reverse;
use std::collections::HashSet;

use crate::domain::TimelineEvent;

use super::super::State;

/// All entries, newest first, each once.
pub fn timeline(state: &State) -> Vec<&TimelineEvent> {
    let Some(cockpit) = state.cockpit() else { return Vec::new() };
    let mut known = HashSet::new();
    let mut events: Vec<&TimelineEvent> = cockpit
        .snapshot
        .events
        .iter()
        .chain(&cockpit.seen)
        .filter(|event| known.insert(event.key.as_str()))
        .collect();
    // Stable: what came in newest first stays so within one moment.
    events.sort_by_key(|event| Reverse(event.at));
    events
}
