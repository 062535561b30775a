//! What the program knows and shows: one value, changed only by `update`.

use std::collections::VecDeque;

use jiff::Timestamp;

use crate::domain::{
    Action, Fact, Identity, Percent, Permit, Policy, Refusal, Rollout, RolloutId, RolloutSummary,
    Rules, Shifting, Shiftings, Snapshot, Strength, Target, TimelineEvent, permit,
};
use crate::input::{Context, Focus, Keymap};
use crate::stats::Verdict;

use super::verdict::Judgement;
use super::{Confirm, Effect, Log, Overlay, Ramp, Track};

/// What does not change while the program runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Nothing may be sent.
    pub read_only: bool,
    /// The demo's scenario, when this is one.
    pub demo: Option<Demo>,
    /// What the configuration forbids or makes harder.
    pub rules: Rules,
    /// Whether the bell may ring.
    pub bell: bool,
    /// A random number drawn at start, part of every order's id.
    pub session: u32,
    /// How many seconds of AWS time pass in one of the person's: more than 1 in a rehearsal.
    pub speed: f64,
    /// How green is compared with blue, for each target.
    pub verdicts: crate::stats::Configs,
    /// How far a key shifts, where the weights are a person's to set.
    pub shifting: Shiftings,
    /// Which key says what.
    pub keymap: Keymap,
}

/// What is known of the simulated world besides what its APIs say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demo {
    /// The scenario's name.
    pub scenario: String,
    /// What is true of green in it.
    pub truth: String,
}

/// The metrics windows that can be chosen, in minutes.
pub const WINDOWS: [u32; 4] = [15, 30, 60, 120];

/// The panels that can be focused and expanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Panel {
    /// Blue's panel.
    Blue,
    /// Green's panel.
    Green,
    /// The alarms.
    Guards,
    /// The newest events.
    Events,
}

impl Panel {
    /// All of them, in the order of the focus.
    pub const ALL: [Panel; 4] = [Panel::Blue, Panel::Green, Panel::Guards, Panel::Events];
}

/// What covers the panels below the fixed lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// The panels.
    Panels,
    /// One panel over the whole width.
    Expanded(Panel),
    /// All events.
    Events,
    /// The numbers behind verdict and charts.
    Why,
    /// What the tasks of a side write.
    Log,
}

/// The screen of one target.
#[derive(Debug, Clone, PartialEq)]
pub struct Cockpit {
    /// The newest picture.
    pub snapshot: Box<Snapshot>,
    /// What is shown below the fixed lines.
    pub view: View,
    /// The panel that scrolls and expands.
    pub focus: Panel,
    /// First row shown of what scrolls.
    pub scroll: usize,
    /// Minutes of metrics shown; one of [`WINDOWS`].
    pub window: u32,
    /// Nobody asks the sources.
    pub rests: bool,
    /// What the statistics say; of the undone rollout while a rollback runs.
    pub verdict: Option<Judgement>,
    /// The rollout that the rollback undoes which runs now, as it was seen last.
    pub undone: Option<Box<Rollout>>,
    /// The newest order and how it stands.
    pub track: Option<Track>,
    /// The ramp that walks by itself.
    pub ramp: Option<Ramp>,
    /// What the program itself saw: health changes, orders, verdicts, sources that fail. Newest first.
    pub seen: VecDeque<TimelineEvent>,
    /// When the phase or split last changed, to show it bold for some seconds.
    pub changed: Option<Timestamp>,
    /// Permissions that were refused in this run.
    pub missing_permissions: Vec<String>,
    /// Permissions that were used successfully in this run.
    pub known_permissions: Vec<String>,
    /// What was read of the log that is looked at, or was last.
    pub log: Option<Box<Log>>,
    /// In whose name the person agreed to act: the first identity seen, then each acknowledged
    /// one. While the newest identity is another one, nothing is sent.
    pub trusted: Option<Identity>,
}

impl Cockpit {
    /// The screen of `target` before anything is known about it.
    pub fn new(target: Target, now: Timestamp) -> Self {
        Self {
            snapshot: Box::new(Snapshot::unasked(target, now)),
            view: View::Panels,
            focus: Panel::Green,
            scroll: 0,
            window: WINDOWS[1],
            rests: false,
            verdict: None,
            undone: None,
            track: None,
            ramp: None,
            seen: VecDeque::new(),
            changed: None,
            missing_permissions: Vec::new(),
            known_permissions: Vec::new(),
            log: None,
            trusted: None,
        }
    }

    /// The identity that took the place of the trusted one and was not acknowledged yet.
    pub fn new_identity(&self) -> Option<&Identity> {
        let now = self.snapshot.identity.value()?;
        let trusted = self.trusted.as_ref()?;
        (!same_caller(trusted, now)).then_some(now)
    }

    /// The order that was sent and not answered.
    pub fn unanswered(&self) -> Option<&Track> {
        self.track.as_ref().filter(|track| track.is_unanswered())
    }

    /// Whether the statistics say that green is worse.
    pub fn green_is_worse(&self) -> bool {
        self.verdict
            .as_ref()
            .is_some_and(|judgement| judgement.assessment.verdict == Verdict::Worse)
    }

    /// Whether `action` may be asked for now, by the one judge. What gives a worse green more traffic
    /// needs more than a second key.
    pub fn judge(&self, action: Action, settings: &Settings) -> Result<Permit, Refusal> {
        let policy = Policy {
            read_only: settings.read_only,
            missing_permissions: self.missing_permissions.clone(),
            last_order: self.track.as_ref().map(Track::leaves_room).unwrap_or_default(),
            identity_changed: self.new_identity().is_some(),
        };
        if let Some(why) = settings.rules.refuse(&self.snapshot, action) {
            return Err(why);
        }
        let mut permit = permit(&self.snapshot, action, &policy)?;
        let harder = self.gives_more(action) && self.green_is_worse();
        if permit.strength == Strength::Key && (harder || settings.rules.wants_name(action)) {
            permit.strength = Strength::TypedName;
        }
        permit.wants_reason = settings.rules.wants_reason(action);
        Ok(permit)
    }

    /// Whether an action gives green more traffic than it has.
    fn gives_more(&self, action: Action) -> bool {
        match action {
            Action::Continue | Action::Resume | Action::Terminate(_) => true,
            Action::Shift(share) => self.share().is_none_or(|now| share > now),
            Action::RollBack
            | Action::Stop
            | Action::Finish
            | Action::Pause
            | Action::Restart
            | Action::Undo(_) => false,
        }
    }

    /// The share of green that was asked for last, as a whole percentage.
    pub fn share(&self) -> Option<Percent> {
        let split = self.snapshot.rollout()?.traffic.planned.value()?;
        Percent::new(split.green.get().round() as u8)
    }
}

/// Whether both are the same caller in the same place. The session's name does not count: renewing
/// a role's credentials draws a new one.
fn same_caller(a: &Identity, b: &Identity) -> bool {
    a.account == b.account && a.region == b.region && a.name() == b.name()
}

/// The list of rollouts to choose from.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Picker {
    /// The screen that the list was opened from. Nothing means that the program started without a
    /// target: then a single rollout is watched without being chosen.
    pub behind: Option<Box<Cockpit>>,
    /// What runs in the account and Region.
    pub rollouts: Fact<Vec<RolloutSummary>>,
    /// The row under the cursor, by identity and not by number: rows move.
    pub selected: Option<RolloutId>,
}

/// What fills the terminal.
#[derive(Debug, Clone, PartialEq)]
pub enum Screen {
    /// Looking for a rollout, or several to choose from.
    Picker(Picker),
    /// One target.
    Cockpit(Box<Cockpit>),
}

impl Screen {
    /// The cockpit, also when the list covers it.
    pub fn cockpit(&self) -> Option<&Cockpit> {
        match self {
            Screen::Cockpit(cockpit) => Some(cockpit),
            Screen::Picker(picker) => picker.behind.as_deref(),
        }
    }
}

/// One line above the hint bar that goes away by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The sentence.
    pub text: String,
    /// Until when it is shown.
    pub until: Timestamp,
}

/// Everything the program knows and shows.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The newest moment that came in with an event, in AWS time.
    pub now: Timestamp,
    /// Columns of the terminal.
    pub width: u16,
    /// Rows of the terminal.
    pub height: u16,
    /// What does not change.
    pub settings: Settings,
    /// What fills the terminal.
    pub screen: Screen,
    /// What stands above it.
    pub overlay: Option<Overlay>,
    /// A sentence for some seconds.
    pub notice: Option<Notice>,
    /// How many orders were prepared so far: the second part of their ids.
    pub orders: u32,
    /// For which code of a multi-factor device the field has opened already, counted by those that
    /// were tried before it.
    pub(super) code_asked: Option<u32>,
}

impl State {
    /// The program at its start: the screen of `target`, or the search for a rollout.
    pub fn new(settings: Settings, target: Option<Target>, now: Timestamp) -> Self {
        Self {
            now,
            width: 80,
            height: 24,
            settings,
            screen: match target {
                Some(target) => Screen::Cockpit(Box::new(Cockpit::new(target, now))),
                None => Screen::Picker(Picker::default()),
            },
            overlay: None,
            notice: None,
            orders: 0,
            code_asked: None,
        }
    }

    /// What has to be done in the world before the first event.
    pub fn opening(&self) -> Vec<Effect> {
        match &self.screen {
            Screen::Cockpit(cockpit) => {
                vec![Effect::Watch(cockpit.snapshot.target.clone()), Effect::Window(cockpit.window)]
            }
            Screen::Picker(_) => vec![Effect::List],
        }
    }

    /// The cockpit, also when the list covers it.
    pub fn cockpit(&self) -> Option<&Cockpit> {
        self.screen.cockpit()
    }

    /// How a person shifts what is watched.
    pub fn shifting(&self) -> &Shifting {
        match self.cockpit() {
            Some(cockpit) => self.settings.shifting.of(&cockpit.snapshot.target),
            None => self.settings.shifting.common(),
        }
    }

    /// The cockpit, also when the list covers it.
    pub(super) fn cockpit_mut(&mut self) -> Option<&mut Cockpit> {
        match &mut self.screen {
            Screen::Cockpit(cockpit) => Some(cockpit),
            Screen::Picker(picker) => picker.behind.as_deref_mut(),
        }
    }

    /// The open question before an order.
    pub fn confirm(&self) -> Option<&Confirm> {
        match &self.overlay {
            Some(Overlay::Confirm(confirm)) => Some(confirm),
            Some(
                Overlay::Help(_)
                | Overlay::Field(_)
                | Overlay::Choosing(_)
                | Overlay::NewIdentity(_),
            )
            | None => None,
        }
    }

    /// Where the keyboard is heard.
    pub fn focus(&self) -> Focus {
        let context = match (&self.overlay, &self.screen) {
            (Some(_), _) => Context::Dialog,
            (None, Screen::Picker(_)) => Context::List,
            (None, Screen::Cockpit(_)) => Context::Cockpit,
        };
        let typing = match &self.overlay {
            Some(Overlay::Confirm(confirm)) => confirm.wants_text(),
            Some(Overlay::Field(_)) => true,
            Some(Overlay::Help(_) | Overlay::Choosing(_) | Overlay::NewIdentity(_)) | None => false,
        };
        Focus { context, typing }
    }
}
