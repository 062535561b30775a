//! Pods: how they are made and told to go.

use jiff::{SignedDuration, Timestamp};
use rand::RngExt;
use serde_json::{Value as Json, json};

use super::sets::Set;
use super::store::stamp;
use super::{Argo, ArgoStep, HASH, Habit, Kind, hash};
use crate::sim::world::keys::ReleaseKey;
use crate::sim::world::time::after;

/// How long the scheduler takes, and the kubelet to notice.
const BINDS: SignedDuration = SignedDuration::from_millis(150);
/// How long a pod that is to go has at most.
const GRACE: SignedDuration = SignedDuration::from_secs(30);

/// A pod.
#[derive(Debug, Clone)]
pub(crate) struct Pod {
    pub(crate) name: String,
    pub(crate) hash: String,
    /// The address that its container answers at.
    pub(crate) ip: String,
    /// What it runs; nothing where nobody has the image.
    pub(crate) release: Option<ReleaseKey>,
    /// Since when it has been ready.
    pub(crate) ready: Option<Timestamp>,
    /// Since when it has been going.
    pub(crate) gone: Option<Timestamp>,
    /// How often its container has died.
    pub(super) restarts: u32,
    /// What it does from now on, where that is not what its image does.
    pub(super) habit: Option<Habit>,
    set: String,
    born: Timestamp,
}

impl Pod {
    /// Whether it was made before a moment.
    pub(super) fn is_older(&self, than: Timestamp) -> bool {
        self.born < than
    }

    /// The ReplicaSet that it belongs to.
    pub(super) fn set_name(&self) -> &str {
        &self.set
    }

    /// Whether it answers requests.
    pub(crate) fn is_ready(&self) -> bool {
        self.ready.is_some() && self.gone.is_none()
    }
}

/// The next step of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PodStep {
    /// A node has it.
    Bind,
    /// Its container runs.
    Run,
    /// Its image cannot be had.
    NoImage,
    /// It answers.
    Ready,
    /// Its container dies by itself.
    Crash,
    /// It is gone.
    Gone,
}

impl Argo {
    /// The pods of a ReplicaSet that are not going.
    pub(super) fn living(&self, set: &str) -> Vec<usize> {
        let own = |pod: &Pod| pod.set == set && pod.gone.is_none();
        (0..self.pods.len()).filter(|index| own(&self.pods[*index])).collect()
    }

    /// Those of `living` that go when only so many may stay: not ready before ready, young before old.
    pub(super) fn least_wanted(&self, mut living: Vec<usize>, stay: usize) -> Vec<usize> {
        living.sort_by_key(|index| {
            let pod = &self.pods[*index];
            (std::cmp::Reverse(pod.is_ready()), pod.born, *index)
        });
        living.split_off(stay.min(living.len()))
    }

    /// Makes a pod of a ReplicaSet; its name.
    pub(super) fn create_pod(&mut self, set: &Set) -> String {
        let index = self.pods.len();
        let name = format!("{}-{}", set.name, hash::suffix(self.seed, "pod", index));
        let Some(owner) = self.store.get(Kind::ReplicaSet, &set.name) else { return name };
        let template = &owner["spec"]["template"];
        let release = self.release(template);
        let mut spec = template["spec"].clone();
        spec["enableServiceLinks"] = json!(true);
        spec["preemptionPolicy"] = json!("PreemptLowerPriority");
        spec["priority"] = json!(0);
        let pod = json!({
            "metadata": {
                "name": name,
                "generateName": format!("{}-", set.name),
                "labels": template["metadata"]["labels"],
                "ownerReferences": [owner_reference(owner)],
            },
            "spec": spec,
            "status": {"phase": "Pending", "qosClass": "BestEffort"},
        });
        let mut stream = self.seed.stream("pod address", index as u64);
        self.pods.push(Pod {
            name: name.clone(),
            hash: set.hash.clone(),
            ip: format!("10.0.{}.{}", stream.random_range(8..72), stream.random_range(4..250)),
            release,
            ready: None,
            gone: None,
            restarts: 0,
            habit: None,
            set: set.name.clone(),
            born: self.now,
        });
        self.store.create(self.now, Kind::Pod, pod);
        self.plan(BINDS, ArgoStep::Pod { pod: index, step: PodStep::Bind });
        name
    }

    /// Tells a pod to go; its name.
    pub(super) fn delete_pod(&mut self, index: usize) -> String {
        let now = self.now;
        let Some(pod) = self.pods.get_mut(index) else { return String::new() };
        pod.gone = Some(now);
        let name = pod.name.clone();
        let until = stamp(after(now, GRACE));
        self.store.change(Kind::Pod, &name, |pod| {
            pod["metadata"]["deletionGracePeriodSeconds"] = json!(GRACE.as_secs());
            pod["metadata"]["deletionTimestamp"] = json!(until);
        });
        self.plan(self.config.stop, ArgoStep::Pod { pod: index, step: PodStep::Gone });
        name
    }
}

/// Who controls an object.
pub(super) fn owner_reference(owner: &Json) -> Json {
    json!({
        "apiVersion": owner["apiVersion"],
        "blockOwnerDeletion": true,
        "controller": true,
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
    })
}

/// The hash that a selector of a Service asks for.
pub(super) fn selected(service: &Json) -> &str {
    service["spec"]["selector"][HASH].as_str().unwrap_or_default()
}
