//! The load balancer: target groups, listeners with weights, and the health of targets.

use jiff::Timestamp;

use super::keys::Pool;

/// A load balancer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadBalancer {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// Its DNS name.
    pub dns_name: String,
    /// Its VPC.
    pub vpc_id: String,
    /// When it was created.
    pub created: Timestamp,
}

/// A listener of the load balancer; its default rule forwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Its ARN.
    pub arn: String,
    /// The ARN of its load balancer.
    pub load_balancer_arn: String,
    /// `HTTPS` or `HTTP`.
    pub protocol: &'static str,
    /// Its port.
    pub port: u16,
    /// What its default action forwards to.
    pub forward: Forward,
}

/// A rule of a listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its ARN.
    pub arn: String,
    /// The ARN of its listener.
    pub listener_arn: String,
    /// `default` or a number.
    pub priority: &'static str,
    /// What it forwards to.
    pub forward: Forward,
}

/// Target groups and their weights, and how long clients stick to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    /// Target group ARN and weight (0-999), in order.
    pub weights: Vec<(String, u32)>,
    /// How many seconds a client stays with its target group; absent: not sticky.
    pub stickiness_seconds: Option<i64>,
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

/// Weights of a listener's default rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Weights(pub(crate) Vec<(Pool, u32)>);

impl Weights {
    /// Everything to one group, the other one not in the rule.
    pub(crate) fn single(pool: Pool) -> Self {
        Self(vec![(pool, 1)])
    }

    /// `percent` to `pool`, the rest to the other one.
    pub(crate) fn split(pool: Pool, percent: u8) -> Self {
        let percent = u32::from(percent.min(100));
        let weight = |side: Pool| if side == pool { percent } else { 100 - percent };
        Self(Pool::ALL.map(|side| (side, weight(side))).into())
    }

    /// The share of requests for `pool`, 0-1.
    pub(crate) fn share(&self, pool: Pool) -> f64 {
        let weight = |of: Option<Pool>| -> u32 {
            let all = self.0.iter().filter(|(side, _)| of.is_none_or(|wanted| wanted == *side));
            all.map(|(_, weight)| weight).sum()
        };
        f64::from(weight(Some(pool))) / f64::from(weight(None).max(1))
    }

    /// Whether `pool` is in the rule, with whatever weight.
    pub(crate) fn uses(&self, pool: Pool) -> bool {
        self.0.iter().any(|(side, _)| *side == pool)
    }
}

/// Healthy and unhealthy targets from a moment on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HostCount {
    pub(crate) since: Timestamp,
    pub(crate) healthy: u32,
    pub(crate) unhealthy: u32,
}

/// The state of the load balancer.
#[derive(Debug)]
pub(crate) struct Elb {
    /// The production listener.
    pub(crate) production: Weights,
    /// The test listener, when the scenario has one.
    pub(crate) test: Option<Weights>,
    /// Host counts of both groups over time.
    pub(crate) hosts: [Vec<HostCount>; 2],
}

impl Elb {
    /// Everything on the first group, in the single-target form that precedes all rollouts.
    pub(crate) fn new(test_listener: bool, desired: u32) -> Self {
        let count = |healthy| vec![HostCount { since: Timestamp::MIN, healthy, unhealthy: 0 }];
        Self {
            production: Weights::single(Pool::A),
            test: test_listener.then(|| Weights::single(Pool::A)),
            hosts: [count(desired), count(0)],
        }
    }

    /// Whether any listener uses `pool`; targets of an unused group are not checked.
    pub(crate) fn uses(&self, pool: Pool) -> bool {
        self.production.uses(pool) || self.test.as_ref().is_some_and(|test| test.uses(pool))
    }
}
