//! How each kind of place is measured: its namespace, metrics, statistics and dimensions.

use crate::domain::{At, Origin, Side};

use super::query::{BALANCER, SECOND_BALANCER};

/// Where both sides are measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Measured {
    /// Blue's place.
    pub(crate) blue: Origin,
    /// Green's; nothing while there is no green.
    pub(crate) green: Option<Origin>,
    /// What blue runs, e.g. `checkout:41`.
    pub(crate) blue_runs: Option<String>,
    /// What green runs.
    pub(crate) green_runs: Option<String>,
    /// The Services that lead to the two places, where these are no side's for good.
    pub(crate) services: Vec<String>,
}

/// How a kind of place is measured.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) namespace: &'static str,
    /// Name, metric and statistic of each series.
    pub(super) series: &'static [(&'static str, &'static str, &'static str)],
    /// The metric of the time that an answer took, and how many of its unit a second has.
    pub(super) time: Option<(&'static str, f64)>,
    /// The series in words.
    words: &'static str,
}

/// Connections that a target refused.
pub(super) const REFUSED: &str = "connection";

const APPLICATION: Kind = Kind {
    namespace: "AWS/ApplicationELB",
    series: &[
        ("requests", "RequestCount", "Sum"),
        ("e5xx", "HTTPCode_Target_5XX_Count", "Sum"),
        ("e4xx", "HTTPCode_Target_4XX_Count", "Sum"),
        (REFUSED, "TargetConnectionErrorCount", "Sum"),
        ("p50", "TargetResponseTime", "p50"),
        ("p90", "TargetResponseTime", "p90"),
        ("p99", "TargetResponseTime", "p99"),
    ],
    time: Some(("TargetResponseTime", 1.0)),
    words: "RequestCount, 5xx, 4xx and connection errors as Sum, TargetResponseTime as p50, p90, p99",
};
/// It forwards connections and knows nothing of what goes over them.
const NETWORK: Kind = Kind {
    namespace: "AWS/NetworkELB",
    series: &[("requests", "NewFlowCount", "Sum"), ("e5xx", "TCP_Target_Reset_Count", "Sum")],
    time: None,
    words: "connections instead of requests: NewFlowCount, and as errors TCP_Target_Reset_Count, as Sum",
};
/// A throttled caller hears 429.
const FUNCTION: Kind = Kind {
    namespace: "AWS/Lambda",
    series: &[
        ("requests", "Invocations", "Sum"),
        ("e5xx", "Errors", "Sum"),
        ("e4xx", "Throttles", "Sum"),
        ("p50", "Duration", "p50"),
        ("p90", "Duration", "p90"),
        ("p99", "Duration", "p99"),
    ],
    time: Some(("Duration", 1000.0)),
    words: "Invocations, Errors and Throttles as Sum, Duration as p50, p90, p99",
};
const REST_API: Kind = Kind {
    namespace: "AWS/ApiGateway",
    series: &[
        ("requests", "Count", "SampleCount"),
        ("e5xx", "5XXError", "Sum"),
        ("e4xx", "4XXError", "Sum"),
        ("p50", "Latency", "p50"),
        ("p90", "Latency", "p90"),
        ("p99", "Latency", "p99"),
    ],
    time: Some(("Latency", 1000.0)),
    words: "Count as SampleCount, 5XXError and 4XXError as Sum, Latency as p50, p90, p99",
};
const HTTP_API: Kind = Kind {
    namespace: "AWS/ApiGateway",
    series: &[
        ("requests", "Count", "SampleCount"),
        ("e5xx", "5xx", "Sum"),
        ("e4xx", "4xx", "Sum"),
        ("p50", "Latency", "p50"),
        ("p90", "Latency", "p90"),
        ("p99", "Latency", "p99"),
    ],
    time: Some(("Latency", 1000.0)),
    words: "Count as SampleCount, 5xx and 4xx as Sum, Latency as p50, p90, p99",
};

impl Measured {
    /// The two places, of which nobody knows what runs there.
    pub(crate) fn new(blue: Origin, green: Option<Origin>) -> Self {
        Self { blue, green, blue_runs: None, green_runs: None, services: Vec::new() }
    }

    /// The sides that there are.
    pub(super) fn sides(&self) -> impl Iterator<Item = Side> {
        std::iter::once(Side::Blue).chain(self.green.is_some().then_some(Side::Green))
    }

    /// The place of a side.
    pub(super) fn at(&self, side: Side) -> Option<&Origin> {
        match side {
            Side::Blue => Some(&self.blue),
            Side::Green => self.green.as_ref(),
        }
    }

    /// Why there is nothing to ask for that would tell the sides apart.
    pub(crate) fn hidden(&self) -> Option<&'static str> {
        let mut places = self.sides().filter_map(|side| self.at(side));
        places.any(Origin::is_group_of_connections).then_some(
            "a network load balancer counts connections, and those of all its groups together",
        )
    }

    /// The load balancers that answer errors of their own, each with the name that these are kept
    /// under.
    pub(super) fn balancers(&self) -> Vec<(&'static str, &Origin)> {
        let first = Some(&self.blue).filter(|blue| blue.is_application());
        let second = self.green.as_ref().filter(|green| green.is_application());
        let second = second.filter(|green| first.is_none_or(|blue| !blue.is_same_balancer(green)));
        let named = |id, place: Option<_>| place.map(|place| (id, place));
        named(BALANCER, first).into_iter().chain(named(SECOND_BALANCER, second)).collect()
    }

    /// What stands for `text` in a dimension that a person wrote; nothing while it is not known.
    pub(super) fn value(&self, side: Side, text: &str) -> Option<String> {
        let balancer = || match &self.at(side)?.at {
            At::Balancer { name, group } => Some((name, group)),
            At::Version { .. } | At::RestApi { .. } | At::HttpApi { .. } => None,
        };
        match text {
            "$target-group" => balancer()?.1.clone(),
            "$load-balancer" => Some(balancer()?.0.clone()),
            "$task-definition" => match side {
                Side::Blue => self.blue_runs.clone(),
                Side::Green => self.green_runs.clone(),
            },
            _ => Some(text.to_owned()),
        }
    }

    /// From where the numbers come, for the person who asks.
    pub(super) fn source(&self, counted: &str) -> String {
        let blue = &self.blue;
        let of = blue.whole().map(|whole| format!(" of {whole}")).unwrap_or_default();
        let Kind { namespace, words, .. } = blue.kind();
        if let [first, rest @ ..] = self.services.as_slice() {
            let second = rest.first().zip(self.green.as_ref());
            let second = second.map(|(name, place)| format!(", {name} {}", place.words()));
            let (blue, second) = (blue.words(), second.unwrap_or_default());
            return format!(
                "{namespace}{of}: {first} {blue}{second}; each minute is the side's that the \
                 Service led to in all of it; {words}{counted}; period 60 s"
            );
        }
        let green = match &self.green {
            None => String::new(),
            Some(green) if green.kind().namespace == *namespace => {
                format!(", green {}", green.words())
            }
            Some(green) => format!(", green {} of {}", green.words(), green.kind().namespace),
        };
        let blue = blue.words();
        format!("{namespace}{of}: blue {blue}{green}; {words}{counted}; period 60 s")
    }
}

impl Origin {
    /// How it is measured.
    pub(super) fn kind(&self) -> &'static Kind {
        match &self.at {
            At::Balancer { name, .. } if name.starts_with("net/") => &NETWORK,
            At::Balancer { .. } => &APPLICATION,
            At::Version { .. } => &FUNCTION,
            At::RestApi { .. } => &REST_API,
            At::HttpApi { .. } => &HTTP_API,
        }
    }

    /// The dimensions of its metrics.
    pub(super) fn dimensions(&self) -> Vec<(String, String)> {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        match &self.at {
            At::Balancer { name, group } => {
                let group = group.as_ref().map(|group| pair("TargetGroup", group));
                std::iter::once(pair("LoadBalancer", name)).chain(group).collect()
            }
            At::Version { function, alias, version } => vec![
                pair("FunctionName", function),
                pair("Resource", &format!("{function}:{alias}")),
                pair("ExecutedVersion", version),
            ],
            At::RestApi { name, stage } => vec![pair("ApiName", name), pair("Stage", stage)],
            At::HttpApi { id, stage } => vec![pair("ApiId", id), pair("Stage", stage)],
        }
    }

    /// The series of this name, where the place has it: metric and statistic.
    pub(super) fn has(&self, name: &str) -> bool {
        self.kind().series.iter().any(|(series, ..)| *series == name)
    }

    fn is_application(&self) -> bool {
        self.kind().namespace == APPLICATION.namespace
    }

    fn is_group_of_connections(&self) -> bool {
        let is_group = matches!(&self.at, At::Balancer { group: Some(_), .. });
        is_group && self.kind().namespace == NETWORK.namespace
    }

    fn is_same_balancer(&self, other: &Self) -> bool {
        match (&self.at, &other.at) {
            (At::Balancer { name, .. }, At::Balancer { name: second, .. }) => {
                name == second && self.region == other.region
            }
            _ => false,
        }
    }

    /// What the place is a part of, where it is.
    fn whole(&self) -> Option<String> {
        match &self.at {
            At::Balancer { name, group: Some(_) } => Some(name.clone()),
            At::Version { function, alias, .. } => Some(format!("{function}:{alias}")),
            At::Balancer { group: None, .. } | At::RestApi { .. } | At::HttpApi { .. } => None,
        }
    }

    /// The place in words.
    fn words(&self) -> String {
        let name = match &self.at {
            At::Balancer { group: Some(name), .. } | At::Balancer { name, group: None } => {
                name.clone()
            }
            At::Version { version, .. } => version.clone(),
            At::RestApi { name: api, stage } | At::HttpApi { id: api, stage } => {
                format!("{api}/{stage}")
            }
        };
        match &self.region {
            Some(region) => format!("{name} in {region}"),
            None => name,
        }
    }
}
