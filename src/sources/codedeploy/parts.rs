//! The parts of the picture that are asked for separately, and how often.

use crate::domain::Source;
use crate::sources::pace::Pace;
use crate::sources::poll;

/// One part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// Deployment, target, group.
    Control,
    /// The ECS service.
    Service,
    /// Tasks that should run.
    Tasks,
    /// Tasks that stopped.
    Stopped,
    /// The targets' health.
    Health,
    /// The listener's rules.
    Listener,
    /// The alarms.
    Alarms,
    /// The metrics.
    Metrics,
}

impl poll::Part for Part {
    const ALL: &'static [Self] = &[
        Part::Control,
        Part::Service,
        Part::Tasks,
        Part::Stopped,
        Part::Health,
        Part::Listener,
        Part::Alarms,
        Part::Metrics,
    ];

    fn source(self) -> Source {
        match self {
            Part::Control => Source::CodeDeploy,
            Part::Service | Part::Tasks | Part::Stopped => Source::Ecs,
            Part::Health | Part::Listener => Source::LoadBalancer,
            Part::Alarms => Source::Alarms,
            Part::Metrics => Source::Metrics,
        }
    }

    /// Together about one request a second while traffic shifts, 4 % of what an account may ask its
    /// load balancers.
    fn period(self, pace: Pace) -> f64 {
        let (usual, hurry, over) = match self {
            Part::Control => (5.0, 2.0, 20.0),
            Part::Service => (10.0, 5.0, 60.0),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::poll::Part as _;

    #[test]
    fn an_hour_of_a_shift_stays_within_the_budget() {
        let calls = |part: Part| match part {
            Part::Service | Part::Listener | Part::Alarms | Part::Metrics => 1.0,
            Part::Control | Part::Tasks | Part::Stopped | Part::Health => 2.0,
        };
        let a_second: f64 =
            Part::ALL.iter().map(|part| calls(*part) / part.period(Pace::Shifting)).sum();
        assert!(a_second < 1.3, "{a_second} requests a second");
    }
}
