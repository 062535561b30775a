//! What the tasks of a service have written to their logs: a line when a container listens, one for
//! each request that failed and one a minute for those that did not, and the last words of one that
//! crashed.
//!
//! The lines follow from the minutes that the metrics are made of, so that both tell the same story.
//! A minute's lines are there once it is over.

use jiff::{SignedDuration, Timestamp};
use rand::RngExt;

use super::World;
use super::ecs::Task;
use super::time::{after, before, minute_start};

/// How far back the lines are kept.
const KEPT: SignedDuration = SignedDuration::from_hours(3);

/// How long a line takes into the log group.
const INGESTION: SignedDuration = SignedDuration::from_millis(900);

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
    pub(crate) fn lines(&self, task: &Task, (from, to): (Timestamp, Timestamp)) -> Vec<Line> {
        let Some(started) = task.started else { return Vec::new() };
        let mut lines = Vec::new();
        let mut say = |at: Timestamp, text: String| {
            let ingested = after(at, INGESTION);
            if (from..to).contains(&at) && ingested <= self.now {
                lines.push(Line { at, ingested, text });
            }
        };
        let tag = self.ecs.set(task.set).and_then(|set| self.releases.get(set.release.0));
        let tag = tag.map_or("?", |release| release.tag.as_str());
        let (service, port) = (&self.names.place.service, self.names.place.port);
        say(started, format!("INFO {service} {tag} listens on port {port}"));
        let end = task.stopping.or(task.stopped).unwrap_or(self.now).min(self.now);
        let first = from.max(started).max(before(self.now, KEPT));
        let mut minute = minute_start(first);
        while minute < end.min(to) {
            let over = after(minute, SignedDuration::from_mins(1));
            if over > self.now {
                break;
            }
            for (at, text) in self.minute_lines(task, minute) {
                say(at, text);
            }
            minute = over;
        }
        if let (Some(at), Some(code)) = (task.stopped.or(task.stopping), task.exit_code) {
            let last = match code {
                0 => "INFO asked to end: no request is open".to_owned(),
                code => format!("FATAL {service} {tag} ends with code {code}"),
            };
            say(before(at, SignedDuration::from_millis(400)), last);
        }
        lines.sort_by_key(|line| line.at);
        lines
    }

    /// What a task writes about its share of a minute's requests.
    fn minute_lines(&self, task: &Task, start: Timestamp) -> Vec<(Timestamp, String)> {
        let end = after(start, SignedDuration::from_mins(1));
        let Some(set) = self.ecs.set(task.set) else { return Vec::new() };
        let runs = |task: &&Task| {
            task.started.is_some_and(|at| at <= start) && task.stopping.is_none_or(|at| at >= end)
        };
        let tasks: Vec<&Task> =
            self.ecs.tasks.iter().filter(|one| one.set == task.set).filter(runs).collect();
        let Some(place) = tasks.iter().position(|one| one.id == task.id) else {
            return Vec::new();
        };
        let minute = self.whole_minute(set.pool, start);
        let share = |count: u64| {
            let (each, rest) = (count / tasks.len() as u64, count % tasks.len() as u64);
            each + u64::from((place as u64) < rest)
        };
        let (requests, errors) = (share(minute.requests), share(minute.c5xx));
        let mut dice = self.seed.stream(&format!("log {}", task.id), start.as_second() as u64);
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
