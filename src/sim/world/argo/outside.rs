//! What happens to the cluster beside its API: nodes and programs that stand still, pods that change
//! their ways, and what analyses measure.

use super::{Argo, ArgoStep, Kind, Pod, PodStep, text};
use crate::sim::world::World;

/// What a pod does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Habit {
    /// It becomes ready and stays so.
    Well,
    /// Its container dies again and again.
    Crash,
    /// It runs and never becomes ready.
    Unready,
    /// Its image cannot be had.
    Missing,
}

/// Who can stand still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    /// The controller of Argo Rollouts.
    Controller,
    /// The nodes: no pod goes on.
    Kubelets,
}

impl World {
    /// The number of the newest change of the cluster; 0 where there is none.
    pub fn cluster_version(&self) -> u64 {
        self.argo.as_ref().map_or(0, |argo| argo.store.version())
    }

    /// What analyses measure from now on: by the name of the metric, or at an address of the web that
    /// ends on it.
    pub fn set_value(&mut self, name: &str, value: f64) {
        if let Some(argo) = &mut self.argo {
            argo.values.insert(name.to_owned(), value);
        }
    }

    /// Makes the pods of a version do something else.
    pub fn pods_do(&mut self, hash: &str, habit: Habit) {
        self.change_cluster(|argo, _| {
            for index in 0..argo.pods.len() {
                if argo.pods.get(index).is_some_and(|pod| pod.hash == hash && pod.gone.is_none()) {
                    argo.change_habit(index, habit);
                }
            }
        });
    }

    /// Lets somebody stand still, or go on.
    pub fn stand_still(&mut self, who: Party, still: bool) {
        self.change_cluster(|argo, _| {
            argo.still.retain(|one| *one != who);
            if still {
                argo.still.push(who);
                return;
            }
            match who {
                Party::Controller => {
                    // It begins with what there is: nothing is missed any more.
                    argo.stale = None;
                    argo.plan(super::REACTS, ArgoStep::Reconcile);
                    argo.plan(super::REACTS, ArgoStep::Measure);
                }
                Party::Kubelets => {
                    for (pod, step) in std::mem::take(&mut argo.held) {
                        argo.plan(super::SETS_REACT, ArgoStep::Pod { pod, step });
                    }
                }
            }
        });
    }
}

impl Argo {
    /// Whether somebody does nothing at present.
    pub(super) fn stands(&self, who: Party) -> bool {
        self.still.contains(&who)
    }

    fn change_habit(&mut self, index: usize, habit: Habit) {
        let Some(pod) = self.pods.get_mut(index) else { return };
        pod.habit = Some(habit);
        let next = match habit {
            Habit::Well | Habit::Missing | Habit::Unready => PodStep::Run,
            Habit::Crash => PodStep::Crash,
        };
        self.plan(super::SETS_REACT, ArgoStep::Pod { pod: index, step: next });
    }

    /// What a pod does: what it was told, or what its image says.
    pub(super) fn habit(&self, pod: &Pod) -> Habit {
        if let Some(told) = pod.habit {
            return told;
        }
        if !self.is_bare() {
            return if pod.release.is_some() { Habit::Well } else { Habit::Missing };
        }
        let object = self.store.get(Kind::Pod, &pod.name);
        let image = object.map(|pod| text(pod, "/spec/containers/0/image")).unwrap_or_default();
        let tag = image.rsplit(':').next().unwrap_or_default();
        let says = |word: &str| tag.split(['-', '_', '.']).any(|part| part == word);
        match () {
            () if says("crash") => Habit::Crash,
            () if says("unready") => Habit::Unready,
            () if says("missing") => Habit::Missing,
            () => Habit::Well,
        }
    }
}
