//! What people make and take away: an object at a time, and what belongs to it goes with it.

use serde_json::{Value as Json, json};

use super::patch::readable;
use super::store::text;
use super::{Argo, Kind, Refused, hash};
use crate::sim::world::World;

impl World {
    /// Makes an object; as it is then.
    pub(crate) fn create_object(&mut self, kind: Kind, object: &Json) -> Result<Json, Refused> {
        let mut name = String::new();
        let refused = self.change_cluster(|argo, _| match argo.make(kind, object) {
            Ok(made) => {
                name = made;
                None
            }
            Err(refused) => Some(refused),
        });
        if let Some(refused) = refused {
            return Err(refused);
        }
        let object = self.argo.as_ref().and_then(|argo| argo.store.get(kind, &name));
        object.cloned().ok_or(Refused::NotFound)
    }

    /// Takes an object away with everything that belongs to it; as it was.
    pub(crate) fn delete_object(&mut self, kind: Kind, name: &str) -> Result<Json, Refused> {
        let object = self.argo.as_ref().and_then(|argo| argo.store.get(kind, name));
        let object = object.cloned().ok_or(Refused::NotFound)?;
        self.change_cluster(|argo, _| argo.take_away(kind, name));
        Ok(object)
    }
}

impl Argo {
    /// Makes an object; its name.
    fn make(&mut self, kind: Kind, object: &Json) -> Result<String, Refused> {
        let mut object = object.clone();
        let stem = text(&object, "/metadata/generateName").to_owned();
        if text(&object, "/metadata/name").is_empty() && !stem.is_empty() {
            let number = usize::try_from(self.store.version()).unwrap_or_default();
            let name = format!("{stem}{}", hash::suffix(self.seed, "generated name", number));
            object["metadata"]["name"] = json!(name);
        }
        let name = text(&object, "/metadata/name").to_owned();
        if name.is_empty() {
            return Err(Refused::Invalid("metadata.name: Required value".to_owned()));
        }
        if self.store.get(kind, &name).is_some() {
            return Err(Refused::Exists);
        }
        if kind == Kind::Rollout {
            readable(&object)?;
            object["status"] = Json::Null;
        }
        if kind == Kind::Deployment {
            object["spec"]["template"] = hash::completed(&object["spec"]["template"]);
        }
        if let Some(fields) = object.as_object_mut() {
            fields.retain(|_, value| !value.is_null());
        }
        self.store.create(self.now, kind, object);
        Ok(name)
    }

    /// Takes an object away, and what it controls.
    fn take_away(&mut self, kind: Kind, name: &str) {
        let uid = self.store.get(kind, name).map(|one| text(one, "/metadata/uid").to_owned());
        let Some(uid) = uid else { return };
        if kind == Kind::Pod {
            if let Some(index) = self.pods.iter().position(|pod| pod.name == name) {
                self.delete_pod(index);
            }
            return;
        }
        self.store.remove(kind, name);
        if kind == Kind::Rollout && name == self.name {
            self.stale = None;
            self.writes_until = None;
            self.timer_at = None;
        }
        for owned in Kind::ALL {
            let belongs = |object: &&Json| text(object, "/metadata/ownerReferences/0/uid") == uid;
            let names: Vec<String> = (self.store.all(owned).filter(belongs))
                .map(|object| text(object, "/metadata/name").to_owned())
                .collect();
            for name in names {
                self.take_away(owned, &name);
            }
        }
    }
}
