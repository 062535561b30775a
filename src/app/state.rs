//! What the program knows and shows: one value, changed only by `update`.

use std::collections::VecDeque;

use jiff::Timestamp;

use crate::domain::{
    Fact, OrderId, Permit, RolloutId, RolloutSummary, Snapshot, Target, TimelineEvent,
};

use super::Track;

/// What does not change while the program runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Nothing may be sent.
    pub read_only: bool,
    /// The demo's scenario, when this is one.
    pub demo: Option<Demo>,
    /// Whether the bell may ring.
    pub bell: bool,
    /// A random number drawn at start, part of every order's id.
    pub session: u32,
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
    pub paused: bool,
    /// The newest order and how it stands.
    pub track: Option<Track>,
    /// What the program itself saw: health changes, orders, verdicts, sources that fail. Newest first.
    pub seen: VecDeque<TimelineEvent>,
    /// When the phase or split last changed, to show it bold for some seconds.
    pub changed: Option<Timestamp>,
    /// Permissions that were refused in this run.
    pub missing_permissions: Vec<String>,
    /// Permissions that were used successfully in this run.
    pub known_permissions: Vec<String>,
}

/// The list of rollouts to choose from.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Picker {
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

/// The choices of a dialog, the safe one first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Choice {
    /// Do nothing.
    #[default]
    Keep,
    /// Do it.
    Act,
}

/// The question before an order.
#[derive(Debug, Clone, PartialEq)]
pub struct Confirm {
    /// What would be done, with which call and on which state.
    pub permit: Permit,
    /// The id the order will have: its call already carries it.
    pub order: OrderId,
    /// What is watched.
    pub target: Target,
    /// The name that has to be typed where the permit asks for one.
    pub name: String,
    /// What has been typed so far.
    pub typed: String,
    /// The focused choice.
    pub choice: Choice,
    /// When it opened: keys of the first 300 ms are dropped.
    pub opened: Timestamp,
    /// Why the last attempt to confirm did nothing.
    pub complaint: Option<String>,
}

/// What stands above everything else.
#[derive(Debug, Clone, PartialEq)]
pub enum Overlay {
    /// The question before an order.
    Confirm(Box<Confirm>),
    /// The keys; the number is the first row shown.
    Help(usize),
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
}
