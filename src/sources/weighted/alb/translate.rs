//! What the APIs said, as one picture. Pure.

use jiff::Timestamp;

use crate::domain::{
    Environment, EventKind, Fact, Identity, ListenerSplit, Revision, Rollout, ShareOf, Side,
    Snapshot, Target, TimelineEvent, Traffic,
};
use crate::sources::balancer::targets_of;
use crate::sources::logs;
use crate::sources::measure;
use crate::sources::metrics::Measured;
use crate::sources::timeline::entry;
use crate::sources::weighted::absent;
use crate::sources::weighted::sides::{self, Owned, Pair, Roles};

use super::Raw;
use super::owner::Owner;
use super::rule::{Divided, Group};

const RULES: &str = "elasticloadbalancing:DescribeRules";

/// The picture of `target` at `now`; how fresh each source is is added by who asked them.
pub(crate) fn snapshot(
    target: &Target,
    identity: &Fact<Identity>,
    raw: &Raw,
    now: Timestamp,
) -> Snapshot {
    Snapshot {
        identity: identity.clone(),
        rollout: raw.rule.map(|(divided, roles)| Some(rollout(raw, divided, roles))),
        // No alarm is named for it anywhere.
        guards: raw.rule.map(|_| Vec::new()),
        metrics: raw.around.metrics_of(measured(raw).as_ref()),
        events: raw.doubt.iter().cloned().collect(),
        ..Snapshot::unasked(target.clone(), now)
    }
}

/// What CloudWatch calls the two groups.
pub(crate) fn measured(raw: &Raw) -> Option<Measured> {
    let (divided, roles) = raw.rule.value()?;
    let [blue, green] = sides(divided, roles);
    measure::groups(&divided.held.arn, &blue.arn, &green.arn)
}

/// Blue, then green.
pub(crate) fn sides<'a>(divided: &'a Divided, roles: &Roles) -> [&'a Group; 2] {
    let [a, b] = &divided.groups;
    match roles.side(&a.name) {
        Side::Blue => [a, b],
        Side::Green => [b, a],
    }
}

fn rollout(raw: &Raw, divided: &Divided, roles: &Roles) -> Rollout {
    let [blue, green] = sides(divided, roles);
    let read = sides::reading(&raw.rule);
    let planned = sides::planned(sides::split(blue.weight, green.weight), &read, RULES);
    let held = planned.value().copied();
    let places = [divided.place(blue), divided.place(green)];
    let dial = sides::dial(divided.call(), places.each_ref().map(String::as_str), held);
    let traffic = Traffic {
        of: ShareOf::Requests,
        listener: planned.map(|split| ListenerSplit::Split(*split)),
        planned,
        sticky: divided.sticky.is_some(),
        test: None,
        lag: divided.sticky,
        routes: Vec::new(),
    };
    let pair = Pair {
        id: divided.held.id().to_owned(),
        name: divided.held.name(),
        held_by: if divided.held.is_default() { "listener weights" } else { "rule weights" },
        guessed: roles.guessed,
    };
    let environments = [blue, green].map(|group| environment(raw, group));
    sides::rollout(pair, traffic, environments, sides::offers(dial, &owned(raw)))
}

/// Whether somebody has the weights in hand. What could not be found out does not hold up anybody for
/// long: it is said, and no more.
fn owned(raw: &Raw) -> Owned {
    match (raw.owner.value(), raw.owner.fault()) {
        (Some(Owner::Service(owner)), _) => Owned::By(owner.clone()),
        (Some(Owner::Nobody | Owner::Unknown(_)), _) | (None, Some(_)) => Owned::Free,
        (None, None) => Owned::NotKnownYet,
    }
}

/// That nobody knows whether somebody else sets these weights, too.
pub(crate) fn doubt(owner: &Fact<Owner>, now: Timestamp) -> Option<TimelineEvent> {
    let why = match (owner.value(), owner.fault()) {
        (Some(Owner::Unknown(why)), _) => why.clone(),
        (None, Some(fault)) => fault.to_string(),
        (Some(Owner::Service(_) | Owner::Nobody), _) | (None, None) => return None,
    };
    let text = format!("not known whether CodeDeploy or ECS sets these weights, too: {why}");
    Some(entry(now, EventKind::Source, text.clone(), text))
}

fn environment(raw: &Raw, group: &Group) -> Environment {
    let no_tasks = "a target group does not say which tasks are behind it";
    let revision = Revision {
        name: group.name.clone(),
        arn: group.arn.clone(),
        images: Vec::new(),
        active: None,
    };
    let missing = || absent("elasticloadbalancing:DescribeTargetHealth", no_tasks);
    Environment {
        revision: raw.rule.map(|_| revision),
        tasks: Fact::Unknown { fault: missing() },
        task_list: Fact::Unknown { fault: missing() },
        target_group: Some(group.name.clone()),
        targets: targets_of(&raw.around.health, &group.name),
        log: logs::unread("it is not known which tasks are behind it"),
        runs: None,
    }
}
