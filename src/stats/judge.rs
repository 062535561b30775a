//! The judge: buckets in, verdict out. Constant work and memory for each bucket.

use crate::domain::Split;

use super::config::{Config, Role};
use super::evidence::EvidenceProcess;
use super::metric::{Metric, warm_up_process};
use super::mixture::log_sum_exp;
use super::spec::{MetricSpec, Sample, Test};
use super::tuning::BucketLength;
use super::units::Probability;
use super::verdict::{Assessment, Basis, Eta, Verdict};

/// The part of the stake that is kept for the warm-up.
const WARM_UP_WEIGHT: f64 = 0.05;
/// Evidence for "worse" from which green is not called no worse.
const SUSPICION: f64 = 3.0;
/// Buckets without blue after which it counts as gone. One lost datapoint is not a shift.
const BLUE_GONE: u32 = 5;
/// Requests a minute below which the forecast is of no use.
const LITTLE_TRAFFIC: f64 = 100.0;

/// One bucket of all metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    /// The split that was asked for in this bucket, where it is known.
    pub planned: Option<Split>,
    /// What was measured, in the order of the metrics; what is not there is missing.
    pub samples: Vec<Sample>,
}

/// Compares green with blue, one bucket after the other.
///
/// Deterministic: the same metrics and buckets give the same verdict, always. Data that changed
/// later is judged by replaying all buckets with a new judge.
#[derive(Debug, Clone)]
pub struct Judge {
    rules: Rules,
    metrics: Vec<Metric>,
    warm_up: Option<WarmUpWatch>,
    /// Buckets that were pushed.
    pushed: u32,
    /// Buckets since green first had traffic, those without it not among them.
    age: u32,
    /// Buckets that counted, after the warm-up.
    judged: u32,
    /// Buckets in a row without anything to compare.
    stale: u32,
    /// Buckets in a row in which only green had traffic.
    without_blue: u32,
    basis: Basis,
    worse: Option<Conviction>,
    max_log_e: f64,
}

/// The rules in buckets.
#[derive(Debug, Clone, Copy)]
struct Rules {
    alpha: Probability,
    beta: Probability,
    warm_up: u32,
    least: u32,
    stale_after: u32,
    bucket: BucketLength,
}

#[derive(Debug, Clone)]
struct WarmUpWatch {
    metric: usize,
    process: EvidenceProcess,
}

/// The verdict "worse": when it fell and on what it rests.
#[derive(Debug, Clone, Copy)]
struct Conviction {
    bucket: u32,
    blame: Option<usize>,
}

impl Judge {
    /// A judge over `metrics`, each with blue's history before the rollout.
    pub fn new(config: &Config, bucket: BucketLength, metrics: Vec<MetricSpec>) -> Self {
        let rules = Rules {
            alpha: config.alpha,
            beta: config.beta,
            warm_up: bucket.buckets(config.warm_up_minutes),
            least: bucket.buckets(config.least_minutes),
            stale_after: bucket.buckets(config.stale_minutes),
            bucket,
        };
        let warm_up = (rules.warm_up > 0).then(|| WarmUpWatch::over(&metrics, bucket)).flatten();
        let judged = |spec: &MetricSpec| spec.role != Role::Muted;
        let total: f64 = metrics.iter().filter(|m| judged(m)).map(|m| m.weight.get()).sum();
        let stake = if warm_up.is_some() { 1.0 - WARM_UP_WEIGHT } else { 1.0 };
        let metrics = metrics
            .into_iter()
            .map(|spec| {
                let weight = judged(&spec).then(|| spec.weight.get() * stake / total);
                Metric::new(spec, weight, rules.alpha, bucket)
            })
            .collect();
        Self {
            rules,
            metrics,
            warm_up,
            pushed: 0,
            age: 0,
            judged: 0,
            stale: 0,
            without_blue: 0,
            basis: Basis::SideBySide,
            worse: None,
            max_log_e: 0.0,
        }
    }

    /// Judges stored `buckets` from the start: the judge after them, and what it said after each.
    pub fn replay(mut self, buckets: &[Bucket]) -> (Self, Vec<Assessment>) {
        let assessments = buckets.iter().map(|bucket| self.push(bucket)).collect();
        (self, assessments)
    }

    /// Judges the next bucket. Buckets come in the order of time, each once, gaps as missing.
    pub fn push(&mut self, bucket: &Bucket) -> Assessment {
        let (blue, green) = present(bucket);
        self.age = self.age.saturating_add(u32::from(green));
        self.choose_basis(bucket, blue, green);
        let used = self.take(bucket);
        let alive = used || (green && self.nothing_to_compare_with());
        self.stale = if alive { 0 } else { self.stale.saturating_add(1) };
        if used && !self.warming_up() {
            self.judged = self.judged.saturating_add(1);
        }
        let log_e = self.log_e();
        self.max_log_e = self.max_log_e.max(log_e);
        if self.worse.is_none() && log_e >= self.rules.alpha.decision_line() {
            self.worse = Some(Conviction { bucket: self.pushed, blame: self.loudest() });
        }
        self.pushed = self.pushed.saturating_add(1);
        self.assessment()
    }

    /// What is known now.
    pub fn assessment(&self) -> Assessment {
        let verdict = self.verdict();
        Assessment {
            verdict,
            basis: self.basis,
            worse_since: self.worse.map(|worse| worse.bucket),
            log_e: self.log_e(),
            confidence: -(-self.max_log_e).exp_m1(),
            safe_progress: self.safe_progress(),
            eta: self.eta(verdict),
            blame: self.worse.map_or_else(|| self.loudest(), |worse| worse.blame),
            judged: self.judged,
            warm_up_left: self.rules.warm_up.saturating_sub(self.age),
            metrics: self.metrics.iter().map(|m| m.assessment(self.rules.beta)).collect(),
        }
    }

    fn warming_up(&self) -> bool {
        self.age <= self.rules.warm_up
    }

    /// Side by side, unless blue was meant to have no traffic or has had none for a while.
    fn choose_basis(&mut self, bucket: &Bucket, blue: bool, green: bool) {
        self.without_blue = match (blue, green) {
            (true, _) => 0,
            (false, true) => self.without_blue.saturating_add(1),
            (false, false) => self.without_blue,
        };
        let all_green = bucket.planned.is_some_and(|split| split.blue().get() <= 0.0);
        self.basis = if all_green || self.without_blue >= BLUE_GONE {
            Basis::BeforeAfter
        } else {
            Basis::SideBySide
        };
    }

    /// Gives each metric its sample; whether there was anything to compare.
    fn take(&mut self, bucket: &Bucket) -> bool {
        let (basis, warming_up) = (self.basis, self.warming_up());
        let mut used = false;
        for (index, metric) in self.metrics.iter_mut().enumerate() {
            let sample = bucket.samples.get(index).unwrap_or(&Sample::MISSING);
            metric.remember(sample, basis);
            if !warming_up {
                used |= metric.judge(sample, basis) && metric.weight.is_some();
            } else if basis == Basis::SideBySide && sample.present() == (true, true) {
                // Cold caches are not a regression. Only a catastrophe alarms now.
                if let Some(watch) = self.warm_up.as_mut().filter(|watch| watch.metric == index) {
                    watch.take(sample);
                }
                used |= metric.weight.is_some();
            }
        }
        used
    }

    /// Log of the weighted mean of the metrics' evidence, which is evidence itself.
    fn log_e(&self) -> f64 {
        self.mean(Metric::worse, self.warm_up.as_ref().map_or(0.0, |watch| watch.process.log_e()))
    }

    /// Log of the weighted mean of what the metrics and the warm-up say; 0 when no metric is judged.
    fn mean(&self, evidence: impl Fn(&Metric) -> f64 + Copy, warm_up: f64) -> f64 {
        if self.metrics.iter().all(|metric| metric.weight.is_none()) {
            return 0.0;
        }
        let metrics = self.metrics.iter();
        let terms = metrics.filter_map(|m| Some(m.weight?.ln() + evidence(m)));
        log_sum_exp(terms.chain(self.warm_up.as_ref().map(|_| WARM_UP_WEIGHT.ln() + warm_up)))
    }

    /// The metric that weighs most in the evidence for "worse", if there is any.
    fn loudest(&self) -> Option<usize> {
        let metrics = self.metrics.iter().enumerate();
        let metrics = metrics.filter_map(|(index, m)| Some((index, m.weight?, m.worse())));
        let warm_up = self.warm_up.iter();
        let warm_up = warm_up.map(|w| (w.metric, WARM_UP_WEIGHT, w.process.log_e()));
        metrics
            .chain(warm_up)
            .filter(|(_, _, log_e)| *log_e > 0.0)
            .map(|(index, weight, log_e)| (index, weight.ln() + log_e))
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .map(|(index, _)| index)
    }

    fn critical(&self) -> impl Iterator<Item = &Metric> {
        self.metrics.iter().filter(|metric| metric.role == Role::Critical)
    }

    fn safe_progress(&self) -> f64 {
        let line = self.rules.beta.decision_line();
        let least = self.critical().map(|metric| metric.safe() / line).min_by(f64::total_cmp);
        least.unwrap_or(0.0).clamp(0.0, 1.0)
    }

    fn verdict(&self) -> Verdict {
        if self.worse.is_some() {
            return Verdict::Worse;
        }
        if self.age == 0 || self.stale >= self.rules.stale_after {
            return Verdict::NoData;
        }
        if self.nothing_to_compare_with() {
            return Verdict::CannotCompareSideBySide;
        }
        let calm = self.judged >= self.rules.least && self.log_e() < SUSPICION.ln();
        if !calm || self.safe_progress() < 1.0 {
            return Verdict::Undecided;
        }
        if self.mean(Metric::better, 0.0) >= self.rules.alpha.decision_line() {
            Verdict::Better
        } else {
            Verdict::NoWorse
        }
    }

    /// Whether blue is gone and no judged metric knows what it was.
    fn nothing_to_compare_with(&self) -> bool {
        let judged = |metric: &&Metric| metric.weight.is_some();
        self.basis == Basis::BeforeAfter
            && !self.metrics.iter().filter(judged).any(Metric::has_baseline)
    }

    /// Until the first of: an alarm, or every critical metric safe.
    fn eta(&self, verdict: Verdict) -> Eta {
        match verdict {
            Verdict::Worse | Verdict::NoWorse | Verdict::Better => return Eta::Decided,
            Verdict::Undecided | Verdict::NoData | Verdict::CannotCompareSideBySide => {}
        }
        let buckets = self.buckets_until_worse().into_iter().chain(self.buckets_until_safe()).min();
        let traffic = self.metrics.iter().filter_map(Metric::traffic).max_by(f64::total_cmp);
        let little = traffic.is_some_and(|n| n < LITTLE_TRAFFIC * self.rules.bucket.minutes());
        match buckets {
            _ if self.judged == 0 => Eta::TooEarly,
            buckets if little => Eta::LittleTraffic(buckets),
            Some(buckets) => Eta::Buckets(buckets),
            None => Eta::NotAtThisTraffic,
        }
    }

    fn buckets_until_worse(&self) -> Option<u32> {
        let line = self.rules.alpha.decision_line();
        let judged = self.metrics.iter().filter_map(|metric| Some((metric, metric.weight?)));
        judged.filter_map(|(metric, weight)| metric.buckets_until_worse(line - weight.ln())).min()
    }

    fn buckets_until_safe(&self) -> Option<u32> {
        let line = self.rules.beta.decision_line();
        let each: Option<Vec<u32>> =
            self.critical().map(|metric| metric.buckets_until_safe(line)).collect();
        let slowest = each?.into_iter().max()?;
        Some(slowest.max(self.rules.least.saturating_sub(self.judged)))
    }
}

impl WarmUpWatch {
    /// Over the first metric of errors that is judged.
    fn over(metrics: &[MetricSpec], bucket: BucketLength) -> Option<Self> {
        metrics.iter().enumerate().find_map(|(metric, spec)| match &spec.test {
            Test::Errors(test) if spec.role != Role::Muted => {
                Some(Self { metric, process: warm_up_process(test, bucket) })
            }
            Test::Errors(_) | Test::Counts(_) | Test::Gauge { .. } => None,
        })
    }

    fn take(&mut self, sample: &Sample) {
        let Sample::Counts(sides) = sample else { return };
        if let Some((blue, green)) = sides.both() {
            self.process.update(blue.plain(), green.plain());
        }
    }
}

/// Whether blue and whether green had something to measure in any metric.
fn present(bucket: &Bucket) -> (bool, bool) {
    bucket
        .samples
        .iter()
        .map(Sample::present)
        .fold((false, false), |(blue, green), (b, g)| (blue || b, green || g))
}
