//! Whole screens. A snapshot that changes is looked at before it is accepted.

mod analysis;
mod any_size;
mod clusters;
mod dialogs;
mod honesty;
mod log;
mod scenarios;

use cutover::app::State;
use cutover::ui::{Theme, paint};
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// The sizes that every screen is looked at in; the last one is too small on purpose.
const SIZES: [(u16, u16); 4] = [(80, 24), (120, 40), (200, 50), (30, 8)];

/// What a terminal of this size shows.
pub(crate) fn screen(state: &mut State, (width, height): (u16, u16), theme: &str) -> Buffer {
    let theme = Theme::named(theme, TimeZone::UTC, true).unwrap();
    (state.width, state.height) = (width, height);
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    paint(state, &theme, &mut buffer);
    buffer
}

/// The text of a screen, a line a row.
pub(crate) fn text(buffer: &Buffer) -> String {
    let rows = buffer.area.rows().map(|row| {
        let cells = row.columns().map(|cell| buffer[(cell.x, cell.y)].symbol());
        cells.collect::<String>().trim_end().to_owned()
    });
    rows.collect::<Vec<_>>().join("\n")
}
