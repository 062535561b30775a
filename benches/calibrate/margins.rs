//! Green exactly on a margin: the hardest case of each promise.

use cutover::stats::{Direction, Margin};

use crate::engine::{crossing, history};
use crate::generator::{HEAVY, INDEPENDENT, MILD, Scatter, Service};
use crate::report::{Report, percent};
use crate::runs::{CELLS, STRESS, cell_heads, cross};

const MINUTES: usize = 60;

pub(crate) fn table(report: &mut Report) {
    report.head(&cell_heads("truth on the margin, %"));
    let questions = [
        (Direction::Worse, Margin::IGNORE, "false \"worse\""),
        (Direction::Safe, Margin::ACCEPT, "false \"safe\""),
    ];
    let scatters = [
        ("independent", INDEPENDENT),
        ("mild", MILD),
        ("heavy", HEAVY),
        ("drifting sides", STRESS),
    ];
    let mut cell = 5000;
    for (direction, margin, mistake) in questions {
        for (name, scatter) in scatters {
            for (blue, rate) in [(0.001, "0.1 %"), (0.01, "1 %")] {
                let what = format!("{mistake}, {name}, {rate}");
                let shares = row(&mut cell, (direction, margin), blue, scatter);
                if name != "drifting sides" {
                    shares.iter().for_each(|share| report.at_most(&what, 0.05, *share));
                }
                let shares = shares.into_iter().map(percent);
                report.row(&std::iter::once(what).chain(shares).collect::<Vec<_>>());
            }
        }
    }
}

/// The share of the rollouts with the mistake, over the columns.
fn row(
    cell: &mut u64,
    (direction, margin): (Direction, Margin),
    blue: f64,
    scatter: Scatter,
) -> Vec<f64> {
    let green = (margin.ratio(), margin.plus());
    CELLS
        .into_iter()
        .map(|(traffic, green_share)| {
            let service = Service { traffic, green_share, blue, green, scatter, history: 60 };
            *cell += 1;
            let [crossings] = cross(*cell, |seed| {
                let rollout = service.roll_out(seed, MINUTES);
                [crossing(direction, &history(&rollout), &rollout)]
            });
            crossings.share()
        })
        .collect()
}
