//! A green that is worse: how long each method takes to say so.

use cutover::stats::Direction;

use crate::acceptance::{Crossings, Expected, ROWS, Row};
use crate::engine::{crossing, history};
use crate::generator::{HEAVY, INDEPENDENT, MILD, Service};
use crate::reference::{DELAYS, delays};
use crate::report::{Report, delay};
use crate::rules;
use crate::runs::{CELLS, cell_heads, cross, play};

const MINUTES: usize = 60;
/// Rollouts of a row of the acceptance.
const ACCEPTANCE_RUNS: u64 = 4000;

/// The acceptance: a few cells with their bars.
pub(crate) fn acceptance(report: &mut Report) {
    report.head(&["question", "requests a minute, green", "blue", "green", "found", "reference"]);
    for (cell, row) in (100..).zip(&ROWS) {
        let Row { safe, service, minutes, expected } = *row;
        let direction = if safe { Direction::Safe } else { Direction::Worse };
        let crossings = Crossings::new(play(cell, ACCEPTANCE_RUNS, |seed| {
            let rollout = service.roll_out(seed, minutes);
            crossing(direction, &history(&rollout), &rollout)
        }));
        report.demand(&format!("acceptance row {}", cell - 99), expected, &crossings);
        let scatter = match service.scatter {
            scatter if scatter == INDEPENDENT => "independent",
            scatter if scatter == MILD => "mild",
            _ => "heavy",
        };
        let (found, expected) = match expected {
            Expected::FalseAlarms(share) => {
                let percent = |share| format!("{:.2} %", 100.0 * share);
                (percent(crossings.share()), percent(share))
            }
            Expected::Delay { share, median, p90 } => {
                let minutes = |q: Option<f64>| q.map_or_else(|| "-".to_owned(), |q| format!("{q}"));
                let expected =
                    format!("{} / {} / {:.0} %", minutes(median), minutes(p90), 100.0 * share);
                (delay(&crossings), expected)
            }
        };
        report.row(&[
            if safe { "safe?" } else { "worse?" }.to_owned(),
            format!("{}, {} %, {scatter}", service.traffic, 100.0 * service.green_share),
            format!("{} %", 100.0 * service.blue),
            format!("{:.1} %", 100.0 * service.blue * service.green.0),
            found,
            expected,
        ]);
    }
}

/// Four effects in every cell, beside the rules.
pub(crate) fn table(report: &mut Report) {
    for (effect, (blue, times, rows)) in (0..).zip(DELAYS) {
        let name = format!("{} % to {:.1} %", 100.0 * blue, 100.0 * blue * times);
        report
            .say(&format!("**{name}**: minutes until half / nine in ten / share within the hour"));
        report.head(&cell_heads(&name));
        let mut rules = Vec::new();
        let scatters = [("independent", INDEPENDENT), ("mild", MILD), ("heavy", HEAVY)];
        for (kind, ((scatter_name, scatter), row)) in (0..).zip(scatters.into_iter().zip(rows)) {
            let mut line = vec![format!("**the verdict**, {scatter_name}")];
            for (column, ((traffic, green_share), expected)) in
                (0..).zip(CELLS.into_iter().zip(delays(row)))
            {
                let green = (times, 0.0);
                let service = Service { traffic, green_share, blue, green, scatter, history: 60 };
                let found = methods(2000 + 100 * effect + 10 * kind + column, service);
                let what = format!("{name}, {scatter_name}, {traffic} a minute, {green_share}");
                report.expect(&what, expected, &found[0]);
                line.push(delay(&found[0]));
                if scatter == MILD {
                    rules.push(found);
                }
            }
            report.row(&line);
        }
        for (rule, name) in (1..).zip(rules::NAMES) {
            let cells = rules.iter().map(|cell| delay(&cell[rule]));
            let first = format!("{name}, mild");
            report.row(&std::iter::once(first).chain(cells).collect::<Vec<_>>());
        }
    }
}

/// The verdict and the rules.
fn methods(cell: u64, service: Service) -> [Crossings; 5] {
    // The rules are compared on mild scatter alone.
    let with_rules = service.scatter == MILD;
    cross(cell, |seed| {
        let rollout = service.roll_out(seed, MINUTES);
        let verdict = crossing(Direction::Worse, &history(&rollout), &rollout);
        let rules = if with_rules { rules::all(&rollout.minutes) } else { [None; 4] };
        [verdict, rules[0], rules[1], rules[2], rules[3]]
    })
}
