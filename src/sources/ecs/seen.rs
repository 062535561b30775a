//! What was seen of a deployment while it was watched. ECS does not say when a stage began or a
//! weight changed: the moment at which this program first saw it is all there is.

use aws_sdk_ecs::types::ServiceDeployment;
use jiff::Timestamp;

use crate::domain::{EventKind, TimelineEvent};
use crate::sources::time::moment;
use crate::sources::timeline::entry;

use super::raw::Control;

/// What one deployment was seen to do.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// The deployment's ARN.
    pub(crate) arn: String,
    /// The revision that served before, as it was first known: the sources lose their weights on
    /// the way, and with several of them nothing else tells which it was.
    pub(crate) blue: Option<String>,
    /// The stages in the order in which they were entered.
    pub(crate) stages: Vec<(String, Timestamp)>,
    /// Green's requested shares in percent, with the moment at which each was first seen.
    pub(crate) shares: Vec<(f64, Timestamp)>,
    /// The hooks' states as they were last seen.
    hooks: Vec<(String, String)>,
    /// Entries for what changed.
    pub(crate) entries: Vec<TimelineEvent>,
    /// When it was last looked at.
    looked: Timestamp,
}

/// Shares that differ by less are the same.
const SAME: f64 = 0.05;

impl Seen {
    /// What is known after one more look; a `share` that was not said changes nothing.
    pub(crate) fn after(
        before: Option<Self>,
        control: &Control,
        (share, blue): (Option<f64>, Option<String>),
        now: Timestamp,
    ) -> Self {
        let arn = control.arn().to_owned();
        let first = before.as_ref().is_none_or(|before| before.arn != arn);
        let mut seen = before.filter(|_| !first).unwrap_or_else(|| Self {
            arn,
            blue: None,
            stages: Vec::new(),
            shares: Vec::new(),
            hooks: Vec::new(),
            entries: Vec::new(),
            looked: now,
        });
        let at = seen.changed_at(&control.deployment, first, now);
        seen.blue = seen.blue.take().or(blue);
        seen.stage(control, first, at);
        if let Some(share) = share
            && seen.shares.last().is_none_or(|(last, _)| (last - share).abs() > SAME)
        {
            seen.shares.push((share, at));
        }
        seen.hooks(&control.deployment, first, at);
        seen.looked = now;
        seen
    }

    /// When a change that is seen now happened. ECS says when the deployment was updated, but not
    /// what was updated: it counts where it can be true, between the last look and this one.
    fn changed_at(&self, of: &ServiceDeployment, first: bool, now: Timestamp) -> Timestamp {
        let updated = moment(of.updated_at()).filter(|at| *at <= now);
        if first {
            return updated.unwrap_or(now);
        }
        updated.filter(|at| *at > self.looked).unwrap_or(now)
    }

    fn stage(&mut self, control: &Control, first: bool, at: Timestamp) {
        let stage = control.stage();
        let is_new = self.stages.last().is_none_or(|(last, _)| last != stage);
        if stage.is_empty() || !is_new {
            return;
        }
        if !first {
            let text = format!("{} began", plain(stage));
            let key = format!("{} {stage} {}", control.id(), self.stages.len());
            self.entries.push(entry(at, EventKind::Deploy, text, key));
        }
        self.stages.push((stage.to_owned(), at));
    }

    fn hooks(&mut self, of: &ServiceDeployment, first: bool, at: Timestamp) {
        for hook in of.lifecycle_hook_details() {
            let id = hook.hook_id().or(hook.target_arn()).unwrap_or("hook").to_owned();
            let Some(status) = hook.status().map(|status| status.as_str().to_owned()) else {
                continue;
            };
            let known = self.hooks.iter_mut().find(|(known, _)| *known == id);
            if known.as_ref().is_some_and(|(_, before)| *before == status) {
                continue;
            }
            let name =
                hook.target_arn().map_or("pause", |arn| arn.rsplit(':').next().unwrap_or(arn));
            if !first {
                let text = format!("{name}: {}", plain(&status));
                self.entries.push(entry(at, EventKind::Hook, text, format!("{id} {status} {at}")));
            }
            match known {
                Some(known) => known.1 = status,
                None => self.hooks.push((id, status)),
            }
        }
    }

    /// When the stage was last entered.
    pub(crate) fn entered(&self, stage: &str) -> Option<Timestamp> {
        self.stages.iter().rev().find(|(name, _)| name == stage).map(|(_, at)| *at)
    }

    /// When green's requested share first was `percent` or more.
    pub(crate) fn reached(&self, percent: f64) -> Option<Timestamp> {
        self.shares.iter().find(|(share, _)| share + SAME >= percent).map(|(_, at)| *at)
    }
}

/// `AWAITING_ACTION` as people write it.
pub(crate) fn plain(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', " ")
}
