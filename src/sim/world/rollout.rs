//! A deployment on its way forward, one lifecycle event after the other.

use jiff::SignedDuration;

use super::World;
use super::codedeploy::{
    Creator, Deployment, EventStatus, LifecycleEvent, Progress, Status, TargetStatus, schedule,
};
use super::ecs::SetStatus;
use super::keys::{DeploymentKey, SetKey};
use super::names::Door;
use super::queue::{Event, Step};
use super::rules::Weights;
use super::time::after;
use crate::sim::scenario::{HookOutcome, Lifecycle};

/// CodeDeploy gives a hook, and green's way to steady, this long.
const PATIENCE: SignedDuration = SignedDuration::from_hours(1);
/// How long an operator of the story thinks before continuing a rollout of the past.
const APPROVAL: SignedDuration = SignedDuration::from_secs(90);

impl World {
    /// What a step of a deployment does.
    pub(super) fn on_step(&mut self, key: DeploymentKey, step: Step) {
        match step {
            Step::Queue => self.change(key, |deployment| deployment.status = Status::Queued),
            Step::Start => self.start(key),
            Step::Leave(event) => self.leave(key, event),
            Step::HookFails(event) => self.hook_fails(key, event),
            Step::HookTimesOut(event) => self.hook_times_out(key, event),
            Step::Steady => self.leave(key, Lifecycle::Install),
            Step::InstallTimesOut => self.install_times_out(key),
            Step::Shift(percent) => self.shift(key, percent),
            Step::Approve => self.go_on_after_ready(key),
            Step::ReadyExpires => self.ready_expires(key),
            Step::BakeEnds => self.terminate_blue(key),
            Step::Finish => self.finish(key),
            Step::AlarmStops => self.alarm_stops(key),
            Step::Stopped => self.come_to_rest(key),
            Step::CreateRollback => self.create_rollback(key),
            Step::RollbackStart => self.rollback_start(key),
            Step::RollbackShift => self.rollback_shift(key),
            Step::RollbackFinish => self.rollback_finish(key),
        }
    }

    /// Plans the next step of a deployment.
    pub(super) fn plan_step(&mut self, key: DeploymentKey, wait: SignedDuration, step: Step) {
        let Some(deployment) = self.deploy.deployment(key) else { return };
        let event = Event::Rollout { deployment: key, plan: deployment.plan, step };
        self.queue.plan(after(self.now, wait), event);
    }

    fn start(&mut self, key: DeploymentKey) {
        let Some(blue) = self.ecs.primary() else { return };
        self.clear_leftovers(blue);
        let now = self.now;
        self.change(key, |deployment| {
            deployment.status = Status::InProgress;
            deployment.started = Some(now);
            deployment.progress = Some(Progress {
                status: TargetStatus::InProgress,
                events: lifecycle(EventStatus::Pending),
                updated: now,
                blue,
                green: None,
                terminating: false,
                last_sets: None,
            });
        });
        if self.guards_in_alarm(key).is_empty() {
            self.enter(key, Lifecycle::BeforeInstall);
        } else {
            self.plan_step(key, SignedDuration::from_secs(1), Step::AlarmStops);
        }
    }

    /// Removes what a stop without rollback left behind, so that the other target group is free.
    fn clear_leftovers(&mut self, primary: SetKey) {
        let leftovers: Vec<SetKey> = (self.ecs.live_sets())
            .filter(|(key, set)| *key != primary && set.status == SetStatus::Active)
            .map(|(key, _)| key)
            .collect();
        let Some(pool) = self.ecs.set(primary).map(|set| set.pool) else { return };
        if !leftovers.is_empty() {
            self.elb.route(Door::Production, Weights::split(pool, 100));
            self.reflow();
        }
        for set in leftovers {
            self.drain_set(set);
        }
    }

    fn enter(&mut self, key: DeploymentKey, event: Lifecycle) {
        let now = self.now;
        self.change_event(key, event, |entry| {
            entry.status = EventStatus::InProgress;
            entry.started = Some(now);
        });
        match event {
            Lifecycle::Install => self.install(key),
            Lifecycle::AllowTestTraffic => self.allow_test_traffic(key),
            Lifecycle::AllowTraffic => self.allow_traffic(key),
            Lifecycle::BeforeInstall
            | Lifecycle::AfterInstall
            | Lifecycle::AfterAllowTestTraffic
            | Lifecycle::BeforeAllowTraffic
            | Lifecycle::AfterAllowTraffic => self.call_hook(key, event),
        }
    }

    fn call_hook(&mut self, key: DeploymentKey, event: Lifecycle) {
        let release = self.deployed_release(key).and_then(|key| self.releases.get(key.0));
        let hook = release.and_then(|release| release.hooks.get(&event));
        let (wait, step) = match hook.map(|hook| (hook.takes, hook.outcome)) {
            None => (self.scenario.timing.no_hook, Step::Leave(event)),
            Some((takes, HookOutcome::Succeed)) => (takes, Step::Leave(event)),
            Some((takes, HookOutcome::Fail)) => (takes, Step::HookFails(event)),
            Some((_, HookOutcome::Hang)) => (PATIENCE, Step::HookTimesOut(event)),
        };
        self.plan_step(key, wait, step);
    }

    fn install(&mut self, key: DeploymentKey) {
        let Some(release) = self.deployed_release(key) else { return };
        let Some(deployment) = self.deploy.deployment(key) else { return };
        let id = deployment.id.clone();
        let blue = deployment.progress.as_ref().and_then(|progress| self.ecs.set(progress.blue));
        let Some(pool) = blue.map(|set| set.pool.other()) else { return };
        let green = self.add_set(&id, release, pool, SetStatus::Active);
        self.change_progress(key, |progress| progress.green = Some(green));
        self.plan_step(key, PATIENCE, Step::InstallTimesOut);
    }

    /// The scheduler's word that a set is steady; ends the Install of its deployment.
    pub(super) fn install_is_steady(&mut self, set: SetKey) {
        let installing = self.deploy.deployments.iter().position(|deployment| {
            deployment.status == Status::InProgress
                && deployment.in_progress() == Some(Lifecycle::Install)
                && deployment.green() == Some(set)
        });
        if let Some(index) = installing {
            self.plan_step(DeploymentKey(index), self.scenario.timing.steady, Step::Steady);
        }
    }

    fn allow_test_traffic(&mut self, key: DeploymentKey) {
        let green = self.deploy.deployment(key).and_then(Deployment::green);
        let pool = green.and_then(|green| self.ecs.set(green)).map(|set| set.pool);
        if let (Some(_), Some(pool)) = (self.elb.behind(Door::Test), pool) {
            self.elb.route(Door::Test, Weights::split(pool, 100));
            self.plan_step(
                key,
                self.scenario.timing.test_shift,
                Step::Leave(Lifecycle::AllowTestTraffic),
            );
        } else {
            self.plan_step(
                key,
                self.scenario.timing.no_hook,
                Step::Leave(Lifecycle::AllowTestTraffic),
            );
        }
    }

    fn allow_traffic(&mut self, key: DeploymentKey) {
        let Some(deployment) = self.deploy.deployment(key) else { return };
        let Some(config) = self.deploy.config(&deployment.config) else { return };
        let mut end = SignedDuration::ZERO;
        for (wait, percent) in schedule(config.routing) {
            if wait.is_zero() {
                self.shift(key, percent);
            } else {
                self.plan_step(key, wait, Step::Shift(percent));
            }
            end = wait;
        }
        let end = end.saturating_add(self.scenario.timing.shift);
        self.plan_step(key, end, Step::Leave(Lifecycle::AllowTraffic));
    }

    fn shift(&mut self, key: DeploymentKey, percent: u8) {
        let Some(progress) = self.deploy.deployment(key).and_then(|d| d.progress.as_ref()) else {
            return;
        };
        let (blue, Some(green)) = (progress.blue, progress.green) else { return };
        let Some(pool) = self.ecs.set(green).map(|set| set.pool) else { return };
        self.elb.route(Door::Production, Weights::split(pool, percent));
        if percent >= 100 {
            self.set_status(blue, SetStatus::Active);
            self.set_status(green, SetStatus::Primary);
        }
        self.touch(key);
        self.reflow();
        self.doom(green);
    }

    fn leave(&mut self, key: DeploymentKey, event: Lifecycle) {
        if self.deploy.deployment(key).and_then(Deployment::in_progress) != Some(event) {
            return;
        }
        let now = self.now;
        self.change_event(key, event, |entry| {
            entry.status = EventStatus::Succeeded;
            entry.ended = Some(now);
        });
        let wait = self.scenario.rollout.approval_wait;
        match (event.next(), wait) {
            (None, _) => self.begin_bake(key),
            (Some(_), Some(wait)) if event == Lifecycle::AfterAllowTestTraffic => {
                self.set_state(key, Status::Ready, TargetStatus::Ready);
                let (wait, step) = if self.is_past(key) {
                    (APPROVAL, Step::Approve)
                } else {
                    (wait, Step::ReadyExpires)
                };
                self.plan_step(key, wait, step);
            }
            (Some(next), _) => self.enter(key, next),
        }
    }

    /// Somebody continued a deployment that was ready.
    pub(super) fn go_on_after_ready(&mut self, key: DeploymentKey) {
        self.replan(key);
        self.set_state(key, Status::InProgress, TargetStatus::InProgress);
        self.enter(key, Lifecycle::BeforeAllowTraffic);
    }

    /// Green has all traffic: the termination wait begins.
    fn begin_bake(&mut self, key: DeploymentKey) {
        self.set_state(key, Status::InProgress, TargetStatus::Succeeded);
        self.plan_step(key, self.scenario.rollout.termination_wait, Step::BakeEnds);
    }

    /// The point of no return: blue's tasks stop.
    pub(super) fn terminate_blue(&mut self, key: DeploymentKey) {
        self.replan(key);
        let progress = self.deploy.deployment(key).and_then(|d| d.progress.as_ref());
        let Some(blue) = progress.map(|progress| progress.blue) else { return };
        self.change_progress(key, |progress| progress.terminating = true);
        self.drain_set(blue);
    }

    /// A set's last task has stopped; ends the deployment that waited for it.
    pub(super) fn set_is_gone(&mut self, set: SetKey) {
        let waiting = self.deploy.deployments.iter().position(|deployment| {
            let progress = deployment.progress.as_ref();
            !deployment.status.is_over()
                && progress.is_some_and(|progress| progress.terminating && progress.blue == set)
        });
        if let Some(index) = waiting {
            self.plan_step(DeploymentKey(index), SignedDuration::from_secs(2), Step::Finish);
        }
    }

    fn finish(&mut self, key: DeploymentKey) {
        let progress = self.deploy.deployment(key).and_then(|d| d.progress.as_ref());
        let revision = self.deploy.deployment(key).map(|deployment| deployment.revision);
        let Some(TargetStatus::Succeeded) = progress.map(|progress| progress.status) else {
            return;
        };
        let now = self.now;
        if let Some(revision) = revision.and_then(|key| self.deploy.revisions.get_mut(key.0)) {
            revision.last_used = Some(now);
            revision.first_used = revision.first_used.or(Some(now));
        }
        self.deploy.last_successful = Some(key);
        self.close(key, Status::Succeeded, None);
    }

    /// Voids everything planned for a deployment.
    pub(super) fn replan(&mut self, key: DeploymentKey) {
        self.change(key, |deployment| deployment.plan += 1);
    }

    pub(super) fn set_state(&mut self, key: DeploymentKey, status: Status, target: TargetStatus) {
        self.change(key, |deployment| deployment.status = status);
        self.change_progress(key, |progress| progress.status = target);
    }

    pub(super) fn set_status(&mut self, key: SetKey, status: SetStatus) {
        let now = self.now;
        if let Some(set) = self.ecs.sets.get_mut(key.0) {
            (set.status, set.updated) = (status, now);
        }
    }

    fn touch(&mut self, key: DeploymentKey) {
        self.change_progress(key, |_| ());
    }

    pub(super) fn change(&mut self, key: DeploymentKey, change: impl FnOnce(&mut Deployment)) {
        if let Some(deployment) = self.deploy.deployments.get_mut(key.0) {
            change(deployment);
        }
    }

    pub(super) fn change_progress(
        &mut self,
        key: DeploymentKey,
        change: impl FnOnce(&mut Progress),
    ) {
        let now = self.now;
        self.change(key, |deployment| {
            if let Some(progress) = &mut deployment.progress {
                change(progress);
                progress.updated = now;
            }
        });
    }

    pub(super) fn change_event(
        &mut self,
        key: DeploymentKey,
        event: Lifecycle,
        change: impl FnOnce(&mut LifecycleEvent),
    ) {
        self.change_progress(key, |progress| {
            if let Some(entry) = progress.events.iter_mut().find(|entry| entry.event == event) {
                change(entry);
            }
        });
    }

    /// Whether a deployment belongs to the played past, where an operator approves by himself.
    fn is_past(&self, key: DeploymentKey) -> bool {
        key.0 < self.scenario.history.len()
            && self.deploy.deployment(key).is_some_and(|d| d.creator == Creator::User)
    }
}

/// A lifecycle with every event in the same state.
pub(super) fn lifecycle(status: EventStatus) -> Vec<LifecycleEvent> {
    Lifecycle::ALL
        .map(|event| LifecycleEvent {
            event,
            status,
            started: None,
            ended: None,
            diagnostics: None,
        })
        .into()
}

impl Deployment {
    /// The lifecycle event that is in progress.
    pub(crate) fn in_progress(&self) -> Option<Lifecycle> {
        let events = &self.progress.as_ref()?.events;
        events.iter().find(|entry| entry.status == EventStatus::InProgress).map(|entry| entry.event)
    }

    /// The replacement set, once it exists.
    pub(crate) fn green(&self) -> Option<SetKey> {
        self.progress.as_ref()?.green
    }
}
