//! awsQuery replies: `<OpResponse><OpResult>…`, lists as `<member>`, moments in ISO 8601.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::{Reply, query_code};
use crate::sim::error::ApiError;
use crate::sim::value::Value;

/// The media type of replies.
pub(super) const CONTENT_TYPE: &str = "text/xml";

/// A successful reply; a void operation ([`Value::Null`]) has no result element.
pub fn encode(operation: &str, namespace: &str, request_id: &str, output: &Value) -> Vec<u8> {
    let mut xml = format!("<{operation}Response xmlns=\"{}\">", escape(namespace));
    if *output != Value::Null {
        element(&mut xml, &format!("{operation}Result"), output);
    }
    xml.push_str("<ResponseMetadata>");
    element(&mut xml, "RequestId", &Value::from(request_id));
    let _ = write!(xml, "</ResponseMetadata></{operation}Response>");
    xml.into_bytes()
}

/// A successful reply with its media type.
pub(super) fn reply(operation: &str, namespace: &str, request_id: &str, output: &Value) -> Reply {
    Reply::new(200, CONTENT_TYPE, encode(operation, namespace, request_id, output))
}

/// The error shape, with the code as this protocol spells it.
pub(super) fn error(error: &ApiError, request_id: &str) -> Reply {
    error_in(None, error, request_id)
}

/// The error shape in an XML namespace.
pub(super) fn error_in(namespace: Option<&str>, error: &ApiError, request_id: &str) -> Reply {
    let whose = if error.status < 500 { "Sender" } else { "Receiver" };
    let namespace = namespace.map(|name| format!(" xmlns=\"{name}\"")).unwrap_or_default();
    let mut xml = format!("<ErrorResponse{namespace}><Error>");
    element(&mut xml, "Type", &Value::from(whose));
    element(&mut xml, "Code", &Value::from(query_code(&error.code)));
    element(&mut xml, "Message", &Value::from(error.message.as_str()));
    xml.push_str("</Error>");
    element(&mut xml, "RequestId", &Value::from(request_id));
    xml.push_str("</ErrorResponse>");
    let identity = matches!(
        query_code(&error.code),
        "AccessDenied" | "ExpiredToken" | "InvalidClientTokenId" | "SignatureDoesNotMatch"
    );
    Reply::new(if identity { 403 } else { error.status }, CONTENT_TYPE, xml.into_bytes())
}

pub(super) fn element(xml: &mut String, name: &str, value: &Value) {
    if *value == Value::Null {
        return;
    }
    let _ = write!(xml, "<{name}>");
    match value {
        Value::Null => {}
        Value::Bool(flag) => xml.push_str(if *flag { "true" } else { "false" }),
        Value::Int(number) => {
            let _ = write!(xml, "{number}");
        }
        Value::Double(number) => {
            let _ = write!(xml, "{number:?}");
        }
        Value::Time(at) => {
            let _ = write!(xml, "{at:.3}");
        }
        Value::Text(text) => xml.push_str(&escape(text)),
        Value::List(items) => {
            for item in items {
                element(xml, "member", item);
            }
        }
        Value::Map(members) => {
            for (name, member) in members {
                element(xml, name, member);
            }
        }
    }
    let _ = write!(xml, "</{name}>");
}

/// Text between tags or quotes; what XML 1.0 cannot hold at all becomes U+FFFD.
fn escape(text: &str) -> Cow<'_, str> {
    let plain = |c: char| {
        !matches!(c, '&' | '<' | '>' | '"' | '\'') && (c >= ' ' || c == '\n') && !unholdable(c)
    };
    if text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\r' => escaped.push_str("&#13;"),
            '\t' => escaped.push_str("&#9;"),
            c if unholdable(c) => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    Cow::Owned(escaped)
}

fn unholdable(c: char) -> bool {
    (c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::sim::value::{list, map};

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_reply_wraps_its_result_and_names_the_request() {
        let at = Timestamp::from_millisecond(1_760_000_000_120).unwrap();
        let output = map([
            ("Names", list(["a", "b"])),
            ("None", list::<Value>([])),
            ("CreatedTime", Value::from(at)),
            ("On", Value::from(true)),
            ("Port", Value::from(8080_i64)),
            ("Weight", Value::from(90.0)),
        ]);
        assert_eq!(
            text(encode("Op", "http://ns/", "r-1", &output)),
            "<OpResponse xmlns=\"http://ns/\"><OpResult><Names><member>a</member><member>b</member></Names>\
             <None></None><CreatedTime>2025-10-09T08:53:20.120Z</CreatedTime><On>true</On><Port>8080</Port>\
             <Weight>90.0</Weight></OpResult><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></OpResponse>"
        );
        assert!(!text(encode("Op", "http://ns/", "r-1", &Value::Null)).contains("OpResult"));
    }

    #[test]
    fn an_error_is_spelled_as_the_query_protocol_spells_it() {
        let reply = error(&ApiError::client("AccessDeniedException", "no <entry>"), "r-2");
        assert_eq!(reply.status, 403);
        let xml = text(reply.body);
        assert!(
            xml.contains(
                "<Type>Sender</Type><Code>AccessDenied</Code><Message>no &lt;entry&gt;</Message>"
            ),
            "{xml}"
        );
    }

    proptest! {
        #[test]
        fn escaped_text_holds_no_markup_and_reads_back(original in any::<String>()) {
            let escaped = escape(&original).into_owned();
            prop_assert!(!escaped.contains(['<', '>', '"', '\'', '\r']));
            let mut read = escaped;
            for (entity, c) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&#13;", "\r"), ("&#9;", "\t"), ("&amp;", "&")] {
                read = read.replace(entity, c);
            }
            let held: String = original.chars().map(|c| if unholdable(c) { '\u{fffd}' } else { c }).collect();
            prop_assert_eq!(read, held);
        }
    }
}
