//! What CloudWatch measured on both sides, minute by minute; in a cluster it is
//! [`prometheus`].
//!
//! | module | what |
//! |---|---|
//! | `span` | from when to when, and which minutes may still change |
//! | `query` | which series there are and how each is asked for |
//! | `kept` | what was answered so far, and from where on it has to be asked again |
//! | `latency` | the latencies that requests are counted above, and whether they can be |
//! | `translate` | what is kept → [`Metrics`], pure |

mod kept;
mod latency;
pub(crate) mod prometheus;
mod query;
mod span;
mod translate;

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::ScanBy;
use jiff::Timestamp;

use crate::domain::{Fault, FaultKind, Metrics};
use crate::stats::{Config, CustomMetric};

use super::aws::Aws;
use super::error::fault;
use super::time::sdk_time;
use kept::{Answer, Kept};
use latency::{Counting, Margins};
use query::Query;
pub(crate) use span::Span;

const OPERATION: &str = "cloudwatch:GetMetricData";
/// Pages of one answer; more is a server that repeats itself.
const PAGES: usize = 20;

/// Where the two sides are measured, as CloudWatch's dimensions name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Groups {
    /// Blue's place.
    pub(crate) blue: Behind,
    /// Green's; nothing while there is no green.
    pub(crate) green: Option<Behind>,
    /// What blue runs, e.g. `checkout:41`.
    pub(crate) blue_runs: Option<String>,
    /// What green runs.
    pub(crate) green_runs: Option<String>,
}

/// A load balancer, and the target group behind it where that has more than one side's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Behind {
    /// `app/NAME/HEX`.
    pub(crate) load_balancer: String,
    /// `targetgroup/NAME/HEX`; nothing where all of the load balancer's requests are the side's.
    pub(crate) group: Option<String>,
}

impl Groups {
    /// Green's own load balancer, where the sides do not share one.
    fn second_balancer(&self) -> Option<&str> {
        let green = self.green.as_ref()?.load_balancer.as_str();
        (green != self.blue.load_balancer).then_some(green)
    }
}

/// What is measured: another one begins from nothing.
#[derive(Debug, Clone, PartialEq)]
struct Subject {
    groups: Groups,
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
}

impl Meter {
    /// The metrics of `groups` over `span`, measured for what `config` judges, and the meter with
    /// what it learnt: also when the reading failed, a part of it may be there.
    pub(crate) async fn read(
        mut self,
        aws: &Aws,
        groups: Groups,
        span: Span,
        config: &Config,
    ) -> (Result<Metrics, Fault>, Self) {
        let (margins, custom) = (Margins::of(config), config.metrics.clone());
        let subject = Subject { groups, began: span.began, margins, custom };
        if self.subject.as_ref() != Some(&subject) {
            self = Self::default();
        }
        let result = self.refresh(aws, &subject, span).await;
        let result =
            result.map(|()| translate::metrics(&self.kept, &subject, &self.counting, span));
        self.subject = Some(subject);
        (result, self)
    }

    /// Asks until everything is there that can be had: how latencies are counted shows only when
    /// blue's history is known, and whether that works only when it was tried.
    async fn refresh(&mut self, aws: &Aws, subject: &Subject, span: Span) -> Result<(), Fault> {
        loop {
            let queries = query::all(subject, &self.counting);
            let refused = match self.ask(aws, &queries, span).await {
                Ok(()) => false,
                Err(fault) if self.counting.may_be_blamed_for(&fault) => true,
                Err(fault) => return Err(fault),
            };
            let next = self.counting.clone().after(&self.kept, subject, span);
            let new_question = next.asked().is_some() && next.asked() != self.counting.asked();
            self.counting = next;
            if !refused && !new_question {
                return Ok(());
            }
        }
    }

    /// One call for all series that are known equally far.
    async fn ask(&mut self, aws: &Aws, queries: &[Query], span: Span) -> Result<(), Fault> {
        let mut calls: BTreeMap<i64, Vec<&Query>> = BTreeMap::new();
        for query in queries {
            calls.entry(self.kept.missing_from(&query.id, span)).or_default().push(query);
        }
        for (from, queries) in calls {
            let mut answers = fetch(aws, &queries, (from, span.end)).await?;
            for query in queries {
                let answer = answers.remove(&query.id).unwrap_or_default();
                self.kept.put(&query.id, &answer, from, span);
            }
        }
        Ok(())
    }
}

/// Asks for series from one minute up to, but not including, another.
async fn fetch(
    aws: &Aws,
    queries: &[&Query],
    (from, to): (i64, i64),
) -> Result<BTreeMap<String, Answer>, Fault> {
    let mut answers: BTreeMap<String, Answer> = BTreeMap::new();
    let mut token = None;
    for _ in 0..PAGES {
        let answer = aws
            .reads()
            .cloudwatch
            .get_metric_data()
            .set_metric_data_queries(Some(queries.iter().map(|query| query.sdk()).collect()))
            .start_time(sdk_time(span::moment(from)))
            .end_time(sdk_time(span::moment(to)))
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
