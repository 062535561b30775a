//! The promise of the verdict, checked by simulation: the tables of `docs/verdict.md`.
//!
//! `just calibrate` plays more than a million rollouts, writes the tables between the marks of the document
//! and fails when a bar is missed. With the name of a table it makes that one alone. The same seeds
//! give the same tables. It stands among the benchmarks because, like them, it is built optimised
//! and measures the library from outside; `cargo bench` leaves it out.

#![allow(missing_docs, clippy::unwrap_used, reason = "a calibration that cannot run fails")]

#[path = "../../src/stats/tests/acceptance.rs"]
mod acceptance;
mod all_at_once;
mod composite;
mod delays;
mod document;
mod end_to_end;
mod engine;
mod false_alarms;
#[path = "../../src/stats/tests/generator.rs"]
mod generator;
mod latency;
mod margins;
mod percentiles;
mod reference;
mod report;
mod rules;
mod runs;
mod safety;

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use report::Report;

/// A table by its name in the document.
type Table = (&'static str, fn(&mut Report));

const TABLES: [Table; 9] = [
    ("acceptance", delays::acceptance),
    ("false-alarms", false_alarms::table),
    ("margins", margins::table),
    ("delays", delays::table),
    ("safety", safety::table),
    ("latency", latency::table),
    ("all-at-once", all_at_once::table),
    ("composite", composite::table),
    ("end-to-end", end_to_end::table),
];

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut said = std::io::stderr();
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let mut failed = false;
    for (name, make) in TABLES {
        if !wanted.is_empty() && !wanted.iter().any(|wanted| wanted == name) {
            continue;
        }
        let begun = Instant::now();
        let mut report = Report::default();
        make(&mut report);
        document::insert(name, &report.text)?;
        let seconds = begun.elapsed().as_secs();
        writeln!(
            said,
            "{name}: {} bars, {} missed, {seconds} s",
            report.bars,
            report.misses.len()
        )?;
        for miss in &report.misses {
            writeln!(said, "  {miss}")?;
        }
        failed |= !report.misses.is_empty();
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
