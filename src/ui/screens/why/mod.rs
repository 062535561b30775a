//! The numbers behind verdict and charts: the evidence, each metric, the query, every minute.

mod metrics;

use std::fmt::Write;

use crate::app::Cockpit;
use crate::app::verdict::{Judgement, Use};
use crate::domain::{LatencyBasis, MetricKind, Metrics, Point, Side};
use crate::stats::{Basis, SplitAssessment};
use crate::ui::format::{clean, millis, minute, percent, rate, share};
use crate::ui::line::Line;
use crate::ui::pen::{Pen, wrap};
use crate::ui::sentence::odds;
use crate::ui::theme::{Role, Theme};
use crate::ui::widgets::analysis;
use crate::ui::widgets::verdict::history;
use crate::ui::words;

/// Columns of the table of minutes: where they end, and where the last begins.
struct Columns {
    minute: u16,
    blue: [u16; 3],
    green: [u16; 3],
    counted: u16,
}

const WIDE: Columns = Columns { minute: 8, blue: [22, 32, 42], green: [58, 68, 78], counted: 82 };
const NARROW: Columns = Columns { minute: 6, blue: [14, 21, 28], green: [38, 45, 52], counted: 54 };
/// The most minutes of the evidence that are drawn.
const HISTORY: usize = 60;

/// Draws all of it from the row that was scrolled to, the newest minute first.
pub(crate) fn draw(pen: &mut Pen<'_>, cockpit: &Cockpit) {
    let analyses = analyses(cockpit, pen.width(), pen.theme());
    let Some(metrics) = cockpit.snapshot.metrics.value() else {
        let text = match cockpit.snapshot.metrics.fault() {
            Some(fault) => clean(&fault.to_string()).into_owned(),
            None => words::measuring(cockpit).to_owned(),
        };
        let text = Line::wrapped(1, pen.width().saturating_sub(1), &text, Role::Dim);
        let lines: Vec<Line> = analyses.into_iter().chain(text).collect();
        return Line::draw_from(&lines, pen, cockpit.scroll);
    };
    let mut head = head(cockpit, metrics, pen.width(), pen.theme());
    head.splice(0..0, analyses);
    let table = Table::new(cockpit, metrics, pen.width());
    let rows = head.len() + 1 + metrics.minutes();
    let top = pen.first_row(cockpit.scroll, rows);
    for (y, row) in (0..pen.height()).zip(top..rows) {
        match head.get(row) {
            Some(line) => line.draw(pen, y),
            None if row == head.len() => table.head(pen, y),
            None => table.row(pen, y, row - head.len() - 1),
        }
    }
}

/// What the analyses of the control plane say, beside the verdict of this program: two rows each.
fn analyses(cockpit: &Cockpit, width: u16, theme: &Theme) -> Vec<Line> {
    let guards = cockpit.snapshot.guards.value().into_iter().flatten();
    guards.filter_map(|guard| analysis::two_rows(guard, width, theme)).flatten().collect()
}

/// What stands above the minutes: the evidence, the metrics, and what they rest on.
fn head(cockpit: &Cockpit, metrics: &Metrics, width: u16, theme: &Theme) -> Vec<Line> {
    let room = usize::from(width.saturating_sub(2));
    let mut lines = Vec::new();
    let mut texts = Vec::new();
    if let Some(judgement) = &cockpit.verdict {
        lines.push(evidence(judgement, theme));
        lines.extend(metrics::table(judgement, metrics, width));
        texts.push((compared(judgement, metrics, theme), Role::Text));
        texts.extend(judgement.split.map(divided));
    }
    texts.push((latency(&metrics.latency), Role::Text));
    texts.push((clean(&metrics.source).into_owned(), Role::Dim));
    for (text, role) in texts {
        for text in wrap(&text, room) {
            let mut line = Line::default();
            line.left(1, &text, role);
            lines.push(line);
        }
    }
    lines
}

/// The odds now and how they came about.
fn evidence(judgement: &Judgement, theme: &Theme) -> Line {
    let assessment = &judgement.assessment;
    let line = judgement.alpha.decision_line();
    // Rounded down: nothing is certain.
    let confidence = match assessment.confidence {
        sure if sure > 0.99 => ">99 %".to_owned(),
        sure => format!("{:.0} %", (100.0 * sure).floor()),
    };
    let now = odds(assessment.odds());
    let text = format!("evidence {now}, decides at {:.0} : 1, confidence {confidence}", line.exp());
    let mut found = Line::default();
    found.left(1, &text, Role::Text);
    let start = 3 + u16::try_from(text.chars().count()).unwrap_or(0);
    let history = history(&judgement.log_e, line, HISTORY, theme.glyphs);
    for (x, (glyph, role)) in (start..).zip(history) {
        found.left(x, &glyph.to_string(), role);
    }
    found
}

/// Which minutes were used, and as what.
fn compared(judgement: &Judgement, metrics: &Metrics, theme: &Theme) -> String {
    let uses = &judgement.uses;
    let count = |wanted: fn(&Use) -> bool| uses.iter().filter(|usage| wanted(usage)).count();
    let (beside, after) = (
        count(|usage| matches!(usage, Use::Compared(Basis::SideBySide))),
        count(|usage| matches!(usage, Use::Compared(Basis::BeforeAfter))),
    );
    let first = usize::try_from(judgement.from.duration_since(metrics.start).as_mins());
    let end = metrics.minute(first.unwrap_or(0) + uses.len());
    let mut text = if uses.is_empty() {
        "nothing was compared".to_owned()
    } else {
        format!(
            "{} to {}: {beside} minutes side by side",
            minute(judgement.from, &theme.zone),
            minute(end, &theme.zone)
        )
    };
    for (minutes, what) in [
        (after, "before and after"),
        (count(|usage| matches!(usage, Use::WarmUp)), "of warm-up"),
        (count(|usage| matches!(usage, Use::Nothing)), "with nothing to compare"),
        (judgement.history, "of history before"),
    ] {
        if minutes > 0 {
            let _ = write!(text, ", {minutes} {what}");
        }
    }
    text
}

/// Whether the traffic is divided as planned.
fn divided(split: SplitAssessment) -> (String, Role) {
    let percent = |part: f64| share(100.0 * part);
    let sticky = if split.widened_by_stickiness { ", clients stick to their side" } else { "" };
    let (word, role) = if split.mismatch {
        ("the traffic is not divided as planned: ", Role::Warning)
    } else {
        ("traffic: ", Role::Text)
    };
    let text = format!(
        "{word}{} % of the requests on green, {} to {} % fit the plan{sticky}",
        percent(split.measured),
        percent(split.low),
        percent(split.high)
    );
    (text, role)
}

/// How the latencies are compared.
fn latency(basis: &LatencyBasis) -> String {
    match basis {
        LatencyBasis::Counted { .. } => {
            "latency: requests above blue's percentiles of the two hours before".to_owned()
        }
        LatencyBasis::Percentiles { why } => {
            format!("latency: the percentiles themselves, because {}", clean(why))
        }
    }
}

/// The minutes, newest first.
struct Table<'a> {
    cockpit: &'a Cockpit,
    metrics: &'a Metrics,
    columns: Columns,
    blue: [Vec<Point>; 3],
    green: [Vec<Point>; 3],
}

const KINDS: [MetricKind; 3] = [MetricKind::Requests, MetricKind::ErrorRate, MetricKind::P99];

impl<'a> Table<'a> {
    fn new(cockpit: &'a Cockpit, metrics: &'a Metrics, width: u16) -> Self {
        let series = |side: Side| KINDS.map(|kind| metrics.side(side).series(kind));
        let (blue, green) = (series(Side::Blue), series(Side::Green));
        let columns = if width >= 110 { WIDE } else { NARROW };
        Self { cockpit, metrics, columns, blue, green }
    }

    fn head(&self, pen: &mut Pen<'_>, y: u16) {
        let columns = &self.columns;
        pen.right(columns.minute, y, "time", Role::Dim);
        for (ends, name, role) in
            [(columns.blue, "blue/s", Role::Blue), (columns.green, "green/s", Role::Green)]
        {
            for ((end, head), role) in
                ends.into_iter().zip([name, "err %", "p99 ms"]).zip([role, Role::Dim, Role::Dim])
            {
                pen.right(end, y, head, role);
            }
        }
        pen.left(columns.counted, y, "counted", Role::Dim);
    }

    /// The minute so many before the newest.
    fn row(&self, pen: &mut Pen<'_>, y: u16, back: usize) {
        let Self { cockpit, metrics, columns, .. } = self;
        let index = metrics.minutes().saturating_sub(1 + back);
        let time = minute(metrics.minute(index), &pen.theme().zone);
        pen.right(columns.minute, y, &time, Role::Text);
        for (side, ends) in [(&self.blue, columns.blue), (&self.green, columns.green)] {
            for ((kind, series), end) in KINDS.into_iter().zip(side).zip(ends) {
                let (text, role) = cell(kind, series.get(index).copied().unwrap_or_default());
                pen.right(end, y, &text, role);
            }
        }
        let why = counted(cockpit, metrics, index);
        let room = pen.width().saturating_sub(columns.counted + 1);
        pen.cut(columns.counted, y, room, why, Role::Dim);
    }
}

fn cell(kind: MetricKind, point: Point) -> (String, Role) {
    let text = |value: f64| match kind {
        MetricKind::Requests => rate(value),
        MetricKind::ErrorRate => percent(value),
        MetricKind::P50 | MetricKind::P90 | MetricKind::P99 => millis(value),
    };
    match point {
        Point::Value(value) => (text(value), Role::Text),
        Point::Pending(Some(value)) => (text(value), Role::Dim),
        Point::Pending(None) => ("…".to_owned(), Role::Dim),
        Point::Absent => ("–".to_owned(), Role::Dim),
        Point::Unknown => ("?".to_owned(), Role::Dim),
    }
}

/// Whether a minute counted for the verdict, and why not.
fn counted(cockpit: &Cockpit, metrics: &Metrics, index: usize) -> &'static str {
    let requests = |side: Side| metrics.side(side).requests.get(index).copied().unwrap_or_default();
    let (blue, green) = (requests(Side::Blue), requests(Side::Green));
    if matches!(blue, Point::Pending(_)) || matches!(green, Point::Pending(_)) {
        return "not yet: too young";
    }
    if blue == Point::Unknown || green == Point::Unknown {
        return "no: not known";
    }
    let Some(judgement) = &cockpit.verdict else { return "no: nothing is judged" };
    let after = metrics.minute(index).duration_since(judgement.from).as_secs().div_euclid(60);
    let Ok(after) = usize::try_from(after) else { return "as blue's history" };
    match judgement.uses.get(after) {
        Some(Use::Compared(Basis::SideBySide)) => "yes",
        Some(Use::Compared(Basis::BeforeAfter)) => "yes, before and after",
        Some(Use::WarmUp) => "warm-up: disasters only",
        Some(Use::Nothing) | None => "no: nothing to compare",
    }
}
