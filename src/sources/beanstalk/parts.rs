//! The parts of the picture that are asked for separately, and how often.

use crate::domain::Source;
use crate::sources::pace::{Pace, Rhythm};
use crate::sources::poll;

/// One part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// The environments of the application, all in one call.
    Environments,
    /// What was said about them.
    Events,
    /// The health and the measurements of each.
    Health,
    /// The instances of each.
    Instances,
    /// How an environment that splits its traffic does it.
    Settings,
}

impl poll::Part for Part {
    fn all() -> impl Iterator<Item = Self> {
        [Part::Environments, Part::Events, Part::Health, Part::Instances, Part::Settings]
            .into_iter()
    }

    fn source(self) -> Source {
        Source::Beanstalk
    }

    /// One environment asked for every 5 seconds has throttled busy accounts: nothing here is that
    /// fast for longer than the minute after an order.
    fn period(self, pace: Pace) -> f64 {
        match self {
            Part::Environments => Rhythm { usual: 15.0, hurry: 10.0, over: 30.0 },
            Part::Events => Rhythm { usual: 30.0, hurry: 15.0, over: 60.0 },
            // The health of a moment: what is not asked for is never known.
            Part::Health if pace != Pace::Over => return 20.0,
            Part::Health => Rhythm { usual: 20.0, hurry: 20.0, over: 60.0 },
            Part::Instances => Rhythm { usual: 30.0, hurry: 30.0, over: 60.0 },
            Part::Settings => Rhythm { usual: 300.0, hurry: 300.0, over: 300.0 },
        }
        .at(pace)
    }
}
