//! Numbers that cannot be out of range: probabilities, weights and margins.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A probability above 0 and below 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Probability(f64);

impl Probability {
    /// One in twenty.
    pub const FIVE_PERCENT: Probability = Probability(0.05);
    /// Every other one.
    pub const HALF: Probability = Probability(0.5);
    /// One in ten.
    pub const TEN_PERCENT: Probability = Probability(0.1);
    /// One in a hundred.
    pub const ONE_PERCENT: Probability = Probability(0.01);

    /// Nothing when it is not strictly between 0 and 1.
    pub fn new(p: f64) -> Option<Self> {
        (f64::MIN_POSITIVE..=1.0 - f64::EPSILON).contains(&p).then_some(Self(p))
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }

    /// The evidence in nats that is needed to be wrong at most this often.
    pub fn decision_line(self) -> f64 {
        -self.0.ln()
    }
}

impl TryFrom<f64> for Probability {
    type Error = OutOfRange;

    fn try_from(p: f64) -> Result<Self, OutOfRange> {
        Self::new(p).ok_or(OutOfRange { what: "a probability", found: p, expected: "0 to 1" })
    }
}

impl From<Probability> for f64 {
    fn from(p: Probability) -> f64 {
        p.0
    }
}

/// Whole seconds for which the newest data are left alone, 0 to 3600.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Settle(u16);

impl Settle {
    /// What an Application Load Balancer needs to deliver a minute in full.
    pub const THREE_MINUTES: Settle = Settle(180);

    /// The seconds.
    pub fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<f64> for Settle {
    type Error = OutOfRange;

    fn try_from(seconds: f64) -> Result<Self, OutOfRange> {
        let fits = (0.0..=3600.0).contains(&seconds) && seconds.fract() == 0.0;
        fits.then_some(Self(seconds as u16)).ok_or(OutOfRange {
            what: "a settle time in seconds",
            found: seconds,
            expected: "0 to 3600, whole",
        })
    }
}

impl From<Settle> for f64 {
    fn from(settle: Settle) -> f64 {
        settle.0.into()
    }
}

/// How much a metric counts next to the others: any number above 0.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Importance(pub(super) f64);

impl Importance {
    /// Nothing when it is not a number from a millionth to a million.
    pub fn new(weight: f64) -> Option<Self> {
        (1e-6..=1e6).contains(&weight).then_some(Self(weight))
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Importance {
    type Error = OutOfRange;

    fn try_from(weight: f64) -> Result<Self, OutOfRange> {
        Self::new(weight).ok_or(OutOfRange {
            what: "a weight",
            found: weight,
            expected: "above 0 (to mute a metric say `role = \"muted\"`)",
        })
    }
}

impl From<Importance> for f64 {
    fn from(weight: Importance) -> f64 {
        weight.0
    }
}

/// Where "the same" ends: green may fail up to `ratio` times as often as blue, `plus` a share of all
/// requests (`0.0025` is a quarter of a percentage point).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawMargin")]
pub struct Margin {
    ratio: f64,
    plus: f64,
}

/// A margin before it was checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMargin {
    ratio: f64,
    plus: f64,
}

impl Margin {
    /// Not a hair worse.
    pub const NONE: Margin = Margin { ratio: 1.0, plus: 0.0 };
    /// Differences that nobody would roll back for.
    pub const IGNORE: Margin = Margin { ratio: 1.05, plus: 0.0001 };
    /// Harm that one would promote with.
    pub const ACCEPT: Margin = Margin { ratio: 1.25, plus: 0.0025 };
    /// What is ignored and what is accepted of answers with 4xx.
    pub(super) const CLIENT_ERRORS: (Margin, Margin) =
        (Margin { ratio: 1.1, plus: 0.005 }, Margin { ratio: 1.25, plus: 0.02 });
    /// What even a cold start may not exceed.
    pub(super) const WARM_UP: Margin = Margin { ratio: 3.0, plus: 0.05 };

    /// Nothing unless `ratio` is from 0.1 to 10 and `plus` from 0 to 0.5.
    pub fn new(ratio: f64, plus: f64) -> Option<Self> {
        Self::checked(ratio, plus).ok()
    }

    /// The same, saying which of the two is out of range.
    pub fn checked(ratio: f64, plus: f64) -> Result<Self, OutOfRange> {
        let fail = |what, found, expected| Err(OutOfRange { what, found, expected });
        if !(0.1..=10.0).contains(&ratio) {
            return fail("`ratio` of a margin", ratio, "0.1 to 10");
        }
        if !(0.0..=0.5).contains(&plus) {
            return fail("`plus` of a margin", plus, "0 to 0.5");
        }
        Ok(Self { ratio, plus })
    }

    /// How many times as often.
    pub fn ratio(self) -> f64 {
        self.ratio
    }

    /// And how much more, as a share of all requests.
    pub fn plus(self) -> f64 {
        self.plus
    }

    /// The highest rate within the margin when blue's is `rate`.
    pub fn beyond(self, rate: f64) -> f64 {
        self.ratio * rate + self.plus
    }
}

impl TryFrom<RawMargin> for Margin {
    type Error = OutOfRange;

    fn try_from(raw: RawMargin) -> Result<Self, OutOfRange> {
        Self::checked(raw.ratio, raw.plus)
    }
}

/// How much more of a value, as a share of it: `0.05` is five percent, 0 to 10.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Growth(f64);

impl Growth {
    /// A slowdown that nobody would roll back for.
    pub const IGNORE: Growth = Growth(0.05);
    /// A slowdown that one would promote with.
    pub const ACCEPT: Growth = Growth(0.25);

    /// Nothing when it is not from 0 to 10.
    pub fn new(share: f64) -> Option<Self> {
        (0.0..=10.0).contains(&share).then_some(Self(share))
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Growth {
    type Error = OutOfRange;

    fn try_from(share: f64) -> Result<Self, OutOfRange> {
        Self::new(share).ok_or(OutOfRange { what: "a growth", found: share, expected: "0 to 10" })
    }
}

impl From<Growth> for f64 {
    fn from(growth: Growth) -> f64 {
        growth.0
    }
}

/// A number that means nothing where it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OutOfRange {
    what: &'static str,
    found: f64,
    expected: &'static str,
}

impl fmt::Display for OutOfRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}; expected {}", self.what, self.found, self.expected)
    }
}

impl std::error::Error for OutOfRange {}
