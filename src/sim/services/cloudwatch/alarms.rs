//! DescribeAlarms: the metric alarms; there are no composite ones.

use super::function;
use super::metric::{NAMESPACE, dimensions};
use super::{page, validation};
use crate::sim::error::ApiError;
use crate::sim::scenario::{AlarmMetric, Missing};
use crate::sim::value::{Value, list, map};
use crate::sim::world::{Alarm, World};

/// The most alarms of a page and the most names of a request.
const MOST: usize = 100;
/// How many alarms a page has when no number is asked for.
const PAGE: usize = 50;

/// Answers DescribeAlarms.
pub(super) fn describe(world: &World, input: &Value) -> Result<Value, ApiError> {
    let names = input.texts("AlarmNames");
    let prefix = input.text("AlarmNamePrefix");
    if names.len() > MOST {
        return Err(validation(format!("AlarmNames must not have more than {MOST} items.")));
    }
    if prefix.is_some() && !names.is_empty() {
        return Err(validation("AlarmNamePrefix and AlarmNames must not be used together."));
    }
    let state = input.text("StateValue");
    if !matches!(state, None | Some("OK" | "ALARM" | "INSUFFICIENT_DATA")) {
        return Err(validation("StateValue must be OK, ALARM or INSUFFICIENT_DATA."));
    }
    let size = match input.int("MaxRecords") {
        None => PAGE,
        Some(size) => usize::try_from(size)
            .ok()
            .filter(|size| (1..=MOST).contains(size))
            .ok_or_else(|| validation(format!("MaxRecords must be from 1 to {MOST}.")))?,
    };
    let types = input.texts("AlarmTypes");
    let metric_alarms = types.is_empty() || types.contains(&"MetricAlarm");
    let wanted = |alarm: &&Alarm| {
        let name = alarm.rule.name.as_str();
        metric_alarms
            && (names.is_empty() || names.contains(&name))
            && prefix.is_none_or(|prefix| name.starts_with(prefix))
            && state.is_none_or(|state| state == alarm.state.word())
    };
    let mut alarms: Vec<&Alarm> = world.alarms().iter().filter(wanted).collect();
    alarms.sort_by(|a, b| a.rule.name.cmp(&b.rule.name));
    let alarms = alarms.into_iter().map(|alarm| described(alarm, world)).collect();
    let (alarms, token) = page(alarms, input.text("NextToken"), size)?;
    Ok(map([
        ("MetricAlarms", alarms),
        ("CompositeAlarms", list::<Value>([])),
        ("NextToken", Value::from(token)),
    ]))
}

fn described(alarm: &Alarm, world: &World) -> Value {
    let rule = &alarm.rule;
    let (metric, statistic, extended) = match rule.metric {
        AlarmMetric::Target5xx => ("HTTPCode_Target_5XX_Count", Some("Sum"), None),
        AlarmMetric::P99 => ("TargetResponseTime", None, Some("p99")),
        AlarmMetric::UnhealthyHosts => ("UnHealthyHostCount", Some("Maximum"), None),
        AlarmMetric::Elb502 => ("HTTPCode_ELB_502_Count", Some("Sum"), None),
    };
    // A function's alarm counts what its alias answers with an error, whichever version did.
    let (namespace, metric, dimensions) = if world.lambda.is_some() {
        (function::NAMESPACE, "Errors", list(function::dimensions(world, None)))
    } else {
        let group = alarm.target_group_arn.as_deref();
        (NAMESPACE, metric, dimensions(&alarm.load_balancer_arn, group))
    };
    let missing = match rule.missing {
        Missing::Missing => "missing",
        Missing::NotBreaching => "notBreaching",
        Missing::Breaching => "breaching",
        Missing::Ignore => "ignore",
    };
    let configured = world.deploy.created;
    map([
        ("AlarmName", Value::from(rule.name.as_str())),
        ("AlarmArn", Value::from(alarm.arn.as_str())),
        ("AlarmConfigurationUpdatedTimestamp", Value::from(configured)),
        ("ActionsEnabled", Value::from(true)),
        ("OKActions", list::<Value>([])),
        ("AlarmActions", list::<Value>([])),
        ("InsufficientDataActions", list::<Value>([])),
        ("StateValue", Value::from(alarm.state.word())),
        ("StateReason", Value::from(alarm.reason.as_str())),
        ("StateUpdatedTimestamp", Value::from(alarm.updated)),
        ("MetricName", Value::from(metric)),
        ("Namespace", Value::from(namespace)),
        ("Statistic", Value::from(statistic)),
        ("ExtendedStatistic", Value::from(extended)),
        ("Dimensions", dimensions),
        ("Period", Value::from(60_i64)),
        ("EvaluationPeriods", Value::from(i64::from(rule.periods))),
        ("DatapointsToAlarm", Value::from(i64::from(rule.datapoints))),
        ("Threshold", Value::from(rule.threshold)),
        ("ComparisonOperator", Value::from("GreaterThanThreshold")),
        ("TreatMissingData", Value::from(missing)),
        ("StateTransitionedTimestamp", Value::from(alarm.transitioned)),
    ])
}
