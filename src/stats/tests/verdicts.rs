//! Which verdict when, with which number beside it.

use crate::domain::{Split, Weight};

use super::super::*;

fn errors(blue: Option<(f64, f64)>, green: Option<(f64, f64)>) -> Sample {
    let tally = |side: Option<(f64, f64)>| side.and_then(|(x, n)| Tally::errors(x, n));
    Sample::Counts(Sides { blue: tally(blue), green: tally(green) })
}

fn bucket(samples: &[Sample]) -> Bucket {
    Bucket { planned: None, samples: samples.to_vec() }
}

fn history(minutes: usize) -> Vec<Option<Counts>> {
    (0..minutes).map(|minute| Counts::new((8 + minute % 5) as f64, 1000.0)).collect()
}

fn judge(minutes: usize) -> Judge {
    let config = Config::default();
    let spec = MetricSpec::errors(&config, history(minutes));
    Judge::new(&config, BucketLength::MINUTE, vec![spec])
}

/// Pushes the same bucket so many times; the last assessment.
fn push(judge: &mut Judge, bucket: &Bucket, times: usize) -> Assessment {
    (0..times).for_each(|_| drop(judge.push(bucket)));
    judge.assessment()
}

const GOOD: Option<(f64, f64)> = Some((10.0, 1000.0));
const BAD: Option<(f64, f64)> = Some((60.0, 1000.0));

#[test]
fn without_green_there_is_no_data_and_one_lost_minute_is_not_that() {
    let mut judge = judge(60);
    assert_eq!(judge.assessment().verdict, Verdict::NoData);
    let blue_alone = bucket(&[errors(GOOD, None)]);
    assert_eq!(push(&mut judge, &blue_alone, 9).verdict, Verdict::NoData);
    let both = bucket(&[errors(GOOD, GOOD)]);
    assert_eq!(push(&mut judge, &both, 4).verdict, Verdict::Undecided);
    assert_eq!(push(&mut judge, &blue_alone, 4).verdict, Verdict::Undecided);
    assert_eq!(push(&mut judge, &blue_alone, 1).verdict, Verdict::NoData);
    assert_eq!(push(&mut judge, &both, 1).verdict, Verdict::Undecided);
}

#[test]
fn a_cold_start_is_not_judged_but_a_catastrophe_is() {
    let mut cold = judge(60);
    let slow_start = bucket(&[errors(GOOD, Some((40.0, 1000.0)))]);
    let after = push(&mut cold, &slow_start, 3);
    assert_eq!((after.verdict, after.judged, after.warm_up_left), (Verdict::Undecided, 0, 0));
    assert_eq!((after.eta, after.blame), (Eta::TooEarly, None));

    let mut broken = judge(60);
    let outage = bucket(&[errors(GOOD, Some((500.0, 1000.0)))]);
    let after = push(&mut broken, &outage, 2);
    assert_eq!((after.verdict, after.worse_since), (Verdict::Worse, Some(1)));
    assert_eq!(after.blamed().unwrap().name, "errors");
}

#[test]
fn worse_stays_with_what_it_rests_on() {
    let config = Config::default();
    let specs = vec![
        MetricSpec::errors(&config, history(60)),
        MetricSpec::slower(&config, Quantile::P99, history(60)),
    ];
    let mut judge = Judge::new(&config, BucketLength::MINUTE, specs);
    push(&mut judge, &bucket(&[errors(GOOD, GOOD), errors(GOOD, GOOD)]), 3);
    let worse = push(&mut judge, &bucket(&[errors(GOOD, GOOD), errors(GOOD, BAD)]), 6);
    assert_eq!((worse.verdict, worse.blame), (Verdict::Worse, Some(1)));
    assert!(worse.confidence > 0.95 && worse.odds() > 20.0);
    let later = push(&mut judge, &bucket(&[errors(GOOD, BAD), errors(GOOD, GOOD)]), 60);
    assert_eq!((later.verdict, later.worse_since), (Verdict::Worse, worse.worse_since));
    assert_eq!((later.blame, later.eta), (Some(1), Eta::Decided));
}

#[test]
fn a_muted_metric_is_measured_and_a_weighted_one_does_not_block() {
    let config: Config =
        toml::from_str("p50 = { role = 'muted' }\np99 = { role = 'weighted' }").unwrap();
    let specs = vec![
        MetricSpec::errors(&config, history(60)),
        MetricSpec::slower(&config, Quantile::P50, history(60)),
        MetricSpec::slower(&config, Quantile::P99, Vec::new()),
    ];
    let mut judge = Judge::new(&config, BucketLength::MINUTE, specs);
    let minute = bucket(&[errors(GOOD, GOOD), errors(GOOD, BAD), Sample::MISSING]);
    let after = push(&mut judge, &minute, 60);
    assert_eq!(after.verdict, Verdict::NoWorse);
    assert_eq!((after.safe_progress, after.eta), (1.0, Eta::Decided));
    assert!(after.metrics[1].log_e > 3.0 && after.metrics[1].weight == 0.0);
    let weights: f64 = after.metrics.iter().map(|metric| metric.weight).sum();
    assert!((weights - 0.95).abs() < 1e-12, "the rest is the warm-up's");
}

#[test]
fn with_everything_muted_nothing_is_said() {
    let config: Config = toml::from_str("errors = { role = 'muted' }").unwrap();
    let specs = vec![MetricSpec::errors(&config, history(60))];
    let mut judge = Judge::new(&config, BucketLength::MINUTE, specs);
    let after = push(&mut judge, &bucket(&[errors(GOOD, BAD)]), 60);
    assert_eq!((after.verdict, after.log_e), (Verdict::NoData, 0.0));
}

#[test]
fn when_blue_is_gone_green_is_compared_with_what_blue_was() {
    let all_green = |green| Bucket {
        planned: Some(Split { green: Weight::ALL }),
        samples: vec![errors(None, green)],
    };
    let mut same = judge(60);
    let after = push(&mut same, &all_green(GOOD), 60);
    assert_eq!((after.verdict, after.basis), (Verdict::NoWorse, Basis::BeforeAfter));
    let baseline = after.metrics[0].baseline.unwrap();
    assert!(baseline.low < 0.01 && 0.01 < baseline.high);
    let mut worse = judge(60);
    assert_eq!(push(&mut worse, &all_green(BAD), 8).verdict, Verdict::Worse);

    let mut unknown = judge(29);
    let after = push(&mut unknown, &all_green(BAD), 60);
    assert_eq!(after.verdict, Verdict::CannotCompareSideBySide);
    assert_eq!(push(&mut unknown, &all_green(None), 5).verdict, Verdict::NoData);
}

#[test]
fn what_blue_did_during_the_canary_counts_as_its_past() {
    let mut judge = judge(0);
    push(&mut judge, &bucket(&[errors(GOOD, GOOD)]), 40);
    let green_alone = bucket(&[errors(None, GOOD)]);
    assert_eq!(push(&mut judge, &green_alone, 4).basis, Basis::SideBySide);
    let after = push(&mut judge, &green_alone, 1);
    assert_eq!(after.basis, Basis::BeforeAfter);
    assert_eq!(after.metrics[0].baseline.unwrap().buckets, 40);
    let back = push(&mut judge, &bucket(&[errors(GOOD, GOOD)]), 1);
    assert_eq!((back.basis, back.metrics[0].baseline), (Basis::SideBySide, None));
}

#[test]
fn the_forecast_is_a_figure_only_where_there_is_traffic() {
    let eta = |green: f64, n: f64| {
        let mut judge = judge(60);
        push(&mut judge, &bucket(&[errors(Some((0.01 * n, n)), Some((green * n, n)))]), 6).eta
    };
    assert!(matches!(eta(0.02, 1000.0), Eta::Buckets(1..=20)), "{:?}", eta(0.02, 1000.0));
    assert!(matches!(eta(0.02, 40.0), Eta::LittleTraffic(_)));
    // Fewer errors than blue, and nothing that must be safe: there is nothing to wait for.
    let config: Config = toml::from_str("errors = { role = 'weighted' }").unwrap();
    let specs = vec![MetricSpec::errors(&config, history(60))];
    let mut judge = Judge::new(&config, BucketLength::MINUTE, specs);
    let minute = bucket(&[errors(GOOD, Some((0.0, 1000.0)))]);
    assert_eq!(push(&mut judge, &minute, 6).eta, Eta::NotAtThisTraffic);
}

#[test]
fn a_percentile_alone_is_judged_by_its_ratio() {
    let config = Config::default();
    let blue: Vec<Option<f64>> = (0..60).map(|i| Some(0.2 + 0.004 * f64::from(i % 5))).collect();
    let judged = |green: f64| {
        let specs = vec![MetricSpec::percentile(&config, Quantile::P99, blue.clone())];
        let mut judge = Judge::new(&config, BucketLength::MINUTE, specs);
        for latency in &blue {
            let green = latency.map(|seconds| seconds * green);
            judge.push(&bucket(&[Sample::Gauge(Sides { blue: *latency, green })]));
        }
        judge.assessment()
    };
    assert_eq!(judged(1.5).verdict, Verdict::Worse);
    assert_eq!(judged(1.0).verdict, Verdict::NoWorse);
    assert_eq!(judged(0.5).verdict, Verdict::Better);
    assert!((judged(1.5).metrics[0].gauge_ratio.unwrap() - 1.5).abs() < 0.05);
}

#[test]
fn the_forecast_of_a_percentile_comes_true() {
    let mut process =
        GaugeProcess::new(Direction::Worse, Growth::IGNORE, BucketLength::MINUTE, &[]);
    assert_eq!(process.buckets_until(3.0), None);
    let mut minutes = [1.04, 1.26].into_iter().cycle();
    let mut next = |process: &mut GaugeProcess| process.update(1.0, minutes.next().unwrap());
    (0..10).for_each(|_| next(&mut process));
    let forecast = process.buckets_until(3.0).unwrap();
    let mut waited = 0;
    while process.log_e() < 3.0 {
        next(&mut process);
        waited += 1;
    }
    assert!(waited <= 2 * forecast && forecast <= 2 * waited, "{forecast} and {waited}");
}
