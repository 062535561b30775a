//! Experiments: some versions run beside each other for a while, or until what analyses them has ended.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::say::Tone;
use super::steps::Pause;
use super::store::{stamp, text};
use super::{Argo, ArgoStep, HASH, Kind, hash, pods, runs};
use crate::sim::world::time::after;

impl Argo {
    /// Looks at every experiment and does what is next.
    pub(super) fn sync_experiments(&mut self) {
        let all = self.store.all(Kind::Experiment);
        let names: Vec<String> = all.map(|one| text(one, "/metadata/name").to_owned()).collect();
        for name in names {
            self.sync_experiment(&name);
        }
    }

    fn sync_experiment(&mut self, name: &str) {
        let Some(experiment) = self.store.get(Kind::Experiment, name).cloned() else { return };
        let templates = experiment["spec"]["templates"].as_array().cloned().unwrap_or_default();
        if is_over(text(&experiment, "/status/phase")) {
            return;
        }
        for template in &templates {
            self.create_version(&experiment, template);
        }
        let statuses: Vec<Json> =
            templates.iter().map(|template| self.version_status(&experiment, template)).collect();
        let available = statuses.iter().all(|one| one["availableReplicas"] == one["replicas"]);
        let since = text(&experiment, "/status/availableAt").parse::<Timestamp>().ok();
        let since = since.or(available.then_some(self.now));
        if since.is_some() {
            for analysis in experiment["spec"]["analyses"].as_array().into_iter().flatten() {
                self.create_run(&experiment, analysis);
            }
        }
        let runs = self.runs_of(&experiment);
        let (phase, message) = self.stands_at(&experiment, since, &runs);
        let known = text(&experiment, "/status/phase").to_owned();
        self.store.change(Kind::Experiment, name, |one| {
            let status = &mut one["status"];
            status["phase"] = json!(phase);
            status["templateStatuses"] = json!(statuses);
            status["analysisRuns"] = json!(runs);
            if !message.is_empty() {
                status["message"] = json!(message);
            }
            if let Some(since) = since {
                status["availableAt"] = json!(stamp(since));
            }
        });
        if phase != known && is_over(phase) {
            let tone = if phase == "Successful" { Tone::Normal } else { Tone::Warning };
            let what = format!("Experiment transitioned from {known} to {phase}");
            let told = (tone, &*format!("Experiment{phase}"), &*what);
            self.say_of((Kind::Experiment, name), "rollouts-controller", told);
            self.end_experiment(&experiment);
        }
    }

    /// The phase that an experiment is in, and why.
    fn stands_at(
        &mut self,
        experiment: &Json,
        since: Option<Timestamp>,
        runs: &[Json],
    ) -> (&'static str, String) {
        if experiment["spec"]["terminate"] == true {
            return ("Successful", "Experiment terminated".to_owned());
        }
        let ended = |phase: &str| runs.iter().find(|run| run["phase"] == phase);
        for phase in ["Failed", "Error", "Inconclusive"] {
            if let Some(run) = ended(phase) {
                return (phase, text(run, "/message").to_owned());
            }
        }
        let Some(since) = since else { return ("Pending", String::new()) };
        let done = |run: &Json| run["phase"] == "Successful";
        let duration: Pause = serde_json::from_value(json!({
            "duration": experiment["spec"]["duration"],
        }))
        .unwrap_or_default();
        let over = duration.duration().map(|span| after(since, span));
        match over {
            Some(over) if over <= self.now => ("Successful", String::new()),
            Some(over) => {
                let wait = over.duration_since(self.now).max(SignedDuration::from_millis(1));
                self.plan(wait, ArgoStep::Reconcile);
                ("Running", String::new())
            }
            // Without a duration it ends with its analyses.
            None if !runs.is_empty() && runs.iter().all(done) => ("Successful", String::new()),
            None => ("Running", String::new()),
        }
    }

    fn set_name(experiment: &Json, template: &Json) -> String {
        format!("{}-{}", text(experiment, "/metadata/name"), text(template, "/name"))
    }

    /// Makes the ReplicaSet of a version.
    fn create_version(&mut self, experiment: &Json, template: &Json) {
        let name = Self::set_name(experiment, template);
        if self.store.get(Kind::ReplicaSet, &name).is_some() {
            return;
        }
        let own = hash::of_text(&name);
        let labelled = hash::labelled(&hash::completed(&template["template"]), &own);
        let labels = labelled["metadata"]["labels"].clone();
        let set = json!({
            "metadata": {
                "name": name,
                "annotations": {
                    "experiment.argoproj.io/name": experiment["metadata"]["name"],
                    "experiment.argoproj.io/template-name": template["name"],
                },
                "labels": labels,
                "ownerReferences": [pods::owner_reference(experiment)],
            },
            "spec": {
                "replicas": template["replicas"].as_u64().unwrap_or(1),
                "selector": {"matchLabels": {HASH: own}},
                "template": labelled,
            },
            "status": {"replicas": 0},
        });
        self.store.create(self.now, Kind::ReplicaSet, set);
    }

    fn version_status(&self, experiment: &Json, template: &Json) -> Json {
        let name = Self::set_name(experiment, template);
        let sets = self.sets_of("Experiment");
        let set = sets.iter().find(|set| set.name == name);
        let ready = set.map_or(0, |set| set.ready);
        let wanted = template["replicas"].as_u64().unwrap_or(1);
        json!({
            "name": template["name"],
            "replicas": wanted,
            "updatedReplicas": set.map_or(0, |set| set.current),
            "readyReplicas": ready,
            "availableReplicas": u64::from(ready).min(wanted),
            "status": if u64::from(ready) >= wanted { "Running" } else { "Progressing" },
        })
    }

    /// Begins an analysis of an experiment.
    fn create_run(&mut self, experiment: &Json, analysis: &Json) {
        let own = text(experiment, "/metadata/name");
        let name = format!("{own}-{}", text(analysis, "/name"));
        if self.store.get(Kind::AnalysisRun, &name).is_some() {
            return;
        }
        let template = self.store.get(Kind::AnalysisTemplate, text(analysis, "/templateName"));
        let metrics = template.map(|one| one["spec"]["metrics"].clone()).unwrap_or_default();
        let hashes = experiment["spec"]["templates"].as_array().into_iter().flatten();
        let filled = hashes.fold(analysis["args"].to_string(), |args, template| {
            let place = format!("{{{{templates.{}.podTemplateHash}}}}", text(template, "/name"));
            args.replace(&place, &hash::of_text(&Self::set_name(experiment, template)))
        });
        let args: Json = serde_json::from_str(&filled).unwrap_or_default();
        let run = json!({
            "metadata": {
                "name": name,
                "annotations": experiment["metadata"]["annotations"],
                "labels": {HASH: experiment["metadata"]["labels"][HASH]},
                "ownerReferences": [pods::owner_reference(experiment)],
            },
            "spec": {
                "args": if args.is_array() { args } else { json!([]) },
                "metrics": if metrics.is_array() { metrics } else { json!([]) },
            },
            "status": {"phase": "", "runSummary": {}},
        });
        self.store.create(self.now, Kind::AnalysisRun, run);
        self.plan(runs::BEGINS, ArgoStep::Measure);
    }

    /// The analyses of an experiment, as its status names them.
    fn runs_of(&self, experiment: &Json) -> Vec<Json> {
        let own = text(experiment, "/metadata/name");
        let analyses = experiment["spec"]["analyses"].as_array().into_iter().flatten();
        let begun = analyses.filter_map(|analysis| {
            let name = format!("{own}-{}", text(analysis, "/name"));
            let run = self.store.get(Kind::AnalysisRun, &name)?;
            Some(json!({
                "name": analysis["name"],
                "analysisRun": name,
                "phase": text(run, "/status/phase"),
                "message": text(run, "/status/message"),
            }))
        });
        begun.collect()
    }

    /// Ends the pods and the analyses of an experiment that is over.
    fn end_experiment(&mut self, experiment: &Json) {
        let uid = text(experiment, "/metadata/uid");
        for kind in [Kind::ReplicaSet, Kind::AnalysisRun] {
            let own = |one: &&Json| text(one, "/metadata/ownerReferences/0/uid") == uid;
            let names: Vec<String> = (self.store.all(kind).filter(own))
                .map(|one| text(one, "/metadata/name").to_owned())
                .collect();
            for name in names {
                self.store.change(kind, &name, |one| match kind {
                    Kind::ReplicaSet => one["spec"]["replicas"] = json!(0),
                    _ if is_over(text(one, "/status/phase")) => {}
                    _ => one["spec"]["terminate"] = json!(true),
                });
            }
        }
        self.plan(runs::BEGINS, ArgoStep::Measure);
    }
}

/// Whether nothing more will happen.
pub(super) fn is_over(phase: &str) -> bool {
    matches!(phase, "Successful" | "Failed" | "Error" | "Inconclusive")
}
