//! What a person can ask to watch, and its one spelling.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::RolloutId;

/// What to watch.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// `codedeploy:APPLICATION/GROUP`: whatever the deployment group deploys, now and next.
    CodeDeploy {
        /// The CodeDeploy application.
        application: String,
        /// The deployment group in it.
        group: String,
    },
    /// `d-ABC123DEF`: one CodeDeploy deployment, then what follows in its group.
    Deployment(RolloutId),
    /// `ecs:CLUSTER/SERVICE`: the deployment that drives this service.
    Ecs {
        /// Cluster name.
        cluster: String,
        /// Service name.
        service: String,
    },
    /// `argo:[CONTEXT/]NAMESPACE/NAME`: an Argo Rollouts Rollout in a Kubernetes cluster.
    Argo {
        /// The context of the kubeconfig file; its current one when absent.
        context: Option<String>,
        /// The namespace.
        namespace: String,
        /// The Rollout's name.
        name: String,
    },
}

/// The spellings of a target, for help and errors.
pub const TARGET_FORMS: &str = "codedeploy:APP/GROUP, ecs:CLUSTER/SERVICE, \
     argo:[CONTEXT/]NAMESPACE/NAME or d-ABC123DEF";

/// Why a text is no target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot watch `{text}`: {why}\n\nhint: write {TARGET_FORMS}")]
pub struct TargetError {
    /// What was written.
    pub text: String,
    /// What is wrong with it.
    pub why: String,
}

impl fmt::Display for Target {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::CodeDeploy { application, group } => {
                write!(out, "codedeploy:{application}/{group}")
            }
            Target::Deployment(id) => write!(out, "{id}"),
            Target::Ecs { cluster, service } => write!(out, "ecs:{cluster}/{service}"),
            Target::Argo { context: Some(context), namespace, name } => {
                write!(out, "argo:{context}/{namespace}/{name}")
            }
            Target::Argo { context: None, namespace, name } => {
                write!(out, "argo:{namespace}/{name}")
            }
        }
    }
}

impl Serialize for Target {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let fail = |why: String| TargetError { text: text.to_owned(), why };
        if let Some((scheme, rest)) = text.split_once(':') {
            let pair = |names: &str| match rest.split_once('/') {
                Some((a, b)) if !a.is_empty() && !b.is_empty() && !b.contains('/') => {
                    Ok((a.to_owned(), b.to_owned()))
                }
                _ => Err(fail(format!("after `{scheme}:` it needs {names}"))),
            };
            return match scheme {
                "codedeploy" => pair("APPLICATION/GROUP")
                    .map(|(application, group)| Target::CodeDeploy { application, group }),
                "ecs" => pair("CLUSTER/SERVICE")
                    .map(|(cluster, service)| Target::Ecs { cluster, service }),
                "argo" => argo(rest).ok_or_else(|| {
                    fail("after `argo:` it needs [CONTEXT/]NAMESPACE/NAME".to_owned())
                }),
                other => Err(fail(format!("`{other}:` is not a kind of target"))),
            };
        }
        match text.strip_prefix("d-") {
            Some(rest) if !rest.is_empty() && rest.chars().all(|c| c.is_ascii_alphanumeric()) => {
                Ok(Target::Deployment(RolloutId::new(text)))
            }
            Some(_) => Err(fail("a deployment id is `d-` and letters and digits".to_owned())),
            None => Err(fail("it names no kind of target".to_owned())),
        }
    }
}

/// What follows `argo:`. Names of contexts may hold slashes and colons: on EKS they are ARNs.
fn argo(text: &str) -> Option<Target> {
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
    fine.then(|| Target::Argo { context, namespace: namespace.to_owned(), name: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_reads_back_as_it_is_printed() {
        for text in [
            "codedeploy:shop/checkout",
            "ecs:prod/checkout",
            "d-AB12CD34E",
            "argo:shop/checkout",
            "argo:arn:aws:eks:eu-west-1:123456789012:cluster/prod/shop/checkout",
        ] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_wrong_text_says_what_is_wrong_and_what_to_write() {
        for (text, why) in [
            ("codedeploy:shop", "after `codedeploy:` it needs APPLICATION/GROUP"),
            ("ecs:/x", "after `ecs:` it needs CLUSTER/SERVICE"),
            ("argo:checkout", "after `argo:` it needs [CONTEXT/]NAMESPACE/NAME"),
            ("argo:shop/../etc", "after `argo:` it needs [CONTEXT/]NAMESPACE/NAME"),
            ("argo:/shop/checkout", "after `argo:` it needs [CONTEXT/]NAMESPACE/NAME"),
            ("ec2:a/b", "`ec2:` is not a kind of target"),
            ("d-", "a deployment id is `d-` and letters and digits"),
            ("d-../x", "a deployment id is `d-` and letters and digits"),
            ("checkout", "it names no kind of target"),
            ("", "it names no kind of target"),
        ] {
            let error = text.parse::<Target>().unwrap_err();
            assert_eq!(error.why, why, "{text}");
            assert!(error.to_string().contains("hint: write codedeploy:APP/GROUP"));
        }
    }
}
