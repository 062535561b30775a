//! Which metrics exist: the Application Load Balancer's, per balancer and per target group, and a
//! function's.

use jiff::Timestamp;

use super::function::{self, Function};
use super::page;
use super::statistic::Samples;
use crate::sim::error::ApiError;
use crate::sim::value::{Value, list as value_list, map};
use crate::sim::world::{Minute, Spread, World};

/// The namespace of the load balancer.
pub(super) const NAMESPACE: &str = "AWS/ApplicationELB";

/// Everything that a load balancer publishes here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    RequestCount,
    RequestCountPerTarget,
    Target2xx,
    Target3xx,
    Target4xx,
    Target5xx,
    TargetResponseTime,
    TargetConnectionErrorCount,
    HealthyHostCount,
    UnHealthyHostCount,
    Elb5xx,
    Elb502,
    Elb503,
}

/// For which dimensions a metric is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Published {
    PerGroup,
    PerBalancer,
    Both,
}

const CATALOGUE: [(&str, Name, Published); 13] = [
    ("RequestCount", Name::RequestCount, Published::Both),
    ("RequestCountPerTarget", Name::RequestCountPerTarget, Published::PerGroup),
    ("HTTPCode_Target_2XX_Count", Name::Target2xx, Published::Both),
    ("HTTPCode_Target_3XX_Count", Name::Target3xx, Published::Both),
    ("HTTPCode_Target_4XX_Count", Name::Target4xx, Published::Both),
    ("HTTPCode_Target_5XX_Count", Name::Target5xx, Published::Both),
    ("TargetResponseTime", Name::TargetResponseTime, Published::Both),
    ("TargetConnectionErrorCount", Name::TargetConnectionErrorCount, Published::Both),
    ("HealthyHostCount", Name::HealthyHostCount, Published::PerGroup),
    ("UnHealthyHostCount", Name::UnHealthyHostCount, Published::PerGroup),
    ("HTTPCode_ELB_5XX_Count", Name::Elb5xx, Published::PerBalancer),
    ("HTTPCode_ELB_502_Count", Name::Elb502, Published::PerBalancer),
    ("HTTPCode_ELB_503_Count", Name::Elb503, Published::PerBalancer),
];

/// A metric that exists.
#[derive(Debug, Clone)]
pub(super) enum Metric {
    /// Of the load balancer.
    Balancer(Balancer),
    /// Of the function.
    Function(Function),
}

impl Metric {
    /// The metric of a name and EXACTLY these dimensions; CloudWatch finds no other.
    pub(super) fn find(world: &World, described: &Value) -> Option<Self> {
        let function = || Function::find(world, described).map(Self::Function);
        Balancer::find(world, described).map(Self::Balancer).or_else(function)
    }

    /// The unit that its data carry.
    pub(super) fn unit(&self) -> &'static str {
        match self {
            Self::Balancer(metric) => metric.unit(),
            Self::Function(metric) => metric.unit(),
        }
    }

    /// How many of its unit a second has, where it measures time in another unit.
    pub(super) fn per_second(&self) -> Option<f64> {
        match self {
            Self::Balancer(_) => None,
            Self::Function(metric) => metric.per_second(),
        }
    }

    /// What was measured in the minute at `at` and has been delivered by now; `None` for nothing.
    pub(super) fn minute(&self, world: &World, at: Timestamp) -> Option<Samples> {
        match self {
            Self::Balancer(metric) => metric.minute(world, at),
            Self::Function(metric) => metric.minute(world, at),
        }
    }
}

/// A metric of the load balancer: a name and where it is measured.
#[derive(Debug, Clone)]
pub(super) struct Balancer {
    name: Name,
    scope: Scope,
}

#[derive(Debug, Clone)]
enum Scope {
    /// The ARN of a target group.
    Group(String),
    /// The ARN of a load balancer, and those of all its target groups.
    Balancer(String, Vec<String>),
}

impl Balancer {
    fn find(world: &World, described: &Value) -> Option<Self> {
        let wanted = described.text("MetricName")?;
        let (_, name, published) = CATALOGUE.into_iter().find(|(name, _, _)| *name == wanted)?;
        if described.text("Namespace") != Some(NAMESPACE) {
            return None;
        }
        let dimensions = described.list("Dimensions");
        let value =
            |name| dimensions.iter().find(|pair| pair.text("Name") == Some(name))?.text("Value");
        let balancers = world.load_balancers();
        let balancer = value("LoadBalancer")?;
        let found = balancers.iter().find(|lb| balancer_dimension(&lb.arn) == balancer)?;
        let mut groups = counted_at(world, found.position);
        let scope = match (dimensions.len(), value("TargetGroup"), published) {
            (1, None, Published::PerBalancer | Published::Both) => {
                Scope::Balancer(found.arn.clone(), groups.collect())
            }
            (2, Some(group), Published::PerGroup | Published::Both) => {
                Scope::Group(groups.find(|arn| group_dimension(arn) == group)?)
            }
            _ => return None,
        };
        Some(Self { name, scope })
    }

    fn unit(&self) -> &'static str {
        match self.name {
            Name::TargetResponseTime => "Seconds",
            Name::RequestCountPerTarget => "None",
            _ => "Count",
        }
    }

    /// What was measured in the minute at `at` and has been delivered by now; `None` for nothing,
    /// as a load balancer publishes most counts only when they are not zero.
    fn minute(&self, world: &World, at: Timestamp) -> Option<Samples> {
        match &self.scope {
            Scope::Group(arn) => self.of_group(world, arn, at),
            Scope::Balancer(arn, groups) => self.of_balancer(world, (arn, groups), at),
        }
    }

    fn of_group(&self, world: &World, arn: &str, at: Timestamp) -> Option<Samples> {
        match self.name {
            Name::HealthyHostCount => Some(level(world.hosts(arn, at)?.healthy)),
            Name::UnHealthyHostCount => Some(level(world.hosts(arn, at)?.unhealthy)),
            Name::RequestCountPerTarget => {
                let requests = world.minute(arn, at)?.requests as f64;
                let targets = world.hosts(arn, at).map_or(1.0, |hosts| hosts.healthy.mean);
                let each = requests / targets.max(1.0);
                Some(level(Spread { min: each, mean: each, max: each }))
            }
            name => of_requests(name, &*world.minute(arn, at)?),
        }
    }

    fn of_balancer(
        &self,
        world: &World,
        (arn, groups): (&str, &[String]),
        at: Timestamp,
    ) -> Option<Samples> {
        match self.name {
            Name::RequestCount => ones(world.lb_minute(arn, at)?.requests),
            Name::Elb5xx => ones(world.lb_minute(arn, at)?.elb_5xx),
            Name::Elb502 => ones(world.lb_minute(arn, at)?.elb_502),
            Name::Elb503 => ones(world.lb_minute(arn, at)?.elb_503),
            name => groups
                .iter()
                .filter_map(|arn| of_requests(name, &*world.minute(arn, at)?))
                .reduce(Samples::merge),
        }
    }
}

/// The ARNs of the target groups whose requests are counted at a load balancer.
fn counted_at(world: &World, balancer: usize) -> impl Iterator<Item = String> {
    let arns = world.target_groups().into_iter().map(|group| group.arn);
    arns.filter(move |arn| world.counted_at(arn) == Some(balancer))
}

/// What the requests of a minute give for a metric; nothing for metrics of other origin.
fn of_requests(name: Name, minute: &Minute) -> Option<Samples> {
    match name {
        Name::RequestCount => ones(minute.requests),
        Name::Target2xx => ones(minute.c2xx),
        Name::Target3xx => ones(minute.c3xx),
        Name::Target4xx => ones(minute.c4xx),
        Name::Target5xx => ones(minute.c5xx),
        Name::TargetConnectionErrorCount => ones(minute.connection_errors),
        Name::TargetResponseTime => {
            (minute.latency.count() > 0).then(|| Samples::Times(minute.latency.clone()))
        }
        Name::RequestCountPerTarget
        | Name::HealthyHostCount
        | Name::UnHealthyHostCount
        | Name::Elb5xx
        | Name::Elb502
        | Name::Elb503 => None,
    }
}

fn ones(count: u64) -> Option<Samples> {
    (count > 0).then_some(Samples::Ones(count))
}

fn level(spread: Spread) -> Samples {
    Samples::Levels { count: 1, sum: spread.mean, min: spread.min, max: spread.max }
}

/// The value of the dimension `LoadBalancer`: what follows `loadbalancer/` in the ARN.
pub(super) fn balancer_dimension(arn: &str) -> &str {
    arn.split_once(":loadbalancer/").map_or(arn, |(_, rest)| rest)
}

/// The value of the dimension `TargetGroup`: what follows the fifth colon of the ARN.
pub(super) fn group_dimension(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or(arn)
}

/// Dimensions as the API lists them.
pub(super) fn dimensions(balancer_arn: &str, group_arn: Option<&str>) -> Value {
    let pair =
        |name: &str, value: &str| map([("Name", Value::from(name)), ("Value", Value::from(value))]);
    let group = group_arn.map(|arn| pair("TargetGroup", group_dimension(arn)));
    value_list(group.into_iter().chain([pair("LoadBalancer", balancer_dimension(balancer_arn))]))
}

/// ListMetrics: every metric that fits the filters.
pub(super) fn list(world: &World, input: &Value) -> Result<Value, ApiError> {
    const PAGE: usize = 500;
    let mut metrics = Vec::new();
    for balancer in world.load_balancers() {
        let groups: Vec<String> = counted_at(world, balancer.position).collect();
        for (name, _, published) in CATALOGUE {
            let whole = (published != Published::PerGroup).then_some(None);
            let parts = groups.iter().filter(|_| published != Published::PerBalancer);
            let scopes = whole.into_iter().chain(parts.map(|group| Some(group.as_str())));
            metrics.extend(scopes.map(|group| described(name, &balancer.arn, group)));
        }
    }
    metrics.extend(function::all(world));
    metrics.retain(|metric| fits(metric, input));
    let (metrics, token) = page(metrics, input.text("NextToken"), PAGE)?;
    Ok(map([("Metrics", metrics), ("NextToken", Value::from(token))]))
}

fn described(name: &str, balancer_arn: &str, group_arn: Option<&str>) -> Value {
    map([
        ("Namespace", Value::from(NAMESPACE)),
        ("MetricName", Value::from(name)),
        ("Dimensions", dimensions(balancer_arn, group_arn)),
    ])
}

fn fits(metric: &Value, input: &Value) -> bool {
    let same = |key| input.text(key).is_none_or(|wanted| metric.text(key) == Some(wanted));
    let has = |filter: &Value| {
        metric.list("Dimensions").iter().any(|pair| {
            pair.text("Name") == filter.text("Name")
                && filter.text("Value").is_none_or(|wanted| pair.text("Value") == Some(wanted))
        })
    };
    same("Namespace") && same("MetricName") && input.list("Dimensions").iter().all(has)
}
