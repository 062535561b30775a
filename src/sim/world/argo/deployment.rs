//! A Deployment that holds the template of the Rollout, and the pods that it runs itself.

use serde_json::{Value as Json, json};

use super::sets::Set;
use super::store::{count, stamp, text};
use super::{Argo, Kind, hash, pods};

/// The number of an update of a Deployment.
const REVISION: &str = "deployment.kubernetes.io/revision";
/// The label that joins a Deployment's own versions.
pub(super) const OWN: &str = "pod-template-hash";

/// What a Deployment lends to a Rollout.
#[derive(Debug, Clone)]
pub(super) struct Lent {
    pub(super) template: Json,
    pub(super) selector: Json,
    pub(super) generation: String,
}

impl Argo {
    /// What a Deployment lends; nothing where there is none of this name.
    pub(super) fn lent_by(&self, name: &str) -> Option<Lent> {
        let deployment = self.store.get(Kind::Deployment, name)?;
        Some(Lent {
            template: deployment["spec"]["template"].clone(),
            selector: deployment["spec"]["selector"].clone(),
            generation: deployment["metadata"]["generation"].to_string(),
        })
    }

    /// Gives every Deployment the pods it asks for: all at once, the old ones when the new are ready.
    pub(super) fn sync_deployments(&mut self) {
        let all = self.store.all(Kind::Deployment);
        let names: Vec<String> = all.map(|one| text(one, "/metadata/name").to_owned()).collect();
        for name in names {
            self.sync_deployment(&name);
        }
    }

    fn sync_deployment(&mut self, name: &str) {
        let Some(deployment) = self.store.get(Kind::Deployment, name).cloned() else { return };
        let wanted = deployment["spec"]["replicas"].as_u64().unwrap_or(1);
        // A Deployment has its own way to name versions.
        let version = hash::of_text(&hash::of(&deployment["spec"]["template"]));
        let current = format!("{name}-{version}");
        if self.store.get(Kind::ReplicaSet, &current).is_none() && wanted > 0 {
            self.create_own(&deployment, &current, &version);
        }
        let uid = text(&deployment, "/metadata/uid").to_owned();
        let own = |argo: &Self| -> Vec<Set> {
            let mut sets = argo.sets_of("Deployment");
            sets.retain(|set| {
                let object = argo.store.get(Kind::ReplicaSet, &set.name);
                object.is_some_and(|one| text(one, "/metadata/ownerReferences/0/uid") == uid)
            });
            sets
        };
        let sets = own(self);
        let is_ready = |set: &Set| set.name == current && u64::from(set.ready) >= wanted;
        let old_go = wanted == 0 || sets.iter().any(is_ready);
        for set in sets {
            let count = if set.name == current { Some(wanted) } else { old_go.then_some(0) };
            let Some(count) = count else { continue };
            self.store.change(Kind::ReplicaSet, &set.name, |one| {
                one["spec"]["replicas"] = json!(count);
            });
        }
        let sets = own(self);
        let sum = |of: fn(&Set) -> u32| sets.iter().map(of).sum::<u32>();
        let (replicas, ready) = (sum(|set| set.current), sum(|set| set.ready));
        let updated = sets.iter().filter(|set| set.name == current).map(|set| set.current).sum();
        let now = stamp(self.now);
        self.store.change(Kind::Deployment, name, |one| {
            let known = ["replicas", "readyReplicas", "updatedReplicas"]
                .map(|field| count(&one["status"], &format!("/{field}")));
            let seen = one["status"]["observedGeneration"] == one["metadata"]["generation"];
            if known == [replicas, ready, updated] && seen {
                return;
            }
            let enough = u64::from(ready) >= wanted;
            one["status"] = json!({
                "observedGeneration": one["metadata"]["generation"],
                "conditions": [{
                    "type": "Available",
                    "status": if enough { "True" } else { "False" },
                    "reason": "MinimumReplicasAvailable",
                    "lastUpdateTime": now,
                }],
            });
            for (field, number) in [
                ("replicas", replicas),
                ("updatedReplicas", updated),
                ("readyReplicas", ready),
                ("availableReplicas", ready),
            ] {
                if number > 0 {
                    one["status"][field] = json!(number);
                }
            }
        });
    }

    fn create_own(&mut self, deployment: &Json, name: &str, version: &str) {
        let mut template = deployment["spec"]["template"].clone();
        template["metadata"]["labels"][OWN] = json!(version);
        let labels = template["metadata"]["labels"].clone();
        let earlier = self.sets_of("Deployment").len();
        let set = json!({
            "metadata": {
                "name": name,
                "annotations": {REVISION: (earlier + 1).to_string()},
                "labels": labels,
                "ownerReferences": [pods::owner_reference(deployment)],
            },
            "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": template},
            "status": {"replicas": 0},
        });
        self.store.create(self.now, Kind::ReplicaSet, set);
    }
}
