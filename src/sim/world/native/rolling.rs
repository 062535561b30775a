//! ROLLING: task by task in one target group, within the bounds of the configuration.

use super::ServiceStep;
use crate::sim::scenario::Stage;
use crate::sim::world::World;
use crate::sim::world::ecs::{SetStatus, Stop};
use crate::sim::world::keys::{ServiceDeploymentKey, SetKey, TaskKey};

impl World {
    /// Starts and stops as many tasks as the bounds allow now; called whenever one changes.
    pub(super) fn roll(&mut self, key: ServiceDeploymentKey) {
        let Some(native) = &self.native else { return };
        let (minimum, maximum) = (native.config.minimum_healthy, native.config.maximum);
        let Some(deployment) = native.deployment(key) else { return };
        if deployment.stage != Some(Stage::ScaleUp) || deployment.status.is_over() {
            return;
        }
        let goal = deployment.goal();
        let desired = self.names.place.desired;
        let set = match self.standing_set(goal) {
            Some(set) => Some(set),
            None => self.start_revision(goal, 0),
        };
        let Some(set) = set else { return };
        self.start_missing(set, desired.saturating_mul(maximum) / 100);
        self.stop_spare(key, desired.saturating_mul(minimum).div_ceil(100));
        self.end_rolling(key, set);
    }

    /// The bake begins when the new tasks are steady and the old ones gone.
    fn end_rolling(&mut self, key: ServiceDeploymentKey, set: SetKey) {
        let steady = self.ecs.set(set).is_some_and(|set| set.steady);
        let scaling =
            self.service_deployment(key).and_then(|one| one.stage) == Some(Stage::ScaleUp);
        if steady && scaling && self.others(key).is_empty() {
            // The bake is no scaling any more: nothing rolls, and no death counts.
            self.change_service_deployment(key, |one| {
                one.stage = Some(Stage::BakeTime);
                one.breaker.complete();
            });
            let back = self.service_deployment(key).is_some_and(|one| one.rollback.is_some());
            let wait = if back { self.scenario.timing.steady } else { self.bake() };
            self.plan_service_step(key, wait, ServiceStep::Finish);
        }
    }

    /// Starts tasks of a set up to `most` tasks of the service.
    fn start_missing(&mut self, set: SetKey, most: u32) {
        let desired = self.names.place.desired;
        let wanted = |set: SetKey| self.ecs.tasks_of(set).filter(|(_, task)| task.wanted()).count();
        let all: usize = self.ecs.live_sets().map(|(set, _)| wanted(set)).sum();
        let room = (most as usize).saturating_sub(all);
        let missing = (desired as usize).saturating_sub(wanted(set)).min(room);
        if let Some(set) = self.ecs.sets.get_mut(set.0) {
            set.desired = desired;
            set.steady &= missing == 0;
        }
        self.start_tasks(set, missing as u32);
    }

    /// Stops tasks of the other sets, as long as `least` healthy ones remain: those that do not
    /// serve cost nothing.
    fn stop_spare(&mut self, key: ServiceDeploymentKey, least: u32) {
        let healthy: u32 = self.ecs.live_sets().map(|(set, _)| self.ecs.counts(set).healthy).sum();
        let mut spare = healthy.saturating_sub(least);
        for set in self.others(key) {
            if self.ecs.set(set).is_none_or(|set| set.status == SetStatus::Draining) {
                continue;
            }
            let tasks = self.ecs.tasks_of(set).filter(|(_, task)| task.wanted());
            let mut tasks: Vec<(TaskKey, bool)> =
                tasks.map(|(task, state)| (task, state.serves())).collect();
            tasks.sort_by_key(|(_, serves)| *serves);
            let stop: Vec<TaskKey> = tasks
                .into_iter()
                .filter(|(_, serves)| {
                    let goes = !serves || spare > 0;
                    spare = spare.saturating_sub(u32::from(*serves));
                    goes
                })
                .map(|(task, _)| task)
                .collect();
            self.stop_tasks(set, &stop);
        }
    }

    fn stop_tasks(&mut self, key: SetKey, tasks: &[TaskKey]) {
        let wanted = self.ecs.tasks_of(key).filter(|(_, task)| task.wanted()).count();
        if tasks.len() >= wanted {
            // A set that is to have no task any more goes as a whole.
            self.drain_set(key);
            return;
        }
        if let Some(set) = self.ecs.sets.get_mut(key.0) {
            set.desired = (wanted - tasks.len()) as u32;
        }
        let ids: Vec<String> = tasks.iter().filter_map(|task| self.task_id(*task)).collect();
        if !ids.is_empty() {
            self.say_tasks(key, "has begun draining connections on", &ids);
        }
        let reason = format!("Scaling activity initiated by ({})", self.origin(key));
        for task in tasks {
            let stop = Stop { code: "ServiceSchedulerInitiated", reason: reason.clone() };
            self.stop_task(*task, stop);
        }
    }
}
