//! Who asks, and what is allowed: everything to everybody, as far as no fault says otherwise.

use serde_json::{Value as Json, json};

use super::{no_resource, store};
use crate::sim::error::ApiError;
use crate::sim::services::sts;
use crate::sim::value::Value;
use crate::sim::world::World;

/// Answers a review; nothing else can be made here.
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
            Ok(answer("SelfSubjectAccessReview", json!({"allowed": true})).into())
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
