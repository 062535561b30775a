//! From a key to an event, in the light of what is on the screen.

use crate::input::{Key, Stroke};

use super::{Event, State};

/// What a key means now; nothing when it means nothing here.
///
/// A text field takes plain characters. A key that is held down moves about and erases, it never
/// asks, confirms or types.
pub fn hear(state: &State, stroke: Stroke) -> Option<Event> {
    let focus = state.focus();
    if let Some(command) = state.settings.keymap.command(focus, stroke.key) {
        return (!stroke.held || command.may_repeat()).then_some(Event::Command(command));
    }
    if !focus.typing {
        return None;
    }
    if stroke.key == Key::BACKSPACE {
        return Some(Event::Erased);
    }
    stroke.key.character().filter(|_| !stroke.held).map(Event::Typed)
}
