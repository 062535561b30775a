//! Metric alarms: every minute, on the data that has been delivered by then.

use jiff::{SignedDuration, Timestamp};

use super::World;
use super::codedeploy::Status;
use super::keys::{DeploymentKey, Pool};
use super::queue::Event;
use super::time::{after, before, minute_start, next_minute};
use crate::sim::scenario::{AlarmMetric, AlarmRule, Missing};

/// How many minutes more than its periods an alarm looks back, for data that comes late.
const MARGIN: u32 = 3;
/// When in a minute alarms are evaluated.
const OFFSET: SignedDuration = SignedDuration::from_secs(7);

/// A metric alarm and its state.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarm {
    /// Its ARN.
    pub arn: String,
    /// What it watches and when it fires.
    pub rule: AlarmRule,
    /// The target group of its metric; absent: the whole load balancer.
    pub target_group_arn: Option<String>,
    /// The load balancer of its metric.
    pub load_balancer_arn: String,
    /// Its state.
    pub state: AlarmState,
    /// Why, as CloudWatch words it.
    pub reason: String,
    /// When the state or its reason last changed.
    pub updated: Timestamp,
    /// When the state last changed.
    pub transitioned: Timestamp,
    pub(crate) pool: Pool,
}

/// The state of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlarmState {
    /// Below the threshold.
    Ok,
    /// Above it.
    Alarm,
    /// Not enough data to tell.
    InsufficientData,
}

impl AlarmState {
    /// The word of the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }
}

impl World {
    /// Evaluates all alarms, stops what they guard, and plans the next evaluation.
    pub(super) fn on_alarms(&mut self) {
        for index in 0..self.alarms.len() {
            self.evaluate(index);
        }
        self.stop_guarded();
        self.stop_guarded_service();
        self.queue.plan(after(next_minute(self.now), OFFSET), Event::Alarms);
    }

    fn evaluate(&mut self, index: usize) {
        let Some(alarm) = self.alarms.get(index) else { return };
        let rule = alarm.rule.clone();
        let newest = minute_start(self.now);
        let points: Vec<(Timestamp, f64)> = (1..=rule.periods + MARGIN)
            .map(|back| before(newest, SignedDuration::from_mins(i64::from(back))))
            .filter_map(|minute| Some((minute, self.alarm_value(alarm, minute)?)))
            .take(rule.periods as usize)
            .collect();
        let (state, reason) = judge(&rule, &points, alarm.state);
        let now = self.now;
        let Some(alarm) = self.alarms.get_mut(index) else { return };
        if alarm.state != state {
            alarm.state = state;
            alarm.transitioned = now;
            alarm.updated = now;
            alarm.reason = reason;
        }
    }

    /// The value of an alarm's metric in a minute, if it has been published by now.
    fn alarm_value(&self, alarm: &Alarm, minute: Timestamp) -> Option<f64> {
        let side = || self.pool_minute(alarm.pool, minute);
        // Counts are published only when they are not zero.
        let some = |count: u64| (count > 0).then_some(count as f64);
        match alarm.rule.metric {
            AlarmMetric::Target5xx => side().and_then(|minute| some(minute.c5xx)),
            AlarmMetric::P99 => side().and_then(|minute| minute.latency.quantile(0.99)),
            AlarmMetric::UnhealthyHosts => {
                self.pool_hosts(alarm.pool, minute).map(|hosts| hosts.unhealthy.max)
            }
            AlarmMetric::Elb502 => {
                let whole = self.balancer_minute(self.names.balancer_of(alarm.pool), minute);
                whole.and_then(|minute| some(minute.elb_502))
            }
        }
    }

    /// Stops every running deployment one of whose alarms is up.
    fn stop_guarded(&mut self) {
        let running: Vec<DeploymentKey> = (self.deploy.deployments.iter().enumerate())
            .filter(|(_, deployment)| {
                matches!(deployment.status, Status::InProgress | Status::Ready)
                    && deployment.stopping.is_none()
                    && deployment.creator == super::codedeploy::Creator::User
                    && deployment.progress.as_ref().is_some_and(|at| !at.terminating)
            })
            .map(|(index, _)| DeploymentKey(index))
            .collect();
        for key in running {
            if !self.guards_in_alarm(key).is_empty() {
                self.alarm_stops(key);
            }
        }
    }

    /// The alarms that a deployment listens to and that are up.
    pub(super) fn guards_in_alarm(&self, key: DeploymentKey) -> Vec<String> {
        let Some(deployment) = self.deploy.deployment(key) else { return Vec::new() };
        let listens = |alarm: &Alarm| match &deployment.alarm_override {
            Some(names) => names.contains(&alarm.rule.name),
            None => alarm.rule.guards,
        };
        self.alarms
            .iter()
            .filter(|alarm| alarm.state == AlarmState::Alarm && listens(alarm))
            .map(|alarm| alarm.rule.name.clone())
            .collect()
    }
}

/// The state that follows from the newest points, newest first, at most as many as periods.
fn judge(
    rule: &AlarmRule,
    points: &[(Timestamp, f64)],
    before: AlarmState,
) -> (AlarmState, String) {
    let absent = rule.periods.saturating_sub(points.len() as u32);
    let above = points.iter().filter(|(_, value)| *value > rule.threshold).count() as u32;
    let counted = match rule.missing {
        Missing::Breaching => above + absent,
        Missing::Missing | Missing::NotBreaching | Missing::Ignore => above,
    };
    let state = if counted >= rule.datapoints {
        AlarmState::Alarm
    } else if points.is_empty() {
        match rule.missing {
            Missing::Missing => AlarmState::InsufficientData,
            Missing::NotBreaching | Missing::Breaching => AlarmState::Ok,
            Missing::Ignore => before,
        }
    } else {
        AlarmState::Ok
    };
    (state, reason(rule, points, (state, counted)))
}

fn reason(
    rule: &AlarmRule,
    points: &[(Timestamp, f64)],
    (state, above): (AlarmState, u32),
) -> String {
    let AlarmRule { periods, threshold, .. } = rule;
    if points.is_empty() {
        return match state {
            AlarmState::InsufficientData => {
                format!("Insufficient Data: {periods} datapoints were unknown.")
            }
            AlarmState::Ok | AlarmState::Alarm => format!(
                "Threshold Crossed: no datapoints were received for {periods} periods and \
                 {periods} missing datapoints were treated as [{}].",
                match rule.missing {
                    Missing::Breaching => "Breaching",
                    Missing::Missing | Missing::NotBreaching | Missing::Ignore => "NonBreaching",
                }
            ),
        };
    }
    let listed: Vec<String> = points
        .iter()
        .map(|(at, value)| format!("{value} ({})", at.strftime("%d/%m/%y %H:%M:%S")))
        .collect();
    let (count, was) = match state {
        AlarmState::Alarm => (above, "was greater than"),
        AlarmState::Ok | AlarmState::InsufficientData => {
            ((points.len() as u32).saturating_sub(above), "was not greater than")
        }
    };
    format!(
        "Threshold Crossed: {count} out of the last {periods} datapoints [{}] {was} the threshold \
         ({threshold:?}).",
        listed.join(", ")
    )
}
