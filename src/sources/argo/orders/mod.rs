//! Orders: the state is read again, the patch goes out once, and the controller is watched taking
//! it up.
//!
//! An answer of 200 says that the API server has stored the patch. A controller of version 1.9
//! that writes the same object at the same moment never learns of it, and no waiting helps; any
//! later change of the object does. So what was stored and not taken up is nudged, once, by an
//! annotation, which changes nothing else.

mod undo;
mod upkeep;

use jiff::{SignedDuration, Timestamp};
use kube::core::params::Patch;
use serde_json::{Value, json};

use crate::domain::{Action, Fault, FaultKind, Order, Progress, RolloutId, Snapshot};
use crate::sources::aws::Aws;
use crate::sources::order::param;
use crate::sources::time::later;

use super::Place;
use super::cluster::{Cluster, Resource};
use super::raw::{Kind, News, Raw, Rollout};
use super::translate;

/// How often the controller is looked at, when it is nudged, and how long it is waited for.
const LOOK: SignedDuration = SignedDuration::from_millis(250);
const NUDGE: SignedDuration = SignedDuration::from_secs(2);
const PATIENCE: SignedDuration = SignedDuration::from_secs(8);
/// How often a change is tried that somebody else's writing comes in the way of.
const ATTEMPTS: u32 = 5;

/// What the orders need, each with the API group of its resource.
const NEEDED: [(&str, &str); 5] = [
    ("argoproj.io", "rollouts/status"),
    ("argoproj.io", "rollouts"),
    ("argoproj.io", "analysisruns"),
    ("argoproj.io", "experiments"),
    ("apps", "deployments"),
];

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
pub(crate) async fn read_again(aws: &Aws, place: &Place, action: Action) -> Snapshot {
    // Who ordered has seen for how long the release of a pause was not acted on.
    let mut raw = Raw { released: Some(Timestamp::UNIX_EPOCH), ..Raw::default() };
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
            if let Action::Terminate(_) = action {
                let (runs, experiments) = tokio::join!(
                    list(&cluster, place, Kind::AnalysisRun),
                    list(&cluster, place, Kind::Experiment),
                );
                raw.hear(Kind::AnalysisRun, runs, aws.now());
                raw.hear(Kind::Experiment, experiments, aws.now());
            }
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

/// What is changed.
#[derive(Clone, Copy)]
enum Edit<'a> {
    /// The rollout or its status, by a patch; only in the pause that began then.
    Patch { part: Option<&'a str>, patch: &'a Value, since: Option<&'a str> },
    /// The template, to that of a ReplicaSet.
    Template { set: &'a str },
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
        _ if sending.analysis().is_some() => sending.reconcile_terminate(lost).await,
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
        if let Some((kind, name)) = self.analysis() {
            return self.terminate(kind, name).await;
        }
        if let Some(at) = self.restart_at() {
            return self.restart(&at).await;
        }
        let Some(patch) = param(self.order, "patch") else {
            return crate::sources::order::unknown_call(self.order);
        };
        if let Some(before) = param(self.order, "before")
            && let Err(progress) = self.before(before).await
        {
            return progress;
        }
        let part = self.order.call.operation.ends_with("/status").then_some("status");
        let since = param(self.order, "pausedSince").and_then(Value::as_str);
        if let Err(progress) = self.change(Edit::Patch { part, patch, since }).await {
            return progress;
        }
        let remark = self.thaw().await;
        self.watch_effect(&remark).await
    }

    /// Ends a pause by hand, and waits until the controller knows of it. A timer that ran out
    /// meanwhile needs no release any more.
    async fn before(&self, thaw: &Value) -> Result<(), Progress> {
        self.patch(None, thaw.clone()).await.map_err(failed)?;
        let since = self.aws.now();
        let confirmed = param(self.order, "pausedSince").and_then(Value::as_str);
        while self.aws.now().duration_since(since) < PATIENCE {
            if let Ok(rollout) = self.read().await
                && translate::is_observed(&rollout)
            {
                if paused_since(&rollout).as_deref() == confirmed {
                    return Ok(());
                }
                return Err(accepted(&["it went on by itself once the pause by hand had ended"]));
            }
            let next = later(self.aws.now(), LOOK);
            super::sleep(self.aws.clone(), Some(next)).await;
        }
        Err(accepted(&[
            "the pause by hand was ended, and the controller has not acted on it: look \
                        at the controller; the gate is still closed",
        ]))
    }

    /// Ends a pause by hand where the order says so; what is to be said when that fails.
    async fn thaw(&self) -> String {
        let Some(then) = param(self.order, "then") else { return String::new() };
        match self.patch(None, then.clone()).await {
            Ok(_) => String::new(),
            Err(fault) => format!("the rollout stays paused by hand: {fault}"),
        }
    }

    /// Reads and changes until nobody has written in between. What was refused for that has changed
    /// nothing, so it is still sent once; a controller that counts pods writes several times a second.
    async fn change(&self, edit: Edit<'_>) -> Result<(), Progress> {
        let mut left = ATTEMPTS;
        loop {
            match self.attempt(edit).await {
                Err(progress) if is_conflict(&progress) && left > 1 => left -= 1,
                ended => return ended,
            }
        }
    }

    async fn attempt(&self, edit: Edit<'_>) -> Result<(), Progress> {
        // What fails before anything was sent is certain.
        let unsent = |fault| Progress::Refused { fault };
        let sent = match edit {
            Edit::Patch { part, patch, since } => {
                let mut patch = patch.clone();
                if let Some(since) = since {
                    let version = self.guard(since).await.map_err(unsent)?;
                    patch["metadata"] = json!({ "resourceVersion": version });
                }
                self.patch(part, patch).await
            }
            Edit::Template { set } => {
                let (of, name) = self.holder();
                let patch = self.template_patch((&of, name), set).await.map_err(unsent)?;
                self.cluster.patch(&of, name, None, &Patch::Merge(patch)).await
            }
        };
        sent.map(drop).map_err(failed)
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
                let text = if self.wants("abort") == Some(true) && !rollout.status.abort {
                    "the controller threw it away: nothing is being brought out any more"
                } else if nudged {
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
                let nudge = json!({"metadata": {"annotations": {translate::NUDGED: self.order.id.as_str()}}});
                // Without the permission for it there is nothing to be done but to wait.
                nudged = self.patch(None, nudge).await.is_ok();
            }
            let next = later(self.aws.now(), LOOK);
            super::sleep(self.aws.clone(), Some(next)).await;
        }
    }

    /// It was taken; what is tried again, or brought out again, goes on under another id.
    fn taken(&self, texts: &[&str], rollout: &Rollout) -> Progress {
        let chosen = matches!(self.order.action, Action::Undo(_));
        let again = chosen || self.wants("abort") == Some(false);
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
        if let Some(at) = self.restart_at() {
            return rollout.spec.restart_at.is_some_and(|asked| asked.to_string() == at);
        }
        match param(self.order, "pausedSince").and_then(Value::as_str) {
            Some(since) => paused_since(rollout).is_none_or(|now| now != since),
            None => rollout.spec.paused == (self.order.action == Action::Pause),
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
            rollout.is_unpausing()
        } else {
            if param(self.order, "patch").is_some_and(|patch| !patch["metadata"].is_null()) {
                return rollout.is_unpausing();
            }
            let asked = param(self.order, "toReplicaSet").is_some();
            // A rollout that was aborted is known by its version too, see `translate`.
            let before = self.order.expected.rollout.as_str();
            !translate::is_observed(rollout)
                || (asked && before.starts_with(&status.current_pod_hash))
        }
    }
}

/// Since when a rollout is paused by its controller.
fn paused_since(rollout: &Rollout) -> Option<String> {
    let pause = rollout.status.pause_conditions.first()?;
    Some(pause.start_time.map(|at| at.to_string()).unwrap_or_default())
}

fn accepted(texts: &[&str]) -> Progress {
    Progress::Accepted { request_id: None, answer: sentence(texts), rollout: None }
}

fn sentence(texts: &[&str]) -> String {
    let texts: Vec<&str> = texts.iter().copied().filter(|text| !text.is_empty()).collect();
    texts.join("; ")
}

/// Somebody else has written the object since it was read; nothing was changed.
fn is_conflict(progress: &Progress) -> bool {
    let conflict = FaultKind::Rejected { code: "Conflict".to_owned() };
    matches!(progress, Progress::Refused { fault } if fault.kind == conflict)
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
