//! Questions to Amazon Managed Prometheus carry the caller's signature.

use std::time::{Duration, SystemTime};

use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use http::Request;
use jiff::Timestamp;

use crate::domain::{Fault, FaultKind};
use crate::sources::aws::Aws;
use crate::sources::error::{chain, never_sent};

/// What is tried, as faults name it.
const OPERATION: &str = "aps:sign";
/// Amazon Managed Prometheus, as signatures spell it.
const SERVICE: &str = "aps";

/// Who signs, and for where.
#[derive(Clone)]
pub(super) struct Signer {
    aws: Aws,
    credentials: SharedCredentialsProvider,
    region: String,
    /// Scheme and host of the workspace: the signature covers them.
    root: String,
}

impl Signer {
    /// Signs in the name of the AWS credentials.
    pub(super) fn new(aws: &Aws, url: &str, region: &str) -> Result<Self, Fault> {
        let credentials = aws.credentials().ok_or_else(|| {
            fault(FaultKind::CredentialsMissing, "the AWS configuration has no credentials")
        })?;
        let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
        let host = rest.split('/').next().unwrap_or_default();
        let root = format!("{scheme}://{host}");
        Ok(Self { aws: aws.clone(), credentials, region: region.to_owned(), root })
    }

    /// The request with its signature.
    pub(super) async fn sign(
        &self,
        mut request: Request<Vec<u8>>,
    ) -> Result<Request<Vec<u8>>, Fault> {
        let credentials = self.credentials.provide_credentials().await;
        let credentials = credentials.map_err(|error| never_sent(OPERATION, &error))?;
        let identity: Identity = credentials.into();
        let wrong =
            |error: &(dyn std::error::Error + 'static)| fault(FaultKind::Garbled, &chain(error));
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(SERVICE)
            .time(moment(self.aws.now()))
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| wrong(&error))?
            .into();
        let url = format!("{}{}", self.root, request.uri());
        let body = SignableBody::Bytes(request.body());
        let signable = SignableRequest::new(request.method().as_str(), url, [].into_iter(), body)
            .map_err(|error| wrong(&error))?;
        let signed = sign(signable, &params).map_err(|error| wrong(&error))?;
        let (instructions, _) = signed.into_parts();
        instructions.apply_to_request_http1x(&mut request);
        Ok(request)
    }
}

/// A moment in whole seconds, as signatures have it.
fn moment(at: Timestamp) -> SystemTime {
    let seconds = u64::try_from(at.as_second()).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn fault(kind: FaultKind, text: &str) -> Fault {
    Fault::new(kind, OPERATION, text)
}
