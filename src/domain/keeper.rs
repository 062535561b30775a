//! Who keeps an object of a rollout as it is written somewhere else, and what a call changes in it.

use std::fmt;

use serde::Serialize;

use super::{Call, Rollout};

/// An object of a cluster that the orders about a rollout change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// The Rollout itself.
    Rollout,
    /// The Deployment with this name, whose template the Rollout uses.
    Deployment(String),
}

/// A tool that keeps an object as it is written elsewhere, and may take back what others change in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Keeper {
    /// What is kept.
    pub keeps: Kept,
    /// Who keeps it: `Argo CD`, `Flux`.
    pub tool: String,
    /// Where the tool has it from, in its own words: `application shop-prod`.
    pub source: String,
}

impl fmt::Display for Keeper {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { keeps, tool, source } = self;
        match keeps {
            Kept::Rollout => write!(out, "{tool} keeps this Rollout ({source})"),
            Kept::Deployment(name) => write!(out, "{tool} keeps Deployment {name} ({source})"),
        }
    }
}

/// What of an object's wishes a call changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// Which version is asked for. Whoever keeps the object has written that down.
    Template,
    /// A field that is seldom written down: what is not, no keeper takes back.
    Field(&'static str),
}

impl Call {
    /// What it changes in the wishes that are written in objects; a status is nobody's to keep.
    pub fn edits(&self) -> Vec<(Kept, Edit)> {
        let param = |name: &str| self.params.iter().find(|(key, _)| key == name).map(|(_, v)| v);
        let mut edits = Vec::new();
        if param("toReplicaSet").is_some() {
            let deployment = param("deployment").and_then(serde_json::Value::as_str);
            let holder = deployment.map_or(Kept::Rollout, |name| Kept::Deployment(name.to_owned()));
            edits.push((holder, Edit::Template));
        }
        if param("restart").is_some() {
            edits.push((Kept::Rollout, Edit::Field("restartAt")));
        }
        let mut patches = ["before", "patch", "then"].into_iter().filter_map(param);
        if patches.any(|patch| patch.pointer("/spec/paused").is_some()) {
            edits.push((Kept::Rollout, Edit::Field("paused")));
        }
        edits
    }
}

impl Rollout {
    /// Who may take back what a call changes, with what that is.
    pub fn kept_from<'a>(&'a self, call: &Call) -> impl Iterator<Item = (&'a Keeper, Edit)> {
        let edits = call.edits().into_iter();
        edits.flat_map(|(object, edit)| {
            let keepers = self.keepers.iter().filter(move |keeper| keeper.keeps == object);
            keepers.map(move |keeper| (keeper, edit))
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn edits(params: Value) -> Vec<(Kept, Edit)> {
        let Value::Object(params) = params else { panic!("an object") };
        let params = params.into_iter().collect();
        Call { service: "kubernetes".into(), operation: "patch rollouts".into(), params }.edits()
    }

    #[test]
    fn only_what_changes_a_wish_is_an_edit() {
        let paused = || (Kept::Rollout, Edit::Field("paused"));
        let own = || (Kept::Rollout, Edit::Template);
        let thaw = json!({"spec": {"paused": false}});
        let abort = json!({"status": {"abort": true}});
        assert_eq!(edits(json!({ "patch": abort })), []);
        assert_eq!(edits(json!({ "patch": abort, "then": thaw })), [paused()]);
        assert_eq!(edits(json!({ "patch": thaw })), [paused()]);
        assert_eq!(edits(json!({ "patch": {"metadata": {"annotations": {"a": "b"}}} })), []);
        assert_eq!(edits(json!({ "analysisRun": "x" })), []);
        let restart = (Kept::Rollout, Edit::Field("restartAt"));
        assert_eq!(edits(json!({ "restart": true })), [restart]);
        assert_eq!(edits(json!({ "toReplicaSet": "app-1" })), [own()]);
        assert_eq!(edits(json!({ "toReplicaSet": "app-1", "then": thaw })), [own(), paused()]);
        let lent = (Kept::Deployment("app".to_owned()), Edit::Template);
        assert_eq!(edits(json!({ "toReplicaSet": "app-1", "deployment": "app" })), [lent]);
    }
}
