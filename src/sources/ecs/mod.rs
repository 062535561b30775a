//! ECS services that ECS itself deploys: blue/green, linear, canary and rolling.
//!
//! | module | what |
//! |---|---|
//! | `parts` | what is asked for separately, and how often |
//! | `control` | the calls about the deployment that is followed |
//! | `raw` | what the APIs said, each part with its age |
//! | `rest` | what a service runs of which no deployment is on record |
//! | `seen` | when stages and weights changed, which no API says |
//! | `translate` | raw answers → one snapshot, pure |
//! | `orders` | reading again before an order, and its one call |
//! | `list` | what runs in the account |

mod control;
pub(crate) mod list;
pub(crate) mod orders;
mod parts;
mod raw;
mod rest;
mod seen;
mod translate;

use std::collections::BTreeMap;

use aws_sdk_ecs::types::Service;
use futures::future::FutureExt;
use jiff::Timestamp;

use crate::domain::{Fact, Fault, FaultKind, Identity, Phase, Snapshot, Target};

use super::around::{self, Route, Whereabouts, age};
use super::aws::Aws;
use super::metrics::Measured;
use super::pipeline::Deploys;
use super::poll::{Ask, Kept, Kind, Question, replace};
use super::service::describe;
use parts::Part;
use raw::{Control, Raw};
use rest::Rest;
use seen::Seen;

/// What is known of one service.
pub(crate) struct Ecs {
    cluster: String,
    service: String,
    raw: Raw,
}

/// The deployment, and what the service runs where none is on record.
type Looked = (Result<Option<Control>, Fault>, Option<Rest>);

/// What one part answered.
pub(crate) enum Answer {
    Service(Box<Result<Service, Fault>>),
    Control(Box<Looked>),
    Around(around::Answer),
}

impl Ecs {
    /// Nothing is known yet of the service.
    pub(crate) fn new(cluster: String, service: String) -> Self {
        Self { cluster, service, raw: Raw::default() }
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
    fn keep_control(&mut self, (result, rest): Looked, now: Timestamp) -> Kept<Part> {
        self.raw.rest = rest.or(self.raw.rest.take());
        let before = self.raw.control().map(|control| control.arn().to_owned());
        let fault = replace(&mut self.raw.control, result, now);
        let followed = self.raw.control().map(|control| control.arn().to_owned());
        let anew = followed.is_some() && followed != before;
        if anew {
            // What was measured and pinned was the last deployment's.
            (self.raw.seen, self.raw.around.metrics) = (None, Fact::Unasked);
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
        let (aws, raw) = (aws.clone(), &self.raw);
        Some(match part {
            Part::Service => {
                let names = self.names();
                async move { Answer::Service(Box::new(service(&aws, names).await)) }.boxed()
            }
            Part::Control => {
                let (service, before) = (self.own()?.clone(), raw.control().cloned());
                let rest = raw.rest.clone();
                async move {
                    let found = control::look(&aws, &service, before).await;
                    let rest = match found {
                        Ok(None) => Some(Rest::read(&aws, &service, rest).await),
                        Ok(Some(_)) | Err(_) => None,
                    };
                    Answer::Control(Box::new((found, rest)))
                }
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
            Answer::Control(result) => return self.keep_control(*result, now),
            Answer::Service(result) => (Part::Service, replace(&mut raw.service, *result, now)),
            Answer::Around(answer) => {
                let (part, fault) = raw.around.keep(answer, now);
                (Part::Around(part), fault)
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
        match part {
            Part::Service => age(&self.raw.service),
            Part::Control => age(&self.raw.control),
            Part::Around(part) => self.raw.around.age(part),
        }
    }

    fn snapshot(&self, identity: &Fact<Identity>, now: Timestamp) -> Snapshot {
        translate::snapshot(&self.target(), identity, &self.raw, now)
    }
}

impl Whereabouts for Ecs {
    fn target(&self) -> Target {
        Target::Ecs { cluster: self.cluster.clone(), service: self.service.clone() }
    }

    fn service(&self) -> Option<(String, String)> {
        self.own().map(|_| self.names())
    }

    fn target_groups(&self) -> Option<(Vec<String>, BTreeMap<String, String>)> {
        self.own()?;
        let groups = self.raw.groups();
        let names: Vec<String> = groups.iter().map(|group| group.name.clone()).collect();
        let known = groups.into_iter().map(|group| (group.name, group.arn)).collect();
        (!names.is_empty()).then_some((names, known))
    }

    fn route(&self) -> Option<Route> {
        let arn = self.own().and(self.raw.route())?;
        Some(Route::Rule(arn.to_owned()))
    }

    fn alarms(&self) -> Option<Vec<String>> {
        self.raw.control()?;
        Some(self.raw.alarm_names())
    }

    fn measured(&self) -> Option<Measured> {
        translate::measured(&self.raw)
    }

    fn deploys(&self) -> Option<(Deploys, Option<String>)> {
        self.own()?;
        let (cluster, service) = self.names();
        // Its deployments have no id that a pipeline names.
        Some((Deploys::Service(cluster, service), None))
    }

    fn created(&self) -> Option<Timestamp> {
        self.raw.created()
    }
}
