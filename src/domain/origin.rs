//! Where each side is measured, as CloudWatch names it: a target group behind a load balancer, a
//! version of a function behind its alias, an API; and what else a person can say about a side.

use super::{PerTarget, Prometheus, Workload};

/// Where one side is measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The Region, where it is not the one that is watched.
    pub region: Option<String>,
    /// What is measured there.
    pub at: At,
}

/// What is measured of one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum At {
    /// A load balancer, and the target group behind it where that has more than one side's.
    Balancer {
        /// `app/NAME/HEX` or `net/NAME/HEX`.
        name: String,
        /// `targetgroup/NAME/HEX`; nothing where all of the load balancer's requests are the side's.
        group: Option<String>,
    },
    /// A version of a function, behind the alias that clients call.
    Version {
        /// The function's name.
        function: String,
        /// The alias.
        alias: String,
        /// The version.
        version: String,
    },
    /// A stage of a REST API.
    RestApi {
        /// Its name.
        name: String,
        /// The stage.
        stage: String,
    },
    /// A stage of an HTTP API.
    HttpApi {
        /// Its id.
        id: String,
        /// The stage.
        stage: String,
    },
}

impl Origin {
    /// What is measured in the Region that is watched.
    pub fn here(at: At) -> Self {
        Self { region: None, at }
    }
}

/// The Region that an ARN names; nothing where it names none, or is no ARN.
pub fn region_of(arn: &str) -> Option<&str> {
    let region = arn.strip_prefix("arn:")?.split(':').nth(2)?;
    (!region.is_empty()).then_some(region)
}

/// What a person has said about one side of a target.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SideSettings {
    /// Where it is measured.
    pub origin: Option<Origin>,
    /// What keeps its tasks in a cluster.
    pub runs: Option<Workload>,
    /// What counts its requests there.
    pub prometheus: Option<Prometheus>,
}

/// What a person has said about the sides, blue first, for each target.
pub type Sides = PerTarget<[SideSettings; 2]>;
