//! The engine over a made-up rollout, one question at a time.

use cutover::stats::{
    Baseline, BucketLength, Counts, Direction, EvidenceProcess, Margin, Probability, Question,
};

use crate::generator::{Measured, Rollout};

/// Odds of 20, the decision line of an alpha of 0.05.
pub(crate) fn line() -> f64 {
    Probability::FIVE_PERCENT.decision_line()
}

/// The engine's counts.
pub(crate) fn counts(measured: Measured) -> Option<Counts> {
    measured.and_then(|(bad, requests)| Counts::new(bad, requests))
}

/// Blue's counts before the rollout.
pub(crate) fn history(rollout: &Rollout) -> Vec<Option<Counts>> {
    rollout.history.iter().map(|blue| counts(*blue)).collect()
}

/// The default question about errors.
pub(crate) fn question(direction: Direction) -> Question {
    let margin = match direction {
        Direction::Worse => Margin::IGNORE,
        Direction::Safe => Margin::ACCEPT,
    };
    let prior_rate = Probability::ONE_PERCENT;
    Question { direction, margin, prior_rate, bucket: BucketLength::MINUTE }
}

/// The minute, from 1, in which a process that knows blue's `history` reached the line.
pub(crate) fn crossing(
    direction: Direction,
    history: &[Option<Counts>],
    rollout: &Rollout,
) -> Option<usize> {
    let mut process = EvidenceProcess::new(question(direction), history);
    first(&rollout.minutes, |(blue, green)| {
        if let Some((blue, green)) = counts(*blue).zip(counts(*green)) {
            process.update(blue, green);
        }
        process.log_e() >= line()
    })
}

/// The same when green has all the traffic and is compared with what blue was.
pub(crate) fn crossing_before_after(direction: Direction, rollout: &Rollout) -> Option<usize> {
    let history = history(rollout);
    let baseline = Baseline::from_history(&history)?;
    let mut process = EvidenceProcess::new(question(direction), &history);
    first(&rollout.minutes, |(_, green)| {
        if let Some(green) = counts(*green) {
            process.update_against(green, &baseline);
        }
        process.log_e() >= line()
    })
}

/// The number, from 1, of the first minute that raises an alarm.
pub(crate) fn first<T>(minutes: &[T], alarm: impl FnMut(&T) -> bool) -> Option<usize> {
    minutes.iter().position(alarm).map(|minute| minute + 1)
}
