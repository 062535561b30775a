//! Objects, many or one.

use serde_json::{Value as Json, json};

use super::select::Selection;
use super::{expired, kind, not_found, refused, store, table};
use crate::sim::error::ApiError;
use crate::sim::value::Value;
use crate::sim::world::World;
use crate::sim::world::argo::{Kind, text};

/// A list, page by page where it has a limit.
pub(super) fn list(world: &World, input: &Value) -> Result<Value, ApiError> {
    let selection = Selection::of(input)?;
    let store = store(world)?;
    let (version, after) = match input.text("continue").filter(|token| !token.is_empty()) {
        None => (store.version(), None),
        Some(token) => {
            let read = token.split_once('/');
            let read = read.and_then(|(version, name)| Some((version.parse::<u64>().ok()?, name)));
            let Some((version, name)) = read else {
                return Err(refused(400, "BadRequest", "continue key is not valid"));
            };
            if store.since(version).is_none() {
                return Err(expired(&version.to_string(), store.version()));
            }
            (version, Some(name.to_owned()))
        }
    };
    let limit = input.int("limit").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(0);
    let beyond =
        |object: &&Json| after.as_deref().is_none_or(|last| text(object, "/metadata/name") > last);
    let all: Vec<&Json> =
        store.all(selection.kind).filter(|object| selection.takes(object)).filter(beyond).collect();
    let shown = if limit == 0 { all.len() } else { limit.min(all.len()) };
    let (page, rest) = all.split_at(shown);
    let mut metadata = json!({"resourceVersion": version.to_string()});
    if let (Some(last), false) = (page.last(), rest.is_empty()) {
        metadata["continue"] = json!(format!("{version}/{}", text(last, "/metadata/name")));
        metadata["remainingItemCount"] = json!(rest.len());
    }
    if input.text("as").is_some() {
        return Ok(table::table(selection.kind, page, &metadata, world.now()).into());
    }
    Ok(json!({
        "apiVersion": selection.kind.api_version(),
        "kind": format!("{}List", selection.kind.name()),
        "metadata": metadata,
        "items": page,
    })
    .into())
}

/// One object.
pub(super) fn get(world: &World, input: &Value) -> Result<Value, ApiError> {
    let (kind, name) = (kind(input)?, input.text("name").unwrap_or_default());
    let object = find(world, input, (kind, name))?;
    if input.text("as").is_some() {
        return Ok(table::table(kind, &[object], &json!({}), world.now()).into());
    }
    Ok(object.clone().into())
}

/// The object that a request names, in the namespace that it names.
pub(super) fn find<'a>(
    world: &'a World,
    input: &Value,
    (kind, name): (Kind, &str),
) -> Result<&'a Json, ApiError> {
    let store = store(world)?;
    let here = !kind.is_namespaced() || input.text("namespace") == Some(store.namespace());
    store.get(kind, name).filter(|_| here).ok_or_else(|| not_found(kind, name))
}
