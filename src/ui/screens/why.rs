//! The numbers behind verdict and charts: every minute, whether it counted, and the query.

use crate::app::Cockpit;
use crate::app::verdict::Use;
use crate::domain::{MetricKind, Metrics, Point, Side};
use crate::stats::{Basis, Counts, MetricAssessment, Role as Say};
use crate::ui::format::{clean, millis, minute, percent, rate};
use crate::ui::pen::{Pen, wrap};
use crate::ui::sentence::odds;
use crate::ui::theme::Role;
use crate::ui::widgets::events::first_row;
use unicode_width::UnicodeWidthStr;

/// Where the columns of the table end, and where the last begins.
struct Columns {
    minute: u16,
    blue: [u16; 3],
    green: [u16; 3],
    counted: u16,
}

const WIDE: Columns = Columns { minute: 8, blue: [22, 32, 42], green: [58, 68, 78], counted: 82 };
const NARROW: Columns = Columns { minute: 6, blue: [14, 21, 28], green: [38, 45, 52], counted: 54 };

/// Draws the table with the newest minute first.
pub(crate) fn draw(pen: &mut Pen<'_>, cockpit: &Cockpit) {
    let Some(metrics) = cockpit.snapshot.metrics.value() else {
        let text = match cockpit.snapshot.metrics.fault() {
            Some(fault) => clean(&fault.to_string()).into_owned(),
            None => "asking CloudWatch".to_owned(),
        };
        pen.cut(1, 0, pen.width().saturating_sub(2), &text, Role::Dim);
        return;
    };
    let mut y = each_metric(pen, cockpit);
    let width = usize::from(pen.width().saturating_sub(2));
    for line in wrap(&clean(&metrics.source), width).into_iter().take(3) {
        pen.left(1, y, &line, Role::Dim);
        y += 1;
    }
    let rows = pen.height().saturating_sub(y);
    let width = pen.width();
    table(&mut pen.part(0, y, width, rows), cockpit, metrics);
}

/// One line for each metric of the verdict; the next free row.
fn each_metric(pen: &mut Pen<'_>, cockpit: &Cockpit) -> u16 {
    let Some(judgement) = &cockpit.verdict else { return 0 };
    let line = judgement.alpha.decision_line();
    let mut y = 0;
    for metric in &judgement.assessment.metrics {
        let muted = metric.role == Say::Muted;
        let name = clean(&metric.name).replace('_', " ");
        pen.cut(1, y, 14, &name, if muted { Role::Dim } else { Role::Text });
        if muted {
            pen.left(16, y, "not judged", Role::Dim);
        } else {
            let over = metric.log_e >= line;
            let role = if over { Role::Danger } else { Role::Text };
            pen.left(16, y, &format!("worse {}", odds(metric.log_e.exp())), role);
            let safe = format!("safe {:.0} %", metric.safe_progress * 100.0);
            pen.left(34, y, &safe, Role::Text);
        }
        let room = usize::from(pen.width().saturating_sub(46));
        let mut parts = comparison(metric);
        while parts.len() > 1 && parts.concat().width() > room {
            parts.pop();
        }
        pen.cut(46, y, pen.width().saturating_sub(47), &parts.concat(), Role::Dim);
        y += 1;
    }
    y
}

/// Green against blue in one metric, the most important first; each part goes on where the one
/// before ends.
fn comparison(metric: &MetricAssessment) -> Vec<String> {
    let mut parts = Vec::new();
    match (&metric.ratio, metric.gauge_ratio) {
        (Some(ratio), _) => {
            parts.push(format!("{:.2} times", ratio.value));
            parts.push(format!(" ({:.2} to {:.2})", ratio.low, ratio.high));
        }
        (None, Some(ratio)) => parts.push(format!("{ratio:.2} times")),
        (None, None) => parts.push("no ratio yet".to_owned()),
    }
    if let (Some(green), Some(blue)) = (metric.green, metric.blue) {
        let of = |counts: Counts| format!("{:.0} of {:.0}", counts.bad(), counts.requests());
        parts.push(format!("; {} against {}", of(green), of(blue)));
    }
    if metric.role != Say::Muted {
        parts.push(format!("; weight {:.0} %", metric.weight * 100.0));
    }
    parts
}

fn table(pen: &mut Pen<'_>, cockpit: &Cockpit, metrics: &Metrics) {
    let zone = &pen.theme().zone;
    let columns = if pen.width() >= 110 { WIDE } else { NARROW };
    pen.right(columns.minute, 0, "time", Role::Dim);
    for (ends, name, role) in
        [(columns.blue, "blue/s", Role::Blue), (columns.green, "green/s", Role::Green)]
    {
        for ((end, head), role) in
            ends.into_iter().zip([name, "err %", "p99 ms"]).zip([role, Role::Dim, Role::Dim])
        {
            pen.right(end, 0, head, role);
        }
    }
    pen.left(columns.counted, 0, "counted", Role::Dim);
    let height = pen.height().saturating_sub(1);
    let minutes = metrics.minutes();
    let top = first_row(cockpit.scroll, minutes, height);
    let kinds = [MetricKind::Requests, MetricKind::ErrorRate, MetricKind::P99];
    let series = |side: Side| kinds.map(|kind| metrics.side(side).series(kind));
    let (blue, green) = (series(Side::Blue), series(Side::Green));
    for (y, back) in (1..=height).zip(top..minutes) {
        let index = minutes - 1 - back;
        pen.right(columns.minute, y, &minute(metrics.minute(index), zone), Role::Text);
        for (side, ends) in [(&blue, columns.blue), (&green, columns.green)] {
            for ((kind, series), end) in kinds.into_iter().zip(side).zip(ends) {
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
