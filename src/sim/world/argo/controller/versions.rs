//! A ReplicaSet for each template, and its number.

use serde_json::json;

use super::{Argo, HASH, Kind, Set, Spec, Tone, hash, text};
use crate::sim::world::argo::{REVISION, pods};

/// Earlier numbers of a version that was asked for again.
const HISTORY: &str = "rollout.argoproj.io/revision-history";
/// How many pods the Rollout wants in the end.
const DESIRED: &str = "rollout.argoproj.io/desired-replicas";

/// The ReplicaSet of a template, with the newest number. Nothing while it has only just been made.
pub(super) fn find_or_create(argo: &mut Argo, spec: &Spec, version: &str) -> Option<Set> {
    let sets = argo.sets();
    let newest = sets.last().map_or(0, |set| set.revision);
    let Some(known) = sets.into_iter().find(|set| set.hash == version) else {
        create(argo, spec, (version, newest + 1));
        return None;
    };
    if known.revision < newest {
        argo.store.change(Kind::ReplicaSet, &known.name, |set| {
            let notes = &mut set["metadata"]["annotations"];
            let before = notes[HISTORY].as_str().map(|before| format!("{before},"));
            notes[HISTORY] = json!(format!("{}{}", before.unwrap_or_default(), known.revision));
            notes[REVISION] = json!((newest + 1).to_string());
        });
        number(argo, newest + 1);
        return Some(Set { revision: newest + 1, ..known });
    }
    Some(known)
}

fn create(argo: &mut Argo, spec: &Spec, (version, revision): (&str, u32)) {
    let Some(rollout) = argo.rollout() else { return };
    let name = format!("{}-{version}", text(rollout, "/metadata/name"));
    let template = hash::labelled(&hash::completed(&spec.template), version);
    let labels = template["metadata"]["labels"].clone();
    let set = json!({
        "metadata": {
            "name": name,
            "annotations": {
                DESIRED: spec.replicas().to_string(),
                REVISION: revision.to_string(),
            },
            "labels": labels,
            "ownerReferences": [pods::owner_reference(rollout)],
        },
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {
                "app": labels["app"],
                HASH: version,
            }},
            "template": template,
        },
        "status": {"replicas": 0},
    });
    argo.store.create(argo.now, Kind::ReplicaSet, set);
    let created = format!("Created ReplicaSet {name} (revision {revision})");
    argo.say(Tone::Normal, "NewReplicaSetCreated", &created);
    number(argo, revision);
}

/// Writes the number of the newest version on the Rollout.
fn number(argo: &mut Argo, revision: u32) {
    let name = argo.name.clone();
    argo.store.change(Kind::Rollout, &name, |rollout| {
        rollout["metadata"]["annotations"][REVISION] = json!(revision.to_string());
    });
    let updated = format!("Rollout updated to revision {revision}");
    argo.say(Tone::Normal, "RolloutUpdated", &updated);
}
