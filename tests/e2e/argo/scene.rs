//! One Rollout in a namespace of its own, whatever the ground.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::bed::{Bed, MERGE};
use super::ground::{Ground, Program};
use super::live::Live;
use crate::cli::process::{Ended, Home};

/// How long anything may take before a story gives up, and how often it looks.
const PATIENCE: Duration = Duration::from_mins(3);
const LOOK: Duration = Duration::from_millis(100);
/// The controller has written nothing for so long: what is written now cannot be lost.
const QUIET: SignedDuration = SignedDuration::from_millis(500);

/// A Rollout named `app` and who looks at it.
pub(crate) struct Scene<G> {
    pub(crate) ground: G,
}

impl<G: Ground> Scene<G> {
    /// Two Services, an Ingress and a check that reads the story's own value.
    pub(crate) fn new(ground: G) -> Self {
        let scene = Self { ground };
        for name in ["app-active", "app-preview"] {
            scene.create(
                "services",
                &json!({
                    "metadata": {"name": name},
                    "spec": {"selector": {"app": "app"}, "ports": [{"port": 80}]},
                }),
            );
        }
        let backend = json!({"service": {"name": "app-active", "port": {"number": 80}}});
        let paths = json!([{"path": "/", "pathType": "Prefix", "backend": backend}]);
        scene.create(
            "ingresses",
            &json!({
                "metadata": {"name": "app", "annotations": {"kubernetes.io/ingress.class": "nginx"}},
                "spec": {"rules": [{"host": "app.example.test", "http": {"paths": paths}}]},
            }),
        );
        scene.measures(1.0);
        scene.create("analysistemplates", &scene.check(3));
        scene
    }

    /// The same with this Rollout, brought out.
    pub(crate) fn with(ground: G, rollout: &Value) -> Self {
        let scene = Self::new(ground);
        scene.create("rollouts", rollout);
        scene.until("the first version serves", Self::is_healthy);
        scene.is_quiet();
        scene
    }

    /// What the check measures from now on.
    pub(crate) fn measures(&self, value: f64) {
        self.ground.measures(value);
    }

    /// From now on the check goes on until what it measures is bad.
    pub(crate) fn goes_on_measuring(&self) {
        let check = self.check(500);
        self.patch("analysistemplates/check", &json!({"spec": check["spec"]}));
    }

    /// An analysis that reads the story's value every second, `count` times.
    fn check(&self, count: u32) -> Value {
        json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate",
            "metadata": {"name": "check"},
            "spec": {"metrics": [{
                "name": "success-rate", "interval": "1s", "count": count, "failureLimit": 0,
                "successCondition": "result >= 0.95", "failureCondition": "result < 0.5",
                "provider": {"web": {"url": self.ground.value_url(), "jsonPath": "{$.value}"}},
            }]},
        })
    }

    /// Lets time go by.
    pub(crate) fn rests(&self, seconds: u64) {
        self.ground.rests(Duration::from_secs(seconds));
    }

    /// Takes a program of the cluster away.
    pub(crate) fn stops(&self, program: Program) {
        self.ground.stops(program);
    }

    /// Gives it back.
    pub(crate) fn starts(&self, program: Program) {
        self.ground.starts(program);
    }

    // ---- the cluster

    fn path(&self, plural: &str) -> String {
        let group = match plural {
            "rollouts" | "analysistemplates" | "analysisruns" | "experiments" => {
                "apis/argoproj.io/v1alpha1"
            }
            "replicasets" | "deployments" => "apis/apps/v1",
            "ingresses" => "apis/networking.k8s.io/v1",
            "roles" | "rolebindings" => "apis/rbac.authorization.k8s.io/v1",
            _ => "api/v1",
        };
        format!("/{group}/namespaces/{}/{plural}", self.ground.namespace())
    }

    pub(crate) fn create(&self, plural: &str, object: &Value) {
        let path = self.path(plural);
        self.ground.ask("POST", &path, "application/json", object).unwrap();
    }

    pub(crate) fn get(&self, plural: &str, name: &str) -> Result<Value, u16> {
        self.ground.ask("GET", &format!("{}/{name}", self.path(plural)), MERGE, &Value::Null)
    }

    pub(crate) fn list(&self, plural: &str) -> Vec<Value> {
        let mut found = self.ground.ask("GET", &self.path(plural), MERGE, &Value::Null).unwrap();
        found["items"].as_array_mut().map(std::mem::take).unwrap_or_default()
    }

    pub(crate) fn patch(&self, what: &str, body: &Value) {
        let (plural, name) = what.split_once('/').unwrap();
        let path = format!("{}/{name}", self.path(plural));
        self.ground.ask("PATCH", &path, MERGE, body).unwrap();
    }

    pub(crate) fn delete(&self, what: &str) {
        let (plural, name) = what.split_once('/').unwrap();
        let path = format!("{}/{name}", self.path(plural));
        let _ = self.ground.ask("DELETE", &path, MERGE, &Value::Null);
    }

    pub(crate) fn rollout(&self) -> Value {
        self.get("rollouts", "app").unwrap_or_default()
    }

    pub(crate) fn hash(&self, field: &str) -> String {
        self.rollout()["status"][field].as_str().unwrap_or_default().to_owned()
    }

    /// The version that a Service sends requests to.
    pub(crate) fn serves(&self, service: &str) -> String {
        let service = self.get("services", service).unwrap();
        let hash = &service["spec"]["selector"]["rollouts-pod-template-hash"];
        hash.as_str().unwrap_or_default().to_owned()
    }

    fn is_observed(rollout: &Value) -> bool {
        let seen = rollout["status"]["observedGeneration"].as_str().unwrap_or_default();
        seen.parse() == Ok(rollout["metadata"]["generation"].as_i64().unwrap_or(-1))
    }

    pub(crate) fn is_healthy(&self) -> bool {
        let rollout = self.rollout();
        let status = &rollout["status"];
        Self::is_observed(&rollout)
            && status["phase"] == "Healthy"
            && status["currentPodHash"] == status["stableRS"]
    }

    pub(crate) fn is_aborted(&self) -> bool {
        !self.rollout()["status"]["abortedAt"].is_null()
    }

    /// Asks for another image, and waits until its version is known: its hash.
    pub(crate) fn brings_out(&self, tag: &str) -> String {
        self.is_quiet();
        let before = self.hash("currentPodHash");
        self.patch("rollouts/app", &json!({"spec": {"template": template(tag)}}));
        self.until("the new version is known", |scene| {
            let now = scene.hash("currentPodHash");
            !now.is_empty() && now != before
        });
        self.hash("currentPodHash")
    }

    /// Waits for a pause and for the controller to be quiet: 1.9 loses what is written while it
    /// writes.
    pub(crate) fn pauses(&self) {
        self.until("it pauses", |scene| {
            let rollout = scene.rollout();
            Self::is_observed(&rollout) && rollout["status"]["pauseConditions"].is_array()
        });
        self.is_quiet();
    }

    /// Waits for a pause and not a moment longer.
    pub(crate) fn pauses_just_now(&self) {
        let end = self.after(PATIENCE);
        while !self.rollout()["status"]["pauseConditions"].is_array() {
            assert!(self.ground.now() < end, "no pause");
            self.ground.rests(Duration::from_millis(2));
        }
    }

    fn after(&self, time: Duration) -> Timestamp {
        self.ground.now() + SignedDuration::try_from(time).unwrap()
    }

    /// Waits until the controller has written nothing for a while.
    pub(crate) fn is_quiet(&self) {
        let version = || self.rollout()["metadata"]["resourceVersion"].clone();
        let mut last = (version(), self.ground.now());
        self.until("the controller is quiet", |scene| {
            let now = version();
            if now != last.0 {
                last = (now, scene.ground.now());
            }
            scene.ground.now().duration_since(last.1) > QUIET
        });
    }

    /// Lets the cluster tell something about the Rollout.
    pub(crate) fn tells(&self, text: &str) {
        let uid = self.rollout()["metadata"]["uid"].clone();
        let now = self.ground.now().to_string();
        self.create(
            "events",
            &json!({
                "metadata": {"generateName": "told-"}, "reason": "RolloutUpdated",
                "involvedObject": {"kind": "Rollout", "name": "app", "uid": uid, "namespace": self.ground.namespace()},
                "message": text, "firstTimestamp": now, "lastTimestamp": now, "type": "Normal",
            }),
        );
    }

    /// Waits until something is so.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, is_so: impl FnMut(&Self) -> bool) {
        self.until_within(PATIENCE, what, is_so);
    }

    /// The same with a limit of its own.
    #[track_caller]
    pub(crate) fn until_within(
        &self,
        limit: Duration,
        what: &str,
        mut is_so: impl FnMut(&Self) -> bool,
    ) {
        let end = self.after(limit);
        while !is_so(self) {
            let time_is_left = self.ground.now() < end;
            assert!(time_is_left, "not within {limit:?}: {what}\n{:#}", self.rollout()["status"]);
            self.ground.rests(LOOK);
        }
    }

    // ---- the program

    pub(crate) fn target(&self) -> String {
        format!("argo:{}/app", self.ground.namespace())
    }

    /// What `cutover status` says.
    #[track_caller]
    pub(crate) fn status(&self) -> Value {
        let ended = self.ground.status(&self.target());
        serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"))
    }

    /// Waits until the program says that the rollout is in this phase; what it says then.
    #[track_caller]
    pub(crate) fn reaches(&self, phase: &str) -> Value {
        let mut seen = Value::Null;
        self.until(&format!("the program says {phase}"), |scene| {
            seen = scene.status();
            seen["rollout"]["value"]["phase"] == phase
        });
        seen
    }

    /// Gives an order as a script that means it; what it reports.
    pub(crate) fn orders(&self, order: &str, more: &[&str]) -> (Ended, Value) {
        self.ground.orders(&self.target(), order, more)
    }

    /// The screen.
    pub(crate) fn screen(&self) -> G::Screen {
        self.ground.screen(&self.target())
    }
}

/// What only the built program can do, and what only a real cluster knows.
impl Scene<Live> {
    /// Everything from here on is asked in this user's name.
    pub(crate) fn acting_as(mut self, user: &str) -> Self {
        self.ground.user = Bed::kubeconfig(user);
        self
    }

    /// With a configuration file of the program.
    pub(crate) fn configured(mut self, text: &str) -> Self {
        self.ground.home = Home::new().config("config.toml", text);
        self
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        self.ground.run(args)
    }

    /// Applies every document of `text` in this namespace.
    pub(crate) fn apply(&self, text: &str) {
        for document in text.split("\n---\n") {
            let field = |name: &str| {
                let line = document.lines().find_map(|line| line.trim().strip_prefix(name));
                line.unwrap().trim().to_owned()
            };
            let plural = format!("{}s", field("kind:").to_lowercase());
            self.ground.bed.apply(&format!("{}/{}", self.path(&plural), field("name:")), document);
        }
    }

    /// Gives a user these roles in this namespace.
    pub(crate) fn binds(&self, user: &str, roles: &[&str]) {
        for role in roles {
            let api = "rbac.authorization.k8s.io";
            let binding = json!({
                "apiVersion": format!("{api}/v1"), "kind": "RoleBinding", "metadata": {"name": role},
                "roleRef": {"apiGroup": api, "kind": "Role", "name": role},
                "subjects": [{"apiGroup": api, "kind": "User", "name": user}],
            });
            let path = format!("{}/{role}", self.path("rolebindings"));
            self.ground.bed.apply(&path, &binding.to_string());
        }
    }
}

/// Puts `patch` on top of `object`.
fn with(mut object: Value, patch: &Value) -> Value {
    crate::argo::merge(&mut object, patch);
    object
}

/// The pod of a version.
pub(crate) fn template(tag: &str) -> Value {
    let containers = json!([{"name": "app", "image": format!("shop/app:{tag}")}]);
    json!({"metadata": {"labels": {"app": "app"}}, "spec": {"containers": containers}})
}

fn rollout(strategy: &Value) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "app"},
        "spec": {
            "replicas": 3, "selector": {"matchLabels": {"app": "app"}}, "template": template("v1"),
            "strategy": strategy,
        },
    })
}

/// A blue/green that waits for a person before the cutover, with `more` in its strategy.
pub(crate) fn blue_green(more: &Value) -> Value {
    let strategy = json!({
        "activeService": "app-active", "previewService": "app-preview",
        "autoPromotionEnabled": false,
        "scaleDownDelaySeconds": 8, "abortScaleDownDelaySeconds": 8,
    });
    rollout(&json!({"blueGreen": with(strategy, more)}))
}

/// A canary whose weights an Ingress holds, in these steps.
pub(crate) fn canary(steps: &Value) -> Value {
    rollout(&json!({"canary": {
        "stableService": "app-active", "canaryService": "app-preview",
        "scaleDownDelaySeconds": 8, "abortScaleDownDelaySeconds": 8,
        "trafficRouting": {"nginx": {"stableIngress": "app"}}, "steps": steps,
    }}))
}

/// A canary without a router: its pods are its weights.
pub(crate) fn rolling(steps: &Value) -> Value {
    rollout(&json!({"canary": {"steps": steps}}))
}

/// The check as an analysis.
pub(crate) fn check() -> Value {
    json!({"templates": [{"templateName": "check"}]})
}
