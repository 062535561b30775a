//! One call that changes something, and the line for a shell that does the same.

use serde::{Deserialize, Serialize};

/// One API call, exactly as it is sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The service as IAM spells it, e.g. `codedeploy`.
    pub service: String,
    /// The operation, e.g. `StopDeployment`.
    pub operation: String,
    /// Its parameters in the API's spelling.
    pub params: Vec<(String, serde_json::Value)>,
}

impl Call {
    /// The permission it needs, e.g. `codedeploy:StopDeployment`.
    ///
    /// In a cluster it is verb and resource, e.g. `patch rollouts/status`.
    pub fn permission(&self) -> String {
        if self.is_kubernetes() {
            return self.operation.clone();
        }
        format!("{}:{}", self.service, self.operation)
    }

    /// Puts a person's own words where the call takes some.
    pub(crate) fn say(&mut self, words: &str) {
        let result = self.params.iter_mut().find(|(name, _)| name == "result");
        if let Some(summary) = result.and_then(|(_, result)| result.get_mut("summary")) {
            *summary = words.into();
        }
    }

    fn is_kubernetes(&self) -> bool {
        self.service == "kubernetes"
    }

    /// The line for the AWS CLI, or `kubectl`, that does the same, ready for a shell.
    pub fn cli(&self, region: Option<&str>) -> String {
        if self.is_kubernetes() {
            return self.kubectl();
        }
        let service = match self.service.as_str() {
            "codedeploy" => "deploy",
            "elasticloadbalancing" => "elbv2",
            other => other,
        };
        let mut words = vec!["aws".to_owned(), service.to_owned(), kebab(&self.operation)];
        for (name, value) in &self.params {
            let flag = kebab(name);
            match value {
                serde_json::Value::Bool(true) => words.push(format!("--{flag}")),
                serde_json::Value::Bool(false) => words.push(format!("--no-{flag}")),
                serde_json::Value::String(text) => {
                    words.extend([format!("--{flag}"), shell_word(text)]);
                }
                other => words.extend([format!("--{flag}"), shell_word(&other.to_string())]),
            }
        }
        if let Some(region) = region {
            words.extend(["--region".to_owned(), shell_word(region)]);
        }
        words.join(" ")
    }
}

impl Call {
    /// The line of the controller's own tool for what is more than a patch that is known before it is
    /// sent: a template that is taken from a ReplicaSet, a moment, another object.
    fn plugin(&self) -> Option<String> {
        let param = |name: &str| self.params.iter().find(|(key, _)| key == name).map(|(_, v)| v);
        let text = |name: &str| Some(shell_word(param(name)?.as_str()?));
        let name = text("name")?;
        let what = if let Some(revision) = param("toRevision") {
            format!("undo {name} --to-revision={revision}")
        } else if param("restart").is_some() {
            format!("restart {name}")
        } else if let Some(run) = text("analysisRun") {
            format!("terminate analysisrun {run}")
        } else {
            format!("terminate experiment {}", text("experiment")?)
        };
        let context = text("context").map(|name| format!(" --context {name}")).unwrap_or_default();
        let namespace = text("namespace")?;
        Some(format!("kubectl argo rollouts{context} --namespace {namespace} {what}"))
    }

    /// One `kubectl patch` for each patch, in their order.
    fn kubectl(&self) -> String {
        if let Some(line) = self.plugin() {
            return line;
        }
        let param = |name: &str| self.params.iter().find(|(key, _)| key == name).map(|(_, v)| v);
        let text = |name: &str| param(name).and_then(serde_json::Value::as_str);
        let line = |patch: &serde_json::Value, status: bool| {
            let mut words = vec!["kubectl".to_owned()];
            for (flag, name) in [("--context", "context"), ("--namespace", "namespace")] {
                if let Some(value) = text(name) {
                    words.extend([flag.to_owned(), shell_word(value)]);
                }
            }
            let name = shell_word(text("name").unwrap_or_default());
            words.extend(["patch".to_owned(), "rollout".to_owned(), name]);
            if status {
                words.push("--subresource=status".to_owned());
            }
            words.extend(["--type=merge".to_owned(), "-p".to_owned()]);
            words.push(shell_word(&patch.to_string()));
            words.join(" ")
        };
        let patch = param("patch").map(|patch| line(patch, self.operation.ends_with("/status")));
        let beside = |name: &str| param(name).map(|patch| line(patch, false));
        let lines = [beside("before"), patch, beside("then")];
        lines.into_iter().flatten().collect::<Vec<_>>().join(" && ")
    }
}

/// `autoRollbackEnabled` as the CLI spells it: `auto-rollback-enabled`.
fn kebab(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut before = None;
    for c in name.chars() {
        // A run of capitals is one word, with the plural's s: `SwapEnvironmentCNAMEs`.
        if c.is_ascii_uppercase() && before.is_some_and(|b: char| !b.is_ascii_uppercase()) {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
        before = Some(c);
    }
    out
}

/// A word that a POSIX shell takes as it is.
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
