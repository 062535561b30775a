//! What will happen, in order of time; events of the same moment happen in the order they were planned.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::argo::ArgoStep;
use super::beanstalk::EnvironmentStep;
use super::fleet::InstanceStep;
use super::keys::{DeploymentKey, InstanceKey, ServiceDeploymentKey, SetKey, TargetKey, TaskKey};
use super::native::ServiceStep;
use super::pipeline::PipelineStep;
use crate::sim::scenario::Lifecycle;

/// Something that happens at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// The pipeline creates the `n`-th rollout of the story: the history, then the scenario's own.
    Create(usize),
    /// A deployment goes on, unless its plan was replaced in the meantime.
    Rollout { deployment: DeploymentKey, plan: u32, step: Step },
    /// A service deployment goes on, unless its plan was replaced in the meantime.
    Service { deployment: ServiceDeploymentKey, plan: u32, step: ServiceStep },
    /// A task goes on.
    Task { task: TaskKey, step: TaskStep },
    /// An instance goes on.
    Instance { instance: InstanceKey, step: InstanceStep },
    /// An environment goes on, unless its plan was replaced in the meantime.
    Environment { environment: usize, plan: u32, step: EnvironmentStep },
    /// The pipeline goes on, unless its plan was replaced in the meantime.
    Pipeline { execution: usize, plan: u32, step: PipelineStep },
    /// Something happens in the cluster of a side; the only one is the first's.
    Argo(usize, ArgoStep),
    /// The scheduler starts one more task of a set.
    Replace(SetKey),
    /// All DNS servers answer as the `n`-th change of the zone says.
    Answers(usize),
    /// All alarms are evaluated.
    Alarms,
}

/// The next step of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// From created to queued.
    Queue,
    /// From queued to in progress.
    Start,
    /// A lifecycle event succeeds.
    Leave(Lifecycle),
    /// Its hook reports a failure.
    HookFails(Lifecycle),
    /// Its hook never reported.
    HookTimesOut(Lifecycle),
    /// What an instance is at comes to its end.
    Work(TargetKey),
    /// Green is steady.
    Steady,
    /// Green was not steady in time.
    InstallTimesOut,
    /// Green gets this share of production traffic, in per cent.
    Shift(u8),
    /// An operator of the story continues a waiting deployment.
    Approve,
    /// Nobody continued it.
    ReadyExpires,
    /// The termination wait is over.
    BakeEnds,
    /// Everything is done.
    Finish,
    /// An alarm that was up at the start stops it.
    AlarmStops,
    /// A stopped deployment has come to rest.
    Stopped,
    /// The rollback deployment of this one appears.
    CreateRollback,
    /// A rollback deployment starts.
    RollbackStart,
    /// A rollback deployment gives blue all production traffic.
    RollbackShift,
    /// A rollback deployment has restored blue.
    RollbackFinish,
}

/// The next step of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TaskStep {
    /// Its network interface is ready.
    Pend,
    /// Its containers start.
    Activate,
    /// It runs and is registered with its target group.
    Run,
    /// Its target has been accepted and is being checked.
    Check,
    /// Its target passed its health checks.
    Heal,
    /// Its target failed its health checks.
    Sicken,
    /// The scheduler gives up on it.
    GiveUp,
    /// Its container exits by itself.
    Crash,
    /// The load balancer notices that it is dead.
    Deregister,
    /// It stops after draining.
    Stop,
    /// It has stopped.
    Stopped,
}

/// The queue.
#[derive(Debug, Clone, Default)]
pub(crate) struct Queue {
    events: BTreeMap<(Timestamp, u64), Event>,
    planned: u64,
}

impl Queue {
    /// Plans `event` for the moment `at`.
    pub(crate) fn plan(&mut self, at: Timestamp, event: Event) {
        self.events.insert((at, self.planned), event);
        self.planned += 1;
    }

    /// When the first event is due.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.events.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes the first event that is due at `now`.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Option<(Timestamp, Event)> {
        let first = self.events.first_entry()?;
        let (at, _) = *first.key();
        (at <= now).then(|| (at, first.remove()))
    }
}
