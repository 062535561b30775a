//! The keys that set the weights: a step more or less, any share, everything, and the ramp.

use crate::domain::{Action, Percent};
use crate::input::Command;

use super::{Asks, Effect, Overlay, Ramp, State, confirm, field};

/// A key that asks for other weights.
pub(super) fn ask(state: &mut State, command: Command) -> Vec<Effect> {
    if matches!(state.overlay, Some(Overlay::Field(_) | Overlay::NewIdentity(_))) {
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
    field::open(state, Asks::Share, None);
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

/// The share was typed: the question before the order comes next.
pub(super) fn typed(state: &mut State, share: Percent) -> Vec<Effect> {
    state.overlay = None;
    confirm::ask(state, Action::Shift(share))
}
