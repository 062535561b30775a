//! Labels and fields that objects are chosen by, and the namespace that they are in.

use serde_json::Value as Json;

use super::{kind, refused};
use crate::sim::error::ApiError;
use crate::sim::value::Value;
use crate::sim::world::argo::{Kind, text};

/// Which objects a request is about.
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    pub(crate) kind: Kind,
    namespace: Option<String>,
    name: Option<String>,
    labels: Vec<Term>,
    fields: Vec<Term>,
}

/// A condition on one label or field.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    key: String,
    wanted: Wanted,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    There,
    Absent,
    Among(Vec<String>),
    NotAmong(Vec<String>),
}

impl Selection {
    /// The one of a request.
    pub(crate) fn of(input: &Value) -> Result<Self, ApiError> {
        let owned = |name: &str| input.text(name).map(str::to_owned);
        Ok(Self {
            kind: kind(input)?,
            namespace: owned("namespace"),
            name: owned("name"),
            labels: terms(input.text("labelSelector").unwrap_or_default())?,
            fields: terms(input.text("fieldSelector").unwrap_or_default())?,
        })
    }

    /// Whether an object is meant.
    pub(crate) fn takes(&self, object: &Json) -> bool {
        let within = |wanted: &Option<String>, at: &str| {
            wanted.as_deref().is_none_or(|wanted| text(object, at) == wanted)
        };
        let namespaced =
            !self.kind.is_namespaced() || within(&self.namespace, "/metadata/namespace");
        let label = |key: &str| object["metadata"]["labels"][key].as_str();
        let field = |key: &str| {
            let at = format!("/{}", key.replace('.', "/"));
            Some(text(object, &at))
        };
        namespaced
            && within(&self.name, "/metadata/name")
            && self.labels.iter().all(|term| term.holds(label(&term.key)))
            && self.fields.iter().all(|term| term.holds(field(&term.key)))
    }
}

impl Term {
    fn holds(&self, value: Option<&str>) -> bool {
        let among =
            |list: &[String]| value.is_some_and(|value| list.iter().any(|one| one == value));
        match &self.wanted {
            Wanted::There => value.is_some(),
            Wanted::Absent => value.is_none(),
            Wanted::Among(list) => among(list),
            Wanted::NotAmong(list) => !among(list),
        }
    }
}

/// `a`, `!a`, `a=b`, `a!=b`, `a in (b,c)` and `a notin (b,c)`, joined by commas.
fn terms(selector: &str) -> Result<Vec<Term>, ApiError> {
    let mut parts = Vec::new();
    let (mut depth, mut from) = (0, 0);
    for (at, letter) in selector.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&selector[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&selector[from..]);
    let parts = parts.into_iter().map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| term(part).ok_or_else(|| unread(selector))).collect()
}

fn term(part: &str) -> Option<Term> {
    let one = |value: &str| vec![value.trim().to_owned()];
    let many = |list: &str| {
        let list = list.trim().strip_prefix('(')?.strip_suffix(')')?;
        Some(list.split(',').map(|value| value.trim().to_owned()).collect())
    };
    let (key, wanted) = if let Some((key, list)) = part.split_once(" notin ") {
        (key, Wanted::NotAmong(many(list)?))
    } else if let Some((key, list)) = part.split_once(" in ") {
        (key, Wanted::Among(many(list)?))
    } else if let Some((key, value)) = part.split_once("!=") {
        (key, Wanted::NotAmong(one(value)))
    } else if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        (key, Wanted::Among(one(value)))
    } else if let Some(key) = part.strip_prefix('!') {
        (key, Wanted::Absent)
    } else {
        (part, Wanted::There)
    };
    let key = key.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    let read = Term { key: key.to_owned(), wanted };
    (!key.is_empty() && key.chars().all(plain)).then_some(read)
}

fn unread(selector: &str) -> ApiError {
    let message = format!("unable to parse requirement: invalid selector {selector:?}");
    refused(400, "BadRequest", message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn holds(selector: &str) -> bool {
        let labels = json!({"app": "checkout", "hash": "abc"});
        let all = terms(selector).unwrap();
        all.iter().all(|term| term.holds(labels[&term.key].as_str()))
    }

    #[test]
    fn every_form_of_a_selector_is_understood() {
        for selector in [
            "",
            "app",
            "!role",
            "app=checkout,hash",
            "app==checkout",
            "app!=x",
            "role!=x",
            "app in (x, checkout)",
            "app notin (x),hash in (abc)",
        ] {
            assert!(holds(selector), "{selector}");
        }
        for selector in ["role", "!app", "app=x", "app in (x)", "app,role"] {
            assert!(!holds(selector), "{selector}");
        }
        assert!(terms("app in x").is_err() && terms("a b").is_err());
    }
}
