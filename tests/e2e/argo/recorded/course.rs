//! The statuses that a Rollout goes through, in words that do not depend on names and moments.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::argo::recording;

/// What stays for so many milliseconds is at rest.
pub(super) const REST: i64 = 400;

/// The statuses that a Rollout went through.
#[derive(Default)]
pub(super) struct Course {
    pub(super) versions: Vec<String>,
    pub(super) states: Vec<String>,
    /// The conditions of those that stayed for a while.
    pub(super) rests: Vec<String>,
    last: Option<(i64, String)>,
}

impl Course {
    /// Takes what is there at a moment, in milliseconds.
    pub(super) fn sees(&mut self, at: i64, rollout: &Value) {
        let current = text(rollout, "/status/currentPodHash");
        if current.is_empty() {
            return;
        }
        if !self.versions.iter().any(|known| known == current) {
            self.versions.push(current.to_owned());
        }
        let state = self.state(rollout);
        if self.states.last() == Some(&state) {
            return;
        }
        self.rests_until(at);
        self.states.push(state);
        self.last = Some((at, conditions(rollout)));
    }

    /// Whether what was seen last stayed until a moment.
    pub(super) fn rests_until(&mut self, at: i64) {
        if let Some((since, conditions)) = self.last.take()
            && at - since >= REST
            && self.rests.last() != Some(&conditions)
        {
            self.rests.push(conditions);
        }
    }

    /// What changes only conditions belongs to the state before.
    pub(super) fn sees_conditions(&mut self, rollout: &Value) {
        if let Some((_, known)) = &mut self.last {
            *known = conditions(rollout);
        }
    }

    pub(super) fn role(&self, hash: &str) -> String {
        let place = self.versions.iter().position(|known| known == hash);
        place.map_or_else(|| "nothing".to_owned(), |place| format!("v{}", place + 1))
    }

    pub(super) fn state(&self, rollout: &Value) -> String {
        let status = &rollout["status"];
        let role = |at: &str| self.role(text(status, at));
        let mut message = text(status, "/message").to_owned();
        for hash in &self.versions {
            message = message.replace(hash, &self.role(hash));
        }
        let generation = rollout["metadata"]["generation"].to_string();
        let mut parts = Vec::new();
        if text(status, "/observedGeneration") != generation {
            parts.push("unobserved".to_owned());
        }
        parts.push(format!("{} \"{message}\"", text(status, "/phase")));
        parts.push(format!("asks {} stable {}", role("/currentPodHash"), role("/stableRS")));
        for flag in ["abort", "promoteFull", "controllerPause"] {
            if status[flag] == true {
                parts.push(flag.to_owned());
            }
        }
        for pause in status["pauseConditions"].as_array().into_iter().flatten() {
            parts.push(text(pause, "/reason").to_owned());
        }
        if !rollout["spec"]["strategy"]["blueGreen"].is_null() {
            let [active, preview] =
                ["active", "preview"].map(|side| role(&format!("/blueGreen/{side}Selector")));
            parts.push(format!("active {active} preview {preview}"));
        }
        if let Some(step) = status["currentStepIndex"].as_u64() {
            parts.push(format!("step {step}"));
        }
        if let Some(weight) = status["canary"]["weights"]["canary"]["weight"].as_u64() {
            parts.push(format!("weight {weight}"));
        }
        for (word, at) in [
            ("pre", "/blueGreen/prePromotionAnalysisRunStatus"),
            ("post", "/blueGreen/postPromotionAnalysisRunStatus"),
            ("run", "/canary/currentStepAnalysisRunStatus"),
        ] {
            if let Some(run) = status.pointer(at) {
                parts.push(format!("{word} {}", text(run, "/status")).trim_end().to_owned());
            }
        }
        parts.join(", ")
    }
}

pub(super) fn text<'a>(object: &'a Value, at: &str) -> &'a str {
    object.pointer(at).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn conditions(rollout: &Value) -> String {
    let all = rollout["status"]["conditions"].as_array().into_iter().flatten();
    let all: BTreeSet<String> = all
        .map(|one| {
            let [kind, status, reason] = ["/type", "/status", "/reason"].map(|at| text(one, at));
            format!("{kind} {status} {reason}")
        })
        .collect();
    all.into_iter().collect::<Vec<_>>().join(", ")
}

/// The course of a recording.
pub(super) fn recorded(name: &str) -> Course {
    let mut course = Course::default();
    let mut end = 0;
    for (at, gone, object) in recording(name) {
        end = i64::try_from(at).unwrap();
        if object["kind"] == "Rollout" && !gone {
            course.sees(end, &object);
            course.sees_conditions(&object);
        }
    }
    course.rests_until(end + REST);
    course
}

/// What only one of two lists has, in order: `-` the first, `+` the second.
pub(super) fn differences(first: &[String], second: &[String]) -> Vec<String> {
    let (rows, columns) = (first.len(), second.len());
    let mut common = vec![vec![0; columns + 1]; rows + 1];
    for row in (0..rows).rev() {
        for column in (0..columns).rev() {
            common[row][column] = if first[row] == second[column] {
                common[row + 1][column + 1] + 1
            } else {
                common[row + 1][column].max(common[row][column + 1])
            };
        }
    }
    let (mut row, mut column, mut found) = (0, 0, Vec::new());
    while row < rows || column < columns {
        if row < rows && column < columns && first[row] == second[column] {
            (row, column) = (row + 1, column + 1);
        } else if column == columns
            || (row < rows && common[row + 1][column] >= common[row][column + 1])
        {
            found.push(format!("- {}", first[row]));
            row += 1;
        } else {
            found.push(format!("+ {}", second[column]));
            column += 1;
        }
    }
    found
}
