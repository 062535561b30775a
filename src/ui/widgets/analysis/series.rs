//! The measurements of a metric as bars, the bad ones marked, and the limit where there is one.

use unicode_width::UnicodeWidthStr;

use crate::app::measured::{figure, needs};
use crate::domain::{AnalysisState, Measured, Measurement};
use crate::ui::format::clean;
use crate::ui::line::Line;
use crate::ui::theme::{Glyphs, Role};
use crate::ui::widgets::spark::bar;

/// Rows of bars.
const ROWS: u16 = 2;
/// How many bars stand in a single row.
const SHORT: usize = 12;
/// Bars are two cells wide and apart from each other up to this many columns.
const APART: usize = 60;

/// The newest measurements in one row: a bad one is its mark instead of its bar.
pub(crate) fn short(measured: &Measured, glyphs: Glyphs) -> Vec<(char, Role)> {
    let scale = Scale::of(measured);
    let newest = measured.measurements.iter().rev().take(SHORT).rev();
    let cell = |one: &Measurement| match (mark(one, glyphs), scale, one.number) {
        (Some(marked), _, _) => marked,
        (None, Some(scale), Some(number)) => {
            (bar(scale.share(number), 0, 1, glyphs).unwrap_or(glyphs.gap), Role::Text)
        }
        (None, _, _) => (glyphs.done, Role::Good),
    };
    newest.map(cell).collect()
}

/// The mark of a measurement that was not good.
fn mark(one: &Measurement, glyphs: Glyphs) -> Option<(char, Role)> {
    match one.state {
        AnalysisState::Successful => None,
        AnalysisState::Failed => Some((glyphs.failed, Role::Danger)),
        AnalysisState::Error => Some(('!', Role::Warning)),
        AnalysisState::Inconclusive | AnalysisState::Other(_) => Some(('?', Role::Warning)),
        AnalysisState::Running | AnalysisState::Pending => Some((glyphs.running, Role::Dim)),
    }
}

/// From where to where the bars reach, and the limit between.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Scale {
    bottom: f64,
    top: f64,
    limit: Option<f64>,
}

impl Scale {
    fn of(measured: &Measured) -> Option<Self> {
        let numbers: Vec<f64> = measured.measurements.iter().filter_map(|one| one.number).collect();
        Self::new(&numbers, measured.limit().map(|limit| limit.number))
    }

    /// From zero like every other chart, unless nothing could be told apart then: a rate of 0.95 and
    /// one of 0.99 are worlds apart. Nothing where there is no number.
    fn new(numbers: &[f64], limit: Option<f64>) -> Option<Self> {
        numbers.first()?;
        let all = || numbers.iter().copied().chain(limit);
        let low = all().fold(f64::INFINITY, f64::min);
        let high = all().fold(f64::NEG_INFINITY, f64::max);
        if low >= 0.0 && (low < high / 2.0 || low >= high) {
            let top = if high > 0.0 { high } else { 1.0 };
            return Some(Self { bottom: 0.0, top, limit });
        }
        let room = if high > low { high - low } else { low.abs() };
        let step = 10_f64.powf(room.log10().floor());
        let bottom = ((low / step).floor() - 1.0) * step;
        let top = (high / step).ceil() * step;
        let sane = bottom.is_finite() && top.is_finite() && bottom < top;
        let (bottom, top) = if sane { (bottom, top) } else { (low, high) };
        Some(Self { bottom, top, limit })
    }

    /// Which part of the whole height a number reaches.
    fn share(self, number: f64) -> f64 {
        let share = (number - self.bottom) / (self.top - self.bottom);
        if share.is_finite() { share.clamp(0.0, 1.0) } else { 1.0 }
    }

    /// The row in which the limit lies.
    fn limit_row(self) -> Option<u16> {
        let below_top = (1.0 - self.share(self.limit?)) * f64::from(ROWS);
        Some((below_top.floor() as u16).min(ROWS - 1))
    }
}

/// Where everything stands.
struct Chart<'a> {
    shown: &'a [Measurement],
    /// One for each measurement that is shown, or that is still to come.
    slots: usize,
    /// Cells of a bar, and from one bar to the next.
    cells: usize,
    step: usize,
    scale: Scale,
    /// The ends of the scale.
    ends: [String; 2],
    limit: String,
}

/// The bars, the ends of their scale behind them, and a row of marks below. Nothing where there is
/// no number.
pub(super) fn chart(measured: &Measured, width: u16, glyphs: Glyphs) -> Vec<Line> {
    let Some(chart) = Chart::new(measured, usize::from(width)) else { return Vec::new() };
    let bars = (0..ROWS).map(|row| chart.bars(row, glyphs));
    bars.chain(std::iter::once(chart.marks(glyphs))).collect()
}

impl<'a> Chart<'a> {
    fn new(measured: &'a Measured, width: usize) -> Option<Self> {
        let scale = Scale::of(measured)?;
        let ends = [scale.top, scale.bottom].map(|end| figure(end, end));
        let limit = needs(measured).filter(|_| scale.limit.is_some()).unwrap_or_default();
        let limit = clean(&limit).into_owned();
        let behind = ends.iter().map(|text| text.width()).max().unwrap_or(0) + limit.width() + 8;
        let room = width.saturating_sub(behind);
        let seen = measured.measurements.len();
        let planned = usize::try_from(measured.planned.unwrap_or(0)).unwrap_or(usize::MAX);
        let slots = Some(planned.max(seen)).filter(|slots| *slots <= room);
        let slots = slots.unwrap_or(seen.min(room));
        let apart = slots * 3 <= room.min(APART);
        let (cells, step) = if apart { (2, 3) } else { (1, 1) };
        let shown = measured.measurements.get(seen.saturating_sub(slots)..).unwrap_or_default();
        Some(Self { shown, slots, cells, step, scale, ends, limit })
    }

    /// The column at which a slot begins.
    fn column(&self, slot: usize) -> u16 {
        u16::try_from(3 + slot * self.step).unwrap_or(u16::MAX)
    }

    fn bars(&self, row: u16, glyphs: Glyphs) -> Line {
        let mut line = Line::default();
        let has_limit = self.scale.limit_row() == Some(row);
        if has_limit {
            // Where no bar stands it shows how far one would reach.
            let rule = glyphs.rule.to_string();
            line.left(self.column(0), &rule.repeat(self.slots * self.step), Role::Dim);
        }
        for slot in 0..self.slots {
            let one = self.shown.get(slot);
            let cell = match one.and_then(|one| Some((one, one.number?))) {
                Some((one, number)) => {
                    let role = mark(one, glyphs).map_or(Role::Text, |(_, role)| role);
                    bar(self.scale.share(number), row, ROWS, glyphs).map(|glyph| (glyph, role))
                }
                None => (row + 1 == ROWS).then_some((glyphs.gap, Role::Dim)),
            };
            if let Some((glyph, role)) = cell {
                line.left(self.column(slot), &glyph.to_string().repeat(self.cells), role);
            }
        }
        let end = if row == 0 { &self.ends[0] } else { &self.ends[1] };
        let longest = self.ends.iter().map(|text| text.width()).max().unwrap_or(0);
        let after = self.column(self.slots) + 1 + u16::try_from(longest).unwrap_or(0);
        line.right(after, end, Role::Dim);
        if has_limit {
            line.left(after + 2, &self.limit, Role::Dim);
        }
        line
    }

    fn marks(&self, glyphs: Glyphs) -> Line {
        let mut line = Line::default();
        for (slot, one) in self.shown.iter().enumerate() {
            if let Some((glyph, role)) = mark(one, glyphs) {
                line.left(self.column(slot), &glyph.to_string(), role);
            }
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::Scale;

    #[test]
    fn bars_begin_at_zero_unless_nothing_could_be_told_apart() {
        let scale = |numbers: &[f64], limit| {
            Scale::new(numbers, limit).map(|scale| (scale.bottom, scale.top))
        };
        assert_eq!(scale(&[], Some(1.0)), None);
        assert_eq!(scale(&[0.01, 0.08], None), Some((0.0, 0.08)));
        assert_eq!(scale(&[0.01], Some(0.05)), Some((0.0, 0.05)));
        assert_eq!(scale(&[5.0, 5.0], None), Some((0.0, 5.0)));
        assert_eq!(scale(&[0.0], None), Some((0.0, 1.0)));
        let (bottom, top) = scale(&[0.948, 0.996], Some(0.985)).unwrap();
        assert!((bottom - 0.93).abs() < 1e-9 && (top - 1.0).abs() < 1e-9, "{bottom} to {top}");
        let (bottom, top) = scale(&[-3.0, 2.0], None).unwrap();
        assert!(bottom < -3.0 && top >= 2.0, "{bottom} to {top}");
        let mad = Scale::new(&[f64::MIN, f64::MAX], None).unwrap();
        assert!((0.0..=1.0).contains(&mad.share(0.0)));
    }
}
