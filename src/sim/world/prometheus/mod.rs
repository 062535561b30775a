//! A Prometheus beside the cluster: it scrapes the ready pods at the beginning of every minute.
//!
//! | file | what |
//! |---|---|
//! | `parse` | the part of PromQL that is understood; the rest is refused |
//! | `pattern` | regular expressions in it |
//! | `series` | what pods count |
//! | `ingress` | what an ingress controller counts of them |
//! | `eval` | the value of an expression at a moment |
//! | `condition` | whether a measurement is good |

mod condition;
mod eval;
mod ingress;
mod parse;
mod pattern;
mod series;

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::World;

pub(crate) use self::condition::holds;
use self::eval::Moments;
use self::series::Scrapes;

/// The labels of a series.
pub(crate) type Labels = BTreeMap<String, String>;
/// Values of a moment.
pub(crate) type Vector = Vec<(Labels, f64)>;
/// Values of many moments, in seconds.
pub(crate) type Matrix = Vec<(Labels, Vec<(i64, f64)>)>;

/// How many moments a range may have.
const MOST: i64 = 11_000;

/// The values of an expression at a moment.
pub(crate) fn instant(world: &World, query: &str, at: Timestamp) -> Result<Vector, String> {
    let expression = parse::parse(query)?;
    let scrapes = Scrapes::until(world, at);
    let moments = Moments { scrapes: &scrapes, seconds: &[at.as_second()] };
    let all = eval::evaluate(&expression, moments).into_iter();
    Ok(all.filter_map(|(labels, values)| Some((labels, values.first().copied()??))).collect())
}

/// The values of an expression at every moment of a range, in seconds.
pub(crate) fn range(
    world: &World,
    query: &str,
    (start, end, step): (i64, i64, i64),
) -> Result<Matrix, String> {
    let expression = parse::parse(query)?;
    if step <= 0 {
        return Err("zero or negative query resolution step widths are not accepted".to_owned());
    }
    if end < start {
        return Err("end timestamp must not be before start time".to_owned());
    }
    if (end - start) / step > MOST {
        return Err("exceeded maximum resolution of 11,000 points per timeseries".to_owned());
    }
    // Of the future there are no samples.
    let until = world.now().as_second();
    let steps = (0..=(end - start) / step).map(|count| start + count * step);
    let seconds: Vec<i64> = steps.take_while(|second| *second <= until).collect();
    let last = seconds.last().and_then(|last| Timestamp::from_second(*last).ok());
    let scrapes = Scrapes::until(world, last.unwrap_or(world.now()));
    let all = eval::evaluate(&expression, Moments { scrapes: &scrapes, seconds: &seconds });
    let known = all.into_iter().map(|(labels, values)| {
        let values =
            seconds.iter().zip(values).filter_map(|(second, value)| Some((*second, value?)));
        (labels, values.collect::<Vec<_>>())
    });
    Ok(known.filter(|(_, values)| !values.is_empty()).collect())
}
