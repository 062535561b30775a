//! What can be watched in an account and Region, as a search finds it.

use serde::Serialize;

/// What a search through an account and Region brought.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Listing {
    /// In whose name it was asked, where that could be found out.
    pub identity: Option<super::Identity>,
    /// What can be watched.
    pub targets: Vec<Found>,
    /// What looks as if it could be watched and belongs to another control plane, which would
    /// undo what a person does there.
    pub owned: Vec<Found>,
    /// What could not be looked at.
    pub gaps: Vec<Gap>,
}

/// Something that can be watched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// The target as one types it, e.g. `codedeploy:shop/checkout`.
    pub target: String,
    /// What it is.
    #[serde(flatten)]
    pub what: What,
    /// Whether traffic is being moved there, or is divided.
    pub running: bool,
    /// The rollout that runs, or ran last, where its control plane names one.
    pub rollout: Option<String>,
    /// How that stands, in the control plane's own word.
    pub status: Option<String>,
    /// Who moves the traffic there, if that is not the one who was asked.
    pub owner: Option<String>,
}

/// Who moves the traffic, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "control_plane", rename_all = "snake_case")]
pub enum What {
    /// A CodeDeploy deployment group.
    CodeDeploy {
        /// What it deploys to, in CodeDeploy's word: `ECS`, `Lambda` or `Server`.
        platform: String,
        /// Cluster and service, as `CLUSTER/SERVICE`, on ECS.
        service: Option<String>,
    },
    /// A service that ECS itself deploys.
    Ecs {
        /// Its strategy in ECS's word, e.g. `CANARY`.
        strategy: String,
    },
    /// A rule of an Application Load Balancer that forwards to two target groups.
    Alb {
        /// The load balancer's name.
        balancer: String,
        /// The listener's port.
        port: Option<i32>,
        /// The rule's priority; nothing for the listener's default rule.
        priority: Option<String>,
        /// Which requests it is for, e.g. `path-pattern /api/*`.
        conditions: Vec<String>,
        /// The target groups.
        shares: Vec<Share>,
    },
    /// Two weighted records of one name and type.
    Route53 {
        /// The hosted zone's name.
        zone: String,
        /// The records, by their set identifier.
        shares: Vec<Share>,
    },
    /// An Elastic Beanstalk application.
    Beanstalk {
        /// Its web environments.
        environments: Vec<String>,
        /// Whether an environment divides its own traffic between two versions.
        traffic_splitting: bool,
    },
}

/// A part of the traffic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Share {
    /// To what it goes.
    pub name: String,
    /// Its weight; a share is a weight's part of the sum.
    pub weight: u32,
}

/// Something that could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Whose targets may be missing.
    pub control_plane: ControlPlane,
    /// Why.
    #[serde(flatten)]
    pub why: GapReason,
}

/// Why something could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum GapReason {
    /// A call failed.
    Failed(super::Fault),
    /// There are more than a search may ask for.
    TooMany {
        /// How many were looked at.
        most: usize,
        /// Of what, in the plural.
        things: &'static str,
    },
}

/// Who can move traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlPlane {
    /// AWS CodeDeploy.
    CodeDeploy,
    /// Amazon ECS itself.
    Ecs,
    /// The weights of an Application Load Balancer.
    Alb,
    /// The weights of Route 53 records.
    Route53,
    /// AWS Elastic Beanstalk.
    Beanstalk,
}

impl Listing {
    /// Whether everything that moves target groups was seen, so that none is offered which another
    /// control plane owns.
    pub fn knows_owners(&self) -> bool {
        use ControlPlane::{CodeDeploy, Ecs};
        !self.gaps.iter().any(|gap| matches!(gap.control_plane, CodeDeploy | Ecs))
    }
}

impl What {
    /// How the traffic is divided, where weights say it.
    pub fn shares(&self) -> &[Share] {
        match self {
            What::Alb { shares, .. } | What::Route53 { shares, .. } => shares,
            What::CodeDeploy { .. } | What::Ecs { .. } | What::Beanstalk { .. } => &[],
        }
    }
}
