//! What an analysis measures: the series behind a guard, and how much of it is survived.

use jiff::Timestamp;
use serde::Serialize;

/// How an analysis, or one measurement of it, stands in its controller's word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AnalysisState {
    /// Nothing was measured yet.
    Pending,
    /// It goes on.
    Running,
    /// It was good.
    Successful,
    /// It was bad.
    Failed,
    /// Nothing could be measured.
    Error,
    /// It was neither good enough nor bad enough.
    Inconclusive,
    /// A word that this version does not know.
    Other(String),
}

impl AnalysisState {
    /// Whether nothing more comes.
    pub fn is_end(&self) -> bool {
        match self {
            Self::Successful | Self::Failed | Self::Error | Self::Inconclusive => true,
            Self::Pending | Self::Running | Self::Other(_) => false,
        }
    }
}

/// One measurement.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measurement {
    /// When it began.
    pub at: Timestamp,
    /// What came of it.
    pub state: AnalysisState,
    /// What was measured, as the controller wrote it.
    pub value: String,
    /// The same where it is one finite number.
    pub number: Option<f64>,
    /// Why it could not be measured.
    pub message: Option<String>,
    /// What the provider warned of.
    pub warnings: Option<String>,
}

/// How a value has to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `>=`
    AtLeast,
    /// `>`
    Above,
}

impl Relation {
    /// As conditions spell it.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::AtLeast => ">=",
            Self::Above => ">",
        }
    }

    /// Whether it holds between two numbers.
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Below => left < right,
            Self::AtMost => left <= right,
            Self::AtLeast => left >= right,
            Self::Above => left > right,
        }
    }
}

/// A number that the measured one is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Limit {
    /// How.
    pub relation: Relation,
    /// With what.
    pub number: f64,
}

/// What decides whether a measurement is good, or bad.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Condition {
    /// As it is written.
    pub text: String,
    /// The limit, where it compares one number with another; nothing else is guessed.
    pub limit: Option<Limit>,
}

/// How often something happened that may happen only so often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Budget {
    /// How often it did.
    pub used: u32,
    /// How often it is survived; nothing for any number of times.
    pub allowed: Option<u32>,
}

/// One metric of an analysis.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// How it stands.
    pub state: AnalysisState,
    /// It is measured and never acted on.
    pub dry_run: bool,
    /// What is asked, with every argument in its place.
    pub query: Option<String>,
    /// What a good measurement fulfils.
    pub success: Option<Condition>,
    /// What a bad measurement fulfils.
    pub failure: Option<Condition>,
    /// How many measurements had a result.
    pub done: u32,
    /// How many there will be; nothing when it goes on until somebody ends it.
    pub planned: Option<u32>,
    /// Bad measurements.
    pub failed: Budget,
    /// Measurements that were neither.
    pub inconclusive: Budget,
    /// Measurements in a row that could not be taken.
    pub errors: Budget,
    /// When the next measurement is due.
    pub next: Option<Timestamp>,
    /// What the controller says of it.
    pub message: Option<String>,
    /// Oldest first. The cluster keeps the newest ten; the older ones are what this program has seen.
    pub measurements: Vec<Measurement>,
}

impl Measured {
    /// The newest measurement that is over.
    pub fn newest(&self) -> Option<&Measurement> {
        self.measurements.iter().rev().find(|one| one.state.is_end())
    }

    /// The condition that the values are told against; the flag says that it must not hold.
    pub fn condition(&self) -> Option<(&Condition, bool)> {
        let success = self.success.as_ref().map(|condition| (condition, false));
        success.or_else(|| self.failure.as_ref().map(|condition| (condition, true)))
    }

    /// The limit that the values are told against.
    pub fn limit(&self) -> Option<Limit> {
        self.condition()?.0.limit
    }
}
