//! The API server of the cluster: objects that are read, watched and changed.
//!
//! | file | what |
//! |---|---|
//! | `discovery` | what there is to ask for |
//! | `lists` | objects, many or one |
//! | `watch` | what changes |
//! | `log` | what pods have written |
//! | `select` | labels and fields that objects are chosen by |
//! | `change` | objects that are made, patched, replaced and taken away |
//! | `review` | who asks, and what is allowed |
//! | `table` | objects as `kubectl get` prints them |

mod change;
mod discovery;
mod lists;
mod log;
pub(crate) mod review;
mod select;
mod table;
pub(crate) mod watch;

use super::{Service, unknown_operation};
use crate::sim::error::ApiError;
use crate::sim::value::Value;
use crate::sim::world::World;
use crate::sim::world::argo::{Kind, Store};

/// The operations that are simulated.
pub const OPERATIONS: &[&str] =
    &["create", "delete", "discover", "get", "list", "patch", "update", "watch"];

/// Carries out an operation.
pub(crate) fn handle(world: &mut World, operation: &str, input: &Value) -> Result<Value, ApiError> {
    if input.text("group").is_some_and(|group| !knows(world, group)) {
        return Err(no_resource());
    }
    match operation {
        "create" if review::is_review(input) => review::create(world, input),
        "create" => change::create(world, input),
        "delete" => change::delete(world, input),
        "discover" => discovery::discover(world, input),
        "get" if input.text("subresource") == Some("log") => log::get(world, input),
        "get" => lists::get(world, input),
        "list" => lists::list(world, input),
        "patch" => change::patch(world, input),
        "update" => change::update(world, input),
        // Its answer has no end, so the server asks for it piece by piece.
        "watch" => watch::begin(world, input),
        _ => Err(unknown_operation(Service::Kubernetes, operation)),
    }
}

/// Whether the kinds of a group are defined: those of the load balancer controller come with it.
fn knows(world: &World, group: &str) -> bool {
    let balanced = || world.argo.as_ref().is_some_and(|argo| argo.front().is_some());
    group != Kind::TargetGroupBinding.group() || balanced()
}

/// The objects of the cluster, if there is one in this world.
fn store(world: &World) -> Result<&Store, ApiError> {
    world.argo.as_ref().map(|argo| &argo.store).ok_or_else(no_resource)
}

/// The kind that a request names.
fn kind(input: &Value) -> Result<Kind, ApiError> {
    let text = |name: &str| input.text(name).unwrap_or_default();
    Kind::of(text("group"), text("version"), text("plural")).ok_or_else(no_resource)
}

fn refused(status: u16, reason: &str, message: impl Into<String>) -> ApiError {
    ApiError { status, ..ApiError::client(reason, message) }
}

fn no_resource() -> ApiError {
    refused(404, "NotFound", "the server could not find the requested resource")
}

/// A resource as messages spell it.
fn spelled(kind: Kind) -> String {
    match kind.group() {
        "" => kind.plural().to_owned(),
        group => format!("{}.{group}", kind.plural()),
    }
}

fn not_found(kind: Kind, name: &str) -> ApiError {
    refused(404, "NotFound", format!("{} \"{name}\" not found", spelled(kind)))
}

fn expired(version: &str, oldest: u64) -> ApiError {
    refused(410, "Expired", format!("too old resource version: {version} ({oldest})"))
}
