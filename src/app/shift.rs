//! The keys that set the weights: a step more or less, any share, everything, and the ramp.

use crate::domain::{Action, Percent};
use crate::input::Command;

use super::{Effect, Overlay, Ramp, ShareField, State, confirm};

/// More characters than any share has.
const LONGEST_SHARE: usize = 8;

/// A key that asks for other weights.
pub(super) fn ask(state: &mut State, command: Command) -> Vec<Effect> {
    if matches!(state.overlay, Some(Overlay::Share(_) | Overlay::NewIdentity(_))) {
        return Vec::new();
    }
    let step = state.shifting().step;
    let share = state.cockpit().and_then(super::Cockpit::share);
    let Some(share) = share else {
        // The judge knows why there is no share.
        return confirm::ask(state, Action::Shift(Percent::ALL));
    };
    match command {
        Command::More => confirm::ask(state, Action::Shift(share.more(step))),
        Command::Less => confirm::ask(state, Action::Shift(share.less(step))),
        Command::AllGreen => confirm::ask(state, Action::Shift(Percent::ALL)),
        Command::Ramp => ramp(state, share),
        Command::Share => open(state, share),
        _ => Vec::new(),
    }
}

/// Opens the field for a share, where one can be set at all.
fn open(state: &mut State, share: Percent) -> Vec<Effect> {
    let other = if share == Percent::ALL { Percent::NONE } else { Percent::ALL };
    let settable = state
        .cockpit()
        .is_some_and(|cockpit| cockpit.judge(Action::Shift(other), &state.settings).is_ok());
    if !settable {
        return confirm::ask(state, Action::Shift(other));
    }
    let field = ShareField { typed: String::new(), opened: state.now, complaint: None };
    state.overlay = Some(Overlay::Share(field));
    Vec::new()
}

/// Asks for the first step of the ramp that is above the present share.
fn ramp(state: &mut State, share: Percent) -> Vec<Effect> {
    if let Some(ramp) = Ramp::from(state.shifting(), share) {
        return confirm::begin(state, Action::Shift(ramp.share()), Some(ramp));
    }
    state.say(format!("the ramp has no step above {share}"));
    Vec::new()
}

/// Whether the field for a share is open.
pub(super) fn is_open(state: &State) -> bool {
    matches!(state.overlay, Some(Overlay::Share(_)))
}

/// A command while the field is open.
pub(super) fn command(state: &mut State, command: Command) -> Vec<Effect> {
    if state.is_deaf() {
        return Vec::new();
    }
    let Some(Overlay::Share(field)) = &mut state.overlay else { return Vec::new() };
    match command {
        Command::Back => state.overlay = None,
        Command::Choose => match field.typed.parse::<Percent>() {
            Ok(share) => {
                state.overlay = None;
                return confirm::ask(state, Action::Shift(share));
            }
            Err(why) => field.complaint = Some(why.to_string()),
        },
        _ => {}
    }
    Vec::new()
}

/// A character for the share.
pub(super) fn typed(state: &mut State, c: char) -> Vec<Effect> {
    edit(state, |typed| {
        if typed.len() < LONGEST_SHARE {
            typed.push(c);
        }
    })
}

/// The last character of the share is taken back.
pub(super) fn erased(state: &mut State) -> Vec<Effect> {
    edit(state, |typed| {
        typed.pop();
    })
}

fn edit(state: &mut State, change: impl FnOnce(&mut String)) -> Vec<Effect> {
    if !state.is_deaf()
        && let Some(Overlay::Share(field)) = &mut state.overlay
    {
        change(&mut field.typed);
        field.complaint = None;
    }
    Vec::new()
}
