//! One metric while it is judged: three questions to the same minutes.
//!
//! Worse: does green fail more than is ignored? Safe: does it fail less than is accepted? Better:
//! the first question with the sides exchanged.

use std::collections::VecDeque;

use super::config::Role;
use super::counts::{Counts, Tally};
use super::evidence::{EvidenceProcess, Question};
use super::gauge::GaugeProcess;
use super::history::{Baseline, LONGEST_HISTORY};
use super::interval::RatioInterval;
use super::spec::{CountTest, MetricSpec, Sample, Test};
use super::tuning::{BucketLength, Direction};
use super::units::{Margin, Probability};
use super::verdict::{Basis, MetricAssessment};

/// A metric with its evidence.
#[derive(Debug, Clone)]
pub(super) struct Metric {
    name: String,
    pub(super) role: Role,
    /// Its part of the whole stake; nothing for one that is not judged.
    pub(super) weight: Option<f64>,
    evidence: Evidence,
}

#[derive(Debug, Clone)]
enum Evidence {
    Counts(Box<CountEvidence>),
    Gauge(Box<GaugeEvidence>),
}

#[derive(Debug, Clone)]
struct CountEvidence {
    worse: EvidenceProcess,
    safe: EvidenceProcess,
    better: EvidenceProcess,
    interval: RatioInterval,
    blue: Total,
    green: Total,
    /// Blue's last two hours, for the day it has no traffic.
    recent: VecDeque<Option<Counts>>,
    /// Made once when blue loses its traffic.
    baseline: Option<Baseline>,
}

/// Bad requests and requests that were judged.
#[derive(Debug, Clone, Copy, Default)]
struct Total {
    bad: f64,
    requests: f64,
}

#[derive(Debug, Clone)]
struct GaugeEvidence {
    worse: GaugeProcess,
    safe: GaugeProcess,
    better: GaugeProcess,
}

impl Metric {
    /// `weight` is its part of the whole stake.
    pub(super) fn new(
        spec: MetricSpec,
        weight: Option<f64>,
        alpha: Probability,
        bucket: BucketLength,
    ) -> Self {
        let evidence = match spec.test {
            Test::Errors(test) | Test::Counts(test) => {
                Evidence::Counts(Box::new(CountEvidence::new(&test, alpha, bucket)))
            }
            Test::Gauge { ignore, accept, history } => {
                let ask =
                    |direction, margin| GaugeProcess::new(direction, margin, bucket, &history);
                Evidence::Gauge(Box::new(GaugeEvidence {
                    worse: ask(Direction::Worse, ignore),
                    safe: ask(Direction::Safe, accept),
                    better: ask(Direction::Worse, ignore),
                }))
            }
        };
        Self { name: spec.name, role: spec.role, weight, evidence }
    }

    /// Takes one bucket as evidence; false when there was nothing to compare in it.
    pub(super) fn judge(&mut self, sample: &Sample, basis: Basis) -> bool {
        match (&mut self.evidence, sample, basis) {
            (Evidence::Counts(evidence), Sample::Counts(sides), Basis::SideBySide) => {
                sides.both().map(|(blue, green)| evidence.side_by_side(blue, green)).is_some()
            }
            (Evidence::Counts(evidence), Sample::Counts(sides), Basis::BeforeAfter) => {
                sides.green.is_some_and(|green| evidence.before_after(green))
            }
            (Evidence::Gauge(evidence), Sample::Gauge(sides), Basis::SideBySide) => {
                sides.both().map(|(blue, green)| evidence.side_by_side(blue, green)).is_some()
            }
            (Evidence::Gauge(_), _, Basis::BeforeAfter)
            | (Evidence::Gauge(_), Sample::Counts(_), _)
            | (Evidence::Counts(_), Sample::Gauge(_), _) => false,
        }
    }

    /// Keeps what blue does, or closes blue's history when it has no traffic any more.
    pub(super) fn remember(&mut self, sample: &Sample, basis: Basis) {
        let Evidence::Counts(evidence) = &mut self.evidence else { return };
        match basis {
            Basis::SideBySide => {
                let blue = match sample {
                    Sample::Counts(sides) => sides.blue.map(Tally::plain),
                    Sample::Gauge(_) => None,
                };
                evidence.remember(blue);
            }
            Basis::BeforeAfter => evidence.close_history(),
        }
    }

    /// Whether green can be compared with what blue was.
    pub(super) fn has_baseline(&self) -> bool {
        match &self.evidence {
            Evidence::Counts(evidence) => evidence.baseline.is_some(),
            Evidence::Gauge(_) => false,
        }
    }

    /// Log evidence that green is worse.
    pub(super) fn worse(&self) -> f64 {
        match &self.evidence {
            Evidence::Counts(evidence) => evidence.worse.log_e(),
            Evidence::Gauge(evidence) => evidence.worse.log_e(),
        }
    }

    /// Log evidence that green is within what is accepted.
    pub(super) fn safe(&self) -> f64 {
        match &self.evidence {
            Evidence::Counts(evidence) => evidence.safe.log_e(),
            Evidence::Gauge(evidence) => evidence.safe.log_e(),
        }
    }

    /// Log evidence that green is better.
    pub(super) fn better(&self) -> f64 {
        match &self.evidence {
            Evidence::Counts(evidence) => evidence.better.log_e(),
            Evidence::Gauge(evidence) => evidence.better.log_e(),
        }
    }

    /// Buckets until the evidence for "worse" reaches `log_threshold`.
    pub(super) fn buckets_until_worse(&self, log_threshold: f64) -> Option<u32> {
        match &self.evidence {
            Evidence::Counts(evidence) => evidence.worse.buckets_until(log_threshold),
            Evidence::Gauge(evidence) => evidence.worse.buckets_until(log_threshold),
        }
    }

    /// Buckets until the evidence for safety reaches `log_threshold`.
    pub(super) fn buckets_until_safe(&self, log_threshold: f64) -> Option<u32> {
        match &self.evidence {
            Evidence::Counts(evidence) => evidence.safe.buckets_until(log_threshold),
            Evidence::Gauge(evidence) => evidence.safe.buckets_until(log_threshold),
        }
    }

    /// Recent requests a bucket of both sides; nothing where requests are not counted.
    pub(super) fn traffic(&self) -> Option<f64> {
        let Evidence::Counts(evidence) = &self.evidence else { return None };
        evidence.worse.traffic()
    }

    /// What the metric alone says.
    pub(super) fn assessment(&self, beta: Probability) -> MetricAssessment {
        let counts = match &self.evidence {
            Evidence::Counts(evidence) => Some(evidence),
            Evidence::Gauge(_) => None,
        };
        MetricAssessment {
            name: self.name.clone(),
            role: self.role,
            weight: self.weight.unwrap_or(0.0),
            log_e: self.worse(),
            log_e_better: self.better(),
            safe_progress: (self.safe() / beta.decision_line()).clamp(0.0, 1.0),
            blue: counts.and_then(|e| Counts::new(e.blue.bad, e.blue.requests)),
            green: counts.and_then(|e| Counts::new(e.green.bad, e.green.requests)),
            ratio: counts.and_then(|e| e.interval.estimate()),
            gauge_ratio: match &self.evidence {
                Evidence::Counts(_) => None,
                Evidence::Gauge(evidence) => evidence.worse.ratio(),
            },
            dispersion: counts.map(|e| e.worse.phi()),
            baseline: counts.and_then(|e| e.baseline),
        }
    }
}

impl CountEvidence {
    fn new(test: &CountTest, alpha: Probability, bucket: BucketLength) -> Self {
        let ask = |direction, margin| {
            let question = Question { direction, margin, prior_rate: test.prior_rate, bucket };
            EvidenceProcess::new(question, &test.history)
        };
        let kept = test.history.len().saturating_sub(LONGEST_HISTORY);
        Self {
            worse: ask(Direction::Worse, test.ignore),
            safe: ask(Direction::Safe, test.accept),
            better: ask(Direction::Worse, test.ignore),
            interval: RatioInterval::new(alpha),
            blue: Total::default(),
            green: Total::default(),
            recent: test.history.iter().skip(kept).copied().collect(),
            baseline: None,
        }
    }

    fn side_by_side(&mut self, blue: Tally, green: Tally) {
        self.worse.update(blue.plain(), green.beyond_ignored());
        self.safe.update(blue.plain(), green.beyond_accepted());
        self.better.update(green.plain(), blue.beyond_ignored());
        self.interval.update(blue.plain(), green.plain(), self.worse.phi());
        self.blue.add(blue.plain());
        self.green.add(green.plain());
    }

    fn before_after(&mut self, green: Tally) -> bool {
        let Some(baseline) = self.baseline else { return false };
        self.worse.update_against(green.beyond_ignored(), &baseline);
        self.safe.update_against(green.beyond_accepted(), &baseline);
        self.green.add(green.plain());
        true
    }

    fn remember(&mut self, blue: Option<Counts>) {
        self.baseline = None;
        if self.recent.len() == LONGEST_HISTORY {
            self.recent.pop_front();
        }
        self.recent.push_back(blue);
    }

    fn close_history(&mut self) {
        if self.baseline.is_none() {
            self.baseline = Baseline::from_history(self.recent.make_contiguous());
        }
    }
}

impl Total {
    fn add(&mut self, counts: Counts) {
        self.bad += counts.bad();
        self.requests += counts.requests();
    }
}

impl GaugeEvidence {
    fn side_by_side(&mut self, blue: f64, green: f64) {
        self.worse.update(blue, green);
        self.safe.update(blue, green);
        self.better.update(green, blue);
    }
}

/// What judges the warm-up: only a catastrophe moves it.
pub(super) fn warm_up_process(test: &CountTest, bucket: BucketLength) -> EvidenceProcess {
    let question = Question {
        direction: Direction::Worse,
        margin: Margin::WARM_UP,
        prior_rate: test.prior_rate,
        bucket,
    };
    EvidenceProcess::new(question, &test.history)
}
