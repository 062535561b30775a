//! The two sides of a rollout and what they run.

use jiff::Timestamp;
use serde::Serialize;

use super::{Fact, LogPlace, Runs};

/// One of the two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Served before the rollout.
    Blue,
    /// Holds the new revision.
    Green,
}

impl Side {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Side::Blue => "blue",
            Side::Green => "green",
        }
    }

    /// The one beside it.
    pub fn other(self) -> Self {
        match self {
            Side::Blue => Side::Green,
            Side::Green => Side::Blue,
        }
    }
}

/// One container image of a revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Image {
    /// The container's name.
    pub container: String,
    /// The image without tag and digest, e.g. `registry/shop/checkout`.
    pub repository: String,
    /// The tag, e.g. `1.8.2`.
    pub tag: Option<String>,
    /// The digest that runs, e.g. `sha256:9f2c41…`, whole.
    pub digest: Option<String>,
}

/// What an environment runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Revision {
    /// Family and number, e.g. `checkout:41`.
    pub name: String,
    /// The ARN that names it in full.
    pub arn: String,
    /// Its images, in the order of the containers; empty when they are not known.
    pub images: Vec<Image>,
    /// Whether new tasks can still be started from it; unknown when nobody could tell.
    pub active: Option<bool>,
}

/// How many tasks there are and should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Default)]
pub struct TaskCounts {
    /// Wanted.
    pub desired: u32,
    /// Running.
    pub running: u32,
    /// Being started.
    pub pending: u32,
}

/// One task, as far as a person on call wants to know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Task {
    /// The last part of its ARN.
    pub id: String,
    /// `RUNNING`, `STOPPED`, ... as the API spells it.
    pub status: String,
    /// `HEALTHY`, `UNHEALTHY`; nothing when there is no health check.
    pub health: Option<String>,
    /// When it began to run.
    pub started: Option<Timestamp>,
    /// When it stopped.
    pub stopped: Option<Timestamp>,
    /// Why it stopped, in the API's words.
    pub reason: Option<String>,
    /// The exit code of the container that ended it; absent is not zero.
    pub exit_code: Option<i32>,
}

/// The health of one registered target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TargetState {
    /// Address or instance id, with its port.
    pub id: String,
    /// `healthy`, `initial`, `unhealthy`, `draining`, `unused`, ... as the API spells it.
    pub state: String,
    /// `Target.FailedHealthChecks`, ... as the API spells it.
    pub reason: Option<String>,
    /// The API's sentence about it.
    pub description: Option<String>,
}

/// The targets of one target group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Targets {
    /// All registered targets.
    pub list: Vec<TargetState>,
}

impl Targets {
    /// How many are in `state`, as the API spells it.
    pub fn count(&self, state: &str) -> usize {
        self.list.iter().filter(|target| target.state == state).count()
    }

    /// How many take requests.
    pub fn healthy(&self) -> usize {
        self.count("healthy")
    }

    /// Each state that occurs with its number, healthy first, then by name.
    pub fn by_state(&self) -> Vec<(&str, usize)> {
        let mut states: Vec<&str> = self.list.iter().map(|t| t.state.as_str()).collect();
        states.sort_by_key(|state| (*state != "healthy", *state));
        states.dedup();
        states.into_iter().map(|state| (state, self.count(state))).collect()
    }
}

/// One side of the rollout.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct Environment {
    /// What it runs.
    pub revision: Fact<Revision>,
    /// Whether its tasks exist; a side that has been removed is `Known` with zero tasks.
    pub tasks: Fact<TaskCounts>,
    /// Its tasks, running ones first, then the newest stopped.
    pub task_list: Fact<Vec<Task>>,
    /// Where its tasks write what they have to say.
    pub log: Fact<LogPlace>,
    /// The name of the target group it has in this rollout; roles swap with every rollout.
    pub target_group: Option<String>,
    /// The health of that group's targets.
    pub targets: Fact<Targets>,
    /// What keeps its tasks, where a person has named that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runs: Option<Box<Runs>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_counted_healthy_first() {
        let target = |state: &str| TargetState {
            id: "10.0.1.17:8080".into(),
            state: state.into(),
            reason: None,
            description: None,
        };
        let targets =
            Targets { list: ["draining", "healthy", "unhealthy", "healthy"].map(target).into() };
        assert_eq!(targets.by_state(), [("healthy", 2), ("draining", 1), ("unhealthy", 1)]);
    }
}
