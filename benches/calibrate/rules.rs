//! What else is in use: rules that are looked at every minute, on the same data.

use crate::engine::first;
use crate::generator::Measured;

/// Both sides of one minute.
type Minute = (Measured, Measured);

/// The names of [`all`], in its order.
pub(crate) const NAMES: [&str; 4] = [
    "green above 1 %, five minutes in all",
    "green above 1.5 x blue, three in a row",
    "z-test at every minute",
    "Mann-Whitney as Kayenta judges it",
];

/// One-sided 5 %.
const Z_95: f64 = 1.644_853_6;
/// One side of Kayenta's interval of 98 %.
const Z_99: f64 = 2.326_347_9;

/// The minute in which each rule raises its alarm.
pub(crate) fn all(minutes: &[Minute]) -> [Option<usize>; 4] {
    let rates = |side: fn(&Minute) -> Measured| -> Vec<Option<f64>> {
        minutes.iter().map(|minute| side(minute).map(|(bad, requests)| bad / requests)).collect()
    };
    let (blue, green) = (rates(|minute| minute.0), rates(|minute| minute.1));
    [threshold(minutes), three_in_a_row(minutes), z_test(minutes), mann_whitney(&blue, &green)]
}

/// Green failed more than 1 % of its requests in five minutes.
fn threshold(minutes: &[Minute]) -> Option<usize> {
    let mut failed = 0;
    first(minutes, |(_, green)| {
        failed += u32::from(green.is_some_and(|(bad, requests)| bad > 0.01 * requests));
        failed >= 5
    })
}

/// Green failed 1.5 times as often as blue in three minutes that follow each other.
fn three_in_a_row(minutes: &[Minute]) -> Option<usize> {
    let mut row = 0;
    first(minutes, |sides| {
        let bad = matches!(sides, (Some((x, n)), Some((y, m))) if *y >= 1.0 && y / m > 1.5 * x / n);
        row = if bad { row + 1 } else { 0 };
        row >= 3
    })
}

/// The usual test of two rates over everything so far, as if it were looked at once.
fn z_test(minutes: &[Minute]) -> Option<usize> {
    let (mut blue, mut green) = ((0.0, 0.0), (0.0, 0.0));
    first(minutes, |minute| {
        add(&mut blue, minute.0);
        add(&mut green, minute.1);
        z(blue, green) > Z_95
    })
}

/// The same against what `blue` was.
pub(crate) fn z_test_against(blue: &[Measured], minutes: &[Minute]) -> Option<usize> {
    let (mut before, mut green) = ((0.0, 0.0), (0.0, 0.0));
    blue.iter().for_each(|minute| add(&mut before, *minute));
    first(minutes, |minute| {
        add(&mut green, minute.1);
        z(before, green) > Z_95
    })
}

fn add(sum: &mut (f64, f64), side: Measured) {
    let (bad, requests) = side.unwrap_or_default();
    *sum = (sum.0 + bad, sum.1 + requests);
}

/// Standard errors between two rates; not a number before there is an error.
fn z((x, n): (f64, f64), (y, m): (f64, f64)) -> f64 {
    let pooled = (x + y) / (n + m);
    (y / m - x / n) / (pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)).sqrt()
}

/// Kayenta's judge on the values of all minutes so far, from the fifth on: green is high when the
/// test's interval of 98 % lies above a quarter of the estimated shift, and its mean is not lower.
pub(crate) fn mann_whitney(blue: &[Option<f64>], green: &[Option<f64>]) -> Option<usize> {
    let all = (5..=blue.len()).collect::<Vec<_>>();
    let at = first(&all, |minutes| {
        let known = |side: &[Option<f64>]| side[..*minutes].iter().flatten().copied().collect();
        let (control, experiment): (Vec<f64>, Vec<f64>) = (known(blue), known(green));
        is_high(&experiment, &control)
    });
    at.map(|position| all[position - 1])
}

fn is_high(experiment: &[f64], control: &[f64]) -> bool {
    let mean = |side: &[f64]| side.iter().sum::<f64>() / side.len() as f64;
    if experiment.len() < 2 || control.len() < 2 || mean(experiment) < mean(control) {
        return false;
    }
    // A tolerance only lowers the ranks: without it most minutes are settled fast.
    shifted_z(experiment, control, 0.0) > Z_99 && {
        let shift = median_difference(experiment, control);
        shifted_z(experiment, control, 0.25 * shift.abs()) > Z_99
    }
}

/// The median of all differences: how far the experiment is above the control.
fn median_difference(experiment: &[f64], control: &[f64]) -> f64 {
    let mut differences: Vec<f64> =
        experiment.iter().flat_map(|x| control.iter().map(move |y| x - y)).collect();
    let middle = differences.len() / 2;
    let even = differences.len() % 2 == 0;
    let (below, upper, _) = differences.select_nth_unstable_by(middle, f64::total_cmp);
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if even { f64::midpoint(lower, *upper) } else { *upper }
}

/// The rank test's statistic in standard errors, the experiment lowered by `tolerance`.
fn shifted_z(experiment: &[f64], control: &[f64], tolerance: f64) -> f64 {
    let mut values: Vec<(f64, bool)> = experiment.iter().map(|x| (x - tolerance, true)).collect();
    values.extend(control.iter().map(|y| (*y, false)));
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut rank_sum, mut ties, mut before) = (0.0, 0.0, 0.0);
    for group in values.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let size = group.len() as f64;
        let own = group.iter().filter(|(_, is_experiment)| *is_experiment).count() as f64;
        rank_sum += own * (before + (size + 1.0) / 2.0);
        ties += size.powi(3) - size;
        before += size;
    }
    let (n, m) = (experiment.len() as f64, control.len() as f64);
    let distance = rank_sum - n * (n + 1.0) / 2.0 - n * m / 2.0;
    let spread = n * m / 12.0 * ((n + m + 1.0) - ties / ((n + m) * (n + m - 1.0)));
    (distance - 0.5 * distance.signum()) / spread.sqrt()
}
