//! A Prometheus beside the cluster: it scrapes the ready pods at the beginning of every minute.
//!
//! | file | what |
//! |---|---|
//! | `parse` | the part of PromQL that is understood; the rest is refused |
//! | `pattern` | regular expressions in it |
//! | `series` | what pods count |
//! | `eval` | the value of an expression at a moment |
//! | `condition` | whether a measurement is good |

mod condition;
mod eval;
mod parse;
mod pattern;
mod series;

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::World;

pub(crate) use self::condition::holds;
use self::eval::Moment;
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
    eval::vector(&expression, Moment { scrapes: &scrapes, second: at.as_second() })
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
    let until = Timestamp::from_second(end).unwrap_or(world.now()).min(world.now());
    let scrapes = Scrapes::until(world, until);
    let mut all: BTreeMap<Labels, Vec<(i64, f64)>> = BTreeMap::new();
    let mut second = start;
    while second <= end {
        // What is asked for of the future has no samples.
        if second <= world.now().as_second() {
            for (labels, value) in eval::vector(&expression, Moment { scrapes: &scrapes, second })?
            {
                all.entry(labels).or_default().push((second, value));
            }
        }
        second += step;
    }
    Ok(all.into_iter().collect())
}
