//! A green that is no different: how long until it is called safe.

use cutover::stats::Direction;

use crate::engine::{crossing, history};
use crate::generator::{HEAVY, INDEPENDENT, MILD, Service};
use crate::reference::{SAFETY, delays};
use crate::report::{Report, delay};
use crate::runs::{CELLS, cell_heads, cross};

const MINUTES: usize = 240;

pub(crate) fn table(report: &mut Report) {
    report.head(&cell_heads("errors safe, no difference"));
    let scatters = [("independent", INDEPENDENT), ("mild", MILD), ("heavy", HEAVY)];
    let rates = [(0.0001, "0.01 %"), (0.001, "0.1 %"), (0.01, "1 %")];
    let mut cell = 6000;
    for ((name, scatter), rows) in scatters.into_iter().zip(SAFETY) {
        for ((blue, rate), row) in rates.into_iter().zip(rows) {
            let what = format!("{name}, {rate}");
            let mut line = vec![what.clone()];
            for ((traffic, green_share), expected) in CELLS.into_iter().zip(delays(row)) {
                let green = (1.0, 0.0);
                let service = Service { traffic, green_share, blue, green, scatter, history: 60 };
                cell += 1;
                let [found] = cross(cell, |seed| {
                    let rollout = service.roll_out(seed, MINUTES);
                    [crossing(Direction::Safe, &history(&rollout), &rollout)]
                });
                let what = format!("safe, {what}, {traffic} a minute, {green_share}");
                report.expect(&what, expected, &found);
                line.push(delay(&found));
            }
            report.row(&line);
        }
    }
}
