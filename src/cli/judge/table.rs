//! What a person reads: a line a minute, then what each metric says in the end.

use std::io;

use crate::stats::{Assessment, Basis, Counts, Eta, MetricAssessment, Role, Verdict};

/// Odds above this are only said to be above it.
const HIGHEST_ODDS: f64 = 9999.0;

/// Writes both tables; without a minute it says so.
pub(super) fn write(
    times: &[String],
    assessments: &[Assessment],
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let Some(last) = assessments.last() else {
        return writeln!(out, "no minute in which green had requests");
    };
    let minutes = times.iter().zip(assessments).map(|(time, assessment)| minute(time, assessment));
    let head = ["time", "verdict", "odds worse", "confidence", "safe", "decision in", "because of"];
    columns(head, minutes, out)?;
    writeln!(out)?;
    write_metrics(last, out)
}

/// What each metric says, and the warning that belongs to it.
pub(in crate::cli) fn write_metrics(last: &Assessment, out: &mut dyn io::Write) -> io::Result<()> {
    let head =
        ["metric", "weight", "blue", "green", "times", "at least", "at most", "odds worse", "safe"];
    columns(head, last.metrics.iter().map(metric), out)?;
    if last.basis == Basis::BeforeAfter {
        writeln!(out, "\nblue had no requests: green was compared with what blue was before")?;
    }
    Ok(())
}

fn minute(time: &str, assessment: &Assessment) -> [String; 7] {
    [
        time.to_owned(),
        words(assessment.verdict).to_owned(),
        odds(assessment.log_e),
        confidence(assessment.confidence),
        percent(assessment.safe_progress, 0),
        eta(assessment.eta),
        assessment.blamed().map(|metric| metric.name.clone()).unwrap_or_default(),
    ]
}

fn metric(metric: &MetricAssessment) -> [String; 9] {
    let rate = |counts: Option<Counts>| {
        counts.map(|counts| percent(counts.bad() / counts.requests(), 2)).unwrap_or_default()
    };
    let times = |value: Option<f64>| value.map(|times| format!("{times:.2}")).unwrap_or_default();
    let judged = metric.role != Role::Muted;
    let weight = if judged { percent(metric.weight, 0) } else { "muted".to_owned() };
    let critical = metric.role == Role::Critical;
    [
        metric.name.clone(),
        weight,
        rate(metric.blue),
        rate(metric.green),
        times(metric.ratio.map(|ratio| ratio.value).or(metric.gauge_ratio)),
        times(metric.ratio.map(|ratio| ratio.low)),
        times(metric.ratio.map(|ratio| ratio.high)),
        if judged { odds(metric.log_e) } else { String::new() },
        if critical { percent(metric.safe_progress, 0) } else { String::new() },
    ]
}

fn words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Worse => "worse",
        Verdict::NoWorse => "no worse",
        Verdict::Better => "better",
        Verdict::Undecided => "undecided",
        Verdict::NoData => "no data",
        Verdict::CannotCompareSideBySide => "cannot compare",
    }
}

fn odds(log_e: f64) -> String {
    let odds = log_e.exp();
    if odds > HIGHEST_ODDS {
        format!(">{HIGHEST_ODDS} : 1")
    } else if odds >= 10.0 {
        format!("{odds:.0} : 1")
    } else {
        format!("{odds:.2} : 1")
    }
}

/// Rounded down: 95 % is the decision line, and nothing is certain.
fn confidence(share: f64) -> String {
    if share > 0.99 { ">99 %".to_owned() } else { percent((100.0 * share).floor() / 100.0, 0) }
}

fn percent(share: f64, digits: usize) -> String {
    format!("{:.digits$} %", 100.0 * share)
}

fn eta(eta: Eta) -> String {
    match eta {
        Eta::Decided => String::new(),
        Eta::TooEarly => "warming up".to_owned(),
        Eta::Buckets(minutes) => format!("{minutes} min"),
        Eta::LittleTraffic(_) => "any minute".to_owned(),
        Eta::NotAtThisTraffic => "none in sight".to_owned(),
    }
}

/// The first column is for names, the others end under each other.
fn columns<const N: usize>(
    head: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let rows: Vec<[String; N]> = std::iter::once(head.map(str::to_owned)).chain(rows).collect();
    let mut widths = [0; N];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in &rows {
        let cells = row.iter().zip(widths).enumerate();
        let line: Vec<String> = cells
            .map(
                |(index, (cell, width))| {
                    if index == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
                },
            )
            .collect();
        writeln!(out, "{}", line.join("  ").trim_end())?;
    }
    Ok(())
}
