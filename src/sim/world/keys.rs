//! Positions in the world's lists. Nothing is ever removed from those lists, so a key stays valid.

/// A deployment in [`CodeDeploy`](super::codedeploy::CodeDeploy).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DeploymentKey(pub(crate) usize);

/// A revision of a service that ECS deploys itself, in [`Native`](super::native::Native).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ServiceRevisionKey(pub(crate) usize);

/// A service deployment, in [`Native`](super::native::Native).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ServiceDeploymentKey(pub(crate) usize);

/// What serves and can be replaced: a task set in [`Ecs`](super::ecs::Ecs), a version in
/// [`Lambda`](super::lambda::Lambda), a group in [`Fleet`](super::fleet::Fleet).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SetKey(pub(crate) usize);

/// A task in [`Ecs`](super::ecs::Ecs).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TaskKey(pub(crate) usize);

/// An instance in [`Fleet`](super::fleet::Fleet).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct InstanceKey(pub(crate) usize);

/// An instance in a deployment, in [`Fleet`](super::fleet::Fleet).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TargetKey(pub(crate) usize);

/// A release, its task definition and its revision: position in all three lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ReleaseKey(pub(crate) usize);

/// One of the two target groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Pool {
    /// The first name of the pair.
    A,
    /// The second name of the pair.
    B,
}

impl Pool {
    /// Both, in order.
    pub(crate) const ALL: [Self; 2] = [Self::A, Self::B];

    /// The other one.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    /// Position in a pair.
    pub(crate) fn index(self) -> usize {
        match self {
            Self::A => 0,
            Self::B => 1,
        }
    }
}
