//! What became of an order, for people and programs.

use jiff::Timestamp;
use serde::Serialize;

use super::super::Output;
use crate::app::{Outcome, SeenBy, Track};
use crate::domain::{Action, Call, Candidate, Means, Permit, Refusal, RolloutId, Snapshot, Target};

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The effect was seen.
    Done,
    /// The control plane took it; nobody waited for the effect.
    Accepted,
    /// It would be permitted; nothing was sent.
    DryRun,
    /// The state, the identity or the settings do not allow it; nothing was sent.
    NotPermitted,
    /// Nobody said yes; nothing was sent.
    NotConfirmed,
    /// The world was not any more what the question was about; nothing was sent.
    Void,
    /// It could not be written to the audit file; nothing was sent.
    NotAudited,
    /// The control plane refused it.
    Refused,
    /// The control plane took it, and what it led to failed.
    Failed,
    /// The answer was lost, and reading has not shown what happened.
    Unknown,
    /// It was taken; its effect was not seen in the time that was given.
    TimedOut,
}

/// The document.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    schema: &'static str,
    outcome: End,
    /// The reason, where there is something to explain.
    why: Option<String>,
    action: Action,
    means: Option<Means>,
    target: Target,
    rollout: Option<RolloutId>,
    /// The rollout that it led to.
    follows: Option<RolloutId>,
    call: Option<Call>,
    cli: Option<String>,
    /// The order's id in the audit file; null when nothing was sent.
    order: Option<String>,
    by: Option<String>,
    /// Why it was ordered, where that was said.
    reason: Option<String>,
    at: Option<Timestamp>,
    steps: Steps,
}

/// Seconds from the order to each step that was seen.
#[derive(Debug, Clone, Default, Serialize)]
struct Steps {
    sent: Option<f64>,
    accepted: Option<f64>,
    shifting: Option<f64>,
    restored: Option<f64>,
    steady: Option<f64>,
    /// `listener`, `requests` or `tasks`.
    restored_seen_by: Option<&'static str>,
}

/// Why an action is refused, with what it could be about where it has to be chosen.
pub fn why_not(why: &Refusal, candidates: &[&Candidate]) -> String {
    if !matches!(why, Refusal::NotAmongThem) {
        return why.to_string();
    }
    let names: Vec<&str> = candidates.iter().map(|one| &*one.name).collect();
    format!("which one? there is {}", names.join(", "))
}

impl Report {
    /// Nothing was sent.
    pub fn nothing_sent(
        end: End,
        why: Option<String>,
        action: Action,
        snapshot: &Snapshot,
    ) -> Self {
        Self {
            schema: "cutover.order/1",
            outcome: end,
            why,
            action,
            means: None,
            target: snapshot.target.clone(),
            rollout: snapshot.rollout().map(|rollout| rollout.id.clone()),
            follows: None,
            call: None,
            cli: None,
            order: None,
            by: snapshot.identity.value().map(|identity| identity.arn.clone()),
            reason: None,
            at: None,
            steps: Steps::default(),
        }
    }

    /// With the call that was or would be sent.
    pub fn with(mut self, permit: &Permit, snapshot: &Snapshot) -> Self {
        let region = snapshot.identity.value().map(|identity| identity.region.as_str());
        self.means = Some(permit.means);
        self.cli = Some(permit.call.cli(region));
        self.call = Some(permit.call.clone());
        self
    }

    /// With everything that is known of the order; `in_time` says whether it was waited for to the
    /// end.
    pub fn of(mut self, track: &Track, in_time: bool) -> Self {
        let since = |at: Timestamp| at.duration_since(track.order.at).as_secs_f64().max(0.0);
        let (end, why) = match &track.outcome {
            Outcome::Done => (End::Done, None),
            Outcome::OnItsWay if in_time => (End::Accepted, None),
            Outcome::OnItsWay => (End::TimedOut, Some("its effect was not seen yet".to_owned())),
            Outcome::Void(change) => (End::Void, Some(change.to_string())),
            Outcome::NotAudited(why) => (End::NotAudited, Some(why.clone())),
            Outcome::Refused(fault) => (End::Refused, Some(fault.to_string())),
            Outcome::Unknown(fault) => (End::Unknown, Some(fault.to_string())),
            Outcome::Failed(why) => (End::Failed, Some(why.clone())),
        };
        (self.outcome, self.why) = (end, why);
        self.order = Some(track.order.id.as_str().to_owned());
        self.at = Some(track.order.at);
        self.reason.clone_from(&track.order.reason);
        self.follows.clone_from(&track.follows);
        self.steps = Steps {
            sent: track.sent.map(since),
            accepted: track.accepted.map(since),
            shifting: track.shifting.map(since),
            restored: track.restored.map(|(at, _)| since(at)),
            steady: track.steady.map(since),
            restored_seen_by: track.restored.map(|(_, by)| match by {
                SeenBy::Listener => "listener",
                SeenBy::Requests => "requests",
                SeenBy::Answers => "answers",
                SeenBy::Tasks => "tasks",
                SeenBy::Instances => "instances",
            }),
        };
        self
    }

    /// 0: it is as was wanted. 1: it is not, and that is certain. 2: nobody knows yet.
    pub fn exit_code(&self) -> u8 {
        match self.outcome {
            End::Done | End::Accepted | End::DryRun => 0,
            End::NotPermitted
            | End::NotConfirmed
            | End::Void
            | End::NotAudited
            | End::Refused
            | End::Failed => 1,
            End::Unknown | End::TimedOut => 2,
        }
    }

    /// One line on standard output where it went well, else one on standard error.
    pub(super) fn print(&self, output: &mut Output) -> std::io::Result<()> {
        let what = match (self.action, &self.rollout) {
            (action, Some(id)) => format!("{} {id}", action.words()),
            (action, None) => action.words().to_owned(),
        };
        let follows = self.follows.as_ref().map(|id| format!(", followed by {id}"));
        let follows = follows.unwrap_or_default();
        let why = self.why.as_deref().unwrap_or_default();
        let (fine, text) = match self.outcome {
            End::Done => (true, format!("{what}: done{follows}")),
            End::Accepted => (true, format!("{what}: accepted{follows}")),
            End::DryRun => (true, format!("{what}: permitted; nothing was sent")),
            End::NotPermitted => (false, format!("{what}: not possible, {why}")),
            End::NotConfirmed | End::Void | End::NotAudited => {
                (false, format!("{what}: nothing was sent, {why}"))
            }
            End::Refused => (false, format!("{what}: refused, {why}")),
            End::Failed => (false, format!("{what}: {why}")),
            End::Unknown => (false, format!("{what}: nobody knows whether it was done: {why}")),
            End::TimedOut => (false, format!("{what}: accepted{follows}, but {why}")),
        };
        if fine { writeln!(output.data, "{text}") } else { writeln!(output.talk, "error: {text}") }
    }
}
