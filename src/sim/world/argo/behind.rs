//! The Rollout as what runs behind a load balancer: whose pods are its targets.

use jiff::Timestamp;

use super::{Argo, Kind};
use crate::sim::world::elb::Health;
use crate::sim::world::keys::{Pool, ReleaseKey};

impl Argo {
    /// The versions that get requests from outside.
    fn behind(&self) -> Vec<String> {
        if self.rollout().is_none() {
            // Whoever is ready gets as much as any other.
            let sets = self.sets_of("Deployment").into_iter();
            return sets.filter(|set| set.ready > 0).map(|set| set.hash).collect();
        }
        let shares = self.shares().into_iter();
        shares.filter(|(hash, share)| *share > 0.0 && !hash.is_empty()).map(|one| one.0).collect()
    }

    /// The addresses of the pods that a load balancer sends requests to, and how it sees them.
    pub(in crate::sim::world) fn members(&self) -> Vec<(String, Health)> {
        self.pods_of(&self.behind())
    }

    /// The addresses of the pods of some versions, and how a load balancer sees them.
    pub(super) fn pods_of(&self, hashes: &[String]) -> Vec<(String, Health)> {
        let own = self.pods.iter().filter(|pod| hashes.contains(&pod.hash) && pod.gone.is_none());
        let health = |pod: &super::Pod| match (pod.is_ready(), pod.restarts) {
            (true, _) => Health::Healthy,
            (false, 0) => Health::Checking,
            (false, _) => Health::Unhealthy(502),
        };
        own.map(|pod| (pod.ip.clone(), health(pod))).collect()
    }

    /// The release that most of those pods run; the cluster's releases begin with this one of the world.
    pub(in crate::sim::world) fn main_release(&self, first: usize) -> ReleaseKey {
        let hash = self.behind().into_iter().next().unwrap_or_default();
        let set = self.store.get(Kind::ReplicaSet, &format!("{}-{hash}", self.name));
        let release = set.and_then(|set| self.release(&set["spec"]["template"]));
        ReleaseKey(first + release.map_or(0, |release| release.0))
    }

    /// Writes down that these versions answer the requests of a pool from now on.
    pub(in crate::sim::world) fn note_members(&mut self, now: Timestamp, pool: Pool) {
        let Some(hash) = self.behind().into_iter().next() else { return };
        if self.serving.last().is_none_or(|(.., last)| *last != hash) {
            self.serving.push((now, pool, hash));
        }
    }
}
