//! Analyses as guards: each metric would abort the rollout by itself.

use std::collections::BTreeSet;

use crate::domain::{Fact, Guard, GuardState};
use crate::sources::argo::raw::{
    AnalysisRun, Experiment, Measurement, MetricResult, MetricSpec, Past,
};

use super::measured::measured;
use super::view::View;

/// How many values are told of each metric.
const VALUES: usize = 4;

/// Every metric of the newest run of each analysis of the present version.
pub(crate) fn guards(view: &View<'_>) -> Fact<Vec<Guard>> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for run in view.runs() {
        let step = run.metadata.labels.get("step-index").map(String::as_str);
        for metric in &run.spec.metrics {
            // After a retry the older runs are history.
            if seen.insert((run.purpose().to_owned(), step, metric.name.clone())) {
                found.push(guard(run, metric, &view.raw.past));
            }
        }
    }
    found.extend(view.experiments().first().map(|newest| experiment(newest)));
    view.raw.analysis_runs.map(|_| found)
}

/// An experiment that fails aborts the rollout, as an analysis does.
fn experiment(own: &Experiment) -> Guard {
    let status = &own.status;
    let state = match status.phase.as_str() {
        "Failed" | "Error" => GuardState::Alarm,
        "Successful" | "Running" => GuardState::Ok,
        _ => GuardState::InsufficientData,
    };
    let versions = status.template_statuses.iter().map(|version| {
        format!(
            "{}: {} of {} pods available",
            version.name, version.available_replicas, version.replicas
        )
    });
    let said = [&status.phase, &status.message].map(String::clone);
    let parts: Vec<String> =
        said.into_iter().filter(|text| !text.is_empty()).chain(versions).collect();
    Guard {
        name: format!("{} (experiment)", own.metadata.name),
        state,
        reason: Some(parts.join(", ")).filter(|text| !text.is_empty()),
        since: status.available_at.or(own.metadata.creation_timestamp),
        measured: None,
    }
}

fn guard(run: &AnalysisRun, metric: &MetricSpec, past: &Past) -> Guard {
    let result = run.status.metric_results.iter().find(|result| result.name == metric.name);
    let state = match (result, run.status.phase.as_str()) {
        (Some(result), _) => state(result),
        // A run that cannot measure at all says why in its own message.
        (None, "Failed" | "Error") => GuardState::Alarm,
        (None, _) => GuardState::InsufficientData,
    };
    let ended = run.status.completed_at.or(run.status.started_at);
    let last = result.and_then(|result| result.measurements.last());
    Guard {
        name: format!("{} ({})", metric.name, run.purpose()),
        state,
        reason: Some(reason(run, metric, result)).filter(|text| !text.is_empty()),
        since: last.and_then(|last| last.finished_at).or(ended),
        measured: Some(Box::new(measured(run, metric, past))),
    }
}

fn state(result: &MetricResult) -> GuardState {
    match result.phase.as_str() {
        // A dry run is measured and never acted on.
        _ if result.dry_run => GuardState::InsufficientData,
        "Failed" | "Error" => GuardState::Alarm,
        "Successful" => GuardState::Ok,
        "Running" if result.count > 0 && result.failed == 0 => GuardState::Ok,
        _ => GuardState::InsufficientData,
    }
}

/// The newest values, newest first: where it is going is seen before a limit is reached.
fn values(result: &MetricResult) -> Option<String> {
    let value = |measured: &Measurement| match measured.phase.as_str() {
        "Error" => Some(format!("error {}", measured.message)),
        _ if measured.value.is_empty() => None,
        _ => Some(measured.value.clone()),
    };
    let newest: Vec<String> =
        result.measurements.iter().rev().filter_map(value).take(VALUES).collect();
    let (first, before) = newest.split_first()?;
    let before =
        if before.is_empty() { String::new() } else { format!(" (before: {})", before.join(", ")) };
    Some(format!("value {first}{before}"))
}

/// The newest values, what they have to be, and how many measurements there were.
pub(super) fn reason(
    run: &AnalysisRun,
    metric: &MetricSpec,
    result: Option<&MetricResult>,
) -> String {
    let mut parts = Vec::new();
    let Some(result) = result else { return run.status.message.clone() };
    if let Some(values) = values(result) {
        parts.push(values);
    }
    if !metric.success_condition.is_empty() {
        parts.push(format!("needs {}", metric.success_condition));
    } else if !metric.failure_condition.is_empty() {
        parts.push(format!("fails at {}", metric.failure_condition));
    }
    let planned = metric.planned().map(|planned| format!(" of {planned}")).unwrap_or_default();
    parts.push(format!("measured {}{planned}", result.count));
    for (what, number, limit) in [
        ("failed", result.failed, metric.failure_limit()),
        ("inconclusive", result.inconclusive, metric.inconclusive_limit()),
        ("not measured", result.consecutive_error, metric.error_limit()),
    ] {
        let limit = if limit < 0 { "any number".to_owned() } else { limit.to_string() };
        if number > 0 {
            parts.push(format!("{what} {number}, allowed {limit}"));
        }
    }
    if result.dry_run {
        parts.push("dry run".to_owned());
    }
    if !result.message.is_empty() {
        parts.push(result.message.clone());
    }
    parts.join(", ")
}
