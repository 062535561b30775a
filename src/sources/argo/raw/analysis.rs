//! AnalysisRuns: what the controller measures, against which limits.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use crate::domain::Analysis;

use super::{Meta, lenient};

/// A run of an analysis.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct AnalysisRun {
    pub(crate) metadata: Meta,
    pub(crate) spec: AnalysisSpec,
    pub(crate) status: AnalysisStatus,
}

impl AnalysisRun {
    /// Its place in the rollout; an experiment's has none.
    pub(crate) fn place(&self) -> Option<Analysis> {
        Some(match self.metadata.labels.get("rollout-type").map(String::as_str)? {
            "PrePromotion" => Analysis::BeforePromotion,
            "PostPromotion" => Analysis::AfterPromotion,
            "Background" => Analysis::Background,
            "Step" => Analysis::Step,
            _ => return None,
        })
    }

    /// What it is for, in the words of the rail.
    pub(crate) fn purpose(&self) -> &str {
        match self.metadata.labels.get("rollout-type").map(String::as_str) {
            Some("PrePromotion") => "before promotion",
            Some("PostPromotion") => "after promotion",
            Some("Background") => "background",
            Some("Step") => "step",
            Some(other) => other,
            None => "analysis",
        }
    }
}

/// What is measured.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct AnalysisSpec {
    /// Somebody ended it.
    #[serde(deserialize_with = "lenient")]
    pub(crate) terminate: bool,
    #[serde(deserialize_with = "lenient")]
    pub(crate) metrics: Vec<MetricSpec>,
}

/// A metric and its limits. Numbers may be written as text.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct MetricSpec {
    pub(crate) name: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) success_condition: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) failure_condition: String,
    interval: Value,
    initial_delay: Value,
    count: Value,
    failure_limit: Value,
    inconclusive_limit: Value,
    consecutive_error_limit: Value,
}

impl MetricSpec {
    /// How many measurements are planned: without an interval one; nothing when it goes on until it
    /// is ended.
    pub(crate) fn planned(&self) -> Option<i64> {
        let one = self.interval().is_none().then_some(1);
        number(&self.count).filter(|count| *count > 0).or(one)
    }

    /// How long after the end of a measurement the next one begins.
    pub(crate) fn interval(&self) -> Option<SignedDuration> {
        span(&self.interval)
    }

    /// How long after the beginning of the run the first one begins.
    pub(crate) fn initial_delay(&self) -> Option<SignedDuration> {
        span(&self.initial_delay)
    }

    /// How many failures it survives; below zero any number.
    pub(crate) fn failure_limit(&self) -> i64 {
        number(&self.failure_limit).unwrap_or(0)
    }

    /// How many measurements without a result it survives.
    pub(crate) fn inconclusive_limit(&self) -> i64 {
        number(&self.inconclusive_limit).unwrap_or(0)
    }

    /// How many measurements in a row may fail to be taken.
    pub(crate) fn error_limit(&self) -> i64 {
        number(&self.consecutive_error_limit).unwrap_or(4)
    }
}

fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// A span as the controller takes it; an empty one is none.
fn span(value: &Value) -> Option<SignedDuration> {
    value.as_str()?.trim().parse().ok()
}

/// How far it is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct AnalysisStatus {
    /// Empty until the controller begins.
    #[serde(deserialize_with = "lenient")]
    pub(crate) phase: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) message: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) started_at: Option<Timestamp>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) completed_at: Option<Timestamp>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) metric_results: Vec<MetricResult>,
}

/// What came of one metric so far.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct MetricResult {
    pub(crate) name: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) phase: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) message: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) dry_run: bool,
    #[serde(deserialize_with = "lenient")]
    pub(crate) count: i64,
    #[serde(deserialize_with = "lenient")]
    pub(crate) failed: i64,
    #[serde(deserialize_with = "lenient")]
    pub(crate) inconclusive: i64,
    #[serde(deserialize_with = "lenient")]
    pub(crate) consecutive_error: i64,
    /// What the provider says of itself: the query as it was sent.
    #[serde(deserialize_with = "lenient")]
    pub(crate) metadata: BTreeMap<String, String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) measurements: Vec<Measurement>,
}

/// One measurement; the newest ten are kept.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Measurement {
    #[serde(deserialize_with = "lenient")]
    pub(crate) phase: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) message: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) value: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) started_at: Option<Timestamp>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) finished_at: Option<Timestamp>,
    /// When a measurement that takes its time is looked at again.
    #[serde(deserialize_with = "lenient")]
    pub(crate) resume_at: Option<Timestamp>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) metadata: BTreeMap<String, String>,
}
