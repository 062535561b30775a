//! The one function through which everything enters.

use jiff::{SignedDuration, Timestamp};

use crate::domain::Target;

use super::{
    Effect, Event, Notice, Overlay, Stamped, State, code, confirm, field, follow, log, navigate,
    observe, ramp,
};

/// Keys of the first moments of a dialog were meant for what it covers.
pub const DEAF: SignedDuration = SignedDuration::from_millis(300);

/// How long a notice stands.
const NOTICE: SignedDuration = SignedDuration::from_secs(6);

/// Folds one event into the state; the effects are what the world shall do about it.
///
/// Pure: the same state and event always give the same state and effects. Time comes with the
/// event.
pub fn update(state: &mut State, stamped: Stamped<Event>) -> Vec<Effect> {
    let Stamped { at, event } = stamped;
    state.now = at;
    if state.notice.as_ref().is_some_and(|notice| notice.until <= at) {
        state.notice = None;
    }
    let mut effects = match event {
        Event::Command(command) => navigate::command(state, command),
        Event::Typed(c) if field::is_open(state) => field::typed(state, c),
        Event::Erased if field::is_open(state) => field::erased(state),
        Event::Typed(c) => confirm::typed(state, c),
        Event::Erased => confirm::erased(state),
        Event::Pasted => {
            if state.overlay.is_some() {
                state.say("pasted text confirms nothing");
            }
            Vec::new()
        }
        Event::Resized { width, height } => {
            (state.width, state.height) = (width, height);
            Vec::new()
        }
        Event::Observed(snapshot) => {
            let effects = observe::snapshot(state, *snapshot);
            code::notice(state);
            effects
        }
        Event::Listed(found) => {
            let effects = observe::listed(state, found);
            code::notice(state);
            effects
        }
        Event::LogRead { question, page } => {
            log::hear(state, &question, page);
            Vec::new()
        }
        Event::Acted { order, progress } => follow::acted(state, &order, progress),
        Event::Unresolved { target, text } => unresolved(state, &target, text),
        Event::Copied(done) => {
            state.say(done.map_or_else(|why| format!("not copied: {why}"), |()| "copied".into()));
            Vec::new()
        }
        Event::Broken(text) => follow::broken(state, text),
        // A picture decides nothing.
        Event::Drawn { furthest } => {
            navigate::stop_at(state, furthest);
            return Vec::new();
        }
        Event::Woke => Vec::new(),
    };
    effects.extend(ramp::walk(state));
    effects.extend(log::go_on(state));
    if !state.settings.bell {
        effects.retain(|effect| *effect != Effect::Bell);
    }
    effects
}

/// An order of an earlier run whose end was never written down.
fn unresolved(state: &mut State, target: &Target, text: String) -> Vec<Effect> {
    let now = state.now;
    if let Some(cockpit) = state.cockpit_mut()
        && cockpit.snapshot.target == *target
    {
        cockpit.note_person(now, text.clone());
    }
    state.say(text);
    Vec::new()
}

impl State {
    /// Shows a sentence for some seconds.
    pub(super) fn say(&mut self, text: impl Into<String>) {
        let until = later(self.now, self.for_person(NOTICE));
        self.notice = Some(Notice { text: text.into(), until });
    }

    /// How much AWS time passes while this much passes for the person. All that is there for eyes
    /// and fingers is measured in their time, however fast a rehearsal runs.
    pub(super) fn for_person(&self, span: SignedDuration) -> SignedDuration {
        let seconds = span.as_secs_f64() * self.settings.speed.max(1.0);
        SignedDuration::try_from_secs_f64(seconds).unwrap_or(span)
    }

    /// Whether a dialog opened so lately that keys are not meant for it. A clock that was set back
    /// makes it deaf once more, not until the old time comes round again.
    pub(super) fn is_deaf(&mut self) -> bool {
        let (now, deaf) = (self.now, self.for_person(DEAF));
        let opened = match &mut self.overlay {
            Some(Overlay::Confirm(confirm)) => &mut confirm.opened,
            Some(Overlay::NewIdentity(question)) => &mut question.opened,
            Some(Overlay::Field(field)) => &mut field.opened,
            Some(Overlay::Choosing(list)) => &mut list.opened,
            Some(Overlay::Help(_)) | None => return false,
        };
        *opened = (*opened).min(now);
        now < later(*opened, deaf)
    }
}

/// `at` plus `duration`, or the end of time.
pub(super) fn later(at: Timestamp, duration: SignedDuration) -> Timestamp {
    at.saturating_add(duration).unwrap_or(Timestamp::MAX)
}
