//! A deployment from one stage to the next: provision, install, reroute, block; and the way back.

use super::{InstanceState, InstanceTarget, Label, Work};
use crate::sim::world::World;
use crate::sim::world::codedeploy::{Creator, Failure, Pace, Status, TargetStatus};
use crate::sim::world::keys::{DeploymentKey, InstanceKey, SetKey, TargetKey};
use crate::sim::world::queue::Step;

impl World {
    /// Copies the group that serves.
    pub(in crate::sim::world) fn provision(&mut self, key: DeploymentKey) {
        let Some(release) = self.deployed_release(key) else { return };
        let Some(deployment) = self.deploy.deployment(key) else { return };
        let name = format!("CodeDeploy_{}_{}", self.names.place.group, deployment.id);
        let Some(blue) = deployment.progress.as_ref().map(|progress| progress.blue) else { return };
        let Some(fleet) = &self.fleet else { return };
        let Some(pool) = fleet.group(blue).map(|group| group.pool.other()) else { return };
        let old = fleet.members(blue);
        let green = self.launch_group(name, release, pool);
        let new = self.fleet.as_ref().map(|fleet| fleet.members(green)).unwrap_or_default();
        self.change_progress(key, |progress| progress.green = Some(green));
        let work: Vec<Work> = Work::INSTALL.into_iter().chain(Work::ALLOW).collect();
        self.add_targets(key, (Label::Green, new), &work);
        self.add_targets(key, (Label::Blue, old), &Work::BLOCK);
    }

    /// An instance has booted; the last one of its group lets the deployment install on them.
    pub(super) fn instance_is_up(&mut self, key: InstanceKey) {
        let Some(fleet) = &self.fleet else { return };
        let Some(group) = fleet.instance(key).map(|instance| instance.group) else { return };
        let pending = |key: &InstanceKey| {
            fleet.instance(*key).is_some_and(|one| one.state == InstanceState::Pending)
        };
        if fleet.members(group).iter().any(pending) {
            return;
        }
        let waiting = self.deploy.deployments.iter().position(|deployment| {
            deployment.status == Status::InProgress
                && deployment.stopping.is_none()
                && deployment.green() == Some(group)
        });
        if let Some(index) = waiting {
            self.install_next(DeploymentKey(index));
        }
    }

    /// Installs on as many more instances as the configuration allows; ends the stage after the last.
    pub(super) fn install_next(&mut self, key: DeploymentKey) {
        let greens = self.side(key, Label::Green);
        let failed = self.having(&greens, |target| target.status == TargetStatus::Failed);
        let (batch, bearable) = self.pace(key, greens.len());
        if failed.len() > bearable {
            self.too_many_failed(key);
            return;
        }
        let busy = self.having(&greens, |target| target.in_progress().is_some());
        let fresh = self.having(&greens, |target| target.status == TargetStatus::Pending);
        if busy.is_empty() && fresh.is_empty() {
            self.installed(key);
            return;
        }
        for target in fresh.into_iter().take(batch.saturating_sub(busy.len())) {
            self.start_work(target);
        }
    }

    fn installed(&mut self, key: DeploymentKey) {
        match self.scenario.rollout.approval_wait {
            Some(wait) => self.wait_for_approval(key, wait),
            None => self.reroute_next(key),
        }
    }

    /// Gives as many more instances traffic as the configuration allows; then the others lose it.
    pub(in crate::sim::world) fn reroute_next(&mut self, key: DeploymentKey) {
        let (coming, going) = self.directions(key);
        let coming = self.side(key, coming);
        let (batch, _) = self.pace(key, coming.len());
        let busy = self.having(&coming, |target| target.in_progress().is_some());
        let waiting = self.having(&coming, |target| {
            target.status != TargetStatus::Failed && target.next() == Some(Work::BeforeAllowTraffic)
        });
        if busy.is_empty() && waiting.is_empty() {
            for target in self.side(key, going) {
                self.start_work(target);
            }
            return;
        }
        for target in waiting.into_iter().take(batch.saturating_sub(busy.len())) {
            self.start_work(target);
        }
    }

    /// An instance has lost its traffic; the last one ends the reroute.
    pub(super) fn blocked(&mut self, key: DeploymentKey) {
        let (_, going) = self.directions(key);
        let going = self.side(key, going);
        if !self.having(&going, |target| target.status != TargetStatus::Succeeded).is_empty() {
            return;
        }
        let Some(deployment) = self.deploy.deployment(key) else { return };
        let creator = deployment.creator;
        let Some(progress) = &deployment.progress else { return };
        let serves = match creator {
            Creator::User => progress.green.unwrap_or(progress.blue),
            Creator::Rollback => progress.blue,
        };
        if let Some(fleet) = &mut self.fleet {
            fleet.primary = serves;
        }
        match creator {
            Creator::User => self.begin_bake(key),
            Creator::Rollback => {
                self.plan_step(key, self.scenario.timing.no_hook, Step::RollbackFinish);
            }
        }
    }

    /// The way back: the old instances get their traffic again, then the new ones lose it.
    pub(in crate::sim::world) fn restore_fleet(
        &mut self,
        key: DeploymentKey,
        (blue, green): (SetKey, Option<SetKey>),
    ) {
        let Some(fleet) = &self.fleet else { return };
        let old = fleet.members(blue);
        let new = green.map(|green| fleet.members(green)).unwrap_or_default();
        self.add_targets(key, (Label::Blue, old), &Work::ALLOW);
        self.add_targets(key, (Label::Green, new), &Work::BLOCK);
        self.reroute_next(key);
    }

    /// A deployment has ended: what its instances have not done is skipped.
    pub(in crate::sim::world) fn close_targets(&mut self, key: DeploymentKey) {
        let Some(fleet) = &self.fleet else { return };
        let open = |target: &InstanceTarget| {
            !matches!(target.status, TargetStatus::Succeeded | TargetStatus::Failed)
        };
        let open: Vec<TargetKey> =
            fleet.targets_of(key).filter(|(_, one)| open(one)).map(|(key, _)| key).collect();
        for target in open {
            self.end_target(target, TargetStatus::Skipped);
        }
    }

    fn too_many_failed(&mut self, key: DeploymentKey) {
        let message = "The overall deployment failed because too many individual instances failed \
                       deployment, too few healthy instances are available for deployment, or some \
                       instances in your deployment group are experiencing problems.";
        let failure = Failure { code: "HEALTH_CONSTRAINTS", message: message.to_owned() };
        self.fail(key, failure);
    }

    /// Who gets traffic in a deployment, and who loses it.
    fn directions(&self, key: DeploymentKey) -> (Label, Label) {
        match self.deploy.deployment(key).map(|deployment| deployment.creator) {
            Some(Creator::Rollback) => (Label::Blue, Label::Green),
            Some(Creator::User) | None => (Label::Green, Label::Blue),
        }
    }

    fn side(&self, key: DeploymentKey, label: Label) -> Vec<TargetKey> {
        let targets = self.fleet.iter().flat_map(|fleet| fleet.targets_of(key));
        targets.filter(|(_, target)| target.label == label).map(|(key, _)| key).collect()
    }

    fn having(
        &self,
        keys: &[TargetKey],
        holds: impl Fn(&InstanceTarget) -> bool,
    ) -> Vec<TargetKey> {
        let Some(fleet) = &self.fleet else { return Vec::new() };
        keys.iter().copied().filter(|key| fleet.target(*key).is_some_and(&holds)).collect()
    }

    /// How many of so many instances are worked on at once, and how many may fail.
    fn pace(&self, key: DeploymentKey, instances: usize) -> (usize, usize) {
        let Some(deployment) = self.deploy.deployment(key) else { return (instances, 0) };
        // A way back takes no detours.
        let config = self.deploy.config(&deployment.config);
        let healthy = match (deployment.creator, config.map(|config| config.pace)) {
            (Creator::User, Some(Pace::Healthy(least))) => least.of(instances),
            (Creator::User | Creator::Rollback, _) => 0,
        };
        let batch = instances.saturating_sub(healthy).max(1);
        (batch, instances.saturating_sub(healthy.max(1)))
    }
}
