//! The fields of a scenario file. Durations are text such as `"90s"` or `"1h 30m"`.

use jiff::SignedDuration;
use serde::Deserialize;

use super::alarm::AlarmRule;
use super::argo::{Argo, Cluster};
use super::native::Native;
use super::platform::{Beanstalk, Ec2, Lambda, Pipeline};
use super::release::Release;
use super::weighted::Weighted;
use crate::sim::faults::Planned;

/// One rollout as data.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The name on the command line.
    pub name: String,
    /// One line for people.
    pub summary: String,
    /// What is true of green, in words: what a verdict should find.
    pub truth: String,
    /// How far into the rollout the world is when it starts.
    #[serde(default)]
    pub start_at: SignedDuration,
    /// Names of the things in the account.
    #[serde(default)]
    pub place: Place,
    /// How the deployment group rolls out.
    #[serde(default)]
    pub rollout: Rollout,
    /// How ECS itself rolls the service out; absent: CodeDeploy does.
    pub native: Option<Native>,
    /// Weights that a person sets; with this section nothing is deployed.
    pub weighted: Option<Weighted>,
    /// The function that CodeDeploy rolls out instead of an ECS service.
    pub lambda: Option<Lambda>,
    /// The instances that CodeDeploy replaces instead.
    pub ec2: Option<Ec2>,
    /// The environments that Elastic Beanstalk swaps, or updates by splitting traffic.
    pub beanstalk: Option<Beanstalk>,
    /// The Rollout that a controller in a Kubernetes cluster brings out.
    pub argo: Option<Argo>,
    /// The clusters that run blue and green behind weights that a person sets.
    pub clusters: Option<[Cluster; 2]>,
    /// The pipeline that creates the deployments of the ECS service.
    pub pipeline: Option<Pipeline>,
    /// Requests that arrive.
    #[serde(default)]
    pub traffic: Traffic,
    /// The release that serves before the rollout.
    pub blue: Release,
    /// The release being rolled out.
    pub green: Release,
    /// Finished rollouts before this one, oldest first; the last one brought blue.
    #[serde(default = "Past::usual")]
    pub history: Vec<Past>,
    /// Metric alarms of the account.
    #[serde(default)]
    pub alarms: Vec<AlarmRule>,
    /// How long things take.
    #[serde(default)]
    pub timing: Timing,
    /// What goes wrong between clients and services.
    #[serde(default)]
    pub faults: Vec<Planned>,
}

/// Names of the things in the account.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Place {
    /// The account id, 12 digits.
    pub account: String,
    /// The Region.
    pub region: String,
    /// The ECS cluster.
    pub cluster: String,
    /// The ECS service, also the task definition family and the container.
    pub service: String,
    /// The CodeDeploy application.
    pub application: String,
    /// The CodeDeploy deployment group.
    pub group: String,
    /// The load balancer.
    pub load_balancer: String,
    /// The pair of target groups; the first one serves at the very beginning.
    pub target_groups: [String; 2],
    /// The port of the container.
    pub port: u16,
    /// Tasks on each side.
    pub desired: u32,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            account: "111122223333".to_owned(),
            region: "eu-west-1".to_owned(),
            cluster: "prod".to_owned(),
            service: "checkout".to_owned(),
            application: "shop".to_owned(),
            group: "checkout".to_owned(),
            load_balancer: "shop".to_owned(),
            target_groups: ["checkout-a".to_owned(), "checkout-b".to_owned()],
            port: 8080,
            desired: 4,
        }
    }
}

/// How the deployment group rolls out.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rollout {
    /// Name of a predefined deployment configuration or of one in `configs`.
    pub config: String,
    /// Custom deployment configurations of the account.
    pub configs: Vec<CustomConfig>,
    /// How long to wait for a person before the shift (READY_WAIT); absent: no such wait.
    pub approval_wait: Option<SignedDuration>,
    /// How long blue stays warm after the shift (TERMINATION_WAIT), whole minutes.
    pub termination_wait: SignedDuration,
    /// What rolls back by itself.
    pub auto_rollback: Vec<RollbackOn>,
    /// Whether a test listener exists.
    pub test_listener: bool,
}

impl Default for Rollout {
    fn default() -> Self {
        Self {
            config: "CodeDeployDefault.ECSCanary10Percent5Minutes".to_owned(),
            configs: Vec::new(),
            approval_wait: None,
            termination_wait: SignedDuration::from_mins(60),
            auto_rollback: vec![RollbackOn::Failure, RollbackOn::Alarm],
            test_listener: true,
        }
    }
}

/// A custom deployment configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomConfig {
    /// Its name, free text.
    pub name: String,
    /// How it moves traffic.
    pub routing: Routing,
}

/// How a deployment configuration moves traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Routing {
    /// Everything at once.
    AllAtOnce,
    /// `percent` first, the rest `minutes` later.
    Canary {
        /// The first share, 1-99.
        percent: u8,
        /// Minutes until the rest follows.
        minutes: u32,
    },
    /// `percent` more every `minutes`.
    Linear {
        /// The share of every step, 1-99.
        percent: u8,
        /// Minutes between two steps.
        minutes: u32,
    },
}

/// An event that rolls a deployment back by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RollbackOn {
    /// The deployment fails.
    Failure,
    /// An alarm stops it.
    Alarm,
    /// A person stops it and does not say whether to roll back.
    Request,
}

/// Requests that arrive at the load balancer.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Traffic {
    /// The average over a day.
    pub requests_per_second: f64,
    /// Depth of the daily wave, 0-1: 0.2 swings between 80 % and 120 %.
    pub wave: f64,
    /// Standard deviation of a minute's rate around the wave, as a share of it.
    pub jitter: f64,
    /// With sticky sessions: how long until 63 % of the clients have followed a new weight.
    pub stickiness: Option<SignedDuration>,
    /// Earliest and latest delivery of a minute's metrics after its end.
    pub delivery: [SignedDuration; 2],
}

impl Default for Traffic {
    fn default() -> Self {
        Self {
            requests_per_second: 450.0,
            wave: 0.15,
            jitter: 0.02,
            stickiness: None,
            delivery: [SignedDuration::from_secs(60), SignedDuration::from_secs(175)],
        }
    }
}

/// A finished rollout before this one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Past {
    /// How long before this rollout it began.
    pub ago: SignedDuration,
    /// The image tag that it brought; the last one must be blue's.
    pub tag: String,
}

impl Past {
    fn usual() -> Vec<Self> {
        [(73, "1.8.1"), (26, "1.8.2")]
            .map(|(hours, tag)| Self {
                ago: SignedDuration::from_hours(hours),
                tag: tag.to_owned(),
            })
            .into()
    }
}

/// How long things take.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timing {
    /// From created to in progress.
    pub queued: SignedDuration,
    /// A lifecycle hook without a function.
    pub no_hook: SignedDuration,
    /// A task's network interface.
    pub provisioning: SignedDuration,
    /// A task's image pull and start.
    pub pending: SignedDuration,
    /// A task's registration with the load balancer.
    pub activating: SignedDuration,
    /// From running to the last of the health checks that make a target healthy, or unhealthy.
    pub health_checks: SignedDuration,
    /// Each task's own delay on top, at most.
    pub spread: SignedDuration,
    /// From all healthy to steady.
    pub steady: SignedDuration,
    /// The move of the test listener.
    pub test_shift: SignedDuration,
    /// From the last shift to the end of AllowTraffic.
    pub shift: SignedDuration,
    /// How long a target drains before its task stops.
    pub drain: SignedDuration,
    /// From stopping a task to stopped.
    pub stop_task: SignedDuration,
    /// How long the load balancer still sends requests to a dead task.
    pub notice_death: SignedDuration,
    /// From the order to stop to stopped.
    pub stop: SignedDuration,
    /// Earliest and latest appearance of the rollback deployment after that.
    pub rollback: [SignedDuration; 2],
}

impl Default for Timing {
    fn default() -> Self {
        let seconds = SignedDuration::from_secs;
        Self {
            queued: seconds(3),
            no_hook: seconds(1),
            provisioning: seconds(12),
            pending: seconds(38),
            activating: seconds(6),
            health_checks: seconds(45),
            spread: seconds(9),
            steady: seconds(8),
            test_shift: seconds(4),
            shift: seconds(2),
            drain: seconds(30),
            stop_task: seconds(6),
            notice_death: seconds(9),
            stop: seconds(2),
            rollback: [seconds(2), seconds(5)],
        }
    }
}
