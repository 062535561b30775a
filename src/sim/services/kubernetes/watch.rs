//! What changes, from a version on.

use serde_json::{Value as Json, json};

use super::select::Selection;
use super::{expired, store, table};
use crate::sim::error::ApiError;
use crate::sim::value::Value;
use crate::sim::world::World;
use crate::sim::world::argo::Change;

/// A watch: what it is about, and how far it is.
#[derive(Debug, Clone)]
pub(crate) struct Watch {
    selection: Selection,
    /// The version that was seen last; nothing before the beginning, with which all objects come.
    seen: Option<u64>,
    /// The end of the beginning is to be told.
    marks_beginning: bool,
    /// Marks are wanted where nothing happens.
    pub(crate) takes_marks: bool,
    as_table: bool,
    /// How long it lasts, in real seconds.
    pub(crate) seconds: u64,
}

impl Watch {
    /// The watch that a request asks for.
    pub(crate) fn of(input: &Value) -> Result<Self, ApiError> {
        /// The longest that a server keeps one open where nothing is said.
        const USUAL: u64 = 1800;
        let version = input.text("resourceVersion").unwrap_or_default();
        let flag = |name: &str| input.bool(name).unwrap_or(false);
        let marks_beginning = flag("sendInitialEvents");
        let seen = match version {
            "" | "0" => None,
            _ if marks_beginning => None,
            version => Some(version.parse().map_err(|_| {
                let message = format!("invalid resource version \"{version}\"");
                super::refused(400, "BadRequest", message)
            })?),
        };
        let seconds = input.int("timeoutSeconds").and_then(|span| u64::try_from(span).ok());
        Ok(Self {
            selection: Selection::of(input)?,
            seen,
            marks_beginning,
            takes_marks: flag("allowWatchBookmarks"),
            as_table: input.text("as").is_some(),
            seconds: seconds.filter(|span| *span > 0).unwrap_or(USUAL),
        })
    }

    /// What has happened since the last time, a line each; an error when that is no longer known.
    pub(crate) fn news(&mut self, world: &World) -> Result<Vec<Json>, ApiError> {
        let store = store(world)?;
        let mut lines = Vec::new();
        let show = |word: &str, object: &Json| {
            let shown = if self.as_table {
                table::table(self.selection.kind, &[object], &json!({}), world.now())
            } else {
                object.clone()
            };
            json!({"type": word, "object": shown})
        };
        match self.seen {
            None => {
                let all = store.all(self.selection.kind);
                let own = all.filter(|object| self.selection.takes(object));
                lines.extend(own.map(|object| show("ADDED", object)));
            }
            Some(seen) => {
                let Some(changes) = store.since(seen) else {
                    return Err(expired(&seen.to_string(), store.version()));
                };
                for change in changes.filter(|change| change.kind == self.selection.kind) {
                    if let Some(word) = self.word(change) {
                        lines.push(show(word, &change.object));
                    }
                }
            }
        }
        self.seen = Some(store.version());
        if self.marks_beginning {
            self.marks_beginning = false;
            let mut mark = self.mark(world);
            mark["object"]["metadata"]["annotations"] =
                json!({"k8s.io/initial-events-end": "true"});
            lines.push(mark);
        }
        Ok(lines)
    }

    /// What a change means for those who see only the chosen objects.
    fn word(&self, change: &Change) -> Option<&'static str> {
        let gone = change.deed == crate::sim::world::argo::Deed::Deleted;
        let after = !gone && self.selection.takes(&change.object);
        let before = change.before.as_ref().is_some_and(|before| self.selection.takes(before));
        match (before, after) {
            (false, true) => Some("ADDED"),
            (true, true) => Some("MODIFIED"),
            (true, false) => Some("DELETED"),
            (false, false) => None,
        }
    }

    /// That nothing has happened up to now.
    pub(crate) fn mark(&self, world: &World) -> Json {
        let version = store(world).map(crate::sim::world::argo::Store::version).unwrap_or_default();
        json!({"type": "BOOKMARK", "object": {
            "apiVersion": self.selection.kind.api_version(),
            "kind": self.selection.kind.name(),
            "metadata": {"resourceVersion": version.to_string()},
        }})
    }
}

/// Whether a watch can begin.
pub(super) fn begin(world: &World, input: &Value) -> Result<Value, ApiError> {
    store(world)?;
    Watch::of(input).map(|_| Value::Null)
}

/// An error in the middle of a watch.
pub(crate) fn broken(error: &ApiError) -> Json {
    json!({"type": "ERROR", "object": {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": error.message,
        "reason": error.code,
        "code": error.status,
    }})
}
