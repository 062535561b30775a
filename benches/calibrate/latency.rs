//! Latency: counts above edges, the percentiles alone, and the rules in use.

use cutover::stats::{
    BucketLength, Counts, Direction, EvidenceProcess, GaugeProcess, Growth, Margin, Quantile,
    Question,
};

use crate::acceptance::{Crossings, Expected};
use crate::engine::{first, line};
use crate::percentiles::{
    Change, HEAVY, INDEPENDENT, MILD, Minute, Rollout, STRESS, Scatter, Side,
};
use crate::reference::{LATENCY, delays};
use crate::report::{Report, delay, percent};
use crate::rules::mann_whitney;
use crate::runs::{CELLS, cell_heads, cross};

const MINUTES: usize = 60;
/// The share of each percentile in the verdict on latency alone.
const WEIGHTS: [f64; 3] = [0.3, 0.35, 0.35];
const METHODS: [&str; 4] = [
    "**the verdict**, requests above an edge",
    "**the verdict**, percentiles alone",
    "green's p99 above 1.2 x blue's, three in a row",
    "Mann-Whitney as Kayenta judges it, on three percentiles",
];

pub(crate) fn table(report: &mut Report) {
    false_alarms(report);
    let changes = [
        ("all requests 10 % slower", Change { times: 1.1, ..Change::NONE }),
        ("all requests 50 % slower", Change { times: 1.5, ..Change::NONE }),
        ("2 % of the requests five times slower", Change { tail: 0.02, ..Change::NONE }),
    ];
    for (number, ((name, change), rows)) in (0..).zip(changes.into_iter().zip(LATENCY)) {
        report
            .say(&format!("**{name}**: minutes until half / nine in ten / share within the hour"));
        report.head(&cell_heads(name));
        slower(report, 8000 + 100 * number, (name, change), rows);
    }
}

fn false_alarms(report: &mut Report) {
    let scatters =
        [("none", INDEPENDENT), ("mild", MILD), ("heavy", HEAVY), ("drifting sides", STRESS)];
    let mut found = Vec::new();
    for (kind, (name, scatter)) in (0..).zip(scatters) {
        let cells: Vec<_> = (7000 + 10 * kind..)
            .zip(CELLS)
            .map(|(cell, column)| methods(cell, column, scatter, Change::NONE))
            .collect();
        for [edges, percentiles, ..] in &cells {
            if name != "drifting sides" {
                let expected = Expected::FalseAlarms(0.001);
                report.expect(&format!("false alarms on edges, {name}"), expected, edges);
                let expected = Expected::FalseAlarms(0.012);
                let what = format!("false alarms on percentiles, {name}");
                report.expect(&what, expected, percentiles);
            }
        }
        found.push(cells);
    }
    report.say("No difference, a look at every minute for an hour; mean / worst of the cells, %:");
    report.head(&[&["method"], &scatters.map(|(name, _)| name)[..]].concat());
    for (method, name) in METHODS.into_iter().enumerate() {
        let mut line = vec![name.to_owned()];
        for cells in &found {
            let shares: Vec<f64> = cells.iter().map(|cell| cell[method].share()).collect();
            let mean = shares.iter().sum::<f64>() / shares.len() as f64;
            let worst = shares.iter().copied().fold(0.0, f64::max);
            line.push(format!("{} / {}", percent(mean), percent(worst)));
        }
        report.row(&line);
    }
}

fn slower(report: &mut Report, cell: u64, (name, change): (&str, Change), rows: [&str; 3]) {
    let mut others = Vec::new();
    let scatters = [("none", INDEPENDENT), ("mild", MILD), ("heavy", HEAVY)];
    for (kind, ((scatter_name, scatter), row)) in (0..).zip(scatters.into_iter().zip(rows)) {
        let mut cells = vec![format!("{}, {scatter_name}", METHODS[0])];
        for ((cell, column), expected) in (cell + 10 * kind..).zip(CELLS).zip(delays(row)) {
            let found = methods(cell, column, scatter, change);
            report.expect(&format!("{name}, {scatter_name}, {column:?}"), expected, &found[0]);
            cells.push(delay(&found[0]));
            if scatter == MILD {
                others.push(found);
            }
        }
        report.row(&cells);
    }
    for (method, name) in METHODS.into_iter().enumerate().skip(1) {
        let cells = others.iter().map(|cell| delay(&cell[method]));
        report.row(&std::iter::once(format!("{name}, mild")).chain(cells).collect::<Vec<_>>());
    }
}

fn methods(cell: u64, column: (f64, f64), scatter: Scatter, change: Change) -> [Crossings; 4] {
    // The rules are compared without a difference and on mild scatter alone.
    let with_rules = scatter == MILD || change == Change::NONE;
    cross(cell, |seed| {
        let rollout = Rollout::new(seed, column, scatter, change, MINUTES);
        let edges = on_edges(&rollout);
        if with_rules {
            let rules = (three_in_a_row(&rollout), kayenta(&rollout));
            [edges, on_percentiles(&rollout), rules.0, rules.1]
        } else {
            [edges, None, None, None]
        }
    })
}

/// Green's requests above the edge and what is ignored, against blue's above the edge.
fn on_edges(rollout: &Rollout) -> Option<usize> {
    let above =
        |side: &Side, edges: [f64; 3], level: usize| Counts::new(edges[level], side.requests);
    let mut processes: Vec<EvidenceProcess> = (0..3)
        .map(|level| {
            let question = Question {
                direction: Direction::Worse,
                margin: Margin::NONE,
                prior_rate: Quantile::ALL[level].share_beyond(),
                bucket: BucketLength::MINUTE,
            };
            let history: Vec<Option<Counts>> = rollout
                .history
                .iter()
                .map(|blue| blue.as_ref().and_then(|blue| above(blue, blue.slower[0], level)))
                .collect();
            EvidenceProcess::new(question, &history)
        })
        .collect();
    first(&rollout.minutes, |(blue, green)| {
        for (level, process) in processes.iter_mut().enumerate() {
            if let Some((blue, green)) = blue.as_ref().zip(green.as_ref())
                && let Some(blue) = above(blue, blue.slower[0], level)
                && let Some(green) = above(green, green.slower[1], level)
            {
                process.update(blue, green);
            }
        }
        mean(processes.iter().map(EvidenceProcess::log_e)) >= line()
    })
}

/// The percentiles themselves, each where two requests are beyond it.
fn on_percentiles(rollout: &Rollout) -> Option<usize> {
    let measured = |side: &Option<Side>, level: usize| {
        let side = side.as_ref()?;
        (side.requests >= Quantile::ALL[level].fewest_requests()).then_some(side.percentiles[level])
    };
    let mut processes: Vec<GaugeProcess> = (0..3)
        .map(|level| {
            let history: Vec<Option<f64>> =
                rollout.history.iter().map(|blue| measured(blue, level)).collect();
            let bucket = BucketLength::MINUTE;
            GaugeProcess::new(Direction::Worse, Growth::IGNORE, bucket, &history)
        })
        .collect();
    first(&rollout.minutes, |(blue, green)| {
        for (level, process) in processes.iter_mut().enumerate() {
            if let Some((blue, green)) = measured(blue, level).zip(measured(green, level)) {
                process.update(blue, green);
            }
        }
        mean(processes.iter().map(GaugeProcess::log_e)) >= line()
    })
}

/// Log of the weighted mean of evidence.
fn mean(log_e: impl Iterator<Item = f64>) -> f64 {
    log_e.zip(WEIGHTS).map(|(log_e, weight)| weight * log_e.exp()).sum::<f64>().ln()
}

fn three_in_a_row(rollout: &Rollout) -> Option<usize> {
    let mut row = 0;
    first(&rollout.minutes, |(blue, green)| {
        let both = blue.as_ref().zip(green.as_ref());
        let bad = both.is_some_and(|(b, g)| g.percentiles[2] > 1.2 * b.percentiles[2]);
        row = if bad { row + 1 } else { 0 };
        row >= 3
    })
}

/// The judge that fails as soon as one of the three is high.
fn kayenta(rollout: &Rollout) -> Option<usize> {
    let series = |side: fn(&Minute) -> &Option<Side>, level: usize| -> Vec<Option<f64>> {
        let sides = rollout.minutes.iter().map(side);
        sides.map(|side| side.as_ref().map(|side| side.percentiles[level])).collect()
    };
    let levels = 0..3;
    levels
        .filter_map(|level| {
            let blue = series(|minute| &minute.0, level);
            mann_whitney(&blue, &series(|minute| &minute.1, level))
        })
        .min()
}
