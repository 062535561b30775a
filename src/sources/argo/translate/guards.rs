//! Analyses as guards: each metric would abort the rollout by itself.

use std::collections::BTreeSet;

use crate::domain::{Fact, Guard, GuardState};
use crate::sources::argo::raw::{AnalysisRun, MetricResult, MetricSpec};

use super::view::View;

/// Every metric of the newest run of each analysis of the present version.
pub(crate) fn guards(view: &View<'_>) -> Fact<Vec<Guard>> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for run in view.runs() {
        let step = run.metadata.labels.get("step-index").map(String::as_str);
        for metric in &run.spec.metrics {
            // After a retry the older runs are history.
            if seen.insert((run.purpose().to_owned(), step, metric.name.clone())) {
                found.push(guard(run, metric));
            }
        }
    }
    view.raw.analysis_runs.map(|_| found)
}

fn guard(run: &AnalysisRun, metric: &MetricSpec) -> Guard {
    let result = run.status.metric_results.iter().find(|result| result.name == metric.name);
    let state = match (result, run.status.phase.as_str()) {
        (Some(result), _) => state(result),
        // A run that cannot measure at all says why in its own message.
        (None, "Failed" | "Error") => GuardState::Alarm,
        (None, _) => GuardState::InsufficientData,
    };
    let ended = run.status.completed_at.or(run.status.started_at);
    let measured = result.and_then(|result| result.measurements.last());
    Guard {
        name: format!("{} ({})", metric.name, run.purpose()),
        state,
        reason: Some(reason(run, metric, result)).filter(|text| !text.is_empty()),
        since: measured.and_then(|measured| measured.finished_at).or(ended),
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

/// The newest value, what it has to be, and how many measurements there were.
fn reason(run: &AnalysisRun, metric: &MetricSpec, result: Option<&MetricResult>) -> String {
    let mut parts = Vec::new();
    let Some(result) = result else { return run.status.message.clone() };
    if let Some(value) = result.measurements.last().map(|measured| measured.value.as_str()) {
        parts.push(format!("value {value}"));
    }
    if !metric.success_condition.is_empty() {
        parts.push(format!("needs {}", metric.success_condition));
    } else if !metric.failure_condition.is_empty() {
        parts.push(format!("fails at {}", metric.failure_condition));
    }
    let planned = metric.planned().map(|planned| format!(" of {planned}")).unwrap_or_default();
    parts.push(format!("measured {}{planned}", result.count));
    if result.failed > 0 {
        let limit = match metric.failure_limit() {
            limit if limit < 0 => "any number".to_owned(),
            limit => limit.to_string(),
        };
        parts.push(format!("failed {}, allowed {limit}", result.failed));
    }
    if result.dry_run {
        parts.push("dry run".to_owned());
    }
    if !result.message.is_empty() {
        parts.push(result.message.clone());
    }
    parts.join(", ")
}
