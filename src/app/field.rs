//! What is typed into the field for a number, whatever the number is.

use crate::input::Command;

use super::{Asks, Effect, Field, Overlay, State, code, shift};

/// More characters than any share or code has.
const LONGEST: usize = 8;

/// Opens it.
pub(super) fn open(state: &mut State, asks: Asks, complaint: Option<String>) {
    let field = Field { asks, typed: String::new(), opened: state.now, complaint };
    state.overlay = Some(Overlay::Field(field));
}

/// Whether it is open.
pub(super) fn is_open(state: &State) -> bool {
    matches!(state.overlay, Some(Overlay::Field(_)))
}

/// A command while it is open.
pub(super) fn command(state: &mut State, command: Command) -> Vec<Effect> {
    if state.is_deaf() {
        return Vec::new();
    }
    let Some(Overlay::Field(field)) = &state.overlay else { return Vec::new() };
    match (command, &field.asks) {
        (Command::Back, _) => state.overlay = None,
        (Command::Choose, Asks::Share) => match field.typed.parse() {
            Ok(share) => return shift::typed(state, share),
            Err(why) => complain(state, &why),
        },
        (Command::Choose, Asks::Code(_)) => match field.typed.parse() {
            Ok(code) => return code::typed(state, code),
            Err(why) => complain(state, &why),
        },
        _ => {}
    }
    Vec::new()
}

fn complain(state: &mut State, why: &dyn std::error::Error) {
    if let Some(Overlay::Field(field)) = &mut state.overlay {
        field.complaint = Some(why.to_string());
    }
}

/// A character is typed.
pub(super) fn typed(state: &mut State, c: char) -> Vec<Effect> {
    edit(state, |typed| {
        if typed.len() < LONGEST {
            typed.push(c);
        }
    })
}

/// The last character is taken back.
pub(super) fn erased(state: &mut State) -> Vec<Effect> {
    edit(state, |typed| {
        typed.pop();
    })
}

fn edit(state: &mut State, change: impl FnOnce(&mut String)) -> Vec<Effect> {
    if !state.is_deaf()
        && let Some(Overlay::Field(field)) = &mut state.overlay
    {
        change(&mut field.typed);
        field.complaint = None;
    }
    Vec::new()
}
