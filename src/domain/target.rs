//! What a person can ask to watch, and its one spelling.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::RolloutId;
use super::workload::place;

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
    /// `alb:...`: two target groups between which an Application Load Balancer's weights divide
    /// the requests.
    Alb(AlbPlace),
    /// `route53:[BLUE@]ZONE/NAME/TYPE`: two weighted records of one name.
    Route53 {
        /// The hosted zone: its id or its name.
        zone: String,
        /// The records' name.
        name: String,
        /// Their type, e.g. `A`.
        kind: String,
        /// The set identifier of blue; without it, blue is the record with all the weight.
        blue: Option<String>,
    },
    /// `beanstalk:[BLUE@]APPLICATION`: two Elastic Beanstalk environments that swap their names.
    Beanstalk {
        /// The application.
        application: String,
        /// The name of blue's environment; without it, blue is the one that serves.
        blue: Option<String>,
    },
}

/// Where an Application Load Balancer's weights are.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AlbPlace {
    /// `alb:[BLUE@]ARN`: a rule, or a listener's default action.
    Arn {
        /// The ARN of the rule or listener.
        arn: String,
        /// The name of blue's target group; without it, blue is the one with all the weight.
        blue: Option<String>,
    },
    /// `alb:BLUE/GREEN`: the one rule that divides between these two target groups.
    Groups {
        /// The name of blue's target group.
        blue: String,
        /// The name of green's target group.
        green: String,
    },
}

impl Target {
    /// Whether a cluster is asked about it, and not AWS.
    pub fn is_in_cluster(&self) -> bool {
        matches!(self, Target::Argo { .. })
    }
}

/// The spellings of a target, for help and errors.
pub const TARGET_FORMS: &str = "codedeploy:APP/GROUP, ecs:CLUSTER/SERVICE, \
     alb:RULE_OR_LISTENER_ARN, alb:BLUE_GROUP/GREEN_GROUP, route53:ZONE/NAME/TYPE, \
     beanstalk:APPLICATION, argo:[CONTEXT/]NAMESPACE/NAME or d-ABC123DEF";

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
            Target::Alb(AlbPlace::Arn { arn, blue }) => {
                write!(out, "alb:{}{arn}", at(blue.as_ref()))
            }
            Target::Alb(AlbPlace::Groups { blue, green }) => write!(out, "alb:{blue}/{green}"),
            Target::Route53 { zone, name, kind, blue } => {
                write!(out, "route53:{}{zone}/{name}/{kind}", at(blue.as_ref()))
            }
            Target::Beanstalk { application, blue } => {
                write!(out, "beanstalk:{}{application}", at(blue.as_ref()))
            }
        }
    }
}

/// Which side is blue, as it stands before the place.
fn at(blue: Option<&String>) -> String {
    blue.map(|blue| format!("{blue}@")).unwrap_or_default()
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
                "alb" => alb(rest).ok_or_else(|| {
                    fail(
                        "after `alb:` it needs [BLUE@]RULE_OR_LISTENER_ARN or two target groups, \
                          BLUE/GREEN"
                            .to_owned(),
                    )
                }),
                "route53" => route53(rest).ok_or_else(|| {
                    fail("after `route53:` it needs [BLUE@]ZONE/NAME/TYPE".to_owned())
                }),
                "beanstalk" => beanstalk(rest).ok_or_else(|| {
                    fail("after `beanstalk:` it needs [BLUE@]APPLICATION".to_owned())
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

/// What stands before an `@`, and what after it; an empty name is none.
fn split_blue(text: &str) -> Option<(Option<String>, &str)> {
    match text.split_once('@') {
        Some(("", _)) => None,
        Some((blue, rest)) => Some((Some(blue.to_owned()), rest)),
        None => Some((None, text)),
    }
}

/// What follows `alb:`.
fn alb(text: &str) -> Option<Target> {
    let (blue, place) = split_blue(text)?;
    if place.starts_with("arn:") {
        let known = [":listener-rule/app/", ":listener/app/"];
        let fine = known.iter().any(|kind| place.contains(kind)) && !place.ends_with('/');
        return fine.then(|| Target::Alb(AlbPlace::Arn { arn: place.to_owned(), blue }));
    }
    let (first, second) = place.split_once('/').filter(|_| blue.is_none())?;
    // The names of target groups.
    let is_name = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let fine = is_name(first) && is_name(second) && first != second;
    let place = AlbPlace::Groups { blue: first.to_owned(), green: second.to_owned() };
    fine.then_some(Target::Alb(place))
}

/// What follows `route53:`. A name ends with a dot or without one: it means the same.
fn route53(text: &str) -> Option<Target> {
    let (blue, rest) = split_blue(text)?;
    let [zone, name, kind] = rest.split('/').collect::<Vec<_>>()[..] else { return None };
    let bare = |text: &str| text.trim_end_matches('.').to_owned();
    let (zone, name, kind) = (bare(zone), bare(name), kind.to_owned());
    let fine = !zone.is_empty()
        && !name.is_empty()
        && !kind.is_empty()
        && kind.chars().all(|c| c.is_ascii_uppercase());
    fine.then_some(Target::Route53 { zone, name, kind, blue })
}

/// What follows `beanstalk:`.
fn beanstalk(text: &str) -> Option<Target> {
    let (blue, application) = split_blue(text)?;
    let fine = !application.is_empty() && !application.contains('/');
    fine.then(|| Target::Beanstalk { application: application.to_owned(), blue })
}

/// What follows `argo:`.
fn argo(text: &str) -> Option<Target> {
    let (context, namespace, name) = place(text)?;
    Some(Target::Argo { context, namespace, name })
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
            "alb:arn:aws:elasticloadbalancing:eu-west-1:1:listener-rule/app/shop/1/2/3",
            "alb:shop-a@arn:aws:elasticloadbalancing:eu-west-1:1:listener/app/shop/1/2",
            "alb:shop-a/shop-b",
            "route53:Z0123/api.example.com/A",
            "route53:dublin@example.com/api.example.com/CNAME",
            "beanstalk:shop",
            "beanstalk:shop-blue@shop",
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
            (
                "alb:arn:aws:elasticloadbalancing:eu-west-1:1:listener/net/shop/1/2",
                "after `alb:` it needs [BLUE@]RULE_OR_LISTENER_ARN or two target groups, BLUE/GREEN",
            ),
            (
                "alb:shop-a/shop-a",
                "after `alb:` it needs [BLUE@]RULE_OR_LISTENER_ARN or two target groups, BLUE/GREEN",
            ),
            ("route53:Z1/api.example.com", "after `route53:` it needs [BLUE@]ZONE/NAME/TYPE"),
            ("route53:Z1/api.example.com/a", "after `route53:` it needs [BLUE@]ZONE/NAME/TYPE"),
            ("beanstalk:@shop", "after `beanstalk:` it needs [BLUE@]APPLICATION"),
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
