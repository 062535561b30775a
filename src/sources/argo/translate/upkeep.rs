//! What can be done beside bringing a version forward or back: pausing, restarting, choosing an
//! earlier version, ending an analysis.

use jiff::Timestamp;
use serde_json::json;

use crate::domain::{Action, Analysis, Call, Candidate, Means, Refusal, Restart, RevisionNumber};
use crate::sources::argo::raw::{AnalysisRun, Experiment, ReplicaSet, Rollout, is_end};

use super::guards;
use super::offers::{Offer, Situation};

/// The restart that was asked for last.
pub(super) fn restart(rollout: &Rollout) -> Option<Restart> {
    let asked = rollout.spec.restart_at?;
    Some(Restart { asked, done: rollout.status.restarted_at == Some(asked) })
}

impl Situation<'_> {
    /// Everything stays as it is.
    pub(super) fn freeze(&self) -> Offer {
        if self.view.rollout.spec.paused {
            return Err(Refusal::NoSuchCall("it is paused by hand already".to_owned()));
        }
        let patch = json!({"spec": {"paused": true}});
        Ok((Means::Freeze, self.call("patch rollouts", vec![("patch", patch)])))
    }

    /// A pause by hand ends. Where a gate waits as well, a continue ends both.
    pub(super) fn resume(&self) -> Offer {
        if !self.view.rollout.spec.paused {
            return Err(Refusal::NoSuchCall("it is not paused by hand".to_owned()));
        }
        Ok((Means::Thaw, self.thaw()))
    }

    /// All pods anew. The moment is that of the yes.
    pub(super) fn restart(&self) -> Offer {
        if restart(self.view.rollout).is_some_and(|last| !last.done) {
            return Err(Refusal::NoSuchCall("the last restart is not done yet".to_owned()));
        }
        Ok((Means::ReplaceTasks, self.call("patch rollouts", vec![("restart", json!(true))])))
    }

    /// Every other version that is kept, newest first, with how it would be brought out again.
    pub(super) fn revisions(&self) -> Result<Vec<Candidate>, Refusal> {
        let others = self.view.sets.iter().filter(|set| set.metadata.hash() != self.view.current());
        let found: Vec<Candidate> =
            others.map(|set| self.revision(set)).collect::<Result<_, _>>()?;
        if found.is_empty() { Err(Refusal::NothingToGoBackTo) } else { Ok(found) }
    }

    fn revision(&self, set: &ReplicaSet) -> Result<Candidate, Refusal> {
        let status = &self.view.rollout.status;
        let is_stable = set.metadata.hash() == status.stable_rs;
        let means = if is_stable {
            Means::StopAndRollBack
        } else if self.waits_whole(set) || self.is_in_window(set) {
            Means::SwitchOver
        } else {
            Means::BringOut
        };
        let call = self.undo(set, is_stable && self.is_switched())?;
        let (means, call) = self.permitted(Ok((means, call)))?;
        let images = set.spec.template.spec.containers.iter().map(|container| {
            // The registry is the same everywhere and would push out the tag.
            container.image.rsplit('/').next().unwrap_or_default()
        });
        let (running, wanted) = (set.status.available_replicas, set.spec.replicas);
        let pods = match (running, wanted) {
            (0, 0) => "no pods".to_owned(),
            _ => format!("{running} of {wanted} pods run"),
        };
        let number = set.metadata.revision();
        let serves = if is_stable { ", promoted last" } else { "" };
        Ok(Candidate {
            action: Action::Undo(RevisionNumber::new(number.try_into().unwrap_or(u32::MAX))),
            means,
            call,
            name: format!("revision {number} ({})", set.metadata.hash()),
            about: format!("{}, {pods}{serves}", images.collect::<Vec<_>>().join(", ")),
            since: set.metadata.creation_timestamp,
        })
    }

    /// Whether the controller takes a version for a way back that needs no steps, as the Rollout
    /// wants it for some revisions: one that is older than the stable version, with fewer than so
    /// many between them.
    fn is_in_window(&self, set: &ReplicaSet) -> bool {
        let window = self.view.rollout.spec.rollback_window.as_ref();
        let Some(most) = window.and_then(|window| window["revisions"].as_u64()) else {
            return false;
        };
        let stable = self.view.set(&self.view.rollout.status.stable_rs);
        let born = |set: &ReplicaSet| set.metadata.creation_timestamp;
        let (Some(wanted), Some(stable)) = (born(set), stable.and_then(born)) else { return false };
        let between = self.view.sets.iter().filter_map(|set| born(set));
        let between = between.filter(|at| wanted < *at && *at < stable).count();
        wanted < stable && (between as u64) < most
    }

    /// What is measured now and can be ended.
    pub(super) fn analyses(&self) -> Result<Vec<Candidate>, Refusal> {
        let experiment = self.view.experiments().into_iter().find(|own| !is_end(&own.status.phase));
        let runs = self.view.runs().into_iter().filter(|run| !is_end(&run.status.phase));
        let mut found: Vec<Candidate> = Vec::new();
        for offer in
            runs.filter_map(|run| self.run(run)).chain(experiment.map(|own| self.experiment(own)))
        {
            let offer = offer?;
            // Of two that overlap the newer one counts.
            if !found.iter().any(|known| known.action == offer.action) {
                found.push(offer);
            }
        }
        if found.is_empty() {
            return Err(Refusal::NoSuchCall("no analysis runs".to_owned()));
        }
        Ok(found)
    }

    /// One of an experiment ends with that.
    fn run(&self, run: &AnalysisRun) -> Option<Result<Candidate, Refusal>> {
        let analysis = run.place()?;
        let names: Vec<&str> = run.spec.metrics.iter().map(|metric| &*metric.name).collect();
        let told = run.spec.metrics.iter().map(|metric| {
            let result = run.status.metric_results.iter().find(|result| result.name == metric.name);
            guards::reason(run, metric, result)
        });
        let about: Vec<String> = told.filter(|text| !text.is_empty()).collect();
        let call = self.call("patch analysisruns", vec![("analysisRun", json!(run.metadata.name))]);
        let name = format!("{} ({})", names.join(", "), run.purpose());
        Some(self.candidate(
            analysis,
            call,
            (name, about.join("; ")),
            run.metadata.creation_timestamp,
        ))
    }

    fn experiment(&self, own: &Experiment) -> Result<Candidate, Refusal> {
        let call = self.call("patch experiments", vec![("experiment", json!(own.metadata.name))]);
        let name = format!("{} (experiment)", own.metadata.name);
        let told = (name, own.status.message.clone());
        self.candidate(Analysis::Experiment, call, told, own.metadata.creation_timestamp)
    }

    fn candidate(
        &self,
        analysis: Analysis,
        call: Call,
        (name, about): (String, String),
        since: Option<Timestamp>,
    ) -> Result<Candidate, Refusal> {
        let (means, call) = self.permitted(Ok((Means::EndAnalysis, call)))?;
        Ok(Candidate { action: Action::Terminate(analysis), means, call, name, about, since })
    }
}
