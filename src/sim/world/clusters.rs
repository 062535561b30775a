//! Two clusters behind one weight: each runs a side, knows nothing of the other, and has a name by which
//! its API server is asked. The one at hand is in the world's `argo`, the other one here meanwhile.

use serde_json::Value as Json;

use super::World;
use super::argo::{Argo, Kind};
use super::elb::{Health, Target};
use super::flow::PoolState;
use super::keys::Pool;

/// Both clusters, blue's first.
#[derive(Debug, Clone)]
pub(crate) struct Clusters {
    contexts: [String; 2],
    /// The one that is not at hand.
    other: Option<Argo>,
    /// Which of the two is at hand.
    at_hand: usize,
}

impl Clusters {
    /// The first one is at hand; this is the second one.
    pub(super) fn new(contexts: [String; 2], second: Argo) -> Self {
        Self { contexts, other: Some(second), at_hand: 0 }
    }

    /// The side whose cluster is at hand.
    pub(super) fn at_hand(&self) -> usize {
        self.at_hand
    }
}

impl World {
    /// Does something at the cluster that a request names: the only one there is, or the first one where
    /// it names none. At a cluster that does not exist there is nothing.
    pub(crate) fn at_cluster<R>(
        &mut self,
        context: Option<&str>,
        act: impl FnOnce(&mut Self) -> R,
    ) -> R {
        let Some(clusters) = &self.clusters else { return act(self) };
        let known = clusters.contexts.iter().position(|known| Some(known.as_str()) == context);
        match (known, context) {
            (Some(index), _) => self.at_side(index, act),
            (None, None) => self.at_side(0, act),
            (None, Some(_)) => {
                let argo = self.argo.take();
                let result = act(self);
                self.argo = argo;
                result
            }
        }
    }

    /// What somebody else asks of what keeps the pods in a cluster: its Rollout, else its Deployment.
    pub fn patch_workload(&mut self, context: &str, patch: &Json) {
        self.at_cluster(Some(context), |world| {
            let name = world.names.place.service.clone();
            let kind = match world.rollout_object() {
                Some(_) => Kind::Rollout,
                None => Kind::Deployment,
            };
            // A refusal is somebody else's problem.
            let _ = world.patch_object((kind, &name), false, patch);
        });
    }

    /// Does something at the cluster of a side.
    pub(super) fn at_side<R>(&mut self, index: usize, act: impl FnOnce(&mut Self) -> R) -> R {
        let turned = self.turn_to(index);
        let result = act(self);
        if turned {
            self.turn_to(1 - index);
        }
        result
    }

    /// Takes the cluster of a side to hand; whether it was the other one.
    fn turn_to(&mut self, index: usize) -> bool {
        let Some(clusters) = &mut self.clusters else { return false };
        if clusters.at_hand == index {
            return false;
        }
        std::mem::swap(&mut self.argo, &mut clusters.other);
        clusters.at_hand = index;
        true
    }

    /// Which side's cluster is at hand; the only one is the first.
    pub(super) fn side_at_hand(&self) -> usize {
        self.clusters.as_ref().map_or(0, Clusters::at_hand)
    }

    /// The cluster that a pool runs in, in worlds that have two.
    fn cluster_of(&self, pool: Pool) -> Option<&Argo> {
        let clusters = self.clusters.as_ref()?;
        if clusters.at_hand == pool.index() { self.argo.as_ref() } else { clusters.other.as_ref() }
    }

    /// How many changes there were in all clusters.
    pub(crate) fn cluster_changes(&self) -> u64 {
        let other = self.clusters.as_ref().and_then(|clusters| clusters.other.as_ref());
        self.argo.iter().chain(other).map(|argo| argo.store.version()).sum()
    }

    /// The pods of a pool as targets of its group, in worlds that have clusters behind load balancers.
    pub(super) fn cluster_targets(&self, pool: Pool) -> Option<Vec<Target>> {
        let front = self.argo.as_ref().and_then(|argo| argo.targets_of(pool));
        let pods = front.or_else(|| Some(self.cluster_of(pool)?.members()))?;
        let target = |(index, (ip, health)): (usize, (String, Health))| {
            let (state, reason, description) = health.words();
            Target {
                id: ip,
                port: self.names.place.port,
                availability_zone: self.zone(index % 3),
                state,
                reason,
                description,
            }
        };
        Some(pods.into_iter().enumerate().map(target).collect())
    }

    /// What the pods of a pool are for its load balancer, in worlds that have clusters.
    pub(super) fn cluster_state(&self, pool: Pool) -> Option<PoolState> {
        if let Some(state) = self.front_state(pool) {
            return Some(state);
        }
        let argo = self.cluster_of(pool)?;
        let members = argo.members();
        let count = |wanted: fn(&Health) -> bool| {
            let found = members.iter().filter(|(_, health)| wanted(health)).count();
            u32::try_from(found).unwrap_or(u32::MAX)
        };
        let healthy = count(|health| *health == Health::Healthy);
        let unhealthy = count(|health| matches!(health, Health::Unhealthy(_)));
        Some(PoolState::of(argo.main_release(pool.index()), healthy, unhealthy))
    }

    /// Writes down who answers the requests of a side now.
    pub(super) fn reflow_side(&mut self) {
        let (now, index) = (self.now, self.side_at_hand());
        if let (Some(argo), Some(pool)) = (&mut self.argo, Pool::ALL.get(index)) {
            argo.note_members(now, *pool);
        }
        self.reflow();
    }
}
