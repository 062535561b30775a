//! Sparklines: a column for one minute or a few, from zero, gaps as gaps.

use crate::domain::Point;
use crate::ui::pen::Pen;
use crate::ui::theme::{Glyphs, Role};

/// One column: the highest of its minutes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Column {
    /// A height, settled or not.
    Bar { value: f64, settled: bool },
    /// Nothing to measure.
    Gap,
    /// Nobody knows.
    Unknown,
}

/// How the newest minutes of a series lie in a row of columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scale {
    /// Minutes in a column.
    per: usize,
    /// Cells that a column is wide.
    cells: usize,
    /// Columns that are used, at the right end of the row.
    columns: usize,
    /// Cells of the row.
    width: usize,
    /// The oldest minutes, for which there is no column.
    left_out: usize,
}

impl Scale {
    /// The scale of `minutes` in `width` columns.
    pub(crate) fn new(minutes: usize, width: u16) -> Self {
        let width = usize::from(width);
        // Rather leave out a few of the oldest minutes than give every second column away.
        let per = (minutes / width.max(1)).max(1);
        let per = if 10 * per * width >= 9 * minutes { per } else { per + 1 };
        let columns = (minutes / per).min(width);
        let cells = (width / columns.max(1)).max(1);
        Self { per, cells, columns, width, left_out: minutes.saturating_sub(columns * per) }
    }

    /// The cell, from the left end of the row, at which a minute begins; nothing when it is too old.
    pub(crate) fn column(self, minute: usize) -> Option<u16> {
        let column = minute.checked_sub(self.left_out)? / self.per;
        u16::try_from(self.left() + self.cells * column.min(self.columns)).ok()
    }

    /// Cells at the left end that stay free.
    fn left(self) -> usize {
        self.width - self.columns * self.cells
    }

    /// How many minutes are shown.
    pub(crate) fn minutes(self) -> usize {
        self.columns * self.per
    }

    fn columns(self, points: &[Point]) -> Vec<Column> {
        let points = points.get(self.left_out..).unwrap_or_default();
        points.chunks(self.per).take(self.columns).map(column).collect()
    }
}

fn column(points: &[Point]) -> Column {
    let mut found = Column::Gap;
    for point in points {
        let (value, settled) = match *point {
            Point::Value(value) => (value, true),
            Point::Pending(Some(value)) => (value, false),
            Point::Unknown => {
                if found == Column::Gap {
                    found = Column::Unknown;
                }
                continue;
            }
            Point::Absent | Point::Pending(None) => continue,
        };
        found = match found {
            Column::Bar { value: other, settled: all } => {
                Column::Bar { value: value.max(other), settled: settled && all }
            }
            Column::Gap | Column::Unknown => Column::Bar { value, settled },
        };
    }
    found
}

/// Draws a series over the whole area of the pen, `top` being the height of all its rows.
pub(crate) fn spark(pen: &mut Pen<'_>, points: &[Point], top: f64, minutes: usize, role: Role) {
    let rows = pen.height();
    let scale = Scale::new(minutes, pen.width());
    let glyphs = pen.glyphs();
    for (index, column) in scale.columns(points).into_iter().enumerate() {
        let x = u16::try_from(scale.left() + index * scale.cells).unwrap_or(u16::MAX);
        let mut row_of = |row: u16, glyph: char, role: Role| {
            pen.repeat(x, row, glyph, scale.cells as u16, role);
        };
        match column {
            Column::Gap => row_of(rows.saturating_sub(1), glyphs.gap, Role::Dim),
            Column::Unknown => row_of(rows.saturating_sub(1), '?', Role::Dim),
            Column::Bar { value, settled } => {
                let share = if top > 0.0 { value / top } else { 0.0 };
                let role = if settled { role } else { Role::Dim };
                for row in 0..rows {
                    if let Some(glyph) = bar(share, row, rows, glyphs) {
                        row_of(row, glyph, role);
                    }
                }
            }
        }
    }
}

/// What row `row` of `rows` shows of a bar that fills a share of them; nothing above its end. A value
/// is never drawn as nothing.
pub(super) fn bar(share: f64, row: u16, rows: u16, glyphs: Glyphs) -> Option<char> {
    let height = ((share.clamp(0.0, 1.0) * f64::from(rows) * 8.0).round() as usize).max(1);
    let below = usize::from(rows.saturating_sub(1 + row)) * 8;
    let here = height.saturating_sub(below).min(8);
    glyphs.sparks.get(here.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_shows_the_worst_of_its_minutes_and_never_turns_a_gap_into_zero() {
        let bar = |value, settled| Column::Bar { value, settled };
        assert_eq!(column(&[Point::Value(1.0), Point::Value(3.0)]), bar(3.0, true));
        assert_eq!(column(&[Point::Value(1.0), Point::Pending(Some(2.0))]), bar(2.0, false));
        assert_eq!(column(&[Point::Absent, Point::Pending(None)]), Column::Gap);
        assert_eq!(column(&[Point::Absent, Point::Unknown]), Column::Unknown);
    }

    #[test]
    fn the_newest_minute_stands_at_the_right_end() {
        let scale = Scale::new(30, 40);
        assert_eq!((scale.column(0), scale.column(29)), (Some(10), Some(39)));
        let wide = Scale::new(30, 70);
        assert_eq!((wide.column(0), wide.column(29)), (Some(10), Some(68)), "two cells a minute");
        let narrow = Scale::new(60, 29);
        assert_eq!((narrow.minutes(), narrow.column(1)), (58, None));
        assert_eq!((narrow.column(2), narrow.column(59)), (Some(0), Some(28)));
        assert_eq!(Scale::new(30, 16).minutes(), 30);
        assert_eq!(Scale::new(5, 0).columns(&[Point::Absent; 5]).len(), 0);
    }
}
