//! Strategies that the codecs' property tests share.

use jiff::Timestamp;
use proptest::prelude::*;

use crate::sim::value::Value;

/// Any value but `Null`, which is never written; moments only where the format marks them.
pub(crate) fn any_value(times: bool) -> impl Strategy<Value = Value> {
    let time = any::<i32>().prop_map(move |seconds| {
        let at = Timestamp::from_second(seconds.into()).unwrap();
        if times { Value::Time(at) } else { Value::Int(seconds.into()) }
    });
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        // Eighths have an exact decimal form: the reader of JSON numbers may round others.
        any::<i32>().prop_map(|number| Value::Double(f64::from(number) / 8.0)),
        any::<String>().prop_map(Value::Text),
        time,
    ];
    leaf.prop_recursive(5, 48, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::List),
            prop::collection::btree_map(any::<String>(), inner, 0..5)
                .prop_map(|members| Value::Map(members.into_iter().collect())),
        ]
    })
}

/// Bytes without meaning.
pub(crate) fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..256)
}
