//! What the SDK says about a failed call, as a [`Fault`] that people and the program react to.
//!
//! The code decides, then the status: services answer a missing permission and throttling with
//! HTTP 400, like any mistake of the caller. What never reached the service (no login, no network)
//! has neither and is found in the chain of causes.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::aws::CodeWanted;
use crate::domain::{Fault, FaultKind};

const THROTTLED: [&str; 13] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "PriorRequestNotComplete",
    "BandwidthLimitExceeded",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
    "EC2ThrottledException",
];
const EXPIRED: [&str; 3] = ["ExpiredToken", "ExpiredTokenException", "RequestExpired"];
const BAD_IDENTITY: [&str; 6] = [
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "InvalidAccessKeyId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "AuthFailure",
];
const SKEWED: [&str; 2] = ["RequestTimeTooSkewed", "RequestInTheFuture"];
const DENIED: [&str; 3] = ["AccessDeniedException", "AccessDenied", "UnauthorizedOperation"];
const SERVER: [&str; 6] = [
    "InternalFailure",
    "InternalError",
    "InternalServerError",
    "ServerException",
    "ServiceUnavailable",
    "HealthUnavailable",
];

/// The failure of `operation`, spelled as IAM spells it, e.g. `codedeploy:GetDeployment`.
pub(super) fn fault<E>(operation: &str, error: &SdkError<E, HttpResponse>) -> Fault
where
    E: Error + ProvideErrorMetadata + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    match error {
        SdkError::TimeoutError(_) => {
            Fault::new(FaultKind::Timeout, operation, "no answer in the time allowed")
        }
        SdkError::ConstructionFailure(_) | SdkError::DispatchFailure(_) => {
            never_sent(operation, error)
        }
        _ => {
            let said = error.message().unwrap_or_default();
            match (error.code(), status) {
                (Some(code), status) => {
                    Fault::new(by_code(operation, code, said, status), operation, said)
                }
                (None, Some(status)) => by_status(operation, status),
                (None, None) => Fault::new(FaultKind::Garbled, operation, chain(error)),
            }
        }
    }
}

fn by_code(operation: &str, code: &str, said: &str, status: Option<u16>) -> FaultKind {
    let is = |codes: &[&str]| codes.contains(&code);
    if is(&THROTTLED) {
        FaultKind::Throttled
    } else if is(&EXPIRED) {
        FaultKind::CredentialsExpired
    } else if is(&SKEWED) || (is(&BAD_IDENTITY) && blames_clock(said)) {
        FaultKind::ClockSkew
    } else if is(&BAD_IDENTITY) {
        FaultKind::BadIdentity
    } else if is(&DENIED) {
        FaultKind::Denied { permission: permission(said).unwrap_or(operation).to_owned() }
    } else if is(&SERVER) || status.is_some_and(|status| status >= 500 && status != 501) {
        FaultKind::Server
    } else if is_absence(code) {
        FaultKind::NotFound
    } else {
        FaultKind::Rejected { code: code.to_owned() }
    }
}

/// Codes such as `DeploymentDoesNotExistException`, `ClusterNotFoundException`.
fn is_absence(code: &str) -> bool {
    code.contains("DoesNotExist") || code.contains("NotFound")
}

fn blames_clock(said: &str) -> bool {
    said.contains("Signature expired") || said.contains("Signature not yet current")
}

/// An answer without a code: empty, an HTML page of a proxy, or not what the service speaks. What AWS
/// denies it denies with a code: a 403 without one is a proxy's, and says nothing about permissions.
fn by_status(operation: &str, status: u16) -> Fault {
    let kind = match status {
        429 => FaultKind::Throttled,
        500 | 502..=504 => FaultKind::Server,
        _ => FaultKind::Garbled,
    };
    Fault::new(kind, operation, format!("HTTP {status} without a message that can be read"))
}

/// The permission in "User: … is not authorized to perform: ecs:ListTasks on resource: …".
fn permission(said: &str) -> Option<&str> {
    let rest = said.split_once("not authorized to perform: ")?.1;
    let word = rest.split_whitespace().next()?.trim_end_matches(['.', ',']);
    word.contains(':').then_some(word)
}

/// Nothing arrived: the login, the network, or the endpoint.
pub(super) fn never_sent(operation: &str, error: &(dyn Error + 'static)) -> Fault {
    if let Some(wanted) = causes(error).find_map(|cause| cause.downcast_ref::<CodeWanted>()) {
        let CodeWanted { device, tried, said } = wanted.clone();
        return Fault::new(FaultKind::CodeWanted { device, tried }, operation, said);
    }
    let text = chain(error);
    let kind = if text.contains("token has expired") || text.contains("SSO session has expired") {
        FaultKind::CredentialsExpired
    } else if let Some(cause) = credentials_error(error) {
        match cause {
            CredentialsError::ProviderTimedOut(_) => FaultKind::Timeout,
            _ if text.contains("cached SSO token") => FaultKind::CredentialsExpired,
            _ => FaultKind::CredentialsMissing,
        }
    } else if text.contains("no identity resolver") || text.contains("no providers in chain") {
        FaultKind::CredentialsMissing
    } else if text.contains("timed out") || text.contains("timeout") {
        FaultKind::Timeout
    } else {
        FaultKind::Offline
    };
    Fault::new(kind, operation, text)
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}

fn credentials_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a CredentialsError> {
    causes(error).find_map(|cause| cause.downcast_ref::<CredentialsError>())
}

/// What the causes say, outermost first, each thing once.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    for cause in causes(error) {
        let text = cause.to_string();
        if !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
    }
    parts.join(": ")
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::operation::list_tasks::ListTasksError;
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    const OPERATION: &str = "ecs:ListTasks";

    fn answered(status: u16, code: Option<&str>, message: &str) -> Fault {
        let mut meta = ErrorMetadata::builder().message(message);
        meta = match code {
            Some(code) => meta.code(code),
            None => meta,
        };
        let raw = HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
        fault(OPERATION, &SdkError::service_error(ListTasksError::generic(meta.build()), raw))
    }

    #[test]
    fn the_code_decides_before_the_status() {
        let rejected = FaultKind::Rejected { code: "InvalidParameterException".into() };
        let denied = FaultKind::Denied { permission: OPERATION.into() };
        for (status, code, kind) in [
            (400, "ThrottlingException", FaultKind::Throttled),
            (503, "SlowDown", FaultKind::Throttled),
            (400, "ExpiredTokenException", FaultKind::CredentialsExpired),
            (403, "ExpiredToken", FaultKind::CredentialsExpired),
            (403, "InvalidClientTokenId", FaultKind::BadIdentity),
            (403, "RequestTimeTooSkewed", FaultKind::ClockSkew),
            (400, "AccessDeniedException", denied),
            (400, "ClusterNotFoundException", FaultKind::NotFound),
            (400, "DeploymentDoesNotExistException", FaultKind::NotFound),
            (400, "ServerException", FaultKind::Server),
            (500, "SomethingNew", FaultKind::Server),
            (400, "InvalidParameterException", rejected),
        ] {
            assert_eq!(answered(status, Some(code), "").kind, kind, "{status} {code}");
        }
    }

    #[test]
    fn an_answer_without_a_code_is_told_by_its_status() {
        for (status, kind) in [
            (503, FaultKind::Server),
            (429, FaultKind::Throttled),
            (403, FaultKind::Garbled),
            (404, FaultKind::Garbled),
            (501, FaultKind::Garbled),
        ] {
            assert_eq!(answered(status, None, "").kind, kind, "{status}");
        }
    }

    #[test]
    fn a_denial_names_the_permission_of_the_message() {
        let said = "User: arn:aws:sts::111122223333:assumed-role/dev/x is not authorized to \
                    perform: ecs:DescribeTasks on resource: * because no policy allows it";
        let fault = answered(400, Some("AccessDeniedException"), said);
        assert_eq!(fault.kind, FaultKind::Denied { permission: "ecs:DescribeTasks".into() });
    }

    #[test]
    fn a_lost_login_is_no_broken_network() {
        let unsent = |cause: Box<dyn Error + Send + Sync>| {
            let error = ConnectorError::other(cause, None);
            fault(OPERATION, &SdkError::<ListTasksError, _>::dispatch_failure(error)).kind
        };
        let missing = CredentialsError::not_loaded("no credentials found in chain");
        let expired =
            CredentialsError::provider_error("the SSO token has expired and cannot be refreshed");
        assert_eq!(unsent(missing.into()), FaultKind::CredentialsMissing);
        assert_eq!(unsent(expired.into()), FaultKind::CredentialsExpired);
        assert_eq!(unsent("connection refused".into()), FaultKind::Offline);
    }

    #[test]
    fn silence_is_a_timeout() {
        let error = SdkError::<ListTasksError, HttpResponse>::timeout_error("8 s");
        assert_eq!(fault(OPERATION, &error).kind, FaultKind::Timeout);
    }
}
