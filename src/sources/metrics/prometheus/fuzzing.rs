//! Any answer of a Prometheus: what the metrics are.

use jiff::{SignedDuration, Timestamp};

use crate::domain::{Metrics, Prometheus, PrometheusAddress, Quantile, Target};
use crate::stats::{Config, Settle};

use super::series::{Grown, Series};
use super::{Reader, Span, Subject, Versions, translate};

/// The metrics from the series of requests, errors and latency buckets, in this order; what is no
/// list of series is none.
pub(crate) fn counted(answers: &[&[u8]]) -> Option<Metrics> {
    let now = Timestamp::from_second(1_772_442_000).ok()?;
    let began = now - SignedDuration::from_mins(20);
    let series = |index: usize| -> Vec<Series> {
        answers.get(index).and_then(|text| serde_json::from_slice(text).ok()).unwrap_or_default()
    };
    let (requests, errors, buckets) = (series(0), series(1), series(2));
    if requests.is_empty() {
        return None;
    }
    let target = Target::Argo { context: None, namespace: "shop".into(), name: "checkout".into() };
    let versions = Versions {
        target,
        namespace: "shop".to_owned(),
        blue: "checkout-1a2b".to_owned(),
        green: "checkout-3c4d".to_owned(),
        began: Some(began),
    };
    let prometheus = Prometheus {
        address: PrometheusAddress::Url("http://127.0.0.1:1".to_owned()),
        requests: "requests".to_owned(),
        errors: "errors".to_owned(),
        latency: Some("latency".to_owned()),
        latency_unit: 1.0,
    };
    let span = Span::of_rollout(Some(began), 15, Settle::THREE_MINUTES, now);
    let mut reader = Reader { unit: prometheus.latency_unit, ..Reader::default() };
    let margins = Quantile::ALL.map(|quantile| Config::default().latency(quantile).growth());
    let minutes = span.start..span.end;
    let grown = Grown::of(&versions, (&requests, &errors, &buckets), minutes);
    reader.keep(&grown, span.start, span);
    reader.edges = reader.edges(&Subject { versions, margins }, span);
    Some(translate::metrics(&reader, &prometheus, span))
}
