//! The Rollout: what was asked for and how far the controller is.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use super::routing::{AlbStatus, PingPong, TrafficRouting};
use super::{Condition, Meta, PodTemplate, lenient};

/// A Rollout.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Rollout {
    pub(crate) metadata: Meta,
    pub(crate) spec: Spec,
    pub(crate) status: Status,
}

impl Rollout {
    /// Whether a pause was released that the controller has not gone on from yet.
    pub(crate) fn is_unpausing(&self) -> bool {
        self.status.controller_pause && self.status.pause_conditions.is_empty()
    }
}

/// What was asked for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Spec {
    /// Absent means one.
    pub(crate) replicas: Option<u32>,
    /// Somebody has frozen the whole object.
    #[serde(deserialize_with = "lenient")]
    pub(crate) paused: bool,
    #[serde(deserialize_with = "lenient")]
    pub(crate) template: Option<PodTemplate>,
    /// Whose template it uses instead of one of its own.
    #[serde(deserialize_with = "lenient")]
    pub(crate) workload_ref: Option<WorkloadRef>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) restart_at: Option<Timestamp>,
    /// Absent means ten minutes.
    #[serde(deserialize_with = "lenient")]
    pub(crate) progress_deadline_seconds: Option<i64>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) rollback_window: Option<Value>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) strategy: Strategy,
}

impl Spec {
    /// How many pods are wanted.
    pub(crate) fn replicas(&self) -> u32 {
        self.replicas.unwrap_or(1)
    }
}

/// An object that holds the template.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct WorkloadRef {
    pub(crate) kind: String,
    pub(crate) name: String,
    /// What becomes of its own pods: `never`, `onsuccess`, `progressively`.
    #[serde(deserialize_with = "lenient")]
    pub(crate) scale_down: String,
}

/// How it is brought out; the schema allows both and neither.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Strategy {
    #[serde(deserialize_with = "lenient")]
    pub(crate) blue_green: Option<BlueGreen>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) canary: Option<Canary>,
}

impl Strategy {
    /// The Services that a router leads to, that of the stable version first: they are led to one
    /// version after another. Blue/green has one that has users; two Services that take turns are in
    /// an order of their own.
    pub(crate) fn counted_services(&self) -> Vec<String> {
        match (&self.blue_green, &self.canary) {
            (Some(strategy), None) => vec![strategy.active_service.clone()],
            (None, Some(canary)) => canary.counted_services(),
            (Some(_), Some(_)) | (None, None) => Vec::new(),
        }
    }
}

/// All traffic at once, by moving a Service.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct BlueGreen {
    pub(crate) active_service: String,
    pub(crate) preview_service: Option<String>,
    /// Absent means yes.
    pub(crate) auto_promotion_enabled: Option<bool>,
    pub(crate) auto_promotion_seconds: Option<i64>,
    pub(crate) preview_replica_count: Option<u32>,
    pub(crate) pre_promotion_analysis: Option<Value>,
    pub(crate) post_promotion_analysis: Option<Value>,
    pub(crate) scale_down_delay_seconds: Option<i64>,
    pub(crate) abort_scale_down_delay_seconds: Option<i64>,
}

impl BlueGreen {
    /// Whether the controller promotes without asking anybody.
    pub(crate) fn promotes_by_itself(&self) -> bool {
        self.auto_promotion_enabled != Some(false)
    }

    /// How long the pause before the promotion lasts, if a timer ends it.
    pub(crate) fn pause(&self) -> Option<SignedDuration> {
        let seconds = self.auto_promotion_seconds.filter(|seconds| *seconds > 0)?;
        self.promotes_by_itself().then(|| SignedDuration::from_secs(seconds))
    }
}

/// Traffic in steps.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names are the API's")]
pub(crate) struct Canary {
    #[serde(deserialize_with = "lenient")]
    pub(crate) steps: Vec<Step>,
    pub(crate) stable_service: Option<String>,
    pub(crate) canary_service: Option<String>,
    /// Absent: the split follows the numbers of pods.
    #[serde(deserialize_with = "lenient")]
    pub(crate) traffic_routing: Option<TrafficRouting>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) dynamic_stable_scale: bool,
    #[serde(deserialize_with = "lenient")]
    pub(crate) scale_down_delay_seconds: Option<i64>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) ping_pong: Option<PingPong>,
}

impl Canary {
    /// The Services that its router leads to.
    fn counted_services(&self) -> Vec<String> {
        let routed = self.traffic_routing.is_some();
        let both = match &self.ping_pong {
            Some(pair) => [Some(&pair.ping_service), Some(&pair.pong_service)],
            None => [self.stable_service.as_ref(), self.canary_service.as_ref()],
        };
        let both = both.into_iter().collect::<Option<Vec<&String>>>().filter(|_| routed);
        both.unwrap_or_default().into_iter().cloned().collect()
    }

    /// What `setWeight` is out of.
    pub(crate) fn whole(&self) -> u32 {
        let routing = self.traffic_routing.as_ref();
        routing.and_then(|routing| routing.max_traffic_weight).filter(|max| *max > 0).unwrap_or(100)
    }
}

/// A step: exactly one of these is set.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Step {
    pub(crate) set_weight: Option<u32>,
    pub(crate) pause: Option<Pause>,
    pub(crate) analysis: Option<Value>,
    pub(crate) experiment: Option<Value>,
    pub(crate) set_canary_scale: Option<CanaryScale>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) set_header_route: Option<Route>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) set_mirror_route: Option<Route>,
    pub(crate) plugin: Option<Named>,
}

/// A pause step.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Pause {
    duration: Value,
}

impl Pause {
    /// How long it lasts; nothing when a person ends it.
    pub(crate) fn duration(&self) -> Option<SignedDuration> {
        let text = match &self.duration {
            Value::Number(number) => return number.as_i64().map(SignedDuration::from_secs),
            Value::String(text) => text.trim(),
            _ => return None,
        };
        match text.parse::<i64>() {
            Ok(seconds) => Some(SignedDuration::from_secs(seconds)),
            Err(_) => text.parse().ok(),
        }
    }
}

/// How many pods the new version has, apart from its weight.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct CanaryScale {
    pub(crate) replicas: Option<u32>,
    pub(crate) weight: Option<u32>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) match_traffic_weight: bool,
}

/// A route for some requests, whatever the weights; without any match it is taken away.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Route {
    pub(crate) name: String,
    #[serde(deserialize_with = "lenient", rename = "match")]
    pub(crate) matches: Vec<Value>,
    /// The part of the requests that is copied; absent means all.
    #[serde(deserialize_with = "lenient")]
    pub(crate) percentage: Option<u32>,
}

/// A step that names something.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Named {
    pub(crate) name: String,
}

/// How far the controller is. Absent is zero, false or empty everywhere.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Status {
    /// May lag; see `translate::standing`.
    pub(crate) phase: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) message: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) abort: bool,
    #[serde(deserialize_with = "lenient")]
    pub(crate) aborted_at: Option<Timestamp>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) pause_conditions: Vec<PauseCondition>,
    /// The controller put the present pause there: bookkeeping, not a pause.
    #[serde(deserialize_with = "lenient")]
    pub(crate) controller_pause: bool,
    #[serde(deserialize_with = "lenient")]
    pub(crate) promote_full: bool,
    /// The version asked for.
    pub(crate) current_pod_hash: String,
    /// The version promoted last.
    #[serde(rename = "stableRS")]
    pub(crate) stable_rs: String,
    /// The step being carried out; as many as there are steps when all are done.
    #[serde(deserialize_with = "lenient")]
    pub(crate) current_step_index: Option<usize>,
    /// A number as text, or the hash of an old controller.
    #[serde(deserialize_with = "lenient")]
    pub(crate) observed_generation: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) workload_observed_generation: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) replicas: u32,
    #[serde(deserialize_with = "lenient")]
    pub(crate) updated_replicas: u32,
    #[serde(deserialize_with = "lenient")]
    pub(crate) available_replicas: u32,
    #[serde(deserialize_with = "lenient")]
    pub(crate) restarted_at: Option<Timestamp>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) conditions: Vec<Condition>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) blue_green: BlueGreenStatus,
    #[serde(deserialize_with = "lenient")]
    pub(crate) canary: CanaryStatus,
    /// What the controller has verified, by ingress; absent when it does not look.
    #[serde(deserialize_with = "lenient")]
    albs: Vec<AlbStatus>,
    #[serde(deserialize_with = "lenient")]
    alb: Option<AlbStatus>,
}

impl Status {
    /// The load balancers that the controller has verified.
    pub(crate) fn load_balancers(&self) -> impl Iterator<Item = &AlbStatus> {
        self.albs.iter().chain(&self.alb)
    }
}

/// Why it waits, and since when.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct PauseCondition {
    pub(crate) reason: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) start_time: Option<Timestamp>,
}

/// Which version each Service points at, as last reconciled.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct BlueGreenStatus {
    pub(crate) active_selector: String,
    pub(crate) preview_selector: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) pre_promotion_analysis_run_status: Option<RunStatus>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) post_promotion_analysis_run_status: Option<RunStatus>,
}

/// The weights and the runs of a canary.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct CanaryStatus {
    #[serde(deserialize_with = "lenient")]
    pub(crate) weights: Option<Weights>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) current_step_analysis_run_status: Option<RunStatus>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) stable_ping_pong: String,
}

/// A run as its rollout knows it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RunStatus {
    pub(crate) name: String,
    pub(crate) status: String,
}

impl RunStatus {
    /// Whether it will measure nothing more.
    pub(crate) fn is_over(&self) -> bool {
        is_end(&self.status)
    }
}

/// Whether an analysis or an experiment in this phase will measure nothing more.
pub(crate) fn is_end(phase: &str) -> bool {
    matches!(phase, "Successful" | "Failed" | "Error" | "Inconclusive")
}

/// What the controller last asked the traffic router for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Weights {
    pub(crate) canary: Share,
    pub(crate) stable: Share,
    #[serde(deserialize_with = "lenient")]
    pub(crate) additional: Vec<Share>,
    /// Whether the load balancer was seen to hold them; absent when nobody looks.
    #[serde(deserialize_with = "lenient")]
    pub(crate) verified: Option<bool>,
}

/// The weight of one version.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Share {
    #[serde(deserialize_with = "lenient")]
    pub(crate) weight: u32,
    #[serde(deserialize_with = "lenient")]
    pub(crate) pod_template_hash: String,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pause_is_seconds_text_or_open() {
        let pause = |value: Value| Pause { duration: value }.duration().map(|d| d.as_secs());
        assert_eq!(pause(json!(30)), Some(30));
        assert_eq!(pause(json!("45")), Some(45));
        assert_eq!(pause(json!("5m")), Some(300));
        assert_eq!(pause(json!("1h")), Some(3600));
        assert_eq!(pause(Value::Null), None);
        assert_eq!(pause(json!("soon")), None);
    }

    #[test]
    fn a_field_of_an_unexpected_shape_hides_nothing_else() {
        let rollout: Rollout = serde_json::from_value(json!({
            "metadata": {"name": "app", "annotations": null, "creationTimestamp": "yesterday"},
            "spec": {"paused": "yes", "strategy": {"canary": {"steps": [{"setWeight": 5}, {"new": 1}]}}},
            "status": {"observedGeneration": "5b4c", "currentPodHash": "abc", "HPAReplicas": 1,
                       "pauseConditions": null, "currentStepIndex": -1},
        }))
        .unwrap();
        assert_eq!(rollout.status.current_pod_hash, "abc");
        assert_eq!(rollout.spec.strategy.canary.unwrap().steps.len(), 2);
        assert_eq!(rollout.metadata.creation_timestamp, None);
    }
}
