//! Requests: who gets which share from when to when, and the metrics that follow from it.
//!
//! Shares are written down as they change; a minute is drawn from them only when it is over, from a
//! stream of its own, so that looking at it early, late or twice gives the same numbers.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rand::{Rng, RngExt};
use rand_distr::{Binomial, Distribution, Poisson, StandardNormal};

use super::keys::{Pool, ReleaseKey};
use super::latency::{LatencyBins, Shape};
use super::random::Seed;
use super::time::{after, minute_number, minute_start, seconds, seconds_between};
use crate::sim::scenario::{Release, Traffic as Rates};

/// One minute of one target group, as CloudWatch has it at some moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Minute {
    /// Requests for which a target was chosen; every one ends in one of the five counts below.
    pub requests: u64,
    /// Answers 2xx.
    pub c2xx: u64,
    /// Answers 3xx.
    pub c3xx: u64,
    /// Answers 4xx.
    pub c4xx: u64,
    /// Answers 5xx by targets.
    pub c5xx: u64,
    /// Requests whose connection to the target failed: the load balancer answered them 502.
    pub connection_errors: u64,
    /// Response times of the answered requests.
    pub latency: LatencyBins,
    /// Requests that found no target at all: the load balancer answered them 503.
    pub(crate) unserved: u64,
}

/// What becomes of requests to a target group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Reach {
    /// Targets answer all but this share, which goes to dead ones.
    Served { broken: f64 },
    /// There is no target.
    NoTargets,
}

/// What a target group gets from a moment on.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Segment {
    since: Timestamp,
    /// Share of all requests at `since`, and where it tends to.
    share: (f64, f64),
    release: ReleaseKey,
    first_traffic: Timestamp,
    reach: Reach,
    /// How long until 63 % of the clients have followed; absent: they follow at once.
    lag: Option<SignedDuration>,
}

impl Segment {
    /// Whether clients still have to follow the weight.
    fn is_settling(&self) -> bool {
        (self.share.0 - self.share.1).abs() > f64::EPSILON
    }

    fn share_at(&self, at: Timestamp) -> f64 {
        let (from, to) = self.share;
        to + (from - to) * self.unsettled(at)
    }

    /// The share of clients that have not yet followed the weight.
    fn unsettled(&self, at: Timestamp) -> f64 {
        self.lag.map_or(0.0, |lag| {
            (-seconds_between(self.since, at).max(0.0) / lag.as_secs_f64()).exp()
        })
    }

    fn average_share(&self, from: Timestamp, to: Timestamp) -> f64 {
        let (start, end) = self.share;
        let span = seconds_between(from, to);
        let lag = self.lag.map_or(0.0, |lag| lag.as_secs_f64());
        if !self.is_settling() || span <= 0.0 {
            return end;
        }
        let settled = self.unsettled(from) - self.unsettled(to);
        end + (start - end) * lag * settled / span
    }
}

/// The new state of a target group.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flow {
    /// Share of requests by weight, 0-1.
    pub(crate) share: f64,
    /// Who answers them.
    pub(crate) release: ReleaseKey,
    /// Whether they arrive.
    pub(crate) reach: Reach,
    /// How long until 63 % of the clients have followed; absent: they follow at once.
    pub(crate) lag: Option<SignedDuration>,
}

/// When the metrics of a minute appear.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Delivery {
    first: Timestamp,
    complete: Timestamp,
    /// The share of the requests that the first appearance counts.
    part: f64,
}

impl Delivery {
    /// What is visible at `now`: nothing, a part (0-1) or all of it.
    pub(crate) fn visible(self, now: Timestamp) -> Option<f64> {
        if now >= self.complete {
            Some(1.0)
        } else if now >= self.first {
            Some(self.part)
        } else {
            None
        }
    }
}

/// A minute that is over.
#[derive(Debug, Clone)]
pub(crate) struct Drawn {
    /// All of its metrics.
    pub(crate) minute: Arc<Minute>,
    /// When they appear.
    pub(crate) delivery: Delivery,
}

/// All requests of the world.
#[derive(Debug, Clone)]
pub(crate) struct Traffic {
    seed: Seed,
    rates: Rates,
    releases: Vec<Release>,
    segments: [Vec<Segment>; 2],
    /// From when on which share of all requests finds no target at either load balancer.
    lost: [Vec<(Timestamp, f64)>; 2],
    /// Minutes drawn before; only a memory, as drawing again gives the same.
    drawn: RefCell<HashMap<(Pool, Timestamp), Drawn>>,
}

impl Traffic {
    /// Everything goes to the first pool and the first release, for ever before the world begins.
    pub(crate) fn new(seed: Seed, rates: Rates, releases: Vec<Release>) -> Self {
        let all = Segment {
            since: Timestamp::MIN,
            share: (1.0, 1.0),
            release: ReleaseKey(0),
            first_traffic: Timestamp::MIN,
            reach: Reach::Served { broken: 0.0 },
            lag: None,
        };
        let none = Segment { share: (0.0, 0.0), ..all };
        let segments = [vec![all], vec![none]];
        let (lost, drawn) = (<[Vec<_>; 2]>::default(), RefCell::default());
        Self { seed, rates, releases, segments, lost, drawn }
    }

    /// Writes down which share of all requests finds no target at a load balancer from `now` on.
    pub(crate) fn note_lost(&mut self, now: Timestamp, balancer: usize, share: f64) {
        let Some(changes) = self.lost.get_mut(balancer) else { return };
        let last = changes.last().map_or(0.0, |(_, share)| *share);
        if (last - share).abs() > f64::EPSILON {
            changes.push((now, share));
        }
    }

    /// How many requests found no target at a load balancer in the minute that starts at `start`.
    pub(crate) fn lost(&self, balancer: usize, start: Timestamp) -> u64 {
        let end = after(start, SignedDuration::from_mins(1));
        let changes = self.lost.get(balancer).map_or(&[][..], Vec::as_slice);
        let spans = changes.iter().enumerate().map(|(index, (since, share))| {
            let until = changes.get(index + 1).map_or(end, |(next, _)| (*next).min(end));
            share * seconds_between((*since).max(start), until).max(0.0)
        });
        let seconds: f64 = spans.sum();
        if seconds <= 0.0 {
            return 0;
        }
        let index = minute_number(start) * 2 + balancer as u64;
        poisson(self.rate(start) * seconds, &mut self.seed.stream("lost", index))
    }

    /// Writes down what `pool` gets from `now` on.
    pub(crate) fn note(&mut self, now: Timestamp, pool: Pool, flow: Flow) {
        let Some(last) = self.segments[pool.index()].last().copied() else { return };
        let from = flow.lag.map_or(flow.share, |_| last.share_at(now));
        let fresh = last.release != flow.release || last.share.1 <= 0.0;
        let first_traffic = if fresh && flow.share > 0.0 { now } else { last.first_traffic };
        let unchanged =
            (last.share.1, last.release, last.reach) == (flow.share, flow.release, flow.reach);
        if !unchanged || (flow.lag.is_none() && last.is_settling()) {
            self.segments[pool.index()].push(Segment {
                since: now,
                share: (from, flow.share),
                release: flow.release,
                first_traffic,
                reach: flow.reach,
                lag: flow.lag,
            });
        }
    }

    /// The minute that starts at `start`, which must be over: its metrics and their delivery.
    pub(crate) fn minute(&self, pool: Pool, start: Timestamp) -> Drawn {
        const KEPT: usize = 4096;
        let key = (pool, start);
        if let Some(known) = self.drawn.borrow().get(&key) {
            return known.clone();
        }
        let minute = Arc::new(self.draw(pool, start));
        let fresh = Drawn { minute, delivery: self.delivery(pool, start) };
        let mut drawn = self.drawn.borrow_mut();
        if drawn.len() >= KEPT {
            drawn.clear();
        }
        drawn.insert(key, fresh.clone());
        fresh
    }

    /// Whether a release answers requests of `pool` at some time in a span.
    pub(crate) fn serves(
        &self,
        pool: Pool,
        release: ReleaseKey,
        (from, to): (Timestamp, Timestamp),
    ) -> bool {
        let segments = &self.segments[pool.index()];
        let first = segments.partition_point(|segment| segment.since <= from).saturating_sub(1);
        let mut within = segments.iter().skip(first).take_while(|segment| segment.since < to);
        within.any(|one| one.release == release && one.share.0 + one.share.1 > 0.0)
    }

    fn delivery(&self, pool: Pool, start: Timestamp) -> Delivery {
        const IN_ONE_PIECE: f64 = 0.7;
        let index = minute_number(start) * 2 + pool.index() as u64;
        let mut stream = self.seed.stream("delivery", index);
        let [earliest, latest] = self.rates.delivery.map(|span| span.as_secs_f64());
        let end = after(start, SignedDuration::from_mins(1));
        let first = earliest + (latest - earliest) * stream.random::<f64>();
        let last = first + (latest - first) * stream.random::<f64>();
        let in_pieces = stream.random::<f64>() > IN_ONE_PIECE;
        let complete = if in_pieces { last } else { first };
        Delivery {
            first: after(end, seconds(first)),
            complete: after(end, seconds(complete)),
            part: 0.4 + 0.55 * stream.random::<f64>(),
        }
    }

    /// The part that one of so many equal servers gets in a span of less than a minute.
    pub(crate) fn part(
        &self,
        pool: Pool,
        span: (Timestamp, Timestamp),
        (server, servers): (usize, usize),
    ) -> Minute {
        const MOST: u64 = 512;
        let place = pool.index() as u64 * MOST + (server as u64).min(MOST - 1);
        let index = (span.0.as_second().max(0) as u64) * MOST * 2 + place;
        let part = 1.0 / servers.max(1) as f64;
        self.draw_span(pool, span, part, &mut self.seed.stream("part", index))
    }

    fn draw(&self, pool: Pool, start: Timestamp) -> Minute {
        let end = after(start, SignedDuration::from_mins(1));
        let index = minute_number(start) * 2 + pool.index() as u64;
        self.draw_span(pool, (start, end), 1.0, &mut self.seed.stream("minute", index))
    }

    fn draw_span(
        &self,
        pool: Pool,
        (start, end): (Timestamp, Timestamp),
        part: f64,
        stream: &mut impl Rng,
    ) -> Minute {
        let rate = self.rate(minute_start(start)) * part;
        let segments = &self.segments[pool.index()];
        let first = segments.partition_point(|segment| segment.since <= start).saturating_sub(1);
        let mut minute = Minute::default();
        for (position, segment) in segments.iter().enumerate().skip(first) {
            if segment.since >= end {
                break;
            }
            let from = segment.since.max(start);
            let to = segments.get(position + 1).map_or(end, |next| next.since.min(end));
            let requests = rate * seconds_between(from, to) * segment.average_share(from, to);
            if requests > 0.0 {
                self.draw_part(&mut minute, segment, (from, requests), stream);
            }
        }
        minute
    }

    fn draw_part(
        &self,
        minute: &mut Minute,
        segment: &Segment,
        (at, requests): (Timestamp, f64),
        stream: &mut impl Rng,
    ) {
        let broken = match segment.reach {
            Reach::NoTargets => {
                minute.unserved += poisson(requests, stream);
                return;
            }
            Reach::Served { broken } => broken,
        };
        let Some(release) = self.releases.get(segment.release.0) else { return };
        let age = seconds_between(segment.first_traffic, at);
        let (excess, slowdown) = excess(release, age);
        let shape =
            Shape::new(release.p50_ms / 1000.0 * slowdown, release.p99_ms / 1000.0 * slowdown);
        let before = minute.latency.count();
        minute.latency.draw(requests * (1.0 - broken), shape, stream);
        let answered = minute.latency.count() - before;
        let failed = binomial(answered, release.error_rate + excess, stream);
        let rest = answered - failed;
        let refused = binomial(rest, release.client_error_rate, stream);
        let moved = binomial(rest - refused, release.redirect_rate, stream);
        let unconnected = poisson(requests * broken, stream);
        minute.c5xx += failed;
        minute.c4xx += refused;
        minute.c3xx += moved;
        minute.c2xx += rest - refused - moved;
        minute.connection_errors += unconnected;
        minute.requests += answered + unconnected;
    }

    /// Requests per second of the whole load balancer in a minute.
    fn rate(&self, minute: Timestamp) -> f64 {
        const DAY: f64 = 86_400.0;
        const PEAK: f64 = 18.0 / 24.0;
        let day = (minute.as_second() as f64 / DAY - PEAK).fract();
        let wave = self.rates.wave * (std::f64::consts::TAU * day).cos();
        let stray: f64 =
            StandardNormal.sample(&mut self.seed.stream("rate", minute_number(minute)));
        self.rates.requests_per_second * (1.0 + wave) * (1.0 + self.rates.jitter * stray).max(0.0)
    }
}

impl Minute {
    /// Adds the requests of `other`.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.c2xx += other.c2xx;
        self.c3xx += other.c3xx;
        self.c4xx += other.c4xx;
        self.c5xx += other.c5xx;
        self.connection_errors += other.connection_errors;
        self.latency.merge(&other.latency);
        self.unserved += other.unserved;
    }

    /// The same minute with only the share `part` of its requests counted yet.
    pub(crate) fn thinned(&self, part: f64) -> Self {
        let thin = |count: u64| (count as f64 * part).floor() as u64;
        let latency = self.latency.thinned(part);
        let (c3xx, c4xx, c5xx) = (thin(self.c3xx), thin(self.c4xx), thin(self.c5xx));
        // Rounding down bin by bin may leave fewer answers than the classes together.
        let answered = latency.count().max(c3xx + c4xx + c5xx);
        let connection_errors = thin(self.connection_errors);
        Self {
            requests: answered + connection_errors,
            c2xx: answered - c3xx - c4xx - c5xx,
            c3xx,
            c4xx,
            c5xx,
            connection_errors,
            latency,
            unserved: thin(self.unserved),
        }
    }
}

/// The additional share of 5xx and the factor on response times of a cold release.
fn excess(release: &Release, age: f64) -> (f64, f64) {
    release.cold_start.map_or((0.0, 1.0), |cold| {
        let left = 0.5_f64.powf(age.max(0.0) / cold.half_life.as_secs_f64());
        (cold.error_rate * left, 1.0 + (cold.slowdown - 1.0) * left)
    })
}

fn binomial(count: u64, share: f64, stream: &mut impl Rng) -> u64 {
    Binomial::new(count, share.clamp(0.0, 1.0)).map_or(0, |draw| draw.sample(stream))
}

fn poisson(mean: f64, stream: &mut impl Rng) -> u64 {
    Poisson::new(mean).map_or(0, |draw: Poisson<f64>| draw.sample(stream) as u64)
}
