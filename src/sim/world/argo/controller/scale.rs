//! How many pods each version has, and until when.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::{Controller, Kind, Set, Tone, stamp};
use crate::sim::world::argo::DEADLINE;
use crate::sim::world::time::after;

/// How long pods stay that are no longer wanted, where nothing is said.
const STAYS: i64 = 30;

impl Controller<'_> {
    /// Gives what is new so many pods; after an abort it keeps what it has, and loses all of them when
    /// the delay is over. A delay of 0 means that it keeps them for good.
    pub(super) fn scale_new(&mut self, wanted: u32, abort_delay: Option<i64>) {
        let set = self.new.clone();
        if self.status.abort && self.is_in_flight() {
            let delay = abort_delay.unwrap_or(STAYS);
            match set.deadline {
                _ if delay == 0 || set.wanted == 0 => {}
                None => self.take_away_after(&set, delay),
                Some(at) if at <= self.argo.now => self.scale(&set, 0),
                Some(at) => self.look_at(at),
            }
            return;
        }
        if set.deadline.is_some() {
            self.keep(&set);
        }
        if !self.spec.paused {
            self.scale(&set, wanted);
        }
    }

    /// Takes away the versions that are neither new nor stable, nor serving; of those that are kept
    /// for a while only the newest, where there is a limit.
    pub(super) fn scale_others(&mut self, serving: &str, limit: Option<usize>) {
        if self.spec.paused {
            return;
        }
        let weights = self.status.canary.weights.as_ref();
        let weighted = weights.filter(|weights| weights.canary.weight > 0);
        let weighted = weighted.map(|weights| weights.canary.pod_template_hash.clone());
        let spared = [self.new.hash.clone(), self.status.stable_rs.clone(), serving.to_owned()];
        let spared: Vec<String> = spared.into_iter().chain(weighted).collect();
        let others: Vec<Set> = self.sets.iter().filter(|set| set.wanted > 0).cloned().collect();
        let mut kept = 0;
        for set in others.into_iter().rev().filter(|set| !spared.contains(&set.hash)) {
            match set.deadline {
                Some(at) if at > self.argo.now && limit.is_none_or(|limit| kept < limit) => {
                    kept += 1;
                    self.look_at(at);
                }
                Some(_) => {
                    self.keep(&set);
                    self.scale(&set, 0);
                }
                None => self.scale(&set, 0),
            }
        }
    }

    /// Sets the moment at which a version is taken away.
    pub(super) fn take_away_after(&mut self, set: &Set, seconds: i64) {
        let at = after(self.now(), SignedDuration::from_secs(seconds));
        self.note(set, Some(at));
        self.look_at(at);
    }

    /// A version of this hash.
    pub(super) fn set(&self, hash: &str) -> Option<Set> {
        self.sets.iter().find(|set| set.hash == hash).cloned()
    }

    /// What was stable before this look is kept for a while.
    pub(super) fn retire(&mut self, hash: &str, delay: Option<i64>) {
        if let Some(set) = self.set(hash).filter(|set| set.hash != self.new.hash) {
            self.take_away_after(&set, delay.unwrap_or(STAYS));
        }
    }

    pub(super) fn keep(&mut self, set: &Set) {
        self.note(set, None);
    }

    fn note(&mut self, set: &Set, at: Option<Timestamp>) {
        self.argo.store.change(Kind::ReplicaSet, &set.name, |set| {
            let notes = &mut set["metadata"]["annotations"];
            match (at, notes.as_object_mut()) {
                (Some(at), _) => notes[DEADLINE] = json!(stamp(at)),
                (None, Some(notes)) => drop(notes.remove(DEADLINE)),
                (None, None) => {}
            }
        });
    }

    /// Asks for so many pods of a version.
    pub(super) fn scale(&mut self, set: &Set, wanted: u32) {
        if set.wanted == wanted {
            return;
        }
        let count = |object: &mut Json| object["spec"]["replicas"] = json!(wanted);
        self.argo.store.change(Kind::ReplicaSet, &set.name, count);
        let way = if wanted > set.wanted { "up" } else { "down" };
        let what = format!(
            "Scaled {way} ReplicaSet {} (revision {}) from {} to {wanted}",
            set.name, set.revision, set.wanted
        );
        self.argo.say(Tone::Normal, "ScalingReplicaSet", &what);
    }
}
