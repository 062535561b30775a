//! restXml: the operation is in the method and the path, members in path, query and an XML body.

use std::fmt::Write as _;

use super::{Reply, malformed, markup, xml};
use crate::sim::error::ApiError;
use crate::sim::value::Value;

/// The version of the API, at the beginning of every path.
pub(super) const PREFIX: &str = "/2013-04-01/";
/// The namespace of bodies.
const NAMESPACE: &str = "https://route53.amazonaws.com/doc/2013-04-01/";
/// Names of parameters in the query of a path, and of the members that they are.
const PARAMETERS: [(&str, &str); 8] = [
    ("name", "StartRecordName"),
    ("type", "StartRecordType"),
    ("identifier", "StartRecordIdentifier"),
    ("maxitems", "MaxItems"),
    ("marker", "Marker"),
    ("dnsname", "DNSName"),
    ("hostedzoneid", "HostedZoneId"),
    ("delegationsetid", "DelegationSetId"),
];

/// The operation of a request and its members.
pub(super) fn decode(
    method: &str,
    path: &str,
    query: &str,
    body: &[u8],
) -> Result<(&'static str, Value), ApiError> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (operation, id) = match (method, parts.as_slice()) {
        ("GET", ["hostedzone"]) => ("ListHostedZones", None),
        ("GET", ["hostedzonesbyname"]) => ("ListHostedZonesByName", None),
        ("GET", ["hostedzone", id]) => ("GetHostedZone", Some(("Id", *id))),
        ("GET", ["hostedzone", id, "rrset"]) => {
            ("ListResourceRecordSets", Some(("HostedZoneId", *id)))
        }
        ("POST", ["hostedzone", id, "rrset"]) => {
            ("ChangeResourceRecordSets", Some(("HostedZoneId", *id)))
        }
        ("GET", ["change", id]) => ("GetChange", Some(("Id", *id))),
        _ => {
            let message = format!("no simulated operation is addressed by {method} {PREFIX}{path}");
            return Err(ApiError::client("UnknownOperationException", message));
        }
    };
    let mut members = Vec::new();
    if method == "POST" {
        let Value::Map(read) = markup::decode(body)? else {
            return Err(malformed("the body has no members"));
        };
        members = read;
    }
    for (key, text) in form_urlencoded::parse(query.as_bytes()) {
        if let Some((_, member)) = PARAMETERS.iter().find(|(name, _)| *name == key) {
            members.push(((*member).to_owned(), Value::from(text.into_owned())));
        }
    }
    // What the path says cannot be said otherwise by the body.
    if let Some((member, id)) = id {
        members.retain(|(name, _)| name != member);
        members.push((member.to_owned(), Value::from(id)));
    }
    Ok((operation, Value::Map(members)))
}

/// A successful reply.
pub(super) fn reply(operation: &str, output: &Value) -> Reply {
    let mut text = String::from("<?xml version=\"1.0\"?>\n");
    let _ = write!(text, "<{operation}Response xmlns=\"{NAMESPACE}\">");
    if let Value::Map(members) = output {
        for (name, member) in members {
            element(&mut text, name, member);
        }
    }
    let _ = write!(text, "</{operation}Response>");
    Reply::new(200, xml::CONTENT_TYPE, text.into_bytes())
}

/// The error shape: the one of the query protocol, in this namespace.
pub(super) fn error(error: &ApiError, request_id: &str) -> Reply {
    xml::error_in(Some(NAMESPACE), error, request_id)
}

/// An element; the items of a list are called like the list, in the singular.
fn element(text: &mut String, name: &str, value: &Value) {
    match value {
        Value::Null => {}
        Value::List(items) => {
            let _ = write!(text, "<{name}>");
            let item = name.strip_suffix('s').unwrap_or(name);
            for value in items {
                element(text, item, value);
            }
            let _ = write!(text, "</{name}>");
        }
        Value::Map(members) => {
            let _ = write!(text, "<{name}>");
            for (name, member) in members {
                element(text, name, member);
            }
            let _ = write!(text, "</{name}>");
        }
        Value::Bool(_) | Value::Int(_) | Value::Double(_) | Value::Time(_) | Value::Text(_) => {
            xml::element(text, name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sim::value::{list, map};
    use crate::sim::wire::testing::any_bytes;

    #[test]
    fn operations_are_found_with_and_without_a_slash_at_the_end() {
        for (method, path, operation) in [
            ("GET", "hostedzone", "ListHostedZones"),
            ("GET", "hostedzonesbyname", "ListHostedZonesByName"),
            ("GET", "hostedzone/Z1", "GetHostedZone"),
            ("GET", "hostedzone/Z1/rrset", "ListResourceRecordSets"),
            ("GET", "change/C1", "GetChange"),
        ] {
            assert_eq!(decode(method, path, "", b"").unwrap().0, operation);
            assert_eq!(decode(method, &format!("{path}/"), "", b"").unwrap().0, operation);
        }
        let error = decode("DELETE", "hostedzone/Z1", "", b"").unwrap_err();
        assert_eq!(error.code, "UnknownOperationException");
    }

    #[test]
    fn members_come_from_the_path_the_query_and_the_body() {
        let body = b"<?xml version=\"1.0\"?><R xmlns=\"n\"><HostedZoneId>Z9</HostedZoneId>\
                     <ChangeBatch><Changes><Change><Action>UPSERT</Action></Change></Changes>\
                     <Comment>a &lt; b</Comment></ChangeBatch></R>";
        let (operation, input) = decode("POST", "hostedzone/Z1/rrset", "", body).unwrap();
        assert_eq!(operation, "ChangeResourceRecordSets");
        assert_eq!(input.text("HostedZoneId"), Some("Z1"));
        let batch = input.get("ChangeBatch");
        assert_eq!(batch.text("Comment"), Some("a < b"));
        assert_eq!(batch.list("Changes")[0].text("Action"), Some("UPSERT"));
        let (_, input) = decode("GET", "hostedzone/Z1/rrset", "name=a.b&maxitems=2", b"").unwrap();
        assert_eq!((input.text("StartRecordName"), input.int("MaxItems")), (Some("a.b"), Some(2)));
    }

    #[test]
    fn items_are_called_like_their_list_in_the_singular() {
        let output = map([("ResourceRecordSets", list([map([("Name", Value::from("a&b"))])]))]);
        let text = String::from_utf8(reply("Op", &output).body).unwrap();
        assert!(
            text.ends_with(
                "<OpResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">\
                 <ResourceRecordSets><ResourceRecordSet><Name>a&amp;b</Name></ResourceRecordSet>\
                 </ResourceRecordSets></OpResponse>"
            ),
            "{text}"
        );
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes in any_bytes(), path in ".*", query in ".*") {
            let _ = decode("POST", "hostedzone/Z1/rrset", &query, &bytes);
            let _ = decode("GET", &path, &query, &bytes);
        }
    }
}
