//! What keeps the tasks of a side that runs in a cluster, and how it stands.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::Fact;

/// A Rollout or a Deployment that keeps a side's pods: `argo:[CONTEXT/]NAMESPACE/NAME` or
/// `deployment:[CONTEXT/]NAMESPACE/NAME`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Workload {
    /// Which of the two.
    pub kind: WorkloadKind,
    /// The context of the kubeconfig file; its current one when absent.
    pub context: Option<String>,
    /// The namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// The kind of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WorkloadKind {
    /// A Rollout of Argo Rollouts.
    Rollout,
    /// A Deployment, which Kubernetes itself brings out.
    Deployment,
}

impl WorkloadKind {
    /// Its name in the API.
    pub fn word(self) -> &'static str {
        match self {
            WorkloadKind::Rollout => "Rollout",
            WorkloadKind::Deployment => "Deployment",
        }
    }

    fn scheme(self) -> &'static str {
        match self {
            WorkloadKind::Rollout => "argo",
            WorkloadKind::Deployment => "deployment",
        }
    }
}

/// The spellings of a workload, for help and errors.
pub const WORKLOAD_FORMS: &str =
    "argo:[CONTEXT/]NAMESPACE/NAME or deployment:[CONTEXT/]NAMESPACE/NAME";

/// Why a text is no workload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is nothing that runs in a cluster: write {WORKLOAD_FORMS}")]
pub struct WorkloadError {
    /// What was written.
    pub text: String,
}

impl fmt::Display for Workload {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:", self.kind.scheme())?;
        if let Some(context) = &self.context {
            write!(out, "{context}/")?;
        }
        write!(out, "{}/{}", self.namespace, self.name)
    }
}

impl FromStr for Workload {
    type Err = WorkloadError;

    fn from_str(text: &str) -> Result<Self, WorkloadError> {
        let kinds = [WorkloadKind::Rollout, WorkloadKind::Deployment];
        let read = kinds.into_iter().find_map(|kind| {
            let rest = text.strip_prefix(kind.scheme())?.strip_prefix(':')?;
            let (context, namespace, name) = place(rest)?;
            Some(Self { kind, context, namespace, name })
        });
        read.ok_or_else(|| WorkloadError { text: text.to_owned() })
    }
}

impl Serialize for Workload {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// `[CONTEXT/]NAMESPACE/NAME`. Names of contexts may hold slashes and colons: on EKS they are ARNs.
pub(super) fn place(text: &str) -> Option<(Option<String>, String, String)> {
    let (rest, name) = text.rsplit_once('/')?;
    let (context, namespace) = match rest.rsplit_once('/') {
        Some((context, namespace)) => (Some(context.to_owned()), namespace),
        None => (None, rest),
    };
    let is_name = |text: &str| {
        let part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
        text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(part)
    };
    let fine = is_name(namespace) && is_name(name) && context.as_deref() != Some("");
    fine.then(|| (context, namespace.to_owned(), name.to_owned()))
}

/// The workload of a side, as its cluster shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Runs {
    /// Which.
    pub workload: Workload,
    /// What leads to it: the record, and where that leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub behind: Option<String>,
    /// How it stands.
    pub standing: Fact<Standing>,
}

/// How a workload stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// In one word.
    pub word: StandingWord,
    /// Why, in the controller's words; empty when there is nothing to say.
    pub message: String,
    /// The revision that is being brought out beside the one that serves.
    pub update: Option<String>,
}

impl Standing {
    /// Whether there is nothing about it that anybody has to know before traffic is led to it.
    pub fn is_settled(&self) -> bool {
        self.word == StandingWord::Healthy && self.update.is_none()
    }
}

/// The four words that the controllers have for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StandingWord {
    /// What was asked for is there.
    Healthy,
    /// It cannot become what was asked for.
    Degraded,
    /// It is on its way.
    Progressing,
    /// A person or a timer is waited for.
    Paused,
}

impl StandingWord {
    /// The word, as the controllers spell it.
    pub fn text(self) -> &'static str {
        match self {
            StandingWord::Healthy => "Healthy",
            StandingWord::Degraded => "Degraded",
            StandingWord::Progressing => "Progressing",
            StandingWord::Paused => "Paused",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_reads_back_as_it_is_printed() {
        for text in [
            "argo:shop/checkout",
            "argo:eks-a/shop/checkout",
            "deployment:shop/checkout",
            "deployment:arn:aws:eks:eu-west-1:123456789012:cluster/prod/shop/checkout",
        ] {
            assert_eq!(text.parse::<Workload>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_wrong_text_says_what_to_write() {
        for text in [
            "",
            "checkout",
            "shop/checkout",
            "deployment/checkout",
            "deployment:checkout",
            "deployment:/shop/checkout",
            "argo:a/shop/",
            "argo:a/../checkout",
            "rollout:a/shop/checkout",
            "argo:a/Shop/checkout",
        ] {
            let error = text.parse::<Workload>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{text}` is nothing that runs in a cluster")));
            assert!(error.ends_with(WORKLOAD_FORMS), "{error}");
        }
    }
}
