//! The ground that is real: the bed's cluster, and the built program in processes of its own.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::bed::{Bed, MERGE};
use super::ground::{Ground, Login, Program};
use super::login;
use crate::cli::process::{Ended, Home};
use crate::cli::terminal::Terminal;

/// Distinct names, so that no story meets what another one has left.
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A namespace of the bed, and who looks at it.
pub(crate) struct Live {
    pub(super) bed: Bed,
    pub(super) namespace: String,
    pub(super) home: Home,
    pub(super) user: PathBuf,
}

impl Live {
    fn on(bed: Bed) -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let namespace = format!("story-{}-{number}", std::process::id());
        let object = json!({"metadata": {"name": namespace}});
        bed.ask("POST", "/api/v1/namespaces", "application/json", &object).unwrap();
        Self { bed, namespace, home: Home::new(), user: Bed::kubeconfig("admin") }
    }

    /// Runs the program to its end.
    pub(super) fn run(&self, args: &[&str]) -> Ended {
        Home::ended(self.home.command(args).env("KUBECONFIG", &self.user))
    }

    fn service(program: Program) -> &'static str {
        match program {
            Program::Controller => "rollouts-controller",
            Program::Kubelets => "kubelet",
            Program::ApiServer => "kube-apiserver",
        }
    }
}

impl Ground for Live {
    type Screen = Terminal;

    fn beside() -> Self {
        Self::on(Bed::beside())
    }

    fn alone() -> Self {
        Self::on(Bed::alone())
    }

    fn user(&self) -> &'static str {
        "admin"
    }

    fn namespace(&self) -> &str {
        &self.namespace
    }

    fn ask(&self, method: &str, path: &str, kind: &str, body: &Value) -> Result<Value, u16> {
        self.bed.ask(method, path, kind, body)
    }

    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn rests(&self, time: Duration) {
        thread::sleep(time);
    }

    fn measures(&self, value: f64) {
        self.bed.measure("set", &json!({ &self.namespace: value }));
    }

    fn value_url(&self) -> String {
        Bed::value_url(&self.namespace)
    }

    fn pods_do(&self, hash: &str, what: &str) {
        let path = format!("/api/v1/namespaces/{}/pods", self.namespace);
        let pods = self.ask("GET", &path, MERGE, &Value::Null).unwrap();
        for pod in pods["items"].as_array().unwrap() {
            if pod["metadata"]["labels"]["rollouts-pod-template-hash"] == hash {
                let name = pod["metadata"]["name"].as_str().unwrap();
                let body = json!({"metadata": {"annotations": {"bed/does": what}}});
                self.ask("PATCH", &format!("{path}/{name}"), MERGE, &body).unwrap();
            }
        }
    }

    fn stops(&self, program: Program) {
        let how = match program {
            Program::Controller => "stop",
            Program::Kubelets => "pause",
            Program::ApiServer => "kill",
        };
        self.bed.service(how, Self::service(program));
    }

    fn starts(&self, program: Program) {
        let how = if program == Program::Kubelets { "resume" } else { "start" };
        self.bed.service(how, Self::service(program));
    }

    fn falls_silent(&self) {
        self.bed.service("pause", Self::service(Program::ApiServer));
    }

    fn speaks_again(&self) {
        self.bed.service("resume", Self::service(Program::ApiServer));
    }

    fn logging_in(mut self) -> Self {
        self.user = login::program(self.home.0.path());
        self
    }

    fn login(&self, stands: Login) {
        login::hands_out(self.home.0.path(), stands);
    }

    fn status(&self, target: &str) -> Ended {
        self.run(&["status", target, "--json"])
    }

    fn orders(&self, target: &str, order: &str, more: &[&str]) -> (Ended, Value) {
        let args = [&[order, target, "--confirm", "app", "--yes", "--json"], more].concat();
        let ended = self.run(&args);
        let report = serde_json::from_str(&ended.stdout).unwrap_or_default();
        (ended, report)
    }

    fn screen(&self, target: &str) -> Terminal {
        let kubeconfig = format!("KUBECONFIG={}", self.user.display());
        let config = format!("XDG_CONFIG_HOME={}", self.home.0.path().join("config").display());
        let binary = env!("CARGO_BIN_EXE_cutover");
        let program = ["/usr/bin/env", &kubeconfig, &config, binary, target];
        Terminal::running(&program, "xterm-256color")
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.bed.mend();
        // The Rollout first: its controller would try to bring back what a dying namespace loses.
        let space = format!("/api/v1/namespaces/{}", self.namespace);
        let rollout =
            format!("/apis/argoproj.io/v1alpha1/namespaces/{}/rollouts/app", self.namespace);
        for path in [rollout, space] {
            let _ = self.bed.ask("DELETE", &path, MERGE, &Value::Null);
        }
    }
}
