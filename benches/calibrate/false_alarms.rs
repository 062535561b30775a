//! No difference, looked at every minute for an hour: how often each method says that green is worse.

use cutover::stats::Direction;

use crate::acceptance::{Crossings, Expected};
use crate::engine::{crossing, history};
use crate::generator::{HEAVY, INDEPENDENT, MILD, Scatter, Service};
use crate::reference::FALSE_ALARMS;
use crate::report::{Report, percent};
use crate::rules;
use crate::runs::{CELLS, STRESS, cell_heads, cross};

/// How errors scatter, with the name in the tables.
const SCATTERS: [(&str, Scatter); 4] =
    [("independent", INDEPENDENT), ("mild", MILD), ("heavy", HEAVY), ("drifting sides", STRESS)];
const RATES: [(f64, &str); 2] = [(0.001, "0.1 %"), (0.01, "1 %")];
const MINUTES: usize = 60;
/// The verdict, with and without blue's history, and the rules.
const METHODS: usize = 6;

pub(crate) fn table(report: &mut Report) {
    let found: Vec<Vec<Vec<[Crossings; METHODS]>>> = (0_u64..)
        .zip(SCATTERS)
        .map(|(kind, (_, scatter))| {
            let rates = (0_u64..).zip(RATES);
            rates
                .map(|(level, (rate, _))| row(1000 + 100 * kind + 10 * level, rate, scatter))
                .collect()
        })
        .collect();

    report.head(&cell_heads("the verdict's false alarms, %"));
    for (kind, (name, _)) in SCATTERS.iter().enumerate() {
        for (level, (_, rate)) in RATES.iter().enumerate() {
            let cells = &found[kind][level];
            let mut line = vec![format!("{name}, {rate}")];
            for (column, cell) in cells.iter().enumerate() {
                line.push(percent(cell[0].share()));
                // Sides that drift are different: what is found there is reported, not promised.
                if *name != "drifting sides" {
                    let expected = Expected::FalseAlarms(FALSE_ALARMS[kind][level][column] / 100.0);
                    report.expect(&format!("false alarms, {name}, {rate}"), expected, &cell[0]);
                    let what = format!("false alarms without history, {name}, {rate}");
                    report.at_most(&what, 0.05, cell[1].share());
                }
            }
            report.row(&line);
        }
    }
    report.say("All methods on the same rollouts, mean / worst of the sixteen cells, %:");
    compare(report, &found);
    four_hours(report);
}

/// What becomes of the promise when someone looks for a whole afternoon: reported, without a bar.
fn four_hours(report: &mut Report) {
    report.say("The verdict's false alarms in four hours instead of one, %:");
    report.head(&cell_heads("four hours"));
    let mut cell = 1500;
    for (name, scatter) in [("independent", INDEPENDENT), ("mild", MILD), ("heavy", HEAVY)] {
        for (blue, rate) in RATES {
            let mut line = vec![format!("{name}, {rate}")];
            for (traffic, green_share) in CELLS {
                let green = (1.0, 0.0);
                let service = Service { traffic, green_share, blue, green, scatter, history: 60 };
                cell += 1;
                let [found] = cross(cell, |seed| {
                    let rollout = service.roll_out(seed, 4 * MINUTES);
                    [crossing(Direction::Worse, &history(&rollout), &rollout)]
                });
                line.push(percent(found.share()));
            }
            report.row(&line);
        }
    }
}

/// The methods over the columns.
fn row(cell: u64, rate: f64, scatter: Scatter) -> Vec<[Crossings; METHODS]> {
    let columns = (cell..).zip(CELLS);
    columns
        .map(|(cell, (traffic, green_share))| {
            let green = (1.0, 0.0);
            let service = Service { traffic, green_share, blue: rate, green, scatter, history: 60 };
            cross(cell, |seed| {
                let rollout = service.roll_out(seed, MINUTES);
                let [threshold, row, z, mann_whitney] = rules::all(&rollout.minutes);
                let informed = crossing(Direction::Worse, &history(&rollout), &rollout);
                let blind = crossing(Direction::Worse, &[], &rollout);
                [informed, blind, threshold, row, z, mann_whitney]
            })
        })
        .collect()
}

fn compare(report: &mut Report, found: &[Vec<Vec<[Crossings; METHODS]>>]) {
    let names = SCATTERS.map(|(name, _)| name);
    report.head(&[&["method"], &names[..]].concat());
    let methods = ["**the verdict**", "the verdict without blue's history"];
    for (method, name) in methods.into_iter().chain(rules::NAMES).enumerate() {
        let mut line = vec![name.to_owned()];
        for kind in found {
            let shares: Vec<f64> = kind.iter().flatten().map(|cell| cell[method].share()).collect();
            let mean = shares.iter().sum::<f64>() / shares.len() as f64;
            let worst = shares.iter().copied().fold(0.0, f64::max);
            line.push(format!("{} / {}", percent(mean), percent(worst)));
        }
        report.row(&line);
    }
}
