//! What the service says of itself, worded as ECS does: with the task set when CodeDeploy made it.

use super::World;
use super::ecs::ServiceEvent;
use super::keys::{SetKey, TaskKey};

/// How many lines the service keeps.
const KEPT: usize = 100;

impl World {
    /// Says something of some tasks of a set.
    pub(super) fn say_tasks(&mut self, set: SetKey, what: &str, ids: &[String]) {
        let tasks: Vec<String> = ids.iter().map(|id| format!("(task {id})")).collect();
        self.say(Some(set), &format!("{what} {} tasks: {}.", ids.len(), tasks.join(" ")));
    }

    /// Says that a task has become a target.
    pub(super) fn say_registered(&mut self, key: TaskKey) {
        let Some(task) = self.ecs.tasks.get(key.0) else { return };
        let Some(set) = self.ecs.set(task.set) else { return };
        let group = self.names.target_group(set.pool);
        self.say(Some(task.set), &format!("registered 1 targets in (target-group {group})"));
    }

    /// What ECS calls the tasks of a set: a task set of CodeDeploy, or a deployment of its own.
    pub(super) fn origin(&self, set: SetKey) -> String {
        let kind = if self.native.is_some() { "deployment" } else { "taskSet" };
        format!("{kind} {}", self.ecs.set(set).map_or("", |set| &set.id))
    }

    /// Adds a line to the service's log, newest first.
    pub(super) fn say(&mut self, set: Option<SetKey>, what: &str) {
        let service = &self.names.place.service;
        let message = match set.and_then(|key| self.ecs.set(key)) {
            Some(set) if self.native.is_none() => {
                format!("(service {service}, taskSet {}) {what}", set.id)
            }
            Some(_) | None => format!("(service {service}) {what}"),
        };
        let id = self.seed.uuid("service event", self.ecs.events_said);
        self.ecs.events_said += 1;
        self.ecs.events.push_front(ServiceEvent { id, at: self.now, message });
        self.ecs.events.truncate(KEPT);
    }
}
