//! What their nodes make of pods: images, containers, readiness, and containers that die.

use jiff::{SignedDuration, Timestamp};
use rand::RngExt;
use serde_json::{Value as Json, json};

use super::store::{stamp, text};
use super::{Argo, ArgoStep, Habit, Kind, Party, PodStep};
use crate::sim::scenario::{Crash, CrashWhen};
use crate::sim::world::time::seconds;

/// What each pod's own way is longer by, as a share.
const SPREAD: f64 = 0.35;
/// How long a container that has died rests the first time, and at most.
const RESTS: SignedDuration = SignedDuration::from_secs(10);
const LONGEST: SignedDuration = SignedDuration::from_mins(5);

impl Argo {
    /// What a step of a pod does.
    pub(super) fn on_pod(&mut self, index: usize, step: PodStep) {
        let Some(pod) = self.pods.get(index) else { return };
        if pod.gone.is_some() != (step == PodStep::Gone) {
            return;
        }
        if self.stands(Party::Kubelets) {
            self.held.push((index, step));
            return;
        }
        let name = pod.name.clone();
        if step == PodStep::Gone {
            self.store.remove(Kind::Pod, &name);
            return;
        }
        let crash = self.crash_of(index);
        if let Some((wait, next)) = self.next_of(index, step, crash.as_ref()) {
            self.plan(wait, ArgoStep::Pod { pod: index, step: next });
        }
        let now = self.now;
        if let Some(pod) = self.pods.get_mut(index) {
            match step {
                PodStep::Ready => pod.ready = Some(now),
                PodStep::Crash => {
                    pod.ready = None;
                    pod.restarts += 1;
                }
                PodStep::Run => pod.ready = None,
                PodStep::Bind | PodStep::NoImage | PodStep::Gone => {}
            }
        }
        self.tell(index, step, crash.as_ref());
    }

    /// How the release of a pod dies, if it does.
    fn crash_of(&self, index: usize) -> Option<Crash> {
        let pod = self.pods.get(index)?;
        if self.habit(pod) == Habit::Crash {
            let (when, after) = (CrashWhen::Starting, self.config.start);
            return Some(Crash { when, after, exit_code: Some(1), reason: None });
        }
        self.crashes.get(pod.release?.0)?.clone()
    }

    /// What comes after a step, and when.
    fn next_of(
        &self,
        index: usize,
        step: PodStep,
        crash: Option<&Crash>,
    ) -> Option<(SignedDuration, PodStep)> {
        let pod = self.pods.get(index)?;
        let dies = crash.map(|crash| (crash.when, crash.after));
        let habit = self.habit(pod);
        match (step, dies) {
            (PodStep::Bind, _) => {
                let missing = habit == Habit::Missing;
                let next = if missing { PodStep::NoImage } else { PodStep::Run };
                Some((self.takes(self.config.pull, index), next))
            }
            (PodStep::Run | PodStep::Crash, None) if habit == Habit::Unready => None,
            (PodStep::Run, Some((CrashWhen::Starting, after))) => Some((after, PodStep::Crash)),
            (PodStep::Run, _) => Some((self.takes(self.config.start, index + 1), PodStep::Ready)),
            (PodStep::Ready, Some((CrashWhen::Serving, after))) => {
                let number = (index as u64) << 16 | u64::from(pod.restarts);
                let part: f64 = self.seed.stream("pod death", number).random();
                let wait = after.as_secs_f64() * -(1.0 - part).ln();
                Some((seconds(wait.min(24.0 * 3600.0)), PodStep::Crash))
            }
            (PodStep::Crash, _) => {
                let rests = RESTS * 2_i32.saturating_pow(pod.restarts.min(8));
                Some((rests.min(LONGEST), PodStep::Run))
            }
            (PodStep::Ready | PodStep::NoImage | PodStep::Gone, _) => None,
        }
    }

    /// Writes down what a step has made of a pod.
    fn tell(&mut self, index: usize, step: PodStep, crash: Option<&Crash>) {
        let now = self.now;
        let Some(own) = self.pods.get(index) else { return };
        let (name, ip, restarts) = (own.name.clone(), own.ip.clone(), own.restarts);
        let (zone, region) = (1 + index % 3, &self.region);
        let node = format!("ip-10-0-{zone}-17.{region}.compute.internal");
        self.store.change(Kind::Pod, &name, |pod| {
            let state = match step {
                PodStep::Bind => {
                    pod["spec"]["nodeName"] = json!(node);
                    pod["status"]["startTime"] = json!(stamp(now));
                    pod["status"]["hostIP"] = json!(format!("10.0.{zone}.17"));
                    json!({"waiting": {"reason": "ContainerCreating"}})
                }
                PodStep::NoImage => {
                    let image = text(pod, "/spec/containers/0/image");
                    let message = format!("Back-off pulling image \"{image}\": not found");
                    json!({"waiting": {"reason": "ImagePullBackOff", "message": message}})
                }
                PodStep::Run => {
                    pod["status"]["phase"] = json!("Running");
                    pod["status"]["podIP"] = json!(ip);
                    pod["status"]["podIPs"] = json!([{"ip": ip}]);
                    json!({"running": {"startedAt": stamp(now)}})
                }
                PodStep::Crash => {
                    let message = "back-off restarting failed container";
                    json!({"waiting": {"reason": "CrashLoopBackOff", "message": message}})
                }
                PodStep::Ready | PodStep::Gone => {
                    pod["status"]["containerStatuses"][0]["state"].clone()
                }
            };
            let ready = step == PodStep::Ready;
            let last = match (step, crash) {
                (PodStep::Crash, Some(crash)) => died(crash, now),
                _ => pod.pointer("/status/containerStatuses/0/lastState").cloned(),
            };
            let last = last.unwrap_or_else(|| json!({}));
            pod["status"]["conditions"] = conditions(now, pod, ready);
            pod["status"]["containerStatuses"] =
                containers(pod, (&state, &last), (ready, restarts));
        });
    }

    fn takes(&self, usual: SignedDuration, index: usize) -> SignedDuration {
        let whole = usual.as_secs_f64();
        seconds(self.seed.between("pod pace", index as u64, (whole, whole * (1.0 + SPREAD))))
    }
}

/// How a container ended.
fn died(crash: &Crash, now: Timestamp) -> Option<Json> {
    let code = crash.exit_code?;
    let memory = crash.reason.as_ref().is_some_and(|reason| reason.contains("OutOfMemory"));
    let reason = if memory { "OOMKilled" } else { "Error" };
    Some(json!({"terminated": {"exitCode": code, "reason": reason, "finishedAt": stamp(now)}}))
}

/// The conditions of a pod; one that does not change keeps its moment.
fn conditions(now: Timestamp, pod: &Json, ready: bool) -> Json {
    let container = text(pod, "/spec/containers/0/name");
    let before = pod["status"]["conditions"].as_array();
    let condition = |kind: &str, holds: bool| {
        let word = if holds { "True" } else { "False" };
        let known = before.into_iter().flatten().find(|one| one["type"] == kind);
        if let Some(known) = known.filter(|one| one["status"] == word) {
            return known.clone();
        }
        let since = stamp(now);
        let mut condition = json!({"type": kind, "status": word, "lastTransitionTime": since});
        if !holds {
            condition["reason"] = json!("ContainersNotReady");
            condition["message"] = json!(format!("containers with unready status: [{container}]"));
        }
        condition
    };
    json!([
        condition("PodScheduled", true),
        condition("Initialized", true),
        condition("ContainersReady", ready),
        condition("Ready", ready),
    ])
}

/// The statuses of a pod's containers, which are all in the same state.
fn containers(pod: &Json, (state, last): (&Json, &Json), (ready, restarts): (bool, u32)) -> Json {
    let running = state.get("running").is_some();
    let status = |container: &Json| {
        json!({
            "name": container["name"],
            "image": container["image"],
            "imageID": if running { container["image"].clone() } else { json!("") },
            "ready": ready,
            "started": running,
            "restartCount": restarts,
            "lastState": last,
            "state": state,
        })
    };
    pod["spec"]["containers"].as_array().into_iter().flatten().map(status).collect()
}
