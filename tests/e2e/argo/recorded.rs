//! The simulated controller beside recordings of the real one: the same changes by hand lead through
//! the same statuses. Moments, counts of pods on their way and names do not matter; versions are
//! called by the order in which they were asked for.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::ground::Ground;
use super::simulated::Simulated;
use crate::argo::recording;

/// How often the simulated cluster is looked at.
const STEP: Duration = Duration::from_millis(5);
/// What stays for so long is at rest.
const REST: i64 = 400;
const HASH: &str = "rollouts-pod-template-hash";
const MERGE: &str = "application/merge-patch+json";

/// The statuses that a Rollout went through.
#[derive(Default)]
struct Course {
    versions: Vec<String>,
    states: Vec<String>,
    /// The conditions of those that stayed for a while.
    rests: Vec<String>,
    last: Option<(i64, String)>,
}

impl Course {
    /// Takes what is there at a moment, in milliseconds.
    fn sees(&mut self, at: i64, rollout: &Value) {
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
    fn rests_until(&mut self, at: i64) {
        if let Some((since, conditions)) = self.last.take()
            && at - since >= REST
            && self.rests.last() != Some(&conditions)
        {
            self.rests.push(conditions);
        }
    }

    /// What changes only conditions belongs to the state before.
    fn sees_conditions(&mut self, rollout: &Value) {
        if let Some((_, known)) = &mut self.last {
            *known = conditions(rollout);
        }
    }

    fn role(&self, hash: &str) -> String {
        let place = self.versions.iter().position(|known| known == hash);
        place.map_or_else(|| "nothing".to_owned(), |place| format!("v{}", place + 1))
    }

    fn state(&self, rollout: &Value) -> String {
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

fn text<'a>(object: &'a Value, at: &str) -> &'a str {
    object.pointer(at).and_then(Value::as_str).unwrap_or_default()
}

fn conditions(rollout: &Value) -> String {
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
fn recorded(name: &str) -> Course {
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

/// Whoever changes things by hand in the simulated cluster, and writes down what comes of it.
struct Hand {
    ground: Simulated,
    start: Timestamp,
    version: u64,
    course: Course,
}

impl Hand {
    /// With everything that somebody else made in the recording, and its analyses.
    fn of(name: &str) -> Self {
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

    fn path(plural: &str) -> String {
        let group = match plural {
            "services" => "api/v1",
            "ingresses" => "apis/networking.k8s.io/v1",
            "replicasets" => "apis/apps/v1",
            _ => "apis/argoproj.io/v1alpha1",
        };
        format!("/{group}/namespaces/stories/{plural}")
    }

    fn creates(&mut self, plural: &str, object: &Value) {
        self.ground.ask("POST", &Self::path(plural), "application/json", object).unwrap();
    }

    fn measures(&self, value: f64) {
        self.ground.sets("ok-rate", value);
        self.ground.sets("level", value);
    }

    /// A step of time, and what has come of it.
    fn goes_on(&mut self) {
        self.ground.rests(STEP);
        self.looks();
    }

    fn looks(&mut self) {
        let version = self.ground.version();
        if version != self.version {
            self.version = version;
            let rollout = self.ground.rollout();
            let at = self.ground.now().duration_since(self.start).as_millis();
            self.course.sees(i64::try_from(at).unwrap(), &rollout);
            self.course.sees_conditions(&rollout);
        }
    }

    fn rests(&mut self, milliseconds: i64) {
        let end = self.ground.now() + SignedDuration::from_millis(milliseconds);
        while self.ground.now() < end {
            self.goes_on();
        }
    }

    #[track_caller]
    fn until(&mut self, is_so: impl Fn(&Value) -> bool) {
        let end = self.ground.now() + SignedDuration::from_mins(2);
        while !is_so(&self.ground.rollout()) {
            assert!(self.ground.now() < end, "{:#?}", self.course.states);
            self.goes_on();
        }
    }

    #[track_caller]
    fn until_healthy(&mut self) {
        self.until(|rollout| {
            let status = &rollout["status"];
            status["phase"] == "Healthy"
                && status["stableRS"] == status["currentPodHash"]
                && text(status, "/observedGeneration")
                    == rollout["metadata"]["generation"].to_string()
        });
    }

    #[track_caller]
    fn until_paused(&mut self) {
        self.until(|rollout| rollout["status"]["pauseConditions"].is_array());
        self.rests(500);
    }

    #[track_caller]
    fn until_phase(&mut self, phase: &str) {
        self.until(|rollout| rollout["status"]["phase"] == phase);
    }

    /// Until a version has no pods any more.
    fn until_gone(&mut self, version: usize) {
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

    fn patches(&mut self, status: bool, body: &Value) {
        let path = if status { "/app/status" } else { "/app" };
        let path = format!("{}{path}", Self::path("rollouts"));
        self.ground.ask("PATCH", &path, MERGE, body).unwrap();
        self.looks();
    }

    fn brings_out(&mut self, tag: &str) {
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

    fn promotes(&mut self) {
        self.patches(true, &json!({"status": {"pauseConditions": null}}));
    }

    fn aborts(&mut self) {
        self.patches(true, &json!({"status": {"abort": true}}));
    }

    fn tries_again(&mut self) {
        self.patches(true, &json!({"status": {"abort": false}}));
    }

    fn promotes_in_full(&mut self) {
        self.patches(true, &json!({"status": {"promoteFull": true}}));
    }

    /// Asks for the template of the first version again.
    fn undoes(&mut self) {
        let path = format!("{}/app-{}", Self::path("replicasets"), self.course.versions[0]);
        let set = self.ground.ask("GET", &path, MERGE, &Value::Null).unwrap();
        let containers = &set["spec"]["template"]["spec"]["containers"];
        self.patches(false, &json!({"spec": {"template": {"spec": {"containers": containers}}}}));
    }
}

fn analysis(name: &str, count: u32, value: &str) -> Value {
    json!({"metadata": {"name": name}, "spec": {"metrics": [{
        "name": name, "interval": "2s", "count": count, "failureLimit": 0,
        "successCondition": "result >= 0.95",
        "failureCondition": if name == "ok-rate" { "result < 0.95" } else { "result < 0.5" },
        "provider": {"web": {"url": format!("http://values.example.test/{value}")}},
    }]}})
}

/// What only one of two lists has, in order: `-` the first, `+` the second.
fn differences(first: &[String], second: &[String]) -> Vec<String> {
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

/// The simulated course is the recorded one, but for what is named with its reason.
#[track_caller]
fn is_as_recorded(name: &str, hand: Hand, but: &[(&str, &str)]) {
    let Hand { mut course, ground, start, .. } = hand;
    let now = ground.now().duration_since(start).as_millis();
    course.rests_until(i64::try_from(now).unwrap() + REST);
    let real = recorded(name);
    let mut found = differences(&real.states, &course.states);
    found.extend(differences(&real.rests, &course.rests));
    let named: Vec<&str> = but.iter().map(|(line, _why)| *line).collect();
    let unknown: Vec<&String> =
        found.iter().filter(|line| !named.contains(&line.as_str())).collect();
    let unused: Vec<&&str> =
        named.iter().filter(|line| !found.iter().any(|one| one == **line)).collect();
    assert!(
        unknown.is_empty() && unused.is_empty(),
        "{name}\nunknown: {unknown:#?}\nunused: {unused:#?}"
    );
}

#[test]
fn a_blue_green_that_is_promoted() {
    let mut hand = Hand::of("bluegreen-success");
    hand.until_healthy();
    hand.brings_out("v2");
    hand.until_paused();
    hand.rests(3000);
    hand.promotes();
    hand.until_healthy();
    hand.until_gone(1);
    is_as_recorded("bluegreen-success", hand, &[]);
}

#[test]
fn a_blue_green_whose_analysis_fails() {
    let mut hand = Hand::of("bluegreen-failed-analysis");
    hand.until_healthy();
    hand.rests(1000);
    hand.measures(0.5);
    hand.brings_out("v2");
    hand.until_phase("Degraded");
    hand.until_gone(2);
    hand.rests(1000);
    hand.undoes();
    hand.until_healthy();
    hand.rests(500);
    is_as_recorded("bluegreen-failed-analysis", hand, &[]);
}

#[test]
fn a_blue_green_that_goes_back_after_the_cutover() {
    let mut hand = Hand::of("bluegreen-post-failure");
    hand.until_healthy();
    hand.brings_out("v2");
    hand.until_paused();
    hand.promotes();
    hand.until(|rollout| {
        text(rollout, "/status/blueGreen/postPromotionAnalysisRunStatus/status") == "Running"
    });
    hand.measures(0.1);
    hand.until_phase("Degraded");
    hand.until_gone(2);
    is_as_recorded("bluegreen-post-failure", hand, &[]);
}

#[test]
fn a_blue_green_that_is_aborted_while_its_pods_crash() {
    let mut hand = Hand::of("bluegreen-abort-outage");
    hand.until_healthy();
    hand.brings_out("v2");
    hand.until(|rollout| {
        text(rollout, "/status/blueGreen/postPromotionAnalysisRunStatus/status") == "Running"
    });
    hand.rests(2000);
    let green = hand.course.versions[1].clone();
    hand.ground.pods_do(&green, "crash");
    hand.rests(1000);
    hand.aborts();
    hand.until_gone(2);
    hand.rests(2000);
    hand.undoes();
    hand.until_healthy();
    is_as_recorded("bluegreen-abort-outage", hand, &[]);
}

#[test]
fn a_canary_that_is_promoted() {
    let mut hand = Hand::of("canary-nginx-success");
    hand.until_healthy();
    hand.brings_out("v2");
    hand.until_paused();
    hand.rests(2000);
    hand.promotes();
    hand.until_healthy();
    hand.until_gone(1);
    is_as_recorded("canary-nginx-success", hand, &[]);
}

#[test]
fn a_canary_that_is_aborted_and_tried_again() {
    let mut hand = Hand::of("canary-nginx-abort-retry");
    hand.until_healthy();
    hand.brings_out("v2");
    hand.until_paused();
    hand.measures(0.2);
    hand.promotes();
    hand.until_phase("Degraded");
    hand.rests(3000);
    hand.measures(1.0);
    hand.tries_again();
    hand.until_paused();
    hand.promotes();
    hand.until(|rollout| rollout["status"]["canary"]["weights"]["canary"]["weight"] == 50);
    hand.aborts();
    hand.until_gone(2);
    hand.rests(200);
    hand.undoes();
    hand.until_healthy();
    hand.rests(500);
    is_as_recorded("canary-nginx-abort-retry", hand, &[]);
}

#[test]
fn a_canary_that_is_promoted_in_full_and_undone() {
    let mut hand = Hand::of("canary-nginx-full");
    hand.until_healthy();
    hand.brings_out("v2");
    hand.until_paused();
    hand.promotes_in_full();
    hand.until_healthy();
    hand.rests(1000);
    hand.undoes();
    hand.rests(3000);
    is_as_recorded("canary-nginx-full", hand, &[]);
}

#[test]
fn a_canary_by_pods_that_crashes_and_is_followed_by_others() {
    let mut hand = Hand::of("canary-basic-crash");
    hand.until_healthy();
    hand.brings_out("v2-crash");
    hand.until_phase("Degraded");
    hand.brings_out("v3-missing");
    hand.rests(4000);
    hand.brings_out("v4");
    hand.until_paused();
    hand.aborts();
    hand.until_phase("Degraded");
    hand.rests(4000);
    hand.tries_again();
    hand.until_paused();
    hand.promotes();
    hand.until_healthy();
    let but = [(
        "- Progressing \"old replicas are pending termination\", asks v4 stable v1, step 4",
        "the last two pods were ready one look after the other; here they are in the same one",
    )];
    is_as_recorded("canary-basic-crash", hand, &but);
}

#[test]
fn a_canary_whose_release_gets_lost() {
    let mut hand = Hand::of("canary-lost-promote");
    hand.until_healthy();
    hand.brings_out("v2");
    hand.until(|rollout| rollout["status"]["pauseConditions"].is_array());
    hand.rests(20);
    hand.promotes();
    hand.rests(5000);
    hand.patches(false, &json!({"metadata": {"annotations": {"example.test/nudge": "1"}}}));
    hand.until(|rollout| {
        text(rollout, "/status/canary/currentStepAnalysisRunStatus/status") == "Running"
    });
    is_as_recorded("canary-lost-promote", hand, &[]);
}
