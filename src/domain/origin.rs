//! Where each side is measured, as CloudWatch names it: a target group behind a load balancer, a
//! version of a function behind its alias, an API.

use super::PerTarget;

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

/// The places that a person has named, blue first, for each target.
pub type Origins = PerTarget<[Option<Origin>; 2]>;
