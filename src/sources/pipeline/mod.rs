//! CodePipeline around a rollout: which pipeline deploys what is watched, which execution started the
//! rollout, and the approval that waits there.
//!
//! Nothing in a deployment names its pipeline, so that all pipelines are read once and seldom again.
//!
//! | module | what |
//! |---|---|
//! | `index` | which pipeline deploys what |
//! | `state` | where the executions of one pipeline stand |
//! | `translate` | an approval as a gate, and the entries of the timeline, pure |
//! | `orders` | an answer to an approval |

mod index;
pub(crate) mod orders;
mod state;
mod translate;

use jiff::{SignedDuration, Timestamp};

use crate::domain::{Fault, Pipeline};

use super::aws::Aws;
use index::Index;
pub(crate) use translate::{events, offer};

/// How often all pipelines are read again.
const REINDEX: SignedDuration = SignedDuration::from_mins(30);
/// How long it takes until somebody who may not look tries again.
const RETRY: SignedDuration = SignedDuration::from_mins(10);

/// What a pipeline can deploy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Deploys {
    /// A deployment group of CodeDeploy: application and group.
    Group(String, String),
    /// An ECS service: cluster and service.
    Service(String, String),
}

/// What is known of the account's pipelines between two looks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory {
    index: Option<Index>,
    runs: state::Runs,
    /// Nobody asks again before: there is no pipeline, or no permission to look.
    rest_until: Option<Timestamp>,
}

impl Memory {
    /// Whether there is anything to ask.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        self.rest_until.is_none_or(|until| now >= until)
    }

    /// The pipeline that deploys what is watched; `rollout` is the id of what is shown.
    pub(crate) async fn look(
        mut self,
        aws: &Aws,
        deploys: Deploys,
        rollout: Option<String>,
    ) -> (Result<Option<Pipeline>, Fault>, Self) {
        let result = self.read(aws, &deploys, rollout.as_deref()).await;
        let rest = match &result {
            Ok(Some(_)) => None,
            Ok(None) => Some(REINDEX),
            Err(fault) if fault.passes_by_itself() => None,
            Err(_) => Some(RETRY),
        };
        self.rest_until = rest.and_then(|rest| aws.now().saturating_add(rest).ok());
        (result, self)
    }

    async fn read(
        &mut self,
        aws: &Aws,
        deploys: &Deploys,
        rollout: Option<&str>,
    ) -> Result<Option<Pipeline>, Fault> {
        let fresh = |index: &Index| aws.now().duration_since(index.read) < REINDEX;
        if !self.index.as_ref().is_some_and(fresh) {
            self.index = Some(index::read(aws).await?);
        }
        let place = self.index.as_ref().and_then(|index| index.places.get(deploys)).cloned();
        let Some(place) = place else { return Ok(None) };
        state::look(aws, &place, rollout, &mut self.runs).await.map(Some)
    }
}
