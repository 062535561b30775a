//! ECS services that ECS itself deploys: blue/green, linear, canary and rolling.
//!
//! | module | what |
//! |---|---|
//! | `parts` | what is asked for separately, and how often |
//! | `control` | the calls about the deployment that is followed |
//! | `raw` | what the APIs said, each part with its age |
//! | `seen` | when stages and weights changed, which no API says |
//! | `translate` | raw answers → one snapshot, pure |
//! | `orders` | reading again before an order, and its one call |
//! | `list` | what runs in the account |

mod control;
pub(crate) mod list;
pub(crate) mod orders;
mod parts;
mod raw;
mod seen;
mod translate;

use aws_sdk_ecs::types::{DesiredStatus, Service, Task};
use aws_sdk_elasticloadbalancingv2::types::Rule;
use futures::future::FutureExt;
use jiff::Timestamp;

use crate::domain::{Fact, Fault, FaultKind, Guard, Identity, Metrics, Phase, Snapshot, Target};

use super::alarms;
use super::aws::Aws;
use super::balancer::{self, Health};
use super::metrics::{Meter, Span};
use super::poll::{Ask, Kept, Kind, Question, replace};
use super::service::{describe, tasks};
use parts::Part;
use raw::{Control, Raw};
use seen::Seen;

/// What is known of one service.
pub(crate) struct Ecs {
    cluster: String,
    service: String,
    raw: Raw,
    meter: Meter,
}

/// What one part answered.
pub(crate) enum Answer {
    Service(Box<Result<Service, Fault>>),
    Control(Box<Result<Option<Control>, Fault>>),
    Tasks(Result<Vec<Task>, Fault>),
    Stopped(Result<Vec<Task>, Fault>),
    Health(Result<Health, Fault>),
    Listener(Result<Vec<Rule>, Fault>),
    Alarms(Result<Vec<Guard>, Fault>),
    Metrics(Box<(Result<Metrics, Fault>, Meter)>),
}

impl Ecs {
    /// Nothing is known yet of the service.
    pub(crate) fn new(cluster: String, service: String) -> Self {
        Self { cluster, service, raw: Raw::default(), meter: Meter::default() }
    }

    fn target(&self) -> Target {
        Target::Ecs { cluster: self.cluster.clone(), service: self.service.clone() }
    }

    fn names(&self) -> (String, String) {
        (self.cluster.clone(), self.service.clone())
    }

    /// Whether the service has told that CodeDeploy deploys it: then nothing here is about it.
    pub(crate) fn is_codedeploys(&self) -> bool {
        self.raw.service.value().is_some_and(|service| controller(service) == "CODE_DEPLOY")
    }

    /// The service, when it is ECS's own to deploy.
    fn own(&self) -> Option<&Service> {
        self.raw.service.value().filter(|service| controller(service) == "ECS")
    }

    /// Keeps what the deployment said, and what can only be seen between two looks.
    fn keep_control(
        &mut self,
        result: Result<Option<Control>, Fault>,
        now: Timestamp,
    ) -> Kept<Part> {
        let before = self.raw.control().map(|control| control.arn().to_owned());
        let fault = replace(&mut self.raw.control, result, now);
        let followed = self.raw.control().map(|control| control.arn().to_owned());
        let anew = followed.is_some() && followed != before;
        if anew {
            // What was measured and pinned was the last deployment's.
            (self.raw.seen, self.raw.metrics) = (None, Fact::Unasked);
        }
        if fault.is_none()
            && let Some(control) = self.raw.control()
        {
            let known = translate::to_remember(&self.raw);
            self.raw.seen = Some(Seen::after(self.raw.seen.clone(), control, known, now));
        }
        Kept { part: Part::Control, fault, anew }
    }
}

/// Who deploys a service, as the API spells it; a service that does not say is ECS's own.
fn controller(service: &Service) -> &str {
    service.deployment_controller().map_or("ECS", |controller| controller.r#type().as_str())
}

/// The service, unless somebody deploys it whom nobody here can watch.
async fn service(aws: &Aws, (cluster, name): (String, String)) -> Result<Service, Fault> {
    let service = describe(aws, &cluster, &name).await?;
    match controller(&service) {
        "ECS" | "CODE_DEPLOY" => Ok(service),
        other => {
            let text = format!("{cluster}/{name} is deployed by {other}, not by ECS or CodeDeploy");
            Err(Fault::new(FaultKind::NotFound, "ecs:DescribeServices", text))
        }
    }
}

impl Kind for Ecs {
    type Part = Part;
    type Answer = Answer;

    fn question(&self, aws: &Aws, part: Part, ask: Ask) -> Option<Question<Answer>> {
        let (aws, names, raw) = (aws.clone(), self.names(), &self.raw);
        Some(match part {
            Part::Service => {
                async move { Answer::Service(Box::new(service(&aws, names).await)) }.boxed()
            }
            Part::Control => {
                let (service, before) = (self.own()?.clone(), raw.control().cloned());
                async move { Answer::Control(Box::new(control::look(&aws, service, before).await)) }
                    .boxed()
            }
            Part::Tasks => {
                self.own()?;
                async move { Answer::Tasks(tasks(&aws, names, DesiredStatus::Running).await) }
                    .boxed()
            }
            Part::Stopped => {
                self.own()?;
                async move { Answer::Stopped(tasks(&aws, names, DesiredStatus::Stopped).await) }
                    .boxed()
            }
            Part::Health => {
                self.own()?;
                let groups = raw.groups();
                let names: Vec<String> = groups.iter().map(|group| group.name.clone()).collect();
                if names.is_empty() {
                    return None;
                }
                let known = groups.into_iter().map(|group| (group.name, group.arn)).collect();
                async move { Answer::Health(balancer::look(&aws, names, known).await) }.boxed()
            }
            Part::Listener => {
                let route = self.own().and(raw.route())?.to_owned();
                async move { Answer::Listener(balancer::route(&aws, route).await) }.boxed()
            }
            Part::Alarms => {
                raw.control()?;
                let names = raw.alarm_names();
                async move { Answer::Alarms(alarms::guards(&aws, &names).await) }.boxed()
            }
            Part::Metrics => {
                let groups = translate::groups(raw)?;
                let config = aws.verdicts().of(&self.target()).clone();
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
            Answer::Control(result) => return self.keep_control(*result, now),
            Answer::Service(result) => (Part::Service, replace(&mut raw.service, *result, now)),
            Answer::Tasks(result) => (Part::Tasks, replace(&mut raw.tasks, result, now)),
            Answer::Stopped(result) => (Part::Stopped, replace(&mut raw.stopped, result, now)),
            Answer::Health(result) => {
                let result = result.map(|read| read.health);
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
        // A service that names another deployment than the one followed has begun a new one.
        let current = raw.service.value().and_then(Service::current_service_deployment);
        let anew = part == Part::Service
            && current.is_some()
            && current != raw.control().map(Control::arn);
        Kept { part, fault, anew }
    }

    fn phase(&self) -> Option<Phase> {
        translate::phase(&self.raw)
    }

    fn age(&self, part: Part) -> (Option<Timestamp>, Option<Fault>) {
        let raw = &self.raw;
        let (at, fault) = match part {
            Part::Service => (raw.service.at(), raw.service.fault()),
            Part::Control => (raw.control.at(), raw.control.fault()),
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
        translate::snapshot(&self.target(), identity, &self.raw, now)
    }
}
