//! The parts of the picture that are asked for separately, and how often.

use crate::domain::Source;
use crate::sources::around::Around;
use crate::sources::pace::{Pace, Rhythm};
use crate::sources::poll;

/// One part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// Deployment, target, group.
    Control,
    /// The ECS service.
    Service,
    /// What surrounds it.
    Around(Around),
}

impl poll::Part for Part {
    fn all() -> impl Iterator<Item = Self> {
        [Part::Control, Part::Service].into_iter().chain(Around::ALL.map(Part::Around))
    }

    fn source(self) -> Source {
        match self {
            Part::Control => Source::CodeDeploy,
            Part::Service => Source::Ecs,
            Part::Around(part) => part.source(),
        }
    }

    fn shows_an_order(self) -> bool {
        matches!(self, Part::Control | Part::Around(Around::Listener))
    }

    /// Together about one request a second while traffic shifts, 4 % of what an account may ask its
    /// load balancers.
    fn period(self, pace: Pace) -> f64 {
        match self {
            Part::Control => Rhythm { usual: 5.0, hurry: 2.0, over: 20.0 }.at(pace),
            Part::Service => Rhythm { usual: 10.0, hurry: 5.0, over: 60.0 }.at(pace),
            Part::Around(part) => part.period(pace),
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
            Part::Around(Around::Listener | Around::Alarms | Around::Metrics) | Part::Service => {
                1.0
            }
            Part::Around(Around::Tasks | Around::Stopped | Around::Health) | Part::Control => 2.0,
        };
        let a_second: f64 = Part::all().map(|part| calls(part) / part.period(Pace::Shifting)).sum();
        assert!(a_second < 1.3, "{a_second} requests a second");
    }
}
