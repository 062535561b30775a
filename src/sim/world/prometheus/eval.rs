//! The values of an expression at some moments, worked out for all of them at once.

use std::collections::BTreeMap;

use super::Labels;
use super::parse::{Expression, Selector};
use super::series::Scrapes;

/// What is known, and the seconds that are asked about.
#[derive(Clone, Copy)]
pub(super) struct Moments<'a> {
    pub(super) scrapes: &'a Scrapes,
    pub(super) seconds: &'a [i64],
}

/// A value at each moment, where there is one.
pub(super) type Values = Vec<Option<f64>>;

enum Value {
    Scalar(f64),
    Vector(Vec<(Labels, Values)>),
}

/// The series of an expression; a number is one without labels.
pub(super) fn evaluate(expression: &Expression, at: Moments<'_>) -> Vec<(Labels, Values)> {
    match value(expression, at) {
        Value::Scalar(number) => vec![(Labels::new(), vec![Some(number); at.seconds.len()])],
        Value::Vector(vector) => vector,
    }
}

fn value(expression: &Expression, at: Moments<'_>) -> Value {
    match expression {
        Expression::Number(number) => Value::Scalar(*number),
        Expression::Selector(selector) => Value::Vector(newest(selector, at)),
        Expression::Growth { of, seconds, per_second } => {
            Value::Vector(growth(of, (*seconds, *per_second), at))
        }
        Expression::Sum { of, by } => Value::Vector(sum(evaluate(of, at), by)),
        Expression::Quantile { share, of } => Value::Vector(quantiles(*share, evaluate(of, at))),
        Expression::Binary { operator, sides } => {
            binary(*operator, value(&sides.0, at), value(&sides.1, at))
        }
    }
}

/// The newest sample of each series; one that was gone at the last scrape is gone at once.
fn newest(selector: &Selector, at: Moments<'_>) -> Vec<(Labels, Values)> {
    let series = at.scrapes.select(selector);
    let known = series.into_iter().map(|one| {
        let values = at.seconds.iter().map(|second| one.at(second.div_euclid(60))).collect();
        (one.labels, values)
    });
    known.collect()
}

/// What counters grew by; without their name, as they are no counters any more.
fn growth(
    selector: &Selector,
    (span, per_second): (i64, bool),
    at: Moments<'_>,
) -> Vec<(Labels, Values)> {
    let series = at.scrapes.select(selector);
    let grown = series.into_iter().map(|one| {
        let rate = |second: &i64| {
            let last = second.div_euclid(60);
            let first = (second - span).div_euclid(60) + 1;
            let mut known = (first..=last).filter_map(|minute| Some((minute, one.at(minute)?)));
            let (begin, from) = known.next()?;
            let (end, to) = known.next_back()?;
            let rate = (to - from) / (60 * (end - begin)) as f64;
            Some(if per_second { rate } else { rate * span as f64 })
        };
        let values = at.seconds.iter().map(rate).collect();
        (bare(one.labels.clone()), values)
    });
    grown.collect()
}

fn bare(mut labels: Labels) -> Labels {
    labels.remove("__name__");
    labels
}

fn sum(series: Vec<(Labels, Values)>, by: &[String]) -> Vec<(Labels, Values)> {
    let mut sums: BTreeMap<Labels, Values> = BTreeMap::new();
    for (mut labels, values) in series {
        labels.retain(|name, _| by.contains(name));
        match sums.get_mut(&labels) {
            None => drop(sums.insert(labels, values)),
            Some(sum) => {
                for (sum, value) in sum.iter_mut().zip(values) {
                    *sum = match (*sum, value) {
                        (Some(sum), Some(value)) => Some(sum + value),
                        (one, other) => one.or(other),
                    };
                }
            }
        }
    }
    sums.into_iter().collect()
}

/// The share's value in each histogram.
fn quantiles(share: f64, series: Vec<(Labels, Values)>) -> Vec<(Labels, Values)> {
    let mut histograms: BTreeMap<Labels, Vec<(f64, Values)>> = BTreeMap::new();
    for (mut labels, counts) in series {
        let bound = match labels.remove("le").as_deref() {
            Some("+Inf") => Some(f64::INFINITY),
            Some(text) => text.parse().ok(),
            None => None,
        };
        if let Some(bound) = bound {
            histograms.entry(labels).or_default().push((bound, counts));
        }
    }
    let value = |(labels, mut buckets): (Labels, Vec<(f64, Values)>)| {
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        let moments = buckets.first().map_or(0, |(_, counts)| counts.len());
        let of = |moment: usize| {
            let counts = buckets.iter().map(|(bound, counts)| Some((*bound, *counts.get(moment)?)));
            let counts = counts.map(|one| one.and_then(|(bound, count)| Some((bound, count?))));
            quantile(share, &counts.collect::<Option<Vec<_>>>()?)
        };
        (labels, (0..moments).map(of).collect())
    };
    histograms.into_iter().map(value).collect()
}

/// Linear inside a bucket; beyond the last bound it is that bound.
fn quantile(share: f64, buckets: &[(f64, f64)]) -> Option<f64> {
    let (_, all) = *buckets.last()?;
    let rank = share * all;
    let mut below = (0.0, 0.0);
    for (bound, count) in buckets {
        if *count >= rank && *count > below.1 {
            let part = (rank - below.1) / (count - below.1);
            let inside = below.0 + (bound - below.0) * part;
            return Some(if bound.is_infinite() { below.0 } else { inside });
        }
        below = (*bound, *count);
    }
    Some(f64::NAN)
}

fn binary(operator: char, left: Value, right: Value) -> Value {
    let result = |a: f64, b: f64| match operator {
        '+' => a + b,
        '-' => a - b,
        '*' => a * b,
        _ => a / b,
    };
    let each = |series: Vec<(Labels, Values)>, change: &dyn Fn(f64) -> f64| {
        let changed = |(labels, values): (Labels, Values)| {
            (bare(labels), values.into_iter().map(|value| value.map(change)).collect())
        };
        Value::Vector(series.into_iter().map(changed).collect())
    };
    match (left, right) {
        (Value::Scalar(a), Value::Scalar(b)) => Value::Scalar(result(a, b)),
        (Value::Vector(all), Value::Scalar(b)) => each(all, &|a| result(a, b)),
        (Value::Scalar(a), Value::Vector(all)) => each(all, &|b| result(a, b)),
        (Value::Vector(left), Value::Vector(right)) => {
            let right: BTreeMap<Labels, Values> =
                right.into_iter().map(|(labels, values)| (bare(labels), values)).collect();
            let both = left.into_iter().filter_map(|(labels, values)| {
                let labels = bare(labels);
                let other = right.get(&labels)?;
                let pairs = values.into_iter().zip(other);
                let values = pairs.map(|(a, b)| Some(result(a?, (*b)?))).collect();
                Some((labels, values))
            });
            Value::Vector(both.collect())
        }
    }
}
