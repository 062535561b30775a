//! The metrics of a function: as a whole, by its alias, and by the version that answered.

use jiff::Timestamp;

use super::statistic::Samples;
use crate::sim::value::{Value, list, map};
use crate::sim::world::World;
use crate::sim::world::keys::SetKey;

pub(super) const NAMESPACE: &str = "AWS/Lambda";

const NAMES: [(&str, Name); 4] = [
    ("Duration", Name::Duration),
    ("Errors", Name::Errors),
    ("Invocations", Name::Invocations),
    ("Throttles", Name::Throttles),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    Duration,
    Errors,
    Invocations,
    Throttles,
}

/// A metric of the function.
#[derive(Debug, Clone, Copy)]
pub(super) struct Function {
    name: Name,
    /// Only what this version answered.
    version: Option<SetKey>,
}

impl Function {
    /// The metric of a name and EXACTLY these dimensions.
    pub(super) fn find(world: &World, described: &Value) -> Option<Self> {
        let lambda = world.lambda.as_ref()?;
        let wanted = described.text("MetricName")?;
        let (_, name) = NAMES.into_iter().find(|(name, _)| *name == wanted)?;
        let given = described.list("Dimensions");
        let value = |name| given.iter().find(|pair| pair.text("Name") == Some(name))?.text("Value");
        let mut versions = lambda.versions.iter().map(|version| version.number.to_string());
        let version = match value("ExecutedVersion") {
            None => None,
            Some(number) => Some(SetKey(versions.position(|known| known == number)?)),
        };
        let exactly = dimensions(world, value("ExecutedVersion"));
        let short = &exactly.as_slice()[..1];
        let same = |wanted: &[Value]| {
            wanted.len() == given.len() && wanted.iter().all(|pair| given.contains(pair))
        };
        (described.text("Namespace") == Some(NAMESPACE) && (same(&exactly) || same(short)))
            .then_some(Self { name, version })
    }

    pub(super) fn unit(self) -> &'static str {
        match self.name {
            Name::Duration => "Milliseconds",
            Name::Errors | Name::Invocations | Name::Throttles => "Count",
        }
    }

    /// How many of its unit a second has, where it measures time.
    pub(super) fn per_second(self) -> Option<f64> {
        (self.name == Name::Duration).then_some(1000.0)
    }

    /// What was measured in the minute at `at`; every minute with an invocation has all of them.
    pub(super) fn minute(self, world: &World, at: Timestamp) -> Option<Samples> {
        let minute = world.invocations(self.version, at)?;
        Some(match self.name {
            Name::Invocations => Samples::Ones(minute.requests),
            Name::Duration => Samples::Times(minute.latency),
            Name::Errors => counted(minute.c5xx, minute.requests),
            Name::Throttles => counted(0, minute.requests),
        })
    }
}

/// One sample an invocation: 1 or 0.
fn counted(count: u64, invocations: u64) -> Samples {
    let max = if count > 0 { 1.0 } else { 0.0 };
    let min = if count == invocations { max } else { 0.0 };
    Samples::Levels { count: invocations, sum: count as f64, min, max }
}

/// The dimensions of the alias, and of a version behind it.
pub(super) fn dimensions(world: &World, version: Option<&str>) -> Vec<Value> {
    let Some(config) = world.lambda.as_ref().map(|lambda| &lambda.config) else {
        return Vec::new();
    };
    let pair =
        |name: &str, value: &str| map([("Name", Value::from(name)), ("Value", Value::from(value))]);
    let resource = format!("{}:{}", config.function, config.alias);
    let both = [pair("FunctionName", &config.function), pair("Resource", &resource)];
    both.into_iter().chain(version.map(|version| pair("ExecutedVersion", version))).collect()
}

/// Everything that the function publishes, as ListMetrics describes it.
pub(super) fn all(world: &World) -> Vec<Value> {
    let Some(lambda) = &world.lambda else { return Vec::new() };
    let published = lambda.versions.iter().filter(|version| version.published <= world.now());
    let versions: Vec<String> = published.map(|version| version.number.to_string()).collect();
    let whole = || dimensions(world, None).into_iter().take(1).collect::<Vec<_>>();
    let each = |name: &str| {
        let sets = [whole(), dimensions(world, None)];
        let sets = sets.into_iter().chain(versions.iter().map(|one| dimensions(world, Some(one))));
        sets.map(|set| {
            map([
                ("Namespace", Value::from(NAMESPACE)),
                ("MetricName", Value::from(name)),
                ("Dimensions", list(set)),
            ])
        })
        .collect::<Vec<_>>()
    };
    NAMES.iter().flat_map(|(name, _)| each(name)).collect()
}
