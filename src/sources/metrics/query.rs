//! Which series there are, and how each is asked for.

use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat};

use crate::domain::{LatencyEdge, Origin, Side};
use crate::stats::{CustomMetric, Number, Statistic, renamed};

use super::Subject;
use super::latency::{Counting, Way};
use super::measured::{Kind, Measured};

/// The seconds that a number is of, unless a person wants it finer.
const MINUTE: u32 = 60;

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
    /// The Region, where it is not the one that is watched.
    pub(super) region: Option<String>,
    /// The seconds that each number is of.
    period: u32,
    /// A person added it: only that person knows whether it can be asked for.
    pub(super) added: bool,
    asked: Asked,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq)]
enum Asked {
    Series(Series),
    /// Metric math on series, each with its id.
    Expression(String, Vec<(String, Series)>),
}

/// A statistic of a metric.
#[derive(Debug, Clone, PartialEq)]
struct Series {
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
    for (side, origin) in measured.sides().filter_map(|side| Some((side, measured.at(side)?))) {
        for (name, metric, statistic) in origin.kind().series {
            let statistic = (*statistic).to_owned();
            queries.push(own(origin, id(side, name), (metric, statistic)));
        }
        if let Some((way, edges)) = counting.asked() {
            counts(origin, side, (way, edges), &mut queries);
        }
        for (index, metric) in subject.custom.values().enumerate() {
            queries.extend(custom(measured, side, custom_id(side, index), metric));
        }
    }
    for (id, balancer) in measured.balancers() {
        queries.push(by_itself(balancer, id));
    }
    queries
}

/// What a person added in high resolution: the newest of it, in its own period.
pub(super) fn fine(subject: &Subject) -> Vec<Query> {
    let Subject { measured, custom: all, .. } = subject;
    let fine = all.values().enumerate().filter(|(_, metric)| metric.period < MINUTE);
    fine.flat_map(|(index, metric)| {
        let query = move |side| {
            let query = custom(measured, side, fine_id(side, index), metric)?;
            Some(Query { period: metric.period, ..query })
        };
        measured.sides().filter_map(query).collect::<Vec<_>>()
    })
    .collect()
}

/// What a load balancer answers by itself.
fn by_itself(balancer: &Origin, id: &str) -> Query {
    let mut query = own(balancer, id.to_owned(), ("HTTPCode_ELB_5XX_Count", "Sum".to_owned()));
    if let Asked::Series(series) = &mut query.asked {
        series.dimensions.retain(|(name, _)| name == "LoadBalancer");
    }
    query
}

/// A series of a side.
fn own(origin: &Origin, id: String, (metric, statistic): (&str, String)) -> Query {
    let Kind { namespace, time, .. } = origin.kind();
    // Percentiles are times; everything else counts.
    let time = time.filter(|(name, _)| *name == metric && statistic.starts_with('p'));
    Query {
        id,
        per_second: time.map_or(1.0, |(_, per_second)| per_second),
        region: origin.region.clone(),
        period: MINUTE,
        added: false,
        asked: Asked::Series(Series {
            namespace: (*namespace).to_owned(),
            metric: metric.to_owned(),
            dimensions: origin.dimensions(),
            statistic,
        }),
    }
}

/// A metric that a person added; nothing while what tells its sides apart is not known.
fn custom(measured: &Measured, side: Side, id: String, metric: &CustomMetric) -> Option<Query> {
    let series = |asked: &Statistic| {
        let dimensions = asked.dimensions.iter();
        let dimensions =
            dimensions.map(|(name, text)| Some((name.clone(), measured.value(side, text)?)));
        Some(Series {
            namespace: asked.namespace.clone(),
            metric: asked.metric.clone(),
            dimensions: dimensions.collect::<Option<_>>()?,
            statistic: asked.statistic.clone(),
        })
    };
    let asked = match &metric.number {
        Number::Statistic(asked) => Asked::Series(series(asked)?),
        Number::Expression { text, of } => {
            let part = |name: &str| format!("{id}_{name}");
            let parts = of.iter().map(|(name, asked)| Some((part(name), series(asked)?)));
            Asked::Expression(renamed(text, part), parts.collect::<Option<_>>()?)
        }
    };
    let region = measured.at(side)?.region.clone();
    Some(Query { id, per_second: 1.0, region, period: MINUTE, added: true, asked })
}

/// How many requests were timed, and how many of them took at most so long.
fn counts(
    origin: &Origin,
    side: Side,
    (way, edges): (Way, &[LatencyEdge]),
    queries: &mut Vec<Query>,
) {
    let Some((time, per_second)) = origin.kind().time else { return };
    let mut push = |id: String, statistic: String| {
        queries.push(own(origin, id, (time, statistic)));
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

/// The id of the same in its own period.
pub(super) fn fine_id(side: Side, index: usize) -> String {
    id(side, &format!("fine_{index}"))
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
    /// The query as the SDK takes it, with those that its expression is made of.
    pub(super) fn sdk(&self) -> Vec<MetricDataQuery> {
        let query = MetricDataQuery::builder().id(&self.id);
        match &self.asked {
            Asked::Series(series) => vec![query.metric_stat(series.sdk(self.period)).build()],
            Asked::Expression(text, parts) => {
                let parts = parts.iter().map(|(id, series)| {
                    let part = MetricDataQuery::builder().id(id).return_data(false);
                    part.metric_stat(series.sdk(self.period)).build()
                });
                parts.chain([query.expression(text).build()]).collect()
            }
        }
    }
}

impl Series {
    /// Without a unit: a wrong one finds nothing and says nothing.
    fn sdk(&self, period: u32) -> MetricStat {
        let dimensions = self.dimensions.iter();
        let dimensions =
            dimensions.map(|(name, value)| Dimension::builder().name(name).value(value).build());
        let metric = Metric::builder()
            .namespace(&self.namespace)
            .metric_name(&self.metric)
            .set_dimensions(Some(dimensions.collect()));
        let period = i32::try_from(period).unwrap_or(i32::MAX);
        MetricStat::builder().metric(metric.build()).period(period).stat(&self.statistic).build()
    }
}

/// From where the numbers come, for the person who asks.
pub(super) fn source(subject: &Subject, counting: &Counting) -> String {
    let counted = match (counting.asked(), subject.measured.blue.kind().time) {
        (Some((way, edges)), Some((_, per_second))) => {
            let edges = edges.iter().map(|edge| way.statistic(edge.edge, per_second));
            format!(", SampleCount and {}", edges.collect::<Vec<_>>().join(", "))
        }
        (_, None) | (None, _) => String::new(),
    };
    let own = subject.custom.iter().map(|(name, own)| {
        let fine = (own.period < MINUTE).then(|| format!(", the newest over {} s", own.period));
        format!("; {name}: {}{}", own.number, fine.unwrap_or_default())
    });
    subject.measured.source(&counted) + &own.collect::<String>()
}
