//! A Rollout in a Kubernetes cluster, carried out by a controller of Argo Rollouts.

use jiff::SignedDuration;
use serde::Deserialize;

use super::{Scenario, ScenarioError, check::require};

/// How the Rollout is brought out. It is called as the service is, in the application's namespace.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Argo {
    /// All at once or in steps.
    pub strategy: ArgoStrategy,
    /// How long the old pods stay after the promotion.
    #[serde(default = "keeps")]
    pub scale_down_delay: SignedDuration,
    /// How long the new pods stay after an abort; 0: they are never taken away.
    #[serde(default = "keeps")]
    pub abort_scale_down_delay: SignedDuration,
    /// How long a pod takes from its creation until its container runs.
    #[serde(default = "pulls")]
    pub pull: SignedDuration,
    /// How long a running container takes to become ready.
    #[serde(default = "starts")]
    pub start: SignedDuration,
    /// How long a pod takes to go.
    #[serde(default = "stops")]
    pub stop: SignedDuration,
    /// What an analysis measures.
    pub analysis: Option<Analysis>,
    /// The template is that of a Deployment of the same name, which ran the service before.
    #[serde(default)]
    pub deployment: bool,
    /// A load balancer of AWS is in front, and counts; absent: an ingress of nginx, and a Prometheus.
    pub alb: Option<Alb>,
    /// Somebody aborts the rollout this long after it began.
    pub aborted_after: Option<SignedDuration>,
    /// Argo CD keeps what holds the template.
    pub kept: Option<Kept>,
}

/// A tool that keeps an object as it is written in a repository. It writes nothing down that an order
/// changes but the template.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// The application that the object is a part of.
    pub application: String,
    /// What others change is put back after this long; absent: it is only looked at.
    pub heals_after: Option<SignedDuration>,
}

fn keeps() -> SignedDuration {
    SignedDuration::from_mins(10)
}

fn pulls() -> SignedDuration {
    SignedDuration::from_secs(14)
}

fn stops() -> SignedDuration {
    SignedDuration::from_secs(3)
}

fn starts() -> SignedDuration {
    SignedDuration::from_secs(12)
}

/// An Application Load Balancer in front of a cluster, with a target group for each of two Services.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alb {
    /// The controller looks whether it holds the weights, and says what it has found.
    #[serde(default)]
    pub verifies: bool,
    /// The Services of a canary take turns in being the stable one.
    #[serde(default)]
    pub takes_turns: bool,
}

/// One of two clusters behind weights that a person sets: it runs a side's release.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cluster {
    /// The name by which it is asked.
    pub context: String,
    /// Its Rollout.
    pub argo: Argo,
}

/// How traffic gets to the new version.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ArgoStrategy {
    /// By moving a Service, after somebody has agreed.
    BlueGreen {
        /// The pause ends by itself after this long; absent: a person ends it.
        #[serde(default)]
        promotes_after: Option<SignedDuration>,
        /// An analysis comes before the pause.
        #[serde(default)]
        analysis_before: bool,
        /// An analysis comes after the move, before the promotion.
        #[serde(default)]
        analysis_after: bool,
    },
    /// By the weight of an ingress, in steps.
    Canary(Vec<CanaryStep>),
    /// There is no Rollout: a Deployment keeps the pods, and Kubernetes itself brings versions out.
    Deployment,
    /// There is nothing to bring out: the cluster is empty until somebody makes a Rollout in it. What
    /// pods do is said by a word in the tag of their image: `crash`, `unready`, `missing`.
    Bare,
}

/// A step of a canary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum CanaryStep {
    /// The new version's share in per cent.
    Weight(u32),
    /// Nothing happens for a while.
    Pause(SignedDuration),
    /// Nothing happens until a person says so.
    Wait,
    /// Nothing happens until an analysis has ended well.
    Analysis,
    /// A pod of each version runs beside the others for so long, and is analysed if there is an
    /// analysis.
    Experiment(SignedDuration),
}

/// An analysis of one metric.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Analysis {
    /// The name of its template and of its metric.
    pub name: String,
    /// What Prometheus is asked, with `{{args.hash}}` for the hash of the new version.
    pub query: String,
    /// The measurement is good if this holds.
    pub success: String,
    /// Before the first measurement.
    #[serde(default)]
    pub initial_delay: SignedDuration,
    /// Between two measurements.
    pub interval: SignedDuration,
    /// How many measurements there are.
    pub count: u32,
    /// How many of them may fail.
    #[serde(default)]
    pub failure_limit: u32,
}

impl Argo {
    /// Whether an analysis is part of it.
    fn is_analysed(&self) -> bool {
        match &self.strategy {
            ArgoStrategy::BlueGreen { analysis_before, analysis_after, .. } => {
                *analysis_before || *analysis_after
            }
            ArgoStrategy::Canary(steps) => steps.contains(&CanaryStep::Analysis),
            ArgoStrategy::Deployment | ArgoStrategy::Bare => false,
        }
    }
}

/// What must hold of two clusters.
pub(super) fn check_both(
    scenario: &Scenario,
    clusters: &[Cluster; 2],
) -> Result<(), ScenarioError> {
    require(
        scenario.weighted.is_some(),
        "clusters",
        "behind weights: beside a section [weighted]",
    )?;
    let [blue, green] = clusters;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let named = |one: &Cluster| !one.context.is_empty() && one.context.chars().all(plain);
    let apart = named(blue) && named(green) && blue.context != green.context;
    require(apart, "clusters.context", "two different names of letters, digits and hyphens")?;
    clusters.iter().try_for_each(|one| check(scenario, &one.argo))
}

/// What must hold beyond the types.
pub(super) fn check(scenario: &Scenario, argo: &Argo) -> Result<(), ScenarioError> {
    let whole = |span: &SignedDuration| !span.is_negative() && span.subsec_nanos() == 0;
    let spans = [argo.scale_down_delay, argo.abort_scale_down_delay];
    require(spans.iter().all(whole), "argo.scale_down_delay", "whole seconds, not negative")?;
    let quick = [argo.pull, argo.start, argo.stop].iter().all(SignedDuration::is_positive);
    require(quick, "argo.pull", "above 0, like start and stop")?;
    if let ArgoStrategy::Canary(steps) = &argo.strategy {
        let sane = |step: &CanaryStep| match step {
            CanaryStep::Weight(weight) => *weight <= 100,
            CanaryStep::Pause(span) | CanaryStep::Experiment(span) => {
                span.is_positive() && whole(span)
            }
            CanaryStep::Wait | CanaryStep::Analysis => true,
        };
        let rule = "of at least one step, weights up to 100 and pauses in whole seconds";
        require(!steps.is_empty() && steps.iter().all(sane), "argo.strategy", rule)?;
    }
    let known = argo.analysis.is_some() || !argo.is_analysed();
    require(known, "argo.analysis", "there where the strategy analyses")?;
    let sane = |one: &Analysis| one.count > 0 && one.interval.is_positive();
    let rule = "of at least one measurement, with an interval above 0";
    require(argo.analysis.as_ref().is_none_or(sane), "argo.analysis", rule)?;
    let heals = argo.kept.as_ref().and_then(|kept| kept.heals_after);
    require(heals.is_none_or(|span| span.is_positive()), "argo.kept.heals_after", "above 0")?;
    if let Some(alb) = &argo.alb {
        let alone = scenario.clusters.is_none() && argo.strategy != ArgoStrategy::Bare;
        require(alone, "argo.alb", "where something is brought out behind nothing else")?;
        let canary = matches!(argo.strategy, ArgoStrategy::Canary(_));
        require(canary || !alb.takes_turns, "argo.alb.takes_turns", "false but for a canary")?;
    }
    let quiet = [&scenario.blue, &scenario.green]
        .iter()
        .all(|release| release.unhealthy.is_none() && release.hooks.is_empty());
    require(quiet, "green", "without unhealthy and hooks where a Rollout is brought out")?;
    require(scenario.alarms.is_empty(), "alarms", "empty: there is no load balancer to watch")
}
