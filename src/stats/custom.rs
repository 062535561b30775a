//! Metrics that a person adds: one number a minute of each side.
//!
//! ```toml
//! [metrics.queue]
//! namespace = "Shop"
//! metric = "QueueLength"
//! dimensions = { Service = "checkout", Revision = "$task-definition" }
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use super::config::Role;
use super::spec::{MetricSpec, Test};
use super::units::{Growth, Importance};

/// The names that are taken, as they are written in the config and in the output.
const TAKEN: [&str; 6] = ["errors", "client-errors", "client_errors", "p50", "p90", "p99"];

/// A number of CloudWatch beside those of the load balancer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct CustomMetric {
    /// What is asked for.
    pub number: Number,
    /// Seconds that the newest number is of: 60, or less where the metric is of high resolution. What
    /// is judged is a minute's in any case.
    pub period: u32,
    /// The unit that is shown behind a number.
    pub unit: String,
    /// Which direction is bad.
    pub worse: WorseWhen,
    /// Its say in the verdict.
    pub role: Role,
    /// Its weight next to the other metrics.
    pub weight: Importance,
    /// Growth to the bad up to here is no alarm; `0.05` is five percent.
    pub ignore: Growth,
    /// Growth to the bad up to here may be promoted.
    pub accept: Growth,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Number {
    /// A statistic of a metric.
    Statistic(Statistic),
    /// What is made of several.
    Expression {
        /// In metric math, with the names of `of`.
        text: String,
        /// The statistics by the names that the expression calls them.
        of: BTreeMap<String, Statistic>,
    },
}

/// A statistic of a metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Statistic {
    /// The metric's namespace.
    pub namespace: String,
    /// Its name there.
    pub metric: String,
    /// What tells the two sides apart: `$target-group`, `$load-balancer` and `$task-definition`
    /// stand for the side's own.
    #[serde(default)]
    pub dimensions: BTreeMap<String, String>,
    /// The statistic over a period, as CloudWatch spells it.
    #[serde(default = "average")]
    pub statistic: String,
}

/// The table as it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metric: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    statistic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expression: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    of: BTreeMap<String, Statistic>,
    #[serde(default = "a_minute")]
    period: u32,
    #[serde(default)]
    unit: String,
    #[serde(default)]
    worse: WorseWhen,
    #[serde(default = "weighted")]
    role: Role,
    #[serde(default = "a_tenth")]
    weight: Importance,
    #[serde(default = "ignored")]
    ignore: Growth,
    #[serde(default = "accepted")]
    accept: Growth,
}

/// What a metric of high resolution can be asked for, and a minute.
const PERIODS: [u32; 5] = [1, 5, 10, 30, 60];

/// Which direction of a number is bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WorseWhen {
    /// More is worse.
    #[default]
    Higher,
    /// Less is worse.
    Lower,
}

fn average() -> String {
    "Average".to_owned()
}

fn weighted() -> Role {
    Role::Weighted
}

fn a_tenth() -> Importance {
    Importance(0.1)
}

fn ignored() -> Growth {
    Growth::IGNORE
}

fn accepted() -> Growth {
    Growth::ACCEPT
}

fn a_minute() -> u32 {
    60
}

impl TryFrom<Written> for CustomMetric {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { period, unit, worse, role, weight, ignore, accept, .. } = written.clone();
        if !PERIODS.contains(&period) {
            return Err(format!("a period of {period} seconds: write 1, 5, 10, 30 or 60"));
        }
        let number = number(written)?;
        Ok(Self { number, period, unit, worse, role, weight, ignore, accept })
    }
}

/// One metric, or an expression of several.
fn number(written: Written) -> Result<Number, String> {
    let Written { namespace, metric, dimensions, statistic, expression, of, .. } = written;
    let Some(text) = expression else {
        if !of.is_empty() {
            return Err("`of` needs `expression` beside it".to_owned());
        }
        return Ok(Number::Statistic(Statistic {
            namespace: namespace.ok_or("missing field `namespace`")?,
            metric: metric.ok_or("missing field `metric`")?,
            dimensions: dimensions.unwrap_or_default(),
            statistic: statistic.unwrap_or_else(average),
        }));
    };
    if namespace.or(metric).or(statistic).is_some() || dimensions.is_some() {
        return Err("an `expression` has its metrics in `of`".to_owned());
    }
    if let Some(name) = of.keys().find(|name| !is_name(name)) {
        return Err(format!(
            "`{name}` cannot be a name in an expression: write a small letter, then letters, digits and _"
        ));
    }
    let used: BTreeSet<&str> = names(&text).map(|(_, name)| name).collect();
    if let Some(unknown) = used.iter().find(|name| !of.contains_key(**name)) {
        return Err(format!("the expression names `{unknown}`, which is not among `of`"));
    }
    match of.keys().find(|name| !used.contains(name.as_str())) {
        Some(idle) => Err(format!("`of.{idle}` is not in the expression")),
        None if of.is_empty() => Err("the expression is about no metric of `of`".to_owned()),
        None => Ok(Number::Expression { text, of }),
    }
}

fn is_name(text: &str) -> bool {
    names(text).map(|(_, name)| name).eq([text])
}

/// The names of series in an expression, with where they begin. What begins with a capital is a
/// function or a word of one.
fn names(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut words = Vec::new();
    let mut rest = 0;
    while let Some(start) = text[rest..].find(is_part).map(|at| rest + at) {
        let length = text[start..].find(|c| !is_part(c)).unwrap_or(text.len() - start);
        words.push((start, &text[start..start + length]));
        rest = start + length;
    }
    words.into_iter().filter(|(_, word)| word.starts_with(|c: char| c.is_ascii_lowercase()))
}

/// The expression with other names for its series.
pub fn renamed(expression: &str, name: impl Fn(&str) -> String) -> String {
    let mut text = String::new();
    let mut rest = 0;
    for (start, old) in names(expression) {
        text.push_str(&expression[rest..start]);
        text.push_str(&name(old));
        rest = start + old.len();
    }
    text + &expression[rest..]
}

impl From<CustomMetric> for Written {
    fn from(metric: CustomMetric) -> Self {
        let CustomMetric { number, period, unit, worse, role, weight, ignore, accept } = metric;
        let (single, expression, of) = match number {
            Number::Statistic(single) => (Some(single), None, BTreeMap::new()),
            Number::Expression { text, of } => (None, Some(text), of),
        };
        let (namespace, metric, dimensions, statistic) = match single {
            Some(it) => {
                (Some(it.namespace), Some(it.metric), Some(it.dimensions), Some(it.statistic))
            }
            None => (None, None, None, None),
        };
        Self {
            namespace,
            metric,
            dimensions,
            statistic,
            expression,
            of,
            period,
            unit,
            worse,
            role,
            weight,
            ignore,
            accept,
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let single = |it: &Statistic| format!("{} {} as {}", it.namespace, it.metric, it.statistic);
        match self {
            Number::Statistic(it) => f.write_str(&single(it)),
            Number::Expression { text, of } => {
                f.write_str(text)?;
                of.iter().try_for_each(|(name, it)| write!(f, ", {name} = {}", single(it)))
            }
        }
    }
}

impl CustomMetric {
    /// The number that is compared for a measured one: it grows when things get worse.
    pub fn harm(&self, value: f64) -> f64 {
        match self.worse {
            WorseWhen::Higher => value,
            WorseWhen::Lower => 1.0 / value,
        }
    }

    /// It as a part of the verdict, with blue's measured numbers before the rollout.
    pub fn spec(&self, name: &str, history: Vec<Option<f64>>) -> MetricSpec {
        let history = history.into_iter().map(|value| value.map(|value| self.harm(value)));
        let (ignore, accept) = (self.ignore, self.accept);
        MetricSpec {
            name: name.to_owned(),
            weight: self.weight,
            role: self.role,
            test: Test::Gauge { ignore, accept, history: history.collect() },
        }
    }
}

/// The metrics by their names, none of which is taken.
pub(super) fn by_name<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, CustomMetric>, D::Error> {
    let metrics = BTreeMap::<String, CustomMetric>::deserialize(deserializer)?;
    match metrics.keys().find(|name| TAKEN.contains(&name.as_str())) {
        Some(name) => Err(D::Error::custom(format!("the metric name `{name}` is taken"))),
        None => Ok(metrics),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    #[test]
    fn a_metric_needs_its_name_and_namespace_and_has_a_small_say() {
        let text = "[metrics.queue]\nnamespace = 'Shop'\nmetric = 'QueueLength'";
        let config: Config = toml::from_str(text).unwrap();
        let queue = &config.metrics["queue"];
        let Number::Statistic(asked) = &queue.number else { panic!("{queue:?}") };
        assert_eq!((asked.statistic.as_str(), queue.role), ("Average", Role::Weighted));
        assert_eq!(queue.period, 60);
        assert!(queue.weight.get() < 0.2);
    }

    #[test]
    fn a_number_that_falls_to_the_bad_grows_in_harm() {
        let text = "namespace = 'Shop'\nmetric = 'Orders'\nworse = 'lower'";
        let orders: CustomMetric = toml::from_str(text).unwrap();
        assert!(orders.harm(50.0) > orders.harm(100.0));
    }

    #[test]
    fn an_expression_names_its_metrics_and_each_side_has_its_own() {
        let text = "expression = '100 * FILL(hits, 0) / SUM([hits, misses_2])'\n\
                    of.hits = { namespace = 'Shop', metric = 'Hits', statistic = 'Sum' }\n\
                    of.misses_2 = { namespace = 'Shop', metric = 'Misses' }";
        let rate: CustomMetric = toml::from_str(text).unwrap();
        let Number::Expression { text, of } = &rate.number else { panic!("{rate:?}") };
        assert_eq!(of["hits"].statistic, "Sum");
        let blue = renamed(text, |name| format!("blue_{name}"));
        assert_eq!(blue, "100 * FILL(blue_hits, 0) / SUM([blue_hits, blue_misses_2])");
        let again: CustomMetric = toml::from_str(&toml::to_string(&rate).unwrap()).unwrap();
        assert_eq!(again, rate);
    }

    #[test]
    fn what_cannot_be_is_refused_with_the_word() {
        for (wrong, message) in [
            ("[metrics.p99]\nnamespace = 'a'\nmetric = 'b'", "`p99` is taken"),
            ("[metrics.q]\nnamespace = 'a'", "missing field `metric`"),
            ("[metrics.q]\nnamespace = 'a'\nmetric = 'b'\nworse = 'up'", "unknown variant `up`"),
            ("[metrics.q]\nnamespace = 'a'\nmetric = 'b'\nstat = 'Sum'", "unknown field `stat`"),
            ("[metrics.q]\nnamespace = 'a'\nmetric = 'b'\nperiod = 7", "a period of 7 seconds"),
            ("[metrics.q]\nexpression = '2 * 3'", "about no metric"),
            ("[metrics.q]\nexpression = 'a / b'\nof.a = { namespace = 'n', metric = 'm' }", "`b`"),
            (
                "[metrics.q]\nexpression = '2'\nof.a = { namespace = 'n', metric = 'm' }",
                "`of.a` is",
            ),
            ("[metrics.q]\nexpression = 'a'\nmetric = 'm'", "has its metrics in `of`"),
            (
                "[metrics.q]\nexpression = 'a'\nof.A = { namespace = 'n', metric = 'm' }",
                "`A` cannot",
            ),
            ("[metrics.q]\nof.a = { namespace = 'n', metric = 'm' }", "`of` needs `expression`"),
        ] {
            let error = toml::from_str::<Config>(wrong).unwrap_err().to_string();
            assert!(error.contains(message), "{wrong}: {error}");
        }
    }
}
