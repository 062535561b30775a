//! ECS services that CodeDeploy deploys blue/green.
//!
//! | module | what |
//! |---|---|
//! | `parts` | what is asked for separately, and how often |
//! | `discover` | from a service to what deploys it |
//! | `control`, `service` | the calls |
//! | `appspec` | from a revision to its task definition |
//! | `raw` | what the APIs said, each part with its age |
//! | `translate` | raw answers → one snapshot, pure |
//! | `orders` | reading again before an order, and its one call |
//! | `list` | what runs in the account |

mod appspec;
mod control;
mod discover;
pub(crate) mod list;
pub(crate) mod orders;
mod parts;
mod raw;
mod service;
mod translate;

use aws_sdk_ecs::types::{DesiredStatus, Task};
use aws_sdk_elasticloadbalancingv2::types::Rule;
use futures::future::FutureExt;
use jiff::Timestamp;

use crate::domain::{Fact, Fault, Guard, Identity, Metrics, Phase, Snapshot, Target};

use super::alarms;
use super::aws::Aws;
use super::balancer::{self, Health};
use super::metrics::{Meter, Span};
use super::poll::{Ask, Kept, Kind, Question, replace};
use super::service::tasks;
use control::Memory;
use parts::Part;
use raw::{Control, Raw, Service};

/// What is known of one deployment group.
pub(crate) struct CodeDeploy {
    target: Target,
    raw: Raw,
    memory: Memory,
    meter: Meter,
    /// The deployment whose parts were last asked for.
    subject: Option<String>,
}

/// What one part answered.
pub(crate) enum Answer {
    Control(Box<(Result<Control, Fault>, Memory)>),
    Service(Box<Result<Service, Fault>>),
    Tasks(Result<Vec<Task>, Fault>),
    Stopped(Result<Vec<Task>, Fault>),
    Health(Result<Health, Fault>),
    Listener(Result<Vec<Rule>, Fault>),
    Alarms(Result<Vec<Guard>, Fault>),
    Metrics(Box<(Result<Metrics, Fault>, Meter)>),
}

impl CodeDeploy {
    /// Nothing is known yet of `target`.
    pub(crate) fn new(target: Target) -> Self {
        Self {
            target,
            raw: Raw::default(),
            memory: Memory::default(),
            meter: Meter::default(),
            subject: None,
        }
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
            Part::Tasks => {
                let names = raw.service_names()?;
                async move { Answer::Tasks(tasks(&aws, names, DesiredStatus::Running).await) }
                    .boxed()
            }
            Part::Stopped => {
                let names = raw.service_names()?;
                async move { Answer::Stopped(tasks(&aws, names, DesiredStatus::Stopped).await) }
                    .boxed()
            }
            Part::Health => {
                let (names, known) = (raw.group_names(), raw.group_arns.clone());
                if names.is_empty() {
                    return None;
                }
                async move { Answer::Health(balancer::look(&aws, names, known).await) }.boxed()
            }
            Part::Listener => {
                let arn = raw.listener_arn()?;
                async move { Answer::Listener(balancer::listener(&aws, arn).await) }.boxed()
            }
            Part::Alarms => {
                raw.control.value()?;
                let names = raw.alarm_names();
                async move { Answer::Alarms(alarms::guards(&aws, &names).await) }.boxed()
            }
            Part::Metrics => {
                let groups = translate::groups(raw)?;
                let config = aws.verdicts().of(&self.target).clone();
                let (began, settle) = (raw.created(), config.settle_seconds);
                let span = Span::of_rollout(began, ask.window, settle, ask.now);
                let meter = self.meter.clone();
                async move {
                    Answer::Metrics(Box::new(meter.read(&aws, groups, span, &config).await))
                }
                .boxed()
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
            Answer::Tasks(result) => (Part::Tasks, replace(&mut raw.tasks, result, now)),
            Answer::Stopped(result) => (Part::Stopped, replace(&mut raw.stopped, result, now)),
            Answer::Health(result) => {
                let result = result.map(|read| {
                    raw.group_arns.extend(read.arns);
                    read.health
                });
                (Part::Health, replace(&mut raw.health, result, now))
            }
            Answer::Listener(result) => (Part::Listener, replace(&mut raw.listener, result, now)),
            Answer::Alarms(result) => (Part::Alarms, replace(&mut raw.guards, result, now)),
            Answer::Metrics(answer) => {
                let (result, meter) = *answer;
                self.meter = meter;
                (Part::Metrics, replace(&mut raw.metrics, result, now))
            }
        };
        Kept { part, fault, anew: false }
    }

    fn phase(&self) -> Option<Phase> {
        let sides = translate::Sides::of(&self.raw);
        self.raw.deployment().map(|deployment| translate::phase(deployment, &sides))
    }

    fn age(&self, part: Part) -> (Option<Timestamp>, Option<Fault>) {
        let raw = &self.raw;
        let (at, fault) = match part {
            Part::Control => {
                let fault = raw.control.fault().cloned();
                return (raw.control.at(), fault.or_else(|| target_fault(raw)));
            }
            Part::Service => (raw.service.at(), raw.service.fault()),
            Part::Tasks => (raw.tasks.at(), raw.tasks.fault()),
            Part::Stopped => (raw.stopped.at(), raw.stopped.fault()),
            Part::Health => (raw.health.at(), raw.health.fault()),
            Part::Listener => (raw.listener.at(), raw.listener.fault()),
            Part::Alarms => (raw.guards.at(), raw.guards.fault()),
            Part::Metrics => (raw.metrics.at(), raw.metrics.fault()),
        };
        (at, fault.cloned())
    }

    fn snapshot(&self, identity: &Fact<Identity>, now: Timestamp) -> Snapshot {
        translate::snapshot(&self.target, identity, &self.raw, now)
    }
}

/// Why the followed deployment's target could not be read.
fn target_fault(raw: &Raw) -> Option<Fault> {
    raw.deployment()?.target.fault().cloned()
}
