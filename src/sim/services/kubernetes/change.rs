//! Objects that are made, patched, replaced and taken away.

use serde_json::Value as Json;

use super::lists::find;
use super::{kind, not_found, refused, spelled, store};
use crate::sim::error::ApiError;
use crate::sim::value::Value;
use crate::sim::world::World;
use crate::sim::world::argo::{Kind, Refused, text};

/// Makes an object.
pub(super) fn create(world: &mut World, input: &Value) -> Result<Value, ApiError> {
    let kind = kind(input)?;
    let here = store(world)?.namespace().to_owned();
    let namespace = input.text("namespace").unwrap_or_default();
    if kind.is_namespaced() && namespace != here {
        return Err(refused(404, "NotFound", format!("namespaces \"{namespace}\" not found")));
    }
    let object = body(input)?;
    let name = text(&object, "/metadata/name").to_owned();
    let done = world.create_object(kind, &object);
    done.map(Value::from).map_err(|refused| told(kind, &name, &refused))
}

/// Takes an object away.
pub(super) fn delete(world: &mut World, input: &Value) -> Result<Value, ApiError> {
    let (kind, name, _) = whom(world, input)?;
    let done = world.delete_object(kind, &name);
    done.map(Value::from).map_err(|refused| told(kind, &name, &refused))
}

/// Merges a patch into an object.
pub(super) fn patch(world: &mut World, input: &Value) -> Result<Value, ApiError> {
    let (kind, name, status) = whom(world, input)?;
    let body = body(input)?;
    let media = input.text("contentType").unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim();
    let is_custom = kind.group() == "argoproj.io";
    let done = match media {
        "application/merge-patch+json" => world.patch_object((kind, &name), status, &body),
        "application/strategic-merge-patch+json" if !is_custom => {
            world.patch_object((kind, &name), status, &body)
        }
        "application/json-patch+json" => {
            let mut object = find(world, input, (kind, &name))?.clone();
            apply(&mut object, &body)?;
            world.replace_object((kind, &name), status, &object)
        }
        media => {
            let message = format!("the body of the request was in an unknown format - {media}");
            return Err(refused(415, "UnsupportedMediaType", message));
        }
    };
    done.map(Value::from).map_err(|refused| told(kind, &name, &refused))
}

/// Replaces an object.
pub(super) fn update(world: &mut World, input: &Value) -> Result<Value, ApiError> {
    let (kind, name, status) = whom(world, input)?;
    let done = world.replace_object((kind, &name), status, &body(input)?);
    done.map(Value::from).map_err(|refused| told(kind, &name, &refused))
}

/// The object that is to be changed, and whether only its status is.
fn whom(world: &World, input: &Value) -> Result<(Kind, String, bool), ApiError> {
    let (kind, name) = (kind(input)?, input.text("name").unwrap_or_default());
    find(world, input, (kind, name))?;
    let status = match input.text("subresource") {
        None => false,
        Some("status") if kind.has_status() => true,
        Some(_) => return Err(super::no_resource()),
    };
    Ok((kind, name.to_owned(), status))
}

fn body(input: &Value) -> Result<Json, ApiError> {
    let body = input.text("body").unwrap_or_default();
    serde_json::from_str(body).map_err(|error| {
        refused(400, "BadRequest", format!("error decoding the body of the request: {error}"))
    })
}

fn told(kind: Kind, name: &str, why: &Refused) -> ApiError {
    match why {
        Refused::NotFound => not_found(kind, name),
        Refused::Conflict => {
            let message = format!(
                "Operation cannot be fulfilled on {} \"{name}\": the object has been modified; \
                 please apply your changes to the latest version and try again",
                spelled(kind)
            );
            refused(409, "Conflict", message)
        }
        Refused::Exists => {
            let message = format!("{} \"{name}\" already exists", spelled(kind));
            refused(409, "AlreadyExists", message)
        }
        Refused::Invalid(problem) => {
            let message =
                format!("{}.{} \"{name}\" is invalid: {problem}", kind.name(), kind.group());
            refused(422, "Invalid", message)
        }
    }
}

/// Carries out a JSON Patch.
fn apply(object: &mut Json, patch: &Json) -> Result<(), ApiError> {
    let wrong =
        |what: &str| refused(422, "Invalid", format!("the server rejected our request: {what}"));
    for operation in patch.as_array().ok_or_else(|| wrong("a JSON patch is a list"))? {
        let path = operation["path"].as_str().unwrap_or_default();
        let value = operation["value"].clone();
        let (parent, last) = path.rsplit_once('/').ok_or_else(|| wrong("path"))?;
        let last = last.replace("~1", "/").replace("~0", "~");
        if operation["op"] == "test" {
            if object.pointer(path) != Some(&value) {
                return Err(wrong(&format!("testing value {path} failed")));
            }
            continue;
        }
        let parent = object.pointer_mut(parent).ok_or_else(|| wrong(&format!("no {path}")))?;
        let place = last.parse::<usize>().ok();
        match (operation["op"].as_str(), parent) {
            (Some("add" | "replace"), Json::Object(fields)) => drop(fields.insert(last, value)),
            (Some("remove"), Json::Object(fields)) => drop(fields.remove(&last)),
            (Some("add"), Json::Array(items)) => {
                let at = place.unwrap_or(items.len()).min(items.len());
                items.insert(at, value);
            }
            (Some("replace"), Json::Array(items)) => {
                let item = place.and_then(|place| items.get_mut(place));
                *item.ok_or_else(|| wrong(&format!("no {path}")))? = value;
            }
            (Some("remove"), Json::Array(items)) => {
                let place = place.filter(|place| *place < items.len());
                items.remove(place.ok_or_else(|| wrong(&format!("no {path}")))?);
            }
            _ => return Err(wrong("an operation that is not simulated")),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_json_patch_is_carried_out_or_refused_as_a_whole() {
        let mut object = json!({"spec": {"a": [{"image": "v1"}], "b": 1}});
        let patch = json!([
            {"op": "test", "path": "/spec/a/0/image", "value": "v1"},
            {"op": "replace", "path": "/spec/a/0/image", "value": "v2"},
            {"op": "add", "path": "/spec/x~1y", "value": true},
            {"op": "remove", "path": "/spec/b"},
        ]);
        apply(&mut object, &patch).unwrap();
        assert_eq!(object, json!({"spec": {"a": [{"image": "v2"}], "x/y": true}}));
        let stale = json!([{"op": "test", "path": "/spec/a/0/image", "value": "v1"}]);
        assert_eq!(apply(&mut object, &stale).unwrap_err().status, 422);
    }
}
