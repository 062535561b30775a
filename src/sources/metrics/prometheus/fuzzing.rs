//! Any answer of a Prometheus: what the metrics are.

use jiff::{SignedDuration, Timestamp};

use crate::domain::{Metrics, Quantile, Side, Target};
use crate::stats::{Config, Settle};

use super::series::{Grown, Series};
use super::{Pods, Reader, Span, Subject, Versions, Whose, translate};

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
    let pods = |set: &str| Pods { namespace: "shop".to_owned(), sets: vec![set.to_owned()] };
    let versions = Versions {
        target,
        blue: pods("checkout-1a2b"),
        green: pods("checkout-3c4d"),
        began: Some(began),
    };
    let span = Span::of_rollout(Some(began), 15, Settle::THREE_MINUTES, now);
    let mut reader = Reader::default();
    let margins = Quantile::ALL.map(|quantile| Config::default().latency(quantile).growth());
    let minutes = span.start..span.end;
    let sides = [Side::Blue, Side::Green];
    let grown = Grown::of((&versions, &sides, 1.0), (&requests, &errors, &buckets), minutes);
    reader.keep(&grown, &sides, span.start, span);
    reader.edges = reader.edges(&Subject { whose: Whose::Pods(versions), margins }, span);
    Some(translate::metrics(&reader, &[], span))
}
