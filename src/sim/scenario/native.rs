//! A service whose deployments are ECS's own (`deploymentController.type = ECS`).

use jiff::SignedDuration;
use serde::Deserialize;

use super::release::HookOutcome;

/// How ECS rolls the service out.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Native {
    /// How tasks and traffic move.
    pub strategy: Strategy,
    /// How long both revisions run after the shift, whole minutes.
    #[serde(default)]
    pub bake: SignedDuration,
    /// Fewest healthy tasks while rolling, in per cent of the desired ones.
    #[serde(default = "hundred")]
    pub minimum_healthy: u32,
    /// Most tasks while rolling, in per cent of the desired ones.
    #[serde(default = "two_hundred")]
    pub maximum: u32,
    /// Whether tasks that cannot start end the deployment.
    #[serde(default = "yes")]
    pub circuit_breaker: bool,
    /// Whether a breaker or an alarm that ends the deployment also rolls it back.
    #[serde(default = "yes")]
    pub roll_back: bool,
    /// Hooks of its lifecycle.
    #[serde(default)]
    pub hooks: Vec<LifecycleHook>,
}

fn hundred() -> u32 {
    100
}

fn two_hundred() -> u32 {
    200
}

fn yes() -> bool {
    true
}

/// How tasks and traffic move to the new revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Strategy {
    /// Task by task in one target group; traffic follows the tasks.
    Rolling,
    /// All traffic at once.
    BlueGreen,
    /// `percent` more every `bake`.
    Linear {
        /// The share of every step, 3-99.
        percent: u8,
        /// Time between two steps, whole minutes.
        bake: SignedDuration,
    },
    /// `percent` first, the rest `bake` later.
    Canary {
        /// The first share, 1-99.
        percent: u8,
        /// Time until the rest follows, whole minutes.
        bake: SignedDuration,
    },
}

impl Strategy {
    /// The name in the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rolling => "ROLLING",
            Self::BlueGreen => "BLUE_GREEN",
            Self::Linear { .. } => "LINEAR",
            Self::Canary { .. } => "CANARY",
        }
    }

    /// The shares of production traffic that the new revision gets one after the other, and how
    /// long each is kept before the next; the last one is 100.
    pub fn steps(self) -> Vec<(u8, SignedDuration)> {
        let whole = (100, SignedDuration::ZERO);
        match self {
            Self::Rolling | Self::BlueGreen => vec![whole],
            Self::Canary { percent, bake } => vec![(percent, bake), whole],
            Self::Linear { percent, bake } => {
                let below = (1..100).map(|step: u8| step.saturating_mul(percent.max(1)));
                let below = below.take_while(|share| *share < 100).map(|share| (share, bake));
                below.chain([whole]).collect()
            }
        }
    }
}

/// Something that must agree before a deployment leaves a stage.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LifecycleHook {
    /// The stages that it holds.
    pub stages: Vec<Stage>,
    /// Who is asked.
    pub asks: Asks,
    /// How long an answer may take, whole minutes.
    #[serde(default = "day")]
    pub timeout: SignedDuration,
    /// What happens without one.
    #[serde(default)]
    pub on_timeout: OnTimeout,
}

fn day() -> SignedDuration {
    SignedDuration::from_hours(24)
}

/// Who is asked whether a deployment may go on.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Asks {
    /// A person.
    Person,
    /// A Lambda function.
    Function {
        /// Its name.
        name: String,
        /// How long it runs.
        takes: SignedDuration,
        /// What it reports of green; it never had anything against earlier releases.
        outcome: HookOutcome,
    },
}

/// What happens when nobody answers a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnTimeout {
    /// The deployment goes on.
    Continue,
    /// It is rolled back.
    #[default]
    Rollback,
}

impl OnTimeout {
    /// The word of the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Continue => "CONTINUE",
            Self::Rollback => "ROLLBACK",
        }
    }
}

/// The stages of a deployment, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Stage {
    /// Revisions that an earlier deployment left behind are removed; absent when there are none.
    ReconcileService,
    /// Before green exists.
    PreScaleUp,
    /// Green tasks start and become steady.
    ScaleUp,
    /// Green runs, without traffic.
    PostScaleUp,
    /// The test listener moves to green.
    TestTrafficShift,
    /// Green has all test traffic.
    PostTestTrafficShift,
    /// Before each step of the shift.
    PreProductionTrafficShift,
    /// Production traffic moves, and stays until the next step.
    ProductionTrafficShift,
    /// Green has all production traffic.
    PostProductionTrafficShift,
    /// Both revisions run.
    BakeTime,
    /// Blue's tasks stop.
    CleanUp,
}

impl Stage {
    /// All stages, in order.
    pub const ALL: [Self; 11] = [
        Self::ReconcileService,
        Self::PreScaleUp,
        Self::ScaleUp,
        Self::PostScaleUp,
        Self::TestTrafficShift,
        Self::PostTestTrafficShift,
        Self::PreProductionTrafficShift,
        Self::ProductionTrafficShift,
        Self::PostProductionTrafficShift,
        Self::BakeTime,
        Self::CleanUp,
    ];

    /// The name in the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::ReconcileService => "RECONCILE_SERVICE",
            Self::PreScaleUp => "PRE_SCALE_UP",
            Self::ScaleUp => "SCALE_UP",
            Self::PostScaleUp => "POST_SCALE_UP",
            Self::TestTrafficShift => "TEST_TRAFFIC_SHIFT",
            Self::PostTestTrafficShift => "POST_TEST_TRAFFIC_SHIFT",
            Self::PreProductionTrafficShift => "PRE_PRODUCTION_TRAFFIC_SHIFT",
            Self::ProductionTrafficShift => "PRODUCTION_TRAFFIC_SHIFT",
            Self::PostProductionTrafficShift => "POST_PRODUCTION_TRAFFIC_SHIFT",
            Self::BakeTime => "BAKE_TIME",
            Self::CleanUp => "CLEAN_UP",
        }
    }

    /// The stage after this one.
    pub fn next(self) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| *stage > self)
    }

    /// Whether a hook may hold it.
    pub(super) fn takes_hooks(self) -> bool {
        !matches!(self, Self::ScaleUp | Self::BakeTime | Self::CleanUp)
    }
}
