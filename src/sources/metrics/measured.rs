//! What is measured, as CloudWatch names it: two target groups behind a load balancer, or two versions
//! of a function behind its alias.

use crate::domain::Side;

use super::query::{BALANCER, SECOND_BALANCER};

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

    /// The load balancers, each with the name that its own answers are kept under.
    pub(super) fn balancers(&self) -> Vec<(&'static str, &str)> {
        let Measured::Groups(groups) = self else { return Vec::new() };
        let blue = groups.blue.load_balancer.as_str();
        let second = groups.green.as_ref().map(|green| green.load_balancer.as_str());
        let second = second.filter(|green| *green != blue);
        let second = second.map(|green| (SECOND_BALANCER, green));
        std::iter::once((BALANCER, blue)).chain(second).collect()
    }

    /// The dimensions of a side.
    pub(super) fn dimensions(&self, side: Side) -> Vec<(String, String)> {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        match self {
            Measured::Groups(groups) => {
                let Some(at) = groups.at(side) else { return Vec::new() };
                let group = at.group.as_ref().map(|group| pair("TargetGroup", group));
                std::iter::once(pair("LoadBalancer", &at.load_balancer)).chain(group).collect()
            }
            Measured::Function(function) => {
                let resource = format!("{}:{}", function.name, function.alias);
                let version = function.version(side);
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
            "$target-group" => groups?.at(side)?.group.clone(),
            "$load-balancer" => Some(groups?.at(side)?.load_balancer.clone()),
            "$task-definition" => groups?.runs(side).map(str::to_owned),
            _ => Some(text.to_owned()),
        }
    }

    /// From where the numbers come, for the person who asks.
    pub(super) fn source(&self, counted: &str) -> String {
        match self {
            Measured::Groups(Groups { blue, green, .. }) => {
                let load_balancer = &blue.load_balancer;
                let name =
                    |at: &Behind| at.group.clone().unwrap_or_else(|| at.load_balancer.clone());
                let green = green.as_ref().map(|it| format!(", green {}", name(it)));
                let (green, blue) = (green.unwrap_or_default(), name(blue));
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
    /// Where a side is measured.
    fn at(&self, side: Side) -> Option<&Behind> {
        match side {
            Side::Blue => Some(&self.blue),
            Side::Green => self.green.as_ref(),
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
