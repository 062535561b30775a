//! awsJson 1.0 and 1.1: member names verbatim, moments as epoch seconds with a fraction.

use jiff::Timestamp;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::{Reply, malformed};
use crate::sim::error::ApiError;
use crate::sim::value::Value;

/// Reads a request body; an empty one counts as `{}`, as curl users send it.
pub fn decode(body: &[u8]) -> Result<Value, ApiError> {
    if body.trim_ascii().is_empty() {
        return Ok(Value::Map(Vec::new()));
    }
    let parsed: serde_json::Value = serde_json::from_slice(body)
        .map_err(|error| malformed(format!("the body is not JSON: {error}")))?;
    match Value::from(parsed) {
        input @ Value::Map(_) => Ok(input),
        _ => Err(malformed("the body is JSON, but not an object")),
    }
}

/// Writes a value as JSON text; [`Value::Null`] at the top is the empty body of a void operation.
pub fn encode(value: &Value) -> Vec<u8> {
    match value {
        Value::Null => Vec::new(),
        // Only maps with keys that are no text could fail, and ours have none.
        other => serde_json::to_vec(&Json(other)).unwrap_or_default(),
    }
}

/// The error shape: `{"__type": code, "message": text}`.
pub(super) fn error(content_type: &'static str, error: &ApiError) -> Reply {
    let body = crate::sim::value::map([
        ("__type", Value::from(error.code.as_str())),
        ("message", Value::from(error.message.as_str())),
    ]);
    Reply::new(error.status, content_type, encode(&body))
}

/// A value that serialises in the order of its members.
struct Json<'a>(&'a Value);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(flag) => serializer.serialize_bool(*flag),
            Value::Int(number) => serializer.serialize_i64(*number),
            Value::Double(number) if number.is_finite() => serializer.serialize_f64(*number),
            Value::Double(number) => serializer.serialize_str(not_finite(*number)),
            Value::Time(at) => serializer.serialize_f64(epoch_seconds(*at)),
            Value::Text(text) => serializer.serialize_str(text),
            Value::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(&Json(item))?;
                }
                list.end()
            }
            Value::Map(members) => {
                let mut map = serializer.serialize_map(None)?;
                for (name, member) in members.iter().filter(|(_, member)| *member != Value::Null) {
                    map.serialize_entry(name, &Json(member))?;
                }
                map.end()
            }
        }
    }
}

/// JSON has no number for these; the protocol spells them as text.
fn not_finite(number: f64) -> &'static str {
    if number.is_nan() {
        "NaN"
    } else if number > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

/// Seconds since the epoch, to the millisecond: finer fractions are no AWS service's.
pub(super) fn epoch_seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sim::value::map;
    use crate::sim::wire::testing::{any_bytes, any_value};

    #[test]
    fn moments_are_seconds_with_a_fraction_and_members_keep_their_order() {
        let at = Timestamp::from_millisecond(1_760_000_000_120).unwrap();
        let value = map([("b", Value::from(at)), ("a", Value::from(1_i64)), ("c", Value::Null)]);
        assert_eq!(encode(&value), br#"{"b":1760000000.12,"a":1}"#);
    }

    #[test]
    fn a_double_stays_a_double_even_when_integral() {
        assert_eq!(
            encode(&map([("trafficWeight", Value::from(90.0))])),
            br#"{"trafficWeight":90.0}"#
        );
        let infinite = Value::List(vec![f64::NAN.into(), f64::NEG_INFINITY.into()]);
        assert_eq!(encode(&infinite), br#"["NaN","-Infinity"]"#);
    }

    #[test]
    fn what_is_no_object_is_refused_as_serialization_exception() {
        for body in [&b"["[..], b"[]", b"12", b"{\"a\":", b"\xff\xfe", &vec![b'['; 100_000]] {
            assert_eq!(decode(body).unwrap_err().code, "SerializationException");
        }
        assert_eq!(decode(b" \n").unwrap(), Value::Map(Vec::new()));
        assert_eq!(decode(br#"{"a":null}"#).unwrap(), Value::Map(Vec::new()));
    }

    proptest! {
        #[test]
        fn any_value_survives_the_trip(value in any_value(false)) {
            let body = map([("it", value)]);
            let mut read = decode(&encode(&body)).unwrap();
            sort(&mut read);
            let mut sent = body;
            sort(&mut sent);
            prop_assert_eq!(read, sent);
        }

        #[test]
        fn garbage_never_panics(bytes in any_bytes()) {
            let _ = decode(&bytes);
        }
    }

    /// Requests come with their members in any order.
    fn sort(value: &mut Value) {
        match value {
            Value::List(items) => items.iter_mut().for_each(sort),
            Value::Map(members) => {
                members.sort_by(|(a, _), (b, _)| a.cmp(b));
                for (_, member) in members.iter_mut() {
                    sort(member);
                }
            }
            _ => {}
        }
    }
}
