//! Elastic Beanstalk: two environments that swap their names, or one that splits its traffic between
//! two versions.
//!
//! | module | what |
//! |---|---|
//! | `parts` | what is asked for separately, and how often |
//! | `calls` | the calls |
//! | `raw` | what the API said, each part with its age |
//! | `roles` | which environment is blue and which one serves, which no API says |
//! | `samples` | the health of moments as minutes of metrics |
//! | `translate` | raw answers → one snapshot, pure |
//! | `orders` | reading again before an order, and its one call |

mod calls;
pub(crate) mod orders;
mod parts;
mod raw;
mod roles;
mod samples;
mod translate;

use aws_sdk_elasticbeanstalk::operation::describe_environment_health::DescribeEnvironmentHealthOutput;
use aws_sdk_elasticbeanstalk::types::{
    EnvironmentDescription, EventDescription, SingleInstanceHealth,
};
use futures::future::FutureExt;
use jiff::Timestamp;

use crate::domain::{Fact, Fault, Identity, Phase, Snapshot, Split, Target};

use super::around::age;
use super::aws::Aws;
use super::poll::{Ask, Kept, Kind, Question, replace};
use parts::Part;
use raw::{Each, Raw, name};
use samples::Sample;

/// What is known of one application.
pub(crate) struct Beanstalk {
    application: String,
    blue: Option<String>,
    raw: Raw,
}

/// What one part answered.
pub(crate) enum Answer {
    Environments(Result<Vec<EnvironmentDescription>, Fault>),
    Events(Result<Vec<EventDescription>, Fault>),
    Health(Box<Result<Each<DescribeEnvironmentHealthOutput>, Fault>>),
    Instances(Result<Each<Vec<SingleInstanceHealth>>, Fault>),
    Settings(Result<Option<Split>, Fault>),
}

impl Beanstalk {
    /// Nothing is known yet of the application.
    pub(crate) fn new(application: String, blue: Option<String>) -> Self {
        Self { application, blue, raw: Raw::default() }
    }

    fn target(&self) -> Target {
        Target::Beanstalk { application: self.application.clone(), blue: self.blue.clone() }
    }

    /// The environments that are asked about one by one: never more than are watched.
    fn names(&self) -> Option<Vec<String>> {
        let environments = self.raw.environments.value()?;
        let few = (1..=2).contains(&environments.len());
        few.then(|| environments.iter().map(|one| name(one).to_owned()).collect())
    }

    /// The one environment, while something in it can be aborted.
    fn abortable(&self) -> Option<String> {
        let [one] = self.raw.environments.value()?.as_slice() else { return None };
        (one.abortable_operation_in_progress() == Some(true)).then(|| name(one).to_owned())
    }

    /// What follows from all that is known now.
    fn conclude(&mut self, now: Timestamp) {
        let raw = &mut self.raw;
        raw.splitting = translate::noticed(raw, now);
        raw.roles = roles::settle(raw, self.blue.as_deref(), now);
    }

    /// Keeps what the health of this moment measured.
    fn sample(&mut self, now: Timestamp) {
        let told = self.raw.health.fresh().into_iter().flatten();
        let of_whole = told.filter_map(|(environment, health)| {
            let told = health.as_ref().ok()?.application_metrics()?;
            Some((environment.clone(), Sample::of(told)))
        });
        let of_whole = of_whole.collect();
        self.raw.samples.keep(now, of_whole);
        self.raw.causes = translate::causes(&self.raw, now);
    }

    /// The same by version, where two run in one environment.
    fn sample_versions(&mut self, now: Timestamp) {
        let Some(splitting) = &self.raw.splitting else { return };
        let all = self.raw.instances.fresh().and_then(|each| each.get(&splitting.environment));
        let Some(Ok(all)) = all else { return };
        let sum = |version: &str| {
            let own = all.iter().filter(|one| {
                one.deployment().and_then(|deployment| deployment.version_label()) == Some(version)
            });
            let samples: Vec<Sample> =
                own.filter_map(|one| one.application_metrics()).map(Sample::of).collect();
            (version.to_owned(), Sample::sum(&samples))
        };
        let told = vec![sum(&splitting.blue), sum(&splitting.green)];
        self.raw.samples.keep(now, told);
    }
}

impl Kind for Beanstalk {
    type Part = Part;
    type Answer = Answer;

    fn question(&self, aws: &Aws, part: Part, ask: Ask) -> Option<Question<Answer>> {
        let (aws, application) = (aws.clone(), self.application.clone());
        Some(match part {
            Part::Environments => {
                async move { Answer::Environments(calls::environments(&aws, &application).await) }
                    .boxed()
            }
            Part::Events => {
                async move { Answer::Events(calls::events(&aws, &application, ask.now).await) }
                    .boxed()
            }
            Part::Health => {
                let names = self.names()?;
                async move { Answer::Health(Box::new(calls::health(&aws, names).await)) }.boxed()
            }
            Part::Instances => {
                let names = self.names()?;
                async move { Answer::Instances(calls::instances(&aws, names).await) }.boxed()
            }
            Part::Settings => {
                let one = self.abortable()?;
                async move { Answer::Settings(calls::split(&aws, &application, &one).await) }
                    .boxed()
            }
        })
    }

    fn keep(&mut self, answer: Answer, now: Timestamp) -> Kept<Part> {
        let raw = &mut self.raw;
        let (part, fault) = match answer {
            Answer::Environments(result) => {
                (Part::Environments, replace(&mut raw.environments, result, now))
            }
            Answer::Events(result) => (Part::Events, replace(&mut raw.events, result, now)),
            Answer::Health(result) => {
                let fault = replace(&mut raw.health, *result, now);
                if fault.is_none() {
                    self.sample(now);
                }
                (Part::Health, fault)
            }
            Answer::Instances(result) => {
                let fault = replace(&mut raw.instances, result, now);
                if fault.is_none() {
                    self.sample_versions(now);
                }
                (Part::Instances, fault)
            }
            Answer::Settings(result) => (Part::Settings, replace(&mut raw.split, result, now)),
        };
        self.conclude(now);
        Kept { part, fault, anew: false }
    }

    fn phase(&self) -> Option<Phase> {
        let now = self.raw.environments.at()?;
        let picture = translate::snapshot(&self.target(), &Fact::Unasked, &self.raw, now);
        picture.rollout().map(|rollout| rollout.phase.clone())
    }

    fn age(&self, part: Part) -> (Option<Timestamp>, Option<Fault>) {
        match part {
            Part::Environments => age(&self.raw.environments),
            Part::Events => age(&self.raw.events),
            Part::Health => age(&self.raw.health),
            Part::Instances => age(&self.raw.instances),
            Part::Settings => age(&self.raw.split),
        }
    }

    fn snapshot(&self, identity: &Fact<Identity>, now: Timestamp) -> Snapshot {
        translate::snapshot(&self.target(), identity, &self.raw, now)
    }
}
