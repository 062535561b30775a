//! Task sets: added with their tasks, steady when all are healthy, drained and gone.

use super::World;
use super::ecs::{SetStatus, Stop, TaskSet, TaskStatus};
use super::elb::Health;
use super::keys::{Pool, ReleaseKey, SetKey, TaskKey};

impl World {
    /// Adds a task set and starts its tasks.
    pub(super) fn add_set(
        &mut self,
        external_id: &str,
        release: ReleaseKey,
        pool: Pool,
        status: SetStatus,
    ) -> SetKey {
        let key = self.new_set(external_id, release, pool, status);
        self.start_tasks(key, self.names.place.desired);
        key
    }

    /// Adds the tasks of a service revision; they serve when traffic is given to them.
    pub(super) fn add_tasks(&mut self, release: ReleaseKey, pool: Pool, tasks: u32) -> SetKey {
        let key = self.new_set("", release, pool, SetStatus::Active);
        self.start_tasks(key, tasks);
        key
    }

    fn new_set(
        &mut self,
        external_id: &str,
        release: ReleaseKey,
        pool: Pool,
        status: SetStatus,
    ) -> SetKey {
        let key = SetKey(self.ecs.sets.len());
        let desired = self.names.place.desired;
        self.ecs.sets.push(TaskSet {
            id: self.seed.task_set_id(key.0),
            external_id: external_id.to_owned(),
            release,
            pool,
            status,
            desired,
            created: self.now,
            updated: self.now,
            steady: false,
            steady_changed: self.now,
            failures: 0,
            complained: None,
            gone: false,
        });
        key
    }

    /// Starts some tasks of a set.
    pub(super) fn start_tasks(&mut self, key: SetKey, tasks: u32) {
        let started: Vec<String> = (0..tasks).map(|_| self.start_task(key)).collect();
        if !started.is_empty() {
            self.say_tasks(key, "has started", &started);
        }
    }

    /// Removes a task set: its tasks drain and stop, then it is gone.
    pub(super) fn drain_set(&mut self, key: SetKey) {
        let Some(set) = self.ecs.sets.get_mut(key.0) else { return };
        set.status = SetStatus::Draining;
        set.desired = 0;
        set.updated = self.now;
        let alive: Vec<TaskKey> = self.wanted_tasks(key).collect();
        let ids: Vec<String> = alive.iter().filter_map(|task| self.task_id(*task)).collect();
        if !ids.is_empty() {
            self.say_tasks(key, "has begun draining connections on", &ids);
        }
        for task in alive {
            let reason = format!("Scaling activity initiated by ({})", self.origin(key));
            self.stop_task(task, Stop { code: "ServiceSchedulerInitiated", reason });
        }
        self.settle_drained(key);
    }

    /// A set whose every task is healthy is steady a little later.
    pub(super) fn settle_steady(&mut self, key: SetKey) {
        let healthy = self.ecs.counts(key).healthy;
        let Some(set) = self.ecs.sets.get_mut(key.0) else { return };
        if set.steady || set.status == SetStatus::Draining || healthy < set.desired {
            return;
        }
        (set.steady, set.steady_changed, set.updated) = (true, self.now, self.now);
        self.say(Some(key), "has reached a steady state.");
        self.install_is_steady(key);
    }

    /// A draining set without tasks is gone.
    pub(super) fn settle_drained(&mut self, key: SetKey) {
        let alive = self.ecs.counts(key).alive;
        let Some(set) = self.ecs.sets.get_mut(key.0) else { return };
        if set.status == SetStatus::Draining && alive == 0 && !set.gone {
            (set.gone, set.updated) = (true, self.now);
            self.set_is_gone(key);
            self.service_set_is_gone();
        }
    }

    /// Makes a set look as if its tasks had run for long, without playing how they started.
    pub(super) fn found(&mut self, key: SetKey) {
        let now = self.now;
        for task in self.ecs.tasks.iter_mut().filter(|task| task.set == key) {
            task.status = TaskStatus::Running;
            task.started = Some(now);
            task.health = Some(Health::Healthy);
        }
        if let Some(set) = self.ecs.sets.get_mut(key.0) {
            set.steady = true;
        }
    }
}
