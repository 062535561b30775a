//! Analyses, measurement by measurement, until a limit or the end is reached.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::experiments::is_over;
use super::say::Tone;
use super::store::{count, stamp, text};
use super::{Argo, ArgoStep, Kind, Party};
use crate::sim::world::World;
use crate::sim::world::prometheus;
use crate::sim::world::time::after;

/// How long after a run was made, or told to end, it is acted on.
pub(super) const BEGINS: SignedDuration = SignedDuration::from_millis(25);
/// How long after an error the next measurement is taken, whatever the interval.
const AGAIN: SignedDuration = SignedDuration::from_secs(10);
/// How many errors in a row are survived, and how many measurements are kept.
const ERRORS: u32 = 4;
const KEPT: usize = 10;

/// A measurement: its value, or why there is none, and whether it is good.
struct Measured {
    run: String,
    metric: usize,
    query: String,
    value: String,
    verdict: Verdict,
}

/// What a measurement says.
enum Verdict {
    Good,
    Bad,
    /// It is neither good enough nor bad enough.
    Unclear,
    /// Nothing could be measured: why.
    Error(String),
}

impl Verdict {
    fn phase(&self) -> &'static str {
        match self {
            Self::Good => "Successful",
            Self::Bad => "Failed",
            Self::Unclear => "Inconclusive",
            Self::Error(_) => "Error",
        }
    }
}

impl World {
    /// Takes the measurements that are due, and ends the runs that are over.
    pub(super) fn measure_due(&mut self) {
        let Some(argo) = self.argo.as_ref().filter(|argo| !argo.stands(Party::Controller)) else {
            return;
        };
        let open = |run: &&Json| matches!(text(run, "/status/phase"), "" | "Pending" | "Running");
        let mut measured = Vec::new();
        let (mut begun, mut ended) = (Vec::new(), Vec::new());
        for run in argo.store.all(Kind::AnalysisRun).filter(open) {
            let name = text(run, "/metadata/name").to_owned();
            if run["spec"]["terminate"] == true {
                ended.push(name);
                continue;
            }
            if text(run, "/status/phase").is_empty() {
                begun.push(name);
            }
            let metrics = run["spec"]["metrics"].as_array().into_iter().flatten().enumerate();
            for (metric, spec) in
                metrics.filter(|(index, spec)| is_due(run, *index, spec, self.now))
            {
                measured.push(self.measure(run, (metric, spec)));
            }
        }
        self.change_cluster(|argo, _| {
            for name in &begun {
                argo.begin_run(name);
            }
            for one in &measured {
                argo.take_measurement(one);
            }
            for name in &ended {
                argo.end_run(name);
            }
        });
    }

    fn measure(&self, run: &Json, (metric, spec): (usize, &Json)) -> Measured {
        let query = resolve(text(spec, "/provider/prometheus/query"), run);
        let (value, verdict) = match self.metric_value(spec, &query) {
            Ok((value, numbers)) => (value, judged(spec, &numbers)),
            Err(error) => (String::new(), Verdict::Error(error)),
        };
        let run = text(run, "/metadata/name").to_owned();
        Measured { run, metric, query, value, verdict }
    }

    /// The value of a metric as text and as numbers: what was set, or what is counted.
    fn metric_value(&self, spec: &Json, query: &str) -> Result<(String, Vec<f64>), String> {
        let set = |name: &str| self.argo.as_ref()?.values.get(name).copied();
        let url = text(spec, "/provider/web/url");
        if !url.is_empty() {
            let value = set(url.rsplit('/').next().unwrap_or_default());
            let value = value.ok_or("received non 2xx response code: 404")?;
            return Ok((shown(value), vec![value]));
        }
        let numbers = if let Some(value) = set(text(spec, "/name")) {
            vec![value]
        } else {
            let vector = prometheus::instant(self, query, self.now)?;
            vector.into_iter().map(|(_, value)| value).collect()
        };
        let texts: Vec<String> = numbers.iter().map(|number| shown(*number)).collect();
        Ok((format!("[{}]", texts.join(",")), numbers))
    }
}

/// What numbers mean for a metric: with one condition what is not the one is the other.
fn judged(spec: &Json, numbers: &[f64]) -> Verdict {
    let holds = |field: &str| match text(spec, field) {
        "" => Ok(None),
        condition => prometheus::holds(condition, numbers).map(Some),
    };
    match (holds("/failureCondition"), holds("/successCondition")) {
        (Err(error), _) | (_, Err(error)) => Verdict::Error(error),
        (Ok(Some(true)), _) | (Ok(None), Ok(Some(false))) => Verdict::Bad,
        (_, Ok(Some(true) | None)) => Verdict::Good,
        (Ok(Some(false)), Ok(Some(false))) => Verdict::Unclear,
    }
}

/// A number as Prometheus prints it.
fn shown(number: f64) -> String {
    if number.is_nan() { "NaN".to_owned() } else { number.to_string() }
}

fn resolve(query: &str, run: &Json) -> String {
    let args = run["spec"]["args"].as_array().into_iter().flatten();
    args.fold(query.to_owned(), |query, arg| {
        let name = text(arg, "/name");
        query.replace(&format!("{{{{args.{name}}}}}"), text(arg, "/value"))
    })
}

fn interval(spec: &Json) -> SignedDuration {
    span(spec, "/interval")
}

/// How long something takes; nothing where nothing is said.
fn span(spec: &Json, at: &str) -> SignedDuration {
    text(spec, at).parse().unwrap_or_default()
}

/// How many measurements there will be: without an interval one, else on and on.
fn planned(spec: &Json) -> Option<u32> {
    let one = spec.get("interval").is_none().then_some(1);
    spec["count"].as_u64().and_then(|count| u32::try_from(count).ok()).or(one)
}

fn is_due(run: &Json, metric: usize, spec: &Json, now: Timestamp) -> bool {
    let result = &run["status"]["metricResults"][metric];
    if is_over(text(result, "/phase")) {
        return false;
    }
    let last = result["measurements"].as_array().and_then(|all| all.last());
    let Some(last) = last else {
        let begun = text(run, "/metadata/creationTimestamp").parse::<Timestamp>();
        return begun.is_ok_and(|begun| after(begun, span(spec, "/initialDelay")) <= now);
    };
    let finished = text(last, "/finishedAt").parse::<Timestamp>().unwrap_or(Timestamp::MIN);
    let wait = if text(last, "/phase") == "Error" { AGAIN } else { interval(spec) };
    after(finished, wait) <= now
}

impl Argo {
    fn begin_run(&mut self, name: &str) {
        let now = stamp(self.now);
        let mut waits = Vec::new();
        self.store.change(Kind::AnalysisRun, name, |run| {
            let metrics = run["spec"]["metrics"].as_array().cloned().unwrap_or_default();
            waits.extend(metrics.iter().map(|spec| span(spec, "/initialDelay")));
            run["status"] = json!({
                "dryRunSummary": {},
                "metricResults": [],
                "phase": "Running",
                "runSummary": {"count": metrics.len()},
                "startedAt": now,
            });
        });
        for wait in waits.into_iter().filter(SignedDuration::is_positive) {
            self.plan(wait, ArgoStep::Measure);
        }
    }

    fn take_measurement(&mut self, measured: &Measured) {
        let now = stamp(self.now);
        let phase = measured.verdict.phase();
        let mut over = None;
        let mut again = None;
        self.store.change(Kind::AnalysisRun, &measured.run, |run| {
            let spec = run["spec"]["metrics"][measured.metric].clone();
            let status = &mut run["status"];
            if let Some(results) = status["metricResults"].as_array_mut() {
                while results.len() <= measured.metric {
                    results.push(json!({"phase": "Running", "measurements": []}));
                }
                if let Some(result) = results.get_mut(measured.metric) {
                    add(result, &spec, measured, (phase, &now));
                    over = verdict(result, &spec);
                    if let Some((phase, message)) = &over {
                        result["phase"] = json!(phase);
                        if !message.is_empty() && *phase == "Error" {
                            result["message"] = json!(message);
                        }
                    } else {
                        let wait = if phase == "Error" { AGAIN } else { interval(&spec) };
                        again = Some(wait);
                    }
                }
            }
            if let Some((phase, message)) = &over {
                finish(run, phase, message, &now);
            }
        });
        if let Some((phase, _)) = over {
            let name = self.store.get(Kind::AnalysisRun, &measured.run);
            let metric = name.map(|run| text(&run["spec"]["metrics"][measured.metric], "/name"));
            let metric = metric.unwrap_or_default().to_owned();
            self.tell_end(&measured.run, Some((&metric, phase)), phase);
        }
        if let Some(wait) = again {
            self.plan(wait, ArgoStep::Measure);
        }
    }

    /// Somebody ends a run: what has not failed is good.
    fn end_run(&mut self, name: &str) {
        let now = stamp(self.now);
        self.store.change(Kind::AnalysisRun, name, |run| {
            if let Some(results) = run["status"]["metricResults"].as_array_mut() {
                for result in results.iter_mut().filter(|one| text(one, "/phase") == "Running") {
                    result["phase"] = json!("Successful");
                }
            }
            finish(run, "Successful", "Run Terminated", &now);
        });
        self.tell_end(name, None, "Successful");
    }

    fn tell_end(&mut self, run: &str, metric: Option<(&str, &str)>, phase: &str) {
        let tone = if phase == "Successful" { Tone::Normal } else { Tone::Warning };
        let whom = (Kind::AnalysisRun, run);
        if let Some((metric, phase)) = metric {
            let what = format!("Metric '{metric}' Completed. Result: {phase}");
            self.say_of(whom, "rollouts-controller", (tone, &format!("Metric{phase}"), &what));
        }
        let what = format!("Analysis Completed. Result: {phase}");
        self.say_of(whom, "rollouts-controller", (tone, &format!("AnalysisRun{phase}"), &what));
    }
}

/// Adds a measurement to a result.
fn add(result: &mut Json, spec: &Json, measured: &Measured, (phase, now): (&str, &str)) {
    result["name"] = spec["name"].clone();
    result["metadata"] = json!({"ResolvedPrometheusQuery": measured.query});
    let raise = |result: &mut Json, field: &str| {
        result[field] = json!(result[field].as_u64().unwrap_or_default() + 1);
    };
    let ends = |result: &mut Json, field: &str| {
        if let Some(fields) = result.as_object_mut() {
            fields.remove(field);
        }
    };
    let mut measurement = json!({"phase": phase, "startedAt": now, "finishedAt": now});
    match &measured.verdict {
        Verdict::Error(message) => {
            raise(result, "error");
            raise(result, "consecutiveError");
            ends(result, "consecutiveSuccess");
            measurement["message"] = json!(message);
        }
        Verdict::Good | Verdict::Bad | Verdict::Unclear => {
            raise(result, "count");
            raise(result, &phase.to_lowercase());
            ends(result, "consecutiveError");
            measurement["value"] = json!(measured.value);
            match measured.verdict {
                Verdict::Good => raise(result, "consecutiveSuccess"),
                _ => ends(result, "consecutiveSuccess"),
            }
        }
    }
    if let Some(all) = result["measurements"].as_array_mut() {
        all.push(measurement);
        let old = all.len().saturating_sub(KEPT);
        all.drain(..old);
    }
}

/// How a metric ends, and why; nothing while it goes on.
fn verdict(result: &Json, spec: &Json) -> Option<(&'static str, String)> {
    let name = text(spec, "/name");
    let limit = spec["failureLimit"].as_i64().unwrap_or(0);
    let (failed, errors) = (count(result, "/failed"), count(result, "/consecutiveError"));
    if limit >= 0 && i64::from(failed) > limit {
        let why = format!(
            "Metric \"{name}\" assessed Failed due to failed ({failed}) > failureLimit ({limit})"
        );
        return Some(("Failed", why));
    }
    let (unclear, allowed) = (count(result, "/inconclusive"), spec["inconclusiveLimit"].as_i64());
    if i64::from(unclear) > allowed.unwrap_or(0) {
        let why = format!(
            "Metric \"{name}\" assessed Inconclusive due to inconclusive ({unclear}) > \
             inconclusiveLimit ({})",
            allowed.unwrap_or(0)
        );
        return Some(("Inconclusive", why));
    }
    if errors > ERRORS {
        let last = result["measurements"].as_array().and_then(|all| all.last());
        let said = last.map(|last| text(last, "/message")).unwrap_or_default();
        let why = format!(
            "Metric \"{name}\" assessed Error due to consecutiveErrors ({errors}) > \
             consecutiveErrorLimit ({ERRORS}): \"Error Message: {said}\""
        );
        return Some(("Error", why));
    }
    let done = planned(spec).is_some_and(|planned| count(result, "/count") >= planned);
    done.then(|| ("Successful", String::new()))
}

fn finish(run: &mut Json, phase: &str, message: &str, now: &str) {
    let metrics = run["spec"]["metrics"].as_array().map_or(0, Vec::len);
    let results = run["status"]["metricResults"].as_array();
    let over = |result: &&Json| text(result, "/phase") != "Running";
    let ended = results.into_iter().flatten().filter(over).count();
    let bad = phase != "Successful";
    if !bad && ended < metrics && message.is_empty() {
        return;
    }
    let status = &mut run["status"];
    status["phase"] = json!(phase);
    status["completedAt"] = json!(now);
    if !message.is_empty() {
        status["message"] = json!(message);
    }
    status["runSummary"][phase.to_lowercase()] = json!(ended.max(1));
}
