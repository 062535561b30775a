//! The load balancer: target groups, listeners with rules, and the health of targets.

use jiff::Timestamp;

use super::keys::Pool;
use super::names::Door;
use super::rules::{Action, Forward, Weights};
use crate::sim::value::Value;

/// The hosted zone in which load balancers of a Region have their DNS names.
pub(crate) fn dns_zone(region: &str) -> &'static str {
    match region {
        "eu-north-1" => "Z23TAZ6LKFMNIO",
        "us-east-1" => "Z35SXDOTRQ7X7K",
        _ => "Z32O12XQLNTSW2",
    }
}

/// A load balancer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadBalancer {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// Its DNS name.
    pub dns_name: String,
    /// The hosted zone of that name.
    pub dns_zone: &'static str,
    /// Its place among the load balancers of all Regions.
    pub position: usize,
    /// Its VPC.
    pub vpc_id: String,
    /// When it was created.
    pub created: Timestamp,
}

/// A listener of a load balancer.
#[derive(Debug, Clone, PartialEq)]
pub struct Listener {
    /// Its ARN.
    pub arn: String,
    /// The ARN of its load balancer.
    pub load_balancer_arn: String,
    /// `HTTPS` or `HTTP`.
    pub protocol: &'static str,
    /// Its port.
    pub port: u16,
    /// What its default rule does.
    pub actions: Vec<Action>,
}

impl Listener {
    /// Where its default rule forwards requests; absent when it answers them by itself.
    pub fn forward(&self) -> Option<&Forward> {
        self.actions.iter().find_map(Action::forward)
    }
}

/// A rule of a listener.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its ARN.
    pub arn: String,
    /// The ARN of its listener.
    pub listener_arn: String,
    /// Its place in the order, from 1; absent: the default rule, which comes last.
    pub priority: Option<u32>,
    /// Which requests it is for, as the API shows it.
    pub conditions: Vec<Value>,
    /// What it does with them, in order.
    pub actions: Vec<Action>,
}

/// A target group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetGroup {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// The port of its targets.
    pub port: u16,
    /// Its VPC.
    pub vpc_id: String,
    /// `ip` or `instance`.
    pub target_type: &'static str,
    /// The path that health checks ask for.
    pub health_check_path: &'static str,
    /// The load balancers whose rules use it.
    pub load_balancer_arns: Vec<String>,
}

/// A target of a group and its health, worded as the API does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The private address of the task, or the id of the instance.
    pub id: String,
    /// Its port.
    pub port: u16,
    /// Its Availability Zone.
    pub availability_zone: String,
    /// `initial`, `healthy`, `unhealthy`, `draining` or `unused`.
    pub state: &'static str,
    /// E.g. `Target.ResponseCodeMismatch`.
    pub reason: Option<&'static str>,
    /// The reason in words.
    pub description: Option<String>,
}

/// Healthy and unhealthy targets of a group in a minute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hosts {
    /// Targets that passed their health checks.
    pub healthy: Spread,
    /// Targets that failed them.
    pub unhealthy: Spread,
}

/// A count over the course of a minute.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Spread {
    /// The lowest.
    pub min: f64,
    /// The average over time.
    pub mean: f64,
    /// The highest.
    pub max: f64,
}

/// One minute of the load balancer as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LbMinute {
    /// All requests.
    pub requests: u64,
    /// Requests that the load balancer itself answered 5xx.
    pub elb_5xx: u64,
    /// Those of them for which a target's connection failed.
    pub elb_502: u64,
    /// Those of them for which there was no target.
    pub elb_503: u64,
}

/// How the load balancer sees a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    /// Just registered.
    Registering,
    /// Being checked for the first time.
    Checking,
    /// Passed.
    Healthy,
    /// Answered its checks with this HTTP code.
    Unhealthy(u16),
    /// Being removed.
    Draining,
}

impl Health {
    /// State, reason and description as the API words them.
    pub(crate) fn words(self) -> (&'static str, Option<&'static str>, Option<String>) {
        let text = |text: &str| Some(text.to_owned());
        match self {
            Self::Registering => (
                "initial",
                Some("Elb.RegistrationInProgress"),
                text("Target registration is in progress"),
            ),
            Self::Checking => (
                "initial",
                Some("Elb.InitialHealthChecking"),
                text("Initial health checks in progress"),
            ),
            Self::Healthy => ("healthy", None, None),
            Self::Unhealthy(code) => (
                "unhealthy",
                Some("Target.ResponseCodeMismatch"),
                Some(format!("Health checks failed with these codes: [{code}]")),
            ),
            Self::Draining => (
                "draining",
                Some("Target.DeregistrationInProgress"),
                text("Target deregistration is in progress"),
            ),
        }
    }
}

/// Healthy and unhealthy targets from a moment on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HostCount {
    pub(crate) since: Timestamp,
    pub(crate) healthy: u32,
    pub(crate) unhealthy: u32,
}

/// A rule as the load balancer keeps it.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) door: Door,
    /// Absent: the default rule.
    pub(crate) priority: Option<u32>,
    pub(crate) conditions: Vec<Value>,
    pub(crate) weights: Weights,
}

/// The state of the load balancers.
#[derive(Debug, Clone)]
pub(crate) struct Elb {
    /// All rules; the first one of a door gets its traffic.
    pub(crate) rules: Vec<Held>,
    /// Host counts of both groups over time.
    pub(crate) hosts: [Vec<HostCount>; 2],
}

impl Elb {
    /// Rules, and so many targets in each group.
    pub(crate) fn new(rules: Vec<Held>, targets: [u32; 2]) -> Self {
        let count = |healthy| vec![HostCount { since: Timestamp::MIN, healthy, unhealthy: 0 }];
        Self { rules, hosts: targets.map(count) }
    }

    /// What the traffic of a door meets; absent without that door.
    pub(crate) fn behind(&self, door: Door) -> Option<&Weights> {
        self.rules.iter().find(|rule| rule.door == door).map(|rule| &rule.weights)
    }

    /// Gives the traffic of a door other weights; nothing happens without that door.
    pub(crate) fn route(&mut self, door: Door, weights: Weights) {
        if let Some(rule) = self.rules.iter_mut().find(|rule| rule.door == door) {
            rule.weights = weights;
        }
    }

    /// The share of a door's requests that `pool` gets by weight, 0-1.
    pub(crate) fn share(&self, door: Door, pool: Pool) -> f64 {
        self.behind(door).map_or(0.0, |weights| weights.share(pool))
    }

    /// Whether any rule uses `pool`; targets of an unused group are not checked.
    pub(crate) fn uses(&self, pool: Pool) -> bool {
        self.rules.iter().any(|rule| rule.weights.uses(pool))
    }
}
