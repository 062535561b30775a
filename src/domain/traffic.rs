//! Where the requests go: what was asked for, what the load balancer holds, what was measured.

use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::Fact;

/// A share of the traffic in percent, 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Weight(f64);

impl Weight {
    /// No traffic.
    pub const NONE: Weight = Weight(0.0);
    /// All traffic.
    pub const ALL: Weight = Weight(100.0);

    /// A share in percent; anything outside 0 to 100 is no share.
    pub fn percent(percent: f64) -> Option<Self> {
        (0.0..=100.0).contains(&percent).then_some(Self(percent))
    }

    /// The share that `part` is of `whole`; nothing when the whole is nothing.
    pub fn ratio(part: f64, whole: f64) -> Option<Self> {
        if whole > 0.0 { Self::percent(100.0 * part / whole) } else { None }
    }

    /// The share in percent.
    pub fn get(self) -> f64 {
        self.0
    }

    /// The rest of the traffic.
    #[must_use]
    pub fn rest(self) -> Self {
        Self(100.0 - self.0)
    }

    /// Whether two shares are the same within `points` percentage points.
    pub fn is_near(self, other: Self, points: f64) -> bool {
        (self.0 - other.0).abs() <= points
    }
}

/// How the traffic is divided; blue and green always make the whole.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Split {
    /// Green's share; the rest is blue's.
    pub green: Weight,
}

impl Split {
    /// Everything on blue.
    pub const ALL_BLUE: Split = Split { green: Weight::NONE };
    /// Everything on green.
    pub const ALL_GREEN: Split = Split { green: Weight::ALL };

    /// Blue's share.
    pub fn blue(self) -> Weight {
        self.green.rest()
    }
}

/// Requests that a rule leads to green, or copies to it, whatever the weights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Route {
    /// What the rule is called.
    pub name: String,
    /// Which requests, e.g. `x-canary: yes`.
    pub requests: String,
    /// They go to blue as well: green's answers reach nobody.
    pub copied: bool,
}

/// A whole percentage that a person asks for, 0 to 100: green's share of the traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u8")]
pub struct Percent(u8);

/// Why a text is no percentage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a share is a whole number from 0 to 100")]
pub struct PercentError;

impl Percent {
    /// Nothing.
    pub const NONE: Percent = Percent(0);
    /// Everything.
    pub const ALL: Percent = Percent(100);

    /// A percentage; more than 100 is none.
    pub fn new(percent: u8) -> Option<Self> {
        (percent <= 100).then_some(Self(percent))
    }

    /// The number.
    pub fn get(self) -> u8 {
        self.0
    }

    /// As much more as `step`, at most everything.
    #[must_use]
    pub fn more(self, step: Percent) -> Self {
        Self(self.0.saturating_add(step.0).min(100))
    }

    /// As much less as `step`, at least nothing.
    #[must_use]
    pub fn less(self, step: Percent) -> Self {
        Self(self.0.saturating_sub(step.0))
    }

    /// The split in which green has this share.
    pub fn split(self) -> Split {
        Split { green: Weight(f64::from(self.0)) }
    }
}

impl TryFrom<u8> for Percent {
    type Error = PercentError;

    fn try_from(percent: u8) -> Result<Self, PercentError> {
        Self::new(percent).ok_or(PercentError)
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} %", self.0)
    }
}

impl FromStr for Percent {
    type Err = PercentError;

    fn from_str(text: &str) -> Result<Self, PercentError> {
        let digits = text.trim().trim_end_matches('%').trim_end();
        let number = digits.parse().ok().filter(|_| digits.chars().all(|c| c.is_ascii_digit()));
        number.and_then(Self::new).ok_or(PercentError)
    }
}

/// What the load balancer's listener holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ListenerSplit {
    /// One split in every rule that forwards to the two target groups.
    Split(Split),
    /// Rules that disagree; each with its split.
    Mixed(Vec<Split>),
    /// No rule of the listener forwards to either target group.
    Elsewhere,
}

/// The share of requests that was measured, over whole minutes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MeasuredShare {
    /// Green's share of the requests.
    pub split: Split,
    /// Requests counted on both sides.
    pub requests: f64,
    /// How many minutes were counted.
    pub minutes: u32,
}

/// What the shares of the traffic are shares of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum ShareOf {
    /// Of the requests, by weights.
    #[default]
    Requests,
    /// Of the running tasks: a rolling update has no weights, every task takes its turn.
    Tasks,
    /// Of the instances that are registered with a load balancer: each takes its turn.
    Instances,
    /// Of the answers that a name server gives: clients keep an answer for a while, and one answer
    /// may stand for one request or for a million.
    Answers,
}

/// The traffic as the control plane and the load balancer tell it.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct Traffic {
    /// What the shares are shares of.
    pub of: ShareOf,
    /// The split that the control plane was asked for.
    pub planned: Fact<Split>,
    /// The split that the listener holds.
    pub listener: Fact<ListenerSplit>,
    /// Whether clients stick to a side by cookie, so that the requests lag behind the weights.
    pub sticky: bool,
    /// The split of the test traffic that the control plane was asked for, where there is any.
    pub test: Option<Split>,
    /// How long clients may follow the split of before, e.g. a cookie's or a DNS answer's life.
    pub lag: Option<SignedDuration>,
    /// Rules for some requests, whatever the split.
    pub routes: Vec<Route>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_is_a_percentage_or_nothing() {
        assert_eq!(Weight::percent(10.0).map(Weight::get), Some(10.0));
        for wrong in [-0.1, 100.1, f64::NAN, f64::INFINITY] {
            assert_eq!(Weight::percent(wrong), None, "{wrong}");
        }
        assert_eq!(Weight::ratio(1.0, 0.0), None);
        assert_eq!(Weight::ratio(1.0, 4.0), Weight::percent(25.0));
    }

    #[test]
    fn a_share_that_is_asked_for_is_a_whole_percentage() {
        for (text, number) in [("0", 0), ("25", 25), ("100 %", 100), (" 7% ", 7)] {
            assert_eq!(text.parse::<Percent>().map(Percent::get), Ok(number), "{text}");
        }
        for wrong in ["", "%", "-1", "+5", "101", "12.5", "256", "1e1", "ten"] {
            assert_eq!(wrong.parse::<Percent>(), Err(PercentError), "{wrong}");
        }
        let (ninety, twenty) = (Percent(90), Percent(20));
        assert_eq!((ninety.more(twenty), twenty.less(ninety)), (Percent::ALL, Percent::NONE));
    }

    #[test]
    fn a_split_makes_the_whole() {
        let split = Split { green: Weight::percent(12.5).unwrap() };
        assert!((split.blue().get() + split.green.get() - 100.0).abs() < 1e-9);
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_asked_for_the_two_sides_make_the_whole(part: f64, whole: f64, green: u8) {
            for weight in [Weight::percent(part), Weight::ratio(part, whole)].into_iter().flatten() {
                let split = Split { green: weight };
                let (blue, green) = (split.blue().get(), split.green.get());
                proptest::prop_assert!((0.0..=100.0).contains(&blue) && (0.0..=100.0).contains(&green));
                proptest::prop_assert!((blue + green - 100.0).abs() < 1e-9);
            }
            if let Some(share) = Percent::new(green) {
                let split = share.split();
                let whole = split.blue().get() + split.green.get();
                proptest::prop_assert!((whole - 100.0).abs() < 1e-9);
            }
        }
    }
}
