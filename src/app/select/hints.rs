//! The keys that make sense now, and for those that cannot act, why not.

use crate::domain::{Action, Phase, Refusal, Rollout};
use crate::input::Command;

use super::super::{Asks, Cockpit, Confirm, Field, Overlay, Screen, State, Wanted, code};

/// Whether a key does now what its label says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Availability {
    /// It does.
    Now,
    /// It does not; why, in about three words.
    Not(String),
}

/// One entry of the hint bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// What a click on it says.
    pub command: Command,
    /// The key as it is bound.
    pub key: String,
    /// What it does, in a word or two.
    pub label: &'static str,
    /// Whether it does so now.
    pub state: Availability,
}

/// The keys that make sense now: roll back first, quit last, and between them by weight.
pub fn hints(state: &State) -> Vec<Hint> {
    let mut found = Vec::new();
    let mut push = |command: Command, label: &'static str, state_now: Availability| {
        if let Some(key) = state.settings.keymap.key(state.focus(), command) {
            found.push(Hint { command, key, label, state: state_now });
        }
    };
    for (action, availability) in actions(state) {
        push(Command::Ask(action), action.words(), availability);
    }
    for (command, label, availability) in weights(state) {
        push(command, label, availability);
    }
    if state.overlay.is_none() && code::wanted(state).is_some() {
        push(Command::Code, "MFA code", Availability::Now);
    }
    let others: &[(Command, &'static str)] = match (&state.overlay, &state.screen) {
        (Some(Overlay::Confirm(confirm)), _) => of_question(confirm),
        (Some(Overlay::NewIdentity(_)), _) => {
            &[(Command::Confirm, "act in this name"), (Command::Back, "not now")]
        }
        (Some(Overlay::Field(Field { asks: Asks::Code(_), .. })), _) => {
            &[(Command::Choose, "log in"), (Command::Back, "not now")]
        }
        (Some(Overlay::Field(_) | Overlay::Choosing(_)), _) => {
            &[(Command::Choose, "go on"), (Command::Back, "keep going")]
        }
        (Some(Overlay::Help(_)), _) => &[(Command::Back, "close")],
        (None, Screen::Cockpit(_)) => &[
            (Command::Why, "why"),
            (Command::Events, "events"),
            (Command::Help, "help"),
            (Command::Log, "log"),
            (Command::Window, "window"),
            (Command::Expand, "expand"),
            (Command::Quit, "quit"),
        ],
        (None, Screen::Picker(picker)) if picker.behind.is_some() => &[
            (Command::Choose, "open"),
            (Command::Back, "back"),
            (Command::Help, "help"),
            (Command::Quit, "quit"),
        ],
        (None, Screen::Picker(_)) => &[
            (Command::Choose, "open"),
            (Command::Refresh, "look again"),
            (Command::Help, "help"),
            (Command::Quit, "quit"),
        ],
    };
    for (command, label) in others {
        push(*command, label, Availability::Now);
    }
    found
}

fn of_question(confirm: &Confirm) -> &'static [(Command, &'static str)] {
    if confirm.wanted() == Some(Wanted::Reason) {
        &[(Command::Choose, "go on"), (Command::Back, "keep going"), (Command::Copy, "copy")]
    } else if confirm.wants_text() {
        &[(Command::Choose, "confirm"), (Command::Back, "keep going"), (Command::Copy, "copy")]
    } else {
        &[(Command::Confirm, "confirm"), (Command::Back, "keep going"), (Command::Copy, "copy")]
    }
}

/// The actions worth showing, possible ones before others, roll back before all.
fn actions(state: &State) -> Vec<(Action, Availability)> {
    let Some(cockpit) = state.cockpit() else { return Vec::new() };
    let open = state.confirm().map(|confirm| confirm.permit.action);
    // A pause by hand is one's own to end, and easily forgotten.
    let mut found: Vec<_> = Action::ALL
        .into_iter()
        .chain([Action::Resume])
        .filter(|action| open != Some(*action))
        .filter(|action| open.is_none() || *action == Action::RollBack)
        .map(|action| (action, availability(cockpit, action, state)))
        .filter(|(action, now)| *now == Availability::Now || is_near(cockpit, *action))
        .collect();
    found.sort_by_key(|(action, now)| (*action != Action::RollBack, *now != Availability::Now));
    found
}

/// The keys that set the weights, where a person can; and the one that ends a ramp.
fn weights(state: &State) -> Vec<(Command, &'static str, Availability)> {
    let Some(cockpit) = state.cockpit().filter(|_| state.overlay.is_none()) else {
        return Vec::new();
    };
    if cockpit.ramp.is_some() {
        return vec![(Command::Ask(Action::Stop), "stop the ramp", Availability::Now)];
    }
    let (Some(share), Some(_)) =
        (cockpit.share(), cockpit.snapshot.rollout().and_then(Rollout::dial))
    else {
        return Vec::new();
    };
    let step = state.shifting().step;
    [
        (Command::More, "more to green", share.more(step)),
        (Command::Less, "less", share.less(step)),
        (Command::Share, "any share", share.more(step)),
        (Command::Ramp, "ramp", share.more(step)),
    ]
    .into_iter()
    .map(|(command, label, to)| (command, label, availability(cockpit, Action::Shift(to), state)))
    .filter(|(.., now)| *now == Availability::Now)
    .collect()
}

fn availability(cockpit: &Cockpit, action: Action, state: &State) -> Availability {
    match cockpit.judge(action, &state.settings) {
        Ok(_) => Availability::Now,
        Err(why) => Availability::Not(in_three_words(&why)),
    }
}

/// Whether a person may look for the action's key in this phase although it cannot act.
fn is_near(cockpit: &Cockpit, action: Action) -> bool {
    let Some(rollout) = cockpit.snapshot.rollout() else { return action == Action::RollBack };
    match action {
        Action::RollBack => true,
        Action::Continue => matches!(
            rollout.phase,
            Phase::Preparing | Phase::Validating | Phase::AwaitingApproval | Phase::Shifting
        ),
        Action::Finish => matches!(rollout.phase, Phase::AfterShift | Phase::Baking),
        Action::Stop
        | Action::Shift(_)
        | Action::Pause
        | Action::Resume
        | Action::Restart
        | Action::Undo(_)
        | Action::Terminate(_) => false,
    }
}

fn in_three_words(why: &Refusal) -> String {
    let words = match why {
        Refusal::NoGate => "no gate waits",
        Refusal::NoBake => "nothing bakes",
        Refusal::Over => "rollout is over",
        Refusal::AlreadyGoingBack => "already going back",
        Refusal::NothingToGoBackTo => "nothing earlier known",
        Refusal::BlueIsGoing => "blue is leaving",
        Refusal::NoSuchCall(_) => "no call for it",
        Refusal::NoDial => "shares are planned",
        Refusal::NoSuchOrder => "no such order",
        Refusal::NotAmongThem => "no such one",
        Refusal::AlreadyThere => "already there",
        Refusal::ManagedBy(owner) => return format!("{owner} owns it"),
        Refusal::NoRollout => "no rollout",
        Refusal::StateUnknown => "state not known",
        Refusal::ReadOnly => "read-only mode",
        Refusal::ByRule(_) => "against the policy",
        Refusal::NotPermitted(_) => "no permission",
        Refusal::IdentityUnknown => "identity not known",
        Refusal::IdentityChanged => "identity has changed",
        Refusal::OrderOnItsWay => "order under way",
    };
    words.to_owned()
}
