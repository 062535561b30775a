//! Who keeps the Rollout and its template as they are written in a repository: it marks them as its
//! own, and may put back what others change.

use serde_json::{Value as Json, json};

use super::{Argo, ArgoStep, Kind};
use crate::sim::world::time::after;

impl Argo {
    /// The metadata of an object that a repository holds.
    pub(super) fn kept(&self, kind: &str) -> Json {
        let mut metadata = json!({ "name": self.name });
        if let Some(kept) = &self.config.kept {
            let place = format!("{}/{}", self.store.namespace(), self.name);
            let mark = format!("{}:{kind}:{place}", kept.application);
            metadata["annotations"] = json!({ "argocd.argoproj.io/tracking-id": mark });
        }
        metadata
    }

    /// What holds the template.
    fn holder(&self) -> Kind {
        if self.config.deployment { Kind::Deployment } else { Kind::Rollout }
    }

    /// Another template is written down, and brought into the cluster.
    pub(super) fn publish(&mut self, template: Json) {
        self.written = Some(template);
        self.put_back();
    }

    fn put_back(&mut self) {
        let (holder, name) = (self.holder(), self.name.clone());
        let Some(template) = self.written.clone() else { return };
        self.store.change(holder, &name, |holder| holder["spec"]["template"] = template);
    }

    /// Plans to put the template back where somebody has changed it.
    pub(super) fn look_for_drift(&mut self) {
        let heals = self.config.kept.as_ref().and_then(|kept| kept.heals_after);
        let Some(wait) = heals.filter(|_| self.heal_at.is_none() && self.has_drifted()) else {
            return;
        };
        self.heal_at = Some(after(self.now, wait));
        self.plan(wait, ArgoStep::Heal);
    }

    fn has_drifted(&self) -> bool {
        let held = self.store.get(self.holder(), &self.name);
        let held = held.map(|holder| &holder["spec"]["template"]);
        self.written.as_ref().zip(held).is_some_and(|(written, held)| written != held)
    }

    pub(super) fn heal(&mut self) {
        self.heal_at = None;
        self.put_back();
    }
}
