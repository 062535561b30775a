//! The value of an expression at a moment.

use std::collections::BTreeMap;

use super::parse::{Expression, Selector};
use super::series::Scrapes;
use super::{Labels, Vector};

/// How long a sample is good, in seconds.
const LOOKBACK: i64 = 300;

/// What is known, and the second that is asked about.
#[derive(Clone, Copy)]
pub(super) struct Moment<'a> {
    pub(super) scrapes: &'a Scrapes,
    pub(super) second: i64,
}

enum Value {
    Scalar(f64),
    Vector(Vector),
}

/// The series of an expression; a number is one without labels.
pub(super) fn vector(expression: &Expression, at: Moment<'_>) -> Result<Vector, String> {
    Ok(match value(expression, at)? {
        Value::Scalar(number) => vec![(Labels::new(), number)],
        Value::Vector(vector) => vector,
    })
}

fn value(expression: &Expression, at: Moment<'_>) -> Result<Value, String> {
    Ok(match expression {
        Expression::Number(number) => Value::Scalar(*number),
        Expression::Selector(selector) => Value::Vector(newest(selector, at)?),
        Expression::Growth { of, seconds, per_second } => {
            Value::Vector(growth(of, (*seconds, *per_second), at)?)
        }
        Expression::Sum { of, by } => Value::Vector(sum(vector(of, at)?, by)),
        Expression::Quantile { share, of } => Value::Vector(quantile(*share, vector(of, at)?)),
        Expression::Binary { operator, sides } => {
            binary(*operator, value(&sides.0, at)?, value(&sides.1, at)?)
        }
    })
}

/// The newest sample of each series that is still there.
fn newest(selector: &Selector, at: Moment<'_>) -> Result<Vector, String> {
    let scraped = at.second.div_euclid(60);
    let series = at.scrapes.select(selector)?;
    Ok(series
        .into_iter()
        .filter_map(|one| {
            // A series that was gone at the last scrape is gone at once.
            let value = one.at(scraped).filter(|_| at.second - 60 * scraped < LOOKBACK)?;
            Some((one.labels, value))
        })
        .collect())
}

/// What counters grew by; without their name, as they are no counters any more.
fn growth(
    selector: &Selector,
    (seconds, per_second): (i64, bool),
    at: Moment<'_>,
) -> Result<Vector, String> {
    let last = at.second.div_euclid(60);
    let first = (at.second - seconds).div_euclid(60) + 1;
    let grown = at.scrapes.select(selector)?.into_iter().filter_map(|mut one| {
        let known: Vec<(i64, f64)> =
            (first..=last).filter_map(|minute| Some((minute, one.at(minute)?))).collect();
        let ((begin, from), (end, to)) = (known.first()?, known.last()?);
        let span = 60 * (end - begin);
        if span == 0 {
            return None;
        }
        let rate = (to - from) / span as f64;
        one.labels.remove("__name__");
        Some((one.labels, if per_second { rate } else { rate * seconds as f64 }))
    });
    Ok(grown.collect())
}

fn sum(vector: Vector, by: &[String]) -> Vector {
    let mut sums: BTreeMap<Labels, f64> = BTreeMap::new();
    for (labels, value) in vector {
        let kept = labels.into_iter().filter(|(name, _)| by.contains(name)).collect();
        *sums.entry(kept).or_default() += value;
    }
    sums.into_iter().collect()
}

/// The share's value in each histogram, linear inside a bucket.
fn quantile(share: f64, vector: Vector) -> Vector {
    let mut histograms: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
    for (mut labels, count) in vector {
        let bound = match labels.remove("le").as_deref() {
            Some("+Inf") => Some(f64::INFINITY),
            Some(text) => text.parse().ok(),
            None => None,
        };
        if let Some(bound) = bound {
            histograms.entry(labels).or_default().push((bound, count));
        }
    }
    let value = |(labels, mut buckets): (Labels, Vec<(f64, f64)>)| {
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (_, all) = *buckets.last()?;
        let rank = share * all;
        let mut below = (0.0, 0.0);
        for (bound, count) in buckets {
            if count >= rank && count > below.1 {
                if bound.is_infinite() {
                    return Some((labels, below.0));
                }
                let part = (rank - below.1) / (count - below.1);
                return Some((labels, below.0 + (bound - below.0) * part));
            }
            below = (bound, count);
        }
        Some((labels, f64::NAN))
    };
    histograms.into_iter().filter_map(value).collect()
}

fn binary(operator: char, left: Value, right: Value) -> Value {
    let result = |a: f64, b: f64| match operator {
        '+' => a + b,
        '-' => a - b,
        '*' => a * b,
        _ => a / b,
    };
    let bare = |mut labels: Labels| {
        labels.remove("__name__");
        labels
    };
    match (left, right) {
        (Value::Scalar(a), Value::Scalar(b)) => Value::Scalar(result(a, b)),
        (Value::Vector(all), Value::Scalar(b)) => {
            Value::Vector(all.into_iter().map(|(of, a)| (bare(of), result(a, b))).collect())
        }
        (Value::Scalar(a), Value::Vector(all)) => {
            Value::Vector(all.into_iter().map(|(of, b)| (bare(of), result(a, b))).collect())
        }
        (Value::Vector(left), Value::Vector(right)) => {
            let right: BTreeMap<Labels, f64> =
                right.into_iter().map(|(of, value)| (bare(of), value)).collect();
            let both = left.into_iter().filter_map(|(of, a)| {
                let of = bare(of);
                let b = right.get(&of)?;
                Some((of.clone(), result(a, *b)))
            });
            Value::Vector(both.collect())
        }
    }
}
