//! Rows that scroll: written down first, drawn where they are looked at.

use super::pen::{Pen, wrap};
use super::theme::Role;

/// One row that scrolls with the others.
#[derive(Default)]
pub(super) struct Line(Vec<(Place, String, Role)>);

/// Where a text begins, or before which column it ends.
enum Place {
    From(u16),
    Before(u16),
}

impl Line {
    /// A text from column `x` on.
    pub(super) fn left(&mut self, x: u16, text: &str, role: Role) {
        self.0.push((Place::From(x), text.to_owned(), role));
    }

    /// A text that ends before column `end`.
    pub(super) fn right(&mut self, end: u16, text: &str, role: Role) {
        self.0.push((Place::Before(end), text.to_owned(), role));
    }

    /// A text from column `x` on in as many rows as it takes, each ending before column `end`.
    pub(super) fn wrapped(x: u16, end: u16, text: &str, role: Role) -> Vec<Self> {
        let room = usize::from(end.saturating_sub(x)).max(1);
        let row = |text: String| Self(vec![(Place::From(x), text, role)]);
        wrap(text, room).into_iter().map(row).collect()
    }

    /// Draws as many of them as fit, from the row that was scrolled to.
    pub(super) fn draw_from(lines: &[Self], pen: &mut Pen<'_>, scroll: usize) {
        let top = pen.first_row(scroll, lines.len());
        for (y, line) in (0..pen.height()).zip(lines.iter().skip(top)) {
            line.draw(pen, y);
        }
    }

    /// Draws it in row `y`.
    pub(super) fn draw(&self, pen: &mut Pen<'_>, y: u16) {
        for (place, text, role) in &self.0 {
            match place {
                Place::From(x) => pen.left(*x, y, text, *role),
                Place::Before(end) => pen.right(*end, y, text, *role),
            };
        }
    }
}
