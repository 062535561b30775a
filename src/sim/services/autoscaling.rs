//! EC2 Auto Scaling: the groups of instances that a deployment replaces.

use super::page::page;
use super::{Service, unknown_operation};
use crate::sim::error::ApiError;
use crate::sim::value::{Value, map};
use crate::sim::world::World;
use crate::sim::world::fleet::{Fleet, Group, InstanceState};
use crate::sim::world::keys::SetKey;

/// The operations that are simulated.
pub const OPERATIONS: &[&str] = &["DescribeAutoScalingGroups"];

/// The most groups of a page.
const MOST: i64 = 100;
/// How many groups a page has when nobody says how many.
const USUAL: i64 = 50;

/// Carries out an operation.
pub fn handle(world: &World, operation: &str, input: &Value) -> Result<Value, ApiError> {
    match operation {
        "DescribeAutoScalingGroups" => describe(world, input),
        _ => Err(unknown_operation(Service::AutoScaling, operation)),
    }
}

/// Names of groups that are not there are left out, as AWS does it.
fn describe(world: &World, input: &Value) -> Result<Value, ApiError> {
    let names = input.texts("AutoScalingGroupNames");
    let size = match input.text("MaxRecords") {
        None => Some(USUAL),
        Some(text) => text.parse().ok().filter(|size| (1..=MOST).contains(size)),
    };
    let size = size.and_then(|size| usize::try_from(size).ok()).ok_or_else(|| {
        ApiError::client("ValidationError", format!("MaxRecords lies between 1 and {MOST}"))
    })?;
    let mut groups = Vec::new();
    if let Some(fleet) = &world.fleet {
        let wanted = |group: &Group| {
            !group.gone && (names.is_empty() || names.contains(&group.name.as_str()))
        };
        let all = fleet.groups.iter().enumerate().filter(|(_, group)| wanted(group));
        groups.extend(all.map(|(index, one)| group(world, fleet, SetKey(index), one)));
    }
    let token = map([("nextToken", input.text("NextToken").into())]);
    let bad = || ApiError::client("InvalidNextToken", "The NextToken value is not valid.");
    let (groups, next) = page(groups, &token, size, bad)?;
    Ok(map([("AutoScalingGroups", Value::List(groups)), ("NextToken", next.into())]))
}

fn group(world: &World, fleet: &Fleet, key: SetKey, group: &Group) -> Value {
    let place = &world.names.place;
    let members = fleet.members(key);
    let instances = members.iter().filter_map(|key| fleet.instance(*key)).map(|instance| {
        map([
            ("InstanceId", instance.id.as_str().into()),
            ("AvailabilityZone", world.zone(instance.zone).into()),
            ("LifecycleState", lifecycle(instance.state).into()),
            ("HealthStatus", "Healthy".into()),
            ("ProtectedFromScaleIn", false.into()),
        ])
    });
    let size = Value::from(members.len() as i64);
    let zones = (0..3).map(|zone| world.zone(zone).into()).collect();
    let subnets: Vec<String> = (0..3).map(|zone| world.names.subnet(zone)).collect();
    let arn = format!(
        "arn:aws:autoscaling:{}:{}:autoScalingGroup:{}:autoScalingGroupName/{}",
        place.region,
        place.account,
        world.names.group_id(key.0),
        group.name
    );
    map([
        ("AutoScalingGroupName", group.name.as_str().into()),
        ("AutoScalingGroupARN", arn.into()),
        ("MinSize", size.clone()),
        ("MaxSize", size.clone()),
        ("DesiredCapacity", size),
        ("DefaultCooldown", 300_i64.into()),
        ("AvailabilityZones", Value::List(zones)),
        ("HealthCheckType", "ELB".into()),
        ("HealthCheckGracePeriod", 60_i64.into()),
        ("Instances", Value::List(instances.collect())),
        ("TargetGroupARNs", Value::List(vec![world.names.target_group_arns[0].as_str().into()])),
        ("VPCZoneIdentifier", subnets.join(",").into()),
        ("CreatedTime", world.deploy.created.into()),
    ])
}

fn lifecycle(state: InstanceState) -> &'static str {
    match state {
        InstanceState::Pending => "Pending",
        InstanceState::InService => "InService",
        InstanceState::Terminating => "Terminating",
        InstanceState::Terminated => "Terminated",
    }
}
