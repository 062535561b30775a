//! Made-up response times: percentiles and counts above edges, all from the same requests.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Beta, Distribution};
use statrs::distribution::{ContinuousCDF, Normal};

use crate::generator::{Traffic, Wander, binomial, is_lost, normal};

/// What is measured: the 50th, 90th and 99th percentile.
const LEVELS: [f64; 3] = [0.5, 0.9, 0.99];
/// What is counted above: blue's percentile, 5 % and 25 % more.
const TIMES: [f64; 3] = [1.0, 1.05, 1.25];
/// Minutes of blue alone before the rollout.
const HISTORY: usize = 60;
/// How many times slower the requests of a tail are.
const TAIL_TIMES: f64 = 5.0;

/// How response times scatter: standard deviations on the logarithm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scatter {
    /// Of the requests of one minute; their median is 1 in the long run.
    pub(crate) requests: f64,
    /// Of the level that both sides share.
    pub(crate) common: f64,
    /// Of each side's minutes.
    pub(crate) minutes: f64,
    /// Of a level that each side has for itself, for ten minutes.
    pub(crate) own: f64,
}

pub(crate) const INDEPENDENT: Scatter =
    Scatter { requests: 0.6, common: 0.05, minutes: 0.0, own: 0.0 };
pub(crate) const MILD: Scatter = Scatter { requests: 0.6, common: 0.10, minutes: 0.03, own: 0.0 };
pub(crate) const HEAVY: Scatter = Scatter { requests: 0.6, common: 0.15, minutes: 0.06, own: 0.0 };
pub(crate) const STRESS: Scatter =
    Scatter { requests: 0.6, common: 0.10, minutes: 0.03, own: 0.04 };

/// How green differs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Change {
    /// How many times slower all requests are.
    pub(crate) times: f64,
    /// The share of requests that are five times slower.
    pub(crate) tail: f64,
}

impl Change {
    pub(crate) const NONE: Change = Change { times: 1.0, tail: 0.0 };
}

/// One side in one minute.
#[derive(Debug, Clone)]
pub(crate) struct Side {
    pub(crate) requests: f64,
    /// The 50th, 90th and 99th percentile.
    pub(crate) percentiles: [f64; 3],
    /// Requests slower than blue's usual three percentiles; than 5 % more; than 25 % more.
    pub(crate) slower: [[f64; 3]; 3],
}

/// Blue and green.
pub(crate) type Minute = (Option<Side>, Option<Side>);

/// Blue before the rollout, and both sides during it.
pub(crate) struct Rollout {
    pub(crate) history: Vec<Option<Side>>,
    pub(crate) minutes: Vec<Minute>,
}

/// The sides as they wander.
pub(crate) struct Latencies {
    scatter: Scatter,
    change: Change,
    common: Wander,
    own: [Wander; 2],
    edges: Vec<Edge>,
}

/// A time that requests are counted above.
#[derive(Debug, Clone, Copy)]
struct Edge {
    time: f64,
    /// Positions in [`TIMES`] and in [`LEVELS`].
    strictness: usize,
    level: usize,
}

impl Rollout {
    /// The rollout number `seed` with so many requests a minute, of which green gets a share.
    pub(crate) fn new(
        seed: u64,
        (requests, share): (f64, f64),
        scatter: Scatter,
        change: Change,
        minutes: usize,
    ) -> Self {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let traffic = Traffic::new(rng, requests);
        let mut latencies = Latencies::new(rng, scatter, change);
        let mut rollout = Self { history: Vec::new(), minutes: Vec::new() };
        for minute in 0..HISTORY + minutes {
            let share = if minute < HISTORY { 0.0 } else { share };
            let requests = traffic.minute(rng, minute, share);
            let (blue, green) = latencies.minute(rng, requests);
            if minute < HISTORY {
                rollout.history.push(blue);
            } else {
                let sides = (blue.filter(|_| !is_lost(rng)), green.filter(|_| !is_lost(rng)));
                rollout.minutes.push(sides);
            }
        }
        rollout
    }
}

impl Latencies {
    pub(crate) fn new(rng: &mut ChaCha8Rng, scatter: Scatter, change: Change) -> Self {
        let common = Wander::new(rng, scatter.common, 0.9);
        let own = [Wander::new(rng, scatter.own, 0.8), Wander::new(rng, scatter.own, 0.8)];
        Self { scatter, change, common, own, edges: edges(scatter.requests) }
    }

    /// What both sides measure with so many requests.
    pub(crate) fn minute(&mut self, rng: &mut ChaCha8Rng, (blue, green): (f64, f64)) -> Minute {
        let common = self.common.next(rng);
        let mut level =
            |own: &mut Wander| common + own.next(rng) + self.scatter.minutes * normal(rng);
        let [own_blue, own_green] = &mut self.own;
        let (blue_level, green_level) = (level(own_blue), level(own_green));
        let spread = self.scatter.requests;
        let blue_shape = Shape { level: blue_level, spread, tail: 0.0 };
        let green_level = green_level + self.change.times.ln();
        let green_shape = Shape { level: green_level, spread, tail: self.change.tail };
        (blue_shape.draw(rng, blue, &self.edges), green_shape.draw(rng, green, &self.edges))
    }
}

/// The response times of one side in one minute: log-normal, with a part that is slower.
struct Shape {
    level: f64,
    spread: f64,
    tail: f64,
}

impl Shape {
    /// The share of requests that take at most `time`.
    fn within(&self, time: f64) -> f64 {
        let body = |log: f64| unit().cdf((log - self.level) / self.spread);
        let all = body(time.ln());
        if self.tail <= 0.0 {
            return all;
        }
        (1.0 - self.tail) * all + self.tail * body((time / TAIL_TIMES).ln())
    }

    /// The time that the share `within` of the requests does not exceed.
    fn time(&self, within: f64) -> f64 {
        let body = (self.level + self.spread * unit().inverse_cdf(within)).exp();
        if self.tail <= 0.0 {
            return body;
        }
        let (mut low, mut high) = (body, body * TAIL_TIMES);
        for _ in 0..30 {
            let middle = f64::midpoint(low, high);
            if self.within(middle) < within { low = middle } else { high = middle }
        }
        high
    }

    /// Draws the percentiles as order statistics, then where the other requests are among them.
    fn draw(&self, rng: &mut ChaCha8Rng, requests: f64, edges: &[Edge]) -> Option<Side> {
        if requests < 1.0 {
            return None;
        }
        let mut known = vec![Rank { number: 0.0, within: 0.0 }];
        let mut percentiles = [0.0; 3];
        for (percentile, level) in percentiles.iter_mut().zip(LEVELS) {
            let rank =
                Rank::after(rng, known[known.len() - 1], requests, (level * requests).ceil());
            *percentile = self.time(rank.within);
            known.push(rank);
        }
        known.push(Rank { number: requests + 1.0, within: 1.0 });

        let mut slower = [[0.0; 3]; 3];
        let mut walk = Walk { known: &known, at: known[0] };
        for Edge { time, strictness, level } in edges {
            slower[*strictness][*level] = requests - walk.below(rng, self.within(*time));
        }
        Some(Side { requests, percentiles, slower })
    }
}

/// The `number`-th fastest request, and the share of all possible ones that are as fast.
#[derive(Debug, Clone, Copy)]
struct Rank {
    number: f64,
    within: f64,
}

impl Rank {
    /// The one with this number of `requests`, when a faster one is known.
    fn after(rng: &mut ChaCha8Rng, faster: Rank, requests: f64, number: f64) -> Self {
        if number <= faster.number {
            return faster;
        }
        let (before, behind) = (number - faster.number, requests - number + 1.0);
        let part: f64 = Beta::new(before, behind).unwrap().sample(rng);
        Self { number, within: faster.within + (1.0 - faster.within) * part }
    }
}

/// A walk over the requests from the fastest, as far as they are needed.
struct Walk<'a> {
    known: &'a [Rank],
    at: Rank,
}

impl Walk<'_> {
    /// How many requests are below the share `within`, which never falls from call to call.
    fn below(&mut self, rng: &mut ChaCha8Rng, within: f64) -> f64 {
        let passed = self.known.iter().rev().find(|rank| rank.within <= within);
        if let Some(passed) = passed.filter(|passed| passed.number > self.at.number) {
            self.at = *passed;
        }
        let Some(next) = self.known.iter().find(|rank| rank.within > within) else {
            return self.at.number;
        };
        let open = (next.number - 1.0 - self.at.number).max(0.0);
        let part = ((within - self.at.within) / (next.within - self.at.within)).clamp(0.0, 1.0);
        self.at = Rank { number: self.at.number + binomial(rng, open, part), within };
        self.at.number
    }
}

/// All edges, from the fastest: blue's percentiles in the long run, and more.
fn edges(spread: f64) -> Vec<Edge> {
    let mut edges = Vec::with_capacity(TIMES.len() * LEVELS.len());
    for (strictness, times) in TIMES.into_iter().enumerate() {
        for (level, share) in LEVELS.into_iter().enumerate() {
            let usual = (spread * unit().inverse_cdf(share)).exp();
            edges.push(Edge { time: usual * times, strictness, level });
        }
    }
    edges.sort_by(|a, b| a.time.total_cmp(&b.time));
    edges
}

fn unit() -> Normal {
    Normal::standard()
}
