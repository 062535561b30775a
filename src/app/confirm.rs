//! The question before an order: asked, kept true while it is open, answered.

use crate::domain::{Action, Call, Change, Order, OrderId, Permit, Refusal, Strength};
use crate::input::Command;

use super::{
    Choice, Cockpit, Confirm, Effect, NewIdentity, Overlay, Ramp, Settings, State, Track, navigate,
    ramp,
};

/// The longest description that CodeDeploy takes.
const DESCRIPTION: usize = 256;

/// Longer than any name that has to be typed.
const LONGEST_NAME: usize = 256;

/// Asks for an action: opens its question, or says why it is not possible.
pub(super) fn ask(state: &mut State, action: Action) -> Vec<Effect> {
    if action == Action::Stop && ramp::stop(state, "you have stopped it") {
        return Vec::new();
    }
    begin(state, action, None)
}

/// Asks for an action that may be the first step of a ramp.
pub(super) fn begin(state: &mut State, action: Action, ramp: Option<Ramp>) -> Vec<Effect> {
    if state.confirm().is_some_and(|confirm| confirm.permit.action == action) {
        return Vec::new();
    }
    let (now, number) = (state.now, state.orders.saturating_add(1));
    let Some(cockpit) = state.cockpit() else {
        state.say(format!("{}: not possible, no rollout is watched", action.words()));
        return Vec::new();
    };
    let id = OrderId::new(state.settings.session, number);
    match cockpit.judge(action, &state.settings) {
        Ok(permit) => {
            let mut permit = complete(permit, cockpit, &id);
            // Several orders are given with one yes: a second key is not enough for that.
            if ramp.is_some() {
                permit.strength = Strength::TypedName;
            }
            let confirm = Confirm { ramp, ..question(cockpit, permit, id, now) };
            state.orders = number;
            state.overlay = Some(Overlay::Confirm(Box::new(confirm)));
        }
        Err(Refusal::IdentityChanged) => doubt_identity(state),
        Err(why) => state.say(refused(action, &why)),
    }
    Vec::new()
}

fn question(cockpit: &Cockpit, permit: Permit, order: OrderId, now: jiff::Timestamp) -> Confirm {
    Confirm {
        permit,
        order,
        name: cockpit.snapshot.rollout().map(|rollout| rollout.name.clone()).unwrap_or_default(),
        typed: String::new(),
        reason: None,
        choice: Choice::Keep,
        opened: now,
        complaint: None,
        ramp: None,
    }
}

/// The sentence for an action that is not possible, with what helps.
fn refused(action: Action, why: &Refusal) -> String {
    let help = match why {
        Refusal::ReadOnly => "start without --read-only to act",
        Refusal::NotPermitted(_) => "ask someone whose role may, or add it to the role",
        Refusal::IdentityUnknown => "renew the login; it goes on by itself",
        Refusal::NoRollout => "an order needs a rollout; one that begins is found by itself",
        Refusal::StateUnknown => "wait for the next answer, or ask again now",
        Refusal::OrderOnItsWay => "it is answered within seconds",
        Refusal::ManagedBy(_) => "cancel it there",
        Refusal::ByRule(_) => "see [policy] in the configuration file",
        Refusal::BlueIsGoing => "wait until it is over, then roll back by a new deployment",
        Refusal::NoGate
        | Refusal::NoBake
        | Refusal::Over
        | Refusal::AlreadyGoingBack
        | Refusal::NothingToGoBackTo
        | Refusal::NoSuchCall(_)
        | Refusal::NoDial
        | Refusal::NoSuchOrder
        | Refusal::NotAmongThem
        | Refusal::AlreadyThere
        | Refusal::IdentityChanged => return format!("{}: not possible, {why}", action.words()),
    };
    format!("{}: not possible, {why}; {help}", action.words())
}

/// The permit with the call as it will be sent: a new deployment carries who ordered it and the
/// order's id, by which it is found again when the answer is lost.
fn complete(mut permit: Permit, cockpit: &Cockpit, order: &OrderId) -> Permit {
    if permit.call.operation == "CreateDeployment" {
        let who = cockpit.snapshot.identity.value().map_or("?", |identity| identity.name());
        describe(&mut permit.call, who, order);
    }
    permit
}

fn describe(call: &mut Call, who: &str, order: &OrderId) {
    let room = DESCRIPTION.saturating_sub("cutover:  ".len() + order.as_str().len());
    let who: String = who.chars().filter(|c| !c.is_control()).take(room).collect();
    call.params.retain(|(name, _)| name != "description");
    call.params.push(("description".to_owned(), format!("cutover: {who} {order}").into()));
}

/// Asks whether the new identity is right.
pub(super) fn doubt_identity(state: &mut State) {
    let Some(cockpit) = state.cockpit() else { return };
    if let (Some(from), Some(to)) = (cockpit.trusted.clone(), cockpit.new_identity().cloned()) {
        let question = NewIdentity { from, to, opened: state.now };
        state.overlay = Some(Overlay::NewIdentity(Box::new(question)));
    }
}

/// A command while a question is open.
pub(super) fn command(state: &mut State, command: Command) -> Vec<Effect> {
    if state.is_deaf() {
        return Vec::new();
    }
    match &mut state.overlay {
        Some(Overlay::Confirm(_)) => in_question(state, command),
        Some(Overlay::NewIdentity(question)) => {
            let to = question.to.clone();
            match command {
                Command::Confirm => {
                    state.overlay = None;
                    if let Some(cockpit) = state.cockpit_mut() {
                        cockpit.trusted = Some(to);
                    }
                }
                Command::Back | Command::Choose => state.overlay = None,
                _ => {}
            }
            Vec::new()
        }
        Some(Overlay::Help(_) | Overlay::Field(_) | Overlay::Choosing(_)) | None => Vec::new(),
    }
}

fn in_question(state: &mut State, command: Command) -> Vec<Effect> {
    let region = state.cockpit().and_then(|cockpit| {
        cockpit.snapshot.identity.value().map(|identity| identity.region.clone())
    });
    let Some(Overlay::Confirm(confirm)) = &mut state.overlay else { return Vec::new() };
    match command {
        Command::Next | Command::Previous | Command::Up | Command::Down => {
            confirm.choice = match confirm.choice {
                Choice::Keep => Choice::Act,
                Choice::Act => Choice::Keep,
            };
        }
        Command::Choose if confirm.choice == Choice::Act => return act(state),
        // A name half typed was meant as a yes: closing without a word would look like one.
        Command::Choose
            if confirm.wants_text() && (!confirm.typed.is_empty() || confirm.reason.is_some()) =>
        {
            confirm.complaint = Some(confirm.wish());
        }
        Command::Confirm => return act(state),
        Command::Back | Command::Choose => state.overlay = None,
        Command::Copy => return vec![Effect::Copy(confirm.permit.call.cli(region.as_deref()))],
        _ => {}
    }
    Vec::new()
}

/// Gives the order, if everything the question said still holds.
fn act(state: &mut State) -> Vec<Effect> {
    let Some(Overlay::Confirm(confirm)) = &mut state.overlay else { return Vec::new() };
    if !confirm.text_is_typed() {
        confirm.complaint = Some(confirm.wish());
        return Vec::new();
    }
    if confirm.takes_reason() {
        return Vec::new();
    }
    // Judged again: what was permitted when the question opened may be void by now.
    if !keep_true(state) {
        return Vec::new();
    }
    let Some(Overlay::Confirm(confirm)) = state.overlay.take() else { return Vec::new() };
    ramp::stop(state, "another order was given");
    let Confirm { mut permit, order: id, typed, reason, mut ramp, .. } = *confirm;
    if permit.strength == Strength::Words {
        permit.call.say(typed.trim());
    }
    if let Some(ramp) = &mut ramp {
        ramp.reason.clone_from(&reason);
    }
    let why = Why { part_of: ramp.as_ref().map(Ramp::words), reason };
    let effects = give(state, permit, id, why);
    if let Some(cockpit) = state.cockpit_mut() {
        cockpit.ramp = ramp;
    }
    navigate::close_list(state);
    effects
}

/// What an order is a part of, and what was said about it.
pub(super) struct Why {
    pub(super) part_of: Option<String>,
    pub(super) reason: Option<String>,
}

/// Gives an order that was permitted and confirmed.
pub(super) fn give(state: &mut State, permit: Permit, id: OrderId, why: Why) -> Vec<Effect> {
    let now = state.now;
    let Some(cockpit) = state.cockpit_mut() else { return Vec::new() };
    let by = cockpit.snapshot.identity.value().map(|who| who.arn.clone()).unwrap_or_default();
    let Permit { action, call, expected, .. } = permit;
    let target = cockpit.snapshot.target.clone();
    let Why { part_of, reason } = why;
    let order = Order { id, target, action, call, expected, at: now, by, part_of, reason };
    cockpit.note_person(now, told(&order));
    cockpit.track = Some(Track::new(order.clone()));
    let mut effects = vec![Effect::Act(Box::new(order))];
    // An order is followed by reading, so a rest ends with it.
    if std::mem::take(&mut cockpit.rests) {
        effects.push(Effect::Rest(false));
    }
    effects
}

/// An order in the timeline's words.
fn told(order: &Order) -> String {
    let part = order.part_of.as_ref().map(|part| format!(", {part}")).unwrap_or_default();
    let reason = order.reason.as_ref().map(|words| format!(": {words}")).unwrap_or_default();
    match order.action {
        Action::Shift(share) => format!("shift: {share} to green{part}{reason}"),
        Action::Undo(number) => format!("undo: revision {number}{reason}"),
        Action::Terminate(analysis) => {
            format!("terminate: {analysis} of {}{reason}", order.expected.rollout)
        }
        action => format!("{} {}{part}{reason}", action.words(), order.expected.rollout),
    }
}

/// A character for the name.
pub(super) fn typed(state: &mut State, c: char) -> Vec<Effect> {
    edit(state, |typed| {
        if typed.len() < LONGEST_NAME {
            typed.push(c);
        }
    })
}

/// The last character of the name is taken back.
pub(super) fn erased(state: &mut State) -> Vec<Effect> {
    edit(state, |typed| {
        typed.pop();
    })
}

fn edit(state: &mut State, change: impl FnOnce(&mut String)) -> Vec<Effect> {
    if state.is_deaf() {
        return Vec::new();
    }
    if let Some(Overlay::Confirm(confirm)) = &mut state.overlay
        && confirm.wants_text()
    {
        change(&mut confirm.typed);
        confirm.complaint = None;
        // The name written out is the choice: nobody has to find the button after it.
        confirm.choice = if confirm.text_is_typed() { Choice::Act } else { Choice::Keep };
        // A complaint about the name is answered by typing; one about the world is not.
        keep_true(state);
    }
    Vec::new()
}

/// Judges the open question again. False, with the reason on the screen, when it does not stand as
/// it was asked: then it is asked anew, or closed when it is about something that is gone.
pub(super) fn keep_true(state: &mut State) -> bool {
    let now = state.now;
    let (overlay, screen, settings) = (&mut state.overlay, &state.screen, &state.settings);
    let Some(Overlay::Confirm(confirm)) = overlay else { return false };
    let Some(cockpit) = screen.cockpit() else { return false };
    match judged_again(confirm, cockpit, settings) {
        Standing::Holds(permit) => {
            confirm.permit = *permit;
            true
        }
        Standing::Anew(mut permit, why) => {
            if confirm.ramp.is_some() {
                permit.strength = Strength::TypedName;
            }
            **confirm = Confirm {
                complaint: Some(format!("{why}: look again")),
                ramp: confirm.ramp.take(),
                reason: confirm.reason.take(),
                ..question(cockpit, *permit, confirm.order.clone(), now)
            };
            false
        }
        Standing::Void(why) => {
            confirm.complaint = Some(format!("not possible any more: {why}"));
            false
        }
        // What is being typed must not reach the screen below, where each letter is a command.
        Standing::Gone(change) if confirm.wants_text() => {
            confirm.complaint = Some(format!("close this and look again: {change}"));
            false
        }
        Standing::Gone(change) => {
            let words = confirm.permit.action.words();
            state.overlay = None;
            state.say(format!("{words}: the question was closed, {change}"));
            false
        }
    }
}

/// How an open question stands against the newest picture.
enum Standing {
    /// As it was asked; the permit with the newest facts.
    Holds(Box<Permit>),
    /// It would now mean something else: it has to be asked again, and why.
    Anew(Box<Permit>, String),
    /// It cannot be done now.
    Void(Refusal),
    /// It is about a rollout or an identity that is not there any more.
    Gone(Change),
}

fn judged_again(confirm: &Confirm, cockpit: &Cockpit, settings: &Settings) -> Standing {
    let Permit { action, expected, strength, .. } = &confirm.permit;
    let changed = match expected.change(*action, &cockpit.snapshot) {
        Some(change @ (Change::Rollout(_) | Change::Identity { .. })) => {
            return Standing::Gone(change);
        }
        // Old data is no change: the worker reads again before it sends anything.
        Some(Change::Unreadable(_)) | None => None,
        Some(change) => Some(change),
    };
    match (cockpit.judge(*action, settings), changed) {
        (Err(why), _) => Standing::Void(why),
        (Ok(permit), changed) => {
            let mut permit = Box::new(complete(permit, cockpit, &confirm.order));
            match (changed, *strength, permit.strength) {
                (Some(change), ..) => Standing::Anew(permit, change.to_string()),
                (None, Strength::Key, Strength::TypedName) => {
                    let why = match action {
                        Action::RollBack => "blue is not healthy any more",
                        _ => "green is worse by now",
                    };
                    Standing::Anew(permit, why.to_owned())
                }
                // A question never gets lighter while it is open: a letter of the name that is
                // being typed would confirm it.
                (None, strength, _) => {
                    permit.strength = strength;
                    Standing::Holds(permit)
                }
            }
        }
    }
}
