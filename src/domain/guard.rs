//! The alarms and analyses that would stop or roll back a rollout by themselves.

use jiff::Timestamp;
use serde::Serialize;

use super::Measured;

/// What an alarm says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardState {
    /// Within its limits.
    Ok,
    /// Firing.
    Alarm,
    /// Not enough data: neither healthy nor firing; the resting state of many error alarms.
    InsufficientData,
    /// No alarm of this name exists: the control plane may treat that as a failure.
    Missing,
}

/// One alarm, or one metric of an analysis, that guards the rollout.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Guard {
    /// Its name.
    pub name: String,
    /// What it says.
    pub state: GuardState,
    /// Its reason, in the API's words.
    pub reason: Option<String>,
    /// Since when it is in this state.
    pub since: Option<Timestamp>,
    /// What an analysis has measured; an alarm tells only that it fires.
    pub measured: Option<Box<Measured>>,
}
