//! The parts of the picture that are asked for separately, and how often.

use crate::domain::Source;
use crate::sources::around::Around;
use crate::sources::pace::{Pace, Rhythm};
use crate::sources::poll;

/// One part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// The service, which names its deployment.
    Service,
    /// The deployment and its revisions.
    Control,
    /// What surrounds it.
    Around(Around),
}

impl poll::Part for Part {
    fn all() -> impl Iterator<Item = Self> {
        [Part::Service, Part::Control].into_iter().chain(Around::ALL.map(Part::Around))
    }

    fn source(self) -> Source {
        match self {
            Part::Service | Part::Control => Source::Ecs,
            Part::Around(part) => part.source(),
        }
    }

    fn shows_an_order(self) -> bool {
        matches!(self, Part::Control | Part::Around(Around::Listener))
    }

    /// Together less than one request a second while traffic shifts.
    fn period(self, pace: Pace) -> f64 {
        match self {
            Part::Service => Rhythm { usual: 10.0, hurry: 5.0, over: 20.0 }.at(pace),
            Part::Control => Rhythm { usual: 5.0, hurry: 2.0, over: 60.0 }.at(pace),
            Part::Around(part) => part.period(pace),
        }
    }
}
