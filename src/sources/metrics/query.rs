//! Which series there are, and how each is asked for.

use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat};

use crate::domain::{LatencyEdge, Side};

use super::Groups;
use super::latency::{Counting, Way};

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
/// The series of no side.
pub(super) const BALANCER: &str = "balancer_5xx";

/// One series that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Query {
    /// Under which it is answered and kept.
    pub(super) id: String,
    /// Nothing for the load balancer as a whole.
    side: Option<Side>,
    metric: &'static str,
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
pub(super) fn all(groups: &Groups, counting: &Counting) -> Vec<Query> {
    let mut queries = Vec::new();
    let sides = [Some(Side::Blue), groups.green.as_ref().map(|_| Side::Green)];
    for side in sides.into_iter().flatten() {
        for (name, metric, statistic) in SERIES {
            let statistic = statistic.to_owned();
            queries.push(Query { id: id(side, name), side: Some(side), metric, statistic });
        }
        if let Some((way, edges)) = counting.asked() {
            counts(side, way, edges, &mut queries);
        }
    }
    queries.push(Query {
        id: BALANCER.to_owned(),
        side: None,
        metric: "HTTPCode_ELB_5XX_Count",
        statistic: "Sum".to_owned(),
    });
    queries
}

/// How many requests were timed, and how many of them took at most so long.
fn counts(side: Side, way: Way, edges: &[LatencyEdge], queries: &mut Vec<Query>) {
    let mut push = |id: String, statistic: String| {
        queries.push(Query { id, side: Some(side), metric: RESPONSE_TIME, statistic });
    };
    push(id(side, "timed"), "SampleCount".to_owned());
    for edge in edges {
        for strictness in Strictness::of(side) {
            let statistic = way.statistic(strictness.seconds(edge));
            push(count_id(side, edge, *strictness), statistic);
        }
    }
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
    pub(super) fn sdk(&self, groups: &Groups) -> MetricDataQuery {
        let dimension =
            |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
        let metric = Metric::builder()
            .namespace(NAMESPACE)
            .metric_name(self.metric)
            .dimensions(dimension("LoadBalancer", &groups.load_balancer));
        let group = match self.side {
            Some(Side::Blue) => Some(&groups.blue),
            Some(Side::Green) => groups.green.as_ref(),
            None => None,
        };
        let metric = match group {
            Some(group) => metric.dimensions(dimension("TargetGroup", group)),
            None => metric,
        };
        let stat =
            MetricStat::builder().metric(metric.build()).period(60).stat(&self.statistic).build();
        MetricDataQuery::builder().id(&self.id).metric_stat(stat).build()
    }
}

/// From where the numbers come, for the person who asks.
pub(super) fn source(groups: &Groups, counting: &Counting) -> String {
    let Groups { load_balancer, blue, green } = groups;
    let green = green.as_ref().map(|green| format!(", green {green}")).unwrap_or_default();
    let counted = match counting.asked() {
        Some((way, edges)) => {
            let edges: Vec<String> = edges.iter().map(|edge| way.statistic(edge.edge)).collect();
            format!(", SampleCount and {}", edges.join(", "))
        }
        None => String::new(),
    };
    format!(
        "{NAMESPACE} of {load_balancer}: blue {blue}{green}; RequestCount, 5xx, 4xx and \
         connection errors as Sum, {RESPONSE_TIME} as p50, p90, p99{counted}; period 60 s"
    )
}
