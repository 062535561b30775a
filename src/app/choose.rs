//! The list of what an order is about, where it may be about one of several.

use crate::domain::{Action, Candidate};
use crate::input::Command;

use super::{Choosing, Effect, Overlay, State, confirm};

/// Asks for an action that is about one of several: opens their list. One alone needs no list, and
/// why there is none the judge knows.
pub(super) fn ask(state: &mut State, kind: Action) -> Vec<Effect> {
    if matches!(state.overlay, Some(Overlay::Field(_) | Overlay::NewIdentity(_))) {
        return Vec::new();
    }
    let found = candidates(state, kind);
    match found[..] {
        [] => confirm::ask(state, kind),
        [only] => confirm::ask(state, only),
        [first, ..] if !may(state, first) => confirm::ask(state, first),
        [first, ..] => {
            let list = Choosing { kind, selected: first, opened: state.now };
            state.overlay = Some(Overlay::Choosing(list));
            Vec::new()
        }
    }
}

/// The actions of a kind that the control plane offers now, in its order.
fn candidates(state: &State, kind: Action) -> Vec<Action> {
    let rollout = state.cockpit().and_then(|cockpit| cockpit.snapshot.rollout());
    let found = rollout.into_iter().flat_map(|rollout| rollout.candidates(kind));
    found.map(|candidate: &Candidate| candidate.action).collect()
}

fn may(state: &State, action: Action) -> bool {
    state.cockpit().is_some_and(|cockpit| cockpit.judge(action, &state.settings).is_ok())
}

/// A command while the list is open.
pub(super) fn command(state: &mut State, command: Command) -> Vec<Effect> {
    if state.is_deaf() {
        return Vec::new();
    }
    let Some(Overlay::Choosing(list)) = &state.overlay else { return Vec::new() };
    let (kind, selected) = (list.kind, list.selected);
    match command {
        Command::Back => state.overlay = None,
        Command::Choose => {
            state.overlay = None;
            return confirm::ask(state, selected);
        }
        other => {
            let found = candidates(state, kind);
            if let Some(to) = moved(&found, selected, other)
                && let Some(Overlay::Choosing(list)) = &mut state.overlay
            {
                list.selected = to;
            }
        }
    }
    Vec::new()
}

/// The row after a command that moves; what is gone from the list is left for its first row.
fn moved(found: &[Action], selected: Action, command: Command) -> Option<Action> {
    let last = found.len().checked_sub(1)?;
    let at = found.iter().position(|action| *action == selected);
    let to = match (command, at) {
        (Command::Up | Command::Previous, Some(at)) => at.saturating_sub(1),
        (Command::Down | Command::Next, Some(at)) => at + 1,
        (Command::Top | Command::PageUp, _) | (_, None) => 0,
        (Command::Bottom | Command::PageDown, _) => last,
        (_, Some(at)) => at,
    };
    found.get(to.min(last)).copied()
}
