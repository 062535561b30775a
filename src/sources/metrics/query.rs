//! Which series there are, and how each is asked for.

use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat};

use crate::domain::{LatencyEdge, Side};
use crate::stats::CustomMetric;

use super::latency::{Counting, Way};
use super::{Behind, Groups, Subject};

const NAMESPACE: &str = "AWS/ApplicationELB";
const RESPONSE_TIME: &str = "TargetResponseTime";

/// The series of each side: name, metric and statistic.
const SERIES: [(&str, &str, &str); 7] = [
    ("requests", "RequestCount", "Sum"),
    ("e5xx", "HTTPCode_Target_5XX_Count", "Sum"),
    ("e4xx", "HTTPCode_Target_4XX_Count", "Sum"),
    ("connection", "TargetConnectionErrorCount", "Sum"),
    ("p50", RESPONSE_TIME, "p50"),
    ("p90", RESPONSE_TIME, "p90"),
    ("p99", RESPONSE_TIME, "p99"),
];
/// The series of no side: what the load balancer of both, or of blue, answers by itself.
pub(super) const BALANCER: &str = "balancer_5xx";
/// The same of green's, where that is another one.
pub(super) const SECOND_BALANCER: &str = "second_balancer_5xx";

/// One series that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Query {
    /// Under which it is answered and kept.
    pub(super) id: String,
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
    let groups = &subject.groups;
    let mut queries = Vec::new();
    let sides = [Some(Side::Blue), groups.green.as_ref().map(|_| Side::Green)];
    for side in sides.into_iter().flatten() {
        for (name, metric, statistic) in SERIES {
            queries.extend(own(groups, side, id(side, name), metric, statistic.to_owned()));
        }
        if let Some((way, edges)) = counting.asked() {
            counts(groups, side, (way, edges), &mut queries);
        }
        for (index, metric) in subject.custom.values().enumerate() {
            queries.extend(custom(groups, side, index, metric));
        }
    }
    queries.push(by_itself(&groups.blue.load_balancer, BALANCER));
    queries.extend(groups.second_balancer().map(|second| by_itself(second, SECOND_BALANCER)));
    queries
}

/// Where a side is measured.
fn place(groups: &Groups, side: Side) -> Option<&Behind> {
    match side {
        Side::Blue => Some(&groups.blue),
        Side::Green => groups.green.as_ref(),
    }
}

/// A series of one side.
fn own(groups: &Groups, side: Side, id: String, metric: &str, statistic: String) -> Option<Query> {
    Some(query(place(groups, side)?, id, metric, statistic))
}

/// What a load balancer answers by itself.
fn by_itself(load_balancer: &str, id: &str) -> Query {
    let whole = Behind { load_balancer: load_balancer.to_owned(), group: None };
    query(&whole, id.to_owned(), "HTTPCode_ELB_5XX_Count", "Sum".to_owned())
}

fn query(at: &Behind, id: String, metric: &str, statistic: String) -> Query {
    let balancer = ("LoadBalancer".to_owned(), at.load_balancer.clone());
    let group = at.group.as_ref().map(|group| ("TargetGroup".to_owned(), group.clone()));
    Query {
        id,
        namespace: NAMESPACE.to_owned(),
        metric: metric.to_owned(),
        dimensions: std::iter::once(balancer).chain(group).collect(),
        statistic,
    }
}

/// A metric that a person added; nothing while what tells its sides apart is not known.
fn custom(groups: &Groups, side: Side, index: usize, metric: &CustomMetric) -> Option<Query> {
    let runs = match side {
        Side::Blue => &groups.blue_runs,
        Side::Green => &groups.green_runs,
    };
    let at = place(groups, side)?;
    let value = |text: &String| match text.as_str() {
        "$target-group" => at.group.clone(),
        "$load-balancer" => Some(at.load_balancer.clone()),
        "$task-definition" => runs.clone(),
        _ => Some(text.clone()),
    };
    let dimensions = metric.dimensions.iter();
    let dimensions = dimensions.map(|(name, text)| Some((name.clone(), value(text)?)));
    Some(Query {
        id: custom_id(side, index),
        namespace: metric.namespace.clone(),
        metric: metric.metric.clone(),
        dimensions: dimensions.collect::<Option<_>>()?,
        statistic: metric.statistic.clone(),
    })
}

/// How many requests were timed, and how many of them took at most so long.
fn counts(
    groups: &Groups,
    side: Side,
    (way, edges): (Way, &[LatencyEdge]),
    queries: &mut Vec<Query>,
) {
    let mut push = |id: String, statistic: String| {
        queries.extend(own(groups, side, id, RESPONSE_TIME, statistic));
    };
    push(id(side, "timed"), "SampleCount".to_owned());
    for edge in edges {
        for strictness in Strictness::of(side) {
            let statistic = way.statistic(strictness.seconds(edge));
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
    let Groups { blue, green, .. } = &subject.groups;
    let load_balancer = &blue.load_balancer;
    let name = |at: &Behind| at.group.clone().unwrap_or_else(|| at.load_balancer.clone());
    let green = green.as_ref().map(|green| format!(", green {}", name(green))).unwrap_or_default();
    let blue = name(blue);
    let counted = match counting.asked() {
        Some((way, edges)) => {
            let edges: Vec<String> = edges.iter().map(|edge| way.statistic(edge.edge)).collect();
            format!(", SampleCount and {}", edges.join(", "))
        }
        None => String::new(),
    };
    let own = subject.custom.iter().map(|(name, own)| {
        let CustomMetric { namespace, metric, statistic, .. } = own;
        format!("; {name}: {namespace} {metric} as {statistic}")
    });
    format!(
        "{NAMESPACE} of {load_balancer}: blue {blue}{green}; RequestCount, 5xx, 4xx and \
         connection errors as Sum, {RESPONSE_TIME} as p50, p90, p99{counted}; period 60 s{}",
        own.collect::<String>()
    )
}
