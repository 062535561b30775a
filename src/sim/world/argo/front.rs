//! A load balancer of AWS in front of the cluster: a target group for each of two Services, which its
//! load balancer controller fills with the pods that the Service leads to.

use serde_json::{Value as Json, json};

use super::store::stamp;
use super::{Argo, HASH, Kind, count, pods, text};
use crate::sim::scenario;
use crate::sim::world::World;
use crate::sim::world::elb::Health;
use crate::sim::world::flow::PoolState;
use crate::sim::world::keys::{Pool, ReleaseKey};
use crate::sim::world::names::{Door, Names};
use crate::sim::world::rules::Weights;

/// The port of the Services that it leads to.
pub(super) const PORT: u16 = 80;

/// The load balancer, and what leads to its groups.
#[derive(Debug, Clone)]
pub(crate) struct Front {
    pub(super) config: scenario::Alb,
    /// The Services, in the order of the pools.
    pub(super) services: [String; 2],
    pub(super) groups: [String; 2],
    pub(super) balancer: String,
}

impl Front {
    pub(super) fn new(config: scenario::Alb, services: [String; 2], names: &Names) -> Self {
        let groups = names.target_group_arns.clone();
        Self { config, services, groups, balancer: names.load_balancer(0) }
    }

    /// The bindings that the load balancer controller keeps.
    pub(super) fn bindings(&self) -> impl Iterator<Item = Json> {
        self.services.iter().zip(&self.groups).map(|(service, group)| {
            let name = group.rsplit('/').nth(1).unwrap_or(group);
            json!({
                "metadata": {"name": name},
                "spec": {
                    "ipAddressType": "ipv4",
                    "serviceRef": {"name": service, "port": PORT},
                    "targetGroupARN": group,
                    "targetType": "ip",
                },
                "status": {"observedGeneration": 1},
            })
        })
    }

    /// What the controller of Argo Rollouts writes down of a load balancer that it has verified.
    pub(super) fn verified(&self, ingress: &str, [stable, canary]: [&str; 2]) -> Json {
        // It leaves out what an ARN begins with, and with it a part of what CloudWatch calls them.
        let of = |arn: &str, parts: usize| {
            let all: Vec<&str> = arn.split('/').collect();
            let name = all.get(parts).copied().unwrap_or_default();
            json!({"arn": arn, "name": name, "fullName": all.get(parts..).unwrap_or_default().join("/")})
        };
        let group = |service: &str| {
            let index = self.services.iter().position(|known| known == service);
            let arn = index.and_then(|index| self.groups.get(index));
            arn.map_or(Json::Null, |arn| of(arn, 1))
        };
        json!({
            "canaryTargetGroup": group(canary),
            "ingress": ingress,
            "loadBalancer": of(&self.balancer, 2),
            "stableTargetGroup": group(stable),
        })
    }
}

/// Leads a Service to a version, and writes down who has done that when.
pub(super) fn lead(service: &mut Json, hash: &str, by: &str, now: jiff::Timestamp) {
    service["spec"]["selector"][HASH] = json!(hash);
    service["metadata"]["managedFields"] = json!([{
        "apiVersion": "v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": {"f:selector": {format!("f:{HASH}"): {}}}},
        "manager": by,
        "operation": "Update",
        "time": stamp(now),
    }]);
}

impl Argo {
    /// The load balancer of AWS, if one is in front.
    pub(crate) fn front(&self) -> Option<&Front> {
        self.front.as_ref()
    }

    /// The version behind each group, and the weight that it has.
    fn grouped(&self) -> Option<[(String, u32); 2]> {
        let front = self.front.as_ref()?;
        let weights = self.rollout().map(|one| &one["status"]["canary"]["weights"]);
        let weights = weights.filter(|weights| weights.is_object());
        let weight = |index: usize, service: &String| {
            let named = |role: &&'static str| {
                weights.is_some_and(|one| text(one, &format!("/{role}/serviceName")) == service)
            };
            match (weights, ["stable", "canary"].into_iter().find(named)) {
                (Some(weights), Some(role)) => count(weights, &format!("/{role}/weight")),
                (_, _) => {
                    if index == 0 {
                        100
                    } else {
                        0
                    }
                }
            }
        };
        let [first, second] = &front.services;
        Some([(0, first), (1, second)].map(|(index, name)| {
            let service = self.store.get(Kind::Service, name);
            let hash = service.map(pods::selected).unwrap_or_default().to_owned();
            (hash, weight(index, name))
        }))
    }

    /// The pods that are targets of a group, as it sees them.
    pub(in crate::sim::world) fn targets_of(&self, pool: Pool) -> Option<Vec<(String, Health)>> {
        let (hash, _) = self.grouped()?.into_iter().nth(pool.index())?;
        Some(self.pods_of(&[hash]))
    }

    /// The release that the targets of a group run.
    pub(in crate::sim::world) fn release_of(&self, pool: Pool) -> Option<ReleaseKey> {
        let (hash, _) = self.grouped()?.into_iter().nth(pool.index())?;
        self.serving(&hash).0
    }
}

impl World {
    /// Writes down what Services and weights mean for a load balancer in front of the cluster.
    pub(super) fn reflow_front(&mut self) {
        let now = self.now;
        let Some(argo) = &mut self.argo else { return };
        let Some(groups) = argo.grouped() else { return };
        for (pool, (hash, weight)) in Pool::ALL.into_iter().zip(&groups) {
            if *weight > 0 {
                argo.note_serving(now, pool, hash);
            }
        }
        self.elb.route(Door::Production, Weights::both(groups.map(|(_, weight)| weight)));
        self.reflow();
    }

    /// What the pods behind a group are for a load balancer in front of the cluster.
    pub(in crate::sim::world) fn front_state(&self, pool: Pool) -> Option<PoolState> {
        let argo = self.argo.as_ref()?;
        let members = argo.targets_of(pool)?;
        let count = |wanted: fn(&Health) -> bool| {
            let found = members.iter().filter(|(_, health)| wanted(health)).count();
            u32::try_from(found).unwrap_or(u32::MAX)
        };
        let healthy = count(|health| *health == Health::Healthy);
        let unhealthy = count(|health| matches!(health, Health::Unhealthy(_)));
        let release = argo.release_of(pool).unwrap_or(ReleaseKey(0));
        Some(PoolState::of(release, healthy, unhealthy))
    }
}
