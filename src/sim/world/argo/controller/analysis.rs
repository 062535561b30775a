//! Analyses that a strategy begins, and what comes of them.

use serde_json::{Value as Json, json};

use super::super::runs;
use super::super::shape::{Analysis, RunStatus};
use super::{BlueGreen, Canary, Controller, Kind, Tone, pods, text};
use crate::sim::world::argo::{HASH, REVISION};

/// Why the rollout waits when an analysis has come to no result.
const INCONCLUSIVE: &str = "InconclusiveAnalysisRun";

/// What a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Before,
    After,
    Step(usize),
}

impl Purpose {
    /// The word in labels and events.
    fn word(self) -> &'static str {
        match self {
            Self::Before => "PrePromotion",
            Self::After => "PostPromotion",
            Self::Step(_) => "Step",
        }
    }

    /// What its name ends on.
    fn infix(self) -> String {
        match self {
            Self::Before => "pre".to_owned(),
            Self::After => "post".to_owned(),
            Self::Step(index) => index.to_string(),
        }
    }

    /// What an abort because of it is put down to.
    fn blame(self) -> &'static str {
        match self {
            Self::Before => "Blue/green pre-promotion analysis phase error/failed",
            Self::After => "Blue/green post-promotion analysis phase error/failed",
            Self::Step(_) => "Step-based analysis phase error/failed",
        }
    }
}

impl Controller<'_> {
    /// Begins the analyses of a blue/green rollout when their time has come.
    pub(super) fn analyse_blue_green(&mut self, strategy: &BlueGreen) {
        if !self.is_in_flight() || self.status.abort {
            self.end_runs(|_| true);
            self.see_ended_runs();
            return;
        }
        let serves = self.selected(&strategy.active_service) == self.new.hash;
        let is_full = self.new.ready >= self.spec.replicas();
        if let Some(analysis) = &strategy.pre_promotion_analysis
            && is_full
            && !serves
            && !self.status.promote_full
        {
            let known = self.status.blue_green.pre_promotion_analysis_run_status.take();
            let run = self.analyse(analysis, Purpose::Before, known);
            self.status.blue_green.pre_promotion_analysis_run_status = run;
        }
        if let Some(analysis) = &strategy.post_promotion_analysis
            && serves
            && !self.status.promote_full
        {
            let known = self.status.blue_green.post_promotion_analysis_run_status.take();
            let run = self.analyse(analysis, Purpose::After, known);
            self.status.blue_green.post_promotion_analysis_run_status = run;
        }
    }

    /// Begins the analysis of the present step.
    pub(super) fn analyse_canary(&mut self, strategy: &Canary) {
        if !self.is_in_flight() || self.status.abort || self.status.promote_full {
            self.end_runs(|_| true);
            self.see_ended_runs();
            return;
        }
        let index = self.status.current_step_index.unwrap_or(0);
        let step = strategy.steps.get(index);
        if let Some(analysis) = step.and_then(|step| step.analysis.as_ref()) {
            let known = self.status.canary.current_step_analysis_run_status.take();
            let run = self.analyse(analysis, Purpose::Step(index), known);
            self.status.canary.current_step_analysis_run_status = run;
        }
    }

    /// Begins a run, or sees how far it is.
    fn analyse(
        &mut self,
        analysis: &Analysis,
        purpose: Purpose,
        known: Option<RunStatus>,
    ) -> Option<RunStatus> {
        let pause = self.status.pause(INCONCLUSIVE).is_some();
        let known = match known {
            // Somebody has released the pause after one without a result: it is run again.
            Some(run) if run.status == "Inconclusive" && !pause && self.status.controller_pause => {
                self.status.controller_pause = false;
                None
            }
            known => known,
        };
        let Some(known) = known else {
            let name = self.begin_run(analysis, purpose)?;
            return Some(RunStatus { name, ..RunStatus::default() });
        };
        let run = self.argo.store.get(Kind::AnalysisRun, &known.name)?;
        let now = RunStatus {
            name: known.name.clone(),
            status: text(run, "/status/phase").to_owned(),
            message: text(run, "/status/message").to_owned(),
        };
        if now.status != known.status {
            self.tell_run(purpose, &known, &now);
            match now.status.as_str() {
                "Failed" | "Error" => {
                    self.abort(&format!("{}: {}", purpose.blame(), now.message));
                }
                "Inconclusive" => self.pause(INCONCLUSIVE),
                _ => {}
            }
        }
        Some(now)
    }

    fn tell_run(&mut self, purpose: Purpose, before: &RunStatus, now: &RunStatus) {
        let bad = matches!(now.status.as_str(), "Failed" | "Error");
        let tone = if bad { Tone::Warning } else { Tone::Normal };
        let what = format!(
            "{} Analysis Run '{}' Status New: '{}' Previous: '{}'",
            purpose.word(),
            now.name,
            now.status,
            before.status
        );
        self.argo.say(tone, &format!("AnalysisRun{}", now.status), &what);
    }

    /// Makes a run; its name.
    fn begin_run(&mut self, analysis: &Analysis, purpose: Purpose) -> Option<String> {
        let rollout = self.argo.rollout()?;
        let (hash, revision) = (&self.new.hash, self.new.revision);
        let infix = purpose.infix();
        let base = format!("{}-{hash}-{revision}-{infix}", self.argo.name);
        let taken = |name: &String| self.argo.store.get(Kind::AnalysisRun, name).is_some();
        let again = (1..).map(|number| format!("{base}.{number}"));
        let name = std::iter::once(base.clone()).chain(again).find(|name| !taken(name))?;
        let args: Vec<Json> = analysis.args.iter().map(|arg| self.resolved(arg)).collect();
        let templates = analysis
            .templates
            .iter()
            .filter_map(|one| self.argo.store.get(Kind::AnalysisTemplate, &one.template_name));
        let metrics: Vec<Json> = templates
            .flat_map(|template| {
                template["spec"]["metrics"].as_array().cloned().unwrap_or_default()
            })
            .collect();
        let mut labels = json!({
            "app": self.argo.name,
            "rollout-type": purpose.word(),
            HASH: hash,
        });
        if let Purpose::Step(index) = purpose {
            labels["step-index"] = json!(index.to_string());
        }
        let run = json!({
            "metadata": {
                "name": name,
                "annotations": {REVISION: revision.to_string()},
                "labels": labels,
                "ownerReferences": [pods::owner_reference(rollout)],
            },
            "spec": {"args": args, "metrics": metrics},
            "status": {"phase": "", "runSummary": {}},
        });
        self.argo.store.create(self.argo.now, Kind::AnalysisRun, run);
        self.argo.plan(runs::BEGINS, super::ArgoStep::Measure);
        Some(name)
    }

    fn resolved(&self, arg: &Json) -> Json {
        let hash = match arg["valueFrom"]["podTemplateHashValue"].as_str() {
            Some("Latest") => &self.new.hash,
            Some("Stable") => &self.status.stable_rs,
            Some(_) | None => return arg.clone(),
        };
        json!({"name": arg["name"], "value": hash})
    }

    /// Ends the runs of some versions that still run.
    pub(super) fn end_runs(&mut self, of: impl Fn(&str) -> bool) {
        let runs = self.argo.store.all(Kind::AnalysisRun).filter(|run| {
            let hash = run["metadata"]["labels"][HASH].as_str().unwrap_or_default();
            let open = matches!(text(run, "/status/phase"), "" | "Pending" | "Running");
            open && run["spec"]["terminate"] != true && of(hash)
        });
        let names: Vec<String> = runs.map(|run| text(run, "/metadata/name").to_owned()).collect();
        for name in names {
            let end = |run: &mut Json| run["spec"]["terminate"] = json!(true);
            self.argo.store.change(Kind::AnalysisRun, &name, end);
            self.argo.plan(runs::BEGINS, super::ArgoStep::Measure);
        }
    }

    /// How the runs ended that are still told of.
    fn see_ended_runs(&mut self) {
        let store = &self.argo.store;
        let told = [
            &mut self.status.blue_green.pre_promotion_analysis_run_status,
            &mut self.status.blue_green.post_promotion_analysis_run_status,
            &mut self.status.canary.current_step_analysis_run_status,
        ];
        for told in told.into_iter().flatten() {
            if let Some(run) = store.get(Kind::AnalysisRun, &told.name) {
                text(run, "/status/phase").clone_into(&mut told.status);
                text(run, "/status/message").clone_into(&mut told.message);
            }
        }
    }
}
