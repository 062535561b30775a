//! What surrounds a rollout on ECS, whoever deploys it: its tasks, targets, weights, alarms and
//! metrics. Where they are only the control plane's own view knows; the rest is the same.

use std::collections::BTreeMap;

use aws_sdk_ecs::types::{DesiredStatus, Task};
use aws_sdk_elasticloadbalancingv2::types::Rule;
use futures::future::FutureExt;
use jiff::Timestamp;

use crate::domain::{Fact, Fault, FaultKind, Guard, Metrics, Pipeline, Source, Target};

use super::aws::Aws;
use super::balancer::{self, GroupHealth, Health};
use super::metrics::{Measured, Meter, Span};
use super::pace::{Pace, Rhythm};
use super::pipeline::{self, Deploys};
use super::poll::{Ask, Question, replace};
use super::{alarms, service};

/// One part, asked for by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Around {
    /// Tasks that should run.
    Tasks,
    /// Tasks that stopped.
    Stopped,
    /// The targets' health.
    Health,
    /// The rules with the weights.
    Listener,
    /// The alarms.
    Alarms,
    /// The metrics.
    Metrics,
    /// The pipeline that deploys it.
    Pipeline,
}

impl Around {
    /// All of them.
    pub(crate) const ALL: [Self; 7] = [
        Self::Tasks,
        Self::Stopped,
        Self::Health,
        Self::Listener,
        Self::Alarms,
        Self::Metrics,
        Self::Pipeline,
    ];

    /// Where it comes from.
    pub(crate) fn source(self) -> Source {
        match self {
            Self::Tasks | Self::Stopped => Source::Ecs,
            Self::Health | Self::Listener => Source::LoadBalancer,
            Self::Alarms => Source::Alarms,
            Self::Metrics => Source::Metrics,
            Self::Pipeline => Source::CodePipeline,
        }
    }

    /// How often it is asked for, in seconds.
    pub(crate) fn period(self, pace: Pace) -> f64 {
        let rhythm = match self {
            Self::Tasks | Self::Alarms => Rhythm { usual: 15.0, hurry: 15.0, over: 60.0 },
            Self::Stopped => Rhythm { usual: 30.0, hurry: 30.0, over: 120.0 },
            Self::Health => Rhythm { usual: 10.0, hurry: 10.0, over: 60.0 },
            Self::Listener if pace == Pace::Shifting => return 5.0,
            Self::Listener => Rhythm { usual: 10.0, hurry: 2.0, over: 60.0 },
            Self::Metrics => Rhythm { usual: 30.0, hurry: 30.0, over: 60.0 },
            // What waits there for a person waits before the next rollout begins.
            Self::Pipeline => Rhythm { usual: 60.0, hurry: 10.0, over: 30.0 },
        };
        rhythm.at(pace)
    }
}

/// Where the surroundings are; nothing while that is not known, and then nothing is asked.
pub(crate) trait Whereabouts {
    /// What is watched.
    fn target(&self) -> Target;
    /// Cluster and service.
    fn service(&self) -> Option<(String, String)>;
    /// The names of the target groups, and the ARNs of those that are known.
    fn target_groups(&self) -> Option<(Vec<String>, BTreeMap<String, String>)>;
    /// What holds the weights.
    fn route(&self) -> Option<Route>;
    /// The alarms that guard the rollout.
    fn alarms(&self) -> Option<Vec<String>>;
    /// Where the two sides are measured.
    fn measured(&self) -> Option<Measured>;
    /// What a pipeline would deploy here, and the id of the rollout that is shown.
    fn deploys(&self) -> Option<(Deploys, Option<String>)> {
        None
    }
    /// When the rollout was created.
    fn created(&self) -> Option<Timestamp>;
}

/// What holds the weights, by its ARN.
pub(crate) enum Route {
    /// All rules of a listener.
    Listener(String),
    /// One rule, or the default actions of a network load balancer's listener.
    Rule(String),
}

/// What one part answered.
pub(crate) enum Answer {
    Tasks(Result<Vec<Task>, Fault>),
    Stopped(Result<Vec<Task>, Fault>),
    Health(Result<Health, Fault>),
    Listener(Result<Vec<Rule>, Fault>),
    Alarms(Result<Vec<Guard>, Fault>),
    Metrics(Box<(Result<Metrics, Fault>, Meter)>),
    Pipeline(Box<(Result<Option<Pipeline>, Fault>, pipeline::Memory)>),
}

/// What was read, each part with its age.
#[derive(Debug, Clone, Default)]
pub(crate) struct Surroundings {
    /// Running and starting tasks.
    pub(crate) tasks: Fact<Vec<Task>>,
    /// Stopped tasks; ECS keeps them for an hour.
    pub(crate) stopped: Fact<Vec<Task>>,
    /// The ARNs of the target groups by name; they never change.
    pub(crate) group_arns: BTreeMap<String, String>,
    /// The health of each target group's targets, by the group's name.
    pub(crate) health: Fact<GroupHealth>,
    /// The rules with the weights.
    pub(crate) listener: Fact<Vec<Rule>>,
    /// The alarms.
    pub(crate) guards: Fact<Vec<Guard>>,
    /// The metrics.
    pub(crate) metrics: Fact<Metrics>,
    /// The pipeline.
    pub(crate) pipeline: Fact<Option<Pipeline>>,
    meter: Meter,
    pipelines: pipeline::Memory,
}

impl Surroundings {
    /// The question about a part of what is `there`.
    pub(crate) fn question(
        &self,
        aws: &Aws,
        part: Around,
        there: &impl Whereabouts,
        ask: Ask,
    ) -> Option<Question<Answer>> {
        let aws = aws.clone();
        Some(match part {
            Around::Tasks => {
                let names = there.service()?;
                async move {
                    Answer::Tasks(service::tasks(&aws, names, DesiredStatus::Running).await)
                }
                .boxed()
            }
            Around::Stopped => {
                let names = there.service()?;
                async move {
                    Answer::Stopped(service::tasks(&aws, names, DesiredStatus::Stopped).await)
                }
                .boxed()
            }
            Around::Health => {
                let (names, known) = there.target_groups()?;
                async move { Answer::Health(balancer::look(&aws, names, known).await) }.boxed()
            }
            Around::Listener => {
                let route = there.route()?;
                async move {
                    Answer::Listener(match route {
                        Route::Listener(arn) => balancer::listener(&aws, arn).await,
                        Route::Rule(arn) => balancer::route(&aws, arn).await,
                    })
                }
                .boxed()
            }
            Around::Alarms => {
                let names = there.alarms()?;
                async move { Answer::Alarms(alarms::guards(&aws, &names).await) }.boxed()
            }
            Around::Metrics => {
                let measured = there.measured().filter(|measured| measured.hidden().is_none())?;
                let config = aws.verdicts().of(&there.target()).clone();
                let (began, settle) = (there.created(), config.settle_seconds);
                let span = Span::of_rollout(began, ask.window, settle, ask.now);
                let meter = self.meter.clone();
                async move {
                    Answer::Metrics(Box::new(meter.read(&aws, measured, span, &config).await))
                }
                .boxed()
            }
            Around::Pipeline => {
                let (deploys, rollout) = there.deploys()?;
                let memory = Some(&self.pipelines).filter(|memory| memory.is_due(ask.now))?.clone();
                async move { Answer::Pipeline(Box::new(memory.look(&aws, deploys, rollout).await)) }
                    .boxed()
            }
        })
    }

    /// Keeps an answer: the part, and why it failed if it did.
    pub(crate) fn keep(&mut self, answer: Answer, now: Timestamp) -> (Around, Option<Fault>) {
        match answer {
            Answer::Tasks(result) => (Around::Tasks, replace(&mut self.tasks, result, now)),
            Answer::Stopped(result) => (Around::Stopped, replace(&mut self.stopped, result, now)),
            Answer::Health(result) => {
                let result = result.map(|read| {
                    self.group_arns.extend(read.arns);
                    read.health
                });
                (Around::Health, replace(&mut self.health, result, now))
            }
            Answer::Listener(result) => {
                (Around::Listener, replace(&mut self.listener, result, now))
            }
            Answer::Alarms(result) => (Around::Alarms, replace(&mut self.guards, result, now)),
            Answer::Metrics(answer) => {
                let (result, meter) = *answer;
                self.meter = meter;
                (Around::Metrics, replace(&mut self.metrics, result, now))
            }
            Answer::Pipeline(answer) => {
                let (result, memory) = *answer;
                self.pipelines = memory;
                (Around::Pipeline, replace(&mut self.pipeline, result, now))
            }
        }
    }

    /// The metrics of what is `measured`, or why there are none.
    pub(crate) fn metrics_of(&self, measured: Option<&Measured>) -> Fact<Metrics> {
        let hidden = measured.and_then(Measured::hidden);
        match (&self.metrics, hidden) {
            (Fact::Unasked, Some(why)) => {
                let fault = Fault::new(FaultKind::Absent, "cloudwatch:GetMetricData", why);
                Fact::Unknown { fault }
            }
            (metrics, _) => metrics.clone(),
        }
    }

    /// When a part was read last, and why not since.
    pub(crate) fn age(&self, part: Around) -> (Option<Timestamp>, Option<Fault>) {
        match part {
            Around::Tasks => age(&self.tasks),
            Around::Stopped => age(&self.stopped),
            Around::Health => age(&self.health),
            Around::Listener => age(&self.listener),
            Around::Alarms => age(&self.guards),
            Around::Metrics => age(&self.metrics),
            // Only where there is a pipeline does its age mean anything; and why nobody knows yet
            // whether there is one, as long as that is asked again.
            Around::Pipeline if self.pipeline.value().is_some_and(Option::is_some) => {
                age(&self.pipeline)
            }
            Around::Pipeline => {
                (None, self.pipeline.fault().filter(|fault| fault.passes_by_itself()).cloned())
            }
        }
    }
}

/// When something was read last, and why not since.
pub(crate) fn age<T>(fact: &Fact<T>) -> (Option<Timestamp>, Option<Fault>) {
    (fact.at(), fact.fault().cloned())
}
