//! ECS's part: the service with its task sets.

use std::collections::BTreeMap;

use futures::future::join_all;

use crate::domain::Fault;
use crate::sources::aws::Aws;
use crate::sources::service::{definition, describe};

use super::raw::Service;

/// How many task sets are remembered: those of the last rollouts, however many there are in a night.
const SEEN: usize = 16;

/// The service with the task definitions of all its task sets and an `earlier` one; those known
/// before are not read again.
pub(crate) async fn look(
    aws: &Aws,
    (cluster, name): (String, String),
    before: Option<Service>,
    earlier: Option<String>,
) -> Result<Service, Fault> {
    let service = describe(aws, &cluster, &name).await?;
    let sets = service.task_sets().iter().filter_map(|set| set.task_definition());
    let mut wanted: Vec<String> =
        sets.chain(service.task_definition()).map(str::to_owned).chain(earlier).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let (known, mut seen) = before.map(|s| (s.definitions, s.seen)).unwrap_or_default();
    for set in service.task_sets() {
        if let (Some(id), Some(arn)) = (set.id(), set.task_definition()) {
            seen.retain(|(known, _)| known != id);
            seen.push((id.to_owned(), arn.to_owned()));
        }
    }
    seen.drain(..seen.len().saturating_sub(SEEN));
    let is_used = |arn: &String| wanted.contains(arn) || seen.iter().any(|(_, used)| used == arn);
    let mut definitions: BTreeMap<_, _> =
        known.into_iter().filter(|(arn, definition)| definition.is_ok() && is_used(arn)).collect();
    wanted.retain(|arn| !definitions.contains_key(arn));
    let read = join_all(wanted.iter().map(|arn| definition(aws, arn))).await;
    definitions.extend(wanted.into_iter().zip(read));
    Ok(Service { service, definitions, seen })
}
