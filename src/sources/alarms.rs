//! The alarms that guard a rollout.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::{AlarmType, StateValue};

use crate::domain::{Fault, Guard, GuardState};

use super::aws::Aws;
use super::error::fault;
use super::time::moment;

/// The state of each of `names`, in their order. A name that no alarm has is [`GuardState::Missing`].
///
/// CodeDeploy allows ten alarms a group; the API takes a hundred names a call.
pub(crate) async fn guards(aws: &Aws, names: &[String]) -> Result<Vec<Guard>, Fault> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let answer = aws
        .reads()
        .cloudwatch
        .describe_alarms()
        .set_alarm_names(Some(names.iter().take(100).cloned().collect()))
        .alarm_types(AlarmType::MetricAlarm)
        .alarm_types(AlarmType::CompositeAlarm)
        .max_records(100)
        .send()
        .await
        .map_err(|error| fault("cloudwatch:DescribeAlarms", &error))?;
    let metric = answer.metric_alarms().iter().map(|alarm| {
        (
            alarm.alarm_name(),
            alarm.state_value(),
            alarm.state_reason(),
            alarm.state_updated_timestamp(),
        )
    });
    let composite = answer.composite_alarms().iter().map(|alarm| {
        (
            alarm.alarm_name(),
            alarm.state_value(),
            alarm.state_reason(),
            alarm.state_updated_timestamp(),
        )
    });
    let mut found: BTreeMap<&str, Guard> = BTreeMap::new();
    for (name, state, reason, since) in metric.chain(composite) {
        let Some(name) = name else { continue };
        let guard = Guard {
            name: name.to_owned(),
            state: state.map_or(GuardState::InsufficientData, guard_state),
            reason: reason.map(str::to_owned),
            since: moment(since),
            measured: None,
        };
        found.insert(name, guard);
    }
    Ok(names
        .iter()
        .map(|name| {
            found.remove(name.as_str()).unwrap_or_else(|| Guard {
                name: name.clone(),
                state: GuardState::Missing,
                reason: None,
                since: None,
                measured: None,
            })
        })
        .collect())
}

/// A value this program does not know is no reassurance.
fn guard_state(state: &StateValue) -> GuardState {
    match state {
        StateValue::Ok => GuardState::Ok,
        StateValue::Alarm => GuardState::Alarm,
        _ => GuardState::InsufficientData,
    }
}
