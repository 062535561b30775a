//! One value for every AWS wire format: services read and answer it, `wire` encodes it.

use jiff::Timestamp;

/// A request member or a reply, free of its wire format.
///
/// Maps keep their order, so that XML comes out as the API documents it.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// An absent member; never written.
    #[default]
    Null,
    /// A boolean; `true`/`false` as text in the query protocol.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating-point number, also when it is integral: CBOR clients refuse an integer here.
    Double(f64),
    /// A moment: seconds since the epoch in JSON, tag 1 in CBOR, ISO 8601 in XML.
    Time(Timestamp),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// A structure or a map.
    Map(Vec<(String, Value)>),
}

/// A structure from its members; members that are [`Value::Null`] are left out.
pub fn map<K: Into<String>, const N: usize>(members: [(K, Value); N]) -> Value {
    Value::Map(
        members
            .into_iter()
            .filter(|(_, value)| *value != Value::Null)
            .map(|(key, value)| (key.into(), value))
            .collect(),
    )
}

/// A list from anything that becomes values.
pub fn list<T: Into<Value>>(items: impl IntoIterator<Item = T>) -> Value {
    Value::List(items.into_iter().map(Into::into).collect())
}

impl Value {
    /// The member `key`, or `Null` when this is no map or has no such member.
    pub fn get(&self, key: &str) -> &Value {
        const ABSENT: &Value = &Value::Null;
        match self {
            Value::Map(members) => {
                members.iter().find(|(name, _)| name == key).map_or(ABSENT, |(_, value)| value)
            }
            _ => ABSENT,
        }
    }

    /// Whether the member `key` was given.
    pub fn has(&self, key: &str) -> bool {
        *self.get(key) != Value::Null
    }

    /// The member `key` as text.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.get(key).as_text()
    }

    /// The member `key` as a whole number; text with digits counts, as the query protocol sends it.
    pub fn int(&self, key: &str) -> Option<i64> {
        match self.get(key) {
            Value::Int(number) => Some(*number),
            Value::Double(number) => Some(*number as i64),
            Value::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The member `key` as a boolean; the texts `true` and `false` count.
    pub fn bool(&self, key: &str) -> Option<bool> {
        match self.get(key) {
            Value::Bool(flag) => Some(*flag),
            Value::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The member `key` as a moment: epoch seconds, a tagged time or ISO 8601 text.
    pub fn time(&self, key: &str) -> Option<Timestamp> {
        match self.get(key) {
            Value::Time(at) => Some(*at),
            Value::Int(seconds) => Timestamp::from_second(*seconds).ok(),
            Value::Double(seconds) => {
                Timestamp::from_millisecond((seconds * 1000.0).round() as i64).ok()
            }
            Value::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The member `key` as a list; empty when absent.
    pub fn list(&self, key: &str) -> &[Value] {
        match self.get(key) {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The member `key` as a list of texts; items of other kinds are left out.
    pub fn texts(&self, key: &str) -> Vec<&str> {
        self.list(key).iter().filter_map(Value::as_text).collect()
    }

    /// This value as text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Text(text)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Value::Bool(flag)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Value::Int(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Value::Double(number)
    }
}

impl From<Timestamp> for Value {
    fn from(at: Timestamp) -> Self {
        Value::Time(at)
    }
}

impl From<serde_json::Value> for Value {
    /// The same value; members that are `null` are absent.
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(flag) => Value::Bool(flag),
            serde_json::Value::Number(number) => number
                .as_i64()
                .map_or_else(|| number.as_f64().map_or(Value::Null, Value::Double), Value::Int),
            serde_json::Value::String(text) => Value::Text(text),
            serde_json::Value::Array(items) => {
                Value::List(items.into_iter().map(Value::from).collect())
            }
            serde_json::Value::Object(members) => Value::Map(
                members
                    .into_iter()
                    .map(|(name, member)| (name, Value::from(member)))
                    .filter(|(_, member)| *member != Value::Null)
                    .collect(),
            ),
        }
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}
