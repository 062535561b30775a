//! A person at the keyboard: keys by their names, time by the second.

use cutover::app::{Effect, Event, Settings, Stamped, State, hear, update};
use cutover::domain::{Order, Shiftings, Snapshot, Target};
use cutover::input::{Keymap, Stroke};
use jiff::{SignedDuration, Timestamp};

/// The settings of an ordinary start.
pub(crate) fn settings() -> Settings {
    Settings {
        read_only: false,
        demo: None,
        bell: true,
        session: 0xc0de,
        speed: 1.0,
        keymap: Keymap::embedded().unwrap(),
        verdicts: cutover::stats::Configs::default(),
        shifting: Shiftings::default(),
        rules: cutover::domain::Rules::default(),
    }
}

/// The program with a person before it.
pub(crate) struct Desk {
    /// What the program knows and shows.
    pub(crate) state: State,
    /// Everything it wanted done since the last [`Desk::take`].
    pub(crate) effects: Vec<Effect>,
    /// How many entries of its own the first picture led to.
    first: usize,
}

impl Desk {
    /// The cockpit of the target of `snapshot`, with this picture.
    pub(crate) fn watching(snapshot: Snapshot) -> Self {
        Self::with(settings(), snapshot)
    }

    /// The same with other settings.
    pub(crate) fn with(settings: Settings, snapshot: Snapshot) -> Self {
        let target = Some(snapshot.target.clone());
        let mut desk = Self::starting(settings, target, snapshot.taken);
        desk.sees(snapshot);
        desk.effects.clear();
        desk.first = desk.state.cockpit().map_or(0, |cockpit| cockpit.seen.len());
        desk
    }

    /// The program before anything has happened.
    pub(crate) fn starting(settings: Settings, target: Option<Target>, now: Timestamp) -> Self {
        Self { state: State::new(settings, target, now), effects: Vec::new(), first: 0 }
    }

    /// The program as it stands after some time.
    pub(crate) fn before(state: State) -> Self {
        Self { state, effects: Vec::new(), first: 0 }
    }

    /// Something happens, at the moment it is.
    pub(crate) fn happens(&mut self, event: Event) -> &mut Self {
        let at = self.state.now;
        self.effects.extend(update(&mut self.state, Stamped { at, event }));
        self
    }

    /// A new picture comes in; the clock goes on to when it was taken.
    pub(crate) fn sees(&mut self, snapshot: Snapshot) -> &mut Self {
        self.state.now = self.state.now.max(snapshot.taken);
        self.happens(Event::Observed(Box::new(snapshot)))
    }

    /// Time goes by.
    pub(crate) fn waits(&mut self, milliseconds: i64) -> &mut Self {
        self.state.now += SignedDuration::from_millis(milliseconds);
        self
    }

    /// A second goes by, then a key is pressed.
    pub(crate) fn presses(&mut self, key: &str) -> &mut Self {
        self.waits(1000).strikes(key)
    }

    /// A key is pressed at once.
    pub(crate) fn strikes(&mut self, key: &str) -> &mut Self {
        self.strokes(key, false)
    }

    /// The keyboard says that a key is held down.
    pub(crate) fn holds(&mut self, key: &str) -> &mut Self {
        self.waits(1000).strokes(key, true)
    }

    fn strokes(&mut self, key: &str, held: bool) -> &mut Self {
        let stroke = Stroke { key: key.parse().unwrap(), held };
        match hear(&self.state, stroke) {
            Some(event) => self.happens(event),
            None => self,
        }
    }

    /// A second goes by, then a text is typed.
    pub(crate) fn types(&mut self, text: &str) -> &mut Self {
        self.waits(1000);
        for c in text.chars() {
            let key = if c == ' ' { "space".to_owned() } else { c.to_string() };
            self.strikes(&key);
        }
        self
    }

    /// The effects so far, each once.
    pub(crate) fn take(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// The orders given so far.
    pub(crate) fn orders(&self) -> Vec<&Order> {
        let mut orders = Vec::new();
        for effect in &self.effects {
            if let Effect::Act(order) = effect {
                orders.push(order.as_ref());
            }
        }
        orders
    }

    /// The sentence that is shown for some seconds.
    pub(crate) fn notice(&self) -> &str {
        self.state.notice.as_ref().map_or("", |notice| notice.text.as_str())
    }

    /// What the open question complains about.
    pub(crate) fn complaint(&self) -> &str {
        let confirm = self.state.confirm();
        confirm.and_then(|confirm| confirm.complaint.as_deref()).unwrap_or("")
    }

    /// What the program itself wrote into the timeline since the first picture, newest first.
    pub(crate) fn seen(&self) -> Vec<&str> {
        let Some(cockpit) = self.state.cockpit() else { return Vec::new() };
        let new = cockpit.seen.len() - self.first;
        cockpit.seen.iter().take(new).map(|event| event.text.as_str()).collect()
    }
}
