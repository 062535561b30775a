//! One run as JSON.
//!
//! `history`: for each metric blue's `[bad, requests]` before the rollout, `[null, null]` for a
//! minute that is missing. `metrics`: for each its name, weight, ignored ratio and difference,
//! accepted ratio and difference, blue's rate without a history, and whether it counts errors;
//! without `metrics` those of the usual names are compared in the usual way. `inputs`: one object a
//! minute with `xa` of `na` bad requests of blue and `xb` of `nb` of green for each metric, null for
//! what is missing. Latency counts above more than one edge: `xa` and `xb_better` above the edge,
//! `xa_better` and `xb` above what is ignored, `xb_safe` above what is accepted.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::stats::{
    Bucket, Config, CountTest, Counts, Importance, Margin, MetricSpec, OutOfRange, Probability,
    Quantile, Role, Sample, Sides, Tally, Test,
};

use super::{Case, JudgeError};

/// Blue's bad requests and requests, minute by minute.
type History = Vec<Option<(Option<f64>, Option<f64>)>>;

const SHAPE: &str = "write {\"history\": {NAME: [[BAD, REQUESTS], ...]}, \"metrics\": [...], \
                     \"inputs\": [{NAME: {\"xa\": .., \"na\": .., \"xb\": .., \"nb\": ..}}, ...]}";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Run {
    #[serde(default)]
    history: BTreeMap<String, History>,
    metrics: Option<Vec<Metric>>,
    inputs: Vec<BTreeMap<String, Option<Minute>>>,
    /// Stored results may stand beside what they were made from.
    #[serde(default, rename = "outputs")]
    _outputs: IgnoredAny,
    #[serde(default, rename = "worse_at")]
    _worse_at: IgnoredAny,
}

/// Counts of one metric in one minute.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Minute {
    xa: Option<f64>,
    na: Option<f64>,
    xb: Option<f64>,
    nb: Option<f64>,
    xb_safe: Option<f64>,
    xa_better: Option<f64>,
    xb_better: Option<f64>,
}

#[derive(Deserialize)]
#[serde(try_from = "RawMetric")]
struct Metric {
    name: String,
    weight: Importance,
    ignore: Margin,
    accept: Margin,
    prior_rate: Probability,
    errors: bool,
}

type RawMetric = (String, Importance, f64, f64, f64, f64, Probability, bool);

impl TryFrom<RawMetric> for Metric {
    type Error = OutOfRange;

    fn try_from(raw: RawMetric) -> Result<Self, OutOfRange> {
        let (name, weight, ratio, plus, safe_ratio, safe_plus, prior_rate, errors) = raw;
        let ignore = Margin::checked(ratio, plus)?;
        let accept = Margin::checked(safe_ratio, safe_plus)?;
        Ok(Self { name, weight, ignore, accept, prior_rate, errors })
    }
}

/// Reads one run.
pub(super) fn read(input: &str, config: &Config) -> Result<Case, JudgeError> {
    let run = parse(input)?;
    let Run { mut history, metrics, inputs, .. } = run;
    let specs = match metrics {
        Some(metrics) => metrics.into_iter().map(|metric| metric.spec(&mut history)).collect(),
        None => usual(&inputs, &mut history, config)?,
    };
    let known = |name: &String| specs.iter().any(|spec: &MetricSpec| spec.name == *name);
    if let Some(name) = history.keys().find(|name| !known(name)) {
        return Err(unknown(&format!("history.{name}"), name));
    }
    for (index, input) in inputs.iter().enumerate() {
        if let Some(name) = input.keys().find(|name| !known(name)) {
            return Err(unknown(&format!("inputs[{index}].{name}"), name));
        }
    }
    let bucket = |input: &BTreeMap<String, Option<Minute>>| Bucket {
        planned: None,
        samples: specs
            .iter()
            .map(|spec| input.get(&spec.name).and_then(Option::as_ref))
            .map(|minute| Sample::Counts(minute.map_or(Sides::MISSING, Minute::sides)))
            .collect(),
    };
    let buckets: Vec<Bucket> = inputs.iter().map(bucket).collect();
    let times = (1..=buckets.len()).map(|minute| minute.to_string()).collect();
    Ok(Case { metrics: specs, buckets, times })
}

fn parse(input: &str) -> Result<Run, JudgeError> {
    let mut json = serde_json::Deserializer::from_str(input);
    let run = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        misread(error.inner(), &path)
    })?;
    json.end().map_err(|error| misread(&error, "."))?;
    Ok(run)
}

/// The words of the parser without its own line and column, which come first here.
fn misread(error: &serde_json::Error, path: &str) -> JudgeError {
    let text = error.to_string();
    let why = text.rsplit_once(" at line ").map_or(text.as_str(), |(why, _)| why);
    let why = if path == "." { why.to_owned() } else { format!("`{path}`: {why}") };
    JudgeError::Input {
        place: format!("line {}, column {}", error.line(), error.column()),
        why,
        hint: SHAPE.to_owned(),
    }
}

fn unknown(place: &str, name: &str) -> JudgeError {
    JudgeError::Input {
        place: place.to_owned(),
        why: format!("`{name}` is no metric of this run"),
        hint: "name it in `metrics`, or use the usual names: errors (or 5xx), p50, p90, p99"
            .to_owned(),
    }
}

/// The metrics of usual names that occur in the minutes.
fn usual(
    inputs: &[BTreeMap<String, Option<Minute>>],
    history: &mut BTreeMap<String, History>,
    config: &Config,
) -> Result<Vec<MetricSpec>, JudgeError> {
    let mut names: Vec<&String> = inputs.iter().flat_map(BTreeMap::keys).collect();
    names.sort();
    names.dedup();
    let spec = |name: &String| {
        let blue = take(history, name);
        let quantile = Quantile::ALL.into_iter().find(|quantile| quantile.name() == name);
        let spec = match (name.as_str(), quantile) {
            ("errors" | "5xx", _) => MetricSpec::errors(config, blue),
            (_, Some(quantile)) => MetricSpec::slower(config, quantile, blue),
            (_, None) => return Err(unknown(&format!("inputs: {name}"), name)),
        };
        Ok(MetricSpec { name: name.clone(), ..spec })
    };
    names.into_iter().map(spec).collect()
}

/// Blue's history of the metric `name`; a minute without requests is missing.
fn take(history: &mut BTreeMap<String, History>, name: &str) -> Vec<Option<Counts>> {
    let series = history.get(name).into_iter().flatten();
    series.map(|minute| minute.and_then(|(x, n)| Counts::new(x?, n?))).collect()
}

impl Metric {
    fn spec(self, history: &mut BTreeMap<String, History>) -> MetricSpec {
        let Metric { name, weight, ignore, accept, prior_rate, errors } = self;
        let test = CountTest { ignore, accept, prior_rate, history: take(history, &name) };
        let test = if errors { Test::Errors(test) } else { Test::Counts(test) };
        MetricSpec { name, weight, role: Role::Critical, test }
    }
}

impl Minute {
    fn sides(&self) -> Sides<Tally> {
        let blue = || {
            let plain = self.xa?;
            let ignored = self.xa_better.unwrap_or(plain);
            Tally::slower([plain, ignored, ignored], self.na?)
        };
        let green = || {
            let ignored = self.xb?;
            let plain = self.xb_better.unwrap_or(ignored);
            Tally::slower([plain, ignored, self.xb_safe.unwrap_or(ignored)], self.nb?)
        };
        Sides { blue: blue(), green: green() }
    }
}
