//! Smithy RPC v2 CBOR: moments carry tag 1, floats are floats even when integral.

use ciborium::Value as Cbor;
use jiff::Timestamp;

use super::json::epoch_seconds;
use super::{Reply, malformed, query_code};
use crate::sim::error::ApiError;
use crate::sim::value::{Value, map};

/// The media type of requests and replies.
const CONTENT_TYPE: &str = "application/cbor";
/// The tag of a moment: seconds since the epoch.
const EPOCH: u64 = 1;
/// How deep a request may nest; the deepest real one has seven levels.
const DEPTH: usize = 64;

/// Reads a request body; an empty one counts as the empty map, as operations without input send it.
pub fn decode(body: &[u8]) -> Result<Value, ApiError> {
    if body.is_empty() {
        return Ok(Value::Map(Vec::new()));
    }
    let mut rest = body;
    let parsed: Cbor = ciborium::de::from_reader_with_recursion_limit(&mut rest, DEPTH)
        .map_err(|error| malformed(format!("the body is not CBOR: {error}")))?;
    if !rest.is_empty() {
        return Err(malformed("bytes follow the CBOR map of the body"));
    }
    match from_cbor(parsed)? {
        input @ Value::Map(_) => Ok(input),
        _ => Err(malformed("the body is CBOR, but not a map")),
    }
}

/// Writes a value; [`Value::Null`] at the top is the empty map, as clients refuse an empty body.
pub fn encode(value: &Value) -> Vec<u8> {
    let tree = match value {
        Value::Null => Cbor::Map(Vec::new()),
        other => to_cbor(other),
    };
    let mut body = Vec::new();
    match ciborium::into_writer(&tree, &mut body) {
        Ok(()) => body,
        // Writing into memory does not fail; the empty map is the least that decodes.
        Err(_) => vec![0xa0],
    }
}

/// A reply with the header that names the protocol.
pub(super) fn reply(status: u16, value: &Value) -> Reply {
    Reply::new(status, CONTENT_TYPE, encode(value)).header("smithy-protocol", "rpc-v2-cbor")
}

/// The error shape, with the code of the query protocol for clients that know this service by it.
pub(super) fn error(error: &ApiError) -> Reply {
    let body = map([
        ("__type", Value::from(format!("com.amazonaws.cloudwatch#{}", error.code))),
        ("message", Value::from(error.message.as_str())),
    ]);
    let whose = if error.status < 500 { "Sender" } else { "Receiver" };
    reply(error.status, &body)
        .header("x-amzn-query-error", format!("{};{whose}", query_code(&error.code)))
}

fn from_cbor(value: Cbor) -> Result<Value, ApiError> {
    Ok(match value {
        Cbor::Null => Value::Null,
        Cbor::Bool(flag) => Value::Bool(flag),
        Cbor::Integer(number) => i64::try_from(i128::from(number))
            .map(Value::Int)
            .map_err(|_| malformed("an integer does not fit 64 bits"))?,
        Cbor::Float(number) => Value::Double(number),
        Cbor::Text(text) => Value::Text(text),
        Cbor::Tag(EPOCH, inner) => Value::Time(moment(&inner)?),
        Cbor::Tag(_, inner) => from_cbor(*inner)?,
        Cbor::Array(items) => {
            Value::List(items.into_iter().map(from_cbor).collect::<Result<_, _>>()?)
        }
        Cbor::Map(members) => Value::Map(structure(members)?),
        _ => return Err(malformed("a byte string where the API has none")),
    })
}

fn structure(members: Vec<(Cbor, Cbor)>) -> Result<Vec<(String, Value)>, ApiError> {
    let mut structure = Vec::with_capacity(members.len());
    for (name, member) in members {
        let Cbor::Text(name) = name else {
            return Err(malformed("a map key that is not text"));
        };
        match from_cbor(member)? {
            Value::Null => {}
            member => structure.push((name, member)),
        }
    }
    Ok(structure)
}

fn moment(tagged: &Cbor) -> Result<Timestamp, ApiError> {
    let milliseconds = match tagged {
        Cbor::Integer(seconds) => {
            i64::try_from(i128::from(*seconds)).ok().and_then(|seconds| seconds.checked_mul(1000))
        }
        Cbor::Float(seconds) if seconds.is_finite() => Some((seconds * 1000.0).round() as i64),
        _ => None,
    };
    milliseconds
        .and_then(|milliseconds| Timestamp::from_millisecond(milliseconds).ok())
        .ok_or_else(|| malformed("a timestamp that is no number of seconds within range"))
}

fn to_cbor(value: &Value) -> Cbor {
    match value {
        Value::Null => Cbor::Null,
        Value::Bool(flag) => Cbor::Bool(*flag),
        Value::Int(number) => Cbor::Integer((*number).into()),
        Value::Double(number) => Cbor::Float(*number),
        Value::Time(at) => Cbor::Tag(EPOCH, Box::new(Cbor::Float(epoch_seconds(*at)))),
        Value::Text(text) => Cbor::Text(text.clone()),
        Value::List(items) => Cbor::Array(items.iter().map(to_cbor).collect()),
        Value::Map(members) => Cbor::Map(
            members
                .iter()
                .filter(|(_, member)| *member != Value::Null)
                .map(|(name, member)| (Cbor::Text(name.clone()), to_cbor(member)))
                .collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sim::wire::testing::{any_bytes, any_value};

    #[test]
    fn a_moment_carries_its_tag_and_an_integral_double_stays_a_float() {
        let at = Timestamp::from_second(1_760_000_000).unwrap();
        let body = encode(&map([("t", Value::from(at)), ("v", Value::from(5.0))]));
        // Map of two; "t": tag 1 on a float; "v": a half float, not the integer 05.
        assert_eq!(body[..4], [0xa2, 0x61, b't', 0xc1]);
        assert_eq!(body[body.len() - 5..], [0x61, b'v', 0xf9, 0x45, 0x00]);
        assert_eq!(encode(&Value::Null), [0xa0]);
    }

    #[test]
    fn indefinite_maps_and_lists_are_read() {
        // {_ "a": [_ 1, 2], "t": 1(1700000000)}
        let body = b"\xbf\x61a\x9f\x01\x02\xff\x61t\xc1\x1a\x65\x53\xf1\x00\xff";
        let input = decode(body).unwrap();
        assert_eq!(input.list("a"), [Value::Int(1), Value::Int(2)]);
        assert_eq!(input.time("t").unwrap().as_second(), 1_700_000_000);
    }

    #[test]
    fn what_is_no_map_is_refused_and_nothing_is_allocated_for_a_lying_length() {
        let array_of_2_to_the_62 = b"\x9b\x40\x00\x00\x00\x00\x00\x00\x00";
        let text_of_2_to_the_62 = b"\x7b\x40\x00\x00\x00\x00\x00\x00\x00";
        let deep = vec![0x81; 100_000];
        let bodies: [&[u8]; 7] = [
            array_of_2_to_the_62,
            text_of_2_to_the_62,
            &deep,
            b"\x01",
            b"\xa1\x01\x01",
            b"\xff",
            b"\xa0\xa0",
        ];
        for body in bodies {
            assert_eq!(decode(body).unwrap_err().code, "SerializationException");
        }
        let not_a_moment = b"\xa1\x61t\xc1\x61x";
        assert!(decode(not_a_moment).unwrap_err().message.contains("timestamp"));
    }

    proptest! {
        #[test]
        fn any_value_survives_the_trip(value in any_value(true)) {
            let body = map([("it", value)]);
            prop_assert_eq!(decode(&encode(&body)).unwrap(), body);
        }

        #[test]
        fn garbage_never_panics(bytes in any_bytes()) {
            let _ = decode(&bytes);
        }
    }
}
