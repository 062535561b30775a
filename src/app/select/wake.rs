//! When the picture changes by itself.

use jiff::{SignedDuration, Timestamp};

use super::super::update::{DEAF, later};
use super::super::{Cockpit, Overlay, Screen, State};
use super::staleness::{Freshness, old_from, staleness};

/// How long something that has changed is shown in bold.
const BOLD: SignedDuration = SignedDuration::from_secs(5);

/// Whether phase or split changed moments ago.
pub fn just_changed(state: &State) -> bool {
    let changed = state.cockpit().and_then(|cockpit| cockpit.changed);
    changed.is_some_and(|at| state.now < later(at, state.for_person(BOLD)))
}

/// The next moment at which the picture changes although nothing happens; nothing when it would
/// stay the same for ever.
pub fn next_wake(state: &State) -> Option<Timestamp> {
    let notice = state.notice.as_ref().map(|notice| notice.until);
    let deaf = state.for_person(DEAF);
    let opened = match &state.overlay {
        Some(Overlay::Confirm(confirm)) => Some(later(confirm.opened, deaf)),
        Some(Overlay::NewIdentity(question)) => Some(later(question.opened, deaf)),
        Some(Overlay::Field(field)) => Some(later(field.opened, deaf)),
        Some(Overlay::Choosing(list)) => Some(later(list.opened, deaf)),
        Some(Overlay::Help(_)) | None => None,
    };
    let cockpit = match &state.screen {
        Screen::Cockpit(cockpit) => wake_of(state, cockpit),
        Screen::Picker(_) => None,
    };
    [notice, opened, cockpit].into_iter().flatten().filter(|at| *at > state.now).min()
}

fn wake_of(state: &State, cockpit: &Cockpit) -> Option<Timestamp> {
    if ticks(state, cockpit) || cockpit.ramp.is_some() {
        return Some(next_second(state.now));
    }
    let bold = cockpit.changed.map(|at| later(at, state.for_person(BOLD)));
    let old = cockpit.snapshot.readings.values().filter_map(old_from);
    old.chain(bold).filter(|at| *at > state.now).min()
}

/// Whether something on the screen counts seconds: a rollout that goes on, an order on its way, or
/// data whose age is worth a number.
fn ticks(state: &State, cockpit: &Cockpit) -> bool {
    cockpit.snapshot.rollout().is_some_and(|rollout| !rollout.phase.is_over())
        || cockpit.track.as_ref().is_some_and(|track| !track.outcome.is_final())
        || staleness(state)
            .iter()
            .any(|source| source.state != Freshness::Fresh && source.age.is_some())
}

/// The next whole second after `now`, in AWS time: countdowns and clocks change there.
fn next_second(now: Timestamp) -> Timestamp {
    let whole = Timestamp::from_second(now.as_second()).unwrap_or(now);
    let floor = if whole > now { later(whole, SignedDuration::from_secs(-1)) } else { whole };
    later(floor, SignedDuration::from_secs(1))
}
