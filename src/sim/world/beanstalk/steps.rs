//! What an environment goes through, and what it says about it.

use jiff::SignedDuration;

use super::{Beanstalk, Coming, Environment, Notice, Server, Severity, Status, server_id};
use crate::sim::world::World;
use crate::sim::world::keys::{Pool, ReleaseKey};
use crate::sim::world::queue::Event;
use crate::sim::world::time::after;
use crate::sim::world::traffic::{Flow, Reach};

/// How long a version takes to be deployed to running instances.
const DEPLOY: SignedDuration = SignedDuration::from_secs(75);
/// How long new instances take to boot and pass their health checks.
const LAUNCH: SignedDuration = SignedDuration::from_secs(100);
/// How long instances take to go away.
const REMOVAL: SignedDuration = SignedDuration::from_secs(40);
/// How long the exchange of names takes.
const SWAP: SignedDuration = SignedDuration::from_secs(12);
/// How long an operator of the story looks at a new version before swapping.
const LOOK: SignedDuration = SignedDuration::from_mins(5);

/// The next step of an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EnvironmentStep {
    /// A version is on all instances.
    Deployed { release: ReleaseKey, swap: bool },
    /// An operator of the story swaps.
    Swap,
    /// The names have been exchanged.
    Swapped { with: usize },
    /// New instances are healthy and get their share.
    Shift,
    /// The new version has been evaluated and gets everything.
    Evaluated,
    /// The old instances are gone.
    Settled,
    /// The update has been taken back.
    Aborted,
}

impl World {
    /// Deploys the version of a release of the story; false while the environment is busy.
    pub(in crate::sim::world) fn deploy_version(&mut self, release: ReleaseKey) -> bool {
        let Some(beanstalk) = &self.beanstalk else { return true };
        let (serving, idle) = beanstalk.serving();
        let index = idle.unwrap_or(serving);
        let free = |environment: &Environment| environment.status == Status::Ready;
        if !beanstalk.environments.get(index).is_some_and(free) {
            return false;
        }
        let request = self.seed.uuid("environment update", release.0);
        self.begin(index, Status::Updating, &request);
        self.notice(index, "Environment update is starting.");
        if beanstalk_splits(self.beanstalk.as_ref()) {
            self.launch_new(index, release);
        } else {
            self.notice(index, "Deploying new version to instance(s).");
            self.change_environment(index, |environment| {
                environment.servers.iter_mut().for_each(|server| server.in_progress = true);
            });
            let swap = release.0 + 1 < self.releases.len();
            self.plan_environment(index, DEPLOY, EnvironmentStep::Deployed { release, swap });
        }
        true
    }

    /// What a step of an environment does, unless its plan was replaced in the meantime.
    pub(in crate::sim::world) fn on_environment(
        &mut self,
        index: usize,
        (plan, step): (u32, EnvironmentStep),
    ) {
        let current = |beanstalk: &Beanstalk| Some(beanstalk.environments.get(index)?.plan);
        if self.beanstalk.as_ref().and_then(current) != Some(plan) {
            return;
        }
        match step {
            EnvironmentStep::Deployed { release, swap } => self.deployed(index, (release, swap)),
            EnvironmentStep::Swap => {
                let other = self.beanstalk.as_ref().and_then(|one| one.serving().1);
                // Both are at rest in the story.
                if let Some(other) = other {
                    let request = self.seed.uuid("swap", other + plan as usize * 2);
                    self.begin_swap((1 - other.min(1), other), &request);
                }
            }
            EnvironmentStep::Swapped { with } => self.swapped(index, with),
            EnvironmentStep::Shift => self.shift_part(index),
            EnvironmentStep::Evaluated => self.evaluated(index),
            EnvironmentStep::Settled => self.settled(index),
            EnvironmentStep::Aborted => self.aborted(index),
        }
    }

    fn deployed(&mut self, index: usize, (release, swap): (ReleaseKey, bool)) {
        let now = self.now;
        self.change_environment(index, |environment| {
            environment.release = release;
            environment.deployments += 1;
            for server in &mut environment.servers {
                (server.release, server.deployment) = (release, environment.deployments);
                (server.deployed, server.in_progress) = (now, false);
            }
        });
        self.reflow_environments();
        self.notice(index, "New application version was deployed to running EC2 instances.");
        self.come_to_ready(index, "Environment update completed successfully.");
        if swap {
            self.plan_environment(index, LOOK, EnvironmentStep::Swap);
        }
    }

    /// The exchange of the names of two environments begins.
    pub(super) fn begin_swap(&mut self, (one, other): (usize, usize), request: &str) {
        for index in [one, other] {
            self.begin(index, Status::Updating, request);
            self.notice(index, "swapEnvironmentCNAMEs is starting.");
        }
        let message = format!("Swapping CNAMEs for environments {}.", self.both(one, other));
        self.notice(one, &message);
        self.plan_environment(one, SWAP, EnvironmentStep::Swapped { with: other });
    }

    fn swapped(&mut self, one: usize, other: usize) {
        let Some(beanstalk) = &mut self.beanstalk else { return };
        let cname = |index: usize| beanstalk.environments.get(index).map(|at| at.cname.clone());
        let (Some(first), Some(second)) = (cname(one), cname(other)) else { return };
        for (index, name) in [(one, second), (other, first)] {
            if let Some(environment) = beanstalk.environments.get_mut(index) {
                environment.cname = name;
            }
        }
        self.reflow_environments();
        for index in [one, other] {
            let environment = self.beanstalk.as_ref().and_then(|all| all.environments.get(index));
            let Some(environment) = environment else { continue };
            let points =
                format!("'{}' now points to '{}'.", environment.cname, environment.endpoint);
            self.notice(index, &points);
        }
        let done = format!("Completed swapping CNAMEs for environments {}.", self.both(one, other));
        self.notice(one, &done);
        for index in [one, other] {
            self.come_to_ready(index, "swapEnvironmentCNAMEs completed successfully.");
        }
    }

    fn both(&self, one: usize, other: usize) -> String {
        let name = |index: usize| {
            let environment = self.beanstalk.as_ref().and_then(|all| all.environments.get(index));
            environment.map_or("", |environment| environment.name.as_str())
        };
        format!("'{}' and '{}'", name(one), name(other))
    }

    /// New instances with the new version start beside the old ones.
    fn launch_new(&mut self, index: usize, release: ReleaseKey) {
        let (now, seed, desired) = (self.now, self.seed, self.names.place.desired as usize);
        self.change_environment(index, |environment| {
            environment.deployments += 1;
            let (deployment, pool) = (environment.deployments, environment.pool.other());
            environment.servers.extend((0..desired).map(|number| Server {
                id: server_id(seed, (index, deployment, number)),
                zone: number % 3,
                launched: now,
                release,
                deployment,
                deployed: now,
                in_progress: true,
                pool,
            }));
            environment.coming = Some(Coming { release, percent: 0 });
        });
        self.notice(index, "Starting traffic splitting deployment: launching new instances.");
        self.plan_environment(index, LAUNCH, EnvironmentStep::Shift);
    }

    fn shift_part(&mut self, index: usize) {
        let Some(split) = self.beanstalk.as_ref().and_then(|one| one.config.split) else { return };
        self.change_environment(index, |environment| {
            environment.servers.iter_mut().for_each(|server| server.in_progress = false);
            if let Some(coming) = &mut environment.coming {
                coming.percent = split.percent;
            }
        });
        self.reflow_environments();
        let message = format!(
            "New application version was deployed to new instances; {} percent of the traffic goes to \
             them for an evaluation of {} minutes.",
            split.percent, split.minutes
        );
        self.notice(index, &message);
        let evaluation = SignedDuration::from_mins(i64::from(split.minutes));
        self.plan_environment(index, evaluation, EnvironmentStep::Evaluated);
    }

    /// The new instances take over: from here nothing can be aborted.
    fn evaluated(&mut self, index: usize) {
        self.change_environment(index, |environment| {
            let Some(coming) = environment.coming.take() else { return };
            environment.release = coming.release;
            environment.pool = environment.pool.other();
        });
        self.reflow_environments();
        self.notice(index, "All traffic goes to the new version; terminating old instances.");
        self.plan_environment(index, REMOVAL, EnvironmentStep::Settled);
    }

    fn settled(&mut self, index: usize) {
        self.change_environment(index, |environment| {
            let pool = environment.pool;
            environment.servers.retain(|server| server.pool == pool);
        });
        self.come_to_ready(index, "Environment update completed successfully.");
    }

    /// The old instances get everything back; the new ones go away.
    pub(super) fn begin_abort(&mut self, index: usize, request: &str) {
        self.begin(index, Status::Aborting, request);
        self.change_environment(index, |environment| environment.coming = None);
        self.reflow_environments();
        self.notice(index, "abortEnvironmentUpdate is starting.");
        self.plan_environment(index, REMOVAL, EnvironmentStep::Aborted);
    }

    fn aborted(&mut self, index: usize) {
        self.change_environment(index, |environment| {
            let pool = environment.pool;
            environment.servers.retain(|server| server.pool == pool);
        });
        let done = "The environment was reverted to the previous application version.";
        self.warn(index, "Environment update was aborted.");
        self.come_to_ready(index, done);
    }

    fn begin(&mut self, index: usize, status: Status, request: &str) {
        self.change_environment(index, |environment| {
            environment.status = status;
            environment.plan += 1;
            request.clone_into(&mut environment.request);
        });
    }

    fn come_to_ready(&mut self, index: usize, message: &str) {
        self.notice(index, message);
        self.change_environment(index, |environment| environment.status = Status::Ready);
    }

    fn change_environment(&mut self, index: usize, change: impl FnOnce(&mut Environment)) {
        let now = self.now;
        let all = self.beanstalk.as_mut();
        if let Some(environment) = all.and_then(|all| all.environments.get_mut(index)) {
            change(environment);
            environment.updated = now;
        }
    }

    fn plan_environment(&mut self, index: usize, wait: SignedDuration, step: EnvironmentStep) {
        let all = self.beanstalk.as_ref();
        let Some(environment) = all.and_then(|all| all.environments.get(index)) else { return };
        let event = Event::Environment { environment: index, plan: environment.plan, step };
        self.queue.plan(after(self.now, wait), event);
    }

    fn notice(&mut self, index: usize, message: &str) {
        self.say_of(index, message, Severity::Info);
    }

    fn warn(&mut self, index: usize, message: &str) {
        self.say_of(index, message, Severity::Warn);
    }

    fn say_of(&mut self, environment: usize, message: &str, severity: Severity) {
        let at = self.now;
        let Some(all) = &mut self.beanstalk else { return };
        let request = all.environments.get(environment).map(|one| one.request.clone());
        all.notices.push(Notice {
            at,
            environment,
            message: message.to_owned(),
            severity,
            request: request.unwrap_or_default(),
        });
    }

    /// Writes down what names and shares now mean for requests.
    fn reflow_environments(&mut self) {
        let Some(all) = &self.beanstalk else { return };
        let (serving, _) = all.serving();
        let mut flows = Vec::new();
        for (index, environment) in all.environments.iter().enumerate() {
            let whole = if index == serving { 1.0 } else { 0.0 };
            let part = environment.coming.map_or(0.0, |one| f64::from(one.percent) / 100.0);
            flows.push((environment.pool, environment.release, whole * (1.0 - part)));
            if let Some(coming) = environment.coming {
                flows.push((environment.pool.other(), coming.release, whole * part));
            } else if all.environments.len() == 1 {
                flows.push((environment.pool.other(), environment.release, 0.0));
            }
        }
        let reach = Reach::Served { broken: 0.0 };
        // Clients follow a swap as their DNS answers run out.
        let lag = self.scenario.beanstalk.as_ref().filter(|one| one.split.is_none());
        let lag = lag.map(|one| one.dns_lag);
        for (pool, release, share) in flows {
            self.traffic.note(self.now, pool, Flow { share, release, reach, lag });
        }
    }

    /// The stream of requests of a server, and how many servers share it.
    pub(super) fn server_share(environment: &Environment, server: &Server) -> (Pool, usize) {
        let same = environment.servers.iter().filter(|one| one.pool == server.pool);
        (server.pool, same.count().max(1))
    }
}

fn beanstalk_splits(beanstalk: Option<&Beanstalk>) -> bool {
    beanstalk.is_some_and(|one| one.config.split.is_some())
}
