//! Samples of counters → what each side's counters grew by in each minute.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::{Deserialize, Deserializer};

use crate::domain::Side;
use crate::stats::counter_delta;

use super::{Pods, Versions};

/// Kubernetes cuts the beginning of a pod's name here, so that five letters find room behind it.
const LONGEST_BEGINNING: usize = 58;

/// One series of an answer.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Series {
    pub(super) metric: Labels,
    /// By the minute that begins with the sample.
    #[serde(deserialize_with = "samples")]
    values: BTreeMap<i64, f64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub(super) struct Labels {
    pod: String,
    instance: String,
    le: String,
    namespace: String,
    service: String,
    exported_namespace: String,
    exported_service: String,
}

impl Labels {
    /// The namespace and the Service that nginx names; a scraper that has labels of its own under these
    /// names puts what was exported beside them.
    pub(super) fn came_in(&self) -> (&str, &str) {
        fn told<'a>(exported: &'a str, plain: &'a str) -> &'a str {
            if exported.is_empty() { plain } else { exported }
        }
        let namespace = told(&self.exported_namespace, &self.namespace);
        (namespace, told(&self.exported_service, &self.service))
    }
}

/// `[[1760000040, "12"], …]`.
fn samples<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<i64, f64>, D::Error> {
    let pairs = Vec::<(f64, String)>::deserialize(deserializer)?;
    let sample = |(second, value): (f64, String)| {
        let value = value.parse::<f64>().ok().filter(|value| value.is_finite())?;
        Some(((second / 60.0).round() as i64, value))
    };
    Ok(pairs.into_iter().filter_map(sample).collect())
}

/// The upper bound of a bucket, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bound(pub(super) f64);

impl Eq for Bound {}

impl PartialOrd for Bound {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Bound {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl Bound {
    /// What its series is kept as.
    pub(super) fn name(self) -> String {
        format!("within_{}", self.0)
    }
}

/// The question for the counters that `selector` chooses, of these pods of one namespace.
pub(super) fn query(selector: &str, by: &str, pods: &[&Pods]) -> String {
    let escaped = |set: &str| beginning(set).replace('.', "[.]");
    let namespace = pods.first().map_or("", |pods| &*pods.namespace);
    let sets = pods.iter().flat_map(|pods| &pods.sets);
    let names: Vec<String> = sets.map(|set| format!("{}.*", escaped(set))).collect();
    let selector = selector.replace("$namespace", namespace).replace("$pods", &names.join("|"));
    format!("sum by ({by}) ({selector})")
}

/// What the names of a ReplicaSet's pods begin with.
fn beginning(set: &str) -> String {
    let whole = format!("{set}-");
    whole.chars().take(LONGEST_BEGINNING).collect()
}

/// A minute and what grew in it.
pub(super) type Growth = BTreeMap<i64, f64>;

/// Whose a series is.
type Owner<'a> = &'a dyn Fn(&Series) -> Option<Side>;

/// What the counters of the sides grew by.
#[derive(Debug, Default)]
pub(super) struct Grown {
    counts: BTreeMap<(Side, String), Growth>,
    /// The bounds of the latency's buckets, but for the infinite one.
    pub(super) bounds: BTreeSet<Bound>,
    /// The sides that were counted at all.
    pub(super) seen: BTreeSet<Side>,
}

impl Grown {
    /// From the samples of requests, errors and latency buckets, for each of `minutes`: those of the pods
    /// of some sides, whose buckets are told in a unit of so many seconds.
    pub(super) fn of(
        (versions, sides, unit): (&Versions, &[Side], f64),
        (requests, errors, buckets): (&[Series], &[Series], &[Series]),
        minutes: Range<i64>,
    ) -> Self {
        let owner = |series: &Series| {
            let pod = series.metric.pod.as_str();
            let begins = |set: &String| pod.starts_with(&beginning(set));
            let own = |side: &&Side| versions.pods(**side).sets.iter().any(begins);
            sides.iter().rev().find(own).copied()
        };
        let [requests, errors, buckets] =
            [requests, errors, buckets].map(|all| all.iter().collect());
        let mut grown = Self::default();
        grown.take((&owner, unit), [requests, errors, buckets], &minutes);
        grown
    }

    /// Takes in the samples of requests, errors and latency buckets, each of whom it belongs to.
    pub(super) fn take(
        &mut self,
        (owner, unit): (Owner<'_>, f64),
        [requests, errors, buckets]: [Vec<&Series>; 3],
        minutes: &Range<i64>,
    ) {
        // What is counted beside the requests is at zero while they alone are there.
        let mut there: BTreeMap<(&str, &str), &BTreeMap<i64, f64>> = BTreeMap::new();
        for series in &requests {
            there.insert((&series.metric.pod, &series.metric.instance), &series.values);
            let Some(side) = owner(series) else { continue };
            if !series.values.is_empty() {
                self.seen.insert(side);
            }
            self.add((side, "requests"), series, minutes, |_| None);
        }
        let zero = |series: &Series, minute: i64| {
            let requests = there.get(&(&*series.metric.pod, &*series.metric.instance))?;
            requests.contains_key(&minute).then_some(0.0)
        };
        for series in errors {
            let Some(side) = owner(series) else { continue };
            self.add((side, "errors"), series, minutes, |minute| zero(series, minute));
        }
        for series in buckets {
            let Some(side) = owner(series) else { continue };
            let Ok(bound) = series.metric.le.parse::<f64>() else { continue };
            let name = if bound.is_finite() {
                let bound = Bound(bound * unit);
                self.bounds.insert(bound);
                bound.name()
            } else {
                "timed".to_owned()
            };
            self.add((side, &name), series, minutes, |minute| zero(series, minute));
        }
    }

    /// Adds what one series grew by; `zero` is what it was at when there was no sample of it yet.
    fn add(
        &mut self,
        (side, name): (Side, &str),
        series: &Series,
        minutes: &Range<i64>,
        zero: impl Fn(i64) -> Option<f64>,
    ) {
        let growth = self.counts.entry((side, name.to_owned())).or_default();
        for minute in minutes.clone() {
            let at = |minute: i64| series.values.get(&minute).copied();
            let before = at(minute).or_else(|| zero(minute));
            if let Some(grew) = counter_delta(before, at(minute + 1)) {
                *growth.entry(minute).or_default() += grew;
            }
        }
    }

    /// The requests of a side in a minute.
    pub(super) fn requests(&self, side: Side, minute: i64) -> Option<f64> {
        self.counts.get(&(side, "requests".to_owned()))?.get(&minute).copied()
    }

    /// Everything of one side by its name; what was not counted has not grown.
    pub(super) fn of_side(&self, side: Side) -> Vec<(String, Growth)> {
        let names = ["requests", "errors", "timed"].map(str::to_owned).into_iter();
        let all = names.chain(self.bounds.iter().map(|bound| bound.name()));
        let growth = |name: &String| self.counts.get(&(side, name.clone())).cloned();
        all.map(|name| (growth(&name).unwrap_or_default(), name)).map(|(g, n)| (n, g)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pods(set: &str) -> Pods {
        Pods { namespace: "shop".into(), sets: vec![set.into()] }
    }

    fn versions() -> Versions {
        Versions {
            target: "argo:shop/app".parse().unwrap(),
            blue: pods("app-1a2b"),
            green: pods("app-3c4d"),
            began: None,
        }
    }

    /// A series with one sample a minute from minute 100 on; `?` is none.
    fn series(pod: &str, le: &str, samples: &str) -> Series {
        let labels =
            Labels { pod: pod.into(), instance: "i".into(), le: le.into(), ..Labels::default() };
        let values = samples.split(' ').enumerate();
        let values = values.filter_map(|(i, text)| Some((100 + i as i64, text.parse().ok()?)));
        Series { metric: labels, values: values.collect() }
    }

    fn growth(requests: &[Series], errors: &[Series]) -> Grown {
        let whose = (&versions(), &[Side::Blue, Side::Green][..], 1.0);
        Grown::of(whose, (requests, errors, &[]), 100..104)
    }

    #[test]
    fn counters_are_compared_pod_by_pod_and_a_restart_begins_at_zero() {
        let requests = [
            series("app-1a2b-xx", "", "10 20 5 9 9"),
            series("app-1a2b-yy", "", "? 100 130 130 130"),
            series("app-3c4d-zz", "", "0 1 2 3 4"),
            series("other-1", "", "0 9 9 9 9"),
        ];
        let grown = growth(&requests, &[]);
        let blue: Vec<_> = (100..104).map(|m| grown.requests(Side::Blue, m)).collect();
        assert_eq!(blue, [Some(10.0), Some(35.0), Some(4.0), Some(0.0)]);
        assert_eq!(grown.requests(Side::Green, 101), Some(1.0));
    }

    #[test]
    fn the_first_error_of_a_pod_that_was_counted_is_an_error() {
        let requests = [series("app-3c4d-zz", "", "? 50 90 95 99")];
        let errors = [series("app-3c4d-zz", "", "? ? 3 3 4")];
        let grown = growth(&requests, &errors);
        let errors = grown.of_side(Side::Green).into_iter().find(|(name, _)| name == "errors");
        let expected = Growth::from([(101, 3.0), (102, 0.0), (103, 1.0)]);
        assert_eq!(errors.map(|(_, growth)| growth), Some(expected));
    }

    #[test]
    fn an_answer_is_read_with_what_is_no_number_left_out() {
        let text = r#"{"metric":{"pod":"p","le":"+Inf"},"values":[[60,"1.5"],[120,"NaN"]]}"#;
        let series: Series = serde_json::from_str(text).unwrap();
        assert_eq!(series.values, BTreeMap::from([(1, 1.5)]));
        assert_eq!(series.metric.le, "+Inf");
    }

    #[test]
    fn a_question_names_the_pods_of_both_versions() {
        let both = [&pods("app-1a2b"), &pods("app-3c4d")];
        let query = query("x{namespace=\"$namespace\",pod=~\"$pods\"}", "pod", &both);
        assert_eq!(query, "sum by (pod) (x{namespace=\"shop\",pod=~\"app-1a2b-.*|app-3c4d-.*\"})");
        let long = "a".repeat(70);
        assert_eq!(beginning(&long).len(), LONGEST_BEGINNING);
    }
}
