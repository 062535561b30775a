//! The log of one side: asked for while somebody looks at it, and only then.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};

use crate::domain::{
    Environment, Fact, Fault, FaultKind, LogLine, LogPage, LogPlace, LogQuestion, Side, Snapshot,
    Task,
};

use super::{Cockpit, Effect, Panel, Screen, State, View};

/// How often it is asked for, in AWS time.
const PERIOD: SignedDuration = SignedDuration::from_secs(4);
/// How long after a failure that passes by itself.
const RETRY: SignedDuration = SignedDuration::from_secs(10);
/// What was read this long ago is not gone on with.
const GAP: SignedDuration = SignedDuration::from_mins(5);
/// How many rows are kept.
const KEPT: usize = 2000;
/// How many tasks are asked for.
const TASKS: usize = 100;

/// The log of a side, as far as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Log {
    /// Whose.
    pub side: Side,
    /// The rows, oldest first.
    pub lines: Fact<Vec<LogLine>>,
    /// What is missing in the newest of them, and why.
    pub left_out: Option<String>,
    /// Whether rows are shown whole, over as many lines as they take.
    pub whole: bool,
    /// A question is on its way, or it has no sense to ask again by itself.
    waits: bool,
}

impl Log {
    fn of(side: Side) -> Self {
        Self { side, lines: Fact::Unasked, left_out: None, whole: false, waits: false }
    }
}

/// Why there is nothing to ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoLog<'a> {
    /// It is not known yet where the side writes.
    NotKnownYet,
    /// The side writes nothing that can be read.
    Unreadable(&'a Fault),
    /// The side has no tasks.
    NoTasks,
}

/// What a side runs, also while there is no rollout.
fn environment(snapshot: &Snapshot, side: Side) -> Option<&Environment> {
    match (snapshot.rollout(), side) {
        (Some(rollout), side) => Some(rollout.side(side)),
        (None, Side::Blue) => snapshot.at_rest.as_ref(),
        (None, Side::Green) => None,
    }
}

/// Where a side writes and which of its tasks are asked for, those in trouble first; else why not.
pub fn source(snapshot: &Snapshot, side: Side) -> Result<(&LogPlace, Vec<String>), NoLog<'_>> {
    let own = environment(snapshot, side).ok_or(NoLog::NoTasks)?;
    let place = match (own.log.value(), own.log.fault()) {
        (Some(place), _) => place,
        (None, Some(fault)) => return Err(NoLog::Unreadable(fault)),
        (None, None) => return Err(NoLog::NotKnownYet),
    };
    let mut tasks: Vec<&Task> = match (own.task_list.value(), own.task_list.fault()) {
        (Some(tasks), _) => tasks.iter().collect(),
        (None, Some(fault)) => return Err(NoLog::Unreadable(fault)),
        (None, None) => return Err(NoLog::NotKnownYet),
    };
    tasks.sort_by_key(|task| !is_in_trouble(task));
    let ids: Vec<String> = tasks.iter().take(TASKS).map(|task| task.id.clone()).collect();
    if ids.is_empty() { Err(NoLog::NoTasks) } else { Ok((place, ids)) }
}

fn is_in_trouble(task: &Task) -> bool {
    task.exit_code.is_some_and(|code| code != 0) || task.health.as_deref() == Some("UNHEALTHY")
}

/// Shows the log of the focused side, green's where none is; or the panels again.
pub(super) fn toggle(cockpit: &mut Cockpit, now: Timestamp) {
    cockpit.scroll = 0;
    if cockpit.view == View::Log {
        cockpit.view = View::Panels;
        return;
    }
    cockpit.view = View::Log;
    let side = match cockpit.focus {
        Panel::Blue => Side::Blue,
        Panel::Green | Panel::Guards | Panel::Events => Side::Green,
    };
    let side = if cockpit.snapshot.rollout().is_some() { side } else { Side::Blue };
    let goes_on = |log: &Log| {
        log.side == side && log.lines.at().is_some_and(|at| now.duration_since(at) < GAP)
    };
    if !cockpit.log.as_deref().is_some_and(goes_on) {
        cockpit.log = Some(Box::new(Log::of(side)));
    }
}

/// Shows the other side's.
pub(super) fn turn(cockpit: &mut Cockpit) {
    let Some(log) = &mut cockpit.log else { return };
    let (side, panel) = match log.side {
        Side::Blue => (Side::Green, Panel::Green),
        Side::Green => (Side::Blue, Panel::Blue),
    };
    **log = Log { whole: log.whole, ..Log::of(side) };
    (cockpit.focus, cockpit.scroll) = (panel, 0);
}

/// Asks again now.
pub(super) fn refresh(state: &mut State) -> Vec<Effect> {
    if let Some(log) = state.cockpit_mut().and_then(|cockpit| cockpit.log.as_mut()) {
        log.waits = false;
    }
    ask(state, SignedDuration::ZERO)
}

/// Asks for what is looked at, if nobody does so yet: called after everything that happens.
pub(super) fn go_on(state: &mut State) -> Vec<Effect> {
    let log = state.cockpit().and_then(|cockpit| cockpit.log.as_deref());
    let after = match log.map(|log| &log.lines) {
        Some(Fact::Known { .. }) => PERIOD,
        Some(Fact::Stale { .. } | Fact::Unknown { .. }) => RETRY,
        Some(Fact::Unasked) | None => SignedDuration::ZERO,
    };
    ask(state, after)
}

fn ask(state: &mut State, after: SignedDuration) -> Vec<Effect> {
    let Screen::Cockpit(cockpit) = &mut state.screen else { return Vec::new() };
    let Some(log) = cockpit.log.as_mut().filter(|_| cockpit.view == View::Log) else {
        return Vec::new();
    };
    if log.waits || cockpit.rests {
        return Vec::new();
    }
    let Ok((place, tasks)) = source(&cockpit.snapshot, log.side) else { return Vec::new() };
    let newest = log.lines.value().and_then(|lines| lines.last()).map(|line| line.at);
    let question = LogQuestion {
        target: cockpit.snapshot.target.clone(),
        side: log.side,
        place: place.clone(),
        tasks,
        since: newest.or(log.lines.at()),
    };
    log.waits = true;
    vec![Effect::ReadLog { question: Box::new(question), after }]
}

/// Takes in what was read.
pub(super) fn hear(state: &mut State, question: &LogQuestion, page: Result<LogPage, Fault>) {
    let now = state.now;
    let Some(cockpit) = state.cockpit_mut() else { return };
    let Some(log) = cockpit.log.as_mut().filter(|log| log.side == question.side) else { return };
    if cockpit.snapshot.target != question.target {
        return;
    }
    // What a person has to mend first is not asked for again and again.
    // A group or a pod may still be made.
    let passes = |fault: &Fault| fault.passes_by_itself() || fault.kind == FaultKind::NotFound;
    log.waits = page.as_ref().is_err_and(|fault| !passes(fault));
    let read = page.map(|page| {
        log.left_out = page.left_out;
        let known = log.lines.value().map_or(&[][..], Vec::as_slice);
        let have: HashSet<&str> = known.iter().map(|line| line.id.as_str()).collect();
        let mut new = page.lines;
        new.retain(|line| !have.contains(&*line.id));
        let (mut lines, new) = ([known, &new].concat(), new.len());
        lines.sort_by_key(|line| line.at);
        lines.drain(..lines.len().saturating_sub(KEPT));
        // Whoever reads further back stays there.
        if cockpit.scroll > 0 && cockpit.view == View::Log {
            cockpit.scroll = cockpit.scroll.saturating_add(new).min(lines.len());
        }
        lines
    });
    log.lines = std::mem::take(&mut log.lines).after(read, now);
}
