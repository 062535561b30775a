//! The service: task definitions, task sets, tasks and what the scheduler says about them.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use super::elb::Health;
use super::keys::{Pool, ReleaseKey, SetKey, TaskKey};
use super::time::before;

/// The state of the cluster.
#[derive(Debug, Clone)]
pub(crate) struct Ecs {
    pub(crate) created: Timestamp,
    pub(crate) definitions: Vec<TaskDefinition>,
    pub(crate) sets: Vec<TaskSet>,
    pub(crate) tasks: Vec<Task>,
    /// Newest first, at most as many as the service shows.
    pub(crate) events: VecDeque<ServiceEvent>,
    pub(crate) events_said: usize,
}

/// What a release runs.
#[derive(Debug, Clone)]
pub(crate) struct TaskDefinition {
    pub(crate) revision: usize,
    pub(crate) digest: String,
    pub(crate) registered: Timestamp,
}

/// A task set.
#[derive(Debug, Clone)]
pub(crate) struct TaskSet {
    pub(crate) id: String,
    pub(crate) external_id: String,
    pub(crate) release: ReleaseKey,
    pub(crate) pool: Pool,
    pub(crate) status: SetStatus,
    pub(crate) desired: u32,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) steady: bool,
    pub(crate) steady_changed: Timestamp,
    /// Tasks that died since the last one became healthy.
    pub(crate) failures: u32,
    pub(crate) complained: Option<Timestamp>,
    pub(crate) gone: bool,
}

/// What the service makes of a task set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SetStatus {
    /// Serves production traffic.
    Primary,
    /// Exists beside it.
    Active,
    /// Is being removed.
    Draining,
}

impl SetStatus {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Primary => "PRIMARY",
            Self::Active => "ACTIVE",
            Self::Draining => "DRAINING",
        }
    }
}

/// A task.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) id: String,
    pub(crate) set: SetKey,
    pub(crate) address: String,
    pub(crate) zone: usize,
    pub(crate) status: TaskStatus,
    pub(crate) created: Timestamp,
    pub(crate) started: Option<Timestamp>,
    pub(crate) stopping: Option<Timestamp>,
    pub(crate) stopped: Option<Timestamp>,
    pub(crate) stop: Option<Stop>,
    pub(crate) exit_code: Option<i32>,
    pub(crate) reason: Option<String>,
    pub(crate) health: Option<Health>,
    /// Its container has exited, but the load balancer has not noticed.
    pub(crate) dead: bool,
    /// Its death under traffic is planned.
    pub(crate) doomed: bool,
}

/// Why a task stops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stop {
    pub(crate) code: &'static str,
    pub(crate) reason: String,
}

/// Where a task is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TaskStatus {
    Provisioning,
    Pending,
    Activating,
    Running,
    Deactivating,
    Stopping,
    Stopped,
}

impl TaskStatus {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Provisioning => "PROVISIONING",
            Self::Pending => "PENDING",
            Self::Activating => "ACTIVATING",
            Self::Running => "RUNNING",
            Self::Deactivating => "DEACTIVATING",
            Self::Stopping => "STOPPING",
            Self::Stopped => "STOPPED",
        }
    }
}

impl Task {
    /// Whether the scheduler wants it to run.
    pub(crate) fn wanted(&self) -> bool {
        self.stop.is_none()
    }

    /// Whether requests reach it.
    pub(crate) fn serves(&self) -> bool {
        !self.dead && self.health == Some(Health::Healthy)
    }
}

/// A line of the service's own log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServiceEvent {
    pub(crate) id: String,
    pub(crate) at: Timestamp,
    pub(crate) message: String,
}

/// Tasks of a set by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    pub(crate) pending: u32,
    pub(crate) running: u32,
    pub(crate) healthy: u32,
    /// Not stopped yet, wanted or not.
    pub(crate) alive: u32,
}

impl Ecs {
    /// A set by key.
    pub(crate) fn set(&self, key: SetKey) -> Option<&TaskSet> {
        self.sets.get(key.0)
    }

    /// Sets that exist, oldest first.
    pub(crate) fn live_sets(&self) -> impl Iterator<Item = (SetKey, &TaskSet)> {
        let all = self.sets.iter().enumerate().map(|(index, set)| (SetKey(index), set));
        all.filter(|(_, set)| !set.gone)
    }

    /// The set that serves production traffic.
    pub(crate) fn primary(&self) -> Option<SetKey> {
        let mut live = self.live_sets();
        live.find(|(_, set)| set.status == SetStatus::Primary).map(|(key, _)| key)
    }

    /// All tasks that a set ever had.
    pub(crate) fn tasks_of(&self, set: SetKey) -> impl Iterator<Item = (TaskKey, &Task)> {
        let all = self.tasks.iter().enumerate().map(|(index, task)| (TaskKey(index), task));
        all.filter(move |(_, task)| task.set == set)
    }

    /// Tasks that the API still shows: alive, or stopped in the last hour.
    pub(crate) fn visible_tasks(&self, now: Timestamp) -> impl Iterator<Item = &Task> {
        let horizon = before(now, SignedDuration::from_hours(1));
        self.tasks.iter().filter(move |task| task.stopped.is_none_or(|at| at > horizon))
    }

    /// Tasks of a set by state.
    pub(crate) fn counts(&self, set: SetKey) -> Counts {
        let mut counts = Counts::default();
        for (_, task) in self.tasks_of(set) {
            let starting = task.status < TaskStatus::Running;
            counts.pending += u32::from(task.wanted() && starting);
            counts.running += u32::from(task.status == TaskStatus::Running);
            counts.healthy += u32::from(task.wanted() && task.serves());
            counts.alive += u32::from(task.status != TaskStatus::Stopped);
        }
        counts
    }
}
