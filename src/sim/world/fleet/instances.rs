//! An instance from launch to termination, and what the load balancer sees of it.

use jiff::SignedDuration;

use super::{Group, Instance, InstanceState, Work, instance_id};
use crate::sim::world::World;
use crate::sim::world::elb::{Health, HostCount, Target};
use crate::sim::world::keys::{InstanceKey, Pool, ReleaseKey, SetKey};
use crate::sim::world::queue::Event;
use crate::sim::world::time::{after, seconds};
use crate::sim::world::traffic::{Flow, Reach};

/// How long an instance takes to terminate.
const TERMINATION: SignedDuration = SignedDuration::from_secs(35);

/// The next step of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InstanceStep {
    /// It has booted.
    InService,
    /// The load balancer has accepted it and checks it.
    Check,
    /// It passed its health checks.
    Heal,
    /// It has drained.
    Leave,
    /// It is gone.
    End,
}

impl World {
    /// Launches a group of as many instances as the place says.
    pub(super) fn launch_group(&mut self, name: String, release: ReleaseKey, pool: Pool) -> SetKey {
        let (seed, desired) = (self.seed, self.names.place.desired as usize);
        let Some(fleet) = &mut self.fleet else { return SetKey(0) };
        let key = SetKey(fleet.groups.len());
        fleet.groups.push(Group { name, release, pool, gone: false });
        let first = fleet.instances.len();
        fleet.instances.extend((first..first + desired).map(|index| Instance {
            id: instance_id(seed, index),
            group: key,
            zone: index % 3,
            state: InstanceState::Pending,
            health: None,
        }));
        let timing = self.scenario.timing;
        for index in first..first + desired {
            let own = seed.between("boot", index as u64, (0.0, timing.spread.as_secs_f64()));
            let boot = timing.provisioning + timing.pending + seconds(own);
            self.plan_instance(InstanceKey(index), boot, InstanceStep::InService);
        }
        key
    }

    /// What a step of an instance does.
    pub(in crate::sim::world) fn on_instance(&mut self, key: InstanceKey, step: InstanceStep) {
        let Some(instance) = self.fleet.as_ref().and_then(|fleet| fleet.instance(key)) else {
            return;
        };
        let (state, health) = (instance.state, instance.health);
        match step {
            InstanceStep::InService if state == InstanceState::Pending => {
                self.set_instance(key, |instance| instance.state = InstanceState::InService);
                self.instance_is_up(key);
            }
            InstanceStep::Check if health == Some(Health::Registering) => {
                self.set_instance(key, |instance| instance.health = Some(Health::Checking));
                let checks = self.scenario.timing.health_checks;
                self.plan_instance(key, checks, InstanceStep::Heal);
            }
            InstanceStep::Heal if health == Some(Health::Checking) => {
                self.set_instance(key, |instance| instance.health = Some(Health::Healthy));
                self.traffic_has_moved(key, Work::AllowTraffic);
            }
            InstanceStep::Leave if health == Some(Health::Draining) => {
                self.set_instance(key, |instance| instance.health = None);
                self.traffic_has_moved(key, Work::BlockTraffic);
            }
            InstanceStep::End => {
                self.set_instance(key, |instance| instance.state = InstanceState::Terminated);
                self.group_may_be_gone(key);
            }
            // It was registered or deregistered again in the meantime.
            InstanceStep::InService
            | InstanceStep::Check
            | InstanceStep::Heal
            | InstanceStep::Leave => {}
        }
    }

    /// Registers an instance with the target group; true when it is healthy there already.
    pub(super) fn register(&mut self, key: InstanceKey) -> bool {
        let health = self.fleet.as_ref().and_then(|fleet| fleet.instance(key)?.health);
        match health {
            Some(Health::Healthy) => true,
            Some(Health::Registering | Health::Checking | Health::Unhealthy(_)) => false,
            Some(Health::Draining) | None => {
                self.set_instance(key, |instance| instance.health = Some(Health::Registering));
                self.plan_instance(key, self.scenario.timing.activating, InstanceStep::Check);
                false
            }
        }
    }

    /// Takes an instance out of the target group; true when it is not in it.
    pub(super) fn deregister(&mut self, key: InstanceKey) -> bool {
        let health = self.fleet.as_ref().and_then(|fleet| fleet.instance(key)?.health);
        if health.is_some_and(|health| health != Health::Draining) {
            self.set_instance(key, |instance| instance.health = Some(Health::Draining));
            self.plan_instance(key, self.scenario.timing.drain, InstanceStep::Leave);
        }
        health.is_none()
    }

    /// Takes out of the target group what an earlier deployment left there beside `primary`.
    pub(in crate::sim::world) fn clear_strays(&mut self, primary: SetKey) {
        let Some(fleet) = &self.fleet else { return };
        let stray = |instance: &Instance| instance.group != primary && instance.health.is_some();
        let strays: Vec<InstanceKey> = (fleet.instances.iter().enumerate())
            .filter(|(_, instance)| stray(instance))
            .map(|(index, _)| InstanceKey(index))
            .collect();
        for key in strays {
            self.deregister(key);
        }
    }

    /// Terminates the instances of a group.
    pub(in crate::sim::world) fn terminate_group(&mut self, group: SetKey) {
        let members = self.fleet.as_ref().map(|fleet| fleet.members(group)).unwrap_or_default();
        for key in members {
            self.set_instance(key, |instance| {
                (instance.state, instance.health) = (InstanceState::Terminating, None);
            });
            self.plan_instance(key, TERMINATION, InstanceStep::End);
        }
    }

    fn group_may_be_gone(&mut self, key: InstanceKey) {
        let Some(fleet) = &mut self.fleet else { return };
        let Some(group) = fleet.instance(key).map(|instance| instance.group) else { return };
        if fleet.members(group).is_empty()
            && let Some(known) = fleet.groups.get_mut(group.0)
        {
            known.gone = true;
            self.set_is_gone(group);
        }
    }

    fn set_instance(&mut self, key: InstanceKey, change: impl FnOnce(&mut Instance)) {
        let fleet = self.fleet.as_mut();
        if let Some(instance) = fleet.and_then(|fleet| fleet.instances.get_mut(key.0)) {
            change(instance);
        }
        self.reflow_instances();
    }

    fn plan_instance(&mut self, key: InstanceKey, wait: SignedDuration, step: InstanceStep) {
        self.queue.plan(after(self.now, wait), Event::Instance { instance: key, step });
    }

    /// Writes down what the healthy instances now mean for requests and host counts.
    fn reflow_instances(&mut self) {
        let Some(fleet) = &self.fleet else { return };
        let healthy = |pool: Pool| {
            let instances =
                fleet.instances.iter().filter(|one| one.health == Some(Health::Healthy));
            let groups = instances.filter_map(|one| fleet.group(one.group));
            let mut serving = groups.filter(|group| group.pool == pool).peekable();
            let release = serving.peek().map(|group| group.release);
            (release, serving.count() as u32)
        };
        let sides = Pool::ALL.map(healthy);
        let all: u32 = sides.iter().map(|(_, count)| count).sum();
        let last = fleet.group(fleet.primary).map(|group| (group.pool, group.release));
        for (pool, (release, count)) in Pool::ALL.into_iter().zip(sides) {
            // With no instance at all, requests find nobody where they last went.
            let stays = all == 0 && last.is_some_and(|(primary, _)| primary == pool);
            let share = if stays { 1.0 } else { f64::from(count) / f64::from(all.max(1)) };
            let reach = if count > 0 { Reach::Served { broken: 0.0 } } else { Reach::NoTargets };
            let release = release.or(last.map(|(_, release)| release)).unwrap_or(ReleaseKey(0));
            self.traffic.note(self.now, pool, Flow { share, release, reach, lag: None });
        }
        let counts = &mut self.elb.hosts[Pool::A.index()];
        if counts.last().is_none_or(|last| last.healthy != all) {
            counts.push(HostCount { since: self.now, healthy: all, unhealthy: 0 });
        }
    }

    /// The instances in the target group.
    pub(in crate::sim::world) fn registered_instances(&self) -> Vec<Target> {
        let instances = self.fleet.iter().flat_map(|fleet| &fleet.instances);
        let target = |instance: &Instance| {
            let (state, reason, description) = instance.health?.words();
            Some(Target {
                id: instance.id.clone(),
                port: self.names.place.port,
                availability_zone: self.zone(instance.zone),
                state,
                reason,
                description,
            })
        };
        instances.filter_map(target).collect()
    }
}
