//! What CloudWatch measured on both sides, minute by minute; in a cluster it is
//! [`prometheus`].
//!
//! | module | what |
//! |---|---|
//! | `measured` | what is measured, as CloudWatch names it |
//! | `span` | from when to when, and which minutes may still change |
//! | `query` | which series there are and how each is asked for |
//! | `kept` | what was answered so far, and from where on it has to be asked again |
//! | `owners` | whose each minute is, where Services are counted that lead to one version after another |
//! | `latency` | the latencies that requests are counted above, and whether they can be |
//! | `translate` | what is kept → [`Metrics`], pure |

mod kept;
mod latency;
mod measured;
mod owners;
pub(crate) mod prometheus;
mod query;
mod span;
mod translate;

use std::borrow::Cow;
use std::collections::BTreeMap;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::ScanBy;
use jiff::{SignedDuration, Timestamp};

use crate::domain::{Fault, FaultKind, Metrics};
use crate::stats::{Config, CustomMetric};

use super::aws::Aws;
use super::error::fault;
use super::time::{earlier, sdk_time};
use kept::{Answer, Kept};
use latency::{Counting, Margins};
pub(crate) use measured::Measured;
pub(crate) use owners::{Owners, Tenures, Version};
use query::Query;
pub(crate) use span::Span;

const OPERATION: &str = "cloudwatch:GetMetricData";
/// Pages of one answer; more is a server that repeats itself.
const PAGES: usize = 20;
/// How far back numbers of high resolution are asked for.
const NEWEST: SignedDuration = SignedDuration::from_mins(5);

/// What is measured: another one begins from nothing.
#[derive(Debug, Clone, PartialEq)]
struct Subject {
    measured: Measured,
    /// When the rollout began; what blue did before is its history.
    began: Option<Timestamp>,
    margins: Margins,
    /// What a person added, by name.
    custom: BTreeMap<String, CustomMetric>,
}

/// Reads the metrics of a rollout again and again, and asks only for what is new: the minutes that
/// may still change and those that are missing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meter {
    subject: Option<Subject>,
    kept: Kept,
    counting: Counting,
    /// Why what a person added was refused, if it was.
    refused: Option<Fault>,
}

impl Meter {
    /// The metrics of what is `measured` over `span`, measured for what `config` judges, and the meter with
    /// what it learnt: also when the reading failed, a part of it may be there.
    pub(crate) async fn read(
        self,
        aws: &Aws,
        measured: Measured,
        span: Span,
        config: &Config,
    ) -> (Result<Metrics, Fault>, Self) {
        self.read_by(aws, (measured, None), span, config).await
    }

    /// The same, where the places are not the sides: each minute is given to whom it belongs.
    pub(crate) async fn read_by(
        mut self,
        aws: &Aws,
        (measured, owners): (Measured, Option<&Owners>),
        span: Span,
        config: &Config,
    ) -> (Result<Metrics, Fault>, Self) {
        let (margins, custom) = (Margins::of(config), config.metrics.clone());
        let subject = Subject { measured, began: span.began, margins, custom };
        if self.subject.as_ref() != Some(&subject) {
            self = Self::default();
        }
        let result = self.refresh(aws, (&subject, owners), span).await;
        // Of the running minute nobody knows yet whose it is.
        let fine = match (&result, owners) {
            (Ok(()), None) => newest(aws, &subject).await,
            (_, _) => BTreeMap::new(),
        };
        let result = result.map(|()| {
            let kept = self.by(owners);
            let mut read = translate::metrics(&kept, &subject, &self.counting, span, &fine);
            if let Some(why) = &self.refused {
                read.source.push_str("; what was added: ");
                read.source.push_str(&why.to_string());
            }
            read
        });
        self.subject = Some(subject);
        (result, self)
    }

    /// What is kept, by side.
    fn by(&self, owners: Option<&Owners>) -> Cow<'_, Kept> {
        owners.map_or(Cow::Borrowed(&self.kept), |owners| Cow::Owned(self.kept.by(owners)))
    }

    /// Asks until everything is there that can be had: how latencies are counted shows only when
    /// blue's history is known, and whether that works only when it was tried.
    async fn refresh(
        &mut self,
        aws: &Aws,
        (subject, owners): (&Subject, Option<&Owners>),
        span: Span,
    ) -> Result<(), Fault> {
        loop {
            let queries = query::all(subject, &self.counting);
            let refused = match self.ask(aws, &queries, span).await {
                Ok(()) => false,
                Err(fault) if self.counting.may_be_blamed_for(&fault) => true,
                Err(fault) => return Err(fault),
            };
            let next = self.counting.clone().after(&self.by(owners), subject, span);
            let new_question = next.asked().is_some() && next.asked() != self.counting.asked();
            self.counting = next;
            if !refused && !new_question {
                return Ok(());
            }
        }
    }

    /// One call for all series of a Region that are known equally far. What a person added is asked for by
    /// itself: a mistake in it leaves everything else as it is.
    async fn ask(&mut self, aws: &Aws, queries: &[Query], span: Span) -> Result<(), Fault> {
        self.refused = None;
        let mut calls: BTreeMap<(i64, Option<&str>, bool), Vec<&Query>> = BTreeMap::new();
        for query in queries {
            let from = self.kept.missing_from(&query.id, span);
            calls.entry((from, query.region.as_deref(), query.added)).or_default().push(query);
        }
        for ((from, region, added), queries) in calls {
            let cloudwatch = aws.cloudwatch(region);
            let range = (span::moment(from), span::moment(span.end));
            let mut answers = match fetch(&cloudwatch, &queries, range).await {
                Err(fault) if added && matches!(fault.kind, FaultKind::Rejected { .. }) => {
                    self.refused = Some(fault);
                    continue;
                }
                answers => answers?,
            };
            for query in queries {
                let answer = answers.remove(&query.id).unwrap_or_default();
                self.kept.put(&query.id, &answer.divided(query.per_second), from, span);
            }
        }
        Ok(())
    }
}

/// The newest numbers of what is in high resolution. They are an addition: where they cannot be had the
/// minute's number is shown.
async fn newest(aws: &Aws, subject: &Subject) -> BTreeMap<String, Answer> {
    let queries = query::fine(subject);
    let mut calls: BTreeMap<Option<&str>, Vec<&Query>> = BTreeMap::new();
    for query in &queries {
        calls.entry(query.region.as_deref()).or_default().push(query);
    }
    let range = (earlier(aws.now(), NEWEST), aws.now());
    let mut found = BTreeMap::new();
    for (region, queries) in calls {
        let answers = fetch(&aws.cloudwatch(region), &queries, range).await;
        found.extend(answers.unwrap_or_default());
    }
    found
}

/// Asks for series from one moment up to, but not including, another.
async fn fetch(
    cloudwatch: &Client,
    queries: &[&Query],
    (from, to): (Timestamp, Timestamp),
) -> Result<BTreeMap<String, Answer>, Fault> {
    let mut answers: BTreeMap<String, Answer> = BTreeMap::new();
    let mut token = None;
    for _ in 0..PAGES {
        let answer = cloudwatch
            .get_metric_data()
            .set_metric_data_queries(Some(queries.iter().flat_map(|query| query.sdk()).collect()))
            .start_time(sdk_time(from))
            .end_time(sdk_time(to))
            .scan_by(ScanBy::TimestampAscending)
            .set_next_token(token)
            .send()
            .await
            .map_err(|error| fault(OPERATION, &error))?;
        for result in answer.metric_data_results() {
            answers.entry(result.id().unwrap_or_default().to_owned()).or_default().add(result);
        }
        token = answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() {
            return Ok(answers);
        }
    }
    Err(Fault::new(FaultKind::Garbled, OPERATION, "the answer has no last page"))
}
