//! How old everything is that the screen shows.

use jiff::{SignedDuration, Timestamp};

use crate::domain::{Fault, Reading, Source, Target};

use super::super::{Cockpit, State};

/// After this many missed periods data is old.
const MISSED: f64 = 3.0;

/// Whether a source's data may be taken for the present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// It may.
    Fresh,
    /// Three times in a row it was not read: words about it use the past tense.
    Old,
    /// It cannot be read, and waiting will not help; or it has never been read.
    Failed,
}

/// How fresh one source is.
#[derive(Debug, Clone, PartialEq)]
pub struct Staleness {
    /// Which.
    pub source: Source,
    /// Since its last good answer, never negative; nothing before the first.
    pub age: Option<SignedDuration>,
    /// What to make of it.
    pub state: Freshness,
    /// Why the newest attempt failed; a source may be fresh still.
    pub fault: Option<Fault>,
    /// When it is asked again.
    pub next: Option<Timestamp>,
}

/// How fresh each source of the watched target is, in the order of their importance.
pub fn staleness(state: &State) -> Vec<Staleness> {
    let Some(cockpit) = state.cockpit() else { return Vec::new() };
    cockpit
        .snapshot
        .readings
        .iter()
        .map(|(source, reading)| Staleness {
            source: *source,
            age: reading.at.map(|at| age(at, state.now)),
            state: freshness(reading, state.now),
            fault: reading.fault.clone(),
            next: reading.next,
        })
        .collect()
}

/// Whether words about the rollout may claim the present.
pub fn is_live(state: &State) -> bool {
    let reading = |cockpit: &Cockpit| {
        let control = control(&cockpit.snapshot.target);
        let readings = &cockpit.snapshot.readings;
        let reading = control.iter().find_map(|source| readings.get(source))?;
        Some(!is_old(reading, state.now))
    };
    state.cockpit().and_then(reading).unwrap_or(false)
}

/// What tells where the rollout is: the first of these that is asked.
fn control(target: &Target) -> &'static [Source] {
    match target {
        Target::CodeDeploy { .. } | Target::Deployment(_) | Target::Ecs { .. } => {
            &[Source::CodeDeploy, Source::Ecs]
        }
        Target::Argo { .. } => &[Source::Kubernetes],
        Target::Alb(_) => &[Source::LoadBalancer],
        Target::Route53 { .. } => &[Source::Route53],
        Target::Beanstalk { .. } => &[Source::Beanstalk],
    }
}

fn freshness(reading: &Reading, now: Timestamp) -> Freshness {
    match &reading.fault {
        Some(fault) if reading.at.is_none() || !fault.passes_by_itself() => Freshness::Failed,
        Some(_) | None if is_old(reading, now) => Freshness::Old,
        Some(_) | None => Freshness::Fresh,
    }
}

fn is_old(reading: &Reading, now: Timestamp) -> bool {
    reading.at.is_none_or(|at| age(at, now) > grace(reading))
}

/// For how long an answer is fresh.
fn grace(reading: &Reading) -> SignedDuration {
    SignedDuration::try_from_secs_f64(MISSED * reading.period_seconds.max(0.0))
        .unwrap_or(SignedDuration::MAX)
}

/// When the reading becomes old if nothing answers until then.
pub(super) fn old_from(reading: &Reading) -> Option<Timestamp> {
    reading.at?.saturating_add(grace(reading)).ok()
}

/// How long ago `at` was; a moment in the future is no time ago.
fn age(at: Timestamp, now: Timestamp) -> SignedDuration {
    now.duration_since(at).max(SignedDuration::ZERO)
}
