//! What is measured of two sides that share one target group.

use crate::domain::{Metrics, Point, Side, SideMetrics};
use crate::sources::measure;
use crate::sources::metrics::Measured;

use super::super::super::raw::Raw;
use super::progress::moved;

/// What CloudWatch calls the one group, on both sides: [`told_apart`] says which minutes are whose.
pub(crate) fn measured(raw: &Raw) -> Option<Measured> {
    let name = raw.group_names().first()?.clone();
    let arn = raw.around.group_arns.get(&name)?;
    let both = measure::group(raw.fleet.value()?.load_balancer.as_deref()?, arn)?;
    Some(Measured::new(both.clone(), Some(both)))
}

/// Whose a minute of the shared group is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Of(Side),
    /// Of both, and nobody can tell how much of it is whose.
    Both,
}

/// The metrics of the shared group, given to the side that got all requests in the minute.
pub(crate) fn told_apart(metrics: &Metrics, raw: &Raw) -> Metrics {
    let Some(control) = raw.control.value() else { return metrics.clone() };
    let window = match (&control.undone, &control.deployment) {
        // What an undone deployment moved, and when it was moved back, is not known any more.
        (Some(undone), _) => {
            crate::sources::time::moment(undone.info.start_time()).map(|at| (at, None))
        }
        (None, Some(deployment)) => moved(raw, deployment),
        (None, None) => None,
    };
    let whose: Vec<Whose> = (0..metrics.minutes())
        .map(|index| {
            let begins = metrics.minute(index);
            match window {
                Some((_, Some(end))) if begins >= end => Whose::Of(Side::Green),
                Some((start, _)) if begins.as_second() + 60 > start.as_second() => Whose::Both,
                Some(_) | None => Whose::Of(Side::Blue),
            }
        })
        .collect();
    let mut apart = metrics.clone();
    mask(&mut apart.blue, &whose, Side::Blue);
    mask(&mut apart.green, &whose, Side::Green);
    for series in &mut apart.custom {
        mask_points(&mut series.blue, &whose, Side::Blue);
        mask_points(&mut series.green, &whose, Side::Green);
    }
    apart.source.push_str(
        "; both sides are in this group: its minutes are blue's before the instances moved, green's \
         after, and nobody's in between",
    );
    apart
}

fn mask(metrics: &mut SideMetrics, whose: &[Whose], side: Side) {
    let SideMetrics { requests, errors, client_errors, p50, p90, p99, timed, slower } = metrics;
    for points in [requests, errors, client_errors, p50, p90, p99, timed] {
        mask_points(points, whose, side);
    }
    for slower in slower {
        for points in [&mut slower.edge, &mut slower.ignored, &mut slower.accepted] {
            mask_points(points, whose, side);
        }
    }
}

fn mask_points(points: &mut [Point], whose: &[Whose], side: Side) {
    for (point, whose) in points.iter_mut().zip(whose) {
        match whose {
            Whose::Of(owner) if *owner == side => {}
            // Too young to be judged, whosever it is.
            Whose::Of(_) if !point.is_closed() => *point = Point::Pending(None),
            Whose::Of(_) => *point = Point::Absent,
            Whose::Both => *point = Point::Unknown,
        }
    }
}
