//! A Rollout whose template is a Deployment's.

use serde_json::{Value as Json, json};

use super::super::shape::Spec;
use super::{Argo, Controller, Kind};

/// The annotation with the Deployment's generation.
const GENERATION: &str = "rollout.argoproj.io/workload-generation";

/// Borrows template and selector; what is wrong where that cannot be.
pub(super) fn borrow(argo: &mut Argo, spec: &mut Spec) -> Option<String> {
    let workload = spec.workload_ref.clone()?;
    let (kind, name) = (&workload.kind, &workload.name);
    let Some(lent) = argo.lent_by(name).filter(|_| kind == "Deployment") else {
        let kinds = format!("{}s.apps", kind.to_lowercase());
        return Some(format!(
            "spec.workloadRef.name: Invalid value: \"{name}\": {kinds} \"{name}\" not found"
        ));
    };
    spec.template = lent.template;
    spec.selector = lent.selector;
    let rollout = argo.name.clone();
    argo.store.change(Kind::Rollout, &rollout, |rollout| {
        rollout["metadata"]["annotations"][GENERATION] = json!(lent.generation);
    });
    None
}

impl Controller<'_> {
    /// Remembers which generation of the Deployment was seen.
    pub(super) fn see_workload(&mut self) {
        let notes = self.argo.rollout().map(|rollout| &rollout["metadata"]["annotations"]);
        let seen = notes.and_then(|notes| notes[GENERATION].as_str()).unwrap_or_default();
        let refers = self.spec.workload_ref.is_some();
        self.status.workload_observed_generation =
            if refers { seen.to_owned() } else { String::new() };
    }

    /// Takes the Deployment's own pods away, as far as that is asked for: when the first version of the
    /// Rollout is there, or as it comes.
    pub(super) fn end_workload(&mut self) {
        let Some(workload) = self.spec.workload_ref.clone() else { return };
        let ready = self.new.ready.min(self.spec.replicas());
        let left = match workload.scale_down.as_str() {
            "onsuccess" if ready == self.spec.replicas() => 0,
            "progressively" => self.spec.replicas() - ready,
            _ => return,
        };
        if self.new.revision != 1 {
            return;
        }
        self.argo.store.change(Kind::Deployment, &workload.name, |one: &mut Json| {
            let wanted = one["spec"]["replicas"].as_u64().unwrap_or(1);
            one["spec"]["replicas"] = json!(wanted.min(u64::from(left)));
        });
    }
}
