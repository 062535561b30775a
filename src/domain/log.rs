//! What the tasks of a side write, and where it is read.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::{Side, Target};

/// Where the tasks of a side write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LogPlace {
    /// A log group of CloudWatch.
    Group {
        /// The container that writes.
        container: String,
        /// The group's Region.
        region: Option<String>,
        /// The group's name.
        group: String,
        /// What the name of a task's stream has before the id of the task.
        prefix: String,
    },
    /// Pods; the API server of their cluster has it from their nodes.
    Pods {
        /// The container that writes.
        container: String,
        /// The context of the cluster, where it is not the current one.
        context: Option<String>,
        /// The pods' namespace.
        namespace: String,
    },
}

impl fmt::Display for LogPlace {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group { container, group, .. } => write!(out, "{container} in {group}"),
            Self::Pods { container, namespace, .. } => write!(out, "{container} in {namespace}"),
        }
    }
}

/// A question for the newest lines of a side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogQuestion {
    /// What is watched.
    pub target: Target,
    /// Which side of it.
    pub side: Side,
    /// Where its tasks write.
    pub place: LogPlace,
    /// The ids of the tasks, those that matter most first.
    pub tasks: Vec<String>,
    /// From when on; as far back as it takes to see something when absent.
    pub since: Option<Timestamp>,
}

/// One row of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When it was written.
    pub at: Timestamp,
    /// The id of the task that wrote it.
    pub task: String,
    /// What it says; text from outside, so it is escaped where it is shown.
    pub text: String,
    /// Tells it from others: the same row always has the same.
    pub id: String,
}

/// What a question brought.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogPage {
    /// The rows, oldest first. Some may be known already.
    pub lines: Vec<LogLine>,
    /// What is missing in them, and why.
    pub left_out: Option<String>,
}
