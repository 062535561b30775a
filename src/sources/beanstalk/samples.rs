//! What the health of an environment measured, minute by minute.
//!
//! Elastic Beanstalk tells the last ten seconds, whole percentages, and means of the slowest requests;
//! it keeps nothing. So the minutes begin when the watching does, and are estimates.

use std::collections::BTreeMap;

use aws_sdk_elasticbeanstalk::types::{ApplicationMetrics, Latency, StatusCodes};
use jiff::Timestamp;

use crate::domain::{LatencyBasis, Metrics, Point, SideMetrics};

/// The most minutes that are kept.
const MOST: i64 = 24 * 60;

/// Some seconds of one side.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Sample {
    /// Requests a second.
    pub(crate) rate: f64,
    /// Shares of them in percent.
    client_errors: Option<f64>,
    errors: Option<f64>,
    /// Seconds.
    p50: Option<f64>,
    p90: Option<f64>,
    p99: Option<f64>,
}

impl Sample {
    /// From what was told of an environment or an instance.
    pub(crate) fn of(told: &ApplicationMetrics) -> Self {
        let share = |of: fn(&StatusCodes) -> Option<i32>| told.status_codes().and_then(of);
        let latency = told.latency();
        let sane = |seconds: Option<f64>| seconds.filter(|s| s.is_finite() && *s >= 0.0);
        Self {
            rate: f64::from(told.request_count().max(0)),
            client_errors: share(StatusCodes::status4xx).map(f64::from),
            errors: share(StatusCodes::status5xx).map(f64::from),
            p50: sane(latency.and_then(Latency::p50)),
            p90: sane(latency.and_then(Latency::p90)),
            p99: sane(latency.and_then(Latency::p99)),
        }
    }

    /// Several instances as one: counts add up, and of latencies that cannot be added the one with
    /// most requests stands for all in proportion.
    pub(crate) fn sum(all: &[Sample]) -> Self {
        let rate: f64 = all.iter().map(|one| one.rate).sum();
        let weighted = |of: fn(&Sample) -> Option<f64>| {
            let known = all.iter().filter_map(|one| Some((of(one)?, one.rate)));
            let (sum, rates) = known
                .fold((0.0, 0.0), |(sum, rates), (value, rate)| (sum + value * rate, rates + rate));
            (rates > 0.0).then(|| sum / rates)
        };
        Self {
            rate,
            client_errors: weighted(|one| one.client_errors),
            errors: weighted(|one| one.errors),
            p50: weighted(|one| one.p50),
            p90: weighted(|one| one.p90),
            p99: weighted(|one| one.p99),
        }
    }
}

/// The samples of each side, by what tells the sides apart: environment or version.
#[derive(Debug, Clone, Default)]
pub(crate) struct Samples {
    of: BTreeMap<String, BTreeMap<i64, Vec<Sample>>>,
    newest: Option<Timestamp>,
}

impl Samples {
    /// Keeps what was told at a moment.
    pub(crate) fn keep(&mut self, at: Timestamp, told: Vec<(String, Sample)>) {
        let minute = at.as_second().div_euclid(60);
        for (key, sample) in told {
            let minutes = self.of.entry(key).or_default();
            minutes.entry(minute).or_default().push(sample);
            minutes.retain(|known, _| *known > minute - MOST);
        }
        self.newest = self.newest.max(Some(at));
    }

    /// The newest rate of requests of a side, a second.
    pub(crate) fn rate(&self, key: &str) -> Option<f64> {
        let (_, samples) = self.of.get(key)?.last_key_value()?;
        samples.last().map(|sample| sample.rate)
    }

    /// Whether anything was told at all.
    pub(crate) fn newest(&self) -> Option<Timestamp> {
        self.newest
    }

    /// The metrics of two sides over all minutes that were watched.
    pub(crate) fn metrics(&self, (blue, green): (&str, &str), now: Timestamp) -> Metrics {
        let runs = now.as_second().div_euclid(60);
        let first = self.of.values().filter_map(|of| of.first_key_value()).map(|(m, _)| *m).min();
        let start = first.unwrap_or(runs).clamp(runs - MOST, runs);
        let side = |key: &str| {
            let known = self.of.get(key);
            let told = |minute: i64| known?.get(&minute).map(|samples| mean(samples));
            let cells: Vec<Minute> =
                (start..=runs).map(|minute| (told(minute), minute < runs)).collect();
            points(&cells)
        };
        let (blue_metrics, green_metrics) = (side(blue), side(green));
        Metrics {
            start: Timestamp::from_second(start * 60).unwrap_or(Timestamp::UNIX_EPOCH),
            balancer_errors: vec![Point::Absent; blue_metrics.requests.len()],
            blue: blue_metrics,
            green: green_metrics,
            custom: Vec::new(),
            latency: LatencyBasis::Percentiles {
                why: "Elastic Beanstalk tells no counts of slow requests".to_owned(),
            },
            source: format!(
                "Elastic Beanstalk's health of {blue} and {green}: requests a second over ten \
                 seconds, whole percentages of 4xx and 5xx, means of the slowest 50, 10 and 1 % as \
                 p50, p90 and p99; sampled while this program watches, so that all of it is \
                 estimated"
            ),
        }
    }
}

/// The mean of the samples of a minute.
fn mean(samples: &[Sample]) -> Sample {
    let sum = Sample::sum(samples);
    Sample { rate: sum.rate / samples.len().max(1) as f64, ..sum }
}

/// What was told in a minute, and whether it is over.
type Minute = (Option<Sample>, bool);

/// The series of a side.
fn points(cells: &[Minute]) -> SideMetrics {
    let series = |of: &dyn Fn(&Sample) -> Option<f64>| -> Vec<Point> {
        let point = |(sample, over): &Minute| match (sample, over) {
            (None, true) => Point::Unknown,
            (None, false) => Point::Pending(None),
            (Some(sample), false) => Point::Pending(of(sample)),
            (Some(sample), true) if sample.rate <= 0.0 => Point::Absent,
            (Some(sample), true) => of(sample).map_or(Point::Unknown, Point::Value),
        };
        cells.iter().map(point).collect()
    };
    let share = |sample: &Sample, percent: Option<f64>| {
        percent.map(|percent| 60.0 * sample.rate * percent.clamp(0.0, 100.0) / 100.0)
    };
    SideMetrics {
        requests: series(&|sample| Some(60.0 * sample.rate)),
        errors: series(&|sample| share(sample, sample.errors)),
        client_errors: series(&|sample| share(sample, sample.client_errors)),
        p50: series(&|sample| sample.p50),
        p90: series(&|sample| sample.p90),
        p99: series(&|sample| sample.p99),
        timed: Vec::new(),
        slower: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(rate: i32, failed: i32) -> Sample {
        let codes = StatusCodes::builder().status5xx(failed).build();
        Sample::of(&ApplicationMetrics::builder().request_count(rate).status_codes(codes).build())
    }

    #[test]
    fn minutes_are_counted_from_the_mean_of_their_samples() {
        let mut samples = Samples::default();
        let at = |second| Timestamp::from_second(second).unwrap();
        samples.keep(at(0), vec![("a".to_owned(), told(10, 10)), ("b".to_owned(), told(0, 0))]);
        samples.keep(at(20), vec![("a".to_owned(), told(30, 0))]);
        samples.keep(at(130), vec![("a".to_owned(), told(5, 0))]);
        let metrics = samples.metrics(("a", "b"), at(140));
        let requests = [Point::Value(1200.0), Point::Unknown, Point::Pending(Some(300.0))];
        assert_eq!(metrics.blue.requests, requests);
        // A quarter of the requests came while a tenth of them failed.
        assert_eq!(metrics.blue.errors[0], Point::Value(30.0));
        assert_eq!(metrics.green.requests[0], Point::Absent);
        assert_eq!(samples.rate("a"), Some(5.0));
    }

    #[test]
    fn instances_that_nobody_asked_for_anything_weigh_nothing() {
        let all = Sample::sum(&[told(0, 100), told(50, 2)]);
        assert_eq!((all.rate, all.errors), (50.0, Some(2.0)));
    }
}
