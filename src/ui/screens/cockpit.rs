//! One rollout: fixed lines above, the two sides and the evidence below.
//!
//! ```text
//! title                                           age of the data
//! phase                                       what happens next
//! rail of stages
//! traffic: asked for, listener, requests
//! verdict and its evidence
//! roll back: may I, can I, to what, how fast, until when
//! ┌ BLUE ──────────────┐┌ GREEN ─────────────┐
//! └────────────────────┘└────────────────────┘
//! alarms
//! events
//! notice
//! keys
//! ```
//!
//! The lines above the sides are the same in the same order at every size; below, what matters less
//! gives way.

use crate::app::{Cockpit, Overlay, Panel, State, View, select};
use crate::domain::Side;
use crate::ui::format::clean;
use crate::ui::pen::Pen;
use crate::ui::theme::Role;
use crate::ui::widgets::{
    caller, choices, dialog, events, field, guards, head, hints, rail, side, strip, title, traffic,
    verdict,
};

use crate::ui::words;

use super::{help, log, why};
use unicode_width::UnicodeWidthStr;

/// From here on the fixed lines have air between them.
const ROOMY_HEIGHT: u16 = 34;
const ROOMY_WIDTH: u16 = 100;
/// Frame, revision, tasks, targets, five metrics with the two that matter in two rows, marks.
const FULL_PANEL: u16 = 16;
/// The tallest a panel gets.
const TALLEST_PANEL: u16 = 26;
/// The least: frame, revision, tasks, requests, errors, p99.
const LEAST_PANEL: u16 = 7;

/// Draws the screen.
pub(crate) fn draw(pen: &mut Pen<'_>, state: &State, cockpit: &Cockpit) {
    let (width, height) = (pen.width(), pen.height());
    let roomy = height >= ROOMY_HEIGHT && width >= ROOMY_WIDTH;
    let top = fixed(pen, state, cockpit, roomy);
    hints::draw(&mut pen.part(0, height.saturating_sub(1), width, 1), state);
    let mut bottom = height.saturating_sub(1);
    if let Some((text, role)) = notice(state) {
        bottom = bottom.saturating_sub(1);
        pen.cut(1, bottom, width.saturating_sub(2), &text, role);
    }
    let body = bottom.saturating_sub(top);
    {
        let mut pen = pen.part(0, top, width, body);
        match cockpit.view {
            View::Panels => panels(&mut pen, state, cockpit),
            View::Expanded(panel) => expanded(&mut pen, state, cockpit, panel),
            View::Events => {
                frame(&mut pen, " events, newest first ");
                let mut inner = pen.part(1, 1, width.saturating_sub(2), body.saturating_sub(2));
                if !events::list(&mut inner, state, cockpit.scroll) {
                    inner.left(2, 0, "nothing has happened yet", Role::Dim);
                }
            }
            View::Why => {
                frame(&mut pen, " why: the numbers behind the verdict ");
                let mut inner = pen.part(1, 1, width.saturating_sub(2), body.saturating_sub(2));
                why::draw(&mut inner, cockpit);
            }
            View::Log => log::draw(&mut pen, cockpit),
        }
    }
    let mut pen = pen.part(0, top, width, body);
    match &state.overlay {
        Some(Overlay::Confirm(confirm)) => dialog::draw(&mut pen, state, cockpit, confirm),
        Some(Overlay::NewIdentity(asked)) => caller::draw(&mut pen, state, asked),
        Some(Overlay::Field(field)) => field::draw(&mut pen, state, field),
        Some(Overlay::Choosing(_)) => choices::draw(&mut pen, state),
        Some(Overlay::Help(scroll)) => help::draw(&mut pen, state, *scroll),
        None => {}
    }
}

/// The sentence above the keys: what has just happened, else what became of an order.
fn notice(state: &State) -> Option<(String, Role)> {
    if let Some(notice) = &state.notice {
        return Some((clean(&notice.text).into_owned(), Role::Strong));
    }
    let order = select::steps(state).and_then(|steps| words::order(&steps))?;
    Some((order, Role::Warning))
}

fn frame(pen: &mut Pen<'_>, title: &str) {
    pen.frame(&[(title, Role::Title)], &[], Role::Focus);
}

/// The fixed lines; the row after them.
fn fixed(pen: &mut Pen<'_>, state: &State, cockpit: &Cockpit, roomy: bool) -> u16 {
    let width = pen.width();
    title::draw(&mut pen.part(0, 0, width, 1), state, cockpit);
    let mut y = 1;
    if roomy {
        let rule = pen.glyphs().rule;
        pen.repeat(0, y, rule, width, Role::Border);
        aside(pen, y, 0, state);
        y += 1;
    }
    head::draw(&mut pen.part(0, y, width, 1), state, cockpit);
    let end = rail::draw(&mut pen.part(0, y + 1, width, 1), state, cockpit);
    if !roomy {
        aside(pen, y + 1, end, state);
    }
    y += 2 + u16::from(roomy);
    let rows = if roomy { 3 } else { 1 };
    traffic::draw(&mut pen.part(0, y, width, rows), state);
    y += rows + u16::from(roomy);
    let rows = if roomy { 2 } else { 1 };
    verdict::draw(&mut pen.part(0, y, width, rows), state, cockpit);
    y += rows;
    strip::draw(&mut pen.part(0, y, width, 1), state);
    y + 1 + u16::from(roomy)
}

/// What has no line of its own, at the right end of a row that is free from column `from` on:
/// which sources do not answer; else the truth of the demo.
fn aside(pen: &mut Pen<'_>, y: u16, from: u16, state: &State) {
    let room = usize::from(pen.width().saturating_sub(from + 2));
    let mut trouble = title::trouble(state);
    while trouble.len() > 1 && trouble.join("; ").width() + 3 > room {
        trouble.pop();
    }
    let (text, role) = match verdict::truth(state) {
        Some(truth) if trouble.is_empty() => (truth, Role::Dim),
        _ => (trouble.join("; "), Role::Warning),
    };
    if !text.is_empty() && text.width() + 3 <= room {
        pen.right(pen.width().saturating_sub(1), y, &format!(" {text} "), role);
    }
}

/// Both sides, the alarms and the newest events.
fn panels(pen: &mut Pen<'_>, state: &State, cockpit: &Cockpit) {
    let (width, height) = (pen.width(), pen.height());
    let tall = match height {
        0..=9 => height,
        10..=15 => height.saturating_sub(4),
        16..=24 => (height - 5).clamp(10, FULL_PANEL),
        _ => (height - 9).clamp(FULL_PANEL, TALLEST_PANEL),
    };
    let tall = if height >= LEAST_PANEL { tall.max(LEAST_PANEL.min(height)) } else { height };
    let half = width / 2;
    side::draw(&mut pen.part(0, 0, half, tall), state, cockpit, Side::Blue);
    side::draw(&mut pen.part(half, 0, width - half, tall), state, cockpit, Side::Green);
    if height <= tall {
        return;
    }
    mark_focus(pen, tall, cockpit, Panel::Guards);
    guards::line(&mut pen.part(0, tall, width, 1), cockpit);
    let mut y = tall + 1;
    // With room to spare the events have a heading of their own.
    if height.saturating_sub(y) > 6 {
        let focused = cockpit.focus == Panel::Events;
        pen.left(1, y, "events", if focused { Role::Focus } else { Role::Dim });
        y += 1;
    }
    let rows = height.saturating_sub(y);
    let scroll = if cockpit.focus == Panel::Events { cockpit.scroll } else { 0 };
    events::list(&mut pen.part(0, y, width, rows), state, scroll);
}

fn mark_focus(pen: &mut Pen<'_>, y: u16, cockpit: &Cockpit, panel: Panel) {
    if cockpit.focus == panel {
        let mark = pen.glyphs().choice.to_string();
        pen.left(0, y, &mark, Role::Focus);
    }
}

/// One panel over the whole width.
fn expanded(pen: &mut Pen<'_>, state: &State, cockpit: &Cockpit, panel: Panel) {
    let (width, height) = (pen.width(), pen.height());
    let side = match panel {
        Panel::Blue => Side::Blue,
        Panel::Green => Side::Green,
        Panel::Guards => {
            frame(pen, guards::title(cockpit));
            let mut inner = pen.part(1, 1, width.saturating_sub(2), height.saturating_sub(2));
            guards::list(&mut inner, state, cockpit);
            return;
        }
        Panel::Events => {
            frame(pen, " events, newest first ");
            let mut inner = pen.part(1, 1, width.saturating_sub(2), height.saturating_sub(2));
            events::list(&mut inner, state, cockpit.scroll);
            return;
        }
    };
    let charts =
        if height > 24 { height.saturating_sub(10).min(TALLEST_PANEL) } else { height * 3 / 5 };
    side::draw(&mut pen.part(0, 0, width, charts), state, cockpit, side);
    let rest = height.saturating_sub(charts);
    side::members(&mut pen.part(0, charts, width, rest), cockpit, side);
}
