//! Writing rows into the buffer: always inside its area, always whole cells.

use std::cell::Cell;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::theme::{Glyphs, Role, Theme};

/// Writes into one area of a buffer; coordinates are relative to it, and nothing gets outside.
pub(super) struct Pen<'a> {
    buffer: &'a mut Buffer,
    area: Rect,
    theme: &'a Theme,
    furthest: &'a Cell<usize>,
}

impl<'a> Pen<'a> {
    /// A pen for `area`, cut to the buffer. It leaves in `furthest` the last first row of what was
    /// scrolled.
    pub(super) fn new(
        buffer: &'a mut Buffer,
        area: Rect,
        theme: &'a Theme,
        furthest: &'a Cell<usize>,
    ) -> Self {
        let area = area.intersection(buffer.area);
        Self { buffer, area, theme, furthest }
    }

    /// A pen for a part of this area.
    pub(super) fn part(&mut self, x: u16, y: u16, width: u16, height: u16) -> Pen<'_> {
        let wanted = Rect {
            x: self.area.x.saturating_add(x),
            y: self.area.y.saturating_add(y),
            width,
            height,
        };
        let area = wanted.intersection(self.area);
        Pen { area, buffer: self.buffer, theme: self.theme, furthest: self.furthest }
    }

    /// The first of `len` rows to show where `scroll` is wanted: the last page is full.
    pub(super) fn first_row(&self, scroll: usize, len: usize) -> usize {
        let furthest = len.saturating_sub(usize::from(self.height()));
        self.stops_at(furthest);
        scroll.min(furthest)
    }

    /// What is scrolled here goes no further than this.
    pub(super) fn stops_at(&self, furthest: usize) {
        self.furthest.set(furthest);
    }

    /// Columns.
    pub(super) fn width(&self) -> u16 {
        self.area.width
    }

    /// Rows.
    pub(super) fn height(&self) -> u16 {
        self.area.height
    }

    /// The theme.
    pub(super) fn theme(&self) -> &'a Theme {
        self.theme
    }

    /// The marks.
    pub(super) fn glyphs(&self) -> Glyphs {
        self.theme.glyphs
    }

    /// Writes from column `x` on, cut at the area's end; the column after it.
    pub(super) fn left(&mut self, x: u16, y: u16, text: &str, role: Role) -> u16 {
        self.styled(x, y, text, self.theme.style(role))
    }

    /// The same with a style of its own. What stood there leaves nothing of its look: a colour that
    /// the style does not name is the terminal's.
    pub(super) fn styled(&mut self, x: u16, y: u16, text: &str, style: Style) -> u16 {
        if y >= self.area.height || x >= self.area.width {
            return x;
        }
        let room = usize::from(self.area.width - x);
        let (column, row) = (self.area.x + x, self.area.y + y);
        let (end, _) =
            self.buffer.set_stringn(column, row, text, room, Style::reset().patch(style));
        end.saturating_sub(self.area.x)
    }

    /// Writes so that it ends before column `end`; where it begins. What does not fit is left out
    /// whole: a number is never cut.
    pub(super) fn right(&mut self, end: u16, y: u16, text: &str, role: Role) -> u16 {
        let width = u16::try_from(text.width()).unwrap_or(u16::MAX);
        let Some(x) = end.min(self.area.width).checked_sub(width) else { return end };
        self.left(x, y, text, role);
        x
    }

    /// Writes into `width` columns; what does not fit ends with an ellipsis.
    pub(super) fn cut(&mut self, x: u16, y: u16, width: u16, text: &str, role: Role) -> u16 {
        let width = width.min(self.area.width.saturating_sub(x));
        let text = fit(text, usize::from(width), self.theme.glyphs.ellipsis);
        self.left(x, y, &text, role)
    }

    /// One character `count` times.
    pub(super) fn repeat(&mut self, x: u16, y: u16, glyph: char, count: u16, role: Role) -> u16 {
        let count = count.min(self.area.width.saturating_sub(x));
        self.left(x, y, &glyph.to_string().repeat(usize::from(count)), role)
    }

    /// Empties the whole area.
    pub(super) fn clear(&mut self) {
        ratatui::widgets::Widget::render(ratatui::widgets::Clear, self.area, self.buffer);
    }

    /// Changes the look of one row without its text.
    pub(super) fn restyle(&mut self, y: u16, role: Role) {
        let row = Rect { y: self.area.y.saturating_add(y), height: 1, ..self.area };
        self.buffer.set_style(row.intersection(self.area), self.theme.style(role));
    }

    /// A box around the whole area, with a text at each end of its upper line.
    pub(super) fn frame(&mut self, left: &[(&str, Role)], right: &[(&str, Role)], border: Role) {
        let (width, height) = (self.width(), self.height());
        if width < 2 || height < 2 {
            return;
        }
        let glyphs = self.glyphs();
        let [top_left, top_right, bottom_left, bottom_right] = glyphs.corners;
        for (y, ends) in [(0, [top_left, top_right]), (height - 1, [bottom_left, bottom_right])] {
            self.left(0, y, &ends[0].to_string(), border);
            self.repeat(1, y, glyphs.rule, width - 2, border);
            self.left(width - 1, y, &ends[1].to_string(), border);
        }
        for y in 1..height - 1 {
            self.left(0, y, &glyphs.wall.to_string(), border);
            self.left(width - 1, y, &glyphs.wall.to_string(), border);
        }
        let cells = |texts: &[(&str, Role)]| -> u16 {
            let width: usize = texts.iter().map(|(text, _)| text.width()).sum();
            u16::try_from(width).unwrap_or(u16::MAX)
        };
        let mut x = 2;
        for (text, role) in left {
            let room = (width - 2).saturating_sub(x);
            x = self.cut(x, 0, room, text, *role);
        }
        if let Some(start) = (width - 2).checked_sub(cells(right)).filter(|start| *start > x) {
            let mut x = start;
            for (text, role) in right {
                x = self.left(x, 0, text, *role);
            }
        }
    }
}

/// `text` in at most `width` cells, with an ellipsis where it was cut.
pub(super) fn fit(text: &str, width: usize, ellipsis: char) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        let cells = c.width().unwrap_or(0);
        if used + cells + 1 > width {
            break;
        }
        used += cells;
        out.push(c);
    }
    if width > 0 {
        out.push(ellipsis);
    }
    out
}

/// `text` in lines of at most `width` cells, broken at spaces where there are some, else behind a mark
/// between two parts of a query, a path or a list.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let mut word = word;
        let gap = usize::from(!line.is_empty());
        if line.width() + gap + word.width() > width && !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        while word.width() > width.max(1) {
            let end = split_at_width(word, width.max(1));
            let between = word[..end].rfind([',', ';', '{', '(', '/', '&', '|']);
            // Not if most of the line would stay empty.
            let cut = between.map(|at| at + 1).filter(|at| *at > end / 2).unwrap_or(end);
            lines.push(word[..cut].to_owned());
            word = &word[cut..];
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// The byte at which the first `width` cells of a text end; at least one character.
fn split_at_width(text: &str, width: usize) -> usize {
    let mut used = 0;
    for (index, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > width && index > 0 {
            return index;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(fit("checkout", 8, '…'), "checkout");
        assert_eq!(fit("checkout", 5, '…'), "chec…");
        assert_eq!(fit("日本語", 4, '…'), "日…");
        assert_eq!(fit("x", 0, '…'), "");
    }

    #[test]
    fn lines_break_at_spaces_and_long_words_where_they_must() {
        assert_eq!(wrap("aws deploy stop", 10), ["aws deploy", "stop"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(
            wrap("rate(up{a=\"b\",c=\"d\"}[5m])", 18),
            ["rate(up{a=\"b\",", "c=\"d\"}[5m])"]
        );
        assert_eq!(wrap("", 3), [""]);
        assert_eq!(wrap("日本語", 1).concat(), "日本語");
    }
}
