//! How a person shifts by hand: the size of a step, and the ramp that walks by itself.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::Serialize;

use super::{Percent, Target};

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

/// The settings of all targets: one for each that has its own, and a common one for the others.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Shiftings {
    common: Shifting,
    #[serde(skip)]
    own: BTreeMap<Target, Shifting>,
}

impl Shiftings {
    /// `common` for every target that is not among `own`.
    pub fn new(common: Shifting, own: impl IntoIterator<Item = (Target, Shifting)>) -> Self {
        Self { common, own: own.into_iter().collect() }
    }

    /// How a person shifts at every target that has nothing of its own.
    pub fn common(&self) -> &Shifting {
        &self.common
    }

    /// How a person shifts at `target`.
    pub fn of(&self, target: &Target) -> &Shifting {
        self.own.get(target).unwrap_or(&self.common)
    }
}

impl From<Shifting> for Shiftings {
    fn from(common: Shifting) -> Self {
        Self::new(common, [])
    }
}

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
