//! What versions and pods are called.

use rand::RngExt;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use super::HASH;
use crate::sim::world::random::Seed;

/// The letters of names that are made up: no vowels, so that they never spell a word.
const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// A pod template with what the API server adds where nothing is said.
pub(super) fn completed(template: &Json) -> Json {
    let mut template = template.clone();
    let fill = |part: &mut Json, usual: Json| {
        if let (Json::Object(fields), Json::Object(usual)) = (part, usual) {
            for (field, value) in usual {
                fields.entry(field).or_insert(value);
            }
        }
    };
    let spec = &mut template["spec"];
    fill(
        spec,
        json!({
            "dnsPolicy": "ClusterFirst",
            "restartPolicy": "Always",
            "schedulerName": "default-scheduler",
            "securityContext": {},
            "terminationGracePeriodSeconds": 30,
        }),
    );
    for container in spec["containers"].as_array_mut().into_iter().flatten() {
        fill(
            container,
            json!({
                "imagePullPolicy": "IfNotPresent",
                "resources": {},
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
            }),
        );
    }
    template
}

/// The hash of a pod template, whatever version it has been given before. It is that of the completed
/// one, so that a template copied from a ReplicaSet is the same version.
pub(super) fn of(template: &Json) -> String {
    let mut template = completed(template);
    if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Json::as_object_mut) {
        labels.remove(HASH);
    }
    // The keys of objects are sorted, so the same template gives the same text.
    of_text(&template.to_string())
}

/// The hash of a text.
pub(super) fn of_text(text: &str) -> String {
    let digest = Sha256::digest(text);
    let number = digest.iter().take(4).fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
    let letter = |digit: u8| char::from(LETTERS[usize::from(digit) % LETTERS.len()]);
    number.to_string().bytes().map(letter).collect()
}

/// A template with the label of its version.
pub(super) fn labelled(template: &Json, hash: &str) -> Json {
    let mut template = template.clone();
    template["metadata"]["labels"][HASH] = json!(hash);
    template
}

/// The last part of a name that is made up.
pub(super) fn suffix(seed: Seed, purpose: &str, index: usize) -> String {
    let mut stream = seed.stream(purpose, index as u64);
    (0..5).map(|_| char::from(LETTERS[stream.random_range(0..LETTERS.len())])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_known_by_its_template_alone() {
        let template = json!({"metadata": {"labels": {"app": "a"}}, "spec": {"containers": []}});
        let hash = of(&template);
        assert!(hash.len() > 5 && hash.bytes().all(|letter| LETTERS.contains(&letter)), "{hash}");
        assert_eq!(of(&labelled(&template, &hash)), hash);
        assert_eq!(of(&completed(&template)), hash);
        assert_ne!(of(&json!({"spec": {"containers": [{}]}})), hash);
    }
}
