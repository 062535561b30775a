//! Orders: the state is read again, the patch goes out once, and the controller is watched taking
//! it up.
//!
//! An answer of 200 says that the API server has stored the patch. A controller of version 1.9
//! that writes the same object at the same moment never learns of it, and no waiting helps; any
//! later change of the object does. So what was stored and not taken up is nudged, once, by an
//! annotation, which changes nothing else.

use jiff::SignedDuration;
use kube::core::params::Patch;
use serde_json::{Value, json};

use crate::domain::{Fault, FaultKind, Order, Progress, RolloutId, Snapshot};
use crate::sources::aws::Aws;
use crate::sources::order::param;
use crate::sources::time::later;

use super::Place;
use super::cluster::{Cluster, Resource};
use super::raw::{HASH_LABEL, Kind, News, Raw, Rollout};
use super::translate;

/// How often the controller is looked at, when it is nudged, and how long it is waited for.
const LOOK: SignedDuration = SignedDuration::from_millis(250);
const NUDGE: SignedDuration = SignedDuration::from_secs(2);
const PATIENCE: SignedDuration = SignedDuration::from_secs(8);
/// What is nudged with.
const NUDGED: &str = "cutover/nudged-by";

/// What the orders need, each with the API group of its resource.
const NEEDED: [(&str, &str); 2] = [("argoproj.io", "rollouts/status"), ("argoproj.io", "rollouts")];

/// The permissions for orders that the caller lacks, e.g. `patch rollouts/status`. One that cannot
/// be asked about is not said to be lacking: the cluster itself decides.
pub(super) async fn denied(cluster: &Cluster, namespace: &str) -> Vec<String> {
    let mut denied = Vec::new();
    for (group, resource) in NEEDED {
        if let Ok(false) = cluster.may(namespace, "patch", group, resource).await {
            denied.push(format!("patch {resource}"));
        }
    }
    denied
}

/// Reads afresh what an order rests on: the caller, the rollout, its versions and its Service.
pub(crate) async fn read_again(aws: &Aws, place: &Place) -> Snapshot {
    let mut raw = Raw::default();
    match aws.cluster(place.context.as_deref()).await {
        Ok(cluster) => {
            let caller = cluster.identity(&place.namespace);
            let (caller, rollouts, sets, services) = tokio::join!(
                caller,
                list(&cluster, place, Kind::Rollout),
                list(&cluster, place, Kind::ReplicaSet),
                list(&cluster, place, Kind::Service),
            );
            let now = aws.now();
            raw.identity = raw.identity.after(caller, now);
            raw.hear(Kind::Rollout, rollouts, now);
            raw.hear(Kind::ReplicaSet, sets, now);
            raw.hear(Kind::Service, services, now);
        }
        Err(fault) => raw.hear(Kind::Rollout, News::Broken(fault), aws.now()),
    }
    translate::snapshot(place, &raw, aws.now())
}

async fn list(cluster: &Cluster, place: &Place, kind: Kind) -> News {
    match cluster.list(&place.resource(kind)).await {
        Ok((objects, _)) => News::All(objects),
        Err(fault) => News::Broken(fault),
    }
}

/// An order on its way to the controller.
struct Sending<'a> {
    aws: &'a Aws,
    order: &'a Order,
    place: &'a Place,
    cluster: Cluster,
    rollouts: Resource,
}

/// Sends an order's patch, once, and tells whether the controller has taken it up.
pub(crate) async fn send(aws: &Aws, place: &Place, order: &Order) -> Progress {
    match aws.cluster(place.context.as_deref()).await {
        Ok(cluster) => {
            let rollouts = place.resource(Kind::Rollout);
            Sending { aws, order, place, cluster, rollouts }.send().await
        }
        Err(fault) => Progress::Refused { fault },
    }
}

/// What became of a patch whose answer was lost.
pub(crate) async fn reconcile(aws: &Aws, place: &Place, order: &Order, lost: Fault) -> Progress {
    let Ok(cluster) = aws.cluster(place.context.as_deref()).await else {
        return Progress::Unknown { fault: lost };
    };
    let rollouts = place.resource(Kind::Rollout);
    let sending = Sending { aws, order, place, cluster, rollouts };
    match sending.read().await {
        Ok(rollout) if sending.has_arrived(&rollout) => {
            sending.watch_effect("the answer was lost").await
        }
        Ok(_) | Err(_) => Progress::Unknown { fault: lost },
    }
}

impl Sending<'_> {
    async fn send(&self) -> Progress {
        if let Some(set) = param(self.order, "toReplicaSet").and_then(Value::as_str) {
            return self.undo(set).await;
        }
        let Some(patch) = param(self.order, "patch") else {
            return crate::sources::order::unknown_call(self.order);
        };
        let part = self.order.call.operation.ends_with("/status").then_some("status");
        let mut patch = patch.clone();
        if let Some(since) = param(self.order, "pausedSince").and_then(Value::as_str) {
            match self.guard(since).await {
                Ok(version) => patch["metadata"] = json!({"resourceVersion": version}),
                Err(fault) => return Progress::Refused { fault },
            }
        }
        if let Err(fault) = self.patch(part, patch).await {
            return failed(fault);
        }
        if let Some(then) = param(self.order, "then")
            && let Err(fault) = self.patch(None, then.clone()).await
        {
            let text = format!("the rollout stays frozen by hand: {fault}");
            return self.watch_effect(&text).await;
        }
        self.watch_effect("").await
    }

    /// Puts the template of an earlier version in the place of the present one.
    async fn undo(&self, set: &str) -> Progress {
        let patch = match self.template_patch(set).await {
            Ok(patch) => patch,
            Err(fault) => return Progress::Refused { fault },
        };
        if let Err(fault) = self.patch(None, patch).await {
            return failed(fault);
        }
        let taken = self.watch_effect("").await;
        match param(self.order, "untilServed") {
            Some(_) => self.switch().await,
            None => taken,
        }
    }

    /// The merge patch from the present template to an earlier one, for the version just read.
    async fn template_patch(&self, set: &str) -> Result<Value, Fault> {
        let rollout: Value = self.cluster.get(&self.rollouts, &self.place.name).await?;
        let mut wanted: Value =
            self.cluster.get(&self.place.resource(Kind::ReplicaSet), set).await?;
        let mut template = wanted["spec"]["template"].take();
        if let Some(labels) = template["metadata"]["labels"].as_object_mut() {
            labels.remove(HASH_LABEL);
        }
        Ok(json!({
            "metadata": {"resourceVersion": rollout["metadata"]["resourceVersion"]},
            "spec": {"template": difference(&rollout["spec"]["template"], &template)},
        }))
    }

    /// After the cutover asking for the old version may end in a pause or wait for an analysis
    /// that never runs. Both have a way on: the pause is released, else one more abort makes the
    /// controller move the Service before it throws the abort away.
    async fn switch(&self) -> Progress {
        let since = self.aws.now();
        let mut pushed = false;
        loop {
            let waited = self.aws.now().duration_since(since);
            if let Ok(rollout) = self.read().await {
                let status = &rollout.status;
                let asked = status.current_pod_hash == status.stable_rs;
                if asked && status.blue_green.active_selector == status.stable_rs {
                    return accepted(&["the active Service serves the old version"]);
                }
                if asked && waited > LOOK && !pushed {
                    let push = if status.pause_conditions.is_empty() {
                        json!({"status": {"abort": true}})
                    } else {
                        json!({"status": {"pauseConditions": null}})
                    };
                    pushed = self.patch(Some("status"), push).await.is_ok();
                }
            }
            if waited > PATIENCE {
                return accepted(&[
                    "stored, but the active Service has not moved: point it at the \
                                   old version by hand",
                ]);
            }
            super::sleep(self.aws.clone(), Some(later(self.aws.now(), LOOK))).await;
        }
    }

    /// The same patch releases the next pause too, and without one skips a step: it goes out only
    /// against the very pause that was confirmed, in the version just read.
    async fn guard(&self, since: &str) -> Result<String, Fault> {
        let object: Value = self.cluster.get(&self.rollouts, &self.place.name).await?;
        let rollout: Rollout = serde_json::from_value(object.clone()).unwrap_or_default();
        if paused_since(&rollout).is_none_or(|now| now != since) {
            let kind = FaultKind::Rejected { code: "the pause is over".to_owned() };
            let text = "it is no longer the pause that was confirmed; nothing was sent";
            return Err(Fault::new(kind, "kubernetes:get rollouts", text));
        }
        Ok(object["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned())
    }

    async fn patch(&self, part: Option<&str>, patch: Value) -> Result<Value, Fault> {
        let (of, name) = (&self.rollouts, &self.place.name);
        self.cluster.patch(of, name, part, &Patch::Merge(patch)).await
    }

    async fn read(&self) -> Result<Rollout, Fault> {
        self.cluster.get(&self.rollouts, &self.place.name).await
    }

    /// Looks until the controller has acted, and nudges it when it has not for a while.
    async fn watch_effect(&self, remark: &str) -> Progress {
        let since = self.aws.now();
        let mut nudged = false;
        loop {
            let waited = self.aws.now().duration_since(since);
            let rollout = self.read().await;
            if let Ok(rollout) = &rollout
                && !self.is_pending(rollout)
            {
                let text = if nudged {
                    "the controller had missed it and took it after a nudge"
                } else {
                    "the controller took it"
                };
                return self.taken(&[text, remark], rollout);
            }
            if waited > PATIENCE {
                return accepted(&[
                    "stored, and the controller has not acted on it: look at the controller",
                    remark,
                ]);
            }
            if waited > NUDGE && !nudged && rollout.is_ok() {
                let nudge = json!({"metadata": {"annotations": {NUDGED: self.order.id.as_str()}}});
                // Without the permission for it there is nothing to be done but to wait.
                nudged = self.patch(None, nudge).await.is_ok();
            }
            let next = later(self.aws.now(), LOOK);
            super::sleep(self.aws.clone(), Some(next)).await;
        }
    }

    /// It was taken; what is tried again goes on under another id.
    fn taken(&self, texts: &[&str], rollout: &Rollout) -> Progress {
        let again = self.wants("abort") == Some(false);
        let id = again.then(|| RolloutId::new(&*rollout.status.current_pod_hash));
        Progress::Accepted { request_id: None, answer: sentence(texts), rollout: id }
    }

    /// What the patch sets a field of the status to.
    fn wants(&self, field: &str) -> Option<bool> {
        param(self.order, "patch")?["status"].get(field)?.as_bool()
    }

    fn asks(&self, field: &str) -> bool {
        param(self.order, "patch").is_some_and(|patch| patch["status"].get(field).is_some())
    }

    /// Whether the patch is in the object, or was and the controller has acted on it.
    fn has_arrived(&self, rollout: &Rollout) -> bool {
        let status = &rollout.status;
        if let Some(wanted) = self.wants("abort") {
            return status.abort == wanted;
        }
        if self.asks("promoteFull") {
            return status.promote_full;
        }
        if let Some(set) = param(self.order, "toReplicaSet").and_then(Value::as_str) {
            return set.ends_with(&format!("-{}", status.current_pod_hash));
        }
        match param(self.order, "pausedSince").and_then(Value::as_str) {
            Some(since) => paused_since(rollout).is_none_or(|now| now != since),
            None => !rollout.spec.paused,
        }
    }

    /// Whether the controller has yet to act on what the object holds.
    fn is_pending(&self, rollout: &Rollout) -> bool {
        let status = &rollout.status;
        if let Some(wanted) = self.wants("abort") {
            // The moment of the abort is the controller's.
            status.abort == wanted && status.aborted_at.is_some() != wanted
        } else if self.asks("promoteFull") {
            // The controller takes the pause away at once, and the request itself at the end.
            status.promote_full && !status.pause_conditions.is_empty()
        } else if self.asks("pauseConditions") && !self.asks("currentStepIndex") {
            translate::is_unpausing(rollout)
        } else {
            !translate::is_observed(rollout)
        }
    }
}

/// Since when a rollout is paused by its controller.
fn paused_since(rollout: &Rollout) -> Option<String> {
    let pause = rollout.status.pause_conditions.first()?;
    Some(pause.start_time.map(|at| at.to_string()).unwrap_or_default())
}

/// The merge patch that makes `from` into `to`: what is no longer there is taken away by a null.
fn difference(from: &Value, to: &Value) -> Value {
    let (Some(old), Some(new)) = (from.as_object(), to.as_object()) else { return to.clone() };
    let mut patch = serde_json::Map::new();
    for (name, value) in new {
        match old.get(name) {
            Some(before) if before == value => {}
            Some(before) => drop(patch.insert(name.clone(), difference(before, value))),
            None => drop(patch.insert(name.clone(), value.clone())),
        }
    }
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        patch.insert(name.clone(), Value::Null);
    }
    Value::Object(patch)
}

fn accepted(texts: &[&str]) -> Progress {
    Progress::Accepted { request_id: None, answer: sentence(texts), rollout: None }
}

fn sentence(texts: &[&str]) -> String {
    let texts: Vec<&str> = texts.iter().copied().filter(|text| !text.is_empty()).collect();
    texts.join("; ")
}

/// What a failed patch means: refused, or nobody knows.
fn failed(fault: Fault) -> Progress {
    match fault.kind {
        FaultKind::Timeout | FaultKind::Offline | FaultKind::Server | FaultKind::Garbled => {
            Progress::Unknown { fault }
        }
        _ => Progress::Refused { fault },
    }
}
