//! The numbers behind verdict and charts: every minute, whether it counted, and the query.

use jiff::SignedDuration;

use crate::app::Cockpit;
use crate::domain::{MetricKind, Metrics, Point, Side};
use crate::ui::format::{clean, millis, minute, percent, rate};
use crate::ui::pen::{Pen, wrap};
use crate::ui::theme::Role;
use crate::ui::widgets::events::first_row;

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
    let width = usize::from(pen.width().saturating_sub(2));
    let mut y = 0;
    for line in each_metric(cockpit) {
        pen.cut(1, y, pen.width().saturating_sub(2), &line, Role::Text);
        y += 1;
    }
    for line in wrap(&clean(&metrics.source), width).into_iter().take(3) {
        pen.left(1, y, &line, Role::Dim);
        y += 1;
    }
    let rows = pen.height().saturating_sub(y);
    let width = pen.width();
    table(&mut pen.part(0, y, width, rows), cockpit, metrics);
}

/// One line for each metric of the verdict.
fn each_metric(cockpit: &Cockpit) -> Vec<String> {
    let Some(judgement) = &cockpit.verdict else { return Vec::new() };
    let lines = judgement.assessment.metrics.iter().map(|metric| {
        let counts = |counts: Option<crate::stats::Counts>| {
            counts.map_or("–".to_owned(), |c| format!("{:.0} of {:.0}", c.bad(), c.requests()))
        };
        let ratio = match (&metric.ratio, metric.gauge_ratio) {
            (Some(ratio), _) => {
                format!("{:.2} times ({:.2} to {:.2})", ratio.value, ratio.low, ratio.high)
            }
            (None, Some(ratio)) => format!("{ratio:.2} times"),
            (None, None) => "no ratio yet".to_owned(),
        };
        format!(
            "{:<13} {:<9?} weight {:>4.0} %  odds {:>9.2}  safe {:>3.0} %  blue {}, green {}, {ratio}",
            clean(&metric.name),
            metric.role,
            metric.weight * 100.0,
            metric.log_e.exp().min(99999.0),
            metric.safe_progress * 100.0,
            counts(metric.blue),
            counts(metric.green),
        )
    });
    lines.collect()
}

fn table(pen: &mut Pen<'_>, cockpit: &Cockpit, metrics: &Metrics) {
    let zone = pen.theme().zone.clone();
    let heads = [(8, "minute"), (24, "blue req/s"), (34, "errors %"), (44, "p99 ms")];
    for (end, head) in heads {
        pen.right(end, 0, head, Role::Dim);
    }
    for (end, head) in [(60, "green req/s"), (70, "errors %"), (80, "p99 ms")] {
        pen.right(end, 0, head, Role::Dim);
    }
    pen.left(84, 0, "counted", Role::Dim);
    let height = pen.height().saturating_sub(1);
    let minutes = metrics.minutes();
    let top = first_row(cockpit.scroll, minutes, height);
    let kinds = [MetricKind::Requests, MetricKind::ErrorRate, MetricKind::P99];
    let series = |side: Side| kinds.map(|kind| metrics.side(side).series(kind));
    let (blue, green) = (series(Side::Blue), series(Side::Green));
    for (y, back) in (1..=height).zip(top..minutes) {
        let index = minutes - 1 - back;
        pen.right(8, y, &minute(metrics.minute(index), &zone), Role::Text);
        for (side, ends) in [(&blue, [24, 34, 44]), (&green, [60, 70, 80])] {
            for ((kind, series), end) in kinds.into_iter().zip(side).zip(ends) {
                let (text, role) = cell(kind, series.get(index).copied().unwrap_or_default());
                pen.right(end, y, &text, role);
            }
        }
        let why = counted(cockpit, metrics, index);
        pen.cut(84, y, pen.width().saturating_sub(85), why, Role::Dim);
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
    let at = metrics.minute(index);
    if at < judgement.from {
        return "as blue's history";
    }
    let warm_up = SignedDuration::from_mins(3);
    match (blue, green) {
        (_, Point::Absent) => "no: green had no requests",
        (Point::Absent, _) => "before and after",
        _ if at.duration_since(judgement.from) < warm_up => "warm-up: disasters only",
        _ => "yes",
    }
}
