//! What keeps the pods of one side, as one environment: the version that serves, how it stands, what
//! its cluster tells.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;

use crate::domain::{
    Environment, Fact, Fault, FaultKind, Revision, Standing, StandingWord, Targets, TaskCounts,
    TimelineEvent, WorkloadKind,
};
use crate::sources::argo::Place;
use crate::sources::argo::raw::{Deployment, Pod, Raw, ReplicaSet, Rollout};

use super::sides::{MOST, image, log, revision};
use super::standing::standing;
use super::view::View;
use super::{events, pod};

/// What runs on a side.
pub(crate) struct Running {
    /// The version that serves, and its pods.
    pub(crate) environment: Environment,
    /// How the workload stands.
    pub(crate) standing: Fact<Standing>,
    /// What the cluster tells of it, newest first.
    pub(crate) events: Vec<TimelineEvent>,
}

/// A workload with its versions.
struct Seen<'a> {
    uid: &'a str,
    /// Its ReplicaSets, newest first.
    sets: Vec<&'a ReplicaSet>,
    /// The one that gets the requests.
    serving: Option<&'a ReplicaSet>,
    /// The one that was asked for.
    asked: Option<&'a ReplicaSet>,
    counts: TaskCounts,
    word: StandingWord,
    message: String,
}

/// What runs at `place`.
pub(crate) fn running(place: &Place, raw: &Raw) -> Running {
    let (main, seen) = match place.kind {
        WorkloadKind::Rollout => {
            (raw.rollouts.map(|_| ()), raw.rollout().map(|object| rollout(raw, object)))
        }
        WorkloadKind::Deployment => {
            let object = raw.deployment();
            (raw.deployments.map(|_| ()), object.map(|object| deployment(raw, object)))
        }
    };
    let Some(seen) = seen else { return missing(place, &main) };
    let name = match place.kind {
        WorkloadKind::Rollout => revision,
        WorkloadKind::Deployment => deployed,
    };
    let is_on_its_way = matches!(seen.word, StandingWord::Progressing | StandingWord::Paused);
    let serving = seen.serving.map(|set| set.metadata.name.as_str());
    let update = seen.asked.filter(|set| is_on_its_way && Some(&*set.metadata.name) != serving);
    let standing = Standing {
        word: seen.word,
        message: seen.message.clone(),
        update: update.map(|set| name(set).name),
    };
    let pods = pods(raw, &seen.sets);
    let mut tasks: Vec<_> = pods.iter().map(|pod| pod::task(pod)).collect();
    // What is broken is read first.
    tasks.sort_by_key(|task| task.health.as_deref() != Some("UNHEALTHY"));
    tasks.truncate(MOST);
    let targets = Targets { list: pods.iter().map(|pod| pod::target(pod)).collect() };
    let environment = Environment {
        revision: match (seen.serving, raw.replica_sets.fault()) {
            (Some(set), _) => also(&main, raw.replica_sets.map(|_| name(set))),
            (None, Some(fault)) => Fact::Unknown { fault: fault.clone() },
            (None, None) => Fact::Unasked,
        },
        tasks: also(&main, raw.replica_sets.map(|_| seen.counts)),
        task_list: also(&main, raw.pods.map(|_| tasks)),
        target_group: None,
        targets: also(&main, raw.pods.map(|_| targets)),
        log: match seen.serving.or(seen.sets.first().copied()) {
            Some(set) => raw.replica_sets.map(|_| log(place, set)),
            None => Fact::Unasked,
        },
        runs: None,
    };
    Running { environment, standing: main.map(|()| standing), events: events::of(raw, seen.uid) }
}

/// The names of the ReplicaSets of the workload at `place`, with which the names of its pods begin.
pub(crate) fn sets(place: &Place, raw: &Raw) -> Vec<String> {
    let uid = match place.kind {
        WorkloadKind::Rollout => raw.rollout().map(|object| &object.metadata.uid),
        WorkloadKind::Deployment => raw.deployment().map(|object| &object.metadata.uid),
    };
    let own = uid.map(|uid| raw.sets_of(uid)).unwrap_or_default();
    own.into_iter().map(|set| set.metadata.name.clone()).collect()
}

/// What is known of a part while nothing is heard of the whole is old, too: its watch may have died
/// without a word.
fn also<T>(main: &Fact<()>, part: Fact<T>) -> Fact<T> {
    match (part, main.fault()) {
        (Fact::Known { value, at }, Some(fault)) => Fact::Stale { value, at, fault: fault.clone() },
        (part, _) => part,
    }
}

fn unknown<T>(fault: Option<&Fault>) -> Fact<T> {
    fault.map_or(Fact::Unasked, |fault| Fact::Unknown { fault: fault.clone() })
}

/// There is no such workload, or nothing is known of it.
fn missing(place: &Place, main: &Fact<()>) -> Running {
    let Place { kind, namespace, name, .. } = place;
    let fault = match main {
        Fact::Unasked => None,
        Fact::Unknown { fault } => Some(fault.clone()),
        Fact::Known { .. } | Fact::Stale { .. } => {
            let text = format!("there is no {} {name} in namespace {namespace}", kind.word());
            let operation = format!("kubernetes:watch {}", place.main().plural());
            Some(Fault::new(FaultKind::NotFound, &operation, text))
        }
    };
    let fault = fault.as_ref();
    Running {
        environment: Environment {
            revision: unknown(fault),
            tasks: unknown(fault),
            task_list: unknown(fault),
            target_group: None,
            targets: unknown(fault),
            log: unknown(fault),
            runs: None,
        },
        standing: unknown(fault),
        events: Vec::new(),
    }
}

/// The pods of some ReplicaSets, oldest first.
fn pods<'a>(raw: &'a Raw, sets: &[&ReplicaSet]) -> Vec<&'a Pod> {
    let own = |pod: &&Pod| sets.iter().any(|set| pod.metadata.is_owned_by(&set.metadata.uid));
    let all = raw.pods.value().into_iter().flat_map(|pods| pods.values());
    let mut pods: Vec<_> = all.filter(own).collect();
    pods.sort_by_key(|pod| (pod.metadata.creation_timestamp, pod.metadata.name.clone()));
    pods
}

/// A Rollout: its active or stable version serves.
fn rollout<'a>(raw: &'a Raw, object: &'a Rollout) -> Seen<'a> {
    let view = View::of(raw, object);
    let status = &object.status;
    let active = match object.spec.strategy.blue_green {
        Some(_) => status.blue_green.active_selector.as_str(),
        None => "",
    };
    let hashes = [active, &status.stable_rs, &status.current_pod_hash];
    let hash = hashes.into_iter().find(|hash| !hash.is_empty()).unwrap_or_default();
    let (serving, asked) = (view.set(hash), view.set(&status.current_pod_hash));
    let counts = match serving {
        Some(set) => TaskCounts {
            desired: set.spec.replicas,
            running: set.status.available_replicas,
            pending: set.status.replicas.saturating_sub(set.status.available_replicas),
        },
        None => TaskCounts { desired: object.spec.replicas(), ..TaskCounts::default() },
    };
    let stands = standing(object);
    Seen {
        uid: &object.metadata.uid,
        sets: view.sets,
        serving,
        asked,
        counts,
        word: stands.word,
        message: stands.message,
    }
}

/// A Deployment: all its versions serve at the same time; the one with the most pods is named.
fn deployment<'a>(raw: &'a Raw, object: &'a Deployment) -> Seen<'a> {
    let mut sets = raw.sets_of(&object.metadata.uid);
    sets.sort_by_key(|set| (Reverse(set.metadata.deployed_revision()), &set.metadata.name));
    let status = &object.status;
    let (word, message) = stands(object);
    Seen {
        uid: &object.metadata.uid,
        serving: sets.iter().copied().min_by_key(|set| Reverse(set.status.available_replicas)),
        asked: sets.first().copied(),
        counts: TaskCounts {
            desired: object.spec.replicas,
            running: status.available_replicas,
            pending: status.replicas.saturating_sub(status.available_replicas),
        },
        sets,
        word,
        message,
    }
}

/// Where a Deployment stands, as `kubectl rollout status` works it out.
fn stands(object: &Deployment) -> (StandingWord, String) {
    let (spec, status) = (&object.spec, &object.status);
    let broken = status.conditions.iter().find(|condition| {
        let kind = (condition.kind.as_str(), condition.status.as_str());
        kind == ("ReplicaFailure", "True") || condition.reason == "ProgressDeadlineExceeded"
    });
    let progressing = |text: String| (StandingWord::Progressing, text);
    if status.observed_generation < object.metadata.generation {
        return progressing("waiting for deployment spec update to be observed".to_owned());
    }
    if let Some(broken) = broken {
        let text = format!("{}: {}", broken.reason, broken.message);
        return (StandingWord::Degraded, text);
    }
    if spec.paused {
        return (StandingWord::Paused, "paused by hand".to_owned());
    }
    if status.updated_replicas < spec.replicas {
        let (new, all) = (status.updated_replicas, spec.replicas);
        return progressing(format!("{new} of {all} new pods have been made"));
    }
    if status.replicas > status.updated_replicas {
        let old = status.replicas - status.updated_replicas;
        return progressing(format!("{old} old pods are still to end"));
    }
    if status.available_replicas < status.updated_replicas {
        let (up, all) = (status.available_replicas, status.updated_replicas);
        return progressing(format!("{up} of {all} pods are available"));
    }
    (StandingWord::Healthy, String::new())
}

/// A version of a Deployment.
fn deployed(set: &ReplicaSet) -> Revision {
    let (number, hash) = (set.metadata.deployed_revision(), set.metadata.template_hash());
    Revision {
        name: format!("revision {number} ({hash})"),
        arn: set.metadata.name.clone(),
        images: set.spec.template.spec.containers.iter().map(image).collect(),
        active: Some(true),
    }
}
