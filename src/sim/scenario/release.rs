//! One version of the program: how it answers, starts, dies and tests.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::Deserialize;

/// One version of the program and how it behaves.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// The image tag.
    pub tag: String,
    /// Environment variables of the container.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Share of requests answered 5xx.
    #[serde(default = "usual_error_rate")]
    pub error_rate: f64,
    /// Share of requests answered 4xx.
    #[serde(default = "usual_client_error_rate")]
    pub client_error_rate: f64,
    /// Share of requests answered 3xx.
    #[serde(default = "usual_redirect_rate")]
    pub redirect_rate: f64,
    /// Median response time in milliseconds.
    #[serde(default = "usual_p50")]
    pub p50_ms: f64,
    /// 99th percentile of the response time in milliseconds.
    #[serde(default = "usual_p99")]
    pub p99_ms: f64,
    /// How it is worse right after it first gets traffic.
    pub cold_start: Option<ColdStart>,
    /// How its tasks die.
    pub crash: Option<Crash>,
    /// How its tasks fail their health checks.
    pub unhealthy: Option<Unhealthy>,
    /// Lambda functions at its lifecycle hooks.
    #[serde(default)]
    pub hooks: BTreeMap<Lifecycle, Hook>,
}

fn usual_error_rate() -> f64 {
    0.004
}

fn usual_client_error_rate() -> f64 {
    0.012
}

fn usual_redirect_rate() -> f64 {
    0.03
}

fn usual_p50() -> f64 {
    42.0
}

fn usual_p99() -> f64 {
    310.0
}

/// A release is worse while its caches are cold; the excess halves again and again.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColdStart {
    /// Time in which the excess halves.
    pub half_life: SignedDuration,
    /// Share of 5xx on top at the first request.
    #[serde(default)]
    pub error_rate: f64,
    /// Factor on response times at the first request, 1 or more.
    #[serde(default = "one")]
    pub slowdown: f64,
}

fn one() -> f64 {
    1.0
}

/// How the tasks of a release die.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crash {
    /// In which part of their life.
    pub when: CrashWhen,
    /// How long into that part (on average, under traffic).
    pub after: SignedDuration,
    /// Exit code of the container; absent: it never started.
    pub exit_code: Option<i32>,
    /// The container's reason, e.g. `OutOfMemoryError: ...`.
    pub reason: Option<String>,
}

/// In which part of its life a task dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CrashWhen {
    /// Soon after it runs, before it is healthy.
    Starting,
    /// At a random moment under production traffic.
    Serving,
}

/// How the tasks of a release fail their health checks.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unhealthy {
    /// What the health check page answers.
    pub code: u16,
    /// When the scheduler replaces such a task, counted from running.
    pub replaced_after: SignedDuration,
}

/// The lifecycle events of an ECS deployment, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum Lifecycle {
    /// Hook before green exists.
    BeforeInstall,
    /// Green tasks start and become steady.
    Install,
    /// Hook with green running.
    AfterInstall,
    /// The test listener moves to green.
    AllowTestTraffic,
    /// Hook that may test green through the test listener.
    AfterAllowTestTraffic,
    /// Hook before production traffic moves.
    BeforeAllowTraffic,
    /// Production traffic moves.
    AllowTraffic,
    /// Hook with all traffic on green.
    AfterAllowTraffic,
}

impl Lifecycle {
    /// All events, in order.
    pub const ALL: [Self; 8] = [
        Self::BeforeInstall,
        Self::Install,
        Self::AfterInstall,
        Self::AllowTestTraffic,
        Self::AfterAllowTestTraffic,
        Self::BeforeAllowTraffic,
        Self::AllowTraffic,
        Self::AfterAllowTraffic,
    ];

    /// The name in the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::BeforeInstall => "BeforeInstall",
            Self::Install => "Install",
            Self::AfterInstall => "AfterInstall",
            Self::AllowTestTraffic => "AllowTestTraffic",
            Self::AfterAllowTestTraffic => "AfterAllowTestTraffic",
            Self::BeforeAllowTraffic => "BeforeAllowTraffic",
            Self::AllowTraffic => "AllowTraffic",
            Self::AfterAllowTraffic => "AfterAllowTraffic",
        }
    }

    /// The event after this one.
    pub fn next(self) -> Option<Self> {
        Self::ALL.into_iter().find(|event| *event > self)
    }
}

/// The Lambda function of one hook.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hook {
    /// The function's name.
    pub function: String,
    /// How long it runs.
    pub takes: SignedDuration,
    /// What it reports.
    pub outcome: HookOutcome,
    /// What CodeDeploy shows of a failure.
    #[serde(default)]
    pub message: String,
}

/// What a hook reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HookOutcome {
    /// `Succeeded`.
    Succeed,
    /// `Failed`.
    Fail,
    /// Never anything: CodeDeploy gives up after an hour.
    Hang,
}
