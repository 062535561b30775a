//! The queries of GetMetricData: read from a request and checked.

use std::collections::BTreeSet;

use super::math::Expression;
use super::metric::Metric;
use super::statistic::Statistic;
use super::validation;
use crate::sim::error::ApiError;
use crate::sim::value::Value;
use crate::sim::world::World;

/// How many queries a request may hold.
const MOST: usize = 500;
/// The finest period of the load balancer's metrics, and what others are multiples of.
pub(super) const MINUTE: i64 = 60;
/// The longest period.
const DAY: i64 = 86_400;

/// One query.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) return_data: bool,
    pub(super) source: Source,
}

/// Where its values come from.
#[derive(Debug)]
pub(super) enum Source {
    /// A statistic of a metric over periods of so many seconds; `None` for one that nobody published.
    Metric { metric: Option<Metric>, statistic: Statistic, period: i64 },
    /// Arithmetic on other queries.
    Expression { expression: Expression, period: Option<i64> },
}

/// Reads and checks all queries of a request.
pub(super) fn read_all(world: &World, input: &Value) -> Result<Vec<Query>, ApiError> {
    let described = input.list("MetricDataQueries");
    if described.is_empty() {
        return Err(validation("The parameter MetricDataQueries is required."));
    }
    if described.len() > MOST {
        return Err(validation(format!(
            "The collection MetricDataQueries must not have a size greater than {MOST}."
        )));
    }
    let queries: Vec<Query> =
        described.iter().map(|query| read(world, query)).collect::<Result<_, _>>()?;
    let mut ids = BTreeSet::new();
    for query in &queries {
        if !ids.insert(query.id.as_str()) {
            let message = format!(
                "The values for parameter id in MetricDataQueries are not unique: {}.",
                query.id
            );
            return Err(validation(message));
        }
    }
    for query in &queries {
        if let Source::Expression { expression, .. } = &query.source
            && let Some(unknown) = expression.references().difference(&ids).next()
        {
            return Err(in_expression(&query.id, &format!("there is no query {unknown}")));
        }
    }
    Ok(queries)
}

/// The error for an expression that cannot be computed.
pub(super) fn in_expression(id: &str, problem: &str) -> ApiError {
    validation(format!("Error in expression '{id}': {problem}."))
}

fn read(world: &World, described: &Value) -> Result<Query, ApiError> {
    let id = described.text("Id").unwrap_or_default();
    let mut letters = id.chars();
    if !letters.next().is_some_and(|first| first.is_ascii_lowercase())
        || !letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
    {
        return Err(validation(format!(
            "The value '{id}' for parameter id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$."
        )));
    }
    let (source, name) = match (described.get("MetricStat"), described.text("Expression")) {
        (Value::Null, None) => {
            let message = format!("The query {id} needs either MetricStat or Expression.");
            return Err(validation(message));
        }
        (Value::Null, Some(text)) => {
            let expression =
                Expression::parse(text).map_err(|problem| in_expression(id, &problem))?;
            let period = described.has("Period").then(|| read_period(described)).transpose()?;
            (Source::Expression { expression, period }, id)
        }
        (_, Some(_)) => {
            let message = format!("The query {id} has both MetricStat and Expression.");
            return Err(validation(message));
        }
        (statistic, None) => {
            let name = statistic.get("Metric").text("MetricName").unwrap_or(id);
            (read_metric(world, statistic)?, name)
        }
    };
    Ok(Query {
        id: id.to_owned(),
        label: described.text("Label").unwrap_or(name).to_owned(),
        return_data: described.bool("ReturnData").unwrap_or(true),
        source,
    })
}

fn read_metric(world: &World, described: &Value) -> Result<Source, ApiError> {
    let text = described.text("Stat").unwrap_or_default();
    let statistic = Statistic::parse(text).ok_or_else(|| {
        validation(format!("The value '{text}' for parameter Stat is not supported."))
    })?;
    // A wrong unit finds nothing, silently.
    let metric = Metric::find(world, described.get("Metric"))
        .filter(|metric| described.text("Unit").is_none_or(|unit| unit == metric.unit()));
    Ok(Source::Metric { metric, statistic, period: read_period(described)? })
}

fn read_period(described: &Value) -> Result<i64, ApiError> {
    described
        .int("Period")
        .filter(|period| (MINUTE..=DAY).contains(period) && period % MINUTE == 0)
        .ok_or_else(|| {
            validation(format!(
                "The parameter Period must be a multiple of {MINUTE} from {MINUTE} to {DAY}."
            ))
        })
}
