//! What the Kubernetes API said: objects as far as they are read, each kind with its age.
//!
//! Every field is optional: the custom resource's schema checks almost nothing, and one field of an
//! unexpected shape must not hide the object it is in.

mod analysis;
mod past;
mod rollout;
mod workload;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::domain::{Fact, Fault, FaultKind, Identity};

pub(crate) use analysis::{AnalysisRun, Measurement, MetricResult, MetricSpec};
pub(crate) use past::Past;
pub(crate) use rollout::{
    AlbStatus, BlueGreen, Canary, Nginx, PauseCondition, Rollout, Route, RunStatus, Step, Strategy,
    Weights, is_end,
};
pub(crate) use workload::{
    Container, ContainerStatus, Deployment, Event, Experiment, Pod, PodTemplate, ReplicaSet,
    Service, Terminated,
};

/// The version a pod, ReplicaSet or Service selector belongs to.
pub(crate) const HASH_LABEL: &str = "rollouts-pod-template-hash";
/// The same where Kubernetes itself brings versions out.
pub(crate) const TEMPLATE_LABEL: &str = "pod-template-hash";
/// The number of an update, counted by the controller, and by Kubernetes itself.
const REVISION: &str = "rollout.argoproj.io/revision";
const DEPLOYED: &str = "deployment.kubernetes.io/revision";

/// A field that is taken if it has the expected shape, and is its default otherwise.
fn lenient<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + DeserializeOwned,
{
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}

/// An object's metadata.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Meta {
    pub(crate) name: String,
    pub(crate) uid: String,
    #[serde(deserialize_with = "lenient")]
    resource_version: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) generation: i64,
    #[serde(deserialize_with = "lenient")]
    pub(crate) labels: BTreeMap<String, String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) annotations: BTreeMap<String, String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) creation_timestamp: Option<Timestamp>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) deletion_timestamp: Option<Timestamp>,
    #[serde(deserialize_with = "lenient")]
    owner_references: Vec<Owner>,
    #[serde(deserialize_with = "lenient")]
    managed_fields: Vec<Writer>,
}

/// A program that has written some of an object's fields, and when it last did.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Writer {
    manager: String,
    #[serde(deserialize_with = "lenient")]
    time: Option<Timestamp>,
    /// It has led a Service to a version.
    #[serde(rename = "fieldsV1", deserialize_with = "leads")]
    leads: bool,
}

/// Whether a version is among the fields that were written.
fn leads<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let path = format!("/f:spec/f:selector/f:{HASH_LABEL}");
    Ok(Value::deserialize(deserializer)?.pointer(&path).is_some())
}

/// Who an object belongs to.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Owner {
    uid: String,
}

impl Meta {
    /// The version of its state, opaque but for being another one after each change.
    pub(crate) fn version(&self) -> &str {
        &self.resource_version
    }

    /// Whether it is an earlier state of `other`. Versions are the numbers of the store's changes;
    /// where they are none, nothing is known to be earlier.
    fn is_before(&self, other: &Meta) -> bool {
        let number = |meta: &Meta| meta.resource_version.parse::<u64>().ok();
        let before = number(self).zip(number(other)).is_some_and(|(own, other)| own < other);
        before && self.uid == other.uid
    }

    /// Whether the object with this uid owns it.
    pub(crate) fn is_owned_by(&self, uid: &str) -> bool {
        self.owner_references.iter().any(|owner| owner.uid == uid)
    }

    /// The names of the programs that have written it.
    pub(crate) fn writers(&self) -> impl Iterator<Item = &str> {
        self.managed_fields.iter().map(|writer| writer.manager.as_str())
    }

    /// The hash of the version it belongs to.
    pub(crate) fn hash(&self) -> &str {
        self.labels.get(HASH_LABEL).map_or("", String::as_str)
    }

    /// The hash of the version of a Deployment that it belongs to.
    pub(crate) fn template_hash(&self) -> &str {
        self.labels.get(TEMPLATE_LABEL).map_or("", String::as_str)
    }

    /// The number of the update of a Deployment that it belongs to.
    pub(crate) fn deployed_revision(&self) -> u64 {
        self.annotations.get(DEPLOYED).and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    /// The number of the update it belongs to; 0 when the controller has not written it yet.
    pub(crate) fn revision(&self) -> u64 {
        self.annotations.get(REVISION).and_then(|text| text.parse().ok()).unwrap_or(0)
    }
}

/// A condition of a status.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Condition {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) status: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) reason: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) message: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) last_update_time: Option<Timestamp>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) last_transition_time: Option<Timestamp>,
}

/// A kind of object that is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The rollout itself.
    Rollout,
    /// Its versions.
    ReplicaSet,
    /// Their pods.
    Pod,
    /// Its measurements.
    AnalysisRun,
    /// Its experiments.
    Experiment,
    /// Who leads requests to which version.
    Service,
    /// What the controller tells.
    Event,
    /// Whose template it uses, where it has none of its own, or what is followed: watched only then.
    Deployment,
}

impl Kind {
    /// What is always watched, the one everything else hangs on first.
    pub(crate) const ALL: [Kind; 7] = [
        Kind::Rollout,
        Kind::ReplicaSet,
        Kind::Pod,
        Kind::AnalysisRun,
        Kind::Experiment,
        Kind::Service,
        Kind::Event,
    ];

    /// Its plural, as paths and permissions spell it.
    pub(crate) fn plural(self) -> &'static str {
        match self {
            Kind::Rollout => "rollouts",
            Kind::ReplicaSet => "replicasets",
            Kind::Pod => "pods",
            Kind::AnalysisRun => "analysisruns",
            Kind::Experiment => "experiments",
            Kind::Service => "services",
            Kind::Event => "events",
            Kind::Deployment => "deployments",
        }
    }
}

/// The objects of one kind, by name, with their age.
pub(crate) type Shelf<T> = Fact<BTreeMap<String, T>>;

/// Everything, each kind with its age.
#[derive(Debug, Clone, Default)]
pub(crate) struct Raw {
    /// The caller, as the cluster knows it.
    pub(crate) identity: Fact<Identity>,
    /// The rollout: at most one.
    pub(crate) rollouts: Shelf<Rollout>,
    pub(crate) replica_sets: Shelf<ReplicaSet>,
    pub(crate) pods: Shelf<Pod>,
    pub(crate) analysis_runs: Shelf<AnalysisRun>,
    /// Their measurements that the cluster has forgotten since.
    pub(crate) past: Past,
    pub(crate) experiments: Shelf<Experiment>,
    pub(crate) services: Shelf<Service>,
    pub(crate) events: Shelf<Event>,
    /// The Deployment whose template it uses, or that is followed itself: at most one.
    pub(crate) deployments: Shelf<Deployment>,
    /// Since when a pause is released that the controller has not gone on from: a write of its own at
    /// that moment may have hidden the release from it for good.
    pub(crate) released: Option<Timestamp>,
    /// Permissions that the cluster says the caller lacks, e.g. `patch rollouts/status`.
    pub(crate) denied: Vec<String>,
}

/// Something that one watch has told.
#[derive(Debug, Clone)]
pub(crate) enum News {
    /// All objects there are.
    All(Vec<Value>),
    /// One object as it is now.
    Is(Value),
    /// One object that is no more.
    Gone(Value),
    /// Nothing changed, and the server is there.
    Alive,
    /// The watch broke.
    Broken(Fault),
}

impl Raw {
    /// Takes in what a watch told.
    pub(crate) fn hear(&mut self, kind: Kind, news: News, now: Timestamp) {
        match kind {
            Kind::Rollout => {
                hear(&mut self.rollouts, news, now);
                let waits = self.rollout().is_some_and(Rollout::is_unpausing);
                self.released = waits.then(|| self.released.unwrap_or(now));
            }
            Kind::ReplicaSet => hear(&mut self.replica_sets, news, now),
            Kind::Pod => hear(&mut self.pods, news, now),
            Kind::AnalysisRun => {
                let before = about(&self.analysis_runs, &news);
                hear(&mut self.analysis_runs, news, now);
                self.past.keep(&before, self.analysis_runs.value());
            }
            Kind::Experiment => hear(&mut self.experiments, news, now),
            Kind::Service => hear(&mut self.services, news, now),
            Kind::Event => hear(&mut self.events, news, now),
            Kind::Deployment => hear(&mut self.deployments, news, now),
        }
    }

    /// When a kind was last heard of, and what broke since.
    pub(crate) fn age(&self, kind: Kind) -> (Option<Timestamp>, Option<&Fault>) {
        fn of<T>(shelf: &Shelf<T>) -> (Option<Timestamp>, Option<&Fault>) {
            (shelf.at(), shelf.fault())
        }
        match kind {
            Kind::Rollout => of(&self.rollouts),
            Kind::ReplicaSet => of(&self.replica_sets),
            Kind::Pod => of(&self.pods),
            Kind::AnalysisRun => of(&self.analysis_runs),
            Kind::Experiment => of(&self.experiments),
            Kind::Service => of(&self.services),
            Kind::Event => of(&self.events),
            Kind::Deployment => of(&self.deployments),
        }
    }

    /// The Services that are read beside the watches: the one that decides which version serves, or
    /// those that requests are counted by.
    pub(crate) fn service_names(&self) -> Vec<String> {
        let strategy = self.rollout().map(|rollout| &rollout.spec.strategy);
        strategy.map(Strategy::counted_services).unwrap_or_default()
    }

    /// The Deployment whose template it uses, by name.
    pub(crate) fn workload(&self) -> Option<&str> {
        let workload = self.rollout()?.spec.workload_ref.as_ref()?;
        (workload.kind == "Deployment").then_some(workload.name.as_str())
    }

    /// What is to be watched: a Deployment only where there is one.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = Kind> + use<> {
        Kind::ALL.into_iter().chain(self.workload().map(|_| Kind::Deployment))
    }

    /// The Deployment, however old.
    pub(crate) fn deployment(&self) -> Option<&Deployment> {
        self.deployments.value()?.values().next()
    }

    /// The ReplicaSets of the workload with this uid, in no order that means anything.
    pub(crate) fn sets_of(&self, uid: &str) -> Vec<&ReplicaSet> {
        let all = self.replica_sets.value().into_iter().flat_map(|sets| sets.values());
        all.filter(|set| set.metadata.is_owned_by(uid)).collect()
    }

    /// The rollout, however old.
    pub(crate) fn rollout(&self) -> Option<&Rollout> {
        self.rollouts.value()?.values().next()
    }
}

/// The objects that news are about, as they were before.
fn about<T: Clone>(shelf: &Shelf<T>, news: &News) -> Vec<T> {
    let Some(known) = shelf.value() else { return Vec::new() };
    match news {
        News::All(_) => known.values().cloned().collect(),
        News::Is(object) => known.get(&name(object)).cloned().into_iter().collect(),
        News::Gone(_) | News::Alive | News::Broken(_) => Vec::new(),
    }
}

/// An object with metadata.
trait Object: DeserializeOwned {
    fn meta(&self) -> &Meta;
}

macro_rules! objects {
    ($($kind:ty),*) => {
        $(impl Object for $kind {
            fn meta(&self) -> &Meta {
                &self.metadata
            }
        })*
    };
}

objects!(Rollout, ReplicaSet, Pod, AnalysisRun, Experiment, Service, Event, Deployment);

fn hear<T: Object>(shelf: &mut Shelf<T>, news: News, now: Timestamp) {
    let before = std::mem::take(shelf);
    let news = match news {
        News::Broken(fault) => {
            *shelf = before.after(Err(fault), now);
            return;
        }
        news => news,
    };
    let mut objects = match before {
        Fact::Known { value, .. } | Fact::Stale { value, .. } => value,
        Fact::Unasked | Fact::Unknown { .. } => BTreeMap::new(),
    };
    let mut garbled = None;
    let mut put = |objects: &mut BTreeMap<String, T>, value: Value| {
        let name = name(&value);
        match serde_json::from_value::<T>(value) {
            // What was read beside the watch may arrive after what the watch has told since.
            Ok(object)
                if objects
                    .get(&name)
                    .is_some_and(|known| object.meta().is_before(known.meta())) => {}
            Ok(object) => drop(objects.insert(name, object)),
            Err(error) => garbled = Some(format!("{name}: {error}")),
        }
    };
    match news {
        News::All(values) => {
            objects.clear();
            for value in values {
                put(&mut objects, value);
            }
        }
        News::Is(value) => put(&mut objects, value),
        News::Gone(value) => drop(objects.remove(&name(&value))),
        News::Alive | News::Broken(_) => {}
    }
    *shelf = match garbled {
        Some(text) => Fact::known(objects, now)
            .after(Err(Fault::new(FaultKind::Garbled, "kubernetes:watch", text)), now),
        None => Fact::known(objects, now),
    };
}

fn name(object: &Value) -> String {
    object["metadata"]["name"].as_str().unwrap_or_default().to_owned()
}
