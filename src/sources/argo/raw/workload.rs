//! What runs: ReplicaSets, pods, Services; and what the controller tells about it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::{Condition, HASH_LABEL, Meta, lenient};

/// How pods are made.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PodTemplate {
    #[serde(deserialize_with = "lenient")]
    metadata: Meta,
    pub(crate) spec: PodSpec,
}

impl PodTemplate {
    /// The container that `kubectl logs` shows where nobody names one.
    pub(crate) fn main_container(&self) -> Option<&str> {
        let named = self.metadata.annotations.get("kubectl.kubernetes.io/default-container");
        let first = || self.spec.containers.first().map(|container| &container.name);
        named.or_else(first).map(String::as_str)
    }
}

/// The containers of a pod.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PodSpec {
    #[serde(deserialize_with = "lenient")]
    pub(crate) containers: Vec<Container>,
}

/// A container and its image.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Container {
    pub(crate) name: String,
    pub(crate) image: String,
}

/// One version of a rollout.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ReplicaSet {
    pub(crate) metadata: Meta,
    pub(crate) spec: ReplicaSetSpec,
    pub(crate) status: ReplicaSetStatus,
}

/// What was asked for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ReplicaSetSpec {
    #[serde(deserialize_with = "lenient")]
    pub(crate) replicas: u32,
    #[serde(deserialize_with = "lenient")]
    pub(crate) template: PodTemplate,
}

/// What there is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ReplicaSetStatus {
    #[serde(deserialize_with = "lenient")]
    pub(crate) replicas: u32,
    #[serde(deserialize_with = "lenient")]
    pub(crate) available_replicas: u32,
    #[serde(deserialize_with = "lenient")]
    pub(crate) observed_generation: i64,
    #[serde(deserialize_with = "lenient")]
    pub(crate) conditions: Vec<Condition>,
}

impl ReplicaSet {
    /// When it will be scaled to nothing. The annotation has no prefix, and it stays after that.
    pub(crate) fn scale_down_at(&self) -> Option<Timestamp> {
        self.metadata.annotations.get("scale-down-deadline")?.parse().ok()
    }

    /// Whether it could take `replicas` pods' worth of traffic at once.
    pub(crate) fn is_full(&self, replicas: u32) -> bool {
        self.spec.replicas >= replicas && self.status.available_replicas >= replicas
    }
}

/// A pod.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Pod {
    pub(crate) metadata: Meta,
    pub(crate) status: PodStatus,
}

/// How a pod is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct PodStatus {
    #[serde(deserialize_with = "lenient")]
    pub(crate) phase: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) reason: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) message: String,
    #[serde(deserialize_with = "lenient", rename = "podIP")]
    pub(crate) pod_ip: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) start_time: Option<Timestamp>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) conditions: Vec<Condition>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) init_container_statuses: Vec<ContainerStatus>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) container_statuses: Vec<ContainerStatus>,
}

/// How a container is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ContainerStatus {
    pub(crate) ready: bool,
    #[serde(deserialize_with = "lenient")]
    pub(crate) started: bool,
    #[serde(deserialize_with = "lenient")]
    pub(crate) restart_count: u32,
    #[serde(deserialize_with = "lenient")]
    pub(crate) state: ContainerState,
    #[serde(deserialize_with = "lenient")]
    pub(crate) last_state: ContainerState,
}

/// What a container does; exactly one of these is set.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ContainerState {
    #[serde(deserialize_with = "lenient")]
    pub(crate) running: Option<serde_json::Value>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) waiting: Option<Waiting>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) terminated: Option<Terminated>,
}

/// Why it does not run yet, or not again.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Waiting {
    #[serde(deserialize_with = "lenient")]
    pub(crate) reason: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) message: String,
}

/// How it ended.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Terminated {
    #[serde(deserialize_with = "lenient")]
    pub(crate) reason: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) message: String,
    pub(crate) exit_code: i32,
    #[serde(deserialize_with = "lenient")]
    pub(crate) signal: i32,
    #[serde(deserialize_with = "lenient")]
    pub(crate) finished_at: Option<Timestamp>,
}

/// A Deployment: who holds the template of a rollout that has none of its own, and may run pods of its
/// own beside; or what keeps a side's pods itself.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Deployment {
    pub(crate) metadata: Meta,
    pub(crate) spec: DeploymentSpec,
    pub(crate) status: DeploymentStatus,
}

/// What was asked for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct DeploymentSpec {
    #[serde(deserialize_with = "lenient")]
    pub(crate) replicas: u32,
    /// Somebody has frozen it.
    #[serde(deserialize_with = "lenient")]
    pub(crate) paused: bool,
}

/// How far it is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct DeploymentStatus {
    #[serde(deserialize_with = "lenient")]
    pub(crate) replicas: u32,
    #[serde(deserialize_with = "lenient")]
    pub(crate) updated_replicas: u32,
    #[serde(deserialize_with = "lenient")]
    pub(crate) available_replicas: u32,
    #[serde(deserialize_with = "lenient")]
    pub(crate) observed_generation: i64,
    #[serde(deserialize_with = "lenient")]
    pub(crate) conditions: Vec<Condition>,
}

/// A Service, as far as it chooses a version.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Service {
    pub(crate) metadata: Meta,
    spec: ServiceSpec,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct ServiceSpec {
    #[serde(deserialize_with = "lenient")]
    selector: BTreeMap<String, String>,
}

impl Service {
    /// The hash of the version it sends requests to.
    pub(crate) fn hash(&self) -> Option<&str> {
        self.spec.selector.get(HASH_LABEL).map(String::as_str)
    }

    /// Since when it does at the latest; nothing where it keeps no record of that.
    pub(crate) fn led_since(&self) -> Option<Timestamp> {
        let own = self.metadata.managed_fields.iter().filter(|writer| writer.leads);
        own.filter_map(|writer| writer.time).max()
    }
}

/// An experiment: versions run beside each other for a while.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Experiment {
    pub(crate) metadata: Meta,
    pub(crate) status: ExperimentStatus,
}

/// How far an experiment is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ExperimentStatus {
    #[serde(deserialize_with = "lenient")]
    pub(crate) phase: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) message: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) available_at: Option<Timestamp>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) template_statuses: Vec<TemplateStatus>,
}

/// One of the versions of an experiment.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct TemplateStatus {
    pub(crate) name: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) replicas: u32,
    #[serde(deserialize_with = "lenient")]
    pub(crate) available_replicas: u32,
}

/// What the controller tells; the cluster forgets it after an hour.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names are the API's")]
pub(crate) struct Event {
    pub(crate) metadata: Meta,
    pub(crate) involved_object: Involved,
    #[serde(deserialize_with = "lenient")]
    pub(crate) reason: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) message: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) count: u32,
    #[serde(deserialize_with = "lenient")]
    pub(crate) last_timestamp: Option<Timestamp>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) event_time: Option<Timestamp>,
}

/// What an event is about.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Involved {
    pub(crate) uid: String,
}
