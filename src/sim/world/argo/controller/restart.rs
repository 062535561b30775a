//! Pods that are replaced because somebody asks for it.

use jiff::SignedDuration;

use super::super::Kind;
use super::Controller;
use crate::sim::world::time::after;

/// When it is looked again, whatever happens meanwhile.
const AGAIN: SignedDuration = SignedDuration::from_secs(30);

impl Controller<'_> {
    /// Replaces the pods that are older than what was asked for, one at a time and only while all
    /// others are ready. One that is going is still there.
    pub(super) fn restart(&mut self) {
        let Some(asked) = self.spec.restart_at.filter(|at| self.status.restarted_at != Some(*at))
        else {
            return;
        };
        if asked > self.argo.now {
            self.look_at(asked);
            return;
        }
        let mut sets = self.argo.sets();
        sets.sort_by_key(|set| set.hash != self.status.stable_rs);
        let (store, pods) = (&self.argo.store, &self.argo.pods);
        let mut all = Vec::new();
        for set in &sets {
            let own = (0..pods.len()).filter(|pod| pods[*pod].set_name() == set.name);
            all.extend(own.filter(|pod| store.get(Kind::Pod, &pods[*pod].name).is_some()));
        }
        let ready = all.iter().filter(|pod| pods[**pod].is_ready()).count();
        let wanted: u32 = sets.iter().map(|set| set.wanted).sum();
        let least = wanted.max(self.spec.replicas()).saturating_sub(1) as usize;
        let old: Vec<usize> = all.into_iter().filter(|pod| pods[*pod].is_older(asked)).collect();
        let go = old.iter().copied().filter(|pod| pods[*pod].gone.is_none());
        let go: Vec<usize> = go.take(ready.saturating_sub(least)).collect();
        let left = old.len() - go.len();
        for pod in go {
            self.argo.delete_pod(pod);
        }
        if left == 0 {
            self.status.restarted_at = Some(asked);
        } else {
            self.look_at(after(self.argo.now, AGAIN));
        }
    }
}
