//! What an action is about, where it is about one of several.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Action, Call, Means};

/// One of several that an action can be about, with how that would be done.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Candidate {
    /// The action, about this one.
    pub action: Action,
    /// How.
    pub means: Means,
    /// With which call.
    pub call: Call,
    /// What it is called.
    pub name: String,
    /// What else there is to know of it before it is chosen.
    pub about: String,
    /// Since when it is there.
    pub since: Option<Timestamp>,
}

/// An analysis of a rollout, by its place in it: no two of a kind run at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Analysis {
    /// A stage of its own.
    Step,
    /// Beside all stages.
    Background,
    /// Before green gets all traffic.
    BeforePromotion,
    /// After green has got all traffic.
    AfterPromotion,
    /// Versions that run beside each other, with what is measured of them.
    Experiment,
}

impl Analysis {
    /// All of them.
    pub const ALL: [Analysis; 5] = [
        Analysis::Step,
        Analysis::Background,
        Analysis::BeforePromotion,
        Analysis::AfterPromotion,
        Analysis::Experiment,
    ];

    /// The word for it on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Analysis::Step => "step",
            Analysis::Background => "background",
            Analysis::BeforePromotion => "before-promotion",
            Analysis::AfterPromotion => "after-promotion",
            Analysis::Experiment => "experiment",
        }
    }
}

impl fmt::Display for Analysis {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.word())
    }
}

impl FromStr for Analysis {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|analysis| analysis.word() == text).ok_or_else(|| {
            let words = Self::ALL.map(Self::word).join(", ");
            format!("`{text}` is no analysis: one of {words}")
        })
    }
}
