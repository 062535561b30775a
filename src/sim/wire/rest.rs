//! restJson1 requests: method and path name the operation, its members are in path, query and body.

use axum::http::Method;

use super::{Reply, json, malformed};
use crate::sim::error::ApiError;
use crate::sim::services::Service;
use crate::sim::value::{Value, map};

/// The media type of replies.
pub(super) const CONTENT_TYPE: &str = "application/json";
/// What the paths of Lambda begin with.
const FUNCTIONS: &str = "/2015-03-31/functions/";

/// Reads a request of a path that this protocol has; `None` for any other path.
pub(super) fn decode(
    (method, path, query): (&Method, &str, &str),
    body: &[u8],
) -> Option<Result<(Service, String, Value), ApiError>> {
    let parts: Vec<String> = path.strip_prefix(FUNCTIONS)?.split('/').map(plain).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let (operation, names): (&str, Vec<(&str, &str)>) = match (method.as_str(), parts.as_slice()) {
        ("GET", [function]) => ("GetFunction", vec![("FunctionName", *function)]),
        ("GET", [function, "configuration"]) => {
            ("GetFunctionConfiguration", vec![("FunctionName", *function)])
        }
        ("GET", [function, "aliases"]) => ("ListAliases", vec![("FunctionName", *function)]),
        ("GET", [function, "aliases", name]) => {
            ("GetAlias", vec![("FunctionName", *function), ("Name", *name)])
        }
        ("PUT", [function, "aliases", name]) => {
            ("UpdateAlias", vec![("FunctionName", *function), ("Name", *name)])
        }
        _ => return Some(Err(unknown(method, path))),
    };
    let mut members = match json::decode(body) {
        Ok(Value::Map(members)) => members,
        Ok(_) => return Some(Err(malformed("the body is JSON, but not an object"))),
        Err(error) => return Some(Err(error)),
    };
    let text = |name: &str, value: &str| (name.to_owned(), Value::from(value));
    members.extend(names.into_iter().map(|(name, value)| text(name, value)));
    let asked = form_urlencoded::parse(query.as_bytes());
    members.extend(asked.map(|(name, value)| text(&name, &value)));
    Some(Ok((Service::Lambda, operation.to_owned(), Value::Map(members))))
}

/// The error shape, with the code as this protocol spells it.
pub(super) fn error(error: &ApiError) -> Reply {
    let (code, status) = match error.code.as_str() {
        "ThrottlingException" => ("TooManyRequestsException", 429),
        "AccessDeniedException" | "ExpiredTokenException" => (error.code.as_str(), 403),
        "InternalFailure" => ("ServiceException", error.status),
        code => (code, error.status),
    };
    let whose = if status < 500 { "User" } else { "Service" };
    let body = map([("Type", whose), ("message", error.message.as_str())]
        .map(|(name, text)| (name, Value::from(text))));
    Reply::new(status, CONTENT_TYPE, json::encode(&body)).header("x-amzn-errortype", code)
}

fn unknown(method: &Method, path: &str) -> ApiError {
    let message = format!("no simulated operation has the route {method} {path}");
    ApiError { status: 404, ..ApiError::client("UnknownOperationException", message) }
}

/// A path segment without its percent signs.
fn plain(segment: &str) -> String {
    form_urlencoded::parse(segment.as_bytes())
        .next()
        .map_or_else(String::new, |(name, _)| name.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(
        method: &Method,
        path: &str,
        body: &[u8],
    ) -> Result<(Service, String, Value), ApiError> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        decode((method, path, query), body).unwrap()
    }

    #[test]
    fn path_query_and_body_make_one_request() {
        let path = "/2015-03-31/functions/arn%3Aaws%3Alambda/aliases/live";
        let body = br#"{"RevisionId":"r"}"#;
        let (_, operation, input) = read(&Method::PUT, path, body).unwrap();
        assert_eq!(operation, "UpdateAlias");
        assert_eq!(input.text("FunctionName"), Some("arn:aws:lambda"));
        assert_eq!((input.text("Name"), input.text("RevisionId")), (Some("live"), Some("r")));

        let path = "/2015-03-31/functions/checkout/aliases?FunctionVersion=41";
        let (_, operation, input) = read(&Method::GET, path, b"").unwrap();
        assert_eq!(
            (operation.as_str(), input.text("FunctionVersion")),
            ("ListAliases", Some("41"))
        );
    }

    #[test]
    fn other_routes_are_refused_and_other_paths_are_not_ours() {
        let error = read(&Method::DELETE, "/2015-03-31/functions/checkout", b"").unwrap_err();
        assert_eq!((error.code.as_str(), error.status), ("UnknownOperationException", 404));
        assert!(decode((&Method::GET, "/", ""), b"").is_none());
    }

    #[test]
    fn too_many_requests_are_told_as_lambda_does() {
        let reply = error(&ApiError::client("ThrottlingException", "Rate exceeded"));
        assert_eq!(reply.status, 429);
        let code = ("x-amzn-errortype", "TooManyRequestsException".to_owned());
        assert!(reply.headers.contains(&code));
    }
}
