//! Instances in Auto Scaling groups behind one target group; a rollout copies the group.
//!
//! | file | what |
//! |---|---|
//! | `instances` | an instance from launch to termination, and what the load balancer sees of it |
//! | `work` | the lifecycle of each instance in a deployment |
//! | `rollout` | a deployment from one stage to the next, forward and back |
//!
//! There are no weights: traffic follows the instances that are registered and healthy.

mod instances;
mod rollout;
mod work;

use jiff::Timestamp;

pub(crate) use self::instances::InstanceStep;
pub(crate) use self::work::Work;

use super::World;
use super::codedeploy::{Diagnostics, EventStatus, TargetStatus};
use super::elb::Health;
use super::keys::{DeploymentKey, InstanceKey, Pool, ReleaseKey, SetKey, TargetKey};
use super::random::Seed;
use crate::sim::scenario;

/// The state of the instances.
#[derive(Debug, Clone)]
pub(crate) struct Fleet {
    pub(crate) config: scenario::Ec2,
    pub(crate) groups: Vec<Group>,
    pub(crate) instances: Vec<Instance>,
    /// Every instance of every deployment.
    pub(crate) targets: Vec<InstanceTarget>,
    /// The group that serves.
    pub(crate) primary: SetKey,
}

/// An Auto Scaling group.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) release: ReleaseKey,
    /// The stream of requests that its instances answer.
    pub(crate) pool: Pool,
    pub(crate) gone: bool,
}

/// An instance.
#[derive(Debug, Clone)]
pub(crate) struct Instance {
    pub(crate) id: String,
    pub(crate) group: SetKey,
    pub(crate) zone: usize,
    pub(crate) state: InstanceState,
    /// How the load balancer sees it; absent: not registered.
    pub(crate) health: Option<Health>,
}

/// Where an instance is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InstanceState {
    Pending,
    InService,
    Terminating,
    Terminated,
}

/// An instance in a deployment.
#[derive(Debug, Clone)]
pub(crate) struct InstanceTarget {
    pub(crate) deployment: DeploymentKey,
    pub(crate) instance: InstanceKey,
    pub(crate) label: Label,
    pub(crate) status: TargetStatus,
    pub(crate) updated: Timestamp,
    pub(crate) events: Vec<WorkEvent>,
}

/// Which side an instance is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    Blue,
    Green,
}

impl Label {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Blue => "Blue",
            Self::Green => "Green",
        }
    }
}

/// One entry of an instance's lifecycle.
#[derive(Debug, Clone)]
pub(crate) struct WorkEvent {
    pub(crate) work: Work,
    pub(crate) status: EventStatus,
    pub(crate) started: Option<Timestamp>,
    pub(crate) ended: Option<Timestamp>,
    pub(crate) diagnostics: Option<Diagnostics>,
}

impl Fleet {
    /// One group that has long been serving.
    pub(super) fn new(config: scenario::Ec2, name: &str, desired: u32, seed: Seed) -> Self {
        let group =
            Group { name: name.to_owned(), release: ReleaseKey(0), pool: Pool::A, gone: false };
        let instance = |index: u32| Instance {
            id: instance_id(seed, index as usize),
            group: SetKey(0),
            zone: index as usize % 3,
            state: InstanceState::InService,
            health: Some(Health::Healthy),
        };
        Self {
            config,
            groups: vec![group],
            instances: (0..desired).map(instance).collect(),
            targets: Vec::new(),
            primary: SetKey(0),
        }
    }

    pub(crate) fn group(&self, key: SetKey) -> Option<&Group> {
        self.groups.get(key.0)
    }

    pub(crate) fn instance(&self, key: InstanceKey) -> Option<&Instance> {
        self.instances.get(key.0)
    }

    pub(crate) fn target(&self, key: TargetKey) -> Option<&InstanceTarget> {
        self.targets.get(key.0)
    }

    /// The instances of a group that are not gone.
    pub(crate) fn members(&self, group: SetKey) -> Vec<InstanceKey> {
        let here = |instance: &Instance| {
            instance.group == group && instance.state != InstanceState::Terminated
        };
        (self.instances.iter().enumerate())
            .filter(|(_, instance)| here(instance))
            .map(|(index, _)| InstanceKey(index))
            .collect()
    }

    /// The targets of a deployment, green ones first.
    pub(crate) fn targets_of(
        &self,
        key: DeploymentKey,
    ) -> impl Iterator<Item = (TargetKey, &InstanceTarget)> {
        let all = self.targets.iter().enumerate();
        all.filter(move |(_, target)| target.deployment == key)
            .map(|(index, target)| (TargetKey(index), target))
    }
}

fn instance_id(seed: Seed, index: usize) -> String {
    format!("i-0{}", seed.hex("instance", index as u64, 16))
}

impl World {
    /// A target of a deployment by the id of its instance.
    pub(crate) fn find_instance_target(
        &self,
        key: DeploymentKey,
        id: &str,
    ) -> Option<&InstanceTarget> {
        let fleet = self.fleet.as_ref()?;
        let ours = |target: &InstanceTarget| {
            fleet.instance(target.instance).is_some_and(|instance| instance.id == id)
        };
        fleet.targets_of(key).map(|(_, target)| target).find(|target| ours(target))
    }

    /// How many instances of a deployment have which status.
    pub(crate) fn instance_count(&self, key: DeploymentKey, status: TargetStatus) -> usize {
        let targets = self.fleet.iter().flat_map(|fleet| fleet.targets_of(key));
        targets.filter(|(_, target)| target.status == status).count()
    }
}
