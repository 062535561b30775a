//! What went wrong when the world was asked, in terms a person can act on.

use std::fmt;

use serde::Serialize;

/// The kinds of failure that people react to differently.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// The account's request quota is used up; the data will come later.
    Throttled,
    /// The identity lacks a permission.
    Denied {
        /// The missing permission as IAM spells it, e.g. `cloudwatch:GetMetricData`.
        permission: String,
    },
    /// The login has expired; polling stops until it is renewed.
    CredentialsExpired,
    /// There is no identity to sign with.
    CredentialsMissing,
    /// A person has to type the code of a multi-factor device before there is an identity.
    CodeWanted {
        /// The device, as the profile names it.
        device: String,
        /// How many codes were tried so far.
        tried: u32,
    },
    /// The service does not know or accept this identity or its signature.
    BadIdentity,
    /// The local clock is too far from the service's.
    ClockSkew,
    /// What was asked for does not exist (in this account and Region).
    NotFound,
    /// There is nothing of the kind here, and nothing is wrong with that; the message says why.
    Absent,
    /// No answer within the time allowed.
    Timeout,
    /// The network or the endpoint cannot be reached.
    Offline,
    /// The service failed on its own side.
    Server,
    /// The service refused the request with a code of its own.
    Rejected {
        /// The code as the API spells it, e.g. `DeploymentAlreadyCompletedException`.
        code: String,
    },
    /// The answer could not be understood.
    Garbled,
}

/// One failed attempt: what failed, on what, because of what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The reaction class.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// The operation as IAM spells it, e.g. `codedeploy:GetDeployment`.
    pub operation: String,
    /// The service's own words, or the transport's.
    pub message: String,
}

impl Fault {
    /// A fault of `operation`.
    pub fn new(kind: FaultKind, operation: &str, message: impl Into<String>) -> Self {
        Self { kind, operation: operation.to_owned(), message: message.into() }
    }

    /// Whether trying the same again later can help without anybody doing something.
    pub fn passes_by_itself(&self) -> bool {
        match self.kind {
            FaultKind::Throttled
            | FaultKind::Timeout
            | FaultKind::Offline
            | FaultKind::Server
            | FaultKind::Garbled => true,
            FaultKind::Denied { .. }
            | FaultKind::CredentialsExpired
            | FaultKind::CredentialsMissing
            | FaultKind::CodeWanted { .. }
            | FaultKind::BadIdentity
            | FaultKind::ClockSkew
            | FaultKind::NotFound
            | FaultKind::Absent
            | FaultKind::Rejected { .. } => false,
        }
    }

    /// Whether the identity itself is in doubt, so that nothing may be sent in its name.
    pub fn concerns_identity(&self) -> bool {
        matches!(
            self.kind,
            FaultKind::CredentialsExpired
                | FaultKind::CredentialsMissing
                | FaultKind::CodeWanted { .. }
                | FaultKind::BadIdentity
        )
    }

    /// The reason in a few words, for a panel that cannot show its value.
    pub fn brief(&self) -> String {
        match &self.kind {
            FaultKind::Throttled => "throttled".to_owned(),
            FaultKind::Denied { permission } => format!("no permission for {permission}"),
            FaultKind::CredentialsExpired => "login expired".to_owned(),
            FaultKind::CredentialsMissing => "no credentials".to_owned(),
            FaultKind::CodeWanted { .. } => "MFA code wanted".to_owned(),
            FaultKind::BadIdentity => "identity not accepted".to_owned(),
            FaultKind::ClockSkew => "clock is off".to_owned(),
            FaultKind::NotFound => "not found".to_owned(),
            FaultKind::Absent => self.message.clone(),
            FaultKind::Timeout => "no answer".to_owned(),
            FaultKind::Offline => "not reachable".to_owned(),
            FaultKind::Server => "service error".to_owned(),
            FaultKind::Rejected { code } => code.clone(),
            FaultKind::Garbled => "answer not understood".to_owned(),
        }
    }

    /// What a person can do about it.
    pub fn hint(&self) -> Option<String> {
        if let Some(hint) = self.hint_in_a_cluster() {
            return Some(hint.to_owned());
        }
        match &self.kind {
            FaultKind::Denied { permission } => {
                Some(format!("add {permission} to the role; cutover iam-policy prints all"))
            }
            FaultKind::CredentialsExpired => {
                Some("renew the login, e.g. aws sso login; cutover goes on by itself".to_owned())
            }
            FaultKind::CredentialsMissing => Some(
                "set a profile (--profile NAME or AWS_PROFILE) or log in with aws sso login"
                    .to_owned(),
            ),
            FaultKind::CodeWanted { device, .. } => {
                Some(format!("type the code of {device}; on a terminal cutover asks for it"))
            }
            FaultKind::BadIdentity => {
                Some("check which profile is in use: aws sts get-caller-identity".to_owned())
            }
            FaultKind::ClockSkew => Some("set this machine's clock".to_owned()),
            FaultKind::NotFound => {
                Some("check the name, the account and the Region (--region)".to_owned())
            }
            FaultKind::Offline => Some("check the network, proxy and endpoint".to_owned()),
            FaultKind::Absent
            | FaultKind::Throttled
            | FaultKind::Timeout
            | FaultKind::Server
            | FaultKind::Rejected { .. }
            | FaultKind::Garbled => None,
        }
    }

    /// The same where the way there is not AWS's.
    fn hint_in_a_cluster(&self) -> Option<&'static str> {
        if !self.operation.starts_with("kubernetes:") {
            return None;
        }
        match self.kind {
            FaultKind::CredentialsMissing => {
                Some("set KUBECONFIG, or name a context of it: argo:CONTEXT/NAMESPACE/NAME")
            }
            FaultKind::CredentialsExpired | FaultKind::BadIdentity => {
                Some("renew the login that kubectl uses; cutover goes on by itself")
            }
            FaultKind::Denied { .. } => {
                Some("bind the roles that `cutover rbac` prints to this user")
            }
            FaultKind::NotFound => Some("check the context, the namespace and the name"),
            _ => None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind == FaultKind::Absent {
            return out.write_str(&self.message);
        }
        write!(out, "{} failed: {}", self.operation, self.brief())?;
        if self.message.is_empty() { Ok(()) } else { write!(out, ": {}", self.message) }
    }
}

impl std::error::Error for Fault {}
