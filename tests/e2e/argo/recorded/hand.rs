//! Whoever changes things by hand in the simulated cluster.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::course::{Course, text};
use crate::argo::recording;
use crate::e2e::argo::ground::Ground;
use crate::e2e::argo::simulated::Simulated;

/// How often the simulated cluster is looked at.
const STEP: Duration = Duration::from_millis(5);
const HASH: &str = "rollouts-pod-template-hash";
const MERGE: &str = "application/merge-patch+json";

/// Whoever changes things by hand in the simulated cluster, and writes down what comes of it.
pub(super) struct Hand {
    pub(super) ground: Simulated,
    pub(super) start: Timestamp,
    version: u64,
    pub(super) course: Course,
}

impl Hand {
    /// With everything that somebody else made in the recording, and its analyses.
    pub(super) fn of(name: &str) -> Self {
        let ground = Simulated::beside();
        let mut hand = Self { start: ground.now(), ground, version: 0, course: Course::default() };
        hand.creates("analysistemplates", &analysis("ok-rate", 3, "ok-rate"));
        hand.creates("analysistemplates", &analysis("web-check", 3, "level"));
        hand.creates("analysistemplates", &analysis("long", 500, "level"));
        hand.measures(1.0);
        let mut known = BTreeSet::new();
        for (_, _, object) in recording(name) {
            let kind = text(&object, "/kind").to_owned();
            let plural = match kind.as_str() {
                "Service" => "services",
                "Ingress" => "ingresses",
                "Rollout" => "rollouts",
                _ => continue,
            };
            let name = text(&object, "/metadata/name").to_owned();
            let is_owned = object["metadata"]["ownerReferences"].is_array();
            if is_owned || !known.insert((kind, name.clone())) {
                continue;
            }
            let mut spec = object["spec"].clone();
            if let Some(selector) = spec["selector"].as_object_mut() {
                selector.remove(HASH);
            }
            let notes = json!({"kubernetes.io/ingress.class": "nginx"});
            hand.creates(
                plural,
                &json!({"metadata": {"name": name, "annotations": notes}, "spec": spec}),
            );
        }
        hand
    }

    pub(super) fn path(plural: &str) -> String {
        let group = match plural {
            "services" => "api/v1",
            "ingresses" => "apis/networking.k8s.io/v1",
            "replicasets" => "apis/apps/v1",
            _ => "apis/argoproj.io/v1alpha1",
        };
        format!("/{group}/namespaces/stories/{plural}")
    }

    pub(super) fn creates(&mut self, plural: &str, object: &Value) {
        self.ground.ask("POST", &Self::path(plural), "application/json", object).unwrap();
    }

    pub(super) fn measures(&self, value: f64) {
        self.ground.sets("ok-rate", value);
        self.ground.sets("level", value);
    }

    /// A step of time, and what has come of it.
    pub(super) fn goes_on(&mut self) {
        self.ground.rests(STEP);
        self.looks();
    }

    pub(super) fn looks(&mut self) {
        let version = self.ground.version();
        if version != self.version {
            self.version = version;
            let rollout = self.ground.rollout();
            let at = self.ground.now().duration_since(self.start).as_millis();
            self.course.sees(i64::try_from(at).unwrap(), &rollout);
            self.course.sees_conditions(&rollout);
        }
    }

    pub(super) fn rests(&mut self, milliseconds: i64) {
        let end = self.ground.now() + SignedDuration::from_millis(milliseconds);
        while self.ground.now() < end {
            self.goes_on();
        }
    }

    #[track_caller]
    pub(super) fn until(&mut self, is_so: impl Fn(&Value) -> bool) {
        let end = self.ground.now() + SignedDuration::from_mins(2);
        while !is_so(&self.ground.rollout()) {
            assert!(self.ground.now() < end, "{:#?}", self.course.states);
            self.goes_on();
        }
    }

    #[track_caller]
    pub(super) fn until_healthy(&mut self) {
        self.until(|rollout| {
            let status = &rollout["status"];
            status["phase"] == "Healthy"
                && status["stableRS"] == status["currentPodHash"]
                && text(status, "/observedGeneration").parse::<u64>().ok()
                    == rollout["metadata"]["generation"].as_u64()
        });
    }

    #[track_caller]
    pub(super) fn until_paused(&mut self) {
        self.until(|rollout| rollout["status"]["pauseConditions"].is_array());
        self.rests(500);
    }

    #[track_caller]
    pub(super) fn until_phase(&mut self, phase: &str) {
        self.until(|rollout| rollout["status"]["phase"] == phase);
    }

    /// Until a version has no pods any more.
    pub(super) fn until_gone(&mut self, version: usize) {
        let path =
            format!("{}/app-{}", Self::path("replicasets"), self.course.versions[version - 1]);
        for _ in 0..24_000 {
            let set = self.ground.ask("GET", &path, MERGE, &Value::Null).unwrap();
            if set["status"]["replicas"] == 0 {
                return;
            }
            self.rests(100);
        }
        panic!("v{version} stays");
    }

    pub(super) fn patches(&mut self, status: bool, body: &Value) {
        let path = if status { "/app/status" } else { "/app" };
        let path = format!("{}{path}", Self::path("rollouts"));
        self.ground.ask("PATCH", &path, MERGE, body).unwrap();
        self.looks();
    }

    pub(super) fn brings_out(&mut self, tag: &str) {
        self.rests(200);
        let containers = json!([{"name": "app", "image": format!("demo/app:{tag}")}]);
        self.patches(false, &json!({"spec": {"template": {"spec": {"containers": containers}}}}));
        let known = self.course.versions.len();
        for _ in 0..400 {
            if self.course.versions.len() > known {
                return;
            }
            self.goes_on();
        }
        panic!("{tag} is not known");
    }

    pub(super) fn promotes(&mut self) {
        self.patches(true, &json!({"status": {"pauseConditions": null}}));
    }

    pub(super) fn aborts(&mut self) {
        self.patches(true, &json!({"status": {"abort": true}}));
    }

    pub(super) fn tries_again(&mut self) {
        self.patches(true, &json!({"status": {"abort": false}}));
    }

    pub(super) fn promotes_in_full(&mut self) {
        self.patches(true, &json!({"status": {"promoteFull": true}}));
    }

    /// Asks for the template of the first version again.
    pub(super) fn undoes(&mut self) {
        let path = format!("{}/app-{}", Self::path("replicasets"), self.course.versions[0]);
        let set = self.ground.ask("GET", &path, MERGE, &Value::Null).unwrap();
        let containers = &set["spec"]["template"]["spec"]["containers"];
        self.patches(false, &json!({"spec": {"template": {"spec": {"containers": containers}}}}));
    }
}

pub(super) fn analysis(name: &str, count: u32, value: &str) -> Value {
    json!({"metadata": {"name": name}, "spec": {"metrics": [{
        "name": name, "interval": "2s", "count": count, "failureLimit": 0,
        "successCondition": "result >= 0.95",
        "failureCondition": if name == "ok-rate" { "result < 0.95" } else { "result < 0.5" },
        "provider": {"web": {"url": format!("http://values.example.test/{value}")}},
    }]}})
}
