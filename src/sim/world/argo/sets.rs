//! ReplicaSets: each gets the pods it asks for, and counts them.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::deployment::OWN;
use super::say::Tone;
use super::store::{count, text};
use super::{Argo, DEADLINE, HASH, Kind, REVISION};

/// A ReplicaSet as the controller sees it.
#[derive(Debug, Clone)]
pub(super) struct Set {
    pub(super) name: String,
    pub(super) hash: String,
    pub(super) revision: u32,
    /// How many pods are asked for, are there, are ready.
    pub(super) wanted: u32,
    pub(super) current: u32,
    pub(super) ready: u32,
    /// When it will be taken away.
    pub(super) deadline: Option<Timestamp>,
    /// When it was made.
    pub(super) made: Timestamp,
}

impl Set {
    fn of(object: &Json) -> Self {
        let note = |key: &str| object["metadata"]["annotations"][key].as_str();
        let labelled = |key: &str| object["metadata"]["labels"][key].as_str();
        Self {
            name: text(object, "/metadata/name").to_owned(),
            hash: labelled(HASH).or(labelled(OWN)).unwrap_or_default().to_owned(),
            revision: note(REVISION).and_then(|text| text.parse().ok()).unwrap_or_default(),
            wanted: count(object, "/spec/replicas"),
            current: count(object, "/status/replicas"),
            ready: count(object, "/status/availableReplicas"),
            deadline: note(DEADLINE).and_then(|text| text.parse().ok()),
            made: text(object, "/metadata/creationTimestamp").parse().unwrap_or(Timestamp::MIN),
        }
    }

    /// Whether it has exactly so many pods and all of them are ready.
    pub(super) fn is_saturated(&self, wanted: u32) -> bool {
        (self.wanted, self.current, self.ready) == (wanted, wanted, wanted)
    }
}

impl Argo {
    /// The ReplicaSets of the Rollout, oldest revision first.
    pub(super) fn sets(&self) -> Vec<Set> {
        let mut sets = self.sets_of("Rollout");
        sets.sort_by_key(|set| set.revision);
        sets
    }

    /// The ReplicaSets that objects of a kind control.
    pub(super) fn sets_of(&self, owner: &str) -> Vec<Set> {
        let own = |set: &&Json| text(set, "/metadata/ownerReferences/0/kind") == owner;
        self.store.all(Kind::ReplicaSet).filter(own).map(Set::of).collect()
    }

    /// Gives each ReplicaSet the pods it asks for, and writes down how many there are.
    pub(super) fn sync_sets(&mut self) {
        let all: Vec<Set> = self.store.all(Kind::ReplicaSet).map(Set::of).collect();
        let known = |pod: &super::Pod| all.iter().any(|set| set.name == pod.set_name());
        let lost: Vec<usize> = (0..self.pods.len())
            .filter(|index| self.pods[*index].gone.is_none() && !known(&self.pods[*index]))
            .collect();
        for pod in lost {
            self.delete_pod(pod);
        }
        for set in all {
            let living = self.living(&set.name);
            let wanted = set.wanted as usize;
            for _ in living.len()..wanted {
                let name = self.create_pod(&set);
                self.say_pod(&set.name, "SuccessfulCreate", &format!("Created pod: {name}"));
            }
            for pod in self.least_wanted(living, wanted) {
                let name = self.delete_pod(pod);
                self.say_pod(&set.name, "SuccessfulDelete", &format!("Deleted pod: {name}"));
            }
            self.count_pods(&set.name);
        }
    }

    fn say_pod(&mut self, set: &str, reason: &str, message: &str) {
        let what = (Tone::Normal, reason, message);
        self.say_of((Kind::ReplicaSet, set), "replicaset-controller", what);
    }

    fn count_pods(&mut self, name: &str) {
        let living = self.living(name);
        let ready = living.iter().filter(|pod| self.pods[**pod].is_ready()).count();
        let living = living.len();
        self.store.change(Kind::ReplicaSet, name, |set| {
            let mut status = json!({
                "observedGeneration": set["metadata"]["generation"],
                "replicas": living,
            });
            for (field, number) in [
                ("availableReplicas", ready),
                ("fullyLabeledReplicas", living),
                ("readyReplicas", ready),
            ] {
                if number > 0 {
                    status[field] = json!(number);
                }
            }
            set["status"] = status;
        });
    }
}
