//! The experiment of a step.

use serde_json::{Value as Json, json};

use super::super::experiments::is_over;
use super::{Canary, Controller, HASH, Kind, pods, text};
use crate::sim::world::argo::REVISION;

/// Why the rollout waits when an experiment has come to no result.
const INCONCLUSIVE: &str = "InconclusiveExperiment";

impl Controller<'_> {
    /// Begins the experiment of the present step, sees how far it is, and ends those of other steps.
    pub(super) fn experiment(&mut self, strategy: &Canary) {
        let goes_on = self.is_in_flight() && !self.status.abort && !self.status.promote_full;
        let index = self.status.current_step_index.unwrap_or(0);
        let step = strategy.steps.get(index).filter(|_| goes_on);
        let Some(spec) = step.and_then(|step| step.experiment.clone()) else {
            self.status.canary.current_experiment.clear();
            self.end_experiments("");
            return;
        };
        let (hash, revision) = (&self.new.hash, self.new.revision);
        let name = format!("{}-{hash}-{revision}-{index}", self.argo.name);
        self.end_experiments(&name);
        if self.argo.store.get(Kind::Experiment, &name).is_none() && !self.spec.paused {
            self.create_experiment(&name, &spec);
        }
        self.status.canary.current_experiment.clone_from(&name);
        let own = self.argo.store.get(Kind::Experiment, &name);
        let phase = own.map(|one| text(one, "/status/phase").to_owned()).unwrap_or_default();
        match phase.as_str() {
            "Failed" | "Error" => {
                let message = own.map(|one| text(one, "/status/message").to_owned());
                let message = message.unwrap_or_default();
                self.abort(&format!("Experiment phase error/failed: {message}"));
            }
            "Inconclusive" if self.status.pause(INCONCLUSIVE).is_none() => {
                self.pause(INCONCLUSIVE);
            }
            _ => {}
        }
    }

    /// Whether the experiment of the present step has ended well.
    pub(super) fn is_tried(&self) -> bool {
        let name = &self.status.canary.current_experiment;
        let own = self.argo.store.get(Kind::Experiment, name);
        own.is_some_and(|one| text(one, "/status/phase") == "Successful")
    }

    fn create_experiment(&mut self, name: &str, spec: &Json) {
        let mut spec = spec.clone();
        let sets = [("stable", self.status.stable_rs.clone()), ("canary", self.new.hash.clone())];
        for template in spec["templates"].as_array_mut().into_iter().flatten() {
            let of = text(template, "/specRef");
            let hash = sets.iter().find(|(role, _)| *role == of).map(|(_, hash)| hash.as_str());
            let set = hash.and_then(|hash| self.set(hash));
            let set = set.and_then(|set| self.argo.store.get(Kind::ReplicaSet, &set.name));
            let mut own = set.map(|set| set["spec"]["template"].clone()).unwrap_or_default();
            if let Some(labels) = own["metadata"]["labels"].as_object_mut() {
                labels.remove(HASH);
            }
            template["template"] = own;
        }
        for analysis in spec["analyses"].as_array_mut().into_iter().flatten() {
            let args = analysis["args"].as_array().cloned().unwrap_or_default();
            analysis["args"] = args.iter().map(|arg| self.resolved(arg)).collect();
        }
        let Some(rollout) = self.argo.rollout() else { return };
        let experiment = json!({
            "metadata": {
                "name": name,
                "annotations": {REVISION: self.new.revision.to_string()},
                "labels": {HASH: self.new.hash},
                "ownerReferences": [pods::owner_reference(rollout)],
            },
            "spec": spec,
            "status": {},
        });
        self.argo.store.create(self.argo.now, Kind::Experiment, experiment);
        let told = format!("Created Experiment '{name}'");
        self.argo.say(super::Tone::Normal, "ExperimentCreated", &told);
    }

    /// Ends all experiments but one.
    fn end_experiments(&mut self, but: &str) {
        let all = self.argo.store.all(Kind::Experiment);
        let open: Vec<String> = all
            .filter(|one| !is_over(text(one, "/status/phase")))
            .map(|one| text(one, "/metadata/name").to_owned())
            .filter(|name| name != but)
            .collect();
        for name in open {
            let end = |one: &mut Json| one["spec"]["terminate"] = json!(true);
            self.argo.store.change(Kind::Experiment, &name, end);
        }
    }
}
