//! What people change: JSON merge patches on an object or its status, as the API server takes them.

use serde_json::{Value as Json, json};

use super::shape::{Spec, Status};
use super::store::{difference, merge, text};
use super::{Argo, ArgoStep, Kind, front, pods, runs};
use crate::sim::world::World;

/// Why a change is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refused {
    /// There is no such object.
    NotFound,
    /// The object has been changed since.
    Conflict,
    /// There is one of this name.
    Exists,
    /// What would come out is no such object.
    Invalid(String),
}

impl World {
    /// Merges a patch into an object, or into its status alone; the object as it is then. What
    /// belongs on the other path is ignored without a word.
    pub(crate) fn patch_object(
        &mut self,
        (kind, name): (Kind, &str),
        status: bool,
        patch: &Json,
    ) -> Result<Json, Refused> {
        let refused = self.change_cluster(|argo, _| argo.patch((kind, name), status, patch).err());
        if let Some(refused) = refused {
            return Err(refused);
        }
        let object = self.argo.as_ref().and_then(|argo| argo.store.get(kind, name));
        object.cloned().ok_or(Refused::NotFound)
    }

    /// Replaces an object, or its status alone, in the version that it carries if it carries one.
    pub(crate) fn replace_object(
        &mut self,
        (kind, name): (Kind, &str),
        status: bool,
        object: &Json,
    ) -> Result<Json, Refused> {
        let known = self.argo.as_ref().and_then(|argo| argo.store.get(kind, name));
        let Some(known) = known else { return Err(Refused::NotFound) };
        let patch = json!({
            "metadata": {
                "resourceVersion": object["metadata"]["resourceVersion"],
                "annotations": difference(&known["metadata"]["annotations"], &object["metadata"]["annotations"]),
                "labels": difference(&known["metadata"]["labels"], &object["metadata"]["labels"]),
            },
            "spec": difference(&known["spec"], &object["spec"]),
            "status": difference(&known["status"], &object["status"]),
        });
        self.patch_object((kind, name), status, &patch)
    }
}

impl Argo {
    fn patch(
        &mut self,
        (kind, name): (Kind, &str),
        status: bool,
        patch: &Json,
    ) -> Result<(), Refused> {
        let object = self.store.get(kind, name).ok_or(Refused::NotFound)?;
        let wanted = patch.pointer("/metadata/resourceVersion").and_then(Json::as_str);
        if wanted.is_some_and(|wanted| wanted != text(object, "/metadata/resourceVersion")) {
            return Err(Refused::Conflict);
        }
        let mut patch = patch.clone();
        let ignored: &[&str] = match (status, kind.has_status()) {
            (true, _) => &["spec", "metadata"],
            (false, true) => &["status"],
            (false, false) => &[],
        };
        if let Some(fields) = patch.as_object_mut() {
            fields.retain(|field, _| !ignored.contains(&field.as_str()));
        }
        let mut after = object.clone();
        merge(&mut after, &patch);
        for kept in ["name", "namespace", "uid", "creationTimestamp", "generation"] {
            after["metadata"][kept] = object["metadata"][kept].clone();
        }
        after["metadata"]["resourceVersion"] = object["metadata"]["resourceVersion"].clone();
        for own in ["apiVersion", "kind"] {
            after[own] = object[own].clone();
        }
        if kind == Kind::Service && pods::selected(&after) != pods::selected(object) {
            let hash = pods::selected(&after).to_owned();
            front::lead(&mut after, &hash, "kubectl-patch", self.now);
        }
        if let Some(fields) = after["metadata"].as_object_mut() {
            fields.retain(|_, value| !value.is_null());
        }
        if kind == Kind::Rollout {
            readable(&after)?;
        }
        let before = object.clone();
        if self.store.change(kind, name, |object| *object = after) && kind == Kind::Rollout {
            self.is_changed(before);
        }
        if matches!(kind, Kind::AnalysisRun | Kind::Experiment) {
            // It may have been told to end.
            self.plan(runs::BEGINS, ArgoStep::Measure);
        }
        Ok(())
    }
}

/// Whether this is a Rollout as its definition describes one.
pub(super) fn readable(rollout: &Json) -> Result<(), Refused> {
    let read = |part: &str| rollout[part].clone();
    let spec = serde_json::from_value::<Spec>(read("spec")).map(drop);
    let status = match read("status") {
        Json::Null => Ok(()),
        status => serde_json::from_value::<Status>(status).map(drop),
    };
    for (part, read) in [("spec", spec), ("status", status)] {
        read.map_err(|error| Refused::Invalid(format!("{part}: {error}")))?;
    }
    Ok(())
}
