//! Minutes as lines: `time, blue_requests, blue_errors, green_requests, green_errors`, in any order.
//!
//! For each of p50, p90 and p99 there may be five more columns with the requests that were slower
//! than the edge: `blue_p99`, `green_p99`; than the edge and what is ignored: `blue_p99_ignored`,
//! `green_p99_ignored`; than the edge and what is accepted: `green_p99_accepted`. An empty cell was
//! not measured, except that a minute with requests and without a count of errors had none. The
//! lines before green's first request are blue's history.

use ::csv::{Reader, ReaderBuilder, StringRecord, Trim};

use crate::stats::{
    Bucket, Config, Counts, LONGEST_HISTORY, MetricSpec, Quantile, Sample, Sides, Tally,
};

use super::{Case, JudgeError};

const SHAPE: &str =
    "the first line is `time,blue_requests,blue_errors,green_requests,green_errors`";
/// More requests than this in a minute is a mistake.
const MOST: f64 = 1e15;

/// Where each value stands in a line.
struct Columns {
    time: usize,
    blue_requests: usize,
    blue_errors: usize,
    green_requests: usize,
    green_errors: usize,
    latency: Vec<Latency>,
    names: Vec<String>,
}

/// The columns of one percentile: blue's edge and ignored, green's edge, ignored and accepted.
struct Latency {
    quantile: Quantile,
    blue: [usize; 2],
    green: [usize; 3],
}

/// One line: the tallies of the errors, then of each latency.
struct Line {
    time: String,
    sides: Vec<Sides<Tally>>,
}

/// Reads all lines.
pub(super) fn read(input: &str, config: &Config) -> Result<Case, JudgeError> {
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(input.as_bytes());
    let columns = Columns::find(&mut reader)?;
    let lines: Vec<Line> = reader
        .records()
        .map(|record| columns.line(&record.map_err(|error| broken(&error))?))
        .collect::<Result<_, _>>()?;
    let started = |line: &Line| line.sides.iter().any(|sides| sides.green.is_some());
    let start = lines.iter().position(started).unwrap_or(lines.len());
    let (before, during) = lines.split_at(start);
    Ok(Case {
        metrics: metrics(&columns, before, config),
        buckets: during
            .iter()
            .map(|line| Bucket {
                planned: None,
                samples: line.sides.iter().copied().map(Sample::Counts).collect(),
            })
            .collect(),
        times: during.iter().map(|line| line.time.clone()).collect(),
    })
}

/// The errors and each latency, with the newest of what blue did before.
fn metrics(columns: &Columns, before: &[Line], config: &Config) -> Vec<MetricSpec> {
    let newest = before.len().saturating_sub(LONGEST_HISTORY);
    let history = |metric: usize| -> Vec<Option<Counts>> {
        let sides = before.iter().skip(newest).map(|line| line.sides.get(metric));
        sides.map(|sides| sides.and_then(|sides| sides.blue).map(Tally::plain)).collect()
    };
    let latency = columns.latency.iter().enumerate();
    let latency = latency.map(|(i, l)| MetricSpec::slower(config, l.quantile, history(i + 1)));
    std::iter::once(MetricSpec::errors(config, history(0))).chain(latency).collect()
}

impl Columns {
    fn find(reader: &mut Reader<&[u8]>) -> Result<Self, JudgeError> {
        let header = reader.headers().map_err(|error| broken(&error))?;
        let names: Vec<String> = header.iter().map(str::to_owned).collect();
        let find = |name: &str| names.iter().position(|column| column == name);
        let need = |name: &str| {
            find(name).ok_or_else(|| in_header(format!("there is no column `{name}`")))
        };
        let mut latency = Vec::new();
        for quantile in Quantile::ALL {
            let q = quantile.name();
            let blue = [format!("blue_{q}"), format!("blue_{q}_ignored")];
            let green =
                [format!("green_{q}"), format!("green_{q}_ignored"), format!("green_{q}_accepted")];
            if blue.iter().chain(&green).any(|name| find(name).is_some()) {
                latency.push(Latency {
                    quantile,
                    blue: [need(&blue[0])?, need(&blue[1])?],
                    green: [need(&green[0])?, need(&green[1])?, need(&green[2])?],
                });
            }
        }
        let columns = Self {
            time: need("time")?,
            blue_requests: need("blue_requests")?,
            blue_errors: need("blue_errors")?,
            green_requests: need("green_requests")?,
            green_errors: need("green_errors")?,
            latency,
            names: Vec::new(),
        };
        let used = columns.used();
        if let Some(name) = (0..names.len()).find(|i| !used.contains(i)).map(|i| &names[i]) {
            return Err(in_header(format!(
                "the column `{name}` means nothing here or comes twice"
            )));
        }
        Ok(Self { names, ..columns })
    }

    fn used(&self) -> Vec<usize> {
        let latency = self.latency.iter().flat_map(|l| l.blue.into_iter().chain(l.green));
        let base = [self.time, self.blue_requests, self.blue_errors];
        base.into_iter().chain([self.green_requests, self.green_errors]).chain(latency).collect()
    }

    fn line(&self, record: &StringRecord) -> Result<Line, JudgeError> {
        let count = |column: usize| self.count(record, column);
        let (blue, green) = (count(self.blue_requests)?, count(self.green_requests)?);
        let (blue_errors, green_errors) = (count(self.blue_errors)?, count(self.green_errors)?);
        let errors = |errors: Option<f64>, requests: Option<f64>| {
            Tally::errors(errors.unwrap_or(0.0), requests?)
        };
        let mut sides =
            vec![Sides { blue: errors(blue_errors, blue), green: errors(green_errors, green) }];
        for Latency { blue: [b, b_ignored], green: [g, g_ignored, g_accepted], .. } in &self.latency
        {
            let blue_slow = [count(*b)?, count(*b_ignored)?, count(*b_ignored)?];
            let green_slow = [count(*g)?, count(*g_ignored)?, count(*g_accepted)?];
            sides.push(Sides { blue: slower(blue_slow, blue), green: slower(green_slow, green) });
        }
        Ok(Line { time: record.get(self.time).unwrap_or_default().to_owned(), sides })
    }

    /// A cell; nothing when it is empty.
    fn count(&self, record: &StringRecord, column: usize) -> Result<Option<f64>, JudgeError> {
        let cell = record.get(column).unwrap_or_default();
        if cell.is_empty() {
            return Ok(None);
        }
        let count = cell.parse::<f64>().ok().filter(|count| (0.0..=MOST).contains(count));
        count.map(Some).ok_or_else(|| JudgeError::Input {
            place: place(record.position(), column),
            why: format!("`{cell}` in `{}` is not a count", self.names[column]),
            hint: "a count is a number from 0; leave the cell empty if it was not measured".into(),
        })
    }
}

/// The tally of one side; nothing when one of its counts was not measured.
fn slower(than: [Option<f64>; 3], requests: Option<f64>) -> Option<Tally> {
    let [edge, ignored, accepted] = than;
    Tally::slower([edge?, ignored?, accepted?], requests?)
}

fn place(position: Option<&::csv::Position>, column: usize) -> String {
    let line = position.map_or(0, ::csv::Position::line);
    format!("line {line}, column {}", column + 1)
}

fn in_header(why: String) -> JudgeError {
    JudgeError::Input { place: "line 1".to_owned(), why, hint: SHAPE.to_owned() }
}

/// What the reader itself could not take: a line of another length, or no text.
fn broken(error: &::csv::Error) -> JudgeError {
    let (why, column) = match error.kind() {
        ::csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            (format!("{len} cells where the header has {expected_len}"), *len.min(expected_len))
        }
        _ => (error.to_string(), 0),
    };
    let column = usize::try_from(column).unwrap_or(0);
    JudgeError::Input { place: place(error.position(), column), why, hint: SHAPE.to_owned() }
}
