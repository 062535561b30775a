//! What is measured, as CloudWatch names it: two target groups behind a load balancer, or two versions
//! of a function behind its alias.

use crate::domain::Side;

/// Which groups behind which load balancer, as CloudWatch's dimensions name them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Groups {
    /// `app/NAME/HEX`.
    pub(crate) load_balancer: String,
    /// Blue's `targetgroup/NAME/HEX`.
    pub(crate) blue: String,
    /// Green's; nothing while there is no green.
    pub(crate) green: Option<String>,
    /// What blue runs, e.g. `checkout:41`.
    pub(crate) blue_runs: Option<String>,
    /// What green runs.
    pub(crate) green_runs: Option<String>,
}

/// Which versions behind which alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Function {
    /// The function's name.
    pub(crate) name: String,
    /// The alias that clients call.
    pub(crate) alias: String,
    /// Blue's version.
    pub(crate) blue: String,
    /// Green's; nothing while there is no green.
    pub(crate) green: Option<String>,
}

/// What is measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Measured {
    /// Target groups.
    Groups(Groups),
    /// Versions of a function.
    Function(Function),
}

/// The series of a target group: name, metric and statistic.
const OF_GROUP: [(&str, &str, &str); 7] = [
    ("requests", "RequestCount", "Sum"),
    ("e5xx", "HTTPCode_Target_5XX_Count", "Sum"),
    ("e4xx", "HTTPCode_Target_4XX_Count", "Sum"),
    (REFUSED, "TargetConnectionErrorCount", "Sum"),
    ("p50", "TargetResponseTime", "p50"),
    ("p90", "TargetResponseTime", "p90"),
    ("p99", "TargetResponseTime", "p99"),
];
/// The same of a version. A throttled caller hears 429.
const OF_VERSION: [(&str, &str, &str); 6] = [
    ("requests", "Invocations", "Sum"),
    ("e5xx", "Errors", "Sum"),
    ("e4xx", "Throttles", "Sum"),
    ("p50", "Duration", "p50"),
    ("p90", "Duration", "p90"),
    ("p99", "Duration", "p99"),
];
/// Connections that a target refused.
pub(super) const REFUSED: &str = "connection";

impl Measured {
    /// The sides that there are.
    pub(super) fn sides(&self) -> impl Iterator<Item = Side> {
        let green = match self {
            Measured::Groups(groups) => groups.green.is_some(),
            Measured::Function(function) => function.green.is_some(),
        };
        std::iter::once(Side::Blue).chain(green.then_some(Side::Green))
    }

    /// The series of each side: name, metric and statistic.
    pub(super) fn series(&self) -> &'static [(&'static str, &'static str, &'static str)] {
        match self {
            Measured::Groups(_) => &OF_GROUP,
            Measured::Function(_) => &OF_VERSION,
        }
    }

    /// Whether there is a load balancer that answers errors of its own and has its connections
    /// refused.
    pub(super) fn is_balanced(&self) -> bool {
        matches!(self, Measured::Groups(_))
    }

    pub(super) fn namespace(&self) -> &'static str {
        match self {
            Measured::Groups(_) => "AWS/ApplicationELB",
            Measured::Function(_) => "AWS/Lambda",
        }
    }

    /// The metric of the time that an answer took, and how many of its unit a second has.
    pub(super) fn response_time(&self) -> (&'static str, f64) {
        match self {
            Measured::Groups(_) => ("TargetResponseTime", 1.0),
            Measured::Function(_) => ("Duration", 1000.0),
        }
    }

    /// The dimensions of a side, or of what both are behind.
    pub(super) fn dimensions(&self, side: Option<Side>) -> Vec<(String, String)> {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        match self {
            Measured::Groups(groups) => {
                let group = side.and_then(|side| groups.group(side));
                std::iter::once(pair("LoadBalancer", &groups.load_balancer))
                    .chain(group.map(|group| pair("TargetGroup", group)))
                    .collect()
            }
            Measured::Function(function) => {
                let resource = format!("{}:{}", function.name, function.alias);
                let version = side.and_then(|side| function.version(side));
                [pair("FunctionName", &function.name), pair("Resource", &resource)]
                    .into_iter()
                    .chain(version.map(|version| pair("ExecutedVersion", version)))
                    .collect()
            }
        }
    }

    /// What stands for `text` in a dimension that a person wrote; nothing while it is not known.
    pub(super) fn value(&self, side: Side, text: &str) -> Option<String> {
        let groups = match self {
            Measured::Groups(groups) => Some(groups),
            Measured::Function(_) => None,
        };
        match text {
            "$target-group" => groups?.group(side).map(str::to_owned),
            "$load-balancer" => groups.map(|groups| groups.load_balancer.clone()),
            "$task-definition" => groups?.runs(side).map(str::to_owned),
            _ => Some(text.to_owned()),
        }
    }

    /// From where the numbers come, for the person who asks.
    pub(super) fn source(&self, counted: &str) -> String {
        match self {
            Measured::Groups(Groups { load_balancer, blue, green, .. }) => {
                let green = green.as_ref().map(|it| format!(", green {it}")).unwrap_or_default();
                format!(
                    "AWS/ApplicationELB of {load_balancer}: blue {blue}{green}; RequestCount, 5xx, \
                     4xx and connection errors as Sum, TargetResponseTime as p50, p90, \
                     p99{counted}; period 60 s"
                )
            }
            Measured::Function(Function { name, alias, blue, green }) => {
                let green = green.as_ref().map(|it| format!(", green {it}")).unwrap_or_default();
                format!(
                    "AWS/Lambda of {name}:{alias}: blue {blue}{green}; Invocations, Errors and \
                     Throttles as Sum, Duration as p50, p90, p99{counted}; period 60 s"
                )
            }
        }
    }
}

impl Groups {
    fn group(&self, side: Side) -> Option<&str> {
        match side {
            Side::Blue => Some(&self.blue),
            Side::Green => self.green.as_deref(),
        }
    }

    fn runs(&self, side: Side) -> Option<&str> {
        match side {
            Side::Blue => self.blue_runs.as_deref(),
            Side::Green => self.green_runs.as_deref(),
        }
    }
}

impl Function {
    fn version(&self, side: Side) -> Option<&str> {
        match side {
            Side::Blue => Some(&self.blue),
            Side::Green => self.green.as_deref(),
        }
    }
}
