//! What is promised about many rollouts, on a few hundred or thousand of them.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::domain::{Split, Weight};

use super::super::*;
use super::acceptance::{Crossings, ROWS, Row};
use super::generator::{Measured, binomial};

/// When each of `runs` rollouts reached odds of 20.
fn crossings(row: &Row, runs: u64) -> Crossings {
    let (direction, margin) = if row.safe {
        (Direction::Safe, Margin::ACCEPT)
    } else {
        (Direction::Worse, Margin::IGNORE)
    };
    let prior_rate = Probability::ONE_PERCENT;
    let question = Question { direction, margin, prior_rate, bucket: BucketLength::MINUTE };
    Crossings::new((0..runs).map(|seed| {
        let rollout = row.service.roll_out(seed, row.minutes);
        let history: Vec<Option<Counts>> = rollout.history.into_iter().map(counts).collect();
        let mut process = EvidenceProcess::new(question, &history);
        let crossed = rollout.minutes.into_iter().position(|(blue, green)| {
            if let Some((blue, green)) = counts(blue).zip(counts(green)) {
                process.update(blue, green);
            }
            process.log_e() >= 20_f64.ln()
        });
        crossed.map(|minute| minute + 1)
    }))
}

fn counts(measured: Measured) -> Option<Counts> {
    measured.and_then(|(bad, requests)| Counts::new(bad, requests))
}

/// Fails when one of `rows` is out of bounds. The same with thousands of rollouts: `just calibrate`.
#[track_caller]
fn assert_accepted(rows: &[Row]) {
    for row in rows {
        let misses = row.expected.misses(&crossings(row, 200), 3.0);
        assert!(misses.is_empty(), "{row:?}: {misses:?}");
    }
}

#[test]
fn without_a_difference_hardly_any_rollout_is_called_worse() {
    assert_accepted(&ROWS[..4]);
}

#[test]
fn what_is_worse_is_found_as_fast_as_the_reference_finds_it() {
    assert_accepted(&ROWS[4..9]);
}

#[test]
fn what_is_no_different_is_safe_as_fast_as_in_the_reference() {
    assert_accepted(&ROWS[9..]);
}

/// How many rollouts are played in each case.
const RUNS: u32 = 400;

/// Share of the rollouts with a mismatch at any minute, each side's requests made by `minute`.
fn mismatches(
    planned: f64,
    sticky: bool,
    minutes: usize,
    minute: impl Fn(&mut ChaCha8Rng) -> (f64, f64),
) -> f64 {
    let planned = Some(Split { green: Weight::percent(planned).unwrap() });
    let raised = (0..RUNS).filter(|seed| {
        let rng = &mut ChaCha8Rng::seed_from_u64(u64::from(*seed));
        let mut check = SplitCheck::new(Probability::ONE_PERCENT, BucketLength::MINUTE);
        check.push(planned, sticky, Sides::MISSING);
        (0..minutes).any(|_| {
            let (blue, green) = minute(rng);
            let requests = Sides { blue: Some(blue), green: Some(green) };
            check.push(planned, sticky, requests).is_some_and(|split| split.mismatch)
        })
    });
    raised.count() as f64 / f64::from(RUNS)
}

/// A minute in which each of `all` requests goes to green with probability `share`.
fn coins(all: f64, share: f64) -> impl Fn(&mut ChaCha8Rng) -> (f64, f64) {
    move |rng| {
        let green = binomial(rng, all, share);
        (all - green, green)
    }
}

#[test]
fn a_split_according_to_plan_is_hardly_ever_called_wrong() {
    for planned in [1.0, 10.0, 50.0, 90.0] {
        for all in [20.0, 20_000.0] {
            let raised = mismatches(planned, false, 60, coins(all, planned / 100.0));
            assert!(raised < 0.01, "{raised} at {planned} % of {all}");
        }
    }
    // The worst that is still according to plan.
    for all in [1000.0, 20_000.0] {
        let raised = mismatches(50.0, false, 60, coins(all, 0.51));
        assert!(raised < 0.01, "{raised} at the limit with {all}");
    }
}

#[test]
fn a_split_five_points_off_is_seen_within_twenty_thousand_requests() {
    for (planned, share) in [(10.0, 0.05), (10.0, 0.15), (50.0, 0.45), (50.0, 0.55), (90.0, 0.85)] {
        for minutes in [4, 20] {
            let all = 20_000.0 / f64::from(minutes);
            let raised = mismatches(planned, false, minutes as usize, coins(all, share));
            assert!(raised > 0.95, "{raised} at {share} of {planned} % in {minutes} minutes");
        }
    }
}

#[test]
fn visits_that_stick_are_not_called_wrong_and_the_assessment_says_that_it_looks_away() {
    // Fifty visits of twenty requests, with green still growing from nothing to its 50 %.
    let visits = |share: f64| {
        move |rng: &mut ChaCha8Rng| {
            let green = binomial(rng, 50.0, share);
            (20.0 * (50.0 - green), 20.0 * green)
        }
    };
    for share in [0.05, 0.3, 0.5] {
        assert!(mismatches(50.0, true, 120, visits(share)) < 0.01, "{share}");
    }
    assert!(mismatches(10.0, true, 120, visits(0.5)) > 0.95);

    let planned = Some(Split { green: Weight::percent(10.0).unwrap() });
    let mut check = SplitCheck::new(Probability::ONE_PERCENT, BucketLength::MINUTE);
    let requests = Sides { blue: Some(900.0), green: Some(100.0) };
    assert_eq!(check.push(planned, true, requests), None, "the minute of the change is mixed");
    let split = check.push(planned, true, requests).unwrap();
    assert!(split.widened_by_stickiness);
    assert_eq!((split.low, split.high), (0.0, 0.2));
    assert!((split.measured - 0.1).abs() < 1e-12);
}
