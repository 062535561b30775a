//! The latencies that requests are counted above, and whether they can be counted.
//!
//! The edges are blue's own percentiles over the two hours before the rollout and stay for all of
//! it: they come out the same whenever the program is started. What CloudWatch offers to count with
//! is tried on blue's history; where neither works the percentiles themselves are compared.

use crate::domain::{Fault, FaultKind, LatencyEdge, Quantile, Side};
use crate::stats::{Config, Edge, Growth};

use super::Subject;
use super::kept::Kept;
use super::query::{Strictness, count_id, id};
use super::span::Span;

/// The slowdowns that are ignored and accepted at p50, p90 and p99.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Margins([(Growth, Growth); 3]);

impl Margins {
    pub(super) fn of(config: &Config) -> Self {
        Self(Quantile::ALL.map(|quantile| config.latency(quantile).growth()))
    }
}

/// A statistic that counts the requests which took at most so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// `TC(:x)`: how many there were.
    TrimmedCount,
    /// `PR(:x)`: their share in percent.
    PercentileRank,
}

impl Way {
    /// The statistic with a bound in the metric's unit, of which a second has so many.
    pub(super) fn statistic(self, seconds: f64, per_second: f64) -> String {
        let bound = rounded(seconds * per_second);
        match self {
            Way::TrimmedCount => format!("TC(:{bound})"),
            Way::PercentileRank => format!("PR(:{bound})"),
        }
    }

    /// How many of `timed` requests the statistic's `value` says.
    pub(super) fn count(self, value: f64, timed: f64) -> f64 {
        match self {
            Way::TrimmedCount => value,
            Way::PercentileRank => timed * value / 100.0,
        }
    }
}

/// How latencies are compared.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Counting {
    /// Blue's history is not complete yet.
    #[default]
    Undecided,
    /// It was not seen yet that this way gives numbers here.
    Trial(Way, Vec<LatencyEdge>),
    /// Requests are counted above these edges.
    Works(Way, Vec<LatencyEdge>),
    /// They cannot be counted, and why.
    Impossible(&'static str),
}

impl Counting {
    /// What is asked for, if counts are.
    pub(super) fn asked(&self) -> Option<(Way, &[LatencyEdge])> {
        match self {
            Counting::Trial(way, edges) | Counting::Works(way, edges) => Some((*way, edges)),
            Counting::Undecided | Counting::Impossible(_) => None,
        }
    }

    /// Whether the whole question may have been refused because of a statistic on trial.
    pub(super) fn may_be_blamed_for(&self, fault: &Fault) -> bool {
        matches!((self, &fault.kind), (Counting::Trial(..), FaultKind::Rejected { .. }))
    }

    /// What follows from what is kept now.
    pub(super) fn after(self, kept: &Kept, subject: &Subject, span: Span) -> Self {
        match self {
            Counting::Undecided => match span.history() {
                None => Counting::Undecided,
                Some(history) => {
                    let edges = edges(kept, history, subject.margins);
                    if edges.is_empty() {
                        Counting::Impossible("blue was not measured before the rollout")
                    } else {
                        Counting::Trial(Way::TrimmedCount, edges)
                    }
                }
            },
            Counting::Trial(way, edges) if gives_numbers(kept, &edges, span) => {
                Counting::Works(way, edges)
            }
            Counting::Trial(Way::TrimmedCount, edges) => {
                Counting::Trial(Way::PercentileRank, edges)
            }
            Counting::Trial(Way::PercentileRank, _) => {
                Counting::Impossible("CloudWatch does not count below a value here")
            }
            decided @ (Counting::Works(..) | Counting::Impossible(_)) => decided,
        }
    }
}

/// Blue's percentiles over its history, with the slowdowns that are ignored and accepted.
fn edges(
    kept: &Kept,
    history: std::ops::Range<i64>,
    Margins(margins): Margins,
) -> Vec<LatencyEdge> {
    let edge = |(quantile, growth): (Quantile, (Growth, Growth))| {
        let id = id(Side::Blue, quantile.name());
        let known: Vec<Option<f64>> =
            history.clone().map(|minute| kept.cell(&id, minute).value()).collect();
        let thresholds = Edge::from_history(quantile, &known)?.thresholds(growth);
        let [edge, ignored, accepted] = thresholds.map(rounded);
        Some(LatencyEdge { quantile, edge, ignored, accepted })
    };
    Quantile::ALL.into_iter().zip(margins).filter_map(edge).collect()
}

/// Rounded to what a statistic's text can hold.
fn rounded(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}

/// Whether a count came for any minute in which blue was timed. A statistic that is not known here
/// gives no error but nothing, and nothing must never look like "none was slow".
fn gives_numbers(kept: &Kept, edges: &[LatencyEdge], span: Span) -> bool {
    let has = |id: &str| (span.start..span.end).any(|m| kept.cell(id, m).value().is_some());
    let counted = |edge| has(&count_id(Side::Blue, edge, Strictness::Edge));
    has(&id(Side::Blue, "timed")) && edges.iter().all(counted)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::super::Measured;
    use super::super::kept::Answer;
    use super::*;
    use crate::domain::{At, Origin};

    const BEGAN: i64 = 1_760_000_430;

    fn subject() -> Subject {
        let name = String::new();
        Subject {
            measured: Measured::new(Origin::here(At::Balancer { name, group: None }), None),
            began: Timestamp::from_second(BEGAN).ok(),
            margins: Margins::of(&Config::default()),
            custom: std::collections::BTreeMap::new(),
        }
    }

    fn span(after: i64) -> Span {
        let now = Timestamp::from_second(BEGAN + after).unwrap();
        Span::of_rollout(subject().began, 30, Config::default().settle_seconds, now)
    }

    /// Every minute of a series has this value.
    fn fill(kept: &mut Kept, id: &str, value: f64) {
        let span = span(600);
        let all = (span.start..span.end).map(|minute| (60 * minute, value));
        kept.put(id, &Answer::complete(all.collect()), span.start, span);
    }

    /// Blue with all its percentiles at 100 ms.
    fn measured() -> Kept {
        let mut kept = Kept::default();
        for name in ["blue_p50", "blue_p90", "blue_p99"] {
            fill(&mut kept, name, 0.1);
        }
        kept
    }

    #[test]
    fn nothing_is_decided_before_the_history_has_settled_nor_without_one() {
        let undecided = Counting::Undecided.after(&measured(), &subject(), span(100));
        assert_eq!(undecided, Counting::Undecided);
        let nothing = Counting::Undecided.after(&Kept::default(), &subject(), span(600));
        assert!(matches!(nothing, Counting::Impossible(_)), "{nothing:?}");
    }

    #[test]
    fn a_way_that_gives_nothing_gives_way_to_the_next_and_in_the_end_to_percentiles() {
        let (mut kept, subject, span) = (measured(), subject(), span(600));
        let trial = Counting::Undecided.after(&kept, &subject, span);
        let Counting::Trial(Way::TrimmedCount, edges) = &trial else { panic!("{trial:?}") };
        let edge =
            LatencyEdge { quantile: Quantile::P99, edge: 0.1, ignored: 0.105, accepted: 0.125 };
        assert_eq!(edges[2], edge);
        fill(&mut kept, "blue_timed", 1000.0);
        let trial = trial.after(&kept, &subject, span);
        assert!(matches!(trial, Counting::Trial(Way::PercentileRank, _)), "{trial:?}");
        let percentiles = trial.clone().after(&kept, &subject, span);
        assert!(matches!(percentiles, Counting::Impossible(_)), "{percentiles:?}");
        for name in ["blue_p50_edge", "blue_p90_edge", "blue_p99_edge"] {
            fill(&mut kept, name, 99.0);
        }
        let works = trial.after(&kept, &subject, span);
        assert!(matches!(&works, Counting::Works(Way::PercentileRank, _)), "{works:?}");
        assert_eq!(works.clone().after(&Kept::default(), &subject, span), works, "for good");
    }

    #[test]
    fn only_a_refusal_is_blamed_on_a_statistic_and_only_while_it_is_on_trial() {
        let refused = Fault::new(FaultKind::Rejected { code: "ValidationError".into() }, "x", "");
        let trial = Counting::Trial(Way::TrimmedCount, Vec::new());
        assert!(trial.may_be_blamed_for(&refused));
        assert!(!trial.may_be_blamed_for(&Fault::new(FaultKind::Throttled, "x", "")));
        assert!(!Counting::Works(Way::TrimmedCount, Vec::new()).may_be_blamed_for(&refused));
    }

    #[test]
    fn a_statistic_is_written_as_the_service_reads_it() {
        assert_eq!(Way::TrimmedCount.statistic(0.187 * 1.05, 1.0), "TC(:0.19635)");
        assert_eq!(Way::PercentileRank.statistic(0.001, 1.0), "PR(:0.001)");
        assert_eq!(Way::PercentileRank.statistic(12.0, 1.0), "PR(:12)");
        assert_eq!(Way::TrimmedCount.statistic(0.19635, 1000.0), "TC(:196.35)");
    }
}
