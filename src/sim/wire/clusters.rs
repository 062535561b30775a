//! Which cluster a request is for: `/clusters/NAME` before the paths of its API server, or none.

use axum::http::Uri;
use axum::http::request::Parts;

use super::{Rejection, Request, kubernetes};
use crate::sim::services::CLUSTER;
use crate::sim::value::Value;

/// What the paths of one of several clusters begin with.
const PREFIX: &str = "/clusters/";

/// Reads a request of the Kubernetes API or of a Prometheus; `None` for any other path.
pub(super) fn decode(head: &Parts, body: &[u8]) -> Option<Result<Request, Rejection>> {
    let Some(rest) = head.uri.path().strip_prefix(PREFIX) else {
        return kubernetes::decode(head, body);
    };
    let (name, path) = rest.split_once('/')?;
    let query = head.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut head = head.clone();
    head.uri = format!("/{path}{query}").parse::<Uri>().ok()?;
    let named = |mut request: Request| {
        if let Value::Map(members) = &mut request.input {
            members.push((CLUSTER.to_owned(), name.replace("%2F", "/").as_str().into()));
        }
        request
    };
    kubernetes::decode(&head, body).map(|read| read.map(named))
}

#[cfg(test)]
mod tests {
    use axum::http;

    use super::*;

    #[test]
    fn a_cluster_is_named_before_its_paths() {
        let read = |path: &str| {
            let head = http::Request::builder().uri(path).body(()).unwrap().into_parts().0;
            decode(&head, b"").map(|read| read.unwrap())
        };
        let pods = "/api/v1/namespaces/shop/pods?limit=5";
        let one = read(&format!("/clusters/arn:aws:eks:x:1:cluster%2Fa{pods}")).unwrap();
        assert_eq!(one.input.text(CLUSTER), Some("arn:aws:eks:x:1:cluster/a"));
        assert_eq!((one.operation.as_str(), one.input.text("limit")), ("list", Some("5")));
        assert_eq!(read(pods).unwrap().input.text(CLUSTER), None);
        assert!(read("/clusters/a").is_none() && read("/clusters/a/elsewhere").is_none());
    }
}
