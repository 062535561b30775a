//! GetMetricData: series by the minute or longer, in pages of time.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::math::{Outcome, Series};
use super::metric::Metric;
use super::query::{MINUTE, Query, Source, in_expression, read_all};
use super::statistic::{Samples, Statistic};
use super::{invalid_token, validation};
use crate::sim::error::ApiError;
use crate::sim::value::{Value, list, map};
use crate::sim::world::World;

/// The most data points of a reply, and how many there are when none is asked for.
const MOST_POINTS: i64 = 100_800;
/// How long data by the minute are kept, in seconds.
const RETENTION: i64 = 15 * 86_400;

/// The times of a request, in seconds since the epoch, and which part of them is this page.
struct Span {
    /// The first period starts here; every period is counted from here.
    start: i64,
    /// No period starts here or later.
    end: i64,
    /// This page: from, up to but not including.
    page: (i64, i64),
    /// Where the next page begins (or, newest first, ends); `None` on the last one.
    next: Option<i64>,
    newest_first: bool,
}

/// Answers GetMetricData.
pub(super) fn get(world: &World, input: &Value) -> Result<Value, ApiError> {
    let queries = read_all(world, input)?;
    let span = Span::read(world, input, &queries)?;
    let computed = compute(world, &queries, &span)?;
    let returned = queries.iter().filter(|query| query.return_data);
    let results = returned.map(|query| result(query, computed.get(query.id.as_str()), &span));
    Ok(map([
        ("MetricDataResults", list(results)),
        ("NextToken", Value::from(span.next.map(|at| format!("t{at}")))),
        ("Messages", list::<Value>([])),
    ]))
}

impl Span {
    fn read(world: &World, input: &Value, queries: &[Query]) -> Result<Self, ApiError> {
        let moment = |name: &str| {
            let missing = || validation(format!("The parameter {name} is required."));
            input.time(name).map(Timestamp::as_second).ok_or_else(missing)
        };
        let (start, end) = (moment("StartTime")?, moment("EndTime")?);
        if start >= end {
            let message = "The parameter StartTime must be less than the parameter EndTime.";
            return Err(validation(message));
        }
        let newest_first = match input.text("ScanBy") {
            None | Some("TimestampDescending") => true,
            Some("TimestampAscending") => false,
            Some(other) => {
                return Err(validation(format!(
                    "The value '{other}' for parameter ScanBy is not valid."
                )));
            }
        };
        let points = input.int("MaxDatapoints").unwrap_or(MOST_POINTS);
        if !(1..=MOST_POINTS).contains(&points) {
            let message = format!("The parameter MaxDatapoints must be from 1 to {MOST_POINTS}.");
            return Err(validation(message));
        }
        let step = queries.iter().filter_map(Query::period).max().unwrap_or(MINUTE);
        // Nothing exists before retention or after now; leaving it out keeps the periods' phase.
        let now = world.now().as_second();
        let start = start.div_euclid(MINUTE) * MINUTE;
        let too_early = (now - RETENTION - start).max(0) / step * step;
        let start = start.saturating_add(too_early);
        let end = end.min(now.saturating_add(step)).max(start);
        let fine = queries.iter().map(|query| step / query.period().unwrap_or(step).max(1)).sum();
        let steps_a_page = (points / i64::max(fine, 1)).max(1);
        Self { start, end, page: (start, end), next: None, newest_first }.paged(
            input.text("NextToken"),
            step,
            steps_a_page,
        )
    }

    /// Cuts the page that a token names: `t` and the moment at which the one before it stopped.
    fn paged(mut self, token: Option<&str>, step: i64, steps: i64) -> Result<Self, ApiError> {
        let length = step.saturating_mul(steps);
        let last = self.start + (self.end - self.start + step - 1).div_euclid(step) * step;
        let at = match token {
            None if self.newest_first => last,
            None => self.start,
            Some(token) => token
                .strip_prefix('t')
                .and_then(|at| at.parse().ok())
                .filter(|at| (self.start..=last).contains(at) && (at - self.start) % step == 0)
                .ok_or_else(invalid_token)?,
        };
        if self.newest_first {
            let from = at.saturating_sub(length).max(self.start);
            self.page = (from, at.min(self.end));
            self.next = (from > self.start).then_some(from);
        } else {
            let to = at.saturating_add(length);
            self.page = (at, to.min(self.end));
            self.next = (to < self.end).then_some(to);
        }
        Ok(self)
    }

    /// The starts of the periods in this page.
    fn periods(&self, period: i64) -> impl Iterator<Item = i64> {
        let (from, to) = self.page;
        let skipped = (from - self.start + period - 1).div_euclid(period) * period;
        (0..)
            .map(move |index: i64| self.start + skipped + index * period)
            .take_while(move |at| *at < to)
    }
}

impl Query {
    /// The period in seconds, where the query itself names one.
    fn period(&self) -> Option<i64> {
        match &self.source {
            Source::Metric { period, .. } => Some(*period),
            Source::Expression { period, .. } => *period,
        }
    }
}

/// The series of every query: metrics first, then expressions as soon as what they name is known.
fn compute<'a>(
    world: &World,
    queries: &'a [Query],
    span: &Span,
) -> Result<BTreeMap<&'a str, Series>, ApiError> {
    let mut known = BTreeMap::new();
    let mut open = Vec::new();
    for query in queries {
        match &query.source {
            Source::Metric { metric, statistic, period } => {
                let series = metric
                    .as_ref()
                    .map(|metric| measure(world, metric, *statistic, (*period, span)));
                known.insert(query.id.as_str(), series.unwrap_or_default());
            }
            Source::Expression { expression, period } => open.push((query, expression, *period)),
        }
    }
    let step = queries.iter().filter_map(Query::period).max().unwrap_or(MINUTE);
    while let Some(ready) = open.iter().position(|(_, expression, _)| {
        expression.references().iter().all(|id| known.contains_key(id))
    }) {
        let (query, expression, period) = open.swap_remove(ready);
        let grid: Vec<i64> = span.periods(period.unwrap_or(step)).collect();
        match expression.evaluate(&known, &grid) {
            Outcome::Series(series) => known.insert(query.id.as_str(), series),
            Outcome::Scalar(_) => return Err(in_expression(&query.id, "it gives no time series")),
        };
    }
    match open.first() {
        None => Ok(known),
        Some((query, _, _)) => Err(in_expression(&query.id, "it refers to itself")),
    }
}

fn measure(
    world: &World,
    metric: &Metric,
    statistic: Statistic,
    (period, span): (i64, &Span),
) -> Series {
    let minute = |at: i64| metric.minute(world, Timestamp::from_second(at).ok()?);
    let point = |start: i64| {
        let end = start.saturating_add(period).min(span.end);
        let minutes = (0..).map(|index: i64| start + index * MINUTE).take_while(|at| *at < end);
        let samples = minutes.filter_map(minute).reduce(Samples::merge)?;
        let value = match metric.per_second() {
            None => statistic.of(&samples)?,
            Some(unit) => statistic.of_times(&samples, unit)?,
        };
        Some((start, value))
    };
    span.periods(period).filter_map(point).collect()
}

fn result(query: &Query, series: Option<&Series>, span: &Span) -> Value {
    let mut points: Vec<(i64, f64)> =
        series.into_iter().flatten().map(|(at, value)| (*at, *value)).collect();
    if span.newest_first {
        points.reverse();
    }
    let at = |(at, _): &(i64, f64)| Timestamp::from_second(*at).ok();
    // Math is never reported as partial.
    let partial = span.next.is_some() && matches!(query.source, Source::Metric { .. });
    map([
        ("Id", Value::from(query.id.as_str())),
        ("Label", Value::from(query.label.as_str())),
        ("Timestamps", list(points.iter().filter_map(at))),
        ("Values", list(points.iter().map(|(_, value)| *value))),
        ("StatusCode", Value::from(if partial { "PartialData" } else { "Complete" })),
    ])
}
