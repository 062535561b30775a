//! Which metrics are asked for, and over which minutes.

use jiff::{SignedDuration, Timestamp};

use crate::sources::metrics::{Groups, Span};
use crate::sources::time::moment;
use crate::stats::Settle;

use super::raw::Raw;
use super::translate::Sides;

/// Minutes of metrics before the rollout: the history that the verdict learns from.
const HISTORY: i64 = 120;
/// The most minutes that are asked for: a day and a half of baking.
const MOST_MINUTES: i64 = 2160;

/// What CloudWatch calls the two groups and their load balancer.
pub(crate) fn groups(raw: &Raw) -> Option<Groups> {
    // arn:…:listener/app/NAME/HEX/HEX and arn:…:targetgroup/NAME/HEX
    let listener = raw.listener_arn()?;
    let (_, path) = listener.split_once(":listener/")?;
    let (load_balancer, _) = path.rsplit_once('/')?;
    let sides = Sides::of(raw);
    let group = |name: Option<&String>| {
        let (_, dimension) = raw.group_arns.get(name?)?.rsplit_once(':')?;
        Some(dimension.to_owned())
    };
    Some(Groups {
        load_balancer: load_balancer.to_owned(),
        blue: group(sides.blue.group.as_ref())?,
        green: group(sides.green.group.as_ref())?,
    })
}

/// From the history before the rollout up to now; what is younger than `settle` is not settled.
pub(crate) fn span(raw: &Raw, window: u32, settle: Settle, now: Timestamp) -> Span {
    let info = raw.deployment().map(|deployment| &deployment.info);
    let created = moment(info.and_then(|info| info.create_time()));
    let age = created.map_or(0, |at| now.duration_since(at).as_mins().max(0));
    let minutes = age.saturating_add(HISTORY).max(i64::from(window)).min(MOST_MINUTES);
    let settle = SignedDuration::from_secs(settle.get().into());
    Span::last(usize::try_from(minutes).unwrap_or(0), now, settle)
}
