//! A short name of `[targets]`: the target alone, or with settings of its own.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::{Table, Value};

use crate::stats;

/// What a short name stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Alias {
    /// The target, as it would be written on the command line.
    pub target: String,
    /// How green is judged: the common settings with what the name changes about them.
    pub verdict: stats::Config,
}

/// The form with settings: `[targets.NAME]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Long {
    target: String,
    #[serde(default)]
    verdict: stats::Config,
}

impl<'de> Deserialize<'de> for Alias {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextOrTable)
    }
}

/// Takes both forms. An untagged enum would lose the place of what is wrong inside the table.
struct TextOrTable;

impl<'de> Visitor<'de> for TextOrTable {
    type Value = Alias;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a target or a table with `target` and `verdict`")
    }

    fn visit_str<E>(self, target: &str) -> Result<Alias, E> {
        Ok(Alias { target: target.to_owned(), verdict: stats::Config::default() })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Alias, A::Error> {
        let Long { target, verdict } = Long::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Alias { target, verdict })
    }
}

/// Gives every name the common settings of the file's `text`, with its own on top.
pub(super) fn inherit(
    aliases: &mut BTreeMap<String, Alias>,
    text: &str,
) -> Result<(), toml::de::Error> {
    let file: Table = toml::from_str(text)?;
    let common = file.get("verdict").and_then(Value::as_table).cloned().unwrap_or_default();
    for (name, alias) in aliases {
        let own = file.get("targets").and_then(|targets| targets.get(name)?.get("verdict"));
        let mut verdict = common.clone();
        lay_over(&mut verdict, own.and_then(Value::as_table));
        alias.verdict = verdict.try_into()?;
    }
    Ok(())
}

/// Puts `own` over `common`, table by table.
fn lay_over(common: &mut Table, own: Option<&Table>) {
    for (key, value) in own.into_iter().flatten() {
        match (common.get_mut(key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => lay_over(below, Some(above)),
            _ => {
                common.insert(key.clone(), value.clone());
            }
        }
    }
}
