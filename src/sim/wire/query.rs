//! awsQuery requests: a form whose dotted keys spell a tree, `Names.member.1=a&Names.member.2=b`.

use std::collections::BTreeMap;

use crate::sim::error::ApiError;
use crate::sim::value::Value;

/// How many dots a key may have; the deepest real one has eleven.
const DEPTH: usize = 32;

/// Reads a form; every leaf is text, as the form has no types.
///
/// Indices only order a list: gaps close, and `Names.member.4000000000` costs one item.
pub fn decode(form: &[u8]) -> Result<Value, ApiError> {
    let mut root = Node::default();
    for (key, text) in form_urlencoded::parse(form) {
        if key.split('.').count() > DEPTH {
            let message = format!("a key of the form nests deeper than {DEPTH} levels");
            return Err(ApiError::client("MalformedInput", message));
        }
        let mut node = &mut root;
        for part in key.split('.') {
            node = node.children.entry(Part::new(part)).or_default();
        }
        node.text = text.into_owned();
    }
    Ok(Value::Map(root.into_members()))
}

/// One dotted part of a key; numbers sort as numbers and before names.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Index(u64),
    Name(String),
}

impl Part {
    fn new(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Name(text.to_owned()), Self::Index)
    }

    fn into_name(self) -> String {
        match self {
            Self::Index(index) => index.to_string(),
            Self::Name(name) => name,
        }
    }
}

#[derive(Debug, Default)]
struct Node {
    text: String,
    children: BTreeMap<Part, Node>,
}

impl Node {
    fn into_value(mut self) -> Value {
        if self.children.is_empty() {
            return Value::Text(self.text);
        }
        if self.children.len() == 1
            && let Some(list) = self.children.remove(&Part::Name("member".to_owned()))
        {
            return list.into_list();
        }
        Value::Map(self.into_members())
    }

    /// `Names.member` alone, without an index, is what some clients send for an empty list.
    fn into_list(self) -> Value {
        Value::List(self.children.into_values().map(Node::into_value).collect())
    }

    fn into_members(self) -> Vec<(String, Value)> {
        self.children
            .into_iter()
            .map(|(part, node)| (part.into_name(), node.into_value()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sim::wire::testing::any_bytes;

    #[test]
    fn dotted_keys_become_lists_and_structures() {
        let input = decode(
            b"Action=Op&Filters.member.1.Name=a&Filters.member.1.Values.member.2=y\
              &Filters.member.1.Values.member.1=x+z&Stat.Metric.Name=%C3%BC&On=true&N=7",
        )
        .unwrap();
        let filter = &input.list("Filters")[0];
        assert_eq!((filter.text("Name"), filter.texts("Values")), (Some("a"), vec!["x z", "y"]));
        assert_eq!(input.get("Stat").get("Metric").text("Name"), Some("ü"));
        assert_eq!((input.bool("On"), input.int("N")), (Some(true), Some(7)));
    }

    #[test]
    fn gaps_close_and_indices_sort_as_numbers() {
        let input = decode(b"A.member.10=c&A.member.18446744073709551615=d&A.member.2=b").unwrap();
        assert_eq!(input.texts("A"), ["b", "c", "d"]);
        assert!(decode(b"A=").unwrap().list("A").is_empty());
    }

    #[test]
    fn a_key_of_a_million_levels_is_refused() {
        let key = "a.".repeat(500_000);
        assert_eq!(decode(key.as_bytes()).unwrap_err().code, "MalformedInput");
    }

    /// What a client sends for a tree of texts.
    fn form(prefix: &str, value: &Value, out: &mut form_urlencoded::Serializer<String>) {
        match value {
            Value::Text(text) => {
                out.append_pair(prefix, text);
            }
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    form(&format!("{prefix}.member.{}", index + 1), item, out);
                }
            }
            Value::Map(members) => {
                for (name, member) in members {
                    form(&format!("{prefix}.{name}"), member, out);
                }
            }
            _ => unreachable!("the strategy below makes none"),
        }
    }

    fn any_tree() -> impl Strategy<Value = Value> {
        let leaf = any::<String>().prop_map(Value::Text);
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..4).prop_map(Value::List),
                prop::collection::btree_map("[A-Z][a-z]{0,4}", inner, 1..4)
                    .prop_map(|members| Value::Map(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_tree_of_texts_survives_the_trip(tree in any_tree()) {
            let mut out = form_urlencoded::Serializer::new(String::new());
            form("It", &tree, &mut out);
            let input = decode(out.finish().as_bytes()).unwrap();
            prop_assert_eq!(input.get("It"), &tree);
        }

        #[test]
        fn garbage_never_panics(bytes in any_bytes()) {
            let _ = decode(&bytes);
        }
    }
}
