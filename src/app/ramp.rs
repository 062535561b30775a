//! A ramp: shares of green one after the other, walked while the program runs.
//!
//! A person arms it with one yes; every step of it is an order like any other, judged and audited.
//! It lives in this state alone: a program that is started again knows nothing of it.

use jiff::{SignedDuration, Timestamp};

use crate::domain::{
    Action, GuardState, OrderId, Percent, Permit, Refusal, Shifting, StandingWord, Strength,
};

use super::update::later;
use super::{Cockpit, Effect, Outcome, Overlay, Settings, State, confirm, select};

/// Shares of the requests that differ by less, in points, are the same.
const SAME: f64 = 0.5;

/// A ramp on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ramp {
    steps: Vec<Percent>,
    every: SignedDuration,
    /// Which step was ordered last, counted from 0.
    at: usize,
    /// When the share of that step was seen in force.
    reached: Option<Timestamp>,
    /// Why it was armed, where that was asked for: it holds for every step.
    pub(super) reason: Option<String>,
}

impl Ramp {
    /// The steps of `plan` above the present share; nothing when there are none.
    pub(super) fn from(plan: &Shifting, share: Percent) -> Option<Self> {
        let steps: Vec<Percent> = plan.ramp.iter().copied().filter(|step| *step > share).collect();
        let ramp = Self { steps, every: plan.every, at: 0, reached: None, reason: None };
        (!ramp.steps.is_empty()).then_some(ramp)
    }

    /// The share that was ordered last.
    pub fn share(&self) -> Percent {
        self.steps.get(self.at).copied().unwrap_or(Percent::NONE)
    }

    /// All shares, rising.
    pub fn steps(&self) -> &[Percent] {
        &self.steps
    }

    /// How long each share is held.
    pub fn every(&self) -> SignedDuration {
        self.every
    }

    /// How many steps were ordered.
    pub fn ordered(&self) -> usize {
        self.at + 1
    }

    /// Whether the share of the newest step was seen in force.
    pub fn is_reached(&self) -> bool {
        self.reached.is_some()
    }

    /// The next share and when it is due; nothing before the present one is in force, and at the end.
    pub fn next(&self) -> Option<(Percent, Timestamp)> {
        Some((*self.steps.get(self.at + 1)?, later(self.reached?, self.every)))
    }

    /// Which step it is, as it is written down with the order.
    pub(super) fn words(&self) -> String {
        format!("step {} of {} of a ramp", self.at + 1, self.steps.len())
    }
}

/// What a ramp does at this moment.
enum Turn {
    /// Nothing.
    Wait,
    /// Its newest share is in force from now on.
    Reached,
    /// The next step is due.
    Step(Box<Permit>),
    /// The last share is in force.
    End,
    /// It stops where it is.
    Stop(String),
}

/// Goes on with the ramp, if there is one: called after everything that happens.
pub(super) fn walk(state: &mut State) -> Vec<Effect> {
    let Some(cockpit) = state.cockpit() else { return Vec::new() };
    let Some(ramp) = &cockpit.ramp else { return Vec::new() };
    let turn = turn(ramp, cockpit, state);
    let (now, number) = (state.now, state.orders.saturating_add(1));
    let id = OrderId::new(state.settings.session, number);
    let Some(ramp) = state.cockpit_mut().and_then(|cockpit| cockpit.ramp.as_mut()) else {
        return Vec::new();
    };
    match turn {
        Turn::Wait => Vec::new(),
        Turn::Reached => {
            ramp.reached = Some(now);
            Vec::new()
        }
        Turn::Step(permit) => {
            (ramp.at, ramp.reached) = (ramp.at + 1, None);
            let why = confirm::Why { part_of: Some(ramp.words()), reason: ramp.reason.clone() };
            state.orders = number;
            confirm::give(state, *permit, id, why)
        }
        Turn::End => {
            end(state, "the ramp is at its end");
            vec![Effect::Bell]
        }
        Turn::Stop(why) => {
            stop(state, &why);
            vec![Effect::Bell]
        }
    }
}

/// Ends the ramp where it is; false when there was none.
pub(super) fn stop(state: &mut State, why: &str) -> bool {
    let Some(ramp) = state.cockpit().and_then(|cockpit| cockpit.ramp.as_ref()) else {
        return false;
    };
    let text = format!("the ramp stops at {}: {why}", ramp.share());
    end(state, &text);
    true
}

fn end(state: &mut State, text: &str) {
    let now = state.now;
    if let Some(cockpit) = state.cockpit_mut() {
        cockpit.ramp = None;
        cockpit.note_person(now, text.to_owned());
    }
    state.say(text);
}

fn turn(ramp: &Ramp, cockpit: &Cockpit, state: &State) -> Turn {
    if let Some(why) = danger(cockpit) {
        return Turn::Stop(why);
    }
    let Some(track) = &cockpit.track else {
        return Turn::Stop("its order was lost from sight".to_owned());
    };
    match &track.outcome {
        Outcome::Done => {}
        Outcome::OnItsWay | Outcome::Unknown(_) => return Turn::Wait,
        Outcome::Void(_) | Outcome::NotAudited(_) | Outcome::Refused(_) | Outcome::Failed(_) => {
            return Turn::Stop("its step was not carried out".to_owned());
        }
    }
    // On old data nothing is stepped; nor is anything said of it.
    let Some(Some(rollout)) = cockpit.snapshot.rollout.fresh() else { return Turn::Wait };
    let Some(split) = rollout.traffic.planned.fresh() else { return Turn::Wait };
    if !split.green.is_near(ramp.share().split().green, SAME) {
        return Turn::Stop("the weights were set by somebody else".to_owned());
    }
    if ramp.reached.is_none() {
        return Turn::Reached;
    }
    let Some((share, due)) = ramp.next() else { return Turn::End };
    let asked = matches!(
        state.overlay,
        Some(Overlay::Confirm(_) | Overlay::Field(_) | Overlay::NewIdentity(_))
    );
    if state.now < due || asked || !select::is_live(state) {
        return Turn::Wait;
    }
    step(cockpit, share, &state.settings)
}

fn step(cockpit: &Cockpit, share: Percent, settings: &Settings) -> Turn {
    match cockpit.judge(Action::Shift(share), settings) {
        Ok(permit) if permit.strength == Strength::Key => Turn::Step(Box::new(permit)),
        Ok(_) => Turn::Stop("green is not known to be healthy".to_owned()),
        Err(Refusal::OrderOnItsWay) => Turn::Wait,
        Err(why) => Turn::Stop(why.to_string()),
    }
}

/// What stops a ramp at once.
fn danger(cockpit: &Cockpit) -> Option<String> {
    if cockpit.green_is_worse() {
        return Some("green is worse".to_owned());
    }
    let green = cockpit.snapshot.rollout().and_then(|rollout| rollout.green.runs.as_ref());
    let stands = green.and_then(|runs| Some((runs, runs.standing.value()?)));
    if let Some((runs, stands)) = stands
        && stands.word == StandingWord::Degraded
    {
        return Some(format!("green's {} is Degraded", runs.workload.kind.word()));
    }
    let guards = cockpit.snapshot.guards.value().map_or(&[][..], Vec::as_slice);
    let firing = guards.iter().find(|guard| guard.state == GuardState::Alarm)?;
    Some(format!("the alarm {} fires", firing.name))
}
