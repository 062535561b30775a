//! The worst minute: orders under every fault, a program that is killed, a person whose keys are
//! random.

mod faults;
pub(crate) mod killed;
mod looking;
mod matrix;
mod monkey;
mod night;
mod orders;
pub(crate) mod secrets;
#[cfg(target_os = "linux")]
mod soak;

/// Whether a call changes something: whatever does not say that it only reads.
pub(crate) fn changes_something(operation: &str) -> bool {
    let reads =
        ["Describe", "Get", "List", "BatchGet", "get", "list", "watch", "discover", "query"];
    !reads.iter().any(|verb| operation.starts_with(verb))
}
