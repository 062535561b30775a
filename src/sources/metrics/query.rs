//! Which series there are, and how each is asked for.

use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat};

use crate::domain::{LatencyEdge, Side};
use crate::stats::CustomMetric;

use super::Subject;
use super::latency::{Counting, Way};
use super::measured::Measured;

/// The series of no side: what the load balancer of both, or of blue, answers by itself.
pub(super) const BALANCER: &str = "balancer_5xx";
/// The same of green's, where that is another one.
pub(super) const SECOND_BALANCER: &str = "second_balancer_5xx";

/// One series that is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Query {
    /// Under which it is answered and kept.
    pub(super) id: String,
    /// How many of its unit a second has, where it is a time.
    pub(super) per_second: f64,
    namespace: String,
    metric: String,
    dimensions: Vec<(String, String)>,
    statistic: String,
}

/// What requests are counted above: the edge, or the edge and what is ignored or accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strictness {
    Edge,
    Ignored,
    Accepted,
}

impl Strictness {
    /// Nobody asks by how much blue exceeds what is accepted.
    pub(super) fn of(side: Side) -> &'static [Strictness] {
        match side {
            Side::Blue => &[Strictness::Edge, Strictness::Ignored],
            Side::Green => &[Strictness::Edge, Strictness::Ignored, Strictness::Accepted],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Strictness::Edge => "edge",
            Strictness::Ignored => "ignored",
            Strictness::Accepted => "accepted",
        }
    }

    fn seconds(self, edge: &LatencyEdge) -> f64 {
        match self {
            Strictness::Edge => edge.edge,
            Strictness::Ignored => edge.ignored,
            Strictness::Accepted => edge.accepted,
        }
    }
}

/// All series that are asked for now.
pub(super) fn all(subject: &Subject, counting: &Counting) -> Vec<Query> {
    let measured = &subject.measured;
    let mut queries = Vec::new();
    for side in measured.sides() {
        for (name, metric, statistic) in measured.series() {
            let statistic = (*statistic).to_owned();
            queries.push(own(measured, side, id(side, name), (metric, statistic)));
        }
        if let Some((way, edges)) = counting.asked() {
            counts(measured, side, (way, edges), &mut queries);
        }
        for (index, metric) in subject.custom.values().enumerate() {
            queries.extend(custom(measured, side, index, metric));
        }
    }
    for (id, balancer) in measured.balancers() {
        queries.push(by_itself(measured, balancer, id));
    }
    queries
}

/// What a load balancer answers by itself.
fn by_itself(measured: &Measured, balancer: &str, id: &str) -> Query {
    Query {
        id: id.to_owned(),
        per_second: 1.0,
        namespace: measured.namespace().to_owned(),
        metric: "HTTPCode_ELB_5XX_Count".to_owned(),
        dimensions: vec![("LoadBalancer".to_owned(), balancer.to_owned())],
        statistic: "Sum".to_owned(),
    }
}

/// A series of a side.
fn own(measured: &Measured, side: Side, id: String, (metric, statistic): (&str, String)) -> Query {
    // Percentiles are times; everything else counts.
    let (response_time, per_second) = measured.response_time();
    let is_time = metric == response_time && statistic.starts_with('p');
    Query {
        id,
        per_second: if is_time { per_second } else { 1.0 },
        namespace: measured.namespace().to_owned(),
        metric: metric.to_owned(),
        dimensions: measured.dimensions(side),
        statistic,
    }
}

/// A metric that a person added; nothing while what tells its sides apart is not known.
fn custom(measured: &Measured, side: Side, index: usize, metric: &CustomMetric) -> Option<Query> {
    let dimensions = metric.dimensions.iter();
    let dimensions =
        dimensions.map(|(name, text)| Some((name.clone(), measured.value(side, text)?)));
    Some(Query {
        id: custom_id(side, index),
        per_second: 1.0,
        namespace: metric.namespace.clone(),
        metric: metric.metric.clone(),
        dimensions: dimensions.collect::<Option<_>>()?,
        statistic: metric.statistic.clone(),
    })
}

/// How many requests were timed, and how many of them took at most so long.
fn counts(
    measured: &Measured,
    side: Side,
    (way, edges): (Way, &[LatencyEdge]),
    queries: &mut Vec<Query>,
) {
    let (response_time, per_second) = measured.response_time();
    let mut push = |id: String, statistic: String| {
        queries.push(own(measured, side, id, (response_time, statistic)));
    };
    push(id(side, "timed"), "SampleCount".to_owned());
    for edge in edges {
        for strictness in Strictness::of(side) {
            let statistic = way.statistic(strictness.seconds(edge), per_second);
            push(count_id(side, edge, *strictness), statistic);
        }
    }
}

/// The id of the metric that a person added as the `index`-th.
pub(super) fn custom_id(side: Side, index: usize) -> String {
    id(side, &format!("custom_{index}"))
}

/// The id of a series of one side.
pub(super) fn id(side: Side, name: &str) -> String {
    let side = match side {
        Side::Blue => "blue",
        Side::Green => "green",
    };
    format!("{side}_{name}")
}

/// The id of the requests of one side that were not slower than an edge.
pub(super) fn count_id(side: Side, edge: &LatencyEdge, strictness: Strictness) -> String {
    id(side, &format!("{}_{}", edge.quantile.name(), strictness.name()))
}

impl Query {
    /// The query as the SDK takes it. Without a unit: a wrong one finds nothing and says nothing.
    pub(super) fn sdk(&self) -> MetricDataQuery {
        let dimensions = self.dimensions.iter();
        let dimensions =
            dimensions.map(|(name, value)| Dimension::builder().name(name).value(value).build());
        let metric = Metric::builder()
            .namespace(&self.namespace)
            .metric_name(&self.metric)
            .set_dimensions(Some(dimensions.collect()));
        let stat =
            MetricStat::builder().metric(metric.build()).period(60).stat(&self.statistic).build();
        MetricDataQuery::builder().id(&self.id).metric_stat(stat).build()
    }
}

/// From where the numbers come, for the person who asks.
pub(super) fn source(subject: &Subject, counting: &Counting) -> String {
    let (_, per_second) = subject.measured.response_time();
    let counted = match counting.asked() {
        Some((way, edges)) => {
            let edges = edges.iter().map(|edge| way.statistic(edge.edge, per_second));
            format!(", SampleCount and {}", edges.collect::<Vec<_>>().join(", "))
        }
        None => String::new(),
    };
    let own = subject.custom.iter().map(|(name, own)| {
        let CustomMetric { namespace, metric, statistic, .. } = own;
        format!("; {name}: {namespace} {metric} as {statistic}")
    });
    subject.measured.source(&counted) + &own.collect::<String>()
}
