//! An earlier version is asked for again: its template takes the place of the present one.

use serde_json::{Value, json};

use crate::domain::{Fault, Progress};
use crate::sources::argo::cluster::Resource;
use crate::sources::argo::raw::{HASH_LABEL, Kind};
use crate::sources::order::param;
use crate::sources::time::later;

use super::{Edit, LOOK, PATIENCE, Sending, accepted};

impl Sending<'_> {
    /// Puts the template of an earlier version in the place of the present one.
    pub(super) async fn undo(&self, set: &str) -> Progress {
        if let Err(progress) = self.change(Edit::Template { set }).await {
            return progress;
        }
        let remark = self.thaw().await;
        let taken = self.watch_effect(&remark).await;
        match param(self.order, "untilServed") {
            Some(_) => self.switch().await,
            None => taken,
        }
    }

    /// Who holds the template: the rollout itself, or the Deployment that it refers to.
    pub(super) fn holder(&self) -> (Resource, &str) {
        match param(self.order, "deployment").and_then(Value::as_str) {
            Some(name) => (self.place.resource(Kind::Deployment), name),
            None => (self.rollouts.clone(), &self.place.name),
        }
    }

    /// The merge patch from the present template to an earlier one, for the version just read.
    pub(super) async fn template_patch(
        &self,
        (of, name): (&Resource, &str),
        set: &str,
    ) -> Result<Value, Fault> {
        let holder: Value = self.cluster.get(of, name).await?;
        let mut wanted: Value =
            self.cluster.get(&self.place.resource(Kind::ReplicaSet), set).await?;
        let mut template = wanted["spec"]["template"].take();
        if let Some(labels) = template["metadata"]["labels"].as_object_mut() {
            labels.remove(HASH_LABEL);
        }
        Ok(json!({
            "metadata": {"resourceVersion": holder["metadata"]["resourceVersion"]},
            "spec": {"template": difference(&holder["spec"]["template"], &template)},
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
            crate::sources::argo::sleep(self.aws.clone(), Some(later(self.aws.now(), LOOK))).await;
        }
    }
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
