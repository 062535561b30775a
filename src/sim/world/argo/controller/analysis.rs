//! Analyses that a strategy begins, and what comes of them.

use serde_json::{Value as Json, json};

use super::super::runs;
use super::super::shape::{Analysis, RunStatus};
use super::{BlueGreen, Canary, Controller, INCONCLUSIVE, Kind, Tone, pods, text};
use crate::sim::world::argo::{HASH, REVISION};

/// What a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Before,
    After,
    Step(usize),
    Background,
}

impl Purpose {
    /// The word in labels and events.
    fn word(self) -> &'static str {
        match self {
            Self::Before => "PrePromotion",
            Self::After => "PostPromotion",
            Self::Step(_) => "Step",
            Self::Background => "Background",
        }
    }

    /// What its name ends on.
    fn suffix(self) -> String {
        match self {
            Self::Before => "-pre".to_owned(),
            Self::After => "-post".to_owned(),
            Self::Step(index) => format!("-{index}"),
            Self::Background => String::new(),
        }
    }

    /// What an abort because of it is put down to.
    fn blame(self) -> &'static str {
        match self {
            Self::Before => "Blue/green pre-promotion analysis phase error/failed",
            Self::After => "Blue/green post-promotion analysis phase error/failed",
            Self::Step(_) => "Step-based analysis phase error/failed",
            Self::Background => "Background analysis phase error/failed",
        }
    }
}

impl Controller<'_> {
    /// Begins the analyses of a blue/green rollout when their time has come.
    pub(super) fn analyse_blue_green(&mut self, strategy: &BlueGreen) {
        if self.is_unchecked() {
            self.end_runs(|_| true);
            self.see_ended_runs();
            return;
        }
        let serves = self.selected(&strategy.active_service) == self.new.hash;
        let full = self.new.ready >= self.preview_wanted(strategy);
        // Somebody tries again: the pods need not be there yet.
        let again = self.before.aborted_at.is_some();
        let passed = self.status.blue_green.scale_up_preview_check_point;
        if let Some(analysis) = &strategy.pre_promotion_analysis
            && (full || again)
            && !serves
            && !passed
        {
            let known = self.status.blue_green.pre_promotion_analysis_run_status.take();
            let run = self.analyse(analysis, Purpose::Before, known);
            self.status.blue_green.pre_promotion_analysis_run_status = run;
        }
        // What the Service leads to is known a look later.
        if let Some(analysis) = &strategy.post_promotion_analysis
            && serves
            && self.before.blue_green.active_selector == self.new.hash
        {
            let known = self.status.blue_green.post_promotion_analysis_run_status.take();
            let run = self.analyse(analysis, Purpose::After, known);
            self.status.blue_green.post_promotion_analysis_run_status = run;
        }
    }

    /// Begins the analysis of the present step, and the one beside the steps.
    pub(super) fn analyse_canary(&mut self, strategy: &Canary) {
        if self.is_unchecked() {
            self.end_runs(|_| true);
            self.see_ended_runs();
            return;
        }
        let index = self.status.current_step_index.unwrap_or(0);
        if let Some(background) =
            strategy.analysis.as_ref().filter(|one| index >= one.starting_step)
            && !background.analysis.templates.is_empty()
        {
            let known = self.status.canary.current_background_analysis_run_status.take();
            let run = self.analyse(&background.analysis, Purpose::Background, known);
            self.status.canary.current_background_analysis_run_status = run;
        }
        let known = self.status.canary.current_step_analysis_run_status.take();
        // One of an earlier step is no longer of interest.
        let known = known.filter(|known| self.is_of_step(&known.name, index));
        self.end_runs_of_other_steps(index);
        let step = strategy.steps.get(index);
        let Some(analysis) = step.and_then(|step| step.analysis.as_ref()) else { return };
        let waits = !self.status.pause_conditions.is_empty();
        let run = if waits { known } else { self.analyse(analysis, Purpose::Step(index), known) };
        self.status.canary.current_step_analysis_run_status = run;
    }

    /// Whether nothing is analysed: there is nothing in flight, or it is on a way that asks nobody.
    fn is_unchecked(&self) -> bool {
        !self.is_in_flight()
            || self.status.abort
            || self.status.promote_full
            || self.new.deadline.is_some()
            || self.is_within_window()
    }

    fn step_of(run: &Json) -> Option<&str> {
        run["metadata"]["labels"]["step-index"].as_str()
    }

    pub(super) fn is_of_step(&self, run: &str, index: usize) -> bool {
        let run = self.argo.store.get(Kind::AnalysisRun, run);
        run.and_then(Self::step_of).is_some_and(|step| step == index.to_string())
    }

    fn end_runs_of_other_steps(&mut self, index: usize) {
        let current = index.to_string();
        let others: Vec<String> = (self.argo.store.all(Kind::AnalysisRun))
            .filter(|run| Self::step_of(run).is_some_and(|step| step != current))
            .map(|run| text(run, "/metadata/name").to_owned())
            .collect();
        self.end_runs(|name| others.iter().any(|other| other == name));
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
            Some(run)
                if run.status == "Inconclusive"
                    && self.status.pause_conditions.is_empty()
                    && self.status.controller_pause =>
            {
                self.status.controller_pause = false;
                None
            }
            known if pause => return known,
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
        let base = format!("{}-{hash}-{revision}{}", self.argo.name, purpose.suffix());
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

    /// An argument with the version that it means.
    pub(super) fn resolved(&self, arg: &Json) -> Json {
        let hash = match arg["valueFrom"]["podTemplateHashValue"].as_str() {
            Some("Latest") => &self.new.hash,
            Some("Stable") => &self.status.stable_rs,
            Some(_) | None => return arg.clone(),
        };
        json!({"name": arg["name"], "value": hash})
    }

    /// Ends some of the Rollout's own runs that still run, by their names.
    pub(super) fn end_runs(&mut self, which: impl Fn(&str) -> bool) {
        let runs = self.argo.store.all(Kind::AnalysisRun).filter(|run| {
            let own = text(run, "/metadata/ownerReferences/0/kind") == "Rollout";
            let open = matches!(text(run, "/status/phase"), "" | "Pending" | "Running");
            own && open && run["spec"]["terminate"] != true && which(text(run, "/metadata/name"))
        });
        let names: Vec<String> = runs.map(|run| text(run, "/metadata/name").to_owned()).collect();
        for name in names {
            let end = |run: &mut Json| run["spec"]["terminate"] = json!(true);
            self.argo.store.change(Kind::AnalysisRun, &name, end);
            self.argo.plan(runs::BEGINS, super::ArgoStep::Measure);
        }
    }

    /// Ends the runs of all versions but one.
    pub(super) fn end_runs_of_others(&mut self, hash: &str) {
        let others: Vec<String> = (self.argo.store.all(Kind::AnalysisRun))
            .filter(|run| run["metadata"]["labels"][HASH] != hash)
            .map(|run| text(run, "/metadata/name").to_owned())
            .collect();
        self.end_runs(|name| others.iter().any(|other| other == name));
    }

    /// How the runs ended that are still told of.
    fn see_ended_runs(&mut self) {
        let store = &self.argo.store;
        let told = [
            &mut self.status.blue_green.pre_promotion_analysis_run_status,
            &mut self.status.blue_green.post_promotion_analysis_run_status,
            &mut self.status.canary.current_step_analysis_run_status,
            &mut self.status.canary.current_background_analysis_run_status,
        ];
        for told in told.into_iter().flatten() {
            if let Some(run) = store.get(Kind::AnalysisRun, &told.name) {
                text(run, "/status/phase").clone_into(&mut told.status);
                text(run, "/status/message").clone_into(&mut told.message);
            }
        }
    }
}
