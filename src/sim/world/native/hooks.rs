//! Hooks of a service deployment: who is asked at a stage, and what the answers do.

use jiff::SignedDuration;

use super::{HookRun, HookStatus, ServiceDeployment, ServiceStep};
use crate::sim::scenario::{Asks, HookOutcome, LifecycleHook, OnTimeout};
use crate::sim::world::World;
use crate::sim::world::keys::ServiceDeploymentKey;
use crate::sim::world::time::after;

/// How long an operator of the story thinks before answering for a rollout of the past.
const ANSWER: SignedDuration = SignedDuration::from_secs(90);

impl World {
    /// Asks everybody who may hold the present stage; leaves it when nobody does.
    pub(super) fn call_hooks(&mut self, key: ServiceDeploymentKey) {
        let Some(native) = &self.native else { return };
        let Some(stage) = native.deployment(key).and_then(|one| one.stage) else { return };
        let configured = native.config.hooks.iter().enumerate();
        let asked: Vec<(usize, LifecycleHook)> = configured
            .filter(|(_, hook)| hook.stages.contains(&stage))
            .map(|(index, hook)| (index, hook.clone()))
            .collect();
        if asked.is_empty() {
            self.leave_stage(key);
        }
        for (index, hook) in asked {
            self.call_hook_of_service(key, index, &hook);
        }
    }

    fn call_hook_of_service(
        &mut self,
        key: ServiceDeploymentKey,
        index: usize,
        hook: &LifecycleHook,
    ) {
        let Some(run) = self.service_deployment(key).map(|one| one.hooks.len()) else { return };
        let (prefix, status) = match hook.asks {
            Asks::Person => ("ecs-pause", HookStatus::AwaitingAction),
            Asks::Function { .. } => ("ecs-hook", HookStatus::InProgress),
        };
        // No deployment has a thousand hooks, so that no two of them share an id.
        let id = self.seed.hex("hook", (key.0 * 1000 + run) as u64, 12);
        let expires = after(self.now, hook.timeout);
        let id = format!("{prefix}-{id}");
        self.change_service_deployment(key, |one| {
            one.hooks.push(HookRun { id, hook: index, status, expires });
        });
        let (wait, status) = self.answer(key, hook);
        self.plan_service_step(key, wait, ServiceStep::HookEnds { run, status });
    }

    /// When a hook ends by itself, and how.
    fn answer(
        &self,
        key: ServiceDeploymentKey,
        hook: &LifecycleHook,
    ) -> (SignedDuration, HookStatus) {
        let silence = (hook.timeout, HookStatus::TimedOut);
        match &hook.asks {
            Asks::Person if key.0 < self.scenario.history.len() => (ANSWER, HookStatus::Succeeded),
            Asks::Person => silence,
            Asks::Function { takes, outcome, .. } => match outcome {
                HookOutcome::Succeed => (*takes, HookStatus::Succeeded),
                HookOutcome::Fail | HookOutcome::Hang if !self.brings_green(key) => {
                    (*takes, HookStatus::Succeeded)
                }
                HookOutcome::Fail => (*takes, HookStatus::Failed),
                HookOutcome::Hang => silence,
            },
        }
    }

    /// Whether a deployment brings the release that the scenario is about.
    fn brings_green(&self, key: ServiceDeploymentKey) -> bool {
        let target = self.service_deployment(key).map(|one| one.target);
        let native = self.native.as_ref();
        let release = native.and_then(|native| Some(native.revision(target?)?.release));
        release.is_some_and(|release| release.0 + 1 == self.releases.len())
    }

    /// A hook has its answer; the last good one lets the deployment go on.
    pub(super) fn hook_ends(&mut self, key: ServiceDeploymentKey, run: usize, status: HookStatus) {
        let open = |one: &ServiceDeployment| one.hooks.get(run).is_some_and(|r| r.status.is_open());
        if !self.service_deployment(key).is_some_and(open) {
            return;
        }
        self.change_service_deployment(key, |one| {
            if let Some(run) = one.hooks.get_mut(run) {
                run.status = status;
            }
        });
        let goes_on = match status {
            HookStatus::Succeeded => true,
            HookStatus::TimedOut => self.on_timeout(key, run) == Some(OnTimeout::Continue),
            HookStatus::Failed | HookStatus::AwaitingAction | HookStatus::InProgress => false,
        };
        if !goes_on {
            let how = if status == HookStatus::TimedOut { "timed out" } else { "failed" };
            let stage = self.service_deployment(key).and_then(|one| one.stage);
            let stage = stage.map_or("", crate::sim::scenario::Stage::word);
            let reason = format!(
                "Service deployment rolled back because of a lifecycle hook that {how} in stage \
                 {stage}."
            );
            self.begin_rollback(key, reason);
            return;
        }
        let waits = |one: &ServiceDeployment| one.hooks.iter().any(|run| run.status.is_open());
        if !self.service_deployment(key).is_some_and(waits) {
            self.leave_stage(key);
        }
    }

    fn on_timeout(&self, key: ServiceDeploymentKey, run: usize) -> Option<OnTimeout> {
        let native = self.native.as_ref()?;
        let hook = native.deployment(key)?.hooks.get(run)?.hook;
        native.config.hooks.get(hook).map(|hook| hook.on_timeout)
    }
}
