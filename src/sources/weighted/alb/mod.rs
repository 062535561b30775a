//! An Application Load Balancer's weights: a rule's, or those of a listener's default action.
//!
//! | module | what |
//! |---|---|
//! | `find` | the calls: where the weights are, and what they are |
//! | `rule` | what a rule divides between, and the call that sets it: pure |
//! | `actions` | a rule's actions as JSON and back: pure |
//! | `owner` | whether a deployment service has them in hand |
//! | `translate` | raw answers → one snapshot, pure |
//! | `orders` | reading again before an order, and its one call |

mod actions;
mod find;
pub(super) mod orders;
mod owner;
mod rule;
#[cfg(test)]
mod tests;
mod translate;

use std::collections::BTreeMap;

use futures::future::FutureExt;
use jiff::{SignedDuration, Timestamp};

use crate::domain::{
    AlbPlace, Fact, Fault, Identity, Phase, Snapshot, Source, Target, TimelineEvent,
};
use crate::sources::around::{self, Around, Route, Surroundings, Whereabouts, age};
use crate::sources::aws::Aws;
use crate::sources::metrics::Measured;
use crate::sources::pace::{Pace, Rhythm};
use crate::sources::poll::{self, Ask, Kept, Kind, Question, replace};

use super::memory::Memory;
use super::sides::Roles;
use super::{PHASE, unfit};
pub(super) use owner::Owner;
use rule::Divided;

/// How long it is believed who owns the groups.
const OWNER: SignedDuration = SignedDuration::from_mins(10);

/// What is known of one rule.
pub(crate) struct Alb {
    place: AlbPlace,
    memory: Memory,
    raw: Raw,
    /// A Prometheus counts both sides.
    is_counted: bool,
}

/// What the APIs said, each part with its age.
#[derive(Debug, Clone, Default)]
pub(crate) struct Raw {
    /// The rule and the two groups, with which of them is blue.
    pub(crate) rule: Fact<(Divided, Roles)>,
    /// Who owns the groups.
    pub(crate) owner: Fact<Owner>,
    /// That nobody can tell who owns them, since it is so.
    pub(crate) doubt: Option<TimelineEvent>,
    /// The targets' health and the metrics.
    pub(crate) around: Surroundings,
}

/// One part of it, asked for by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// The rule with the weights.
    Rule,
    /// Who owns the target groups.
    Owner,
    /// Health or metrics.
    Around(Around),
}

impl poll::Part for Part {
    fn all() -> impl Iterator<Item = Self> {
        let around = [Around::Health, Around::Metrics].map(Part::Around);
        [Part::Rule, Part::Owner].into_iter().chain(around)
    }

    fn source(self) -> Source {
        match self {
            Part::Rule => Source::LoadBalancer,
            Part::Owner => Source::Ecs,
            Part::Around(part) => part.source(),
        }
    }

    fn shows_an_order(self) -> bool {
        self == Part::Rule
    }

    fn period(self, pace: Pace) -> f64 {
        match self {
            Part::Rule => Rhythm { usual: 10.0, hurry: 2.0, over: 60.0 }.at(pace),
            // What was found is believed longer than that; what failed is tried again.
            Part::Owner => 120.0,
            Part::Around(part) => part.period(pace),
        }
    }
}

/// What one part answered.
pub(crate) enum Answer {
    Rule(Box<Result<Divided, Fault>>),
    Owner(Result<Owner, Fault>),
    Around(around::Answer),
}

impl Alb {
    /// Nothing is known yet of the weights at this place.
    pub(crate) fn new(aws: &Aws, place: AlbPlace) -> Self {
        let said = aws.sides().of(&Target::Alb(place.clone()));
        let is_counted = said.iter().any(|side| side.prometheus.is_some());
        Self { place, memory: aws.weighted().clone(), raw: Raw::default(), is_counted }
    }

    fn divided(&self) -> Option<&Divided> {
        self.raw.rule.value().map(|(divided, _)| divided)
    }
}

/// Which of the two groups is blue.
fn roles(memory: &Memory, target: &Target, divided: &Divided) -> Result<Roles, Fault> {
    let said = match target {
        Target::Alb(AlbPlace::Arn { blue, .. }) => blue.as_deref(),
        Target::Alb(AlbPlace::Groups { blue, .. }) => Some(blue.as_str()),
        _ => None,
    };
    let [a, b] = &divided.groups;
    let pair = [(a.name.as_str(), a.weight), (b.name.as_str(), b.weight)];
    let found = memory.roles(target, pair, said);
    found.map_err(|why| unfit("elasticloadbalancing:DescribeRules", why))
}

/// The ARNs of the groups, in an order of their own.
fn arns(divided: &Divided) -> Vec<String> {
    let mut arns: Vec<String> = divided.groups.iter().map(|group| group.arn.clone()).collect();
    arns.sort_unstable();
    arns
}

/// Who owns the groups, as it was found out not long ago, or now.
async fn owner(aws: &Aws, groups: Vec<String>) -> Result<Owner, Fault> {
    if let Some((owner, at)) = aws.weighted().owner(&groups)
        && aws.now().duration_since(at) < OWNER
    {
        return Ok(owner);
    }
    let found = owner::search(aws, &groups).await?;
    aws.weighted().found_owner(groups, found.clone(), aws.now());
    Ok(found)
}

impl Kind for Alb {
    type Part = Part;
    type Answer = Answer;

    fn question(&self, aws: &Aws, part: Part, ask: Ask) -> Option<Question<Answer>> {
        let aws = aws.clone();
        Some(match part {
            Part::Rule => {
                let place = self.place.clone();
                let known = self.divided().map(|divided| divided.held.arn.clone());
                async move { Answer::Rule(Box::new(find::read(&aws, &place, known).await)) }.boxed()
            }
            Part::Owner => {
                let groups = arns(self.divided()?);
                async move { Answer::Owner(owner(&aws, groups).await) }.boxed()
            }
            Part::Around(part) => {
                self.raw.around.question(&aws, part, self, ask)?.map(Answer::Around).boxed()
            }
        })
    }

    fn keep(&mut self, answer: Answer, now: Timestamp) -> Kept<Part> {
        let (part, fault) = match answer {
            Answer::Rule(result) => {
                let target = self.target();
                let result = result.and_then(|divided| {
                    let roles = roles(&self.memory, &target, &divided)?;
                    Ok((divided, roles))
                });
                (Part::Rule, replace(&mut self.raw.rule, result, now))
            }
            Answer::Owner(result) => {
                let fault = replace(&mut self.raw.owner, result, now);
                let doubt = translate::doubt(&self.raw.owner, now);
                let before = self.raw.doubt.take();
                let text = |doubt: &Option<TimelineEvent>| doubt.as_ref().map(|d| d.key.clone());
                self.raw.doubt = if text(&before) == text(&doubt) { before } else { doubt };
                (Part::Owner, fault)
            }
            Answer::Around(answer) => {
                let (part, fault) = self.raw.around.keep(answer, now);
                (Part::Around(part), fault)
            }
        };
        Kept { part, fault, anew: false }
    }

    fn phase(&self) -> Option<Phase> {
        self.divided().map(|_| PHASE)
    }

    fn age(&self, part: Part) -> (Option<Timestamp>, Option<Fault>) {
        match part {
            Part::Rule => age(&self.raw.rule),
            Part::Owner => age(&self.raw.owner),
            Part::Around(part) => self.raw.around.age(part),
        }
    }

    fn snapshot(&self, identity: &Fact<Identity>, now: Timestamp) -> Snapshot {
        translate::snapshot(&self.target(), identity, &self.raw, now)
    }
}

impl Whereabouts for Alb {
    fn target(&self) -> Target {
        Target::Alb(self.place.clone())
    }

    fn service(&self) -> Option<(String, String)> {
        None
    }

    fn target_groups(&self) -> Option<(Vec<String>, BTreeMap<String, String>)> {
        let groups = &self.divided()?.groups;
        let names = groups.iter().map(|group| group.name.clone()).collect();
        let known = groups.iter().map(|group| (group.name.clone(), group.arn.clone())).collect();
        Some((names, known))
    }

    fn route(&self) -> Option<Route> {
        None
    }

    fn alarms(&self) -> Option<Vec<String>> {
        None
    }

    fn measured(&self) -> Option<Measured> {
        // Where a Prometheus counts both sides nobody else is asked.
        translate::measured(&self.raw).filter(|_| !self.is_counted)
    }

    fn created(&self) -> Option<Timestamp> {
        None
    }
}
