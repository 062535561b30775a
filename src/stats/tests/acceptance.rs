//! What the engine has to reach in simulation, as an independent implementation of the method did
//! with 4000 rollouts a row.
//!
//! Like the generator it knows nothing of the engine: the calibration uses it too.

use super::generator::{HEAVY, INDEPENDENT, MILD, Scatter, Service};

/// One case and what is expected of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// Whether green is asked to be safe; otherwise whether it is worse.
    pub(super) safe: bool,
    /// What is rolled out.
    pub(super) service: Service,
    /// For how long it is looked at, every minute.
    pub(super) minutes: usize,
    /// In how many rollouts the odds of 20 were reached, and after how many minutes.
    pub(super) expected: Expected,
}

/// When the decision line was reached in many rollouts.
#[derive(Debug, Clone, Copy)]
pub(super) enum Expected {
    /// There is no difference, and this share of the rollouts was called worse.
    FalseAlarms(f64),
    /// There is something to find.
    Delay {
        /// The share of the rollouts in which it was found.
        share: f64,
        /// Minutes until half of them had found it; nothing when fewer did.
        median: Option<f64>,
        /// Minutes until nine in ten had.
        p90: Option<f64>,
    },
}

/// The minute, from 1, in which each of some rollouts reached the decision line.
#[derive(Debug, Clone)]
pub(super) struct Crossings(Vec<f64>);

impl Crossings {
    /// One entry a rollout; nothing where the line was never reached.
    pub(super) fn new(minutes: impl IntoIterator<Item = Option<usize>>) -> Self {
        let minutes = minutes.into_iter();
        let mut minutes: Vec<f64> =
            minutes.map(|minute| minute.map_or(f64::INFINITY, |minute| minute as f64)).collect();
        minutes.sort_by(f64::total_cmp);
        Self(minutes)
    }

    /// The share of the rollouts that reached it, 0 to 1.
    pub(super) fn share(&self) -> f64 {
        self.0.iter().filter(|minute| minute.is_finite()).count() as f64 / self.0.len() as f64
    }

    /// Minutes until the part `q` of all rollouts had reached it; infinite when fewer did.
    pub(super) fn quantile(&self, q: f64) -> f64 {
        let last = self.0.len() - 1;
        self.0[((q.clamp(0.0, 1.0) * last as f64).round() as usize).min(last)]
    }

    /// Standard error of a share `q` of these rollouts.
    fn error(&self, q: f64) -> f64 {
        (q * (1.0 - q) / self.0.len() as f64).sqrt()
    }
}

impl Expected {
    /// What is out of bounds in `found`, each in words. Chance is allowed `slack` standard errors.
    pub(super) fn misses(self, found: &Crossings, slack: f64) -> Vec<String> {
        let mut misses = Vec::new();
        let share = found.share();
        match self {
            Self::FalseAlarms(expected) => {
                let most = (expected + 0.01).min(0.05);
                if share > most + slack * found.error(most) {
                    misses.push(format!("{share} false alarms, at most {most}"));
                }
            }
            Self::Delay { share: expected, median, p90 } => {
                if (share - expected).abs() > 0.04 + slack * found.error(expected) {
                    misses.push(format!("found in {share} of the rollouts, expected {expected}"));
                }
                let bars = [(0.5, median, (1.0, 0.15)), (0.9, p90, (2.0, 0.2))];
                for (q, minutes, (least, part)) in bars {
                    // Where about as many find it as are asked for, the quantile is chance.
                    let Some(minutes) = minutes.filter(|_| expected >= q + 0.04) else { continue };
                    let (off, around) = ((part * minutes).max(least), slack * found.error(q));
                    let (early, late) = (found.quantile(q - around), found.quantile(q + around));
                    if early > minutes + off || late < minutes - off {
                        let found = found.quantile(q);
                        misses.push(format!("{q} within {found} minutes, expected {minutes}"));
                    }
                }
            }
        }
        misses
    }
}

/// The rows of the acceptance.
pub(super) const ROWS: [Row; 11] = [
    worse((1_000.0, 0.1, 0.01, 1.0), INDEPENDENT, Expected::FalseAlarms(0.0005)),
    worse((1_000.0, 0.5, 0.01, 1.0), MILD, Expected::FalseAlarms(0.0125)),
    worse((1_000.0, 0.5, 0.001, 1.0), HEAVY, Expected::FalseAlarms(0.0205)),
    worse((10_000.0, 0.1, 0.01, 1.0), HEAVY, Expected::FalseAlarms(0.004)),
    worse((1_000.0, 0.1, 0.001, 5.0), INDEPENDENT, delay(0.9655, Some(22.0), Some(49.0))),
    worse((1_000.0, 0.5, 0.001, 5.0), MILD, delay(0.996, Some(13.0), Some(30.0))),
    worse((1_000.0, 0.5, 0.01, 2.0), MILD, delay(0.9978, Some(13.0), Some(30.0))),
    worse((10_000.0, 0.1, 0.01, 2.0), MILD, delay(1.0, Some(5.0), Some(10.0))),
    worse((10_000.0, 0.5, 0.01, 1.2), INDEPENDENT, delay(0.8738, Some(33.0), None)),
    safe((1_000.0, 0.5, 0.001, 1.0), MILD, delay(1.0, Some(13.0), Some(28.0))),
    safe((10_000.0, 0.1, 0.01, 1.0), MILD, delay(1.0, Some(13.0), Some(31.0))),
];

/// Whether green is worse, within an hour. `case`: requests a minute, green's share of them, blue's
/// rate of errors, how many times as often green fails.
const fn worse(case: (f64, f64, f64, f64), scatter: Scatter, expected: Expected) -> Row {
    let (traffic, green_share, blue, times) = case;
    let service = Service { traffic, green_share, blue, green: (times, 0.0), scatter, history: 60 };
    Row { safe: false, service, minutes: 60, expected }
}

/// Whether green is safe, within two hours.
const fn safe(case: (f64, f64, f64, f64), scatter: Scatter, expected: Expected) -> Row {
    Row { safe: true, minutes: 120, ..worse(case, scatter, expected) }
}

const fn delay(share: f64, median: Option<f64>, p90: Option<f64>) -> Expected {
    Expected::Delay { share, median, p90 }
}
