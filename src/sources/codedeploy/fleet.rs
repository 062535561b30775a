//! Instances: which side each is on, and how far those are that say most.
//!
//! What is known of all of them at no cost is the deployment's overview. A large fleet is not asked
//! about one by one: a few of its instances tell how far the deployment is, and those that fail or
//! are at work tell why.

use std::collections::BTreeSet;

use aws_sdk_codedeploy::error::ProvideErrorMetadata;
use aws_sdk_codedeploy::types::{InstanceTarget, TargetFilterName, TargetLabel, TargetStatus};

use crate::domain::Fault;
use crate::sources::aws::Aws;
use crate::sources::balancer;
use crate::sources::error::fault;

/// The API takes 25 ids a call.
const A_CALL: usize = 25;
/// A fleet of at most so many is asked about as a whole.
const WHOLE: usize = 50;
/// More pages than any fleet has; more is a server that repeats itself.
const PAGES: usize = 40;

/// The instances of a deployment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fleet {
    /// The deployment whose labels they are.
    pub(crate) labels_of: String,
    /// The ids of those that served before; none where the deployment is in place.
    pub(crate) blue: BTreeSet<String>,
    /// The ids of those that are new, or that are changed in place.
    pub(crate) green: BTreeSet<String>,
    /// Those that were asked about.
    pub(crate) told: Vec<InstanceTarget>,
    /// Those that failed in the deployment that is undone: why it is undone.
    pub(crate) failed: Option<Vec<InstanceTarget>>,
    /// The load balancer that their target group is behind.
    pub(crate) load_balancer: Option<String>,
}

/// What to ask about.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// The deployment.
    pub(crate) id: String,
    /// The one that it undoes: its labels hold.
    pub(crate) undone: Option<String>,
    /// The instances are changed where they are, so that there are no sides.
    pub(crate) in_place: bool,
    /// The ARN of the target group, once it is known.
    pub(crate) group: Option<String>,
}

/// The instances of a deployment; what cannot have changed since `before` is not asked again.
pub(crate) async fn look(aws: &Aws, wanted: Wanted, before: Option<Fleet>) -> Result<Fleet, Fault> {
    let Wanted { id, undone, in_place, group } = wanted;
    let labels_of = undone.clone().unwrap_or_else(|| id.clone());
    let known = before.filter(|before| before.labels_of == labels_of);
    let load_balancer = match (known.as_ref().and_then(|known| known.load_balancer.clone()), group)
    {
        (Some(known), _) => Some(known),
        (None, Some(group)) => balancer::load_balancer(aws, &group).await.ok().flatten(),
        (None, None) => None,
    };
    let side = |label: TargetLabel| {
        let wanted = (TargetFilterName::ServerInstanceLabel, label.as_str().to_owned());
        ids(aws, &labels_of, Some(wanted))
    };
    let over = known.filter(|_| undone.is_some());
    let known_failed = over.as_ref().and_then(|known| known.failed.clone());
    let (blue, green) = match over {
        // The sides of what is over do not change.
        Some(known) => (known.blue, known.green),
        None if in_place => (BTreeSet::new(), ids(aws, &labels_of, None).await?),
        None => tokio::try_join!(side(TargetLabel::Blue), side(TargetLabel::Green))?,
    };
    let failed = match (known_failed, &undone) {
        (None, Some(undone)) => Some(failed(aws, undone).await?),
        (known, _) => known,
    };
    let all = match undone {
        Some(_) => ids(aws, &id, None).await?,
        None => green.union(&blue).cloned().collect(),
    };
    let told = if all.len() <= WHOLE {
        told(aws, &id, all.into_iter().collect()).await?
    } else {
        let telling = telling(aws, &id, &green, &blue).await?;
        told(aws, &id, telling).await?
    };
    Ok(Fleet { labels_of, blue, green, told, failed, load_balancer })
}

/// The instances that failed in a deployment that is over.
async fn failed(aws: &Aws, id: &str) -> Result<Vec<InstanceTarget>, Fault> {
    let wanted = (TargetFilterName::TargetStatus, TargetStatus::Failed.as_str().to_owned());
    let ids = ids(aws, id, Some(wanted)).await?;
    told(aws, id, ids.into_iter().take(A_CALL).collect()).await
}

/// Those of a large fleet that say most: what fails or is at work, then some of each side.
async fn telling(
    aws: &Aws,
    id: &str,
    green: &BTreeSet<String>,
    blue: &BTreeSet<String>,
) -> Result<Vec<String>, Fault> {
    let with = |status: TargetStatus| {
        ids(aws, id, Some((TargetFilterName::TargetStatus, status.as_str().to_owned())))
    };
    let (failed, busy) =
        tokio::try_join!(with(TargetStatus::Failed), with(TargetStatus::InProgress))?;
    let troubled = failed.iter().take(A_CALL).chain(busy.iter().take(A_CALL / 2));
    let some = green.iter().take(A_CALL).chain(blue.iter().take(A_CALL));
    let mut list: Vec<String> = troubled.chain(some).cloned().collect();
    let mut seen = BTreeSet::new();
    list.retain(|one| seen.insert(one.clone()));
    list.truncate(WHOLE);
    Ok(list)
}

/// The ids of the instances that pass a filter; none before the deployment has started.
async fn ids(
    aws: &Aws,
    id: &str,
    filter: Option<(TargetFilterName, String)>,
) -> Result<BTreeSet<String>, Fault> {
    let mut found = BTreeSet::new();
    let mut token = None;
    for _ in 0..PAGES {
        let call = aws.reads().codedeploy.list_deployment_targets().deployment_id(id);
        let call = match &filter {
            Some((name, value)) => call.target_filters(name.clone(), vec![value.clone()]),
            None => call,
        };
        let answer = match call.set_next_token(token).send().await {
            Ok(answer) => answer,
            Err(error) if error.code() == Some("DeploymentNotStartedException") => break,
            Err(error) => return Err(fault("codedeploy:ListDeploymentTargets", &error)),
        };
        found.extend(answer.target_ids().iter().cloned());
        token = answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    Ok(found)
}

async fn told(aws: &Aws, id: &str, ids: Vec<String>) -> Result<Vec<InstanceTarget>, Fault> {
    let mut told = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(A_CALL) {
        let call = aws.reads().codedeploy.batch_get_deployment_targets().deployment_id(id);
        let answer = call
            .set_target_ids(Some(chunk.to_vec()))
            .send()
            .await
            .map_err(|error| fault("codedeploy:BatchGetDeploymentTargets", &error))?;
        let targets = answer.deployment_targets().iter();
        told.extend(targets.filter_map(|target| target.instance_target().cloned()));
    }
    Ok(told)
}
