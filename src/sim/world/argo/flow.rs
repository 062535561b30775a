//! Who gets the requests: what Services, weights and the health of pods make of them.

use jiff::{SignedDuration, Timestamp};

use super::{Argo, Kind, pods, text};
use crate::sim::world::World;
use crate::sim::world::keys::{Pool, ReleaseKey};
use crate::sim::world::time::after;
use crate::sim::world::traffic::{Flow, Reach};

/// The annotation with the weight of an ingress.
pub(super) const WEIGHT: &str = "nginx.ingress.kubernetes.io/canary-weight";

/// Where an ingress leads from a moment on: the streams that the versions behind the stable and the canary
/// Service answer, each with its share, 0-1.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Gate {
    pub(crate) since: Timestamp,
    pub(crate) roles: [(Pool, f64); 2],
}

impl Argo {
    /// The stable and the canary Service, where an ingress of nginx leads to them.
    pub(crate) fn ingress_services(&self) -> Option<[String; 2]> {
        let canary = &self.rollout()?["spec"]["strategy"]["canary"];
        canary["trafficRouting"]["nginx"].as_object()?;
        Some(["/stableService", "/canaryService"].map(|part| text(canary, part).to_owned()))
    }

    /// The ingress that requests come through.
    pub(crate) fn ingress(&self) -> &str {
        let rollout = self.rollout();
        let at = "/spec/strategy/canary/trafficRouting/nginx/stableIngress";
        rollout.map_or("", |rollout| text(rollout, at))
    }

    /// Where it has led, oldest first.
    pub(crate) fn gates(&self) -> &[Gate] {
        &self.gates
    }

    /// Writes down where it leads now.
    fn note_gate(&mut self, now: Timestamp) {
        if self.ingress_services().is_none() {
            return;
        }
        let shares = self.shares();
        let role = |index: usize| {
            shares.get(index).map_or((Pool::A, 0.0), |(hash, share)| (self.pool(hash), *share))
        };
        let roles = [role(0), role(1)];
        if self.gates.last().is_none_or(|last| last.roles != roles) {
            self.gates.push(Gate { since: now, roles });
        }
    }

    /// The versions that get requests, each with its share, 0-1.
    pub(super) fn shares(&self) -> Vec<(String, f64)> {
        let Some(rollout) = self.rollout() else { return Vec::new() };
        let selected = |name: &str| {
            let service = self.store.get(Kind::Service, name);
            service.map(pods::selected).unwrap_or_default().to_owned()
        };
        let strategy = &rollout["spec"]["strategy"];
        let active = text(strategy, "/blueGreen/activeService");
        if !active.is_empty() {
            return vec![(selected(active), 1.0)];
        }
        let canary = &strategy["canary"];
        if canary["trafficRouting"].is_null() {
            // Whoever is ready gets as much as any other.
            let sets = self.sets();
            let all: u32 = sets.iter().map(|set| set.ready).sum();
            let share = |ready: u32| f64::from(ready) / f64::from(all.max(1));
            return sets.into_iter().map(|set| (set.hash, share(set.ready))).collect();
        }
        let ingress = self.store.get(Kind::Ingress, &self.canary_ingress());
        let weight = ingress.and_then(|one| one["metadata"]["annotations"][WEIGHT].as_str());
        let weights = &rollout["status"]["canary"]["weights"];
        let share = match weight {
            Some(text) => text.parse::<f64>().unwrap_or_default(),
            None => weights["canary"]["weight"].as_f64().unwrap_or_default(),
        };
        let share = (share / 100.0).clamp(0.0, 1.0);
        let [stable, other] = ["stable", "canary"].map(|role| {
            let service = text(canary, &format!("/{role}Service"));
            let named = text(weights, &format!("/{role}/serviceName"));
            selected(if service.is_empty() { named } else { service })
        });
        vec![(stable, 1.0 - share), (other, share)]
    }

    /// The ingress that the controller makes for the canary.
    pub(super) fn canary_ingress(&self) -> String {
        format!("{0}-{0}-canary", self.name)
    }

    /// The release of a version, and how many of its pods answer.
    pub(super) fn serving(&self, hash: &str) -> (Option<ReleaseKey>, usize) {
        let own = |pod: &&super::Pod| pod.hash == hash && pod.is_ready();
        let ready: Vec<_> = self.pods.iter().filter(own).collect();
        let set = self.store.get(Kind::ReplicaSet, &format!("{}-{hash}", self.name));
        let release = set.and_then(|set| self.release(&set["spec"]["template"]));
        (release, ready.len())
    }

    /// The stream of requests that a version's pods answer: what is new takes the other one than what is
    /// stable.
    pub(crate) fn pool(&self, hash: &str) -> Pool {
        self.pools.get(hash).copied().unwrap_or(Pool::A)
    }

    /// The stream of requests that a version answered in the minute that begins then; nothing when it
    /// answered none.
    pub(crate) fn served(&self, hash: &str, minute: Timestamp) -> Option<Pool> {
        let end = after(minute, SignedDuration::from_mins(1));
        let until = self.serving.partition_point(|(since, ..)| *since < end);
        Pool::ALL.into_iter().find(|pool| {
            let changes = self.serving.iter().take(until).rev();
            // Who begins in the middle of a minute has all of it.
            let last = changes.filter(|(_, of, _)| of == pool).map(|(.., hash)| hash).next();
            last.is_some_and(|last| last == hash)
        })
    }

    /// Writes down who answers a stream of requests from now on.
    pub(super) fn note_serving(&mut self, now: Timestamp, pool: Pool, hash: &str) {
        let last = self.serving.iter().rev().find(|(_, of, _)| *of == pool);
        if last.is_none_or(|(.., last)| last != hash) {
            self.serving.push((now, pool, hash.to_owned()));
        }
    }

    /// Gives a version that is asked for now its stream of requests.
    pub(super) fn take_pool(&mut self, hash: &str, stable: &str) {
        if hash != stable {
            let pool = if stable.is_empty() { Pool::A } else { self.pool(stable).other() };
            self.pools.insert(hash.to_owned(), pool);
        }
    }
}

impl World {
    /// Writes down what Services and weights now mean for requests.
    pub(super) fn reflow_cluster(&mut self) {
        if self.clusters.is_some() {
            return self.reflow_side();
        }
        if self.argo.as_ref().is_some_and(|argo| argo.front().is_some()) {
            return self.reflow_front();
        }
        let now = self.now;
        let Some(argo) = &mut self.argo else { return };
        argo.note_gate(now);
        let mut flows = Pool::ALL.map(|_| None::<Flow>);
        for (hash, share) in argo.shares() {
            let (release, ready) = argo.serving(&hash);
            let reach = if ready > 0 { Reach::Served { broken: 0.0 } } else { Reach::NoTargets };
            let release = release.unwrap_or(ReleaseKey(0));
            let pool = argo.pool(&hash);
            if share > 0.0 {
                argo.note_serving(now, pool, &hash);
            }
            let flow = &mut flows[pool.index()];
            // Both Services may lead to the same version.
            let before = flow.map_or(0.0, |flow| flow.share);
            if share > 0.0 || flow.is_none() {
                *flow = Some(Flow { share: before + share, release, reach, lag: None });
            }
        }
        for (pool, flow) in Pool::ALL.into_iter().zip(flows) {
            let quiet =
                Flow { share: 0.0, release: ReleaseKey(0), reach: Reach::NoTargets, lag: None };
            self.traffic.note(self.now, pool, flow.unwrap_or(quiet));
        }
    }
}
