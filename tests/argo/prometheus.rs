//! A Prometheus that counts what a test wants: it answers `query_range` for the usual names.

use std::collections::BTreeMap;

use cutover::domain::{CountedBy, Prometheus, PrometheusAddress};
use serde_json::{Value, json};

/// The upper bounds of the latency's buckets, in seconds.
const BOUNDS: [&str; 6] = ["0.05", "0.1", "0.25", "0.5", "1", "+Inf"];

/// What one pod counts, evenly.
#[derive(Clone)]
pub(crate) struct Counter {
    pub(crate) pod: String,
    /// When it begins, and ends if it does, in seconds.
    pub(crate) from: i64,
    pub(crate) to: Option<i64>,
    /// Requests a minute.
    pub(crate) requests: f64,
    /// The share of them that fails.
    pub(crate) failing: f64,
    /// The share of them within each bound.
    pub(crate) within: [f64; 6],
}

/// The names that most client libraries use, in the cluster's own Prometheus.
pub(crate) fn usual() -> Prometheus {
    let of =
        |name: &str, more: &str| format!("{name}{{namespace=\"$namespace\",pod=~\"$pods\"{more}}}");
    Prometheus {
        address: PrometheusAddress::Service {
            namespace: "monitoring".into(),
            service: "prometheus:9090".into(),
        },
        counted_by: CountedBy::Pod,
        requests: of("http_requests_total", ""),
        errors: of("http_requests_total", ",code=~\"5..\""),
        latency: Some(of("http_request_duration_seconds_bucket", "")),
        latency_unit: 1.0,
    }
}

/// Where the range of a question begins, and its answer.
pub(crate) fn range(counters: &[Counter], query: &str) -> (i64, Value) {
    let asked: BTreeMap<String, String> =
        form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let number = |name: &str| asked[name].parse::<i64>().unwrap();
    let (start, end, step) = (number("start"), number("end"), number("step"));
    let question = &asked["query"];
    let mut result = Vec::new();
    for counter in counters.iter().filter(|counter| question.contains(prefix(&counter.pod))) {
        let samples = |share: f64| -> Vec<Value> {
            let times = (start..=end).step_by(usize::try_from(step).unwrap());
            let lives = |at: &i64| *at >= counter.from && counter.to.is_none_or(|to| *at < to);
            let sample = |at: i64| {
                let count = (at - counter.from) as f64 / 60.0 * counter.requests * share;
                json!([at, count.to_string()])
            };
            times.filter(lives).map(sample).collect()
        };
        let labels = |le: Option<&str>| {
            let mut labels = json!({"pod": counter.pod, "instance": "10.0.0.1:8080"});
            if let Some(le) = le {
                labels["le"] = json!(le);
            }
            labels
        };
        if question.contains("_bucket") {
            for (bound, share) in BOUNDS.iter().zip(counter.within) {
                result.push(json!({"metric": labels(Some(bound)), "values": samples(share)}));
            }
        } else {
            let share = if question.contains("code=~") { counter.failing } else { 1.0 };
            result.push(json!({"metric": labels(None), "values": samples(share)}));
        }
    }
    (start, json!({"status": "success", "data": {"resultType": "matrix", "result": result}}))
}

/// What the names of a version's pods begin with.
fn prefix(pod: &str) -> &str {
    pod.rsplit_once('-').unwrap().0
}
