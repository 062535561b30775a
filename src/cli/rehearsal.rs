//! A scenario played without a terminal, moved by hand: simulator, SDK, reducer, as in the demo.
//!
//! The README's picture, the snapshots of the screens and the benchmarks all rest on it. Nothing in
//! it depends on the machine or the moment.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::app::{Demo, Event, Settings, Stamped, State, update};
use crate::domain::{Rules, Shiftings, Snapshot, Target};
use crate::input::Keymap;
use crate::sim::scenario::Scenario;
use crate::sim::world::World;
use crate::sim::{self, Simulator};
use crate::sources::{Account, Aws, AwsOptions, AwsTime, Backend, Loopback, Wish, connect};

use crate::stats::Configs;

use super::Failure;
use super::simulated::{prometheus, sides, target};

/// When every story begins.
const START: &str = "2026-03-02T12:00:00Z";
/// Minutes of metrics that are asked for.
const WINDOW: u32 = 30;

/// A scenario on its way.
pub struct Rehearsal {
    /// What the program knows and would show.
    pub state: State,
    clock: sim::Clock,
    backend: <Aws as Account>::Backend,
    /// A backend that is told of changes gets to know them a moment after the clock has moved, so
    /// each look is that of another one.
    afresh: Option<(Aws, Target)>,
}

/// The simulator's clock, as the adapters see it; it stands still between two looks.
pub struct Standing(pub sim::Clock);

impl AwsTime for Standing {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn until(&self, at: Timestamp) -> Option<Duration> {
        (at <= self.0.now()).then_some(Duration::ZERO)
    }

    fn correct(&self, _: Timestamp) {}
}

impl Rehearsal {
    /// The beginning of a scenario's story. It needs a runtime to serve the simulator in.
    pub async fn begin(name: &str, seed: u64) -> Result<Self, Failure> {
        let scenario = Scenario::named(name)?;
        let start: Timestamp = START.parse()?;
        let target = target(&scenario, seed)?;
        let settings = Settings {
            read_only: false,
            demo: Some(Demo { scenario: scenario.name.clone(), truth: scenario.truth.clone() }),
            bell: false,
            session: 0,
            speed: 1.0,
            keymap: Keymap::embedded()?,
            verdicts: Configs::default(),
            shifting: Shiftings::default(),
            rules: Rules::default(),
        };
        let (prometheus, sides) = (prometheus(&scenario)?, sides(&scenario, seed)?);
        let is_told = scenario.argo.is_some() || scenario.clusters.is_some();
        let region = scenario.place.region.clone();
        let clock = sim::Clock::manual(start);
        let simulator = Simulator::new(World::new(scenario, seed, start), clock.clone());
        let listener = sim::bind(([127, 0, 0, 1], 0).into()).await?;
        let loopback = Loopback::new(listener.local_addr()?, region)?;
        tokio::spawn(sim::serve(listener, simulator, std::future::pending()));
        let time = Arc::new(Standing(clock.clone()));
        let options = AwsOptions {
            read_only: true,
            seed,
            prometheus,
            sides,
            ..AwsOptions::simulated(loopback, time)
        };
        let aws = Box::pin(connect(options)).await?;
        let backend = aws.watch(&target);
        let state = State::new(settings, Some(target.clone()), start);
        Ok(Self { state, clock, backend, afresh: is_told.then_some((aws, target)) })
    }

    /// Lets `seconds` pass and looks `looks` times on the way, the last time at their end.
    pub async fn play(&mut self, seconds: u32, looks: u32) {
        let looks = looks.max(1);
        let step = SignedDuration::from_secs(seconds.into()) / i32::try_from(looks).unwrap_or(1);
        for _ in 0..looks {
            self.clock.advance(step);
            let picture = self.look().await;
            let event = Event::Observed(Box::new(picture));
            update(&mut self.state, Stamped { at: self.clock.now(), event });
        }
    }

    /// Everything there is to see now.
    pub async fn look(&mut self) -> Snapshot {
        if let Some((aws, target)) = &self.afresh {
            self.backend = aws.watch(target);
        }
        self.backend.observe_whole(Wish { window: WINDOW, all: true }).await
    }
}
