//! All traffic on green at once: green against what blue was in the two hours before.

use cutover::stats::{Direction, Margin};

use crate::acceptance::{Crossings, Expected};
use crate::engine::crossing_before_after;
use crate::generator::{HEAVY, MILD, Scatter, Service};
use crate::reference::{ALL_AT_ONCE, delays};
use crate::report::{Report, delay, percent};
use crate::rules::z_test_against;
use crate::runs::cross;

const MINUTES: usize = 60;
const HEAD: [&str; 10] = [
    "drift in ten minutes",
    "errors",
    "blue",
    "requests a minute",
    "false \"worse\", %",
    "z-test, %",
    "false \"safe\" on the margin, %",
    "safe without a difference",
    "twice the errors",
    "five times",
];

pub(crate) fn table(report: &mut Report) {
    report.head(&HEAD);
    for (row, ((drift, scatter, blue, traffic), false_alarms, row_delays)) in
        (0_u64..).zip(ALL_AT_ONCE)
    {
        let play = |case: u64, green| {
            let scatter = Scatter { common: drift, ..scatter };
            let service = Service { traffic, green_share: 1.0, blue, green, scatter, history: 120 };
            methods(9000 + 10 * row + case, &service)
        };
        let [same_worse, same_z, same_safe] = play(0, (1.0, 0.0));
        let [twice, ..] = play(1, (2.0, 0.0));
        let [five_times, ..] = play(2, (5.0, 0.0));
        let [_, _, on_margin] = play(3, (Margin::ACCEPT.ratio(), Margin::ACCEPT.plus()));

        let name = match scatter {
            scatter if scatter == MILD => "mild",
            scatter if scatter == HEAVY => "heavy",
            _ => "independent",
        };
        let what = format!("all at once, drift {drift}, {name}, {blue}, {traffic} a minute");
        report.expect(&what, Expected::FalseAlarms(false_alarms / 100.0), &same_worse);
        report.at_most(&format!("{what}, safe on the margin"), 0.05, on_margin.share());
        for (expected, found) in
            delays(row_delays).into_iter().zip([&same_safe, &twice, &five_times])
        {
            report.expect(&what, expected, found);
        }
        report.row(&[
            format!("{} %", 100.0 * drift),
            name.to_owned(),
            format!("{} %", 100.0 * blue),
            traffic.to_string(),
            percent(same_worse.share()),
            percent(same_z.share()),
            percent(on_margin.share()),
            delay(&same_safe),
            delay(&twice),
            delay(&five_times),
        ]);
    }
}

/// Worse, the z-test, safe.
fn methods(cell: u64, service: &Service) -> [Crossings; 3] {
    cross(cell, |seed| {
        let rollout = service.roll_out(seed, MINUTES);
        [
            crossing_before_after(Direction::Worse, &rollout),
            z_test_against(&rollout.history, &rollout.minutes),
            crossing_before_after(Direction::Safe, &rollout),
        ]
    })
}
