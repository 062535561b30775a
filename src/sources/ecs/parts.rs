//! The parts of the picture that are asked for separately, and how often.

use crate::domain::Source;
use crate::sources::pace::Pace;
use crate::sources::poll;

/// One part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// The service, which names its deployment.
    Service,
    /// The deployment and its revisions.
    Control,
    /// Tasks that should run.
    Tasks,
    /// Tasks that stopped.
    Stopped,
    /// The targets' health.
    Health,
    /// The rule with the weights.
    Listener,
    /// The alarms.
    Alarms,
    /// The metrics.
    Metrics,
}

impl poll::Part for Part {
    const ALL: &'static [Self] = &[
        Part::Service,
        Part::Control,
        Part::Tasks,
        Part::Stopped,
        Part::Health,
        Part::Listener,
        Part::Alarms,
        Part::Metrics,
    ];

    fn source(self) -> Source {
        match self {
            Part::Service | Part::Control | Part::Tasks | Part::Stopped => Source::Ecs,
            Part::Health | Part::Listener => Source::LoadBalancer,
            Part::Alarms => Source::Alarms,
            Part::Metrics => Source::Metrics,
        }
    }

    /// Together less than one request a second while traffic shifts.
    fn period(self, pace: Pace) -> f64 {
        let (usual, hurry, over) = match self {
            Part::Service => (10.0, 5.0, 20.0),
            Part::Control => (5.0, 2.0, 60.0),
            Part::Tasks | Part::Alarms => (15.0, 15.0, 60.0),
            Part::Stopped => (30.0, 30.0, 120.0),
            Part::Health => (10.0, 10.0, 60.0),
            Part::Listener => (10.0, 2.0, 60.0),
            Part::Metrics => (30.0, 30.0, 60.0),
        };
        match (pace, self) {
            (Pace::Hurry, _) => hurry,
            (Pace::Shifting, Part::Listener) => 5.0,
            (Pace::Usual | Pace::Shifting, _) => usual,
            (Pace::Waiting, _) => 2.0 * usual,
            (Pace::Over, _) => over,
        }
    }
}
