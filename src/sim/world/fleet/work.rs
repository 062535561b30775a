//! The lifecycle of each instance in a deployment, one event after the other.

use jiff::SignedDuration;

use super::{InstanceTarget, Label, WorkEvent};
use crate::sim::world::World;
use crate::sim::world::codedeploy::{Creator, Diagnostics, EventStatus, Status, TargetStatus};
use crate::sim::world::keys::{DeploymentKey, InstanceKey, TargetKey};
use crate::sim::world::queue::Step;

/// What the agent, or CodeDeploy itself, does with an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    ApplicationStop,
    DownloadBundle,
    BeforeInstall,
    Install,
    AfterInstall,
    ApplicationStart,
    ValidateService,
    BeforeAllowTraffic,
    AllowTraffic,
    AfterAllowTraffic,
    BeforeBlockTraffic,
    BlockTraffic,
    AfterBlockTraffic,
}

impl Work {
    /// What the new revision needs.
    pub(crate) const INSTALL: [Self; 7] = [
        Self::ApplicationStop,
        Self::DownloadBundle,
        Self::BeforeInstall,
        Self::Install,
        Self::AfterInstall,
        Self::ApplicationStart,
        Self::ValidateService,
    ];
    /// What gives an instance traffic.
    pub(crate) const ALLOW: [Self; 3] =
        [Self::BeforeAllowTraffic, Self::AllowTraffic, Self::AfterAllowTraffic];
    /// What takes it away.
    pub(crate) const BLOCK: [Self; 3] =
        [Self::BeforeBlockTraffic, Self::BlockTraffic, Self::AfterBlockTraffic];

    /// The name in the API.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::ApplicationStop => "ApplicationStop",
            Self::DownloadBundle => "DownloadBundle",
            Self::BeforeInstall => "BeforeInstall",
            Self::Install => "Install",
            Self::AfterInstall => "AfterInstall",
            Self::ApplicationStart => "ApplicationStart",
            Self::ValidateService => "ValidateService",
            Self::BeforeAllowTraffic => "BeforeAllowTraffic",
            Self::AllowTraffic => "AllowTraffic",
            Self::AfterAllowTraffic => "AfterAllowTraffic",
            Self::BeforeBlockTraffic => "BeforeBlockTraffic",
            Self::BlockTraffic => "BlockTraffic",
            Self::AfterBlockTraffic => "AfterBlockTraffic",
        }
    }

    /// How long the agent takes; what moves traffic ends by itself.
    fn takes(self) -> SignedDuration {
        SignedDuration::from_secs(match self {
            Self::ApplicationStop => 2,
            Self::DownloadBundle => 4,
            Self::BeforeInstall | Self::AfterInstall => 3,
            Self::Install => 6,
            Self::ApplicationStart => 8,
            Self::ValidateService => 12,
            Self::BeforeAllowTraffic
            | Self::AllowTraffic
            | Self::AfterAllowTraffic
            | Self::BeforeBlockTraffic
            | Self::BlockTraffic
            | Self::AfterBlockTraffic => 1,
        })
    }
}

impl InstanceTarget {
    /// The event that comes next.
    pub(super) fn next(&self) -> Option<Work> {
        let pending = |entry: &&WorkEvent| entry.status == EventStatus::Pending;
        self.events.iter().find(pending).map(|entry| entry.work)
    }

    pub(super) fn in_progress(&self) -> Option<Work> {
        let runs = |entry: &&WorkEvent| entry.status == EventStatus::InProgress;
        self.events.iter().find(runs).map(|entry| entry.work)
    }
}

impl World {
    /// Adds the instances of a side to a deployment.
    pub(super) fn add_targets(
        &mut self,
        key: DeploymentKey,
        (label, instances): (Label, Vec<InstanceKey>),
        work: &[Work],
    ) {
        let now = self.now;
        let entry = |work: &Work| WorkEvent {
            work: *work,
            status: EventStatus::Pending,
            started: None,
            ended: None,
            diagnostics: None,
        };
        let target = |instance| InstanceTarget {
            deployment: key,
            instance,
            label,
            status: TargetStatus::Pending,
            updated: now,
            events: work.iter().map(entry).collect(),
        };
        if let Some(fleet) = &mut self.fleet {
            fleet.targets.extend(instances.into_iter().map(target));
        }
    }

    /// Starts the next event of an instance.
    pub(super) fn start_work(&mut self, key: TargetKey) {
        let Some(target) = self.fleet.as_ref().and_then(|fleet| fleet.target(key)) else { return };
        let (deployment, instance) = (target.deployment, target.instance);
        let Some(work) = target.next() else { return };
        let now = self.now;
        self.change_work(key, work, |entry| {
            (entry.status, entry.started) = (EventStatus::InProgress, Some(now));
        });
        self.set_target(key, TargetStatus::InProgress);
        let done = match work {
            Work::AllowTraffic => self.register(instance),
            Work::BlockTraffic => self.deregister(instance),
            _ => true,
        };
        if done {
            self.plan_step(deployment, work.takes(), Step::Work(key));
        }
    }

    /// The load balancer has taken an instance in, or let it go.
    pub(super) fn traffic_has_moved(&mut self, instance: InstanceKey, work: Work) {
        let Some(fleet) = &self.fleet else { return };
        let waits = |target: &&InstanceTarget| {
            target.instance == instance && target.in_progress() == Some(work)
        };
        let waiting = fleet.targets.iter().rposition(|target| waits(&target)).map(TargetKey);
        let Some(target) = waiting else { return };
        let key = fleet.targets[target.0].deployment;
        let goes_on = self.deploy.deployment(key).is_some_and(|deployment| {
            deployment.status == Status::InProgress && deployment.stopping.is_none()
        });
        if goes_on {
            self.plan_step(key, work.takes(), Step::Work(target));
        }
    }

    /// The event of an instance that is in progress has come to its end.
    pub(in crate::sim::world) fn work_is_done(&mut self, key: TargetKey) {
        let Some(target) = self.fleet.as_ref().and_then(|fleet| fleet.target(key)) else { return };
        let deployment = target.deployment;
        let Some(work) = target.in_progress() else { return };
        if let Some(diagnostics) = self.failure_of(key, work) {
            self.fail_work(key, work, diagnostics);
            self.install_next(deployment);
            return;
        }
        let now = self.now;
        self.change_work(key, work, |entry| {
            (entry.status, entry.ended) = (EventStatus::Succeeded, Some(now));
        });
        match work {
            Work::ValidateService => {
                let waits = self.scenario.rollout.approval_wait.is_some();
                let status = if waits { TargetStatus::Ready } else { TargetStatus::InProgress };
                self.set_target(key, status);
                self.install_next(deployment);
            }
            Work::AfterAllowTraffic => {
                self.set_target(key, TargetStatus::Succeeded);
                self.reroute_next(deployment);
            }
            Work::AfterBlockTraffic => {
                self.set_target(key, TargetStatus::Succeeded);
                self.blocked(deployment);
            }
            _ => self.start_work(key),
        }
    }

    /// What the script of the scenario leaves behind on the instance on which it fails.
    fn failure_of(&self, key: TargetKey, work: Work) -> Option<Diagnostics> {
        let fleet = self.fleet.as_ref()?;
        let target = fleet.target(key)?;
        let fails = fleet.config.fails.as_ref().filter(|fails| fails.event == work.word())?;
        let deployment = self.deploy.deployment(target.deployment)?;
        let green = target.label == Label::Green && deployment.creator == Creator::User;
        let newest = self.deployed_release(target.deployment)?.0 + 1 == self.releases.len();
        let mut greens = fleet.targets_of(target.deployment);
        let place = greens.position(|(known, _)| known == key)?;
        (green && newest && place + 1 == fails.instance as usize).then(|| Diagnostics {
            code: "ScriptFailed",
            script: fails.script.clone(),
            message: format!(
                "Script at specified location: {} failed with exit code 1",
                fails.script
            ),
            log_tail: fails.log_tail.clone(),
        })
    }

    fn fail_work(&mut self, key: TargetKey, work: Work, diagnostics: Diagnostics) {
        let now = self.now;
        self.change_work(key, work, |entry| {
            (entry.status, entry.ended) = (EventStatus::Failed, Some(now));
            entry.diagnostics = Some(diagnostics);
        });
        self.end_target(key, TargetStatus::Failed);
    }

    /// Ends an instance's part: what has not happened is skipped.
    pub(super) fn end_target(&mut self, key: TargetKey, status: TargetStatus) {
        let now = self.now;
        let target = self.fleet.as_mut().and_then(|fleet| fleet.targets.get_mut(key.0));
        if let Some(target) = target {
            for entry in &mut target.events {
                if matches!(entry.status, EventStatus::Pending | EventStatus::InProgress) {
                    entry.ended = entry.started.map(|_| now);
                    entry.status = EventStatus::Skipped;
                }
            }
        }
        self.set_target(key, status);
    }

    fn set_target(&mut self, key: TargetKey, status: TargetStatus) {
        let now = self.now;
        let target = self.fleet.as_mut().and_then(|fleet| fleet.targets.get_mut(key.0));
        if let Some(target) = target {
            (target.status, target.updated) = (status, now);
        }
    }

    fn change_work(&mut self, key: TargetKey, work: Work, change: impl FnOnce(&mut WorkEvent)) {
        let target = self.fleet.as_mut().and_then(|fleet| fleet.targets.get_mut(key.0));
        let mut events = target.into_iter().flat_map(|target| &mut target.events);
        if let Some(entry) = events.find(|entry| entry.work == work) {
            change(entry);
        }
    }
}
