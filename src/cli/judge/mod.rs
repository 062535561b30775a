//! `cutover judge`: stored minutes, judged as they would have been judged live.
//!
//! [`from_json`] and [`from_csv`] make a [`Case`] of the text, the judge of [`crate::stats`] takes
//! its buckets one after the other, [`table`] shows what it said to a person and [`run`] to a
//! program.

mod from_csv;
mod from_json;
mod table;
#[cfg(test)]
mod tests;

use std::io;

use serde::Serialize;

pub(super) use table::write_metrics;

use crate::stats::{Assessment, Basis, Bucket, BucketLength, Config, Judge, MetricSpec, Verdict};

/// How the input is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One object with `history`, `metrics` and `inputs`.
    Json,
    /// A header and one line a minute.
    Csv,
}

impl Format {
    /// JSON starts with a brace; anything else is taken for CSV.
    pub fn detect(input: &str) -> Self {
        if input.trim_start().starts_with(['{', '[']) { Format::Json } else { Format::Csv }
    }
}

/// Where it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// The verdict after the last minute; [`Verdict::NoData`] when there was none.
    pub verdict: Verdict,
}

/// Why nothing could be judged.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// The input says something else than minutes of two sides.
    #[error("cannot judge the input: {place}: {why}\n\nhint: {hint}")]
    Input {
        /// Line and column, or the path of what was misunderstood.
        place: String,
        /// What is wrong with it.
        why: String,
        /// What to write instead.
        hint: String,
    },
    /// Nobody took the result.
    #[error("cannot write the result: {0}")]
    Write(#[from] io::Error),
}

/// What is to be judged: metrics with blue's history, and minutes with what each is called.
struct Case {
    metrics: Vec<MetricSpec>,
    buckets: Vec<Bucket>,
    times: Vec<String>,
}

/// What a program reads about one minute.
#[derive(Serialize)]
struct Output<'a> {
    time: &'a str,
    verdict: Verdict,
    log_e: f64,
    confidence: f64,
    safe_progress: f64,
    /// Minutes; null when there is none.
    eta: Option<u32>,
    basis: Basis,
    blame: Option<&'a str>,
}

/// Judges `input` minute by minute as `config` says and writes what was concluded after each: a
/// JSON array, or a table for a person.
pub fn run(
    input: &str,
    format: Format,
    config: &Config,
    json: bool,
    out: &mut dyn io::Write,
) -> Result<Outcome, JudgeError> {
    let case = match format {
        Format::Json => from_json::read(input, config),
        Format::Csv => from_csv::read(input, config),
    }?;
    let judge = Judge::new(config, BucketLength::MINUTE, case.metrics);
    let (judge, assessments) = judge.replay(&case.buckets);
    if json {
        write_json(&case.times, &assessments, out)?;
    } else {
        table::write(&case.times, &assessments, out)?;
    }
    Ok(Outcome { verdict: judge.assessment().verdict })
}

/// One line a minute, so that it can be read and compared line by line.
fn write_json(
    times: &[String],
    assessments: &[Assessment],
    out: &mut dyn io::Write,
) -> io::Result<()> {
    write!(out, "[")?;
    for (index, (time, assessment)) in times.iter().zip(assessments).enumerate() {
        write!(out, "{}", if index == 0 { "\n" } else { ",\n" })?;
        let output = Output {
            time,
            verdict: assessment.verdict,
            log_e: assessment.log_e,
            confidence: assessment.confidence,
            safe_progress: assessment.safe_progress,
            eta: assessment.eta.buckets(),
            basis: assessment.basis,
            blame: assessment.blamed().map(|metric| metric.name.as_str()),
        };
        serde_json::to_writer(&mut *out, &output)?;
    }
    writeln!(out, "\n]")
}
