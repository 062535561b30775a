//! What was answered so far, and from where on it has to be asked again.
//!
//! A minute is final when a complete answer was read some minutes after it had settled. Everything
//! younger is asked for again, so that points that come late or are corrected replace what was there.

use std::collections::BTreeMap;
use std::ops::Range;

use aws_sdk_cloudwatch::types::{MetricDataResult, StatusCode};

use crate::domain::Point;

use super::span::Span;

/// Minutes that are asked for again although they have settled: some points come later than that.
const LATE: i64 = 2;

/// The series by their ids.
#[derive(Debug, Clone, Default)]
pub(super) struct Kept {
    series: BTreeMap<String, Series>,
}

/// One series without gaps: each minute was answered, or is known not to be.
#[derive(Debug, Clone)]
struct Series {
    /// The minute of the first cell.
    from: i64,
    /// Earlier minutes are never asked for again.
    final_until: i64,
    cells: Vec<Cell>,
}

/// What is known of one minute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cell {
    /// Nobody could say.
    Unknown,
    /// A complete answer had no point for it.
    Nothing,
    /// The newest value.
    Value(f64),
}

impl Cell {
    /// The value, if there is one.
    pub(super) fn value(self) -> Option<f64> {
        match self {
            Cell::Value(value) => Some(value),
            Cell::Unknown | Cell::Nothing => None,
        }
    }
}

/// What came for one id, over all pages.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// The second at which the minute began, and its value.
    values: Vec<(i64, f64)>,
    complete: bool,
}

impl Answer {
    /// A complete answer: seconds at which minutes begin, with their values.
    pub(super) fn complete(values: Vec<(i64, f64)>) -> Self {
        Self { values, complete: true }
    }

    /// The numbers with the second at which the period of each began, oldest first.
    pub(super) fn numbers(&self) -> impl Iterator<Item = (i64, f64)> {
        self.values.iter().copied().filter(|(_, value)| value.is_finite())
    }

    /// The same in another unit, of which so many make one.
    pub(super) fn divided(mut self, by: f64) -> Self {
        self.values.iter_mut().for_each(|(_, value)| *value /= by);
        self
    }

    /// With pages the last status counts: `PartialData` until all of it is there.
    pub(super) fn add(&mut self, result: &MetricDataResult) {
        self.complete = result.status_code() == Some(&StatusCode::Complete);
        let times = result.timestamps().iter().map(aws_smithy_types::DateTime::secs);
        self.values.extend(times.zip(result.values().iter().copied()));
    }
}

impl Kept {
    /// The first minute of `span` that has to be asked for.
    pub(super) fn missing_from(&self, id: &str, span: Span) -> i64 {
        match self.series.get(id) {
            Some(series) if series.from <= span.start => series.final_until.max(span.start),
            Some(_) | None => span.start,
        }
    }

    /// Keeps what was answered for the minutes of `span` from `asked_from` on.
    pub(super) fn put(&mut self, id: &str, answer: &Answer, asked_from: i64, span: Span) {
        let blank = Series { from: asked_from, final_until: asked_from, cells: Vec::new() };
        let series = self.series.entry(id.to_owned()).or_insert_with(|| blank.clone());
        if asked_from < series.from {
            *series = blank;
        }
        series.fit(span);
        if answer.complete {
            for minute in asked_from..span.end {
                series.set(minute, Cell::Nothing);
            }
            series.final_until = (span.settled - LATE).clamp(asked_from, span.end);
        }
        for (second, value) in &answer.values {
            let known = if value.is_finite() { Cell::Value(*value) } else { Cell::Unknown };
            series.set(second.div_euclid(60), known);
        }
    }

    /// The ids of the series.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.series.keys().map(String::as_str)
    }

    /// The minutes that something is kept of.
    pub(super) fn minutes(&self) -> Option<Range<i64>> {
        let all = self.series.values().map(|one| (one.from, one.from + one.cells.len() as i64));
        let (from, to) = all.reduce(|(a, b), (c, d)| (a.min(c), b.max(d)))?;
        Some(from..to)
    }

    /// Puts cells in the place of a series; they are for looking at, nothing goes on from them.
    pub(super) fn replace(&mut self, id: &str, from: i64, cells: Vec<Cell>) {
        self.series.insert(id.to_owned(), Series { from, final_until: from, cells });
    }

    /// What is known of one minute.
    pub(super) fn cell(&self, id: &str, minute: i64) -> Cell {
        let series = self.series.get(id);
        series.and_then(|series| series.cell(minute)).unwrap_or(Cell::Unknown)
    }

    /// The points of one series: what is not in a complete answer is absent, what could not be had
    /// is unknown, and what is too young is pending.
    pub(super) fn points(&self, id: &str, span: Span) -> Vec<Point> {
        (span.start..span.end)
            .map(|minute| match (self.cell(id, minute), minute < span.settled) {
                (Cell::Value(value), true) => Point::Value(value),
                (Cell::Nothing, true) => Point::Absent,
                (Cell::Unknown, true) => Point::Unknown,
                (cell, false) => Point::Pending(cell.value()),
            })
            .collect()
    }
}

impl Series {
    /// Makes room up to the end of `span` and forgets what is before it.
    fn fit(&mut self, span: Span) {
        let gone = usize::try_from(span.start - self.from).unwrap_or(0).min(self.cells.len());
        self.cells.drain(..gone);
        self.from = self.from.max(span.start);
        let length = usize::try_from(span.end - self.from).unwrap_or(0);
        self.cells.resize(length, Cell::Unknown);
    }

    fn cell(&self, minute: i64) -> Option<Cell> {
        self.cells.get(usize::try_from(minute.checked_sub(self.from)?).ok()?).copied()
    }

    /// A minute outside is left out.
    fn set(&mut self, minute: i64, known: Cell) {
        let index = minute.checked_sub(self.from).and_then(|index| usize::try_from(index).ok());
        if let Some(cell) = index.and_then(|index| self.cells.get_mut(index)) {
            *cell = known;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Minutes 100 to 109, of which those before 107 are settled; then as many later.
    fn span(later: i64) -> Span {
        Span { start: 100, end: 110 + later, settled: 107 + later, began: None }
    }

    fn answer(values: &[(i64, f64)], complete: bool) -> Answer {
        let values = values.iter().map(|(minute, value)| (60 * minute, *value)).collect();
        Answer { values, complete }
    }

    #[test]
    fn no_point_in_a_complete_answer_is_nothing_and_a_young_one_is_not_settled() {
        let mut kept = Kept::default();
        kept.put("x", &answer(&[(100, 1.0), (109, 9.0)], true), 100, span(0));
        let points = kept.points("x", span(0));
        assert_eq!((points.len(), points[0], points[1]), (10, Point::Value(1.0), Point::Absent));
        assert_eq!((points[8], points[9]), (Point::Pending(None), Point::Pending(Some(9.0))));
    }

    #[test]
    fn only_a_complete_answer_can_say_that_there_is_nothing() {
        let mut kept = Kept::default();
        kept.put("x", &answer(&[(101, 2.0)], false), 100, span(0));
        assert_eq!(kept.points("x", span(0))[..2], [Point::Unknown, Point::Value(2.0)]);
        assert_eq!(kept.missing_from("x", span(0)), 100, "all of it is asked for again");
        assert_eq!(kept.points("y", span(0))[0], Point::Unknown);
    }

    #[test]
    fn what_is_not_a_number_or_not_in_the_span_is_no_value() {
        let mut kept = Kept::default();
        let far = [(100, f64::NAN), (99, 1.0), (i64::MIN / 60, 2.0), (110, 3.0)];
        kept.put("x", &answer(&far, true), 100, span(0));
        assert_eq!(kept.points("x", span(0))[..2], [Point::Unknown, Point::Absent]);
    }

    #[test]
    fn only_what_is_new_is_asked_for_and_late_points_replace_what_was_there() {
        let mut kept = Kept::default();
        kept.put("x", &answer(&[(100, 1.0), (105, 5.0)], true), 100, span(0));
        assert_eq!(kept.missing_from("x", span(1)), 105);
        kept.put("x", &answer(&[(105, 6.0), (107, 7.0)], true), 105, span(1));
        let points = kept.points("x", span(1));
        assert_eq!(
            (points[0], points[5], points[6]),
            (Point::Value(1.0), Point::Value(6.0), Point::Absent)
        );
        assert_eq!(points[7], Point::Value(7.0), "it has settled meanwhile");
    }

    #[test]
    fn a_longer_span_is_asked_for_as_a_whole_and_a_shorter_one_forgets() {
        let mut kept = Kept::default();
        kept.put("x", &answer(&[(100, 1.0)], true), 100, span(0));
        let longer = Span { start: 90, ..span(0) };
        assert_eq!(kept.missing_from("x", longer), 90);
        kept.put("x", &answer(&[(90, 9.0)], true), 90, longer);
        assert_eq!(kept.points("x", longer)[..1], [Point::Value(9.0)]);
        let shorter = Span { start: 104, ..span(30) };
        kept.put("x", &answer(&[], true), 105, shorter);
        assert_eq!(kept.points("x", shorter).len(), 36);
        assert_eq!(kept.cell("x", 103), Cell::Unknown);
    }
}
