//! What an answer of an API server means that is not what was asked for.

use crate::domain::{Fault, FaultKind};

/// A request that could not be put together.
pub(super) fn unbuilt(operation: &str, error: &impl std::fmt::Display) -> Fault {
    let kind = FaultKind::Rejected { code: "not a request".to_owned() };
    Fault::new(kind, &spelled(operation), error.to_string())
}

/// No answer came.
pub(super) fn silent(operation: &str) -> Fault {
    Fault::new(FaultKind::Timeout, &spelled(operation), "no answer in the time allowed")
}

/// Whether what was asked from is too old: everything has to be listed anew.
pub(super) fn is_gone(fault: &Fault) -> bool {
    fault.kind == FaultKind::Rejected { code: "Expired".to_owned() }
}

/// An operation with who carries it out, as other faults spell it.
fn spelled(operation: &str) -> String {
    if operation.contains(':') { operation.to_owned() } else { format!("kubernetes:{operation}") }
}

/// What a failed request means.
pub(super) fn fault(operation: &str, error: &kube::Error) -> Fault {
    let (kind, text) = match error {
        kube::Error::Api(status) => {
            return of_status(operation, status.code, &status.reason, &status.message);
        }
        error if is_of_login(error) => (FaultKind::CredentialsExpired, chain(error)),
        kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => (FaultKind::Garbled, chain(error)),
        _ => (FaultKind::Offline, chain(error)),
    };
    Fault::new(kind, &spelled(operation), text)
}

/// Whether it is the login that failed, also one that is renewed in the middle of a request: a login
/// program that hands out no token is no network that is down.
fn is_of_login(error: &kube::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<kube::client::AuthError>() {
            return true;
        }
        cause = error.source();
    }
    matches!(error, kube::Error::Auth(_))
}

/// What a status of the API server means.
pub(super) fn of_status(operation: &str, code: u16, reason: &str, message: &str) -> Fault {
    let kind = match code {
        401 => FaultKind::CredentialsExpired,
        403 => {
            FaultKind::Denied { permission: operation.trim_start_matches("kubernetes:").to_owned() }
        }
        404 if operation.starts_with("list ") => {
            // Of a kind that a cluster knows there may be none, but then it says so.
            let kind = operation.trim_start_matches("list ");
            let text =
                format!("this cluster knows no {kind}: Argo Rollouts is not installed in it");
            return Fault::new(FaultKind::NotFound, &spelled(operation), text);
        }
        404 => FaultKind::NotFound,
        410 => FaultKind::Rejected { code: "Expired".to_owned() },
        429 => FaultKind::Throttled,
        500.. => FaultKind::Server,
        _ => FaultKind::Rejected {
            code: if reason.is_empty() { code.to_string() } else { reason.to_owned() },
        },
    };
    Fault::new(kind, &spelled(operation), message)
}

/// An error with everything that caused it.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}
