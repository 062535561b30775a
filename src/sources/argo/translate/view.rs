//! Who is who: the versions of a rollout, and which of them is blue and which green.

use crate::domain::Side;
use crate::sources::argo::raw::{AnalysisRun, Experiment, Pod, Raw, ReplicaSet, Rollout};

/// A rollout with its versions.
pub(crate) struct View<'a> {
    pub(crate) raw: &'a Raw,
    pub(crate) rollout: &'a Rollout,
    /// Its ReplicaSets, newest revision first.
    pub(crate) sets: Vec<&'a ReplicaSet>,
    /// The version that served before, or that is being gone back to; empty on a first rollout.
    pub(crate) blue: String,
    /// The version that is new, or that is being left.
    pub(crate) green: String,
    /// It leads back to an earlier version by asking for its template again.
    pub(crate) is_undo: bool,
}

impl<'a> View<'a> {
    /// The rollout with who is who in it.
    pub(crate) fn of(raw: &'a Raw, rollout: &'a Rollout) -> Self {
        let uid = &rollout.metadata.uid;
        let mut sets = raw.sets_of(uid);
        sets.sort_by(|a, b| {
            let by_revision = b.metadata.revision().cmp(&a.metadata.revision());
            by_revision.then_with(|| a.metadata.name.cmp(&b.metadata.name))
        });
        let current = rollout.status.current_pod_hash.clone();
        let stable = &rollout.status.stable_rs;
        let born = |hash: &str| {
            let set = sets.iter().find(|set| set.metadata.hash() == hash);
            set.and_then(|set| set.metadata.creation_timestamp)
        };
        let other = if *stable == current {
            before(&sets, &current).map_or("", |set| set.metadata.hash()).to_owned()
        } else {
            stable.clone()
        };
        // The controller's own criterion: a version that is older than the one it replaces.
        let is_undo = match (born(&current), born(&other)) {
            (Some(current), Some(other)) => current < other,
            _ => false,
        };
        let (blue, green) = if is_undo { (current, other) } else { (other, current) };
        Self { raw, rollout, sets, blue, green, is_undo }
    }

    /// The hash of a side.
    pub(crate) fn hash(&self, side: Side) -> &str {
        match side {
            Side::Blue => &self.blue,
            Side::Green => &self.green,
        }
    }

    /// The side of a hash.
    pub(crate) fn side(&self, hash: &str) -> Option<Side> {
        match hash {
            "" => None,
            hash if hash == self.green => Some(Side::Green),
            hash if hash == self.blue => Some(Side::Blue),
            _ => None,
        }
    }

    /// The ReplicaSet of a version.
    pub(crate) fn set(&self, hash: &str) -> Option<&'a ReplicaSet> {
        self.sets.iter().find(|set| set.metadata.hash() == hash).copied()
    }

    /// The version that was asked for.
    pub(crate) fn current(&self) -> &str {
        &self.rollout.status.current_pod_hash
    }

    /// Whether an update is under way or was aborted: what was asked for is not what is stable.
    pub(crate) fn is_in_flight(&self) -> bool {
        self.rollout.status.current_pod_hash != self.rollout.status.stable_rs
    }

    /// The pods of a ReplicaSet, oldest first.
    pub(crate) fn pods(&self, set: &ReplicaSet) -> Vec<&'a Pod> {
        let all = self.raw.pods.value().into_iter().flat_map(|pods| pods.values());
        let mut pods: Vec<_> =
            all.filter(|pod| pod.metadata.is_owned_by(&set.metadata.uid)).collect();
        pods.sort_by(|a, b| {
            let by_age = a.metadata.creation_timestamp.cmp(&b.metadata.creation_timestamp);
            by_age.then_with(|| a.metadata.name.cmp(&b.metadata.name))
        });
        pods
    }

    /// The experiments of the present version, newest first.
    pub(crate) fn experiments(&self) -> Vec<&'a Experiment> {
        let uid = &self.rollout.metadata.uid;
        let all = self.raw.experiments.value().into_iter().flat_map(|all| all.values());
        let mut own: Vec<_> = all
            .filter(|experiment| experiment.metadata.is_owned_by(uid))
            .filter(|experiment| experiment.metadata.hash() == self.current())
            .collect();
        own.sort_by_key(|experiment| std::cmp::Reverse(experiment.metadata.creation_timestamp));
        own
    }

    /// The analysis runs of the present version and of its experiments, newest first.
    pub(crate) fn runs(&self) -> Vec<&'a AnalysisRun> {
        let uid = &self.rollout.metadata.uid;
        let experiments = self.experiments();
        let is_tried = |run: &AnalysisRun| {
            experiments.iter().any(|own| run.metadata.is_owned_by(&own.metadata.uid))
        };
        let is_own = |run: &AnalysisRun| {
            run.metadata.is_owned_by(uid) && run.metadata.hash() == self.current()
        };
        let all = self.raw.analysis_runs.value().into_iter().flat_map(|runs| runs.values());
        let mut runs: Vec<_> = all.filter(|run| is_own(run) || is_tried(run)).collect();
        runs.sort_by(|a, b| {
            let by_age = b.metadata.creation_timestamp.cmp(&a.metadata.creation_timestamp);
            by_age.then_with(|| b.metadata.name.cmp(&a.metadata.name))
        });
        runs
    }
}

/// The newest of `sets`, sorted newest first, that is older than `hash`'s.
fn before<'a>(sets: &[&'a ReplicaSet], hash: &str) -> Option<&'a ReplicaSet> {
    let own = sets.iter().find(|set| set.metadata.hash() == hash)?.metadata.revision();
    sets.iter().find(|set| set.metadata.revision() < own).copied()
}
