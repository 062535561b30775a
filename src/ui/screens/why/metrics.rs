//! One row for each metric: both sides, how many times as bad, and what it says in the verdict.

use crate::app::verdict::Judgement;
use crate::domain::{Metrics, Side};
use crate::stats::{Counts, MetricAssessment, Role as Say};
use crate::ui::format::{clean, millis, percent};
use crate::ui::line::Line;
use crate::ui::sentence::{newest, odds};
use crate::ui::theme::Role;

/// Where the columns end; the name begins at 1.
struct Columns {
    weight: u16,
    sides: [u16; 2],
    times: u16,
    between: u16,
    worse: u16,
    safe: u16,
    /// Whether the counts stand beside the rates.
    counts: bool,
}

const WIDE: Columns = Columns {
    weight: 25,
    sides: [48, 71],
    times: 78,
    between: 93,
    worse: 105,
    safe: 113,
    counts: true,
};
const NARROW: Columns = Columns {
    weight: 22,
    sides: [31, 40],
    times: 46,
    between: 59,
    worse: 70,
    safe: 76,
    counts: false,
};

/// The head of the table and its rows, for `width` columns.
pub(super) fn table(judgement: &Judgement, metrics: &Metrics, width: u16) -> Vec<Line> {
    let columns = if width >= 115 { WIDE } else { NARROW };
    let rows = judgement.assessment.metrics.iter();
    let rows = rows.map(|metric| columns.row(metric, judgement, metrics));
    std::iter::once(columns.head()).chain(rows).collect()
}

impl Columns {
    fn head(&self) -> Line {
        let mut line = Line::default();
        line.left(1, "metric", Role::Dim);
        line.right(self.weight, "weight", Role::Dim);
        line.right(self.sides[0], "blue", Role::Blue);
        line.right(self.sides[1], "green", Role::Green);
        line.right(self.times, "times", Role::Dim);
        line.right(self.between, "between", Role::Dim);
        line.right(self.worse, "worse", Role::Dim);
        line.right(self.safe, "safe", Role::Dim);
        line
    }

    fn row(&self, metric: &MetricAssessment, judgement: &Judgement, metrics: &Metrics) -> Line {
        let muted = metric.role == Say::Muted;
        let plain = if muted { Role::Dim } else { Role::Text };
        let mut line = Line::default();
        line.left(1, &name(metric, judgement), plain);
        let weight = if muted { "muted".to_owned() } else { whole(metric.weight) };
        line.right(self.weight, &weight, plain);
        for (end, side) in self.sides.into_iter().zip([Side::Blue, Side::Green]) {
            line.right(end, &self.value(metric, metrics, side), plain);
        }
        let times = metric.ratio.map(|ratio| ratio.value).or(metric.gauge_ratio);
        line.right(self.times, &times.map(short).unwrap_or_default(), plain);
        let between = |low, high| format!("{} to {}", short(low), short(high));
        let between = metric.ratio.map(|ratio| between(ratio.low, ratio.high));
        line.right(self.between, &between.unwrap_or_default(), plain);
        if !muted {
            let decided = metric.log_e >= judgement.alpha.decision_line();
            let role = if decided { Role::Danger } else { Role::Text };
            line.right(self.worse, &odds(metric.log_e.exp()), role);
        }
        if metric.role == Say::Critical {
            line.right(self.safe, &whole(metric.safe_progress), Role::Text);
        }
        line
    }

    /// The rate of bad requests of a side; of a metric that is not counted its newest value.
    fn value(&self, metric: &MetricAssessment, metrics: &Metrics, side: Side) -> String {
        let counts = match side {
            Side::Blue => metric.blue,
            Side::Green => metric.green,
        };
        match (counts, side, metric.baseline) {
            (Some(counts), _, _) if self.counts => {
                let (bad, all) = (count(counts.bad()), count(counts.requests()));
                format!("{bad} of {all}  {} %", rate(counts))
            }
            (Some(counts), _, _) => format!("{} %", rate(counts)),
            (None, Side::Blue, Some(baseline)) => {
                format!("before {} %", percent(100.0 * baseline.rate))
            }
            (None, _, _) => newest(metrics, &metric.name, side).unwrap_or_else(|| "–".to_owned()),
        }
    }
}

/// What is compared: the errors, or the requests above an edge.
fn name(metric: &MetricAssessment, judgement: &Judgement) -> String {
    match judgement.edge(&metric.name) {
        Some(edge) => format!("{} > {} ms", metric.name, millis(edge.edge)),
        None => clean(&metric.name).replace('_', " "),
    }
}

/// A count, in thousands or millions where it is large.
fn count(n: f64) -> String {
    match n {
        n if n < 99_999.5 => format!("{n:.0}"),
        n if n < 9_999_500.0 => format!("{:.0}k", n / 1e3),
        _ => format!("{:.0}M", n / 1e6),
    }
}

fn rate(counts: Counts) -> String {
    percent(100.0 * counts.bad() / counts.requests())
}

fn whole(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

/// How many times, in at most five characters.
fn short(times: f64) -> String {
    match times {
        times if times < 10.0 => format!("{times:.2}"),
        times if times < 100.0 => format!("{times:.1}"),
        times if times <= 999.0 => format!("{times:.0}"),
        _ => ">999".to_owned(),
    }
}
