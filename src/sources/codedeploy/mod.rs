//! ECS services that CodeDeploy deploys blue/green.
//!
//! | module | what |
//! |---|---|
//! | `parts` | what is asked for separately, and how often |
//! | `discover` | from a service to what deploys it |
//! | `control`, `service`, `balancer` | the calls, one file a service |
//! | `measure` | which metrics, over which minutes |
//! | `raw` | what the APIs said, each part with its age |
//! | `translate` | raw answers → one snapshot, pure |
//! | `orders` | reading again before an order, and its one call |
//! | `list` | what runs in the account |

mod balancer;
mod control;
mod discover;
pub(crate) mod list;
mod measure;
pub(crate) mod orders;
mod parts;
mod raw;
mod service;
mod translate;

use std::collections::BTreeMap;

use aws_sdk_ecs::types::{DesiredStatus, Task};
use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;

use crate::domain::{Fault, FaultKind, Guard, Identity, Metrics, Reading, Snapshot, Target};

use super::aws::Aws;
use super::backend::{Backend, Wish};
use super::limiter::Limiter;
use super::time::later;
use super::{alarms, metrics};
use balancer::Health;
use control::Memory;
use parts::{Pace, Part, Slot, merge};
use raw::{Control, Listener, Raw, Service};

/// How long everything is asked more often after "ask again now", which every order ends with.
const HURRY: SignedDuration = SignedDuration::from_secs(60);
/// How often a login that failed is tried again.
const LOGIN: SignedDuration = SignedDuration::from_secs(5);

/// One deployment group, asked again and again.
pub struct CodeDeploy {
    aws: Aws,
    limiter: Limiter,
    target: Target,
    raw: Raw,
    memory: Memory,
    slots: BTreeMap<Part, Slot>,
    asked: JoinSet<Answer>,
    hurry_until: Option<Timestamp>,
    /// The deployment whose parts were last asked for.
    subject: Option<String>,
}

/// What one part answered.
enum Answer {
    Identity(Result<Identity, Fault>),
    Control(Box<(Result<Control, Fault>, Memory)>),
    Service(Box<Result<Service, Fault>>),
    Tasks(Result<Vec<Task>, Fault>),
    Stopped(Result<Vec<Task>, Fault>),
    Health(Result<Health, Fault>),
    Listener(Result<Listener, Fault>),
    Alarms(Result<Vec<Guard>, Fault>),
    Metrics(Box<Result<Metrics, Fault>>),
}

impl CodeDeploy {
    /// Watches `target`; nothing is asked yet.
    pub(crate) fn new(aws: Aws, target: Target) -> Self {
        let now = aws.now();
        Self {
            aws,
            limiter: Limiter::default(),
            target,
            raw: Raw::default(),
            memory: Memory::default(),
            slots: Part::ALL.into_iter().map(|part| (part, Slot::due(now))).collect(),
            asked: JoinSet::new(),
            hurry_until: None,
            subject: None,
        }
    }

    /// Whether every part has answered at least once, or cannot be asked for.
    fn is_whole(&self) -> bool {
        self.asked.is_empty() && Part::ALL.into_iter().all(|part| self.has_answered(part))
    }

    fn has_answered(&self, part: Part) -> bool {
        let reading = self.reading_of(part);
        reading.at.is_some() || reading.fault.is_some() || !self.is_ready(part)
    }

    /// Marks everything due, and asks faster for a while.
    fn hurry(&mut self, now: Timestamp) {
        self.hurry_until = Some(later(now, HURRY));
        for slot in self.slots.values_mut() {
            slot.due = now;
        }
    }

    fn pace(&self, now: Timestamp) -> Pace {
        if self.aws.is_urgent(now) || self.hurry_until.is_some_and(|until| now < until) {
            return Pace::Hurry;
        }
        let sides = translate::Sides::of(&self.raw);
        let phase = self.raw.deployment().map(|d| translate::phase(d, &sides));
        Pace::of(phase.as_ref())
    }

    /// Whether the caller is in doubt: then only the login is tried again.
    fn is_locked_out(&self) -> bool {
        self.raw.identity.fault().is_some_and(Fault::concerns_identity)
    }

    /// Whether what the part needs is known.
    fn is_ready(&self, part: Part) -> bool {
        match part {
            Part::Identity => true,
            Part::Control => !self.is_locked_out(),
            Part::Service | Part::Tasks | Part::Stopped => {
                !self.is_locked_out() && self.raw.service_names().is_some()
            }
            Part::Health => !self.is_locked_out() && !self.raw.group_names().is_empty(),
            Part::Listener => !self.is_locked_out() && self.raw.listener_arn().is_some(),
            Part::Alarms => !self.is_locked_out() && self.raw.control.value().is_some(),
            Part::Metrics => !self.is_locked_out() && measure::groups(&self.raw).is_some(),
        }
    }

    /// Begins to ask for every part that is due.
    fn ask(&mut self, window: u32) {
        let now = self.aws.now();
        let ready: Vec<Part> = self
            .slots
            .iter()
            .filter(|(part, slot)| !slot.busy && slot.due <= now && self.is_ready(**part))
            .map(|(part, _)| *part)
            .collect();
        if ready.is_empty() {
            return;
        }
        for part in ready {
            self.ask_part(part, window, now);
            if let Some(slot) = self.slots.get_mut(&part) {
                slot.busy = true;
            }
        }
    }

    fn ask_part(&mut self, part: Part, window: u32, now: Timestamp) {
        let aws = self.aws.clone();
        let names = self.raw.service_names();
        match (part, names) {
            (Part::Identity, _) => {
                self.asked.spawn(async move { Answer::Identity(aws.identity().await) });
            }
            (Part::Control, _) => {
                let (target, memory) = (self.target.clone(), self.memory.clone());
                self.asked.spawn(async move {
                    Answer::Control(Box::new(control::look(&aws, &target, memory).await))
                });
            }
            (Part::Service, Some(names)) => {
                let before = self.raw.service.value().cloned();
                self.asked.spawn(async move {
                    Answer::Service(Box::new(service::look(&aws, names, before).await))
                });
            }
            (Part::Tasks, Some(names)) => {
                self.asked.spawn(async move {
                    Answer::Tasks(service::tasks(&aws, names, DesiredStatus::Running).await)
                });
            }
            (Part::Stopped, Some(names)) => {
                self.asked.spawn(async move {
                    Answer::Stopped(service::tasks(&aws, names, DesiredStatus::Stopped).await)
                });
            }
            (Part::Service | Part::Tasks | Part::Stopped, None) => {}
            (Part::Health, _) => {
                let (names, known) = (self.raw.group_names(), self.raw.group_arns.clone());
                self.asked
                    .spawn(async move { Answer::Health(balancer::look(&aws, names, known).await) });
            }
            (Part::Listener, _) => {
                let Some(arn) = self.raw.listener_arn() else { return };
                self.asked
                    .spawn(async move { Answer::Listener(balancer::listener(&aws, arn).await) });
            }
            (Part::Alarms, _) => {
                let names = self.raw.alarm_names();
                self.asked.spawn(async move { Answer::Alarms(alarms::guards(&aws, &names).await) });
            }
            (Part::Metrics, _) => {
                let Some(groups) = measure::groups(&self.raw) else { return };
                let span = measure::span(&self.raw, window, now);
                self.asked.spawn(async move {
                    Answer::Metrics(Box::new(metrics::sample(&aws, &groups, span).await))
                });
            }
        }
    }

    /// Keeps an answer and says when to ask again.
    fn keep(&mut self, answer: Answer) {
        let now = self.aws.now();
        let raw = &mut self.raw;
        let (part, fault) = match answer {
            Answer::Identity(result) => (Part::Identity, replace(&mut raw.identity, result, now)),
            Answer::Control(answer) => {
                let (result, memory) = *answer;
                self.memory = memory;
                let fault = replace(&mut raw.control, result, now);
                (Part::Control, fault.or_else(|| target_fault(raw)))
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
            Answer::Metrics(result) => (Part::Metrics, replace(&mut raw.metrics, *result, now)),
        };
        if part == Part::Control {
            self.follow(now);
        }
        if fault.as_ref().is_some_and(Fault::concerns_identity) {
            // One state for all: whoever is refused first locks the others out as well.
            if let (Some(fault), false) = (fault.clone(), part == Part::Identity) {
                let doubt: Result<Identity, Fault> = Err(fault);
                replace(&mut self.raw.identity, doubt, now);
                if let Some(slot) = self.slots.get_mut(&Part::Identity) {
                    slot.due = now;
                }
            }
        }
        let period = if part == Part::Identity && fault.is_some() {
            LOGIN.as_secs_f64()
        } else {
            part.period(self.pace(now))
        };
        if fault.is_some_and(|fault| fault.kind == FaultKind::Throttled) {
            self.limiter.throttled(part.source(), now);
        }
        let period = SignedDuration::try_from_secs_f64(period).unwrap_or(LOGIN);
        let period = self.limiter.period(part.source(), period, now);
        let seed = self.aws.seed() ^ part as u64;
        if let Some(slot) = self.slots.get_mut(&part) {
            slot.answered(now, period, seed);
        }
    }

    /// Notes a new share, and asks for everything at once when another deployment is followed.
    fn follow(&mut self, now: Timestamp) {
        if let Some((id, share)) = translate::planned_share(&self.raw) {
            let known = self.raw.share_seen.as_ref();
            if known.is_none_or(|(of, seen, _)| *of != id || (seen - share).abs() > f64::EPSILON) {
                self.raw.share_seen = Some((id, share, now));
            }
        }
        let id = self.raw.deployment().map(|deployment| deployment.id().to_owned());
        if id.is_some() && id != self.subject {
            self.subject = id;
            for (part, slot) in &mut self.slots {
                if !matches!(part, Part::Identity | Part::Control) {
                    slot.due = now;
                }
            }
        }
    }

    /// When the next part is due; nothing while only what is being asked for is waited for.
    fn next_due(&self) -> Option<Timestamp> {
        let ready = self.slots.iter().filter(|(part, slot)| !slot.busy && self.is_ready(**part));
        ready.map(|(_, slot)| slot.due).min()
    }

    /// The picture as it is now.
    fn picture(&self) -> Snapshot {
        let now = self.aws.now();
        let mut picture = translate::snapshot(&self.target, &self.raw, now);
        let pace = self.pace(now);
        for part in Part::ALL {
            let mut reading = self.reading_of(part);
            reading.period_seconds = part.period(pace);
            merge(&mut picture.readings, part.source(), reading);
        }
        picture
    }

    fn reading_of(&self, part: Part) -> Reading {
        let (at, fault) = match part {
            Part::Identity => (self.raw.identity.at(), self.raw.identity.fault()),
            Part::Control => {
                let target = self.raw.deployment().and_then(|deployment| deployment.target.fault());
                (self.raw.control.at(), self.raw.control.fault().or(target))
            }
            Part::Service => (self.raw.service.at(), self.raw.service.fault()),
            Part::Tasks => (self.raw.tasks.at(), self.raw.tasks.fault()),
            Part::Stopped => (self.raw.stopped.at(), self.raw.stopped.fault()),
            Part::Health => (self.raw.health.at(), self.raw.health.fault()),
            Part::Listener => (self.raw.listener.at(), self.raw.listener.fault()),
            Part::Alarms => (self.raw.guards.at(), self.raw.guards.fault()),
            Part::Metrics => (self.raw.metrics.at(), self.raw.metrics.fault()),
        };
        let next = self.slots.get(&part).filter(|_| self.is_ready(part)).map(|slot| slot.due);
        Reading { at, fault: fault.cloned(), next, period_seconds: 0.0 }
    }
}

/// Why the followed deployment's target could not be read.
fn target_fault(raw: &Raw) -> Option<Fault> {
    raw.deployment()?.target.fault().cloned()
}

/// Puts an attempt into its place; the fault, if it failed.
fn replace<T>(
    fact: &mut crate::domain::Fact<T>,
    result: Result<T, Fault>,
    now: Timestamp,
) -> Option<Fault> {
    let fault = result.as_ref().err().cloned();
    *fact = std::mem::take(fact).after(result, now);
    fault
}

impl Backend for CodeDeploy {
    async fn observe(&mut self, wish: Wish) -> Snapshot {
        if wish.all {
            self.hurry(self.aws.now());
        }
        loop {
            self.ask(wish.window);
            let due = self.next_due();
            let span = due.and_then(|at| self.aws.time().until(at));
            let asleep = async {
                match span {
                    Some(span) => tokio::time::sleep(span).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                Some(answer) = self.asked.join_next() => {
                    // A task that broke is asked for again when it is due.
                    if let Ok(answer) = answer {
                        self.keep(answer);
                    }
                    while let Some(answer) = self.asked.try_join_next() {
                        if let Ok(answer) = answer {
                            self.keep(answer);
                        }
                    }
                    return self.picture();
                }
                () = asleep => {}
            }
        }
    }

    async fn observe_whole(&mut self, wish: Wish) -> Snapshot {
        let mut picture = self.observe(wish).await;
        loop {
            self.ask(wish.window);
            if self.is_whole() {
                return picture;
            }
            picture = self.observe(Wish { all: false, ..wish }).await;
        }
    }
}
