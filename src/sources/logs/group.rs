//! The lines of tasks in a log group of CloudWatch.

use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;
use jiff::{SignedDuration, Timestamp};

use crate::domain::{Fault, FaultKind, LogLine, LogPage, LogQuestion};
use crate::sources::aws::Aws;
use crate::sources::error::fault;
use crate::sources::time::later;

use super::rows;

/// How far is looked back at first, until something is found: most of what matters is new.
const LOOKS: [SignedDuration; 3] =
    [SignedDuration::from_mins(1), SignedDuration::from_mins(15), SignedDuration::from_hours(3)];
/// How many lines are something.
const ENOUGH: usize = 50;
/// Lines reach a group out of order, and seconds late.
const LATE: SignedDuration = SignedDuration::from_secs(10);
/// How many pages one reading has at most; each is a megabyte or 10,000 lines.
const PAGES: usize = 4;

/// A log group, and what the names of its streams begin with.
pub(super) struct Group<'a> {
    pub(super) region: Option<&'a str>,
    pub(super) name: &'a str,
    pub(super) prefix: &'a str,
}

/// Which streams are asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Streams {
    /// Those of the tasks, by their names.
    OfTasks,
    /// All of the container; the tasks are chosen among their lines. One task that has not written
    /// anything has no stream yet, and a name without a stream refuses the whole question.
    OfContainer,
}

impl Group<'_> {
    /// The newest lines of the tasks.
    pub(super) async fn read(&self, aws: &Aws, question: &LogQuestion) -> Result<LogPage, Fault> {
        if let Some(since) = question.since {
            return self.from(aws, question, later(since, -LATE)).await;
        }
        let mut page = LogPage::default();
        for look in LOOKS {
            page = self.from(aws, question, later(aws.now(), -look)).await?;
            if page.lines.len() >= ENOUGH || page.left_out.is_some() {
                break;
            }
        }
        Ok(page)
    }

    async fn from(
        &self,
        aws: &Aws,
        question: &LogQuestion,
        from: Timestamp,
    ) -> Result<LogPage, Fault> {
        match self.pages(aws, question, from, Streams::OfTasks).await {
            Err(fault) if fault.kind == FaultKind::NotFound => {
                self.pages(aws, question, from, Streams::OfContainer).await
            }
            answer => answer,
        }
    }

    async fn pages(
        &self,
        aws: &Aws,
        question: &LogQuestion,
        from: Timestamp,
        streams: Streams,
    ) -> Result<LogPage, Fault> {
        let client = aws.logs(self.region);
        let names = || question.tasks.iter().map(|task| format!("{}{task}", self.prefix)).collect();
        let (mut lines, mut token) = (Vec::new(), None);
        for _ in 0..PAGES {
            let call = client.filter_log_events().log_group_name(self.name);
            let call = match streams {
                Streams::OfTasks => call.set_log_stream_names(Some(names())),
                Streams::OfContainer => call.log_stream_name_prefix(self.prefix),
            };
            let call = call.start_time(from.as_millisecond()).set_next_token(token);
            let answer = call.send().await;
            let answer = answer.map_err(|error| fault("logs:FilterLogEvents", &error))?;
            lines.extend(answer.events().iter().flat_map(|event| self.rows(event, question)));
            // A page may be empty and not be the last.
            token = answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
            if token.is_none() {
                break;
            }
        }
        let left_out = token.map(|_| "more is written than can be read: lines are missing".into());
        Ok(LogPage { lines, left_out })
    }

    /// The rows of an event of one of the tasks.
    fn rows(&self, event: &FilteredLogEvent, question: &LogQuestion) -> Vec<LogLine> {
        let task = event.log_stream_name().and_then(|name| name.strip_prefix(self.prefix));
        let task = task.filter(|task| question.tasks.iter().any(|known| known == task));
        let at = event.timestamp().and_then(|at| Timestamp::from_millisecond(at).ok());
        let (Some(task), Some(at)) = (task, at) else { return Vec::new() };
        let id = event.event_id().unwrap_or_default();
        rows::of((at, task, id), event.message().unwrap_or_default()).collect()
    }
}
