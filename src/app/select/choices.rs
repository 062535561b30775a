//! The list of what an order may be about, as rows.

use jiff::Timestamp;

use super::super::{Overlay, State};
use crate::domain::Action;

/// One row of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRow {
    /// Its name.
    pub name: String,
    /// What else is known of it.
    pub about: String,
    /// Since when it is there.
    pub since: Option<Timestamp>,
    /// The cursor is on it.
    pub selected: bool,
}

/// The open list: what is asked for, and its rows.
pub fn choices(state: &State) -> Option<(Action, Vec<ListRow>)> {
    let Some(Overlay::Choosing(list)) = &state.overlay else { return None };
    let rollout = state.cockpit()?.snapshot.rollout();
    let found = rollout.into_iter().flat_map(|rollout| rollout.candidates(list.kind));
    let rows = found.map(|candidate| ListRow {
        name: candidate.name.clone(),
        about: candidate.about.clone(),
        since: candidate.since,
        selected: candidate.action == list.selected,
    });
    Some((list.kind, rows.collect()))
}
