//! CloudWatch: the metrics of load balancer and function as they are delivered, and the alarms on them.
//!
//! | file | what |
//! |---|---|
//! | `metric` | which metrics exist and what a minute of one holds |
//! | `function` | those of a function |
//! | `statistic` | what a statistic makes of samples |
//! | `math` | arithmetic on series |
//! | `query` | the queries of a request, checked |
//! | `data` | GetMetricData |
//! | `alarms` | DescribeAlarms |

mod alarms;
mod data;
mod function;
mod math;
mod metric;
mod query;
mod statistic;

use super::{Service, unknown_operation};
use crate::sim::error::ApiError;
use crate::sim::value::Value;
use crate::sim::world::World;

/// The operations that are simulated.
pub const OPERATIONS: &[&str] = &["DescribeAlarms", "GetMetricData", "ListMetrics"];

/// Carries out an operation.
pub fn handle(world: &World, operation: &str, input: &Value) -> Result<Value, ApiError> {
    match operation {
        "DescribeAlarms" => alarms::describe(world, input),
        "GetMetricData" => data::get(world, input),
        "ListMetrics" => metric::list(world, input),
        _ => Err(unknown_operation(Service::CloudWatch, operation)),
    }
}

/// The unmodelled error for members that contradict the API.
fn validation(message: impl Into<String>) -> ApiError {
    ApiError::client("ValidationError", message)
}

fn invalid_token() -> ApiError {
    ApiError::client("InvalidNextToken", "The next token is not valid")
}

/// One page of `items`, and the token of the next: the number of items before it.
fn page(
    items: Vec<Value>,
    token: Option<&str>,
    size: usize,
) -> Result<(Value, Option<String>), ApiError> {
    let first = match token {
        None => 0,
        Some(token) => {
            let first: Option<usize> = token.parse().ok();
            first.filter(|first| *first < items.len()).ok_or_else(invalid_token)?
        }
    };
    let next = first.saturating_add(size);
    let token = (next < items.len()).then(|| next.to_string());
    Ok((Value::List(items.into_iter().skip(first).take(size).collect()), token))
}
