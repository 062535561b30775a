//! What holds for any data.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::super::bets::{AgainstLevel, SideBySide};
use super::super::*;
use super::generator::{MILD, Measured, Service, uniform};

/// Probabilities of 0 to `n` events of rate `p`.
fn binomial_weights(n: u32, p: f64) -> Vec<f64> {
    let mut weights = vec![(1.0 - p).powi(n as i32)];
    for k in 0..n {
        let last = weights[k as usize];
        weights.push(last * f64::from(n - k) / f64::from(k + 1) * p / (1.0 - p));
    }
    weights
}

/// A few requests of one side, without the rule that none is no count.
fn counts(bad: u32, requests: u32) -> Counts {
    Counts::new(f64::from(bad), f64::from(requests)).unwrap()
}

#[test]
fn no_bet_wins_on_average_while_its_hypothesis_holds() {
    let rng = &mut ChaCha8Rng::seed_from_u64(1);
    let mut between = |low: f64, high: f64| low + (high - low) * uniform(rng);
    for _ in 0..300 {
        let (ratio, plus) = (between(0.5, 2.0), between(0.0, 0.1));
        let margin = Margin::new(ratio, plus).unwrap();
        let (blue_n, green_n) = (between(1.0, 40.0) as u32, between(1.0, 40.0) as u32);
        // The guess and the truth have nothing to do with each other.
        let most = (0.9 - plus) / ratio.max(1.0);
        let (guess, blue_p) = (between(0.001, most), between(0.001, most));
        let side_by_side = SideBySide::new(
            (guess, margin.beyond(guess)),
            ratio,
            (f64::from(blue_n), f64::from(green_n)),
        );
        for direction in [Direction::Worse, Direction::Safe] {
            let at_margin = margin.beyond(blue_p);
            let green_p = match direction {
                Direction::Worse => at_margin * between(0.5, 1.0),
                Direction::Safe => at_margin + (0.99 - at_margin) * between(0.0, 0.5),
            };
            let green_weights = binomial_weights(green_n, green_p);
            let blue_weights = binomial_weights(blue_n, blue_p);
            let against = AgainstLevel::new(at_margin);
            for (kappa, _) in direction.grid() {
                let (mut both, mut alone) = (0.0, 0.0);
                for (x, green_weight) in (0..).zip(&green_weights) {
                    let green = counts(x, green_n);
                    alone += green_weight * against.log_factor(*kappa, green).exp();
                    for (y, blue_weight) in (0..).zip(&blue_weights) {
                        let factor = side_by_side.log_factor(*kappa, counts(y, blue_n), green);
                        both += green_weight * blue_weight * factor.exp();
                    }
                }
                assert!(both <= 1.0 + 1e-9, "{both} for {kappa} at {margin:?}");
                assert!(alone <= 1.0 + 1e-9, "{alone} for {kappa} at {margin:?}");
            }
        }
    }
}

/// An hour in which green fails `times` as often as blue.
fn hour(times: f64) -> (Vec<Option<Counts>>, Vec<Bucket>) {
    let service = Service {
        traffic: 2000.0,
        green_share: 0.5,
        blue: 0.01,
        green: (times, 0.0),
        scatter: MILD,
        history: 60,
    };
    let rollout = service.roll_out(7, 60);
    let tally = |side: Measured| side.and_then(|(bad, requests)| Tally::errors(bad, requests));
    let buckets = rollout.minutes.iter().map(|(blue, green)| Bucket {
        planned: None,
        samples: vec![Sample::Counts(Sides { blue: tally(*blue), green: tally(*green) })],
    });
    let history = rollout.history.iter().map(|blue| tally(*blue).map(Tally::plain));
    (history.collect(), buckets.collect())
}

fn judge(history: &[Option<Counts>]) -> Judge {
    let config = Config::default();
    let metrics = vec![MetricSpec::errors(&config, history.to_vec())];
    Judge::new(&config, BucketLength::MINUTE, metrics)
}

#[test]
fn missing_minutes_change_nothing() {
    let (history, buckets) = hour(1.3);
    let (_, plain) = judge(&history).replay(&buckets);
    let missing = Bucket { planned: None, samples: Vec::new() };
    let mut with_gaps = judge(&history);
    for (bucket, expected) in buckets.iter().zip(&plain) {
        let found = with_gaps.push(bucket);
        assert_eq!(found.log_e.to_bits(), expected.log_e.to_bits());
        assert_eq!(found.metrics, expected.metrics);
        with_gaps.push(&missing);
    }
}

#[test]
fn a_judge_that_was_copied_on_the_way_ends_like_the_one_that_saw_all() {
    let (history, buckets) = hour(1.5);
    let (_, all) = judge(&history).replay(&buckets);
    let (half, _) = judge(&history).replay(&buckets[..30]);
    let (_, rest) = half.clone().replay(&buckets[30..]);
    assert_eq!(all[30..], rest);
}

#[test]
fn exchanging_the_sides_exchanges_worse_and_better() {
    let (history, mut buckets) = hour(2.0);
    // A minute without green makes the warm-up one minute longer.
    buckets.retain(|bucket| bucket.samples[0].present() == (true, true));
    let exchanged: Vec<Bucket> = buckets
        .iter()
        .map(|bucket| {
            let samples = bucket.samples.iter().map(|sample| match sample {
                Sample::Counts(s) => Sample::Counts(Sides { blue: s.green, green: s.blue }),
                Sample::Gauge(s) => Sample::Gauge(Sides { blue: s.green, green: s.blue }),
            });
            Bucket { planned: None, samples: samples.collect() }
        })
        .collect();
    let (judged, plain) = judge(&history).replay(&buckets);
    let (mirrored, mirror) = judge(&history).replay(&exchanged);
    for (plain, mirror) in plain.iter().zip(&mirror) {
        assert_eq!(plain.metrics[0].log_e.to_bits(), mirror.metrics[0].log_e_better.to_bits());
        assert_eq!(plain.metrics[0].log_e_better.to_bits(), mirror.metrics[0].log_e.to_bits());
    }
    assert_eq!(judged.assessment().verdict, Verdict::Worse);
    assert_eq!(mirrored.assessment().verdict, Verdict::Better);
}

/// `minutes` of `n` requests on each side with these rates of errors.
fn steady(minutes: usize, n: f64, (blue, green): (f64, f64)) -> Vec<Bucket> {
    let tally = |rate: f64| Tally::errors(rate * n, n);
    let sides = Sides { blue: tally(blue), green: tally(green) };
    vec![Bucket { planned: None, samples: vec![Sample::Counts(sides)] }; minutes]
}

#[test]
fn a_minute_cut_in_two_says_the_same() {
    for (rates, verdict) in [
        ((0.01, 0.04), Verdict::Worse),
        ((0.01, 0.01), Verdict::NoWorse),
        ((0.04, 0.01), Verdict::Better),
    ] {
        let (whole, _) = judge(&[]).replay(&steady(60, 4000.0, rates));
        let (halves, _) = judge(&[]).replay(&steady(120, 2000.0, rates));
        assert_eq!(whole.assessment().verdict, verdict);
        assert_eq!(halves.assessment().verdict, verdict);
    }
}

/// The evidence of a judge that knows the rates well already, after so many minutes.
fn evidence(minutes: usize, requests: f64, rates: (f64, f64)) -> f64 {
    let question = Question {
        direction: Direction::Worse,
        margin: Margin::IGNORE,
        prior_rate: Probability::ONE_PERCENT,
        bucket: BucketLength::MINUTE,
    };
    let side = |rate: f64| Counts::new(rate * requests, requests).unwrap();
    let mut process = EvidenceProcess::new(question, &[Some(side(rates.0)); 60]);
    (0..minutes).for_each(|_| process.update(side(rates.0), side(rates.1)));
    process.log_e()
}

#[test]
fn the_evidence_is_in_the_requests_and_not_in_how_they_are_cut_into_minutes() {
    let rates = (0.01, 0.0125);
    let (whole, halves) = (evidence(30, 2000.0, rates), evidence(60, 1000.0, rates));
    assert!((whole - halves).abs() < 0.2 * whole, "{whole} and {halves}");
    assert!(whole > 1.0, "{whole}");
}

#[test]
fn a_thousand_million_requests_a_minute_are_numbers_like_others() {
    let sizes = [1.0, 1e3, 1e9];
    let shares = [0.0, 1e-9, 0.01, 0.999, 1.0];
    let sides = sizes.iter().flat_map(|n| shares.map(|share| (share * n, *n)));
    let sides: Vec<Option<Tally>> = sides.map(|(bad, n)| Tally::errors(bad, n)).collect();
    for (blue, green) in sides.iter().flat_map(|b| sides.iter().map(|g| (*b, *g))) {
        let sides = Sides { blue, green };
        let bucket = Bucket { planned: None, samples: vec![Sample::Counts(sides)] };
        let history = vec![blue.map(Tally::plain); 60];
        let (_, after) = judge(&history).replay(&vec![bucket; 120]);
        for assessment in after {
            let metric = &assessment.metrics[0];
            let ratio = metric.ratio.map_or(1.0, |ratio| ratio.value * ratio.low * ratio.high);
            let numbers = [
                assessment.log_e,
                assessment.confidence,
                assessment.safe_progress,
                metric.log_e_better,
                metric.dispersion.unwrap_or(1.0),
                ratio,
            ];
            assert!(numbers.iter().all(|n| n.is_finite()), "{sides:?}: {assessment:?}");
        }
    }
}

#[test]
fn more_of_the_same_never_turns_worse_into_safe() {
    let (judge, early) = judge(&[]).replay(&steady(60, 1000.0, (0.01, 0.03)));
    let (_, late) = judge.replay(&steady(600, 1000.0, (0.01, 0.03)));
    let line = Probability::FIVE_PERCENT.decision_line();
    for assessment in early[59..].iter().chain(&late) {
        assert!(assessment.metrics[0].log_e > line, "even if the verdict did not stay");
        assert!(assessment.safe_progress < 0.01);
    }
}

#[test]
fn a_month_without_an_error_stays_a_number() {
    let (judge, assessments) = judge(&[]).replay(&steady(45_000, 1000.0, (0.0, 0.0)));
    let last = assessments.last().unwrap();
    assert!(last.log_e.is_finite() && last.metrics[0].dispersion.unwrap().is_finite());
    assert_eq!(last.verdict, Verdict::NoWorse);
    let (_, after) = judge.replay(&steady(9, 1000.0, (0.0, 0.5)));
    assert_eq!(after.last().unwrap().verdict, Verdict::Worse, "and still sees an outage");
}
