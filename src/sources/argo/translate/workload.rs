//! The Deployment whose template a Rollout uses. It may run pods of its own beside the Rollout's,
//! and a Service that chooses no version reaches those too.

use crate::domain::{EventKind, TimelineEvent};
use crate::sources::argo::raw::Deployment;

use super::view::View;

/// What is to be said about it; nothing where the template is the Rollout's own.
pub(crate) fn sentence(view: &View<'_>) -> Option<String> {
    let name = view.raw.workload()?;
    let known = view.raw.deployments.value()?;
    let Some(deployment) = known.get(name) else {
        return Some(format!("the template is to come from Deployment {name}, which is not there"));
    };
    let runs = deployment.status.replicas;
    Some(match (runs, deployment.spec.replicas) {
        (0, 0) => format!("the template is Deployment {name}'s, which runs no pods itself"),
        (runs, _) => format!(
            "the template is Deployment {name}'s, which itself runs {runs} pods beside blue and \
             green, {} available",
            deployment.status.available_replicas
        ),
    })
}

/// The same as an entry of the timeline.
pub(crate) fn event(view: &View<'_>) -> Option<TimelineEvent> {
    let text = sentence(view)?;
    let deployment = view.raw.deployments.value()?.get(view.raw.workload()?);
    Some(TimelineEvent {
        at: deployment.and_then(changed).or(view.rollout.metadata.creation_timestamp)?,
        kind: EventKind::Service,
        side: None,
        text,
        key: "workload".to_owned(),
    })
}

/// When the number of its pods last changed.
fn changed(deployment: &Deployment) -> Option<jiff::Timestamp> {
    let conditions = &deployment.status.conditions;
    let newest = conditions.iter().filter_map(|condition| condition.last_update_time).max();
    newest.or(deployment.metadata.creation_timestamp)
}
