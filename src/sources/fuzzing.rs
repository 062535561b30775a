//! How the tests that send broken input reach the readers of answers: the real clients over a
//! server that is a function, and the objects of a cluster without one.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

pub(crate) use super::argo::fuzzing::told;
pub(crate) use super::metrics::prometheus::fuzzing::counted;

use super::aws::{Aws, AwsOptions, Loopback, answered_by};
use super::backend::AwsTime;

/// What a server answers.
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

/// A server that is a function.
type Server = dyn Fn(http::Request<Vec<u8>>) -> Answered + Send + Sync;

/// An account whose requests `server` answers, at once and on this machine.
pub(crate) fn account(time: Arc<dyn AwsTime>, server: Arc<Server>) -> Option<Aws> {
    let address = "127.0.0.1:1".parse().ok()?;
    let loopback = Loopback::new(address, "eu-west-1").ok()?.impatient(Duration::from_secs(1));
    let options = AwsOptions { seed: 7, ..AwsOptions::simulated(loopback, time) };
    answered_by(options, Function(server))
}

#[derive(Clone)]
struct Function(Arc<Server>);

impl fmt::Debug for Function {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Function")
    }
}

impl HttpConnector for Function {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(self.answer(request))
    }
}

impl HttpClient for Function {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl Function {
    fn answer(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let broken =
            |error: Box<dyn std::error::Error + Send + Sync>| ConnectorError::other(error, None);
        let request = request.try_into_http1x().map_err(|error| broken(error.into()))?;
        let request = request.map(|body| body.bytes().unwrap_or_default().to_vec());
        let Answered { status, headers, body } = (self.0)(request);
        let status = StatusCode::try_from(status).map_err(|error| broken(error.into()))?;
        let mut response = HttpResponse::new(status, SdkBody::from(body));
        for (name, value) in headers {
            response.headers_mut().insert(name, value);
        }
        Ok(response)
    }
}
