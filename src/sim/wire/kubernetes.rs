//! The Kubernetes API and that of a Prometheus: method and path name the operation, errors are a
//! `Status`.

use axum::http::Method;
use axum::http::request::Parts;

use super::{Protocol, Rejection, Reply, Request, json, rest};
use crate::sim::error::ApiError;
use crate::sim::services::Service;
use crate::sim::value::{Value, map};

/// Reads a request of a path that this API has; `None` for any other path.
pub(super) fn decode(head: &Parts, body: &[u8]) -> Option<Result<Request, Rejection>> {
    let path = head.uri.path();
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    let query = head.uri.query().unwrap_or_default();
    let (protocol, service, operation, mut members) = if let Some(operation) = prometheus(path) {
        (Protocol::Prometheus, Service::Prometheus, operation, Vec::new())
    } else {
        let members = place(path)?;
        let one = members.iter().any(|(name, _)| name == "name");
        let watches = |(name, value): (_, _)| name == "watch" && value != "false";
        let watches = form_urlencoded::parse(query.as_bytes()).any(watches);
        let is_list = members.iter().any(|(name, _)| name == "plural");
        let operation = match head.method {
            _ if !is_list => "discover",
            Method::GET if watches => "watch",
            Method::GET if one => "get",
            Method::GET => "list",
            Method::POST => "create",
            Method::PATCH => "patch",
            Method::PUT => "update",
            Method::DELETE if one => "delete",
            _ => return Some(Err(not_allowed(&head.method, path))),
        };
        (Protocol::Kubernetes, Service::Kubernetes, operation, members)
    };
    let Ok(text) = std::str::from_utf8(body) else {
        let error = ApiError::client("BadRequest", "the body is no text");
        return Some(Err(Rejection { protocol, error }));
    };
    let mut add = |name: &str, value: &str| members.push((name.to_owned(), Value::from(value)));
    let asked = form_urlencoded::parse(query.as_bytes());
    // Many clients of Prometheus post what they ask.
    let posted = (protocol == Protocol::Prometheus).then(|| form_urlencoded::parse(body));
    for (name, value) in asked.chain(posted.into_iter().flatten()) {
        add(&name, &value);
    }
    add("path", path);
    add("body", text);
    add("contentType", header("content-type").unwrap_or_default());
    if header("accept").is_some_and(|accept| accept.contains("as=Table")) {
        add("as", "Table");
    }
    let (operation, input) = (operation.to_owned(), Value::Map(members));
    Some(Ok(Request { protocol, service, operation, input }))
}

/// What a path asks of Prometheus: by itself, or through the API server's proxy.
fn prometheus(path: &str) -> Option<&'static str> {
    let rest = match path.split_once("/proxy/") {
        Some((before, rest)) if before.contains("/services/prometheus") => rest,
        Some(_) => return None,
        None => path.strip_prefix('/')?,
    };
    match rest {
        "api/v1/query" => Some("query"),
        "api/v1/query_range" => Some("query_range"),
        _ => None,
    }
}

/// Group, version, plural, namespace, name and subresource that a path names.
fn place(path: &str) -> Option<Vec<(String, Value)>> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let (group, rest) = match parts.as_slice() {
        ["api" | "apis" | "version"] | ["healthz" | "readyz" | "livez" | "openapi", ..] => {
            ("", &[][..])
        }
        ["api", rest @ ..] => ("", rest),
        ["apis", group, rest @ ..] => (*group, rest),
        _ => return None,
    };
    let (version, rest) = rest.split_first().unwrap_or((&"", &[]));
    let (namespace, rest) = match rest {
        ["namespaces", namespace, rest @ ..] if !rest.is_empty() && rest != ["status"] => {
            (Some(*namespace), rest)
        }
        rest => (None, rest),
    };
    let mut rest = rest.iter();
    let given = [
        ("group", Some(group).filter(|group| !group.is_empty())),
        ("version", Some(*version).filter(|version| !version.is_empty())),
        ("namespace", namespace),
        ("plural", rest.next().copied()),
        ("name", rest.next().copied()),
        ("subresource", rest.next().copied()),
    ];
    let given = given.into_iter().filter_map(|(name, value)| Some((name, value?)));
    Some(given.map(|(name, value)| (name.to_owned(), value.into())).collect())
}

fn not_allowed(method: &Method, path: &str) -> Rejection {
    let message =
        format!("the server does not allow this method on the requested resource: {method} {path}");
    let error = ApiError { status: 405, ..ApiError::client("MethodNotAllowed", message) };
    Rejection { protocol: Protocol::Kubernetes, error }
}

/// What an operation answered; what was made is told by another status.
pub(super) fn reply(request: &Request, output: &Value) -> Reply {
    if let Some(text) = output.as_text() {
        return Reply::new(200, "text/plain; charset=utf-8", text.as_bytes().to_vec());
    }
    let status = if request.operation == "create" { 201 } else { 200 };
    Reply::new(status, rest::CONTENT_TYPE, json::encode(output))
}

/// A `Status`.
pub(super) fn error(error: &ApiError) -> Reply {
    let (reason, code) = match error.code.as_str() {
        "AccessDeniedException" => ("Forbidden", 403),
        "ThrottlingException" => ("TooManyRequests", 429),
        "ExpiredTokenException" | "UnrecognizedClientException" | "InvalidSignatureException" => {
            ("Unauthorized", 401)
        }
        "InternalFailure" => ("InternalError", error.status),
        reason => (reason, error.status),
    };
    let body = map([
        ("kind", "Status".into()),
        ("apiVersion", "v1".into()),
        ("metadata", Value::Map(Vec::new())),
        ("status", "Failure".into()),
        ("message", error.message.as_str().into()),
        ("reason", reason.into()),
        ("code", i64::from(code).into()),
    ]);
    Reply::new(code, rest::CONTENT_TYPE, json::encode(&body))
}

/// A refusal of Prometheus.
pub(super) fn prometheus_error(error: &ApiError) -> Reply {
    let body = map([
        ("status", Value::from("error")),
        ("errorType", error.code.as_str().into()),
        ("error", error.message.as_str().into()),
    ]);
    Reply::new(error.status, rest::CONTENT_TYPE, json::encode(&body))
}

#[cfg(test)]
mod tests {
    use axum::http;

    use super::*;

    fn read(method: &str, path: &str) -> Request {
        let head = http::Request::builder().method(method).uri(path).body(()).unwrap();
        decode(&head.into_parts().0, b"").unwrap().unwrap()
    }

    #[test]
    fn method_and_path_name_the_operation() {
        let rollouts = "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts";
        for (method, path, operation) in [
            ("GET", rollouts.to_owned(), "list"),
            ("GET", format!("{rollouts}?watch=1&resourceVersion=7"), "watch"),
            ("GET", format!("{rollouts}/checkout"), "get"),
            ("PATCH", format!("{rollouts}/checkout/status"), "patch"),
            ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews".into(), "create"),
            ("GET", "/api/v1/namespaces/shop".into(), "get"),
            ("GET", "/api/v1/pods".into(), "list"),
            ("GET", "/apis/apps/v1?timeout=32s".into(), "discover"),
            ("GET", "/version".into(), "discover"),
        ] {
            assert_eq!(read(method, &path).operation, operation, "{method} {path}");
        }
        let request = read("PATCH", &format!("{rollouts}/checkout/status"));
        for (member, value) in [
            ("group", "argoproj.io"),
            ("version", "v1alpha1"),
            ("namespace", "shop"),
            ("plural", "rollouts"),
            ("name", "checkout"),
            ("subresource", "status"),
        ] {
            assert_eq!(request.input.text(member), Some(value));
        }
    }

    #[test]
    fn prometheus_is_reached_directly_and_through_the_api_server() {
        let proxy = "/api/v1/namespaces/monitoring/services/prometheus:9090/proxy";
        for (path, operation) in [
            ("/api/v1/query?query=up".to_owned(), "query"),
            (format!("{proxy}/api/v1/query_range?query=up"), "query_range"),
        ] {
            let request = read("GET", &path);
            assert_eq!(
                (request.service, request.operation.as_str()),
                (Service::Prometheus, operation)
            );
            assert_eq!(request.input.text("query"), Some("up"));
        }
    }
}
