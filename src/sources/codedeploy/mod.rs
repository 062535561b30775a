//! What CodeDeploy deploys: ECS services blue/green, functions by their alias, and instances.
//!
//! | module | what |
//! |---|---|
//! | `parts` | what is asked for separately, and how often |
//! | `discover` | from a service to what deploys it |
//! | `control` | which deployment is followed, and what is remembered of it |
//! | `calls`, `service`, `function`, `fleet` | the calls |
//! | `destination` | what a deployment deploys to |
//! | `appspec` | from a revision to its task definition |
//! | `raw` | what the APIs said, each part with its age |
//! | `translate` | raw answers → one snapshot, pure |
//! | `orders` | reading again before an order, and its one call |
//! | `list` | what runs in the account |

mod appspec;
mod calls;
mod control;
mod destination;
mod discover;
mod fleet;
mod function;
pub(crate) mod list;
pub(crate) mod orders;
mod parts;
mod raw;
mod service;
mod translate;

use std::collections::BTreeMap;

use futures::future::FutureExt;
use jiff::Timestamp;

use crate::domain::{Fact, Fault, Identity, Phase, Snapshot, Target};

use super::around::{self, Route, Whereabouts, age};
use super::aws::Aws;
use super::metrics::Measured;
use super::pipeline::Deploys;
use super::poll::{Ask, Kept, Kind, Question, replace};
use control::Memory;
use fleet::Fleet;
use function::Alias;
use parts::Part;
use raw::{Control, Raw, Service};

/// What is known of one deployment group.
pub(crate) struct CodeDeploy {
    target: Target,
    raw: Raw,
    memory: Memory,
    /// The deployment whose parts were last asked for.
    subject: Option<String>,
}

/// What one part answered.
pub(crate) enum Answer {
    Control(Box<(Result<Control, Fault>, Memory)>),
    Service(Box<Result<Service, Fault>>),
    Alias(Result<Alias, Fault>),
    Fleet(Box<Result<Fleet, Fault>>),
    Around(around::Answer),
}

impl CodeDeploy {
    /// Nothing is known yet of `target`.
    pub(crate) fn new(target: Target) -> Self {
        Self { target, raw: Raw::default(), memory: Memory::default(), subject: None }
    }

    /// Notes a new share; whether another deployment is followed now.
    fn follow(&mut self, now: Timestamp) -> bool {
        if let Some((id, share)) = translate::planned_share(&self.raw) {
            let known = self.raw.share_seen.as_ref();
            if known.is_none_or(|(of, seen, _)| *of != id || (seen - share).abs() > f64::EPSILON) {
                self.raw.share_seen = Some((id, share, now));
            }
        }
        let id = self.raw.deployment().map(|deployment| deployment.id().to_owned());
        let anew = id.is_some() && id != self.subject;
        if anew {
            self.subject = id;
        }
        anew
    }
}

impl Kind for CodeDeploy {
    type Part = Part;
    type Answer = Answer;

    fn question(&self, aws: &Aws, part: Part, ask: Ask) -> Option<Question<Answer>> {
        let aws = aws.clone();
        let raw = &self.raw;
        Some(match part {
            Part::Control => {
                let (target, memory) = (self.target.clone(), self.memory.clone());
                async move { Answer::Control(Box::new(control::look(&aws, &target, memory).await)) }
                    .boxed()
            }
            Part::Service => {
                let (names, before) = (raw.service_names()?, raw.service.value().cloned());
                let earlier = raw.control.value().and_then(|control| control.before.clone());
                async move {
                    let service = service::look(&aws, names, before, earlier).await;
                    Answer::Service(Box::new(service))
                }
                .boxed()
            }
            Part::Alias => {
                let of = translate::function::Versions::of(raw)?;
                async move { Answer::Alias(function::look(&aws, of.function, of.alias).await) }
                    .boxed()
            }
            Part::Fleet => {
                let (wanted, before) = (translate::fleet::wanted(raw)?, raw.fleet.value().cloned());
                async move { Answer::Fleet(Box::new(fleet::look(&aws, wanted, before).await)) }
                    .boxed()
            }
            Part::Around(part) => {
                raw.around.question(&aws, part, self, ask)?.map(Answer::Around).boxed()
            }
        })
    }

    fn keep(&mut self, answer: Answer, now: Timestamp) -> Kept<Part> {
        let raw = &mut self.raw;
        let (part, fault) = match answer {
            Answer::Control(answer) => {
                let (result, memory) = *answer;
                self.memory = memory;
                let fault = replace(&mut raw.control, result, now);
                let fault = fault.or_else(|| target_fault(raw));
                let anew = self.follow(now);
                return Kept { part: Part::Control, fault, anew };
            }
            Answer::Service(result) => (Part::Service, replace(&mut raw.service, *result, now)),
            Answer::Alias(result) => {
                let fault = replace(&mut raw.alias, result, now);
                self.follow(now);
                return Kept { part: Part::Alias, fault, anew: false };
            }
            Answer::Fleet(result) => (Part::Fleet, replace(&mut raw.fleet, *result, now)),
            Answer::Around(answer) => {
                let (part, fault) = raw.around.keep(answer, now);
                (Part::Around(part), fault)
            }
        };
        Kept { part, fault, anew: false }
    }

    fn phase(&self) -> Option<Phase> {
        self.raw.deployment().map(|deployment| translate::phase_of(&self.raw, deployment))
    }

    fn age(&self, part: Part) -> (Option<Timestamp>, Option<Fault>) {
        let raw = &self.raw;
        match part {
            Part::Control => {
                let (at, fault) = age(&raw.control);
                (at, fault.or_else(|| target_fault(raw)))
            }
            Part::Service => age(&raw.service),
            Part::Alias => age(&raw.alias),
            Part::Fleet => age(&raw.fleet),
            Part::Around(part) => raw.around.age(part),
        }
    }

    fn snapshot(&self, identity: &Fact<Identity>, now: Timestamp) -> Snapshot {
        translate::snapshot(&self.target, identity, &self.raw, now)
    }
}

impl Whereabouts for CodeDeploy {
    fn target(&self) -> Target {
        translate::part_of(&self.target, &self.raw).unwrap_or_else(|| self.target.clone())
    }

    fn service(&self) -> Option<(String, String)> {
        self.raw.service_names()
    }

    fn target_groups(&self) -> Option<(Vec<String>, BTreeMap<String, String>)> {
        let names = self.raw.group_names();
        (!names.is_empty()).then(|| (names, self.raw.around.group_arns.clone()))
    }

    fn route(&self) -> Option<Route> {
        self.raw.listener_arn().map(Route::Listener)
    }

    fn alarms(&self) -> Option<Vec<String>> {
        self.raw.control.value()?;
        Some(self.raw.alarm_names())
    }

    fn measured(&self) -> Option<Measured> {
        translate::measured(&self.raw)
    }

    fn deploys(&self) -> Option<(Deploys, Option<String>)> {
        self.raw.control.value()?;
        let deployment = self.raw.deployment();
        let of_group = || {
            let info = &deployment?.info;
            let (application, group) = (info.application_name()?, info.deployment_group_name()?);
            Some((application.to_owned(), group.to_owned()))
        };
        let (application, group) = match self.target() {
            Target::CodeDeploy { application, group } => (application, group),
            _ => of_group()?,
        };
        let rollout = deployment.map(|deployment| deployment.id().to_owned());
        Some((Deploys::Group(application, group), rollout))
    }

    fn created(&self) -> Option<Timestamp> {
        self.raw.created()
    }
}

/// Why the followed deployment's target could not be read.
fn target_fault(raw: &Raw) -> Option<Fault> {
    raw.deployment()?.target.fault().cloned()
}
