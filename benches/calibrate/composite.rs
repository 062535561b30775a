//! The whole verdict, as it is shown: errors and three latencies, the warm-up, every minute.

use cutover::stats::{
    Assessment, Bucket, BucketLength, Config, Counts, Judge, MetricSpec, Quantile, Sample, Sides,
    Tally, Verdict,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::acceptance::{Crossings, Expected};
use crate::engine::counts;
use crate::generator::{self, Errors, Measured, Service, Traffic, is_lost};
use crate::percentiles::{self, Change, Latencies, Side};
use crate::reference::{COMPOSITE, delays};
use crate::report::{Report, delay, percent};
use crate::runs::{CELLS, cell_name, cross};

/// A rollout of everything that is judged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Story {
    /// The traffic and the errors.
    pub(crate) service: Service,
    /// How latency scatters.
    pub(crate) latency: percentiles::Scatter,
    /// How green's latency differs.
    pub(crate) change: Change,
    /// For how long it is looked at.
    pub(crate) minutes: usize,
}

/// What one side measured in one minute.
type Both = (Measured, Option<Side>);

pub(crate) fn table(report: &mut Report) {
    report.head(&[
        "scatter",
        "requests a minute, green",
        "no difference: false \"worse\", %",
        "no difference: no worse",
        "errors 0.1 % to 0.5 %",
        "all requests 50 % slower",
        "2 % of them five times",
        "\"no worse\" of these three, %",
    ]);
    let scatters = [
        ("independent", generator::INDEPENDENT, percentiles::INDEPENDENT),
        ("mild", generator::MILD, percentiles::MILD),
        ("heavy", generator::HEAVY, percentiles::HEAVY),
    ];
    for (kind, ((name, scatter, latency), expected)) in
        (0_u64..).zip(scatters.into_iter().zip(COMPOSITE))
    {
        for (column, (column_cell, (false_alarms, row))) in
            (0_u64..).zip(CELLS.into_iter().skip(2).zip(expected))
        {
            let (traffic, green_share) = column_cell;
            let story = |times, change| {
                let green = (times, 0.0);
                let service =
                    Service { traffic, green_share, blue: 0.001, green, scatter, history: 60 };
                Story { service, latency, change, minutes: 60 }
            };
            let cell = 10_000 + 100 * kind + 10 * column;
            let what = format!("composite, {name}, {}", cell_name(column_cell));
            let expected = (Expected::FalseAlarms(false_alarms / 100.0), delays(row));
            let mut line = vec![name.to_owned(), cell_name(column_cell)];
            line.extend(judged(report, (cell, &what), story, expected));
            report.row(&line);
        }
    }
}

/// The cells of a row after its name.
fn judged(
    report: &mut Report,
    (cell, what): (u64, &str),
    story: impl Fn(f64, Change) -> Story,
    (false_alarms, expected): (Expected, Vec<Expected>),
) -> Vec<String> {
    let changes = [
        (1.0, Change::NONE),
        (5.0, Change::NONE),
        (1.0, Change { times: 1.5, ..Change::NONE }),
        (1.0, Change { tail: 0.02, ..Change::NONE }),
    ];
    let [same, errors, slower, tail] =
        changes.map(|(times, change)| verdicts(cell, &story(times, change)));
    report.expect(what, false_alarms, &same[0]);
    let found = [&same[1], &errors[0], &slower[0], &tail[0]];
    for (found, expected) in found.into_iter().zip(expected) {
        report.expect(what, expected, found);
    }
    let wrong = [&errors[1], &slower[1], &tail[1]].map(Crossings::share);
    for wrong in wrong {
        report.at_most(&format!("{what}, wrongly no worse"), 0.05, wrong);
    }
    let mut line = vec![percent(same[0].share())];
    line.extend(found.map(delay));
    line.push(wrong.map(percent).join(" / "));
    line
}

/// When green was called worse, and when no worse.
pub(crate) fn verdicts(cell: u64, story: &Story) -> [Crossings; 2] {
    cross(cell, |seed| {
        let (mut worse, mut no_worse) = (None, None);
        let mut minute = 0;
        story.judge(seed, |assessment| {
            minute += 1;
            match assessment.verdict {
                Verdict::Worse => worse = worse.or(Some(minute)),
                Verdict::NoWorse | Verdict::Better => no_worse = no_worse.or(Some(minute)),
                Verdict::Undecided | Verdict::NoData | Verdict::CannotCompareSideBySide => {}
            }
            worse.is_some()
        });
        [worse, no_worse]
    })
}

impl Story {
    /// The rollout number `seed`; ends when `done` with what is known after a minute.
    fn judge(&self, seed: u64, mut done: impl FnMut(&Assessment) -> bool) {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let traffic = Traffic::new(rng, self.service.traffic);
        let mut errors = Errors::new(rng, &self.service);
        let mut latencies = Latencies::new(rng, self.latency, self.change);
        let mut minute = |rng: &mut ChaCha8Rng, minute: usize, share: f64| -> (Both, Both) {
            let requests = traffic.minute(rng, minute, share);
            let (blue, green) = errors.minute(rng, requests);
            let (blue_times, green_times) = latencies.minute(rng, requests);
            ((blue, blue_times), (green, green_times))
        };
        let history: Vec<Both> =
            (0..self.service.history).map(|number| minute(rng, number, 0.0).0).collect();
        let mut judge = new_judge(&history);
        for number in self.service.history..self.service.history + self.minutes {
            let (blue, green) = minute(rng, number, self.service.green_share);
            let blue = if is_lost(rng) { (None, None) } else { blue };
            let green = if is_lost(rng) { (None, None) } else { green };
            if done(&judge.push(&bucket(&blue, &green))) {
                break;
            }
        }
    }
}

fn new_judge(history: &[Both]) -> Judge {
    let config = Config::default();
    let errors = history.iter().map(|blue| counts(blue.0)).collect();
    let mut specs = vec![MetricSpec::errors(&config, errors)];
    for (level, quantile) in Quantile::ALL.into_iter().enumerate() {
        let slower = |side: &Side| Counts::new(side.slower[0][level], side.requests);
        let history = history.iter().map(|blue| blue.1.as_ref().and_then(slower)).collect();
        specs.push(MetricSpec::slower(&config, quantile, history));
    }
    Judge::new(&config, BucketLength::MINUTE, specs)
}

fn bucket(blue: &Both, green: &Both) -> Bucket {
    let errors = |side: &Both| side.0.and_then(|(bad, requests)| Tally::errors(bad, requests));
    let mut samples = vec![Sample::Counts(Sides { blue: errors(blue), green: errors(green) })];
    for level in 0..Quantile::ALL.len() {
        let slower = |side: &Both| {
            let side = side.1.as_ref()?;
            Tally::slower(side.slower.map(|above| above[level]), side.requests)
        };
        samples.push(Sample::Counts(Sides { blue: slower(blue), green: slower(green) }));
    }
    Bucket { planned: None, samples }
}
