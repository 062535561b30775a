//! What it looks like: `draw` paints a state and changes nothing.
//!
//! | module | what |
//! |---|---|
//! | `screens` | whole screens: the cockpit, the list, the help, the numbers behind the verdict |
//! | `widgets` | their pieces |
//! | `words`, `sentence` | how things are said, and how the verdict is |
//! | `format` | how numbers and foreign text are written |
//! | `theme` | roles, colours and marks; the only file that names a colour |
//! | `pen`, `line` | writing into the buffer, always inside; rows that scroll |
//! | `svg` | a buffer as a picture |
//!
//! Rows are written straight into the buffer: a frame needs no layout solver and few allocations.

mod format;
mod line;
mod pen;
mod screens;
mod sentence;
mod svg;
mod theme;
mod widgets;
mod words;

use std::cell::Cell;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::select::Steps;
use crate::app::{Screen, State};

pub use format::clean;
use pen::Pen;
pub use sentence::verdict_sentence;
pub use svg::svg;
pub use theme::{Glyphs, Role, Theme};

/// The smallest terminal that holds the fixed lines and the least of the panels.
const LEAST: (u16, u16) = (60, 16);

/// Draws the state over the whole frame; the furthest row to which what is shown can be scrolled.
pub fn draw(state: &State, theme: &Theme, frame: &mut Frame<'_>) -> usize {
    paint(state, theme, frame.buffer_mut())
}

/// The open question as plain lines: what it asks, what will happen, in whose name, and the AWS CLI
/// line that does the same. Nothing when nothing is asked.
pub fn question(state: &State) -> Option<Vec<String>> {
    Some(widgets::dialog::plain(state, state.cockpit()?, state.confirm()?))
}

/// The steps of an order that are done, one a line.
pub fn steps(steps: &Steps) -> Vec<String> {
    widgets::rail::done(steps)
}

/// The state as a picture of its own size.
pub fn picture(state: &State, theme: &Theme) -> String {
    let mut buffer = Buffer::empty(Rect::new(0, 0, state.width, state.height));
    paint(state, theme, &mut buffer);
    svg(&buffer)
}

/// Draws the state over the whole buffer; the furthest row to which what is shown can be scrolled.
pub fn paint(state: &State, theme: &Theme, buffer: &mut Buffer) -> usize {
    let area = buffer.area;
    let furthest = Cell::new(usize::MAX);
    let mut pen = Pen::new(buffer, area, theme, &furthest);
    if area.width < LEAST.0 || area.height < LEAST.1 {
        too_small(&mut pen, state);
    } else {
        match &state.screen {
            Screen::Cockpit(cockpit) => screens::cockpit::draw(&mut pen, state, cockpit),
            Screen::Picker(picker) => screens::picker::draw(&mut pen, state, picker),
        }
    }
    furthest.get()
}

/// What can be said in hardly any room: where it stands, whether one can go back, and what to do.
fn too_small(pen: &mut Pen<'_>, state: &State) {
    let width = pen.width();
    let rollout = state.cockpit().and_then(|cockpit| cockpit.snapshot.rollout());
    if let Some(rollout) = rollout {
        pen.cut(0, 0, width, &words::phase(rollout), Role::Strong);
        widgets::strip::draw(&mut pen.part(0, 1, width, 1), state);
    }
    let have = format!("{}x{}", pen.width(), pen.height());
    let need = format!("too small: {have}, needs {}x{}", LEAST.0, LEAST.1);
    let y = pen.height().saturating_sub(1).min(3);
    pen.cut(0, y, width, &need, Role::Warning);
}
