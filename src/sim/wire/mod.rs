//! Bytes to [`Value`] and back, in every wire format that AWS clients use for these services.
//!
//! | format | recognised by | services |
//! |---|---|---|
//! | [`json`] awsJson 1.0, 1.1 | header `x-amz-target: PREFIX.Operation` | CodeDeploy, ECS, CloudWatch, CodePipeline |
//! | [`cbor`] rpcv2Cbor | path `/service/NAME/operation/Operation` | CloudWatch |
//! | [`rest`] restJson1 | path `/2015-03-31/functions/` | Lambda |
//! | [`restxml`] restXml, read by [`markup`] | path `/2013-04-01/...` and method | Route 53 |
//! | [`kubernetes`] objects as JSON | paths `/api`, `/apis` and method | Kubernetes, Prometheus |
//! | [`query`] awsQuery, answered in [`xml`] | form members `Action` and `Version` | ELBv2, STS, CloudWatch, Elastic Beanstalk |
//!
//! Services answer with one spelling of an error code, that of the JSON protocol; the query
//! protocol's own spellings are made here.

pub mod cbor;
mod clusters;
pub mod json;
mod kubernetes;
pub mod markup;
pub mod query;
mod rest;
pub mod restxml;
pub mod xml;

#[cfg(test)]
pub(crate) mod testing;

use axum::http::request::Parts;

use crate::sim::error::ApiError;
use crate::sim::services::Service;
use crate::sim::value::Value;

/// The wire format of a request, and so of its reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// awsJson 1.0.
    Json10,
    /// awsJson 1.1.
    Json11,
    /// Smithy RPC v2 CBOR.
    Cbor,
    /// awsQuery.
    Query,
    /// restXml.
    RestXml,
    /// restJson1.
    RestJson,
    /// The Kubernetes API.
    Kubernetes,
    /// The HTTP API of Prometheus.
    Prometheus,
}

/// A request as a service sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The format to answer in.
    pub protocol: Protocol,
    /// The service addressed.
    pub service: Service,
    /// The operation, as the client spelled it: it need not exist.
    pub operation: String,
    /// Its members.
    pub input: Value,
}

/// A request that could not be read, and the format to say so in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The format to answer in.
    pub protocol: Protocol,
    /// What was wrong.
    pub error: ApiError,
}

/// An HTTP reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Header names and values.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// A reply with a body of a media type.
    pub fn new(status: u16, content_type: &str, body: Vec<u8>) -> Self {
        Self { status, headers: vec![("content-type", content_type.to_owned())], body }
    }

    /// The same reply with one more header.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// Reads a request.
pub fn decode(head: &Parts, body: &[u8]) -> Result<Request, Rejection> {
    let header = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(rest) = head.uri.path().strip_prefix("/service/") {
        return decode_rpc(rest, body);
    }
    if let Some(rest) = head.uri.path().strip_prefix(restxml::PREFIX) {
        return decode_restxml(head, rest, body);
    }
    let (path, query) = (head.uri.path(), head.uri.query().unwrap_or_default());
    if let Some(read) = clusters::decode(head, body) {
        return read;
    }
    if let Some(read) = rest::decode((&head.method, path, query), body) {
        let protocol = Protocol::RestJson;
        return match read {
            Ok((service, operation, input)) => Ok(Request { protocol, service, operation, input }),
            Err(error) => Err(Rejection { protocol, error }),
        };
    }
    if let Some(target) = header("x-amz-target") {
        let version_0 = header("content-type")
            .is_some_and(|kind| kind.starts_with("application/x-amz-json-1.0"));
        let protocol = if version_0 { Protocol::Json10 } else { Protocol::Json11 };
        return decode_json(protocol, target, body);
    }
    let form = if body.is_empty() { head.uri.query().unwrap_or("").as_bytes() } else { body };
    decode_query(form)
}

/// The Region that a request is signed for, if it is signed: its clients see nothing of others.
pub fn region(head: &Parts) -> Option<&str> {
    let signed = head.headers.get("authorization")?.to_str().ok()?;
    let (_, scope) = signed.split_once("Credential=")?;
    let scope = scope.split(',').next()?;
    // ID/DATE/REGION/SERVICE/aws4_request: an id has no slash.
    scope.split('/').nth(2)
}

/// Writes what an operation answered.
pub fn encode(request: &Request, request_id: &str, answer: &Result<Value, ApiError>) -> Reply {
    let output = match answer {
        Ok(output) => output,
        Err(error) => return encode_error(request.protocol, request_id, error),
    };
    match request.protocol {
        Protocol::Kubernetes | Protocol::Prometheus => kubernetes::reply(request, output),
        Protocol::Json10 | Protocol::Json11 | Protocol::RestJson => {
            Reply::new(200, media_type(request.protocol), json::encode(output))
        }
        Protocol::Cbor => cbor::reply(200, output),
        Protocol::Query => {
            let namespace = request.service.query().map_or("", |(_, namespace)| namespace);
            xml::reply(&request.operation, namespace, request_id, output)
        }
        Protocol::RestXml => restxml::reply(&request.operation, output),
    }
}

/// Writes an error in the shape and with the code of a format.
pub fn encode_error(protocol: Protocol, request_id: &str, error: &ApiError) -> Reply {
    match protocol {
        Protocol::Json10 | Protocol::Json11 => json::error(media_type(protocol), error),
        Protocol::Cbor => cbor::error(error),
        Protocol::Query => xml::error(error, request_id),
        Protocol::RestXml => restxml::error(error, request_id),
        Protocol::RestJson => rest::error(error),
        Protocol::Kubernetes => kubernetes::error(error),
        Protocol::Prometheus => kubernetes::prometheus_error(error),
    }
}

/// The error for a body that is not what its format demands.
pub(crate) fn malformed(message: impl Into<String>) -> ApiError {
    ApiError::client("SerializationException", message)
}

fn decode_rpc(rest: &str, body: &[u8]) -> Result<Request, Rejection> {
    let protocol = Protocol::Cbor;
    let reject = |error| Rejection { protocol, error };
    let (name, operation) = rest
        .split_once("/operation/")
        .ok_or_else(|| reject(unknown_target(&format!("/service/{rest}"))))?;
    let service = Service::ALL
        .into_iter()
        .find(|service| service.rpc_name() == Some(name))
        .ok_or_else(|| reject(unknown_target(name)))?;
    let input = cbor::decode(body).map_err(reject)?;
    Ok(Request { protocol, service, operation: operation.to_owned(), input })
}

fn decode_json(protocol: Protocol, target: &str, body: &[u8]) -> Result<Request, Rejection> {
    let reject = |error| Rejection { protocol, error };
    let (prefix, operation) = target.rsplit_once('.').unwrap_or((target, ""));
    let service = Service::ALL
        .into_iter()
        .find(|service| service.target_prefix() == Some(prefix))
        .ok_or_else(|| reject(unknown_target(target)))?;
    let input = json::decode(body).map_err(reject)?;
    Ok(Request { protocol, service, operation: operation.to_owned(), input })
}

fn decode_query(form: &[u8]) -> Result<Request, Rejection> {
    let protocol = Protocol::Query;
    let reject = |error| Rejection { protocol, error };
    let input = query::decode(form).map_err(reject)?;
    let Some(operation) = input.text("Action").map(str::to_owned) else {
        let message = "this is the simulated AWS endpoint: a request names its operation in the \
                       header x-amz-target, in the path, or in the form member Action";
        return Err(reject(ApiError::client("MissingAction", message)));
    };
    let version = input.text("Version").unwrap_or_default();
    let service = Service::ALL
        .into_iter()
        .find(|service| service.query().is_some_and(|(known, _)| known == version))
        .ok_or_else(|| {
            let message = format!("could not find operation {operation} for version {version}");
            reject(ApiError::client("UnknownOperationException", message))
        })?;
    Ok(Request { protocol, service, operation, input })
}

fn decode_restxml(head: &Parts, path: &str, body: &[u8]) -> Result<Request, Rejection> {
    let protocol = Protocol::RestXml;
    let query = head.uri.query().unwrap_or_default();
    let (operation, input) = restxml::decode(head.method.as_str(), path, query, body)
        .map_err(|error| Rejection { protocol, error })?;
    Ok(Request { protocol, service: Service::Route53, operation: operation.to_owned(), input })
}

fn unknown_target(target: &str) -> ApiError {
    let message = format!("no simulated service is addressed by {target}");
    ApiError::client("UnknownOperationException", message)
}

fn media_type(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Json10 => "application/x-amz-json-1.0",
        Protocol::Json11 => "application/x-amz-json-1.1",
        Protocol::Cbor => "application/cbor",
        Protocol::Query | Protocol::RestXml => xml::CONTENT_TYPE,
        Protocol::RestJson | Protocol::Kubernetes | Protocol::Prometheus => rest::CONTENT_TYPE,
    }
}

/// The query protocol's spelling of a code; most are the same.
fn query_code(code: &str) -> &str {
    match code {
        "AccessDeniedException" => "AccessDenied",
        "ExpiredTokenException" => "ExpiredToken",
        "InvalidSignatureException" => "SignatureDoesNotMatch",
        "InvalidParameterCombinationException" => "InvalidParameterCombination",
        "InvalidParameterValueException" => "InvalidParameterValue",
        "MissingRequiredParameterException" => "MissingParameter",
        "SerializationException" => "MalformedInput",
        "ThrottlingException" => "Throttling",
        "UnknownOperationException" => "InvalidAction",
        "UnrecognizedClientException" => "InvalidClientTokenId",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use axum::http;

    use super::*;

    fn request(path: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Request, Rejection> {
        let mut head = http::Request::post(path);
        for (name, value) in headers {
            head = head.header(*name, *value);
        }
        decode(&head.body(()).unwrap().into_parts().0, body)
    }

    #[test]
    fn the_three_ways_to_name_an_operation_are_told_apart() {
        let json = [("x-amz-target", "CodeDeploy_20141006.GetDeployment")];
        let read = request("/", &json, br#"{"deploymentId":"d-1"}"#).unwrap();
        assert_eq!((read.protocol, read.service), (Protocol::Json11, Service::CodeDeploy));
        assert_eq!(read.input.text("deploymentId"), Some("d-1"));

        let json10 = [
            ("x-amz-target", "GraniteServiceVersion20100801.DescribeAlarms"),
            ("content-type", "application/x-amz-json-1.0"),
        ];
        let read = request("/", &json10, b"{}").unwrap();
        assert_eq!((read.protocol, read.service), (Protocol::Json10, Service::CloudWatch));

        let path = "/service/GraniteServiceVersion20100801/operation/DescribeAlarms";
        let read = request(path, &[], b"\xbf\xff").unwrap();
        assert_eq!((read.protocol, read.operation.as_str()), (Protocol::Cbor, "DescribeAlarms"));

        for (version, service) in [
            ("2015-12-01", Service::Elb),
            ("2011-06-15", Service::Sts),
            ("2010-08-01", Service::CloudWatch),
        ] {
            let form = format!("Action=Op&Version={version}");
            assert_eq!(request("/", &[], form.as_bytes()).unwrap().service, service);
            assert_eq!(request(&format!("/?{form}"), &[], b"").unwrap().service, service);
        }
    }

    #[test]
    fn what_is_not_simulated_is_said_in_the_format_of_the_request() {
        let s3 = request("/service/S3/operation/Get", &[], b"").unwrap_err();
        let lambda = request("/", &[("x-amz-target", "Lambda_1.Get")], b"").unwrap_err();
        let ec2 = request("/", &[], b"Action=DescribeInstances&Version=2016-11-15").unwrap_err();
        assert_eq!(
            [s3.protocol, lambda.protocol, ec2.protocol],
            [Protocol::Cbor, Protocol::Json11, Protocol::Query]
        );
        for rejection in [s3, lambda, ec2] {
            assert_eq!(rejection.error.code, "UnknownOperationException");
        }
        assert_eq!(request("/favicon.ico", &[], b"").unwrap_err().error.code, "MissingAction");
    }

    #[test]
    fn the_same_error_has_the_code_of_each_format() {
        let error = ApiError::client("ThrottlingException", "rate exceeded");
        let text = |reply: Reply| String::from_utf8_lossy(&reply.body).into_owned();
        let json = encode_error(Protocol::Json11, "r", &error);
        assert_eq!(text(json), r#"{"__type":"ThrottlingException","message":"rate exceeded"}"#);
        assert!(
            text(encode_error(Protocol::Query, "r", &error)).contains("<Code>Throttling</Code>")
        );
        let cbor = encode_error(Protocol::Cbor, "r", &error);
        assert!(cbor.headers.contains(&("x-amzn-query-error", "Throttling;Sender".to_owned())));
        assert!(text(cbor).contains("#ThrottlingException"));
    }
}
