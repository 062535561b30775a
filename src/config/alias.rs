//! A short name of `[targets]`: the target alone, or with settings of its own.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::{Table, Value};

use crate::domain::SideSettings;
use crate::stats;

use super::shifting::ShiftTable;
use super::side::SideTable;

/// What a short name stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Alias {
    /// The target, as it would be written on the command line.
    pub target: String,
    /// How green is judged: the common settings with what the name changes about them.
    pub verdict: stats::Config,
    /// How far a key shifts there, in the same way.
    pub shift: ShiftTable,
    /// What is said about blue and green.
    pub sides: [SideSettings; 2],
}

impl Alias {
    /// The target alone.
    fn of(target: &str) -> Self {
        let (verdict, shift) = (stats::Config::default(), ShiftTable::default());
        Self { target: target.to_owned(), verdict, shift, sides: Default::default() }
    }
}

/// The form with settings: `[targets.NAME]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Long {
    target: String,
    #[serde(default)]
    verdict: stats::Config,
    #[serde(default)]
    shift: ShiftTable,
    blue: Option<SideTable>,
    green: Option<SideTable>,
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
        f.write_str("a target or a table with `target` and what is different there")
    }

    fn visit_str<E>(self, target: &str) -> Result<Alias, E> {
        Ok(Alias::of(target))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Alias, A::Error> {
        let Long { target, verdict, shift, blue, green } =
            Long::deserialize(MapAccessDeserializer::new(map))?;
        let sides = [blue, green].map(|side| side.map(|table| table.0).unwrap_or_default());
        Ok(Alias { target, verdict, shift, sides })
    }
}

/// Gives every name the common settings of the file's `text`, with its own on top.
pub(super) fn inherit(
    aliases: &mut BTreeMap<String, Alias>,
    text: &str,
) -> Result<(), toml::de::Error> {
    let file: Table = toml::from_str(text)?;
    for (name, alias) in aliases {
        let with_own = |table: &str| {
            let mut all = file.get(table).and_then(Value::as_table).cloned().unwrap_or_default();
            let own = file.get("targets").and_then(|targets| targets.get(name)?.get(table));
            lay_over(&mut all, own.and_then(Value::as_table));
            all
        };
        alias.verdict = with_own("verdict").try_into()?;
        alias.shift = with_own("shift").try_into()?;
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
