//! The scheduler: starts tasks, registers them and replaces the dead.

use jiff::SignedDuration;
use rand_distr::{Distribution, Exp1};

use super::World;
use super::ecs::{SetStatus, Stop, Task, TaskStatus};
use super::elb::Health;
use super::keys::{SetKey, TaskKey};
use super::queue::{Event, TaskStep};
use super::time::{after, seconds};
use crate::sim::scenario::{Crash, CrashWhen, Release};

/// Availability Zones in use.
const ZONES: usize = 3;
/// A task that cannot start is tried again after this, doubled with every round of failures.
const FIRST_RETRY: i64 = 5;
/// The longest such wait, in seconds.
const LAST_RETRY: i64 = 60;

impl World {
    /// Adds a task to a set; returns its id.
    pub(super) fn start_task(&mut self, set: SetKey) -> String {
        let index = self.ecs.tasks.len();
        let zone = index % ZONES;
        let id = self.seed.hex("task", index as u64, 32);
        let host = (index / ZONES) % (64 * 240);
        self.ecs.tasks.push(Task {
            id: id.clone(),
            set,
            address: format!("10.0.{}.{}", zone * 64 + host / 240, 10 + host % 240),
            zone,
            status: TaskStatus::Provisioning,
            created: self.now,
            started: None,
            stopping: None,
            stopped: None,
            stop: None,
            exit_code: None,
            reason: None,
            health: None,
            dead: false,
            doomed: false,
        });
        self.plan_task(TaskKey(index), self.scenario.timing.provisioning, TaskStep::Pend);
        id
    }

    /// What a step of a task does.
    pub(super) fn on_task(&mut self, key: TaskKey, step: TaskStep) {
        let Some(task) = self.ecs.tasks.get(key.0) else { return };
        let ending = matches!(step, TaskStep::Deregister | TaskStep::Stop | TaskStep::Stopped);
        // What was planned for a running task is void once it stops.
        if task.wanted() == ending {
            return;
        }
        let set = task.set;
        match step {
            TaskStep::Pend => self.pend(key),
            TaskStep::Activate => {
                self.set_task(key, |task| task.status = TaskStatus::Activating);
                self.plan_task(key, self.scenario.timing.activating, TaskStep::Run);
            }
            TaskStep::Run => self.run_task(key),
            TaskStep::Check => self.set_health(key, Some(Health::Checking)),
            TaskStep::Heal => self.heal(key),
            TaskStep::Sicken => self.sicken(key),
            TaskStep::GiveUp => self.give_up(key),
            TaskStep::Crash => self.crash(key),
            TaskStep::Deregister => {
                self.set_health(key, Some(Health::Draining));
                self.set_task(key, |task| task.status = TaskStatus::Stopping);
                self.plan_task(key, self.scenario.timing.stop_task, TaskStep::Stopped);
            }
            TaskStep::Stop => {
                self.set_task(key, |task| task.status = TaskStatus::Stopping);
                self.plan_task(key, self.scenario.timing.stop_task, TaskStep::Stopped);
            }
            TaskStep::Stopped => {
                let now = self.now;
                self.set_task(key, |task| {
                    task.status = TaskStatus::Stopped;
                    task.stopped = Some(now);
                });
                self.set_health(key, None);
                self.settle_drained(set);
            }
        }
    }

    fn pend(&mut self, key: TaskKey) {
        self.set_task(key, |task| task.status = TaskStatus::Pending);
        let never_starts =
            self.crash_of(key, CrashWhen::Starting).is_some_and(|crash| crash.exit_code.is_none());
        let step = if never_starts { TaskStep::Crash } else { TaskStep::Activate };
        let own = self.own_delay("pull", key);
        self.plan_task(key, self.scenario.timing.pending.saturating_add(own), step);
    }

    /// Half of the spread at most: no two tasks take equally long.
    fn own_delay(&self, purpose: &str, key: TaskKey) -> SignedDuration {
        let most = self.scenario.timing.spread.as_secs_f64() / 2.0;
        seconds(self.seed.between(purpose, key.0 as u64, (0.0, most)))
    }

    fn run_task(&mut self, key: TaskKey) {
        let now = self.now;
        self.set_task(key, |task| {
            task.status = TaskStatus::Running;
            task.started = Some(now);
        });
        self.set_health(key, Some(Health::Registering));
        self.say_registered(key);
        let own = self.own_delay("checks", key);
        let checked = self.scenario.timing.health_checks.saturating_add(own);
        self.plan_task(key, SignedDuration::from_secs(3), TaskStep::Check);
        let Some(release) = self.release_of(key) else { return };
        let (unhealthy, crash) = (release.unhealthy, release.crash.clone());
        match unhealthy {
            Some(unhealthy) => {
                self.plan_task(key, checked, TaskStep::Sicken);
                self.plan_task(key, unhealthy.replaced_after.saturating_add(own), TaskStep::GiveUp);
            }
            None => self.plan_task(key, checked, TaskStep::Heal),
        }
        if let Some(crash) = crash.filter(|crash| crash.when == CrashWhen::Starting) {
            self.plan_task(key, crash.after.saturating_add(own), TaskStep::Crash);
        }
    }

    fn heal(&mut self, key: TaskKey) {
        self.set_health(key, Some(Health::Healthy));
        let Some(set) = self.ecs.tasks.get(key.0).map(|task| task.set) else { return };
        if let Some(set) = self.ecs.sets.get_mut(set.0) {
            set.failures = 0;
        }
        self.doom(set);
        self.settle_steady(set);
        self.task_is_healthy(set);
    }

    fn sicken(&mut self, key: TaskKey) {
        let Some(code) = self.release_of(key).and_then(|release| release.unhealthy) else { return };
        self.set_health(key, Some(Health::Unhealthy(code.code)));
        let Some(task) = self.ecs.tasks.get(key.0) else { return };
        let Some(set) = self.ecs.set(task.set) else { return };
        let message = format!(
            "(port {}) is unhealthy in (target-group {}) due to (reason Health checks failed with \
             these codes: [{}])",
            self.names.place.port,
            self.names.target_group(set.pool),
            code.code
        );
        self.say(Some(task.set), &message);
    }

    fn give_up(&mut self, key: TaskKey) {
        let Some(task) = self.ecs.tasks.get(key.0) else { return };
        let key_of_set = task.set;
        let Some(set) = self.ecs.set(key_of_set) else { return };
        let group = self.names.target_group(set.pool);
        let reason = format!("Task failed ELB health checks in (target-group {group})");
        let id = task.id.clone();
        self.say_tasks(key_of_set, "has stopped", &[id]);
        self.stop_task(key, Stop { code: "ServiceSchedulerInitiated", reason });
        self.replace(key_of_set);
    }

    fn crash(&mut self, key: TaskKey) {
        let Some(crash) = self.release_of(key).and_then(|release| release.crash.clone()) else {
            return;
        };
        let Some(task) = self.ecs.tasks.get(key.0) else { return };
        let (set, served) = (task.set, task.serves());
        let never_started = crash.exit_code.is_none();
        let (code, words) = if never_started {
            ("TaskFailedToStart", crash.reason.clone().unwrap_or_default())
        } else {
            ("EssentialContainerExited", "Essential container in task exited".to_owned())
        };
        let now = self.now;
        self.set_task(key, |task| {
            task.status = TaskStatus::Deactivating;
            task.stop = Some(Stop { code, reason: words });
            task.stopping = Some(now);
            task.dead = true;
            task.exit_code = crash.exit_code;
            task.reason = crash.reason;
        });
        self.reflow();
        let notice = if served { self.scenario.timing.notice_death } else { SignedDuration::ZERO };
        let step = if never_started { TaskStep::Stop } else { TaskStep::Deregister };
        self.plan_task(key, notice, step);
        if let Some(set) = self.ecs.sets.get_mut(set.0) {
            set.failures = set.failures.saturating_add(1);
        }
        self.replace(set);
    }

    /// Tells a task to stop: drain first when it is a target.
    pub(super) fn stop_task(&mut self, key: TaskKey, stop: Stop) {
        let now = self.now;
        let Some(task) = self.ecs.tasks.get_mut(key.0).filter(|task| task.wanted()) else { return };
        task.stop = Some(stop);
        task.stopping = Some(now);
        task.status = TaskStatus::Deactivating;
        let runs = task.started.is_some();
        task.exit_code = runs.then_some(0);
        if runs {
            self.set_health(key, Some(Health::Draining));
            self.plan_task(key, self.scenario.timing.drain, TaskStep::Stop);
        } else {
            self.plan_task(key, SignedDuration::ZERO, TaskStep::Stop);
        }
    }

    /// Plans a new task for a set that lost one, later and later while nothing gets healthy.
    fn replace(&mut self, key: SetKey) {
        const COMPLAIN_EVERY: SignedDuration = SignedDuration::from_mins(5);
        let now = self.now;
        let Some(set) = self.ecs.sets.get_mut(key.0) else { return };
        if set.status == SetStatus::Draining {
            return;
        }
        set.updated = now;
        if set.steady {
            (set.steady, set.steady_changed) = (false, now);
        }
        let round = set.failures / set.desired.max(1);
        let wait = (FIRST_RETRY << round.min(4)).min(LAST_RETRY);
        let complains = set.failures >= set.desired
            && set.complained.is_none_or(|last| after(last, COMPLAIN_EVERY) <= now);
        if complains {
            set.complained = Some(now);
            self.say(
                Some(key),
                "is unable to consistently start tasks successfully. For more information, see \
                 the Troubleshooting section of the Amazon ECS Developer Guide.",
            );
        }
        self.queue.plan(after(now, SignedDuration::from_secs(wait)), Event::Replace(key));
        self.task_is_lost(key);
    }

    /// Starts the planned replacement, unless the set is going away.
    pub(super) fn on_replace(&mut self, key: SetKey) {
        let wanted = self.wanted_tasks(key).count();
        let Some(set) = self.ecs.set(key) else { return };
        if set.status != SetStatus::Draining && wanted < set.desired as usize {
            let id = self.start_task(key);
            self.say_tasks(key, "has started", &[id]);
        }
    }

    /// Plans the death of every healthy task of a set that gets production traffic.
    pub(super) fn doom(&mut self, key: SetKey) {
        let Some(set) = self.ecs.set(key) else { return };
        if self.share(set.pool) <= 0.0 {
            return;
        }
        let Some(release) = self.releases.get(set.release.0) else { return };
        let Some(crash) = release.crash.clone().filter(|crash| crash.when == CrashWhen::Serving)
        else {
            return;
        };
        let healthy: Vec<TaskKey> = (self.ecs.tasks_of(key))
            .filter(|(_, task)| task.serves() && !task.doomed)
            .map(|(task, _)| task)
            .collect();
        for task in healthy {
            let life: f64 = Exp1.sample(&mut self.seed.stream("death", task.0 as u64));
            self.set_task(task, |task| task.doomed = true);
            self.plan_task(task, seconds(crash.after.as_secs_f64() * life), TaskStep::Crash);
        }
    }

    fn set_health(&mut self, key: TaskKey, health: Option<Health>) {
        self.set_task(key, |task| task.health = health);
        self.reflow();
    }

    fn set_task(&mut self, key: TaskKey, change: impl FnOnce(&mut Task)) {
        if let Some(task) = self.ecs.tasks.get_mut(key.0) {
            change(task);
        }
    }

    fn plan_task(&mut self, task: TaskKey, wait: SignedDuration, step: TaskStep) {
        self.queue.plan(after(self.now, wait), Event::Task { task, step });
    }

    pub(super) fn wanted_tasks(&self, set: SetKey) -> impl Iterator<Item = TaskKey> {
        self.ecs.tasks_of(set).filter(|(_, task)| task.wanted()).map(|(key, _)| key)
    }

    pub(super) fn task_id(&self, key: TaskKey) -> Option<String> {
        self.ecs.tasks.get(key.0).map(|task| task.id.clone())
    }

    fn release_of(&self, key: TaskKey) -> Option<&Release> {
        let set = self.ecs.set(self.ecs.tasks.get(key.0)?.set)?;
        self.releases.get(set.release.0)
    }

    fn crash_of(&self, key: TaskKey, when: CrashWhen) -> Option<&Crash> {
        self.release_of(key)?.crash.as_ref().filter(|crash| crash.when == when)
    }
}
