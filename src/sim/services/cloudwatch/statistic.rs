//! Statistics: from their text to a number over the samples of a period.

use crate::sim::world::LatencyBins;

/// What was measured in a period.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Samples {
    /// So many samples of the value 1: a load balancer counts by reporting every request.
    Ones(u64),
    /// Values of a level, reported once a minute.
    Levels { count: u64, sum: f64, min: f64, max: f64 },
    /// One sample a request: its response time in seconds.
    Times(LatencyBins),
}

/// What to make of samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Statistic {
    SampleCount,
    Sum,
    Average,
    Minimum,
    Maximum,
    /// The value that this share (0-1) of the samples does not exceed.
    Percentile(f64),
    TrimmedMean(Bounds),
    TrimmedCount(Bounds),
    TrimmedSum(Bounds),
    WinsorizedMean(Bounds),
    /// The percentage of the samples between two values.
    PercentileRank(Bounds),
}

/// Which samples count; an absent side is open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Bounds {
    /// Shares (0-1) of the samples in order of value.
    Shares(Option<f64>, Option<f64>),
    /// Values: the lower one exclusive, the upper one inclusive.
    Values(Option<f64>, Option<f64>),
}

impl Statistic {
    /// Reads `Sum`, `p99.9`, `tm90`, `TM(2%:98%)`, `TC(0.1:)`, `PR(:0.3)`, `IQM` and the like.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "SampleCount" => return Some(Self::SampleCount),
            "Sum" => return Some(Self::Sum),
            "Average" => return Some(Self::Average),
            "Minimum" => return Some(Self::Minimum),
            "Maximum" => return Some(Self::Maximum),
            "IQM" => return Some(Self::TrimmedMean(Bounds::Shares(Some(0.25), Some(0.75)))),
            _ => {}
        }
        if let Some((name, range)) = text.strip_suffix(')').and_then(|text| text.split_once('(')) {
            return Self::over(name, Bounds::parse(range)?);
        }
        let digits = text.find(|c: char| c.is_ascii_digit())?;
        let (name, number) = text.split_at(digits);
        let share = share(number)?;
        let below = Bounds::Shares(None, Some(share));
        match name {
            "p" => Some(Self::Percentile(share)),
            "tm" => Some(Self::TrimmedMean(below)),
            "tc" => Some(Self::TrimmedCount(below)),
            "ts" => Some(Self::TrimmedSum(below)),
            "wm" => Some(Self::WinsorizedMean(below)),
            _ => None,
        }
    }

    fn over(name: &str, bounds: Bounds) -> Option<Self> {
        match (name, bounds) {
            ("TM", _) => Some(Self::TrimmedMean(bounds)),
            ("TC", _) => Some(Self::TrimmedCount(bounds)),
            ("TS", _) => Some(Self::TrimmedSum(bounds)),
            ("WM", _) => Some(Self::WinsorizedMean(bounds)),
            ("PR", Bounds::Values(..)) => Some(Self::PercentileRank(bounds)),
            _ => None,
        }
    }

    /// The statistic of times in a unit of which a second has so many; bounds are in it, too.
    pub(super) fn of_times(self, samples: &Samples, per_second: f64) -> Option<f64> {
        let within = |bounds: Bounds| match bounds {
            Bounds::Shares(..) => bounds,
            Bounds::Values(low, high) => {
                let seconds = |value: f64| value / per_second;
                Bounds::Values(low.map(seconds), high.map(seconds))
            }
        };
        match self {
            Self::SampleCount => self.of(samples),
            Self::TrimmedCount(bounds) => Self::TrimmedCount(within(bounds)).of(samples),
            Self::PercentileRank(bounds) => Self::PercentileRank(within(bounds)).of(samples),
            Self::TrimmedMean(bounds) => {
                Some(Self::TrimmedMean(within(bounds)).of(samples)? * per_second)
            }
            Self::TrimmedSum(bounds) => {
                Some(Self::TrimmedSum(within(bounds)).of(samples)? * per_second)
            }
            Self::WinsorizedMean(bounds) => {
                Some(Self::WinsorizedMean(within(bounds)).of(samples)? * per_second)
            }
            Self::Sum | Self::Average | Self::Minimum | Self::Maximum | Self::Percentile(_) => {
                Some(self.of(samples)? * per_second)
            }
        }
    }

    /// The statistic of the samples; `None` when it leaves none, or they have no order.
    pub(super) fn of(self, samples: &Samples) -> Option<f64> {
        let count = samples.count();
        match self {
            Self::SampleCount => Some(count as f64),
            Self::Sum => Some(samples.sum()),
            Self::Average => (count > 0).then(|| samples.sum() / count as f64),
            Self::Minimum => samples.min(),
            Self::Maximum => samples.max(),
            Self::Percentile(share) => samples.quantile(share),
            Self::TrimmedMean(bounds) => {
                let (from, to) = samples.ranks(bounds)?;
                let kept = to.checked_sub(from).filter(|kept| *kept > 0)?;
                Some(samples.sum_of_ranks(from, to) / kept as f64)
            }
            Self::TrimmedCount(bounds) => {
                let (from, to) = samples.ranks(bounds)?;
                Some(to.saturating_sub(from) as f64)
            }
            Self::TrimmedSum(bounds) => {
                let (from, to) = samples.ranks(bounds)?;
                Some(samples.sum_of_ranks(from, to))
            }
            Self::WinsorizedMean(bounds) => {
                let (from, to) = samples.ranks(bounds)?;
                let kept = to.checked_sub(from).filter(|kept| *kept > 0)?;
                // What was cut takes the value of the outermost sample that was kept.
                let lowest = samples.sum_of_ranks(from, from + 1) * from as f64;
                let highest = samples.sum_of_ranks(to - 1, to) * count.saturating_sub(to) as f64;
                let between = samples.sum_of_ranks(from, from + kept);
                Some((lowest + between + highest) / count as f64)
            }
            Self::PercentileRank(bounds) => {
                let (from, to) = samples.ranks(bounds)?;
                (count > 0).then(|| 100.0 * to.saturating_sub(from) as f64 / count as f64)
            }
        }
    }
}

impl Bounds {
    fn parse(range: &str) -> Option<Self> {
        let (low, high) = range.split_once(':')?;
        let side = |text: &'_ str| -> Option<Option<(f64, bool)>> {
            if text.is_empty() {
                return Some(None);
            }
            match text.strip_suffix('%') {
                Some(percent) => share(percent).map(|share| Some((share, true))),
                None => number(text).map(|value| Some((value, false))),
            }
        };
        match (side(low)?, side(high)?) {
            (Some((low, _)), Some((high, _))) if low >= high => None,
            (Some((low, true)), Some((high, true))) => Some(Self::Shares(Some(low), Some(high))),
            (Some((low, false)), Some((high, false))) => Some(Self::Values(Some(low), Some(high))),
            (Some(_), Some(_)) | (None, None) => None,
            (Some((low, true)), None) => Some(Self::Shares(Some(low), None)),
            (None, Some((high, true))) => Some(Self::Shares(None, Some(high))),
            (Some((low, false)), None) => Some(Self::Values(Some(low), None)),
            (None, Some((high, false))) => Some(Self::Values(None, Some(high))),
        }
    }
}

/// A percentage as a share; up to ten decimals.
fn share(percent: &str) -> Option<f64> {
    number(percent).filter(|percent| *percent <= 100.0).map(|percent| percent / 100.0)
}

/// A decimal number without sign or exponent.
fn number(text: &str) -> Option<f64> {
    const DECIMALS: usize = 10;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    if digits(whole) && digits(fraction) && fraction.len() <= DECIMALS {
        text.parse().ok()
    } else {
        None
    }
}

impl Samples {
    /// The samples of both.
    pub(super) fn merge(self, other: Self) -> Self {
        match (self, other) {
            (Self::Ones(a), Self::Ones(b)) => Self::Ones(a.saturating_add(b)),
            (
                Self::Levels { count, sum, min, max },
                Self::Levels { count: more, sum: added, min: other_min, max: other_max },
            ) => Self::Levels {
                count: count.saturating_add(more),
                sum: sum + added,
                min: min.min(other_min),
                max: max.max(other_max),
            },
            (Self::Times(mut a), Self::Times(b)) => {
                a.merge(&b);
                Self::Times(a)
            }
            // A metric has samples of one kind only.
            (kept, _) => kept,
        }
    }

    fn count(&self) -> u64 {
        match self {
            Self::Ones(count) | Self::Levels { count, .. } => *count,
            Self::Times(times) => times.count(),
        }
    }

    fn sum(&self) -> f64 {
        match self {
            Self::Ones(count) => *count as f64,
            Self::Levels { sum, .. } => *sum,
            Self::Times(times) => times.sum(),
        }
    }

    fn min(&self) -> Option<f64> {
        match self {
            Self::Ones(count) => (*count > 0).then_some(1.0),
            Self::Levels { min, .. } => Some(*min),
            Self::Times(times) => times.min(),
        }
    }

    fn max(&self) -> Option<f64> {
        match self {
            Self::Ones(count) => (*count > 0).then_some(1.0),
            Self::Levels { max, .. } => Some(*max),
            Self::Times(times) => times.max(),
        }
    }

    fn quantile(&self, share: f64) -> Option<f64> {
        match self {
            Self::Ones(count) => (*count > 0).then_some(1.0),
            Self::Levels { .. } => None,
            Self::Times(times) => times.quantile(share),
        }
    }

    /// The samples within bounds, by rank: after the first number, up to the second.
    fn ranks(&self, bounds: Bounds) -> Option<(u64, u64)> {
        let count = self.count();
        let at_most = |value: f64| match self {
            Self::Ones(count) => Some(if value >= 1.0 { *count } else { 0 }),
            Self::Levels { .. } => None,
            Self::Times(times) => Some(times.count_at_most(value)),
        };
        let rank = |share: f64| ((share * count as f64).round() as u64).min(count);
        match bounds {
            Bounds::Shares(..) if matches!(self, Self::Levels { .. }) => None,
            Bounds::Shares(low, high) => Some((low.map_or(0, rank), high.map_or(count, rank))),
            Bounds::Values(low, high) => {
                Some((low.map_or(Some(0), at_most)?, high.map_or(Some(count), at_most)?))
            }
        }
    }

    fn sum_of_ranks(&self, from: u64, to: u64) -> f64 {
        match self {
            Self::Ones(count) => to.min(*count).saturating_sub(from) as f64,
            Self::Levels { .. } => 0.0,
            Self::Times(times) => times.sum_of_ranks(from, to),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_the_text_is_read() {
        use Statistic::*;
        for (text, statistic) in [
            ("SampleCount", SampleCount),
            ("Average", Average),
            ("p99.95", Percentile(0.9995)),
            ("p0", Percentile(0.0)),
            ("tm90", TrimmedMean(Bounds::Shares(None, Some(0.9)))),
            ("TM(2%:98%)", TrimmedMean(Bounds::Shares(Some(0.02), Some(0.98)))),
            ("IQM", TrimmedMean(Bounds::Shares(Some(0.25), Some(0.75)))),
            ("TC(0.005:0.030)", TrimmedCount(Bounds::Values(Some(0.005), Some(0.03)))),
            ("TC(0.1:)", TrimmedCount(Bounds::Values(Some(0.1), None))),
            ("TS(80%:)", TrimmedSum(Bounds::Shares(Some(0.8), None))),
            ("wm98", WinsorizedMean(Bounds::Shares(None, Some(0.98)))),
            ("PR(:0.3)", PercentileRank(Bounds::Values(None, Some(0.3)))),
        ] {
            assert_eq!(Statistic::parse(text), Some(statistic), "{text}");
        }
    }

    #[test]
    fn what_the_service_refuses_is_refused() {
        for text in [
            "",
            "p",
            "P99",
            "p101",
            "p-1",
            "p1e1",
            "p9.12345678901",
            "sum",
            "TM()",
            "TM(:)",
            "TM(5)",
            "TM(90%:10%)",
            "TM(1:50%)",
            "TM90",
            "PR(1%:2%)",
            "pr90",
            "PR(:inf)",
            "TC(:NaN)",
            "é9",
            "TM(1:2",
        ] {
            assert_eq!(Statistic::parse(text), None, "{text}");
        }
    }

    fn value(text: &str, samples: &Samples) -> Option<f64> {
        Statistic::parse(text).unwrap().of(samples)
    }

    #[test]
    fn counts_are_sums_of_ones() {
        let samples = Samples::Ones(7).merge(Samples::Ones(5));
        for (text, expected) in [
            ("Sum", 12.0),
            ("SampleCount", 12.0),
            ("Average", 1.0),
            ("Minimum", 1.0),
            ("Maximum", 1.0),
            ("p99", 1.0),
            ("PR(:0.5)", 0.0),
            ("PR(:1)", 100.0),
            ("wm50", 1.0),
        ] {
            assert_eq!(value(text, &samples), Some(expected), "{text}");
        }
    }

    #[test]
    fn levels_have_extremes_but_no_percentiles() {
        let level = |value: f64| Samples::Levels { count: 1, sum: value, min: value, max: value };
        let samples = level(4.0).merge(level(2.0));
        assert_eq!(value("Average", &samples), Some(3.0));
        assert_eq!(
            (value("Minimum", &samples), value("Maximum", &samples)),
            (Some(2.0), Some(4.0))
        );
        assert_eq!((value("p50", &samples), value("TM(10%:90%)", &samples)), (None, None));
    }
}
