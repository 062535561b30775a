//! Pods that are replaced because somebody asks for it.

use super::Controller;

impl Controller<'_> {
    /// Replaces the pods that are older than what was asked for, one at a time and only while all
    /// others are ready.
    pub(super) fn restart(&mut self) {
        let Some(asked) = self.spec.restart_at.filter(|at| self.status.restarted_at != Some(*at))
        else {
            return;
        };
        if asked > self.argo.now {
            self.look_at(asked);
            return;
        }
        let hashes = [self.status.stable_rs.clone(), self.new.hash.clone()];
        let sets: Vec<_> = hashes.iter().filter_map(|hash| self.set(hash)).collect();
        for set in sets {
            let old = self.argo.living(&set.name).into_iter();
            let Some(pod) = old.into_iter().find(|pod| self.argo.pods[*pod].is_older(asked)) else {
                continue;
            };
            if set.is_saturated(set.wanted) {
                self.argo.delete_pod(pod);
            }
            return;
        }
        self.status.restarted_at = Some(asked);
    }
}
