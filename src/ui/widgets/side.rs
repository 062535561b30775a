//! One side: what it runs, how it is, what was measured. Both sides have the same rows.

use crate::app::{Cockpit, Panel, State, View, select};
use crate::domain::{
    Environment, Fact, FaultKind, ListenerSplit, MetricKind, Point, Revision, Side, Split, Targets,
    TaskCounts,
};
use crate::ui::format::{age, clean, image, millis, moment, percent, rate, share};
use crate::ui::pen::Pen;
use crate::ui::theme::Role;
use crate::ui::words;

use super::running;
use super::spark::{Scale, spark};

/// Where the numbers end and the sparklines begin.
const NUMBER_END: u16 = 18;

/// Draws a side with its frame over the whole pen.
pub(crate) fn draw(pen: &mut Pen<'_>, state: &State, cockpit: &Cockpit, side: Side) {
    let (role, mark, panel) = match side {
        Side::Blue => (Role::Blue, pen.glyphs().blue, Panel::Blue),
        Side::Green => (Role::Green, pen.glyphs().green, Panel::Green),
    };
    let focused = cockpit.focus == panel && cockpit.view == View::Panels;
    let border = if focused { Role::Focus } else { Role::Border };
    let name = format!(" {mark} {} ", side.word().to_uppercase());
    let serves = serves(cockpit, side);
    pen.frame(&[(&name, role)], &[(&serves, Role::Text)], border);
    let (width, height) = (pen.width(), pen.height());
    if width < 8 || height < 3 {
        return;
    }
    let mut inner = pen.part(2, 1, width - 4, height - 2);
    let at_rest = cockpit.snapshot.at_rest.as_ref().filter(|_| side == Side::Blue);
    let (own, other) = match (cockpit.snapshot.rollout(), at_rest) {
        (Some(rollout), _) => match side {
            Side::Blue => (&rollout.blue, &rollout.green),
            Side::Green => (&rollout.green, &rollout.blue),
        },
        (None, Some(at_rest)) => (at_rest, at_rest),
        (None, None) => {
            let room = inner.width();
            inner.cut(0, 0, room, &words::no_rollout(cockpit), Role::Dim);
            return;
        }
    };
    let roomy = inner.height() >= 13 && inner.width() >= 44;
    let mut y = revision(&mut inner, own, other, side, roomy);
    y = running::draw(&mut inner, y, own, roomy);
    y = tasks(&mut inner, y, state, own, roomy);
    if roomy {
        y += 1;
    }
    charts(&mut inner, y, cockpit, side, role);
}

fn serves(cockpit: &Cockpit, side: Side) -> String {
    if cockpit.snapshot.rollout().is_none() && cockpit.snapshot.at_rest.is_some() {
        return if side == Side::Blue { " at rest " } else { " " }.to_owned();
    }
    let traffic = cockpit.snapshot.rollout().map(|rollout| &rollout.traffic);
    let split = traffic.and_then(|traffic| match traffic.listener.value() {
        Some(ListenerSplit::Split(split)) => Some(*split),
        // Rules that disagree, or point elsewhere, serve no split that could be named.
        Some(ListenerSplit::Mixed(_) | ListenerSplit::Elsewhere) => None,
        None => traffic.planned.value().copied(),
    });
    let of = |split: Split| match side {
        Side::Blue => split.blue().get(),
        Side::Green => split.green.get(),
    };
    match split {
        Some(split) => format!(" serves {} % ", share(of(split))),
        None => " serves ? ".to_owned(),
    }
}

/// Revision and image, marked where they differ; the next free row.
fn revision(
    pen: &mut Pen<'_>,
    own: &Environment,
    other: &Environment,
    side: Side,
    roomy: bool,
) -> u16 {
    let differs = |differs: bool| {
        if differs && side == Side::Green {
            format!(" {}", pen.glyphs().differs)
        } else {
            String::new()
        }
    };
    let theirs = other.revision.value();
    let Some(revision) = own.revision.value() else {
        pen.cut(0, 0, pen.width(), &unknown(&own.revision, "revision"), Role::Dim);
        return if roomy { 2 } else { 1 };
    };
    let names = theirs.is_some_and(|theirs| theirs.name != revision.name);
    let images = theirs.is_some_and(|theirs| images_differ(revision, theirs));
    let name = format!("{}{}", clean(&revision.name), differs(names));
    let first = revision.images.first().map(image).unwrap_or_default();
    let more = match revision.images.len() {
        0 | 1 => String::new(),
        n => format!("  and {} more", n - 1),
    };
    let image = format!("{first}{}{more}", differs(images));
    if roomy {
        pen.cut(0, 0, pen.width(), &name, Role::Strong);
        if !first.is_empty() {
            pen.left(0, 1, "image", Role::Dim);
            pen.cut(9, 1, pen.width().saturating_sub(9), &image, Role::Text);
        }
        2
    } else {
        let x = pen.cut(0, 0, pen.width(), &name, Role::Strong);
        pen.cut(x + 2, 0, pen.width().saturating_sub(x + 2), &image, Role::Text);
        1
    }
}

fn images_differ(a: &Revision, b: &Revision) -> bool {
    !a.images.is_empty() && !b.images.is_empty() && a.images != b.images
}

/// What stands in the place of a fact that is not there.
fn unknown<T>(fact: &Fact<T>, what: &str) -> String {
    match fact.fault() {
        Some(fault) if fault.kind == FaultKind::Absent => {
            format!("– {}", clean(&fault.brief()))
        }
        Some(fault) => format!("? {what}: {}", clean(&fault.brief())),
        None => format!("? {what} not known"),
    }
}

/// Tasks and targets; the next free row.
fn tasks(pen: &mut Pen<'_>, y: u16, state: &State, own: &Environment, roomy: bool) -> u16 {
    let rollout = state.cockpit().and_then(|cockpit| cockpit.snapshot.rollout());
    let none = words::no_tasks(rollout, own);
    let (tasks, tasks_role) = match own.tasks.value() {
        Some(counts) if own.tasks.fault().is_some() => {
            (task_words(*counts, none, roomy).0, Role::Stale)
        }
        Some(counts) => task_words(*counts, none, roomy),
        None => (unknown(&own.tasks, "tasks"), Role::Dim),
    };
    let (targets, targets_role) = match own.targets.value() {
        Some(targets) => target_words(targets),
        None => (unknown(&own.targets, "targets"), Role::Dim),
    };
    if !roomy && own.tasks.fault().is_some_and(|fault| fault.kind == FaultKind::Absent) {
        // In little room what cannot be leaves it to what is.
        pen.cut(0, y, pen.width(), &format!("targets {targets}"), targets_role);
        return y + 1;
    }
    if !roomy {
        let x = pen.left(0, y, &format!("tasks {tasks}"), tasks_role);
        pen.cut(x + 3, y, pen.width().saturating_sub(x + 3), &targets, targets_role);
        return y + 1;
    }
    pen.left(0, y, "tasks", Role::Dim);
    let x = pen.cut(9, y, pen.width().saturating_sub(9), &tasks, tasks_role);
    if let Some(stopped) = newest_stopped(state, own) {
        pen.cut(x + 3, y, pen.width().saturating_sub(x + 3), &stopped, Role::Warning);
    }
    pen.left(0, y + 1, "targets", Role::Dim);
    let x = pen.cut(9, y + 1, pen.width().saturating_sub(9), &targets, targets_role);
    if let Some(group) = &own.target_group {
        let group = clean(group);
        let room = pen.width().saturating_sub(x + 2);
        let start = pen
            .width()
            .saturating_sub(room.min(u16::try_from(group.chars().count()).unwrap_or(u16::MAX)));
        pen.cut(start.max(x + 2), y + 1, room, &group, Role::Dim);
    }
    y + 2
}

fn task_words(counts: TaskCounts, none: &str, roomy: bool) -> (String, Role) {
    let TaskCounts { desired, running, pending } = counts;
    let role = if desired == 0 && running == 0 {
        Role::Dim
    } else if running < desired {
        Role::Warning
    } else {
        Role::Text
    };
    if desired == 0 && running == 0 && pending == 0 {
        return (none.to_owned(), role);
    }
    let starting = if pending > 0 { format!(", {pending} starting") } else { String::new() };
    let text = if roomy {
        format!("{running} of {desired} running{starting}")
    } else {
        format!("{running}/{desired}{starting}")
    };
    (text, role)
}

fn target_words(targets: &Targets) -> (String, Role) {
    if targets.list.is_empty() {
        return ("no targets".to_owned(), Role::Dim);
    }
    let mut words = Vec::new();
    let mut role = Role::Text;
    for (state, number) in targets.by_state() {
        words.push(format!("{number} {}", clean(state)));
        if state.starts_with("unhealthy") {
            role = Role::Danger;
        } else if state != "healthy" && role == Role::Text {
            role = Role::Dim;
        }
    }
    let reason = targets
        .list
        .iter()
        .filter(|target| target.state.starts_with("unhealthy"))
        .find_map(|target| target.description.as_deref().or(target.reason.as_deref()));
    let reason = reason.map(|reason| format!(": {}", clean(reason))).unwrap_or_default();
    (format!("{}{reason}", words.join(", ")), role)
}

/// The task that stopped last, when it did not stop well.
fn newest_stopped(state: &State, own: &Environment) -> Option<String> {
    let stopped = own.task_list.value()?.iter().filter(|task| task.stopped.is_some());
    let failed = stopped.filter(|task| task.exit_code.is_some_and(|code| code != 0));
    let (mut count, mut newest) = (0, None);
    for task in failed {
        count += 1;
        newest = newest.max(task.stopped);
    }
    let ago = age(state.now.duration_since(newest?));
    Some(format!("{count} died, the last {ago} ago"))
}

/// How many rows each metric gets: those that matter get more where there is room.
fn rows_of(kind: MetricKind, free: u16) -> u16 {
    // Five metrics and the line with the marks.
    let spare = free.saturating_sub(6);
    let from: &[u16] = match kind {
        MetricKind::ErrorRate => &[1, 3, 11, 13],
        MetricKind::P99 => &[2, 4, 12, 14],
        MetricKind::Requests => &[5, 8],
        MetricKind::P90 => &[6, 9],
        MetricKind::P50 => &[7, 10],
    };
    from.iter().fold(1, |rows, from| rows + u16::from(spare >= *from))
}

fn charts(pen: &mut Pen<'_>, top: u16, cockpit: &Cockpit, side: Side, role: Role) {
    let free = pen.height().saturating_sub(top);
    let Some(chart) = select::chart(cockpit) else {
        let metrics = &cockpit.snapshot.metrics;
        let text = match metrics.fault() {
            Some(fault) => format!("? metrics: {}", clean(&fault.brief())),
            None => words::measuring(cockpit).to_owned(),
        };
        pen.cut(0, top, pen.width(), &text, Role::Dim);
        return;
    };
    let scale_width = if pen.width() >= 44 { 6 } else { 0 };
    let start = NUMBER_END + 2;
    let width = pen.width().saturating_sub(start + scale_width);
    let mut y = top;
    for row in &chart.rows {
        // Where there is least room the median and the 90th percentile give way first.
        let skip = match row.kind {
            MetricKind::P90 => free < 5,
            MetricKind::P50 => free < 4,
            MetricKind::Requests | MetricKind::ErrorRate | MetricKind::P99 => false,
        };
        if skip || y >= pen.height() {
            continue;
        }
        let rows = rows_of(row.kind, free);
        let last = y + rows - 1;
        let (label, unit) = label(row.kind);
        pen.left(0, last, label, Role::Dim);
        let (number, number_role) = number(row.kind, row.latest(side));
        let at = pen.right(NUMBER_END - 3, last, &number, number_role);
        if at < NUMBER_END && number_role == Role::Text {
            pen.left(NUMBER_END - 2, last, unit, Role::Dim);
        }
        spark(&mut pen.part(start, y, width, rows), row.side(side), row.top, chart.minutes, role);
        // A scale of nothing says nothing.
        let has_number = |side| row.side(side).iter().any(|point| point.number().is_some());
        if scale_width > 0 && (has_number(Side::Blue) || has_number(Side::Green)) {
            pen.right(pen.width(), y, &scale(row.kind, row.top), Role::Dim);
        }
        y += rows;
    }
    if y < pen.height() && free >= 6 {
        marks(pen, y, start, width, &chart);
    }
}

/// The window's length and when the split changed: the newest share is written first, an older one
/// that finds no room is a mark without its number.
fn marks(pen: &mut Pen<'_>, y: u16, start: u16, width: u16, chart: &select::Chart) {
    let scale = Scale::new(chart.minutes, width);
    let text = format!("{} min", scale.minutes());
    let first = pen.left(start, y, &text, Role::Dim) + 1;
    let mut end = start + width;
    for shift in chart.shifts.iter().rev() {
        let glyph = pen.glyphs().shift;
        let whole = format!("{glyph}{} %", share(shift.split.green.get()));
        let Some(column) = scale.column(shift.minute) else { continue };
        let cells = u16::try_from(whole.chars().count()).unwrap_or(0);
        let newest = end == start + width;
        let mut x = start + column;
        let mut text = whole;
        if x + cells > end {
            if newest {
                // At the right end the mark stands before its minute's column.
                x = end.saturating_sub(cells);
            } else {
                text = glyph.to_string();
            }
        }
        if x >= first && x < end {
            pen.left(x, y, &text, Role::Dim);
            end = x;
        }
    }
}

fn label(kind: MetricKind) -> (&'static str, &'static str) {
    match kind {
        MetricKind::Requests => ("requests", "/s"),
        MetricKind::ErrorRate => ("errors", "%"),
        MetricKind::P50 => ("p50", "ms"),
        MetricKind::P90 => ("p90", "ms"),
        MetricKind::P99 => ("p99", "ms"),
    }
}

fn value(kind: MetricKind, value: f64) -> String {
    match kind {
        MetricKind::Requests => rate(value),
        MetricKind::ErrorRate => percent(value),
        MetricKind::P50 | MetricKind::P90 | MetricKind::P99 => millis(value),
    }
}

fn number(kind: MetricKind, point: Point) -> (String, Role) {
    match point {
        Point::Value(number) => (value(kind, number), Role::Text),
        Point::Absent if kind == MetricKind::Requests => ("0".to_owned(), Role::Text),
        Point::Absent | Point::Pending(_) => ("–".to_owned(), Role::Dim),
        Point::Unknown => ("?".to_owned(), Role::Dim),
    }
}

fn scale(kind: MetricKind, top: f64) -> String {
    value(kind, top)
}

/// Every task and every target of a side, one a line, for the expanded panel.
pub(crate) fn members(pen: &mut Pen<'_>, cockpit: &Cockpit, side: Side) {
    let Some(rollout) = cockpit.snapshot.rollout() else { return };
    let own = rollout.side(side);
    let zone = &pen.theme().zone;
    let when = |at| moment(at, cockpit.snapshot.taken, zone);
    let mut rows = running::rows(pen, own);
    for target in own.targets.value().map(|targets| targets.list.as_slice()).unwrap_or_default() {
        let why = target.description.as_deref().or(target.reason.as_deref()).unwrap_or_default();
        let role = match target.state.as_str() {
            "healthy" => Role::Text,
            state if state.starts_with("unhealthy") => Role::Danger,
            _ => Role::Dim,
        };
        rows.push((format!("target  {:<22} {:<10} {why}", target.id, target.state), role));
    }
    for task in own.task_list.value().map(Vec::as_slice).unwrap_or_default() {
        let begun = match (task.stopped, task.started) {
            (Some(at), _) => format!("stopped {}", when(at)),
            (None, Some(at)) => format!("since {}", when(at)),
            (None, None) => String::new(),
        };
        let exit = task.exit_code.map(|code| format!("exit {code}")).unwrap_or_default();
        let health = task.health.as_deref().unwrap_or_default();
        let reason = task.reason.as_deref().unwrap_or_default();
        let failed = task.exit_code.is_some_and(|code| code != 0);
        let id: String = task.id.chars().take(12).collect();
        let text = format!(
            "task    {id:<13} {:<9} {health:<9} {begun:<17} {exit:<8} {reason}",
            task.status
        );
        rows.push((text, if failed { Role::Warning } else { Role::Text }));
    }
    let top = pen.first_row(cockpit.scroll, rows.len());
    for (y, (text, role)) in (0..pen.height()).zip(rows.iter().skip(top)) {
        pen.cut(2, y, pen.width().saturating_sub(3), &clean(text), *role);
    }
}
