//! Who asks, and what is allowed: everything to everybody, but for what a fault denies.

use serde_json::{Value as Json, json};

use super::{no_resource, store};
use crate::sim::error::ApiError;
use crate::sim::services::sts;
use crate::sim::value::Value;
use crate::sim::world::World;

/// Whether a request asks for a review.
pub(super) fn is_review(input: &Value) -> bool {
    matches!(input.text("group"), Some("authorization.k8s.io" | "authentication.k8s.io"))
}

/// The verb that a review asks about.
pub(crate) fn verb(operation: &str, input: &Value) -> Option<String> {
    if operation != "create" || !is_review(input) {
        return None;
    }
    let question: Json = serde_json::from_str(input.text("body")?).ok()?;
    Some(question.pointer("/spec/resourceAttributes/verb")?.as_str()?.to_owned())
}

/// Answers a review; the member `denied` says that what it asks about is not permitted.
pub(super) fn create(world: &World, input: &Value) -> Result<Value, ApiError> {
    store(world)?;
    let text = |name: &str| input.text(name).unwrap_or_default();
    let question: Json = serde_json::from_str(text("body")).unwrap_or_default();
    let group = text("group");
    let answer = |kind: &str, status: Json| {
        json!({
            "apiVersion": format!("{group}/v1"),
            "kind": kind,
            "metadata": {},
            "spec": question["spec"],
            "status": status,
        })
    };
    match (group, text("plural")) {
        ("authorization.k8s.io", "selfsubjectaccessreviews") => {
            let allowed = input.bool("denied") != Some(true);
            let status = if allowed {
                json!({"allowed": true})
            } else {
                json!({"allowed": false, "reason": "no role of the caller allows it"})
            };
            Ok(answer("SelfSubjectAccessReview", status).into())
        }
        ("authentication.k8s.io", "selfsubjectreviews") => {
            let user = json!({
                "username": sts::caller_arn(world),
                "groups": ["rollout-operators", "system:authenticated"],
            });
            Ok(answer("SelfSubjectReview", json!({ "userInfo": user })).into())
        }
        _ => Err(no_resource()),
    }
}
