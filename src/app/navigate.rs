//! What the commands do that change nothing in the world.

use jiff::Timestamp;

use crate::domain::Action;
use crate::input::Command;

use super::{
    Cockpit, Effect, Overlay, Panel, Picker, Screen, State, View, WINDOWS, choose, code, confirm,
    field, log, shift,
};

/// How many rows a page is: a little less than what fits under the fixed lines.
fn page(state: &State) -> usize {
    usize::from(state.height.saturating_sub(14)).max(1)
}

/// Carries out one command.
pub(super) fn command(state: &mut State, command: Command) -> Vec<Effect> {
    match command {
        Command::Ask(action) => return confirm::ask(state, action),
        Command::More | Command::Less | Command::Share | Command::AllGreen | Command::Ramp => {
            return shift::ask(state, command);
        }
        Command::Undo => return choose::ask(state, Action::UNDO),
        Command::Terminate => return choose::ask(state, Action::TERMINATE),
        Command::Code => return code::ask(state),
        Command::Redraw => return vec![Effect::Redraw],
        Command::Suspend => return vec![Effect::Suspend],
        Command::Quit => return vec![Effect::Quit],
        _ => {}
    }
    match &state.overlay {
        Some(Overlay::Confirm(_) | Overlay::NewIdentity(_)) => confirm::command(state, command),
        Some(Overlay::Field(_)) => field::command(state, command),
        Some(Overlay::Choosing(_)) => choose::command(state, command),
        Some(Overlay::Help(row)) => {
            let row = *row;
            help(state, command, row)
        }
        None => match &state.screen {
            Screen::Cockpit(_) => on_cockpit(state, command),
            Screen::Picker(_) => on_list(state, command),
        },
    }
}

/// What is asked of the help: to scroll, or to go away.
fn help(state: &mut State, command: Command, row: usize) -> Vec<Effect> {
    state.overlay = match command {
        Command::Back | Command::Help | Command::Choose => None,
        other => Some(Overlay::Help(scrolled(row, other, page(state)))),
    };
    Vec::new()
}

/// Nothing is scrolled beyond its end: the next key upwards begins at what is seen.
pub(super) fn stop_at(state: &mut State, furthest: usize) {
    if let Some(Overlay::Help(row)) = &mut state.overlay {
        *row = furthest.min(*row);
    } else if let Screen::Cockpit(cockpit) = &mut state.screen {
        cockpit.scroll = furthest.min(cockpit.scroll);
    }
}

/// The first row shown after a command that scrolls; [`stop_at`] limits it to what there is.
fn scrolled(row: usize, command: Command, page: usize) -> usize {
    match command {
        Command::Up => row.saturating_sub(1),
        Command::Down => row.saturating_add(1),
        Command::PageUp => row.saturating_sub(page),
        Command::PageDown => row.saturating_add(page),
        Command::Top => 0,
        Command::Bottom => usize::MAX,
        _ => row,
    }
}

fn on_cockpit(state: &mut State, command: Command) -> Vec<Effect> {
    let page = page(state);
    match command {
        Command::Help => state.overlay = Some(Overlay::Help(0)),
        Command::Rollouts => return open_list(state),
        Command::Refresh => {
            state.say("asking again");
            let log = log::refresh(state);
            return [vec![Effect::Refresh], log].concat();
        }
        _ => {
            let now = state.now;
            if let Screen::Cockpit(cockpit) = &mut state.screen {
                return in_cockpit(cockpit, command, (page, now));
            }
        }
    }
    Vec::new()
}

/// What stays inside the cockpit: view, focus, scrolling, window, rest.
fn in_cockpit(
    cockpit: &mut Cockpit,
    command: Command,
    (page, now): (usize, Timestamp),
) -> Vec<Effect> {
    match command {
        Command::Next | Command::Previous if cockpit.view == View::Log => log::turn(cockpit),
        Command::Expand | Command::Choose if cockpit.view == View::Log => {
            if let Some(log) = &mut cockpit.log {
                log.whole = !log.whole;
            }
        }
        Command::Log => log::toggle(cockpit, now),
        Command::Rest => {
            cockpit.rests = !cockpit.rests;
            return vec![Effect::Rest(cockpit.rests)];
        }
        Command::Window => {
            cockpit.window = next_window(cockpit.window);
            return vec![Effect::Window(cockpit.window)];
        }
        Command::Next | Command::Previous => {
            let step = if command == Command::Next { 1 } else { Panel::ALL.len() - 1 };
            let at = Panel::ALL.iter().position(|panel| *panel == cockpit.focus).unwrap_or(0);
            cockpit.focus = Panel::ALL[(at + step) % Panel::ALL.len()];
            cockpit.scroll = 0;
            if let View::Expanded(_) = cockpit.view {
                cockpit.view = View::Expanded(cockpit.focus);
            }
        }
        Command::Expand | Command::Choose => show(cockpit, View::Expanded(cockpit.focus)),
        Command::Events => show(cockpit, View::Events),
        Command::Why => show(cockpit, View::Why),
        Command::Back => show(cockpit, View::Panels),
        other => {
            // A log ends with its newest row, and is scrolled from there.
            let other = if cockpit.view == View::Log { upside_down(other) } else { other };
            cockpit.scroll = scrolled(cockpit.scroll, other, page);
        }
    }
    Vec::new()
}

fn upside_down(command: Command) -> Command {
    match command {
        Command::Up => Command::Down,
        Command::Down => Command::Up,
        Command::PageUp => Command::PageDown,
        Command::PageDown => Command::PageUp,
        Command::Top => Command::Bottom,
        Command::Bottom => Command::Top,
        other => other,
    }
}

/// Shows `view`, or the panels again when it is shown already.
fn show(cockpit: &mut Cockpit, view: View) {
    cockpit.view = if cockpit.view == view { View::Panels } else { view };
    cockpit.scroll = 0;
}

fn next_window(window: u32) -> u32 {
    WINDOWS.into_iter().find(|longer| *longer > window).unwrap_or(WINDOWS[0])
}

/// Opens the list over the cockpit, which goes on behind it.
fn open_list(state: &mut State) -> Vec<Effect> {
    if let Screen::Cockpit(cockpit) = &state.screen {
        let behind = Some(cockpit.clone());
        state.screen = Screen::Picker(Picker { behind, ..Picker::default() });
    }
    vec![Effect::List]
}

/// Shows the cockpit again that the list was opened from.
pub(super) fn close_list(state: &mut State) {
    if let Screen::Picker(picker) = &mut state.screen
        && let Some(cockpit) = picker.behind.take()
    {
        state.screen = Screen::Cockpit(cockpit);
    }
}

fn on_list(state: &mut State, command: Command) -> Vec<Effect> {
    let page = page(state);
    let Screen::Picker(picker) = &mut state.screen else { return Vec::new() };
    match command {
        Command::Back => close_list(state),
        Command::Choose => return open_selected(state),
        Command::Help => state.overlay = Some(Overlay::Help(0)),
        Command::Refresh => return vec![Effect::List],
        other => move_cursor(picker, other, page),
    }
    Vec::new()
}

/// Moves the cursor; without a row under it, to the first.
fn move_cursor(picker: &mut Picker, command: Command, page: usize) {
    let Some(rows) = picker.rollouts.value() else { return };
    let at = rows.iter().position(|row| Some(&row.id) == picker.selected.as_ref());
    let wanted = scrolled(at.unwrap_or(0), command, page);
    let last = rows.len().saturating_sub(1);
    picker.selected = rows.get(wanted.min(last)).map(|row| row.id.clone());
}

/// Watches the row under the cursor. Not while an order waits for its answer: the answer would
/// reach nobody.
fn open_selected(state: &mut State) -> Vec<Effect> {
    if state.cockpit().is_some_and(|cockpit| cockpit.unanswered().is_some()) {
        state.say("not now: an order is on its way and is followed first");
        return Vec::new();
    }
    let Screen::Picker(picker) = &state.screen else { return Vec::new() };
    let chosen = picker.rollouts.value().and_then(|rows| {
        rows.iter().find(|row| Some(&row.id) == picker.selected.as_ref()).map(|row| &row.target)
    });
    match chosen.cloned() {
        Some(target) => watch(state, target),
        None => Vec::new(),
    }
}

/// Shows `target` and watches it from now on.
pub(super) fn watch(state: &mut State, target: crate::domain::Target) -> Vec<Effect> {
    state.screen = Screen::Cockpit(Box::new(Cockpit::new(target, state.now)));
    state.opening()
}
