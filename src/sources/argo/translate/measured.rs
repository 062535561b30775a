//! What an analysis has measured of one metric, as a series.

use jiff::{SignedDuration, Timestamp};

use crate::domain::{AnalysisState, Budget, Condition, Limit, Measured, Measurement, Relation};
use crate::sources::argo::raw::{self, AnalysisRun, MetricResult, MetricSpec, Past};

/// How long after an error the controller measures again, whatever the interval.
const AGAIN: SignedDuration = SignedDuration::from_secs(10);

/// What `run` has measured of `metric`; `past` is what the cluster has forgotten of it.
pub(super) fn measured(run: &AnalysisRun, metric: &MetricSpec, past: &Past) -> Measured {
    let result = run.status.metric_results.iter().find(|result| result.name == metric.name);
    let (success, failure) =
        (condition(&metric.success_condition), condition(&metric.failure_condition));
    let first = [&success, &failure].into_iter().flatten().any(|one| looks_at_first(&one.text));
    let now = result.map_or(&[][..], |result| &result.measurements);
    let all = past.of(run, &metric.name).chain(now);
    let budget = |used: i64, allowed: i64| Budget {
        used: counted(used),
        allowed: u32::try_from(allowed).ok(),
    };
    Measured {
        state: match result {
            Some(result) => state(&result.phase),
            None => state(&run.status.phase),
        },
        dry_run: result.is_some_and(|result| result.dry_run),
        query: result.and_then(|result| result.metadata.get("ResolvedPrometheusQuery").cloned()),
        success,
        failure,
        done: counted(result.map_or(0, |result| result.count)),
        planned: metric.planned().map(counted),
        failed: budget(result.map_or(0, |result| result.failed), metric.failure_limit()),
        inconclusive: budget(
            result.map_or(0, |result| result.inconclusive),
            metric.inconclusive_limit(),
        ),
        errors: budget(result.map_or(0, |result| result.consecutive_error), metric.error_limit()),
        next: next(run, metric, result),
        message: message(run, result),
        measurements: all.filter_map(|one| measurement(one, first)).collect(),
    }
}

fn counted(number: i64) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}

fn state(phase: &str) -> AnalysisState {
    match phase {
        "" | "Pending" => AnalysisState::Pending,
        "Running" => AnalysisState::Running,
        "Successful" => AnalysisState::Successful,
        "Failed" => AnalysisState::Failed,
        "Error" => AnalysisState::Error,
        "Inconclusive" => AnalysisState::Inconclusive,
        other => AnalysisState::Other(other.to_owned()),
    }
}

/// The controller's own words: of the metric, else of the run while the metric has none.
fn message(run: &AnalysisRun, result: Option<&MetricResult>) -> Option<String> {
    let own = result.map_or(&run.status.message, |result| &result.message);
    Some(own.clone()).filter(|text| !text.is_empty())
}

fn measurement(raw: &raw::Measurement, first: bool) -> Option<Measurement> {
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Some(Measurement {
        at: raw.started_at.or(raw.finished_at)?,
        state: state(&raw.phase),
        value: raw.value.clone(),
        number: number(&raw.value, first),
        message: some(&raw.message),
        warnings: raw.metadata.get("warnings").and_then(|text| some(text)),
    })
}

/// When the next measurement is due; nothing where none comes.
fn next(
    run: &AnalysisRun,
    metric: &MetricSpec,
    result: Option<&MetricResult>,
) -> Option<Timestamp> {
    let over = raw::is_end(&run.status.phase) || run.spec.terminate;
    if over || result.is_some_and(|result| raw::is_end(&result.phase)) {
        return None;
    }
    let Some(last) = result.and_then(|result| result.measurements.last()) else {
        let begun = run.status.started_at?;
        return begun.checked_add(metric.initial_delay().unwrap_or_default()).ok();
    };
    let Some(finished) = last.finished_at else { return last.resume_at };
    let wait = if last.phase == "Error" { Some(AGAIN) } else { metric.interval() };
    finished.checked_add(wait?).ok()
}

/// A value as one number: written as it is, or the only one of a list; the first of several where
/// the condition looks at that one.
fn number(value: &str, first: bool) -> Option<f64> {
    let text = value.trim();
    let list = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let mut parts = list.unwrap_or(text).split(',').map(str::trim);
    let number: f64 = parts.next()?.parse().ok()?;
    let alone = parts.next().is_none();
    (number.is_finite() && (alone || (first && list.is_some()))).then_some(number)
}

fn looks_at_first(condition: &str) -> bool {
    condition.contains("result[0]")
}

fn condition(text: &str) -> Option<Condition> {
    let text = text.trim();
    (!text.is_empty()).then(|| Condition { text: text.to_owned(), limit: limit(text) })
}

/// The limit of a condition that compares one number with another. What only asks whether there is
/// a number at all, as many conditions do first, makes no difference where there is one.
fn limit(text: &str) -> Option<Limit> {
    let plain = |text: &str| text.split_whitespace().collect::<String>();
    let parts: Vec<String> = match (text.contains("&&"), text.contains("||")) {
        (true, true) => return None,
        (true, false) => text.split("&&").map(plain).collect(),
        (false, true) => text.split("||").map(plain).collect(),
        (false, false) => vec![plain(text)],
    };
    let idle: &[&str] = if text.contains("||") {
        &["len(result)==0", "isNaN(result[0])", "isNaN(result)"]
    } else {
        &["len(result)>0", "len(result)!=0", "!isNaN(result[0])", "!isNaN(result)"]
    };
    let mut others = parts.iter().filter(|part| !idle.contains(&part.as_str()));
    let (one, more) = (others.next()?, others.next());
    if more.is_some() { None } else { comparison(one) }
}

/// `result[0]>=0.95`, or the other way round.
fn comparison(text: &str) -> Option<Limit> {
    let signs = [
        ("<=", Relation::AtMost, Relation::AtLeast),
        (">=", Relation::AtLeast, Relation::AtMost),
        ("<", Relation::Below, Relation::Above),
        (">", Relation::Above, Relation::Below),
    ];
    let ((left, right), relation, turned) = signs
        .into_iter()
        .find_map(|(sign, relation, turned)| Some((text.split_once(sign)?, relation, turned)))?;
    let finite = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
    match (is_result(left), is_result(right)) {
        (true, false) => Some(Limit { relation, number: finite(right)? }),
        (false, true) => Some(Limit { relation: turned, number: finite(left)? }),
        (true, true) | (false, false) => None,
    }
}

fn is_result(text: &str) -> bool {
    matches!(text, "result" | "result[0]" | "asFloat(result)" | "asFloat(result[0])")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::sources::argo::raw::{Kind, News, Raw};

    const BEGAN: &str = "2026-03-02T09:00:00Z";

    fn began() -> Timestamp {
        BEGAN.parse().unwrap()
    }

    /// A run that has measured once a minute, of which the cluster has what was measured from the
    /// minute `from` on.
    fn run(uid: &str, from: u32, to: u32) -> Value {
        let at = |minute: u32| began() + SignedDuration::from_mins(minute.into());
        let one = |minute| {
            json!({"phase": "Successful", "value": format!("[{minute}]"),
                   "startedAt": at(minute).to_string(), "finishedAt": at(minute).to_string()})
        };
        json!({
            "metadata": {"name": "run", "uid": uid, "resourceVersion": to.to_string()},
            "spec": {"metrics": [{"name": "rate", "interval": "1m", "successCondition": "result[0] < 99"}]},
            "status": {"phase": "Running", "startedAt": BEGAN, "metricResults": [
                {"name": "rate", "phase": "Running", "count": to,
                 "measurements": (from..to).map(one).collect::<Vec<_>>()}]},
        })
    }

    fn told(raw: &Raw) -> Measured {
        let run = &raw.analysis_runs.value().unwrap()["run"];
        measured(run, &run.spec.metrics[0], &raw.past)
    }

    fn numbers(raw: &Raw) -> Vec<f64> {
        told(raw).measurements.iter().filter_map(|one| one.number).collect()
    }

    #[test]
    fn what_the_cluster_forgets_of_a_series_is_kept_while_it_is_watched() {
        let mut raw = Raw::default();
        let hear = |raw: &mut Raw, news| raw.hear(Kind::AnalysisRun, news, began());
        for to in 1..=300_u32 {
            let object = run("one", to.saturating_sub(10), to);
            // A watch that was begun anew lists everything, and may tell what is known.
            let news = if to % 7 == 0 { News::All(vec![object]) } else { News::Is(object) };
            hear(&mut raw, news.clone());
            hear(&mut raw, news);
        }
        let kept: Vec<f64> = (50..300).map(f64::from).collect();
        assert_eq!(numbers(&raw), kept, "the newest ten, and 240 before them");
        hear(&mut raw, News::Is(run("another", 0, 3)));
        assert_eq!(numbers(&raw), [0.0, 1.0, 2.0], "another run of the same name has its own");
        hear(&mut raw, News::Gone(run("another", 0, 3)));
        hear(&mut raw, News::Is(run("one", 290, 300)));
        assert_eq!(numbers(&raw).len(), 10, "what is gone is forgotten");
    }

    #[test]
    fn the_next_measurement_comes_an_interval_after_the_last_one_and_sooner_after_an_error() {
        let next = |change: &dyn Fn(&mut Value)| {
            let mut object = run("one", 0, 2);
            change(&mut object);
            let mut raw = Raw::default();
            raw.hear(Kind::AnalysisRun, News::Is(object), began());
            told(&raw).next.map(|at| at.duration_since(began()).as_secs())
        };
        let last = "/status/metricResults/0/measurements/1";
        let put = |object: &mut Value, at: &str, value: Value| {
            *object.pointer_mut(at).unwrap() = value;
        };
        assert_eq!(next(&|_| ()), Some(120));
        assert_eq!(next(&|o| put(o, &format!("{last}/phase"), json!("Error"))), Some(70));
        assert_eq!(next(&|o| put(o, "/status/phase", json!("Failed"))), None);
        assert_eq!(next(&|o| put(o, "/status/metricResults/0/phase", json!("Successful"))), None);
        assert_eq!(next(&|o| o["spec"]["terminate"] = json!(true)), None);
        assert_eq!(next(&|o| put(o, "/spec/metrics/0/interval", json!(""))), None);
        let slow =
            json!({"phase": "Running", "startedAt": BEGAN, "resumeAt": "2026-03-02T09:00:09Z"});
        assert_eq!(next(&|o| put(o, last, slow.clone())), Some(9));
        let first = |o: &mut Value| {
            put(o, "/status/metricResults", json!([]));
            o["spec"]["metrics"][0]["initialDelay"] = json!("1m30s");
        };
        assert_eq!(next(&first), Some(90));
    }

    #[test]
    fn nothing_is_made_of_what_is_not_understood() {
        let mut object = run("one", 0, 1);
        let measurements = json!([
            {"phase": "Successful", "value": "[NaN]", "startedAt": BEGAN},
            {"phase": "Weird", "value": {"a": 1}, "startedAt": BEGAN},
            {"phase": "Successful", "value": "[[0.5,0.6]]", "startedAt": BEGAN},
            {"phase": "Successful", "value": "0.5"},
            "nonsense",
        ]);
        object["status"]["metricResults"][0]["measurements"] = measurements;
        object["spec"]["metrics"][0]["count"] = json!("7");
        object["spec"]["metrics"][0]["failureLimit"] = json!(-1);
        let mut raw = Raw::default();
        raw.hear(Kind::AnalysisRun, News::Is(object.clone()), began());
        assert_eq!(told(&raw).measurements, [], "one that is no measurement hides the others");
        object["status"]["metricResults"][0]["measurements"].as_array_mut().unwrap().pop();
        raw.hear(Kind::AnalysisRun, News::Is(object), began());
        let told = told(&raw);
        let values = told.measurements.iter().map(|one| (one.value.as_str(), one.number));
        let values: Vec<_> = values.collect();
        assert_eq!(values, [("[NaN]", None), ("", None), ("[[0.5,0.6]]", None)], "one has no time");
        assert_eq!(told.measurements[1].state, AnalysisState::Other("Weird".to_owned()));
        assert_eq!((told.planned, told.failed.allowed), (Some(7), None));
    }

    #[test]
    fn a_value_is_a_number_only_where_it_is_one() {
        for (text, alone, first) in [
            ("0.02", Some(0.02), Some(0.02)),
            ("[0.02]", Some(0.02), Some(0.02)),
            (" [ 1e3 ] ", Some(1000.0), Some(1000.0)),
            ("[0.02,7]", None, Some(0.02)),
            ("0.02,7", None, None),
            ("[NaN]", None, None),
            ("+Inf", None, None),
            ("[]", None, None),
            ("", None, None),
            ("[[0.02]]", None, None),
            ("{\"ok\":true}", None, None),
            ("true", None, None),
        ] {
            assert_eq!((number(text, false), number(text, true)), (alone, first), "{text}");
        }
    }

    #[test]
    fn a_limit_is_told_where_a_number_is_compared_with_one_and_is_not_guessed_elsewhere() {
        let told = |text: &str| limit(text).map(|limit| (limit.relation.sign(), limit.number));
        for (text, expected) in [
            ("result[0] >= 0.95", Some((">=", 0.95))),
            ("result<5e-2", Some(("<", 0.05))),
            ("0.95 <= result[0]", Some((">=", 0.95))),
            ("asFloat(result) > 3", Some((">", 3.0))),
            ("len(result) > 0 && result[0] >= 0.95", Some((">=", 0.95))),
            ("len(result) == 0 || isNaN(result[0]) || result[0] <= 0.05", Some(("<=", 0.05))),
            ("result[0] >= 0.95 && result[0] <= 1", None),
            ("len(result) == 0 && result[0] <= 0.05", None),
            ("len(result) > 0 || result[0] <= 0.05", None),
            ("result[0] == 0", None),
            ("result.ok && result.rate > 5", None),
            ("result[1] > 5", None),
            ("all(result, # > 5)", None),
            ("(result[0] > 5)", None),
            ("result[0] > result[1]", None),
            ("result => 5", None),
            ("result > NaN", None),
            ("", None),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }
}
