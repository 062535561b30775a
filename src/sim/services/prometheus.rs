//! The HTTP API of the Prometheus in the cluster.

use serde_json::{Value as Json, json};

use super::{Service, unknown_operation};
use crate::sim::error::ApiError;
use crate::sim::value::Value;
use crate::sim::world::World;
use crate::sim::world::prometheus::{self, Labels};

/// The operations that are simulated.
pub const OPERATIONS: &[&str] = &["query", "query_range"];

/// Carries out an operation.
pub(crate) fn handle(world: &World, operation: &str, input: &Value) -> Result<Value, ApiError> {
    if world.argo.is_none() {
        let message = "services \"prometheus:9090\" not found";
        return Err(ApiError { status: 404, ..ApiError::client("not_found", message) });
    }
    let query = input.text("query").unwrap_or_default();
    let second = |name: &str| {
        let text = input.text(name).unwrap_or_default();
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        number.map(|number| number as i64).ok_or_else(|| {
            bad(format!(
                "invalid parameter \"{name}\": cannot parse \"{text}\" to a valid timestamp"
            ))
        })
    };
    let data = match operation {
        "query" => {
            let at = match input.text("time") {
                Some(_) => jiff::Timestamp::from_second(second("time")?)
                    .map_err(|error| bad(error.to_string()))?,
                None => world.now(),
            };
            let vector = prometheus::instant(world, query, at).map_err(bad)?;
            let sample = |(labels, value): (Labels, f64)| json!({"metric": labels, "value": [at.as_second(), shown(value)]});
            data("vector", &vector.into_iter().map(sample).collect::<Vec<_>>())
        }
        "query_range" => {
            let range = (second("start")?, second("end")?, second("step")?);
            let matrix = prometheus::range(world, query, range).map_err(bad)?;
            let series = |(labels, values): (Labels, Vec<(i64, f64)>)| {
                let values: Vec<Json> =
                    values.into_iter().map(|(at, value)| json!([at, shown(value)])).collect();
                json!({"metric": labels, "values": values})
            };
            data("matrix", &matrix.into_iter().map(series).collect::<Vec<_>>())
        }
        _ => return Err(unknown_operation(Service::Prometheus, operation)),
    };
    Ok(json!({"status": "success", "data": data}).into())
}

fn data(kind: &str, result: &[Json]) -> Json {
    json!({"resultType": kind, "result": result})
}

fn bad(message: String) -> ApiError {
    ApiError::client("bad_data", message)
}

/// A number as Prometheus prints it.
fn shown(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    if value.is_nan() { "NaN".to_owned() } else { value.to_string() }
}
