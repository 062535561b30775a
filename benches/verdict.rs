//! Time of the verdict: one minute of one rollout and of a thousand, and a day judged anew.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark that cannot start fails")]

use cutover::stats::{
    Bucket, BucketLength, Config, Counts, Judge, MetricSpec, Quantile, Sample, Sides, Tally,
};
use divan::Bencher;

/// Minutes of blue before the rollout.
const HISTORY: usize = 60;
/// Minutes of a day.
const DAY: usize = 1440;

fn main() {
    divan::main();
}

/// `bad` of 9000 requests, a little different every minute.
fn tally(bad: f64, minute: usize) -> Option<Tally> {
    let bad = bad + (minute * 7 % 11) as f64;
    Tally::slower([bad, 0.9 * bad, 0.6 * bad], 9000.0)
}

/// Errors and the three latencies, the four metrics that are judged by default.
fn bucket(minute: usize) -> Bucket {
    let usual = [36.0, 4500.0, 900.0, 90.0];
    let sample =
        |bad| Sample::Counts(Sides { blue: tally(bad, minute), green: tally(bad, minute + 3) });
    Bucket { planned: None, samples: usual.map(sample).to_vec() }
}

fn judge() -> Judge {
    let config = Config::default();
    let history = |bad: f64| -> Vec<Option<Counts>> {
        (0..HISTORY).map(|minute| tally(bad, minute).map(Tally::plain)).collect()
    };
    let mut metrics = vec![MetricSpec::errors(&config, history(36.0))];
    for (quantile, bad) in Quantile::ALL.into_iter().zip([4500.0, 900.0, 90.0]) {
        metrics.push(MetricSpec::slower(&config, quantile, history(bad)));
    }
    Judge::new(&config, BucketLength::MINUTE, metrics)
}

/// A judge in the middle of a rollout, all of its metrics warm.
fn busy() -> Judge {
    let minutes: Vec<Bucket> = (0..HISTORY).map(bucket).collect();
    judge().replay(&minutes).0
}

#[divan::bench]
fn one_minute_of_one_rollout(bencher: Bencher<'_, '_>) {
    let (mut judge, next) = (busy(), bucket(HISTORY));
    bencher.bench_local(|| judge.push(&next));
}

#[divan::bench]
fn one_minute_of_a_thousand_rollouts(bencher: Bencher<'_, '_>) {
    let (mut judges, next) = (vec![busy(); 1000], bucket(HISTORY));
    bencher.bench_local(|| {
        for judge in &mut judges {
            divan::black_box(judge.push(&next));
        }
    });
}

#[divan::bench]
fn a_day_judged_anew(bencher: Bencher<'_, '_>) {
    let minutes: Vec<Bucket> = (0..DAY).map(bucket).collect();
    bencher.with_inputs(judge).bench_local_values(|judge| judge.replay(&minutes));
}
