//! A Rollout as its controller reads and writes it. A status of another shape the API server refuses.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::steps::Step;

/// What was asked for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Spec {
    replicas: Option<u32>,
    pub(super) paused: bool,
    pub(super) restart_at: Option<Timestamp>,
    pub(super) template: Json,
    pub(super) selector: Json,
    pub(super) workload_ref: Option<WorkloadRef>,
    rollback_window: RollbackWindow,
    pub(super) strategy: Strategy,
    progress_deadline_seconds: Option<i64>,
    pub(super) progress_deadline_abort: bool,
}

impl Spec {
    pub(super) fn replicas(&self) -> u32 {
        self.replicas.unwrap_or(1)
    }

    pub(super) fn progress_deadline(&self) -> SignedDuration {
        SignedDuration::from_secs(self.progress_deadline_seconds.unwrap_or(600))
    }

    /// How many versions back a version is asked for again without steps and checks.
    pub(super) fn rollback_window(&self) -> u32 {
        self.rollback_window.revisions
    }
}

/// Whose template it is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct WorkloadRef {
    pub(super) kind: String,
    pub(super) name: String,
    /// When the pods of its own go: `never`, `onsuccess` or `progressively`.
    pub(super) scale_down: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct RollbackWindow {
    revisions: u32,
}

/// One of two.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Strategy {
    pub(super) blue_green: Option<BlueGreen>,
    pub(super) canary: Option<Canary>,
}

/// A Service is moved.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct BlueGreen {
    pub(super) active_service: String,
    pub(super) preview_service: Option<String>,
    pub(super) auto_promotion_enabled: Option<bool>,
    pub(super) auto_promotion_seconds: Option<i64>,
    pub(super) preview_replica_count: Option<u32>,
    pub(super) pre_promotion_analysis: Option<Analysis>,
    pub(super) post_promotion_analysis: Option<Analysis>,
    pub(super) scale_down_delay_seconds: Option<i64>,
    pub(super) abort_scale_down_delay_seconds: Option<i64>,
    pub(super) scale_down_delay_revision_limit: Option<usize>,
}

impl BlueGreen {
    /// Whether a person has to agree, whatever the time.
    pub(super) fn asks(&self) -> bool {
        self.auto_promotion_enabled == Some(false)
    }

    /// How long the pause lasts that ends by itself.
    pub(super) fn pause(&self) -> Option<SignedDuration> {
        let seconds = self.auto_promotion_seconds.filter(|seconds| *seconds > 0);
        seconds.map(SignedDuration::from_secs)
    }
}

/// Weights are moved in steps.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names are the API's")]
pub(super) struct Canary {
    pub(super) steps: Vec<Step>,
    pub(super) stable_service: Option<String>,
    pub(super) canary_service: Option<String>,
    pub(super) traffic_routing: Option<Routing>,
    pub(super) ping_pong: Option<PingPong>,
    pub(super) analysis: Option<Background>,
    max_surge: Json,
    max_unavailable: Json,
    pub(super) scale_down_delay_seconds: Option<i64>,
    pub(super) abort_scale_down_delay_seconds: Option<i64>,
    pub(super) scale_down_delay_revision_limit: Option<usize>,
    pub(super) dynamic_stable_scale: bool,
}

impl Canary {
    /// How many pods there may be beyond those that are wanted, and how many of those may be missing.
    pub(super) fn limits(&self, replicas: u32) -> (u32, u32) {
        let usual = Json::from("25%");
        let of = |given: &Json, up: bool| {
            let given = if given.is_null() { &usual } else { given };
            let share = given.as_str().and_then(|text| text.strip_suffix('%')?.parse::<u32>().ok());
            match share {
                Some(share) if up => (replicas * share).div_ceil(100),
                Some(share) => replicas * share / 100,
                None => given.as_u64().and_then(|number| u32::try_from(number).ok()).unwrap_or(0),
            }
        };
        let (surge, missing) = (of(&self.max_surge, true), of(&self.max_unavailable, false));
        // With neither, nothing could ever be replaced.
        (surge, if surge == 0 { missing.max(1) } else { missing })
    }
}

/// Who holds the weights.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Routing {
    pub(super) nginx: Option<Nginx>,
    pub(super) alb: Option<Alb>,
    pub(super) managed_routes: Option<Vec<ManagedRoute>>,
}

/// A route that steps may make and take away.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct ManagedRoute {
    pub(super) name: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Nginx {
    pub(super) stable_ingress: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Alb {
    pub(super) ingress: String,
    pub(super) root_service: Option<String>,
    pub(super) service_port: u16,
}

/// Two Services that take turns.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PingPong {
    pub(super) ping_service: String,
    pub(super) pong_service: String,
}

/// An analysis beside the steps, from one of them on.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Background {
    #[serde(flatten)]
    pub(super) analysis: Analysis,
    pub(super) starting_step: usize,
}

/// Which templates are analysed with which arguments.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Analysis {
    pub(super) templates: Vec<TemplateName>,
    pub(super) args: Vec<Json>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct TemplateName {
    pub(super) template_name: String,
}

/// How far it is. What is nothing is not written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Status {
    #[serde(skip_serializing_if = "is_nothing")]
    pub(super) abort: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) aborted_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) alb: Option<Json>,
    #[serde(skip_serializing_if = "is_nothing")]
    pub(super) albs: Vec<Json>,
    #[serde(skip_serializing_if = "is_nothing")]
    pub(super) available_replicas: u32,
    pub(super) blue_green: BlueGreenStatus,
    pub(super) canary: CanaryStatus,
    #[serde(skip_serializing_if = "is_nothing")]
    pub(super) conditions: Vec<Condition>,
    #[serde(skip_serializing_if = "is_nothing")]
    pub(super) controller_pause: bool,
    #[serde(skip_serializing_if = "is_nothing")]
    pub(super) current_pod_hash: String,
    #[serde(skip_serializing_if = "is_nothing")]
    pub(super) current_step_hash: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) current_step_index: Option<usize>,
    #[serde(rename = "HPAReplicas", skip_serializing_if = "is_nothing")]
    pub(super) hpa_replicas: u32,
    #[serde(skip_serializing_if = "is_nothing")]
    pub(super) message: String,
    #[serde(skip_serializing_if = "is_nothing")]
    pub(super) observed_generation: String,
    #[serde(skip_serializing_if = "is_nothing")]
    pub(super) pause_conditions: Vec<PauseCondition>,
    #[serde(skip_serializing_if = "is_nothing")]
    pub(super) phase: String,
    #[serde(skip_serializing_if = "is_nothing")]
    pub(super) promote_full: bool,
    #[serde(skip_serializing_if = "is_nothing")]
    pub(super) ready_replicas: u32,
    #[serde(skip_serializing_if = "is_nothing")]
    pub(super) replicas: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) restarted_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "is_nothing")]
    pub(super) selector: String,
    #[serde(rename = "stableRS", skip_serializing_if = "is_nothing")]
    pub(super) stable_rs: String,
    #[serde(skip_serializing_if = "is_nothing")]
    pub(super) updated_replicas: u32,
    #[serde(skip_serializing_if = "is_nothing")]
    pub(super) workload_observed_generation: String,
}

fn is_nothing<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct BlueGreenStatus {
    #[serde(skip_serializing_if = "is_nothing")]
    pub(super) active_selector: String,
    #[serde(skip_serializing_if = "is_nothing")]
    pub(super) preview_selector: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pre_promotion_analysis_run_status: Option<RunStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) post_promotion_analysis_run_status: Option<RunStatus>,
    #[serde(skip_serializing_if = "is_nothing")]
    pub(super) scale_up_preview_check_point: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct CanaryStatus {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) current_background_analysis_run_status: Option<RunStatus>,
    #[serde(skip_serializing_if = "is_nothing")]
    pub(super) current_experiment: String,
    #[serde(skip_serializing_if = "is_nothing")]
    pub(super) stable_ping_pong: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) current_step_analysis_run_status: Option<RunStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) weights: Option<Weights>,
}

/// A run, as the Rollout last saw it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct RunStatus {
    #[serde(skip_serializing_if = "is_nothing")]
    pub(super) message: String,
    pub(super) name: String,
    pub(super) status: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Weights {
    pub(super) canary: Weight,
    pub(super) stable: Weight,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names are the API's")]
pub(super) struct Weight {
    pub(super) pod_template_hash: String,
    #[serde(skip_serializing_if = "is_nothing")]
    pub(super) service_name: String,
    pub(super) weight: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PauseCondition {
    pub(super) reason: String,
    pub(super) start_time: Timestamp,
}

/// A condition; the one that changed last stands last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Condition {
    pub(super) last_transition_time: Timestamp,
    pub(super) last_update_time: Timestamp,
    pub(super) message: String,
    pub(super) reason: String,
    pub(super) status: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
}

impl Status {
    pub(super) fn condition(&self, kind: &str) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.kind == kind)
    }

    /// Whether a condition has this reason.
    pub(super) fn has_reason(&self, kind: &str, reason: &str) -> bool {
        self.condition(kind).is_some_and(|condition| condition.reason == reason)
    }

    /// The pause that the controller has put there for a reason.
    pub(super) fn pause(&self, reason: &str) -> Option<&PauseCondition> {
        self.pause_conditions.iter().find(|pause| pause.reason == reason)
    }

    /// Writes a condition down, if it is another one than before.
    pub(super) fn set_condition(
        &mut self,
        now: Timestamp,
        kind: &str,
        (status, reason, message): (&str, &str, String),
    ) {
        let before = self.condition(kind).cloned();
        let same = |one: &Condition| {
            (one.status.as_str(), one.reason.as_str(), &one.message) == (status, reason, &message)
        };
        if before.as_ref().is_some_and(same) {
            return;
        }
        let since = before.filter(|one| one.status == status).map(|one| one.last_transition_time);
        self.conditions.retain(|one| one.kind != kind);
        self.conditions.push(Condition {
            last_transition_time: since.unwrap_or(now),
            last_update_time: now,
            message,
            reason: reason.to_owned(),
            status: status.to_owned(),
            kind: kind.to_owned(),
        });
    }
}
