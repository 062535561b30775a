//! How a person shifts by hand: the size of a step, and the ramp that walks by itself.

use jiff::SignedDuration;
use serde::Serialize;

use super::{PerTarget, Percent};

/// Where the weights are a person's to set: how far a key moves them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shifting {
    /// One step more or less to green.
    pub step: Percent,
    /// The shares of a ramp, rising.
    pub ramp: Vec<Percent>,
    /// How long each share of a ramp is held before the next.
    pub every: SignedDuration,
}

/// How a person shifts at each target.
pub type Shiftings = PerTarget<Shifting>;

impl Default for Shifting {
    fn default() -> Self {
        let share = |number| Percent::new(number).unwrap_or(Percent::ALL);
        Self {
            step: share(10),
            ramp: [10, 25, 50, 100].map(share).into(),
            every: SignedDuration::from_mins(5),
        }
    }
}
