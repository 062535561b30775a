//! A Kubernetes cluster with one Rollout, as its API server, its kubelets and a controller of Argo
//! Rollouts make it.
//!
//! The objects are the only state that the controller knows: whatever somebody writes into them, it
//! acts on. It acts a moment after each change, and when something that it waits for is due.
//!
//! Of the real controller it has what a blue/green rollout and a canary need, behind an ingress of nginx
//! or of the load balancer controller of AWS, or without any. It has no other routers, no routes by
//! headers, no mirrors, no plugins, no metadata that follows a role, and no old ReplicaSets that are
//! cleared away; scenarios spare their watchers the canary Service that flaps after an abort, see
//! [`Argo::is_bare`].
//!
//! | file | what |
//! |---|---|
//! | `store` | the objects and their changes |
//! | `kind` | which kinds there are |
//! | `birth` | what there is at first |
//! | `make`, `patch` | what people make, take away and change |
//! | `outside` | what happens to nodes and programs, and what is measured |
//! | `shape` | a Rollout as the controller reads and writes it |
//! | `hash` | names of versions and pods |
//! | `sets`, `pods`, `kubelet` | ReplicaSets, their pods, and what nodes make of them |
//! | `controller` | what the controller makes of a Rollout |
//! | `runs` | analyses, measurement by measurement |
//! | `experiments` | versions that run beside each other for a while |
//! | `deployment` | a Deployment that holds the template, and its own pods |
//! | `keeper` | who keeps the template as it is written in a repository |
//! | `say` | what is told in events |
//! | `flow` | who gets the requests |
//! | `front` | a load balancer of AWS in front, with a target group for each Service |
//! | `behind` | whose pods are targets of a load balancer, where weights are set before the cluster |

mod behind;
mod birth;
mod controller;
mod deployment;
mod experiments;
mod flow;
mod front;
mod hash;
mod keeper;
mod kind;
mod kubelet;
mod make;
mod outside;
mod patch;
mod pods;
mod runs;
mod say;
mod sets;
mod shape;
mod steps;
mod store;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

pub(crate) use self::flow::Gate;
use self::front::Front;
pub(crate) use self::kind::Kind;
pub use self::outside::{Habit, Party};
pub(crate) use self::patch::Refused;
pub(crate) use self::pods::{Pod, PodStep};
pub(crate) use self::store::{Change, Deed, Store, count, text};

use super::World;
use super::keys::{Pool, ReleaseKey};
use super::queue::Event;
use super::random::Seed;
use super::time::after;
use crate::sim::scenario::{self, Crash};

/// The label that joins the objects of a version.
pub(crate) const HASH: &str = "rollouts-pod-template-hash";
/// The annotation with the number of an update.
const REVISION: &str = "rollout.argoproj.io/revision";
/// The annotation that says when a version will be taken away. It has no prefix.
const DEADLINE: &str = "scale-down-deadline";

/// How long after a change the controllers act on it.
const SETS_REACT: SignedDuration = SignedDuration::from_millis(10);
const REACTS: SignedDuration = SignedDuration::from_millis(40);

/// The state of the cluster.
#[derive(Debug, Clone)]
pub(crate) struct Argo {
    pub(crate) store: Store,
    pub(crate) pods: Vec<Pod>,
    /// Since when Prometheus counts.
    pub(crate) scraped_since: Timestamp,
    config: scenario::Argo,
    /// The load balancer of AWS in front, if there is one.
    front: Option<Front>,
    /// What the Rollout is called.
    name: String,
    port: u16,
    region: String,
    /// The image of each release, and how it dies.
    images: Vec<String>,
    crashes: Vec<Option<Crash>>,
    seed: Seed,
    now: Timestamp,
    /// What is to happen after so long.
    plans: Vec<(SignedDuration, ArgoStep)>,
    /// When the controllers act next.
    sets_at: Option<Timestamp>,
    reconcile_at: Option<Timestamp>,
    timer_at: Option<Timestamp>,
    said: usize,
    /// While it writes a status, the controller misses what others write.
    writes_until: Option<Timestamp>,
    /// The Rollout as the controller knows it, where it has missed what came after.
    stale: Option<Json>,
    /// Which stream of requests each version answers.
    pools: BTreeMap<String, Pool>,
    /// From when on which version answers each of them.
    serving: Vec<(Timestamp, Pool, String)>,
    /// From when on which stream an ingress led to which Service.
    gates: Vec<Gate>,
    /// Who does nothing at present, and the steps of pods that wait for that.
    still: Vec<Party>,
    held: Vec<(usize, PodStep)>,
    /// What analyses read from the web, by the last part of the address.
    values: BTreeMap<String, f64>,
    /// The template that is written in a repository, and when what differs from it is put back.
    written: Option<Json>,
    heal_at: Option<Timestamp>,
}

/// Something that happens in the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ArgoStep {
    /// The controller looks at the Rollout.
    Reconcile,
    /// ReplicaSets get the pods they ask for.
    Sets,
    /// A pod goes on.
    Pod { pod: usize, step: PodStep },
    /// Analyses that are due are measured.
    Measure,
    /// Events that are an hour old are forgotten.
    Forget,
    /// Who keeps the template puts it back.
    Heal,
    /// An operator of the story promotes what is being brought out.
    Promote,
    /// An operator of the story aborts it.
    Abort,
}

impl Argo {
    /// Lets something happen.
    fn happen(&mut self, now: Timestamp, step: ArgoStep) {
        self.now = now;
        match step {
            ArgoStep::Reconcile => {
                self.reconcile_at = None;
                if !self.stands(Party::Controller) {
                    self.sync_experiments();
                    controller::reconcile(self);
                }
            }
            ArgoStep::Sets => {
                self.sets_at = None;
                self.sync_deployments();
                self.sync_sets();
            }
            ArgoStep::Pod { pod, step } => self.on_pod(pod, step),
            ArgoStep::Measure => {}
            ArgoStep::Forget => self.forget(),
            ArgoStep::Heal => self.heal(),
            ArgoStep::Promote => self.set_status(&json!({"promoteFull": true})),
            ArgoStep::Abort => self.set_status(&json!({"abort": true})),
        }
    }

    /// What an operator of the story writes.
    fn set_status(&mut self, status: &Json) {
        let name = self.name.clone();
        self.store.change(Kind::Rollout, &name, |rollout| {
            store::merge(&mut rollout["status"], status);
        });
    }

    /// The Rollout.
    fn rollout(&self) -> Option<&Json> {
        self.store.get(Kind::Rollout, &self.name)
    }

    /// The Rollout as the controller knows it.
    fn known(&self) -> Option<&Json> {
        self.stale.as_ref().or_else(|| self.rollout())
    }

    /// Somebody has changed the Rollout. What comes while the controller writes it never gets to know:
    /// at the end it puts its own older copy in the place of the newer one. Any later change heals it.
    fn is_changed(&mut self, before: Json) {
        let missed = self.writes_until.is_some_and(|until| self.now < until);
        self.stale = missed.then(|| self.stale.take().unwrap_or(before));
    }

    /// Whether the cluster was empty at first and belongs to whoever uses it. There the controller does
    /// what costs a scenario, whose delays are minutes, thousands of changes that nobody looks at: the
    /// canary Service flaps between two versions from an abort until the last pod is gone.
    fn is_bare(&self) -> bool {
        self.config.strategy == scenario::ArgoStrategy::Bare
    }

    /// The release that a template runs; nothing for an image that nobody has.
    fn release(&self, template: &Json) -> Option<ReleaseKey> {
        let image = text(template, "/spec/containers/0/image");
        self.images.iter().rposition(|known| known == image).map(ReleaseKey)
    }

    /// The tag of the image that a pod runs; nothing where nobody has the image.
    pub(crate) fn tag(&self, pod: &Pod) -> Option<&str> {
        self.images.get(pod.release?.0)?.rsplit(':').next()
    }

    fn plan(&mut self, wait: SignedDuration, step: ArgoStep) {
        self.plans.push((wait, step));
    }

    /// Plans what follows from a change.
    fn react(&mut self) {
        let due = |at: Option<Timestamp>, now| at.is_none_or(|at| at < now);
        if due(self.sets_at, self.now) {
            self.sets_at = Some(after(self.now, SETS_REACT));
            self.plan(SETS_REACT, ArgoStep::Sets);
        }
        if due(self.reconcile_at, self.now) {
            self.reconcile_at = Some(after(self.now, REACTS));
            self.plan(REACTS, ArgoStep::Reconcile);
        }
        self.look_for_drift();
    }
}

impl World {
    /// The Rollout as the API server has it, in worlds that have one.
    pub fn rollout_object(&self) -> Option<&Json> {
        self.argo.as_ref()?.rollout()
    }

    /// What somebody else writes into the status of the Rollout.
    pub fn patch_rollout_status(&mut self, patch: &Json) {
        let Some(name) = self.argo.as_ref().map(|argo| argo.name.clone()) else { return };
        // A refusal is somebody else's problem.
        let _ = self.patch_object((Kind::Rollout, &name), true, patch);
    }

    /// Lets something happen in the cluster.
    pub(super) fn on_argo(&mut self, step: ArgoStep) {
        if step == ArgoStep::Measure {
            self.measure_due();
        }
        self.change_cluster(|argo, now| argo.happen(now, step));
    }

    /// Changes something in the cluster, and lets its controllers know.
    pub(super) fn change_cluster<R: Default>(
        &mut self,
        change: impl FnOnce(&mut Argo, Timestamp) -> R,
    ) -> R {
        let (now, side) = (self.now, self.side_at_hand());
        let Some(argo) = &mut self.argo else { return R::default() };
        argo.now = now;
        let before = argo.store.version();
        let result = change(argo, now);
        if argo.store.version() != before {
            argo.react();
        }
        for (wait, step) in std::mem::take(&mut argo.plans) {
            self.queue.plan(after(now, wait), Event::Argo(side, step));
        }
        self.reflow_cluster();
        result
    }

    /// Asks for the version of a release of the story, and has somebody promote it, if it is past.
    pub(super) fn bring_out(&mut self, release: ReleaseKey) {
        /// Versions of the past were promoted in full at once: nothing was measured then.
        const AT_ONCE: SignedDuration = SignedDuration::from_secs(1);
        let is_last = release.0 + 1 == self.releases.len();
        let template = birth::template(self, release);
        self.change_cluster(|argo, _| {
            if argo.is_bare() {
                return;
            }
            argo.publish(template);
            match argo.config.aborted_after.filter(|_| is_last) {
                Some(after) => argo.plan(after, ArgoStep::Abort),
                None if !is_last => argo.plan(AT_ONCE, ArgoStep::Promote),
                None => {}
            }
        });
    }
}
