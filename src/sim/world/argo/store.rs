//! The objects of the cluster, each with the number of its last change, and the changes themselves.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::kind::Kind;
use crate::sim::world::random::Seed;

/// How many changes are kept: who goes on from an older one has to list everything anew.
const KEPT: usize = 4096;
/// The number of the first change.
const FIRST: u64 = 1000;

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Added,
    Modified,
    Deleted,
}

/// A change of an object.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) version: u64,
    pub(crate) kind: Kind,
    pub(crate) deed: Deed,
    /// As it is after it; before it, when it was deleted.
    pub(crate) object: Arc<Json>,
    /// As it was before, for watches that only see a part of all objects.
    pub(crate) before: Option<Arc<Json>>,
}

/// All objects.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    namespace: String,
    seed: Seed,
    objects: BTreeMap<(Kind, String), Arc<Json>>,
    changes: VecDeque<Change>,
    version: u64,
    made: usize,
}

impl Store {
    /// Nothing yet.
    pub(super) fn new(namespace: &str, seed: Seed) -> Self {
        Self {
            namespace: namespace.to_owned(),
            seed,
            objects: BTreeMap::new(),
            changes: VecDeque::new(),
            version: FIRST,
            made: 0,
        }
    }

    /// The one namespace that holds something.
    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The number of the newest change.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// An object.
    pub(crate) fn get(&self, kind: Kind, name: &str) -> Option<&Json> {
        self.objects.get(&(kind, name.to_owned())).map(Arc::as_ref)
    }

    /// The objects of a kind, by name.
    pub(crate) fn all(&self, kind: Kind) -> impl Iterator<Item = &Json> {
        let own = self.objects.iter().filter(move |((of, _), _)| *of == kind);
        own.map(|(_, object)| object.as_ref())
    }

    /// What happened after a change; nothing when that is no longer known.
    pub(crate) fn since(&self, version: u64) -> Option<impl Iterator<Item = &Change>> {
        let oldest = self.changes.front().map_or(self.version, |change| change.version);
        // The one before the oldest that is known is enough to go on from.
        (version + 1 >= oldest)
            .then(|| self.changes.iter().filter(move |change| change.version > version))
    }

    /// Makes an object of what it consists of besides its metadata; `name` and more of the metadata
    /// come with it.
    pub(super) fn create(&mut self, now: Timestamp, kind: Kind, mut object: Json) {
        let name = text(&object, "/metadata/name").to_owned();
        object["apiVersion"] = json!(kind.api_version());
        object["kind"] = json!(kind.name());
        let meta = &mut object["metadata"];
        if kind.is_namespaced() {
            meta["namespace"] = json!(self.namespace);
        }
        meta["uid"] = json!(self.seed.uuid("object", self.made));
        meta["creationTimestamp"] = json!(stamp(now));
        if !matches!(kind, Kind::Namespace | Kind::Service | Kind::Event) {
            meta["generation"] = json!(1);
        }
        self.made += 1;
        self.write(kind, name, Some(object));
    }

    /// Changes an object, if there is something to change; whether there was.
    pub(super) fn change(
        &mut self,
        kind: Kind,
        name: &str,
        change: impl FnOnce(&mut Json),
    ) -> bool {
        let Some(before) = self.get(kind, name).cloned() else { return false };
        let mut object = before.clone();
        change(&mut object);
        if object == before {
            return false;
        }
        // What has no path for its status counts every change but those of its metadata.
        let counted: &[&str] = if kind.has_status() { &["spec"] } else { &["spec", "status"] };
        if let Some(generation) = before["metadata"]["generation"].as_u64()
            && counted.iter().any(|part| object[*part] != before[*part])
        {
            object["metadata"]["generation"] = json!(generation + 1);
        }
        self.write(kind, name.to_owned(), Some(object));
        true
    }

    /// Takes an object away.
    pub(super) fn remove(&mut self, kind: Kind, name: &str) {
        self.write(kind, name.to_owned(), None);
    }

    fn write(&mut self, kind: Kind, name: String, object: Option<Json>) {
        let before = self.objects.get(&(kind, name.clone())).cloned();
        self.version += 1;
        let (deed, mut object) = match (object, &before) {
            (Some(object), None) => (Deed::Added, object),
            (Some(object), Some(_)) => (Deed::Modified, object),
            (None, Some(before)) => (Deed::Deleted, before.as_ref().clone()),
            (None, None) => return,
        };
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        let object = Arc::new(object);
        if deed == Deed::Deleted {
            self.objects.remove(&(kind, name));
        } else {
            self.objects.insert((kind, name), object.clone());
        }
        self.changes.push_back(Change { version: self.version, kind, deed, object, before });
        if self.changes.len() > KEPT {
            self.changes.pop_front();
        }
    }
}

/// A text somewhere in an object; empty where there is none.
pub(crate) fn text<'a>(object: &'a Json, at: &str) -> &'a str {
    object.pointer(at).and_then(Json::as_str).unwrap_or_default()
}

/// A count somewhere in an object; 0 where there is none.
pub(crate) fn count(object: &Json, at: &str) -> u32 {
    let number = object.pointer(at).and_then(Json::as_u64).unwrap_or_default();
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A moment as the API spells it: whole seconds.
pub(crate) fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A JSON merge patch.
pub(crate) fn merge(target: &mut Json, patch: &Json) {
    let Json::Object(fields) = patch else {
        target.clone_from(patch);
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (name, value) in fields {
        if !value.is_null() {
            merge(&mut target[name], value);
        } else if let Json::Object(known) = target {
            known.remove(name);
        }
    }
}

/// The merge patch that makes `from` into `to`.
pub(super) fn difference(from: &Json, to: &Json) -> Json {
    let (Some(old), Some(new)) = (from.as_object(), to.as_object()) else { return to.clone() };
    let gone = old.keys().filter(|name| !new.contains_key(*name));
    let gone = gone.map(|name| (name.clone(), Json::Null));
    let changed = new.iter().filter(|(name, value)| old.get(*name) != Some(*value));
    let changed = changed.map(|(name, value)| {
        let before = old.get(name).unwrap_or(&Json::Null);
        (name.clone(), difference(before, value))
    });
    Json::Object(gone.chain(changed).collect())
}
