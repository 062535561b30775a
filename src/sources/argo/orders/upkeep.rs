//! What is done to a rollout beside bringing it forward or back: a restart of its pods, the end of
//! an analysis.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::domain::{Fault, FaultKind, Progress};
use crate::sources::argo::cluster::Resource;
use crate::sources::argo::raw::Kind;
use crate::sources::order::param;
use crate::sources::time::later;

use super::{Edit, LOOK, PATIENCE, Patch, Sending, accepted, failed};

impl Sending<'_> {
    /// The moment before which pods have to have been made, for a restart: that of the yes, in the
    /// whole seconds that pods are dated with.
    pub(super) fn restart_at(&self) -> Option<String> {
        param(self.order, "restart")?;
        Timestamp::from_second(self.order.at.as_second()).ok().map(|at| at.to_string())
    }

    /// Asks the controller to replace all older pods.
    pub(super) async fn restart(&self, at: &str) -> Progress {
        let patch = json!({"spec": {"restartAt": at}});
        match self.change(Edit::Patch { part: None, patch: &patch, since: None }).await {
            Ok(()) => self.watch_effect("").await,
            Err(progress) => progress,
        }
    }

    /// The analysis, or the experiment, that is to end.
    pub(super) fn analysis(&self) -> Option<(Kind, &str)> {
        let name = |what: &str| param(self.order, what).and_then(Value::as_str);
        let run = name("analysisRun").map(|name| (Kind::AnalysisRun, name));
        run.or_else(|| name("experiment").map(|name| (Kind::Experiment, name)))
    }

    /// Ends it, and waits until the controller has.
    pub(super) async fn terminate(&self, kind: Kind, name: &str) -> Progress {
        let of = self.place.resource(kind);
        // What is over cannot be ended: the patch would be stored and mean nothing.
        match self.cluster.get::<Value>(&of, name).await {
            Err(fault) => return Progress::Refused { fault },
            Ok(object) => {
                if let Some(phase) = end(&object) {
                    return Progress::Refused { fault: over(&of, name, phase) };
                }
            }
        }
        let patch = Patch::Merge(json!({"spec": {"terminate": true}}));
        match self.cluster.patch(&of, name, None, &patch).await {
            Ok(_) => self.watch_end(&of, name, "").await,
            Err(fault) => failed(fault),
        }
    }

    /// What became of the order to end it, whose answer was lost.
    pub(super) async fn reconcile_terminate(&self, lost: Fault) -> Progress {
        let Some((kind, name)) = self.analysis() else { return Progress::Unknown { fault: lost } };
        let of = self.place.resource(kind);
        match self.cluster.get::<Value>(&of, name).await {
            Ok(object) if object["spec"]["terminate"] == true => {
                self.watch_end(&of, name, "the answer was lost").await
            }
            Ok(_) | Err(_) => Progress::Unknown { fault: lost },
        }
    }

    async fn watch_end(&self, of: &Resource, name: &str, remark: &str) -> Progress {
        let since = self.aws.now();
        loop {
            if let Ok(object) = self.cluster.get::<Value>(of, name).await
                && let Some(phase) = end(&object)
            {
                return accepted(&[&format!("it has ended: {phase}"), remark]);
            }
            if self.aws.now().duration_since(since) > PATIENCE {
                return accepted(&[
                    "stored, and the controller has not acted on it: look at the controller",
                    remark,
                ]);
            }
            let next = later(self.aws.now(), LOOK);
            crate::sources::argo::sleep(self.aws.clone(), Some(next)).await;
        }
    }
}

/// How an analysis or an experiment has ended; nothing while it runs.
fn end(object: &Value) -> Option<&str> {
    let phase = object["status"]["phase"].as_str()?;
    crate::sources::argo::raw::is_end(phase).then_some(phase)
}

fn over(of: &Resource, name: &str, phase: &str) -> Fault {
    let kind = FaultKind::Rejected { code: "it is over".to_owned() };
    let text = format!("{name} has ended by itself ({phase}); nothing was sent");
    Fault::new(kind, &format!("kubernetes:patch {}", of.plural), text)
}
