//! What tasks and pods have written to their logs: a line when a container listens, one for each
//! request that failed and one a minute for those that did not, and the last words of one that
//! crashed.
//!
//! The lines follow from the minutes that the metrics are made of, so that both tell the same story.
//! A minute's lines are there once it is over.

use jiff::{SignedDuration, Timestamp};
use rand::RngExt;

use super::World;
use super::argo::Pod;
use super::ecs::Task;
use super::keys::Pool;
use super::time::{after, before, minute_start};

/// How far back the lines are kept.
const KEPT: SignedDuration = SignedDuration::from_hours(3);

/// How long a line takes into the log group.
const INGESTION: SignedDuration = SignedDuration::from_millis(900);

/// Whose lines they are.
#[derive(Clone, Copy)]
struct Writer<'a> {
    id: &'a str,
    tag: &'a str,
    started: Timestamp,
    ended: Option<Timestamp>,
    /// How it, or the one before it, has ended, and when.
    last: Option<(Timestamp, i32)>,
}

/// A part of a stream of requests.
#[derive(Clone, Copy)]
struct Share {
    pool: Pool,
    place: u64,
    among: u64,
}

impl Share {
    /// The part of one among all that answer a stream; nothing when it does not.
    fn of<'a>(id: &str, all: impl Iterator<Item = &'a str>, pool: Pool) -> Option<Self> {
        let all: Vec<&str> = all.collect();
        let place = all.iter().position(|one| *one == id)?;
        Some(Self { pool, place: place as u64, among: all.len() as u64 })
    }

    fn part(self, count: u64) -> u64 {
        count / self.among + u64::from(self.place < count % self.among)
    }
}

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// When it was written.
    pub(crate) at: Timestamp,
    /// When it reached the log group.
    pub(crate) ingested: Timestamp,
    /// What it says.
    pub(crate) text: String,
}

impl World {
    /// The log group of the service's containers; none where no task writes one.
    pub(crate) fn log_group(&self) -> Option<String> {
        let place = &self.names.place;
        let ecs = !self.ecs.tasks.is_empty();
        ecs.then(|| format!("/ecs/{}/{}", place.cluster, place.service))
    }

    /// The log streams of the service, each with its task, oldest first.
    pub(crate) fn log_streams(&self) -> impl Iterator<Item = (String, &Task)> {
        let container = &self.names.place.service;
        let written = self.ecs.tasks.iter().filter(|task| task.started.is_some());
        written.map(move |task| (format!("ecs/{container}/{}", task.id), task))
    }

    /// The lines of a task from one moment up to, but not including, another, as far as they have
    /// arrived.
    pub(crate) fn lines(&self, task: &Task, span: (Timestamp, Timestamp)) -> Vec<Line> {
        let Some(started) = task.started else { return Vec::new() };
        let tag = self.ecs.set(task.set).and_then(|set| self.releases.get(set.release.0));
        let writer = Writer {
            id: &task.id,
            tag: tag.map_or("?", |release| release.tag.as_str()),
            started,
            ended: task.stopping.or(task.stopped),
            // What is written stays where it is: a container ends before its task is stopped.
            last: task.stopping.or(task.stopped).zip(task.exit_code),
        };
        let shares = |start, end| {
            let runs = |task: &&Task| {
                task.started.is_some_and(|at| at <= start)
                    && task.stopping.is_none_or(|at| at >= end)
            };
            let all = self.ecs.tasks.iter().filter(|one| one.set == task.set).filter(runs);
            let pool = self.ecs.set(task.set)?.pool;
            Share::of(&task.id, all.map(|one| one.id.as_str()), pool)
        };
        self.written(&writer, shares, span)
    }

    /// The lines of the container of a pod, which was started then, from one moment up to another. How
    /// the one before it has ended is told with it.
    pub(crate) fn pod_lines(
        &self,
        pod: &Pod,
        (started, last): (Timestamp, Option<(Timestamp, i32)>),
        span: (Timestamp, Timestamp),
    ) -> Vec<Line> {
        let writer = Writer {
            id: &pod.name,
            tag: self.argo.as_ref().and_then(|argo| argo.tag(pod)).unwrap_or("?"),
            started,
            ended: pod.gone,
            last,
        };
        let shares = |start, end| {
            let argo = self.argo.as_ref()?;
            let runs = |one: &&Pod| {
                one.ready.is_some_and(|at| at <= start) && one.gone.is_none_or(|at| at >= end)
            };
            let all = argo.pods.iter().filter(|one| one.hash == pod.hash).filter(runs);
            Share::of(&pod.name, all.map(|one| one.name.as_str()), argo.served(&pod.hash, start)?)
        };
        self.written(&writer, shares, span)
    }

    fn written(
        &self,
        writer: &Writer<'_>,
        shares: impl Fn(Timestamp, Timestamp) -> Option<Share>,
        (from, to): (Timestamp, Timestamp),
    ) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut say = |at: Timestamp, text: String| {
            let ingested = after(at, INGESTION);
            if (from..to).contains(&at) && ingested <= self.now {
                lines.push(Line { at, ingested, text });
            }
        };
        let Writer { id, tag, started, ended, last } = *writer;
        let (service, port) = (&self.names.place.service, self.names.place.port);
        say(started, format!("INFO {service} {tag} listens on port {port}"));
        let end = ended.unwrap_or(self.now).min(self.now);
        let first = from.max(started).max(before(self.now, KEPT));
        let mut minute = minute_start(first);
        while minute < end.min(to) {
            let over = after(minute, SignedDuration::from_mins(1));
            if over > self.now {
                break;
            }
            if let Some(share) = shares(minute, over) {
                for (at, text) in self.minute_lines(id, share, minute) {
                    say(at, text);
                }
            }
            minute = over;
        }
        if let Some((at, code)) = last {
            let last = match code {
                0 => "INFO asked to end: no request is open".to_owned(),
                code => format!("FATAL {service} {tag} ends with code {code}"),
            };
            say(before(at, SignedDuration::from_millis(400)), last);
        }
        lines.sort_by_key(|line| line.at);
        lines
    }

    /// What is written about a share of a minute's requests.
    fn minute_lines(&self, id: &str, own: Share, start: Timestamp) -> Vec<(Timestamp, String)> {
        let end = after(start, SignedDuration::from_mins(1));
        let minute = self.whole_minute(own.pool, start);
        let (requests, errors) = (own.part(minute.requests), own.part(minute.c5xx));
        let mut dice = self.seed.stream(&format!("log {id}"), start.as_second() as u64);
        let mut lines: Vec<(Timestamp, String)> = (0..errors)
            .map(|_| {
                let at = after(start, SignedDuration::from_millis(dice.random_range(0..60_000)));
                let took = dice.random_range(3..900);
                let order = dice.random_range(100_000..999_999);
                (
                    at,
                    format!("ERROR POST /orders/{order} 500 after {took} ms: no answer from stock"),
                )
            })
            .collect();
        if requests > 0 {
            let served = requests - errors.min(requests);
            let at = before(end, SignedDuration::from_millis(1));
            lines.push((at, format!("INFO {served} requests answered in the last minute")));
        }
        lines
    }
}
